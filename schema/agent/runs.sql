-- Runs, newest first. :dataset, :cause, :part (of their ids), :after (a run id), :limit
SELECT json_object(
    'items', json_group_array(json(item)) FILTER (WHERE n <= :limit),
    'next', CASE WHEN count(*) > :limit THEN min(run_id) FILTER (WHERE n <= :limit) END)
  FROM (
    SELECT run_id, row_number() OVER (ORDER BY run_id DESC) AS n, item FROM (
      SELECT run_id, json_object(
        'run_id', run_id, 'kind', kind, 'dataset', dataset, 'file', arrival_key, 'state', state,
        'outcome', coalesce(taken_back, outcome), 'status', coalesce(taken_back, outcome, state),
        'superseded_by', superseded_by, 'attempt', attempt,
        'started_at', strftime('%Y-%m-%dT%H:%M:%SZ', started_at / 1000000, 'unixepoch'),
        'seconds', round(duration / 1e6, 3), 'bytes', size, 'rows_in', rows_in, 'rows_out', rows_out,
        'rows_rejected', rows_rejected + rows_duplicate, 'rows_filtered', rows_filtered, 'rows_open', rows_open,
        'rows_requested', (SELECT coalesce(sum(requested), 0) FROM run_cause rc WHERE rc.run_id = run_view.run_id),
        'rows_recovered', (SELECT coalesce(sum(recovered), 0) FROM run_cause rc WHERE rc.run_id = run_view.run_id),
        'loss_pct', round(100.0 * (rows_rejected + rows_duplicate) / nullif(rows_in, 0), 2),
        'error_code', error_code, 'error_message', error_message,
        'file_state', iif(run_id = (SELECT job_run_id FROM file f WHERE f.file_id = run_view.file_id), file_state, NULL),
        'cause', (SELECT c.cause_id FROM run_cause x JOIN cause c USING (cause_id)
                   WHERE x.run_id = run_view.run_id AND c.whole_file LIMIT 1)) AS item
      FROM run_view
     WHERE (:dataset IS NULL OR dataset = :dataset) AND (:after IS NULL OR run_id < :after)
       AND (:cause IS NULL OR run_id IN (SELECT run_id FROM run_cause WHERE cause_id = :cause))
       AND (:part IS NULL OR instr(run_id, upper(:part)) > 0)
     ORDER BY run_id DESC LIMIT :limit + 1))
