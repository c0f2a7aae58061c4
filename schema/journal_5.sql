-- Version 5: what was published can be taken back. A whole file that is read again supersedes its earlier runs, and a
-- withdrawn one leaves nothing in their place.

-- run has one more outcome and a column. What points at it is looked at again when the transaction ends.
PRAGMA defer_foreign_keys = ON;
CREATE TEMP TABLE run_before AS SELECT * FROM run;
DROP VIEW run_view;
DROP TABLE run;

CREATE TABLE run (
    run_id        TEXT PRIMARY KEY CHECK (length(run_id) = 26),
    kind          TEXT NOT NULL CHECK (kind IN ('file', 'redrive', 'load', 'compact', 'export')),
    dataset       TEXT NOT NULL,
    partition     TEXT NOT NULL DEFAULT '',                 -- compact: 'date=2026-11-21'
    file_id       INTEGER REFERENCES file (file_id),        -- NULL: not about one file
    state         TEXT NOT NULL CHECK (state IN ('claimed', 'validated', 'prepared', 'publishing', 'committed',
                                                 'archived', 'failed')),
    outcome       TEXT CHECK (outcome IN ('loaded', 'quarantined', 'duplicate', 'vanished',
                                          'withdrawn')),    -- NULL: not yet, failed
    attempt       INTEGER NOT NULL CHECK (attempt > 0),
    fence         INTEGER NOT NULL,
    owner         TEXT NOT NULL,                            -- host:pid:start, the last to hold it
    lease_until   INTEGER,                                  -- NULL: it is over
    heartbeat_at  INTEGER NOT NULL,
    started_at    INTEGER NOT NULL,
    finished_at   INTEGER,
    ruleset_hash  TEXT REFERENCES ruleset (ruleset_hash),
    dialect       TEXT,                                     -- JSON: as detected, from validated on
    manifest_key  TEXT,                                     -- from prepared on
    error_kind    TEXT,                                     -- err_kind_name(): a passing fault of this attempt
    error_code    TEXT,
    error_message TEXT,
    superseded_by TEXT REFERENCES run (run_id),             -- the run that took its rows back
    CHECK ((state IN ('archived', 'failed')) = (lease_until IS NULL)),
    CHECK ((state IN ('archived', 'failed')) = (finished_at IS NOT NULL)),
    CHECK ((kind IN ('file', 'redrive')) = (file_id IS NOT NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO run SELECT *, NULL FROM run_before;
DROP TABLE run_before;

CREATE INDEX run_leased ON run (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX run_by_file ON run (file_id, run_id) WHERE file_id IS NOT NULL;
CREATE INDEX run_by_dataset ON run (dataset, run_id);
CREATE INDEX run_by_ruleset ON run (ruleset_hash) WHERE ruleset_hash IS NOT NULL;
CREATE INDEX run_by_superseding ON run (superseded_by) WHERE superseded_by IS NOT NULL;

CREATE VIEW run_view AS
SELECT r.run_id, r.kind, r.dataset, r.partition, r.state, r.outcome, r.attempt, r.owner, r.lease_until,
       r.started_at, r.finished_at, r.finished_at - r.started_at AS duration,
       r.ruleset_hash, r.dialect, r.manifest_key,
       coalesce(r.error_code, r.error_kind) AS error_code, r.error_message, r.superseded_by,
       (SELECT iif(b.outcome = 'withdrawn', 'withdrawn', 'superseded') FROM run b
         WHERE b.run_id = r.superseded_by) AS taken_back,
       r.file_id, f.arrival_key, f.location, f.arrived_at, f.size, f.sha256, f.state AS file_state, f.waiting_for,
       (SELECT s.rows_in + s.rows_expanded FROM stage_count s
         WHERE s.run_id = r.run_id AND s.stage = iif(r.kind = 'compact', 'compact', 'parse')) AS rows_in,
       (SELECT s.rows_out FROM stage_count s
         WHERE s.run_id = r.run_id AND s.stage = iif(r.kind = 'compact', 'compact', 'write')) AS rows_out,
       (SELECT coalesce(sum(s.rows_rejected), 0) FROM stage_count s WHERE s.run_id = r.run_id) AS rows_rejected,
       (SELECT coalesce(sum(s.rows_duplicate), 0) FROM stage_count s WHERE s.run_id = r.run_id) AS rows_duplicate,
       (SELECT coalesce(sum(s.rows_filtered), 0) FROM stage_count s WHERE s.run_id = r.run_id) AS rows_filtered,
       (SELECT coalesce(sum(b.open_rows), 0) FROM reject_block b WHERE b.run_id = r.run_id) AS rows_open
  FROM run r LEFT JOIN file f USING (file_id);

-- Where the file goes back to when nothing comes of it: QUARANTINED, SUCCEEDED or WITHDRAWN.
ALTER TABLE redrive_file ADD COLUMN from_state TEXT NOT NULL DEFAULT 'QUARANTINED'
    CHECK (from_state IN ('QUARANTINED', 'SUCCEEDED', 'WITHDRAWN'));
