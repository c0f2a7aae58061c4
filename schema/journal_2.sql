-- Version 2: gold. What each partition's last compaction was made from, and what it published.

CREATE TABLE gold_partition (
    dataset      TEXT NOT NULL,
    partition    TEXT NOT NULL,
    run_id       TEXT NOT NULL REFERENCES run (run_id),
    inputs       TEXT NOT NULL CHECK (length(inputs) = 64),  -- hash of its rules and of the outputs it read
    key          TEXT NOT NULL CHECK (key <> ''),
    sha256       TEXT NOT NULL CHECK (length(sha256) = 64),
    rows         INTEGER NOT NULL CHECK (rows >= 0),
    compacted_at INTEGER NOT NULL,
    PRIMARY KEY (dataset, partition)
) STRICT, WITHOUT ROWID;

-- A compaction's rows are those of its one stage.
DROP VIEW run_view;
CREATE VIEW run_view AS
SELECT r.run_id, r.kind, r.dataset, r.partition, r.state, r.outcome, r.attempt, r.owner, r.lease_until,
       r.started_at, r.finished_at, r.finished_at - r.started_at AS duration,
       r.ruleset_hash, r.dialect, r.manifest_key,
       coalesce(r.error_code, r.error_kind) AS error_code, r.error_message,
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
