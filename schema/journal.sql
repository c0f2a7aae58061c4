-- The journal of a lake, version 1 (PRAGMA user_version). Times are microseconds since 1970-01-01T00:00:00Z, hashes
-- lower-case hex, keys lake keys. Later versions are files of their own (journal_2.sql ...), run on top of this one.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,   -- created_at, created_by, lake_id ...
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every contract ever used, as it was; the files it names lie in audit/rulesets/<hash>/.
CREATE TABLE ruleset (
    ruleset_hash  TEXT PRIMARY KEY CHECK (length(ruleset_hash) = 64),
    dataset       TEXT NOT NULL,
    text          TEXT NOT NULL,
    first_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One delivery of one file. A key that is delivered again is a row of its own.
CREATE TABLE file (
    file_id       INTEGER PRIMARY KEY,
    arrival_key   TEXT NOT NULL CHECK (arrival_key <> ''),  -- where it came
    location      TEXT NOT NULL CHECK (location <> ''),     -- where it lies, or at moving_to
    moving_to     TEXT,                                     -- NULL: it is not being moved
    dataset       TEXT,                                     -- NULL: no contract takes it
    version       TEXT NOT NULL,                            -- of the object when it was registered
    size          INTEGER NOT NULL CHECK (size >= 0),
    sha256        TEXT CHECK (length(sha256) = 64),         -- NULL: not read yet
    arrived_at    INTEGER NOT NULL,                         -- ingest_ts, for ever
    state         TEXT NOT NULL CHECK (state IN ('UNMATCHED', 'PENDING', 'PROCESSING', 'SUCCEEDED', 'DUPLICATE',
                                                 'FAILED', 'QUARANTINED', 'DISCARDED', 'WITHDRAWN')),
    waiting_for   TEXT,                                     -- the dependency that is down, while PENDING
    attempts      INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),  -- passing faults counted against it
    retry_at      INTEGER NOT NULL DEFAULT 0,               -- not before
    backoff_by    TEXT,                                     -- the owner whose fault set retry_at
    fence         INTEGER NOT NULL DEFAULT 0,               -- of the last claim; grows
    duplicate_of  INTEGER REFERENCES file (file_id),
    job_run_id    TEXT REFERENCES run (run_id),             -- the run that has it, or had it last
    processed_at  INTEGER,                                  -- when that run ended
    error_code    TEXT,
    error_message TEXT,
    CHECK (state <> 'UNMATCHED' OR dataset IS NULL),
    CHECK (state IN ('UNMATCHED', 'DISCARDED') OR dataset IS NOT NULL)
) STRICT;

CREATE INDEX file_by_key ON file (arrival_key, file_id);
CREATE INDEX file_waiting ON file (arrived_at, file_id) WHERE state IN ('PENDING', 'FAILED');
CREATE INDEX file_by_state ON file (state, dataset);
CREATE INDEX file_by_bytes ON file (sha256, dataset) WHERE sha256 IS NOT NULL;
CREATE INDEX file_by_duplicate ON file (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX file_by_run ON file (job_run_id) WHERE job_run_id IS NOT NULL;

-- One attempt at one piece of work. run_id is a ULID: ORDER BY run_id DESC is newest first.
CREATE TABLE run (
    run_id        TEXT PRIMARY KEY CHECK (length(run_id) = 26),
    kind          TEXT NOT NULL CHECK (kind IN ('file', 'redrive', 'load', 'compact', 'export')),
    dataset       TEXT NOT NULL,
    partition     TEXT NOT NULL DEFAULT '',                 -- compact: 'date=2026-11-21'
    file_id       INTEGER REFERENCES file (file_id),        -- NULL: not about one file
    state         TEXT NOT NULL CHECK (state IN ('claimed', 'validated', 'prepared', 'publishing', 'committed',
                                                 'archived', 'failed')),
    outcome       TEXT CHECK (outcome IN ('loaded', 'quarantined', 'duplicate', 'vanished')),  -- NULL: not yet, failed
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
    CHECK ((state IN ('archived', 'failed')) = (lease_until IS NULL)),
    CHECK ((state IN ('archived', 'failed')) = (finished_at IS NOT NULL)),
    CHECK ((kind IN ('file', 'redrive')) = (file_id IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX run_leased ON run (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX run_by_file ON run (file_id, run_id) WHERE file_id IS NOT NULL;
CREATE INDEX run_by_dataset ON run (dataset, run_id);
CREATE INDEX run_by_ruleset ON run (ruleset_hash) WHERE ruleset_hash IS NOT NULL;

-- Datasets nothing is claimed for: paused by somebody, or a dependency they need is down.
CREATE TABLE hold (
    dataset    TEXT NOT NULL,
    reason     TEXT NOT NULL,                               -- paused, postgres ...
    held_by    TEXT NOT NULL,
    held_at    INTEGER NOT NULL,
    held_until INTEGER,                                     -- NULL: until it is released
    PRIMARY KEY (dataset, reason)
) STRICT, WITHOUT ROWID;

-- The balance sheet: a row for each finished stage.
CREATE TABLE stage_count (
    run_id         TEXT NOT NULL REFERENCES run (run_id),
    stage          TEXT NOT NULL,
    rows_in        INTEGER NOT NULL CHECK (rows_in >= 0),
    rows_expanded  INTEGER NOT NULL CHECK (rows_expanded >= 0),
    rows_out       INTEGER NOT NULL CHECK (rows_out >= 0),
    rows_rejected  INTEGER NOT NULL CHECK (rows_rejected >= 0),
    rows_duplicate INTEGER NOT NULL CHECK (rows_duplicate >= 0),
    rows_filtered  INTEGER NOT NULL CHECK (rows_filtered >= 0),
    rows_merged    INTEGER NOT NULL CHECK (rows_merged >= 0),
    bytes_in       INTEGER NOT NULL CHECK (bytes_in >= 0),
    bytes_out      INTEGER NOT NULL CHECK (bytes_out >= 0),
    started_at     INTEGER NOT NULL,
    finished_at    INTEGER NOT NULL,
    PRIMARY KEY (run_id, stage),
    CONSTRAINT balance_sheet CHECK (
        rows_in + rows_expanded = rows_out + rows_rejected + rows_duplicate + rows_filtered + rows_merged)
) STRICT, WITHOUT ROWID;

-- Why rows (or a whole file, then stage and code are the file's) were rejected. '' stands for none.
CREATE TABLE cause (
    cause_id    INTEGER PRIMARY KEY,
    dataset     TEXT NOT NULL,
    stage       TEXT NOT NULL,
    code        TEXT NOT NULL,
    column_name TEXT NOT NULL DEFAULT '',
    rule_id     TEXT NOT NULL DEFAULT '',
    shape       TEXT NOT NULL DEFAULT '',                   -- of the value: '99,99'
    whole_file  INTEGER NOT NULL DEFAULT 0 CHECK (whole_file IN (0, 1)),
    UNIQUE (dataset, stage, code, column_name, rule_id, shape, whole_file)
) STRICT;

CREATE TABLE run_cause (
    run_id    TEXT NOT NULL REFERENCES run (run_id),
    cause_id  INTEGER NOT NULL REFERENCES cause (cause_id),
    rows      INTEGER NOT NULL CHECK (rows >= 0),           -- whose first error it is
    only_rows INTEGER NOT NULL CHECK (only_rows BETWEEN 0 AND rows),  -- whose sole error it is
    first_row INTEGER NOT NULL CHECK (first_row >= 0),
    samples   TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(samples)),
    PRIMARY KEY (run_id, cause_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX run_cause_by_cause ON run_cause (cause_id, run_id);

-- Rejected rows, up to 4,096 a block, in row order. An entry is 24 bytes, little-endian: u64 row number, u64 offset
-- of its line in the reject JSONL, u32 cause_id of its first error, u32 errors. row_states has a byte an entry:
-- 0 open, 1 requested, 2 recovered, 3 rejected again, 4 discarded, 5 returned, 6 superseded.
CREATE TABLE reject_block (
    run_id     TEXT NOT NULL REFERENCES run (run_id),
    block      INTEGER NOT NULL CHECK (block >= 0),
    row_count  INTEGER NOT NULL CHECK (row_count BETWEEN 1 AND 4096),
    first_row  INTEGER NOT NULL,
    last_row   INTEGER NOT NULL,
    open_rows  INTEGER NOT NULL CHECK (open_rows BETWEEN 0 AND row_count),
    entries    BLOB NOT NULL CHECK (length(entries) = 24 * row_count),
    row_states BLOB NOT NULL CHECK (length(row_states) = row_count),
    PRIMARY KEY (run_id, block),
    CHECK (first_row <= last_row)
) STRICT;

CREATE INDEX reject_block_open ON reject_block (run_id, block) WHERE open_rows > 0;

-- One state of one published object.
CREATE TABLE output (
    output_id  INTEGER PRIMARY KEY,
    key        TEXT NOT NULL CHECK (key <> ''),
    kind       TEXT NOT NULL,                               -- processed, rejects-json, reason ...
    dataset    TEXT NOT NULL,
    partition  TEXT NOT NULL DEFAULT '',
    rows       INTEGER NOT NULL CHECK (rows >= 0),
    bytes      INTEGER NOT NULL CHECK (bytes >= 0),
    sha256     TEXT NOT NULL CHECK (length(sha256) = 64),
    removed_at INTEGER,                                     -- superseded or withdrawn; NULL: it is there
    UNIQUE (key, sha256)
) STRICT;

CREATE INDEX output_by_partition ON output (dataset, partition, kind);

-- Which run's rows an output holds.
CREATE TABLE run_output (
    run_id    TEXT NOT NULL REFERENCES run (run_id),
    output_id INTEGER NOT NULL REFERENCES output (output_id),
    rows      INTEGER NOT NULL CHECK (rows >= 0),
    PRIMARY KEY (run_id, output_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX run_output_by_output ON run_output (output_id, run_id);

CREATE TABLE incident (
    incident_id INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    message     TEXT NOT NULL,                              -- the latest
    times       INTEGER NOT NULL DEFAULT 1 CHECK (times > 0),
    opened_at   INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    closed_at   INTEGER                                     -- NULL: open
) STRICT;

CREATE UNIQUE INDEX incident_open ON incident (kind, subject) WHERE closed_at IS NULL;

-- Who did what. line is one canonical JSON object, hash = sha256(prev_hash || line); the columns are read from it.
CREATE TABLE audit (
    audit_id  INTEGER PRIMARY KEY,
    line      TEXT NOT NULL CHECK (json_valid(line)),
    prev_hash TEXT NOT NULL CHECK (length(prev_hash) = 64),
    hash      TEXT NOT NULL CHECK (length(hash) = 64),
    at        INTEGER GENERATED ALWAYS AS (json_extract(line, '$.at')) VIRTUAL,
    actor     TEXT GENERATED ALWAYS AS (json_extract(line, '$.actor')) VIRTUAL,
    action    TEXT GENERATED ALWAYS AS (json_extract(line, '$.action')) VIRTUAL,
    subject   TEXT GENERATED ALWAYS AS (json_extract(line, '$.subject')) VIRTUAL
) STRICT;

CREATE INDEX audit_by_subject ON audit (subject, audit_id);

-- INSERT OR REPLACE removes rows without a delete trigger, so inserting is watched as well.
CREATE TRIGGER audit_appends BEFORE INSERT ON audit
WHEN NEW.audit_id IS NOT (SELECT coalesce(max(audit_id), 0) + 1 FROM audit)
  OR NEW.prev_hash IS NOT coalesce((SELECT hash FROM audit ORDER BY audit_id DESC LIMIT 1), printf('%064d', 0))
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

-- For whoever knows the old name: the latest delivery of each key.
CREATE VIEW file_processing_status (s3_key, processing_status, glue_job_run_id, processed_at, error_message) AS
SELECT f.arrival_key, f.state, f.job_run_id,
       strftime('%Y-%m-%d %H:%M:%S', f.processed_at / 1000000, 'unixepoch')
           || printf('.%06d', f.processed_at % 1000000),
       coalesce(f.error_message, 'waiting: ' || f.waiting_for)
  FROM file f
 WHERE f.file_id = (SELECT max(l.file_id) FROM file l WHERE l.arrival_key = f.arrival_key);

-- A run as lists show it. Sums of all its stages; rows_in are the records read, rows_out those written.
CREATE VIEW run_view AS
SELECT r.run_id, r.kind, r.dataset, r.partition, r.state, r.outcome, r.attempt, r.owner, r.lease_until,
       r.started_at, r.finished_at, r.finished_at - r.started_at AS duration,
       r.ruleset_hash, r.dialect, r.manifest_key,
       coalesce(r.error_code, r.error_kind) AS error_code, r.error_message,
       r.file_id, f.arrival_key, f.location, f.arrived_at, f.size, f.sha256, f.state AS file_state, f.waiting_for,
       (SELECT s.rows_in + s.rows_expanded
          FROM stage_count s WHERE s.run_id = r.run_id AND s.stage = 'parse') AS rows_in,
       (SELECT s.rows_out FROM stage_count s WHERE s.run_id = r.run_id AND s.stage = 'write') AS rows_out,
       (SELECT coalesce(sum(s.rows_rejected), 0) FROM stage_count s WHERE s.run_id = r.run_id) AS rows_rejected,
       (SELECT coalesce(sum(s.rows_duplicate), 0) FROM stage_count s WHERE s.run_id = r.run_id) AS rows_duplicate,
       (SELECT coalesce(sum(s.rows_filtered), 0) FROM stage_count s WHERE s.run_id = r.run_id) AS rows_filtered,
       (SELECT coalesce(sum(b.open_rows), 0) FROM reject_block b WHERE b.run_id = r.run_id) AS rows_open
  FROM run r LEFT JOIN file f USING (file_id);
