-- Version 8: requests for many files can be paused, slowed down and cancelled; several workers share one journal, each by a
-- copy of its own.

-- redrive has one more state and a pace. What points at it is looked at again when the transaction ends.
PRAGMA defer_foreign_keys = ON;
CREATE TEMP TABLE redrive_before AS SELECT * FROM redrive;
DROP TABLE redrive;

CREATE TABLE redrive (
    redrive_id     TEXT PRIMARY KEY CHECK (length(redrive_id) = 26),
    dataset        TEXT NOT NULL,
    cause_id       INTEGER REFERENCES cause (cause_id),      -- NULL: asked for by run
    rules          TEXT NOT NULL CHECK (rules IN ('same', 'current')),
    overrides      TEXT NOT NULL CHECK (json_valid(overrides)),
    overrides_hash TEXT NOT NULL CHECK (length(overrides_hash) = 64),
    reason         TEXT NOT NULL CHECK (reason <> ''),
    state          TEXT NOT NULL CHECK (state IN ('requested', 'approved', 'running', 'done', 'failed', 'declined',
                                                  'expired', 'void', 'cancelled')),
    requested_by   TEXT NOT NULL,
    requested_at   INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    decided_by     TEXT,
    decided_at     INTEGER,
    message        TEXT,                                     -- why it was declined, cancelled, or is void
    action         TEXT NOT NULL DEFAULT 'redrive' CHECK (action IN ('redrive', 'withdraw', 'override', 'contract')),
    scope          TEXT NOT NULL DEFAULT 'file' CHECK (scope IN ('file', 'rows')),
    apply_until    INTEGER,                                  -- NULL: for these files alone
    patch_id       TEXT,
    patch_hash     TEXT,                                     -- what it came to when asked for
    requested_from TEXT,                                     -- where the requester sat: address and key, or ''
    rate           TEXT,                                     -- '100/min', as it was asked for; NULL: as fast as it goes
    spacing        INTEGER NOT NULL DEFAULT 0 CHECK (spacing >= 0),  -- from one file's beginning to the next one's
    next_at        INTEGER NOT NULL DEFAULT 0,               -- no file of it is begun before
    paused_by      TEXT,                                     -- NULL: it is not
    paused_at      INTEGER,
    CHECK ((paused_by IS NULL) = (paused_at IS NULL)),
    CHECK ((rate IS NULL) = (spacing = 0))
) STRICT, WITHOUT ROWID;

INSERT INTO redrive SELECT *, NULL, 0, 0, NULL, NULL FROM redrive_before;
DROP TABLE redrive_before;
CREATE INDEX redrive_open ON redrive (redrive_id) WHERE state IN ('requested', 'approved', 'running');

-- Who works, idle ones as well: each says so every half minute.
CREATE TABLE worker (
    owner      TEXT PRIMARY KEY,                             -- as runs name it
    version    TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    ended_at   INTEGER                                       -- NULL: it has not said goodbye
) STRICT, WITHOUT ROWID;

-- This file is a copy of a log that others write to as well. Of this file alone: it is in no change that they are sent.
CREATE TABLE replica (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    log_id     TEXT NOT NULL CHECK (length(log_id) = 26),
    position   INTEGER NOT NULL CHECK (position >= 0),       -- the last change that is in here
    lost_at    INTEGER,                                      -- since when its coordinator is not reached; NULL: it is
    lost_why   TEXT
) STRICT;

-- SQLite's sessions, of which changes are made, know no generated columns.
DROP TRIGGER audit_appends;
DROP TRIGGER audit_keeps;
DROP TRIGGER audit_forgets_nothing;
DROP INDEX audit_by_subject;
ALTER TABLE audit DROP COLUMN at;
ALTER TABLE audit DROP COLUMN actor;
ALTER TABLE audit DROP COLUMN action;
ALTER TABLE audit DROP COLUMN subject;
ALTER TABLE audit ADD COLUMN at INTEGER;
ALTER TABLE audit ADD COLUMN actor TEXT;
ALTER TABLE audit ADD COLUMN action TEXT;
ALTER TABLE audit ADD COLUMN subject TEXT;
UPDATE audit SET at = json_extract(line, '$.at'), actor = json_extract(line, '$.actor'),
    action = json_extract(line, '$.action'), subject = json_extract(line, '$.subject');
CREATE INDEX audit_by_subject ON audit (subject, audit_id);

CREATE TRIGGER audit_appends BEFORE INSERT ON audit
WHEN NEW.audit_id IS NOT (SELECT coalesce(max(audit_id), 0) + 1 FROM audit)
  OR NEW.prev_hash IS NOT coalesce((SELECT hash FROM audit ORDER BY audit_id DESC LIMIT 1), printf('%064d', 0))
  OR (NEW.at, NEW.actor, NEW.action, NEW.subject) IS NOT (json_extract(NEW.line, '$.at'),
      json_extract(NEW.line, '$.actor'), json_extract(NEW.line, '$.action'), json_extract(NEW.line, '$.subject'))
BEGIN
    SELECT RAISE(ABORT, 'audit: a line must follow the last one');
END;

CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit: lines are never changed');
END;

CREATE TRIGGER audit_forgets_nothing BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit: lines are never removed');
END;

-- What stands of a run's rows in the warehouse's silver since that was made again from bronze ('sluiced stage silver').
CREATE TABLE silver_again (
    run_id      TEXT PRIMARY KEY REFERENCES run (run_id),
    load_run_id TEXT NOT NULL REFERENCES run (run_id),       -- that made it
    rows        INTEGER NOT NULL CHECK (rows >= 0),
    recovered   INTEGER NOT NULL CHECK (recovered BETWEEN 0 AND rows)  -- of them, rejected when the file was read
) STRICT, WITHOUT ROWID;

CREATE INDEX silver_again_by_load ON silver_again (load_run_id);

-- A load's rows are those of its one stage, whichever it is.
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
           AND (r.kind = 'load' OR s.stage = iif(r.kind = 'compact', 'compact', 'parse'))) AS rows_in,
       (SELECT s.rows_out FROM stage_count s WHERE s.run_id = r.run_id
           AND (r.kind = 'load' OR s.stage = iif(r.kind = 'compact', 'compact', 'write'))) AS rows_out,
       coalesce((SELECT s.rows_rejected FROM stage_count s WHERE s.run_id = r.run_id AND s.stage = 'silver'),
                (SELECT sum(s.rows_rejected) FROM stage_count s WHERE s.run_id = r.run_id), 0) AS rows_rejected,
       coalesce((SELECT s.rows_duplicate FROM stage_count s WHERE s.run_id = r.run_id AND s.stage = 'silver'),
                (SELECT sum(s.rows_duplicate) FROM stage_count s WHERE s.run_id = r.run_id), 0) AS rows_duplicate,
       coalesce((SELECT s.rows_filtered FROM stage_count s WHERE s.run_id = r.run_id AND s.stage = 'silver'),
                (SELECT sum(s.rows_filtered) FROM stage_count s WHERE s.run_id = r.run_id), 0) AS rows_filtered,
       (SELECT coalesce(sum(b.open_rows), 0) FROM reject_block b WHERE b.run_id = r.run_id) AS rows_open
  FROM run r LEFT JOIN file f USING (file_id);

-- Rows that changed since the lake was last told of them (worker/journal/seal.h); kept by triggers that are made with the
-- journal. Of this copy of the journal alone, as is sealing: no other one is to have them.
CREATE TABLE unsealed (
    of_table TEXT NOT NULL,
    row_key  TEXT NOT NULL CHECK (json_valid(row_key)),      -- its primary key, an array
    piece    INTEGER,                                        -- that it is being sealed in; NULL: none, or it changed again
    PRIMARY KEY (of_table, row_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE sealing (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    journal_id TEXT NOT NULL CHECK (length(journal_id) = 26),
    piece      INTEGER NOT NULL CHECK (piece >= 0),          -- the last number given
    complete   INTEGER NOT NULL CHECK (complete >= 0)        -- the last one that lies in the lake
) STRICT;

-- Since when a worker knows a dataset's contract: from then on files of it can be expected.
CREATE TABLE dataset_known (
    dataset TEXT PRIMARY KEY,
    since   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX file_by_dataset ON file (dataset, arrived_at);
