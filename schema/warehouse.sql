-- What a warehouse keeps beside the datasets' own tables, made when a worker first comes. Run it by hand, as somebody
-- who may create roles and schemas, where the worker itself may not: then grant sluice_load to the account that loads
-- and sluice_read to those that only look, and give sluice_load CREATE on the database or on the datasets' schemas.
CREATE SCHEMA IF NOT EXISTS sluice;

-- The files whose rows stand in the tables. Whoever loads a file holds its row until the end of the transaction.
CREATE TABLE sluice.ledger (
    lake_id    text NOT NULL,
    file_id    bigint NOT NULL,                       -- the journal's
    dataset    text NOT NULL,
    fence      bigint NOT NULL,                       -- of the last to hold it: a lower one is refused
    last_run   text,                                  -- that was committed: loaded or taken back
    run_ids    text[] NOT NULL DEFAULT '{}',          -- whose rows stand
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (lake_id, file_id)
);

-- The columns that were made here, and as what: a missing or other one is somebody's doing.
CREATE TABLE sluice.made (
    schema_name text NOT NULL,
    table_name  text NOT NULL,
    column_name text NOT NULL,
    type        text NOT NULL,
    dataset     text NOT NULL,
    PRIMARY KEY (schema_name, table_name, column_name)
);

-- One role loads, the other only reads.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sluice_load') THEN
        CREATE ROLE sluice_load NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sluice_read') THEN
        CREATE ROLE sluice_read NOLOGIN;
    END IF;
    GRANT USAGE ON SCHEMA sluice TO sluice_load, sluice_read;
    GRANT SELECT, INSERT, UPDATE, DELETE ON sluice.ledger, sluice.made TO sluice_load;
    GRANT SELECT ON sluice.ledger, sluice.made TO sluice_read;
EXCEPTION WHEN insufficient_privilege OR unique_violation THEN
    NULL;
END $$;
