-- Version 4: putting back, whole. Requests of more kinds, standing overrides, changes of contracts, patches,
-- acknowledged incidents.

-- What a request asks for, and how far it reaches.
ALTER TABLE redrive ADD COLUMN action TEXT NOT NULL DEFAULT 'redrive'
    CHECK (action IN ('redrive', 'withdraw', 'override', 'contract'));
ALTER TABLE redrive ADD COLUMN scope TEXT NOT NULL DEFAULT 'file' CHECK (scope IN ('file', 'rows'));
ALTER TABLE redrive ADD COLUMN apply_until INTEGER;            -- NULL: for these files alone
ALTER TABLE redrive ADD COLUMN patch_id TEXT;
ALTER TABLE redrive ADD COLUMN patch_hash TEXT;               -- what it came to when asked for
ALTER TABLE redrive ADD COLUMN requested_from TEXT;            -- where the requester sat: address and key, or ''

-- Overrides for files still to come: their contract is changed so from approval until the time.
CREATE TABLE standing_override (
    redrive_id TEXT PRIMARY KEY REFERENCES redrive (redrive_id),
    dataset    TEXT NOT NULL,
    overrides  TEXT NOT NULL CHECK (json_valid(overrides)),
    starts_at  INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    ended_at   INTEGER,                                        -- before its time
    ended_by   TEXT,                                           -- who revoked it; NULL: the contract no longer took it
    ended_why  TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX standing_override_by_dataset ON standing_override (dataset, until);

-- A contract's text as it is to be, bound to the one it was made from.
CREATE TABLE contract_change (
    redrive_id TEXT PRIMARY KEY REFERENCES redrive (redrive_id),
    path       TEXT NOT NULL,
    before     TEXT NOT NULL CHECK (length(before) = 64),      -- sha256 of the text then
    text       TEXT NOT NULL,
    diff       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Cell and row edits as byte ranges over the immutable original.
CREATE TABLE patch (
    patch_id   TEXT PRIMARY KEY CHECK (length(patch_id) = 26),
    file_id    INTEGER NOT NULL REFERENCES file (file_id),
    run_id     TEXT NOT NULL UNIQUE REFERENCES run (run_id),   -- whose rejects it mends
    sha256     TEXT NOT NULL CHECK (length(sha256) = 64),      -- of the original
    author     TEXT NOT NULL,
    reason     TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE patch_edit (
    patch_id    TEXT NOT NULL REFERENCES patch (patch_id),
    edit        INTEGER NOT NULL CHECK (edit > 0),             -- in the order made; undone from the end
    row_number  INTEGER NOT NULL,
    line_number INTEGER NOT NULL,
    column_name TEXT NOT NULL DEFAULT '',                      -- '': the whole record
    byte_offset INTEGER NOT NULL CHECK (byte_offset >= 0),     -- in the decompressed original
    byte_length INTEGER NOT NULL CHECK (byte_length >= 0),
    old_bytes   BLOB NOT NULL,
    new_bytes   BLOB NOT NULL,
    undone_at   INTEGER,
    PRIMARY KEY (patch_id, edit),
    CHECK (length(old_bytes) = byte_length)
) STRICT, WITHOUT ROWID;

-- Somebody looks after it.
ALTER TABLE incident ADD COLUMN acknowledged_by TEXT;
ALTER TABLE incident ADD COLUMN acknowledged_at INTEGER;
ALTER TABLE incident ADD COLUMN note TEXT;
CREATE TABLE cause_acknowledged (
    cause_id        INTEGER PRIMARY KEY REFERENCES cause (cause_id),
    acknowledged_by TEXT NOT NULL,
    acknowledged_at INTEGER NOT NULL,
    note            TEXT NOT NULL DEFAULT ''
) STRICT;

-- What an acting call that named itself has done: sent again, it is not done again.
CREATE TABLE client_call (
    client_id TEXT NOT NULL CHECK (length(client_id) = 26),
    action    TEXT NOT NULL,                                    -- the audit's; one call may do several things
    actor     TEXT NOT NULL,
    call      TEXT NOT NULL,                                    -- hash of its method and parameters
    subject   TEXT NOT NULL,
    audit_id  INTEGER NOT NULL REFERENCES audit (audit_id),
    PRIMARY KEY (client_id, action)
) STRICT, WITHOUT ROWID;
