-- Version 6: re-driving rejected rows. Of each cause of a run, how many of its rows are in which state; what is left of
-- rows is open.

ALTER TABLE run_cause ADD COLUMN requested      INTEGER NOT NULL DEFAULT 0 CHECK (requested >= 0);
ALTER TABLE run_cause ADD COLUMN recovered      INTEGER NOT NULL DEFAULT 0 CHECK (recovered >= 0);
ALTER TABLE run_cause ADD COLUMN rejected_again INTEGER NOT NULL DEFAULT 0 CHECK (rejected_again >= 0);
ALTER TABLE run_cause ADD COLUMN discarded      INTEGER NOT NULL DEFAULT 0 CHECK (discarded >= 0);
ALTER TABLE run_cause ADD COLUMN returned       INTEGER NOT NULL DEFAULT 0 CHECK (returned >= 0);
ALTER TABLE run_cause ADD COLUMN superseded     INTEGER NOT NULL DEFAULT 0 CHECK (superseded >= 0);

-- What was discarded or superseded before: blocks in which not every row is open.
CREATE TEMP TABLE dealt_with AS
WITH RECURSIVE place (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM place WHERE n < 4095)
SELECT b.run_id, substr(b.entries, n * 24 + 17, 4) AS cause, substr(b.row_states, n + 1, 1) AS state, count(*) AS rows
  FROM reject_block b JOIN place ON n < b.row_count
 WHERE b.open_rows < b.row_count GROUP BY 1, 2, 3;
UPDATE run_cause SET
    discarded = (SELECT coalesce(sum(d.rows), 0) FROM dealt_with d WHERE d.run_id = run_cause.run_id AND d.state = x'04'
        AND hex(d.cause) = printf('%02X%02X%02X%02X', cause_id & 255, cause_id >> 8 & 255, cause_id >> 16 & 255, cause_id >> 24)),
    superseded = (SELECT coalesce(sum(d.rows), 0) FROM dealt_with d WHERE d.run_id = run_cause.run_id AND d.state = x'06'
        AND hex(d.cause) = printf('%02X%02X%02X%02X', cause_id & 255, cause_id >> 8 & 255, cause_id >> 16 & 255, cause_id >> 24))
 WHERE run_id IN (SELECT run_id FROM dealt_with);
DROP TABLE dealt_with;

-- How many rows a request of scope rows asks for, and the run that had the file: it goes back to it.
ALTER TABLE redrive_file ADD COLUMN asked_rows INTEGER NOT NULL DEFAULT 0 CHECK (asked_rows >= 0);
ALTER TABLE redrive_file ADD COLUMN former_run_id TEXT REFERENCES run (run_id);
UPDATE redrive_file SET former_run_id = run_id;
