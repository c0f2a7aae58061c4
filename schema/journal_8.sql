-- Version 8: requests for many files can be paused, slowed down and cancelled.

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
