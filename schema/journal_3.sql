-- Version 3: putting back what was rejected. A request names files, the rules they are to be read by, and why; what was
-- rehearsed is bound to it by hashes.

CREATE TABLE redrive (
    redrive_id     TEXT PRIMARY KEY CHECK (length(redrive_id) = 26),
    dataset        TEXT NOT NULL,
    cause_id       INTEGER REFERENCES cause (cause_id),      -- NULL: asked for by run
    rules          TEXT NOT NULL CHECK (rules IN ('same', 'current')),
    overrides      TEXT NOT NULL CHECK (json_valid(overrides)),
    overrides_hash TEXT NOT NULL CHECK (length(overrides_hash) = 64),
    reason         TEXT NOT NULL CHECK (reason <> ''),
    state          TEXT NOT NULL CHECK (state IN ('requested', 'approved', 'running', 'done', 'failed', 'declined',
                                                  'expired', 'void')),
    requested_by   TEXT NOT NULL,
    requested_at   INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    decided_by     TEXT,
    decided_at     INTEGER,
    message        TEXT                                      -- why it was declined or is void
) STRICT, WITHOUT ROWID;

CREATE INDEX redrive_open ON redrive (redrive_id) WHERE state IN ('requested', 'approved', 'running');

CREATE TABLE redrive_file (
    redrive_id     TEXT NOT NULL REFERENCES redrive (redrive_id),
    file_id        INTEGER NOT NULL REFERENCES file (file_id),
    run_id         TEXT NOT NULL REFERENCES run (run_id),    -- that rejected it
    sha256         TEXT NOT NULL CHECK (length(sha256) = 64),
    ruleset_hash   TEXT NOT NULL CHECK (length(ruleset_hash) = 64),  -- overrides included
    rehearsal_hash TEXT NOT NULL CHECK (length(rehearsal_hash) = 64),
    outcome_run_id TEXT REFERENCES run (run_id),             -- NULL: not yet
    outcome        TEXT,
    message        TEXT,
    PRIMARY KEY (redrive_id, file_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX redrive_file_by_file ON redrive_file (file_id);

-- The approved re-drive that a waiting file is to be read for.
ALTER TABLE file ADD COLUMN redrive_id TEXT REFERENCES redrive (redrive_id);
