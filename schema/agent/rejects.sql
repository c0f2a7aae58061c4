-- Runs that rejected a whole file or rows of it, newest first. :dataset, :after, :limit
SELECT json_object(
    'items', json_group_array(json(item)) FILTER (WHERE n <= :limit),
    'next', CASE WHEN count(*) > :limit THEN min(run_id) FILTER (WHERE n <= :limit) END)
  FROM (
    SELECT run_id, row_number() OVER (ORDER BY run_id DESC) AS n, item FROM (
      SELECT run_id, json_object(
        'run_id', run_id, 'dataset', dataset, 'file', arrival_key, 'location', location,
        'kind', CASE outcome WHEN 'quarantined' THEN 'system' ELSE 'data_quality' END,
        'at', strftime('%Y-%m-%dT%H:%M:%SZ', finished_at / 1000000, 'unixepoch'),
        'rows_rejected', rows_rejected + rows_duplicate, 'rows_open', rows_open,
        'error_code', error_code, 'error_message', error_message) AS item
      FROM run_view
     WHERE kind IN ('file', 'redrive')
       AND (outcome = 'quarantined' OR (outcome = 'loaded' AND rows_rejected + rows_duplicate > 0))
       AND (:dataset IS NULL OR dataset = :dataset) AND (:after IS NULL OR run_id < :after)
     ORDER BY run_id DESC LIMIT :limit + 1))
