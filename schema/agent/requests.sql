-- Re-drives asked for, newest first. :request (a part of its id), :dataset, :after, :limit. Speeds are those of the
-- last 16 files.
WITH page AS MATERIALIZED (
    SELECT * FROM redrive
     WHERE (:request IS NULL OR instr(redrive_id, upper(:request)) > 0)
       AND (:dataset IS NULL OR dataset = :dataset) AND (:after IS NULL OR redrive_id < :after)
     ORDER BY redrive_id DESC LIMIT :limit)
SELECT json_object('items', json_group_array(json(item)), 'next', CASE WHEN count(*) = :limit THEN min(redrive_id) END)
  FROM (
    SELECT redrive_id, json_object(
        'request', redrive_id, 'dataset', dataset, 'state', state, 'action', action, 'scope', scope,
        'until', strftime('%Y-%m-%dT%H:%M:%SZ', apply_until / 1000000, 'unixepoch'), 'cause', cause_id, 'rules', rules,
        'overrides', json(overrides), 'reason', reason,
        'diff', (SELECT diff FROM contract_change x WHERE x.redrive_id = d.redrive_id), 'requested_by', requested_by, 'requested_from', requested_from,
        'requested_at', strftime('%Y-%m-%dT%H:%M:%SZ', requested_at / 1000000, 'unixepoch'),
        'expires_at', strftime('%Y-%m-%dT%H:%M:%SZ', expires_at / 1000000, 'unixepoch'),
        'decided_by', decided_by,
        'decided_at', strftime('%Y-%m-%dT%H:%M:%SZ', decided_at / 1000000, 'unixepoch'), 'message', message,
        'rate', rate, 'paused_by', iif(is_open, paused_by, NULL),
        'paused_at', iif(is_open, strftime('%Y-%m-%dT%H:%M:%SZ', paused_at / 1000000, 'unixepoch'), NULL),
        'files', coalesce(files, 0), 'loaded', coalesce(loaded, 0), 'finished', coalesce(finished, 0),
        'rows', iif(scope = 'rows', asked, NULL),
        'would_pass', would_pass, 'would_fail', would_fail, 'duplicates', duplicates,
        'progress', iif(begun_at IS NULL, NULL, json_object(
            'rows', rows_done, 'of_rows', rows_all, 'under_way', under_way,
            'begun_at', strftime('%Y-%m-%dT%H:%M:%SZ', begun_at / 1000000, 'unixepoch'),
            'seconds', (ended_at - begun_at) / 1e6,
            'files_per_s', round(iif(is_open, 1e6 * last_files / last_us, NULL), 3),
            'rows_per_s', round(iif(is_open, 1e6 * last_rows / last_us, NULL), 1),
            'eta_s', round(iif(is_open AND paused_by IS NULL,
                               (files - finished) * max(last_us / last_files, spacing) / 1e6, NULL)))),
        'details', json((SELECT json_group_array(json_object(
            'file', arrival_key, 'run', run_id, 'outcome', outcome, 'outcome_run', outcome_run_id, 'message', note,
            'asked', asked_rows, 'rows', rows_out, 'would_pass', would_pass, 'would_fail', would_fail,
            'duplicates', duplicates, 'rehearsal', rehearsal_hash))
            FROM (SELECT f.arrival_key, x.run_id, nullif(x.asked_rows, 0) AS asked_rows, x.outcome, x.outcome_run_id, x.message AS note,
                         x.would_pass, x.would_fail, x.duplicates, x.rehearsal_hash,
                         (SELECT s.rows_out FROM stage_count s
                           WHERE s.run_id = x.outcome_run_id AND s.stage = 'write') AS rows_out
                    FROM redrive_file x JOIN file f USING (file_id) WHERE x.redrive_id = d.redrive_id
                   ORDER BY x.file_id)))) AS item
      FROM (
        SELECT r.*, r.state IN ('approved', 'running') AS is_open, t.*, l.*
          FROM page r
          LEFT JOIN (
            SELECT x.redrive_id AS of_request, count(*) AS files, count(x.outcome) AS finished,
                   count(CASE x.outcome WHEN 'loaded' THEN 1 END) AS loaded, sum(x.asked_rows) AS asked,
                   sum(x.would_pass) AS would_pass, sum(x.would_fail) AS would_fail, sum(x.duplicates) AS duplicates,
                   sum(iif(x.outcome IS NULL, 0, x.would_pass + x.would_fail + x.duplicates)) AS rows_done,
                   sum(x.would_pass + x.would_fail + x.duplicates) AS rows_all,
                   count(CASE WHEN x.outcome IS NULL AND f.state = 'PROCESSING' AND f.redrive_id = x.redrive_id
                              THEN 1 END) AS under_way,
                   min(o.started_at) AS begun_at, max(o.finished_at) AS ended_at
              FROM redrive_file x JOIN file f USING (file_id) LEFT JOIN run o ON o.run_id = x.outcome_run_id
             WHERE x.redrive_id IN (SELECT redrive_id FROM page)
             GROUP BY x.redrive_id) t ON t.of_request = r.redrive_id
          LEFT JOIN (
            SELECT of_request AS last_of, count(*) AS last_files, sum(rows) AS last_rows,
                   max(max(finished_at) - min(started_at), 1) AS last_us
              FROM (SELECT x.redrive_id AS of_request, o.started_at, o.finished_at,
                           x.would_pass + x.would_fail + x.duplicates AS rows,
                           row_number() OVER (PARTITION BY x.redrive_id ORDER BY o.run_id DESC) AS nth
                      FROM redrive_file x JOIN run o ON o.run_id = x.outcome_run_id
                     WHERE o.finished_at IS NOT NULL AND x.redrive_id IN (SELECT redrive_id FROM page))
             WHERE nth <= 16 GROUP BY of_request) l ON l.last_of = r.redrive_id
      ) d
     ORDER BY redrive_id DESC)
