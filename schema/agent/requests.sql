-- Re-drives asked for, newest first. :request, :dataset, :after, :limit
SELECT json_object('items', json_group_array(json(item)), 'next', CASE WHEN count(*) = :limit THEN min(redrive_id) END)
  FROM (
    SELECT redrive_id, json_object(
        'request', redrive_id, 'dataset', dataset, 'state', state, 'action', action, 'scope', scope,
        'until', strftime('%Y-%m-%dT%H:%M:%SZ', apply_until / 1000000, 'unixepoch'), 'cause', cause_id, 'rules', rules,
        'overrides', json(overrides), 'reason', reason,
        'diff', (SELECT diff FROM contract_change x WHERE x.redrive_id = redrive.redrive_id), 'requested_by', requested_by, 'requested_from', requested_from,
        'requested_at', strftime('%Y-%m-%dT%H:%M:%SZ', requested_at / 1000000, 'unixepoch'),
        'expires_at', strftime('%Y-%m-%dT%H:%M:%SZ', expires_at / 1000000, 'unixepoch'),
        'decided_by', decided_by,
        'decided_at', strftime('%Y-%m-%dT%H:%M:%SZ', decided_at / 1000000, 'unixepoch'), 'message', message,
        'files', (SELECT count(*) FROM redrive_file x WHERE x.redrive_id = redrive.redrive_id),
        'loaded', (SELECT count(*) FROM redrive_file x WHERE x.redrive_id = redrive.redrive_id AND outcome = 'loaded'),
        'finished', (SELECT count(*) FROM redrive_file x WHERE x.redrive_id = redrive.redrive_id AND outcome IS NOT NULL),
        'rows', (SELECT sum(asked_rows) FROM redrive_file x WHERE x.redrive_id = redrive.redrive_id AND scope = 'rows'),
        'would_pass', (SELECT sum(would_pass) FROM redrive_file x WHERE x.redrive_id = redrive.redrive_id),
        'would_fail', (SELECT sum(would_fail) FROM redrive_file x WHERE x.redrive_id = redrive.redrive_id),
        'duplicates', (SELECT sum(duplicates) FROM redrive_file x WHERE x.redrive_id = redrive.redrive_id),
        'details', json((SELECT json_group_array(json_object(
            'file', arrival_key, 'run', run_id, 'outcome', outcome, 'outcome_run', outcome_run_id, 'message', note,
            'asked', asked_rows, 'rows', rows_out, 'would_pass', would_pass, 'would_fail', would_fail,
            'duplicates', duplicates, 'rehearsal', rehearsal_hash))
            FROM (SELECT f.arrival_key, x.run_id, nullif(x.asked_rows, 0) AS asked_rows, x.outcome, x.outcome_run_id, x.message AS note,
                         x.would_pass, x.would_fail, x.duplicates, x.rehearsal_hash,
                         (SELECT s.rows_out FROM stage_count s
                           WHERE s.run_id = x.outcome_run_id AND s.stage = 'write') AS rows_out
                    FROM redrive_file x JOIN file f USING (file_id) WHERE x.redrive_id = redrive.redrive_id
                   ORDER BY x.file_id)))) AS item
      FROM redrive
     WHERE (:request IS NULL OR redrive_id = :request) AND (:dataset IS NULL OR dataset = :dataset)
       AND (:after IS NULL OR redrive_id < :after)
     ORDER BY redrive_id DESC LIMIT :limit)
