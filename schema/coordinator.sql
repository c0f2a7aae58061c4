-- What a fleet of workers shares, made when the first one comes: the log of its journal, and beside it what each of its
-- files and runs stands at, for whoever asks in SQL. Run it by hand, as somebody who may create roles and schemas, where
-- a worker itself may not: then grant sluice_fleet to the account that workers come as, and sluice_read to those that
-- only look.
CREATE SCHEMA IF NOT EXISTS sluice;

-- A line for each lake. Who holds it writes the next change; the order of changes is the order of what happened.
CREATE TABLE sluice.lake (
    lake_id     text PRIMARY KEY,
    log_id      text NOT NULL,                        -- of this log, which replicas of another do not fit
    head        bigint NOT NULL DEFAULT 0,            -- the last change
    tail        bigint NOT NULL DEFAULT 0,            -- the changes up to it are in the snapshot alone
    version     integer NOT NULL,                     -- of the journal
    snapshot    bigint NOT NULL DEFAULT 0,            -- the change it holds the journal after
    generation  bigint NOT NULL DEFAULT 0,            -- of the snapshot
    bytes       bigint NOT NULL DEFAULT 0,            -- of the changes since
    taken_at    timestamptz,                          -- when somebody last began a snapshot
    created_at  timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 20);

CREATE TABLE sluice.change (
    lake_id    text NOT NULL,
    seq        bigint NOT NULL,
    change_id  text NOT NULL,                         -- by which a worker finds out what became of its COMMIT
    origin     text NOT NULL,                         -- the worker
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    changeset  bytea NOT NULL,                        -- SQLite's, compressed by zstd
    PRIMARY KEY (lake_id, seq)
);

-- The journal as it was after a change, in pieces.
CREATE TABLE sluice.snapshot (
    lake_id    text NOT NULL,
    generation bigint NOT NULL,
    piece      integer NOT NULL,
    content    bytea NOT NULL,                        -- compressed by zstd, each for itself
    PRIMARY KEY (lake_id, generation, piece)
);

-- What the journal says of files, runs and causes: written with the change that says so.
CREATE TABLE sluice.file (
    lake_id       text NOT NULL,
    file_id       bigint NOT NULL,
    arrival_key   text NOT NULL,
    location      text NOT NULL,
    dataset       text,
    size          bigint NOT NULL,
    sha256        text,
    arrived_at    timestamptz NOT NULL,
    state         text NOT NULL,
    waiting_for   text,
    attempts      bigint NOT NULL,
    job_run_id    text,
    processed_at  timestamptz,
    error_code    text,
    error_message text,
    PRIMARY KEY (lake_id, file_id)
);
CREATE INDEX ON sluice.file (lake_id, arrival_key, file_id);
CREATE INDEX ON sluice.file (lake_id, state, dataset);

CREATE TABLE sluice.run (
    lake_id       text NOT NULL,
    run_id        text NOT NULL,
    kind          text NOT NULL,
    dataset       text NOT NULL,
    partition     text NOT NULL,
    file_id       bigint,
    state         text NOT NULL,
    outcome       text,
    attempt       bigint NOT NULL,
    fence         bigint NOT NULL,
    owner         text NOT NULL,
    lease_until   timestamptz,
    started_at    timestamptz NOT NULL,
    finished_at   timestamptz,
    error_code    text,
    error_message text,
    superseded_by text,
    PRIMARY KEY (lake_id, run_id)
);
CREATE INDEX ON sluice.run (lake_id, file_id);

CREATE TABLE sluice.cause (
    lake_id     text NOT NULL,
    cause_id    bigint NOT NULL,
    dataset     text NOT NULL,
    stage       text NOT NULL,
    code        text NOT NULL,
    column_name text NOT NULL,
    rule_id     text NOT NULL,
    shape       text NOT NULL,
    whole_file  boolean NOT NULL,
    PRIMARY KEY (lake_id, cause_id)
);

CREATE TABLE sluice.run_cause (
    lake_id        text NOT NULL,
    run_id         text NOT NULL,
    cause_id       bigint NOT NULL,
    rows           bigint NOT NULL,
    only_rows      bigint NOT NULL,
    requested      bigint NOT NULL,
    recovered      bigint NOT NULL,
    rejected_again bigint NOT NULL,
    discarded      bigint NOT NULL,
    returned       bigint NOT NULL,
    superseded     bigint NOT NULL,
    PRIMARY KEY (lake_id, run_id, cause_id)
);

-- For whoever knows the old name: the latest delivery of each key.
CREATE VIEW sluice.file_processing_status (s3_key, processing_status, glue_job_run_id, processed_at, error_message) AS
SELECT DISTINCT ON (lake_id, arrival_key) arrival_key, state, job_run_id, processed_at,
       coalesce(error_message, 'waiting: ' || waiting_for)
  FROM sluice.file ORDER BY lake_id, arrival_key, file_id DESC;

-- One role works, the other only reads, and not the log: that has values which are masked elsewhere.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sluice_fleet') THEN
        CREATE ROLE sluice_fleet NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sluice_read') THEN
        CREATE ROLE sluice_read NOLOGIN;
    END IF;
    GRANT USAGE ON SCHEMA sluice TO sluice_fleet, sluice_read;
    GRANT SELECT, INSERT, UPDATE, DELETE ON sluice.lake, sluice.change, sluice.snapshot, sluice.file, sluice.run,
        sluice.cause, sluice.run_cause TO sluice_fleet;
    GRANT SELECT ON sluice.file, sluice.run, sluice.cause, sluice.run_cause, sluice.file_processing_status
        TO sluice_read;
EXCEPTION WHEN insufficient_privilege OR unique_violation THEN
    NULL;
END $$;
