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

-- With a warehouse silver tells of all that was lost of a run; raw, bronze and silver count rows that the other stages
-- have counted as well. A load's rows are those of its one stage.
DROP VIEW run_view;
CREATE VIEW run_view AS
SELECT r.run_id, r.kind, r.dataset, r.partition, r.state, r.outcome, r.attempt, r.owner, r.lease_until,
       r.started_at, r.finished_at, r.finished_at - r.started_at AS duration,
       r.ruleset_hash, r.dialect, r.manifest_key,
       coalesce(r.error_code, r.error_kind) AS error_code, r.error_message, r.superseded_by,
       (SELECT iif(b.outcome = 'withdrawn', 'withdrawn', 'superseded') FROM run b
         WHERE b.run_id = r.superseded_by) AS taken_back,
       r.file_id, f.arrival_key, f.location, f.arrived_at, f.size, f.sha256, f.state AS file_state, f.waiting_for,
       (SELECT s.rows_in + s.rows_expanded FROM stage_count s WHERE s.run_id = r.run_id
           AND s.stage = CASE r.kind WHEN 'compact' THEN 'compact' WHEN 'load' THEN 'gold' ELSE 'parse' END) AS rows_in,
       (SELECT s.rows_out FROM stage_count s WHERE s.run_id = r.run_id
           AND s.stage = CASE r.kind WHEN 'compact' THEN 'compact' WHEN 'load' THEN 'gold' ELSE 'write' END) AS rows_out,
       coalesce((SELECT s.rows_rejected FROM stage_count s WHERE s.run_id = r.run_id AND s.stage = 'silver'),
                (SELECT sum(s.rows_rejected) FROM stage_count s WHERE s.run_id = r.run_id), 0) AS rows_rejected,
       coalesce((SELECT s.rows_duplicate FROM stage_count s WHERE s.run_id = r.run_id AND s.stage = 'silver'),
                (SELECT sum(s.rows_duplicate) FROM stage_count s WHERE s.run_id = r.run_id), 0) AS rows_duplicate,
       coalesce((SELECT s.rows_filtered FROM stage_count s WHERE s.run_id = r.run_id AND s.stage = 'silver'),
                (SELECT sum(s.rows_filtered) FROM stage_count s WHERE s.run_id = r.run_id), 0) AS rows_filtered,
       (SELECT coalesce(sum(b.open_rows), 0) FROM reject_block b WHERE b.run_id = r.run_id) AS rows_open
  FROM run r LEFT JOIN file f USING (file_id);
