-- Standing overrides: those in force first, then the newest. :dataset, :now
SELECT json_object('items', json_group_array(json(item)))
  FROM (
    SELECT json_object(
        'request', s.redrive_id, 'dataset', s.dataset,
        'state', CASE WHEN s.ended_at IS NOT NULL THEN CASE WHEN s.ended_by IS NULL THEN 'void' ELSE 'revoked' END
                      WHEN s.until <= :now THEN 'expired' ELSE 'in force' END,
        'overrides', json(s.overrides), 'reason', r.reason, 'requested_by', r.requested_by, 'approved_by', r.decided_by,
        'since', strftime('%Y-%m-%dT%H:%M:%SZ', s.starts_at / 1000000, 'unixepoch'),
        'until', strftime('%Y-%m-%dT%H:%M:%SZ', s.until / 1000000, 'unixepoch'),
        'ended_at', strftime('%Y-%m-%dT%H:%M:%SZ', s.ended_at / 1000000, 'unixepoch'),
        'ended_by', s.ended_by, 'ended_why', s.ended_why,
        'files', (SELECT count(*) FROM run WHERE dataset = s.dataset AND started_at >= s.starts_at
                     AND json_extract(dialect, '$.standing') = s.redrive_id)) AS item
      FROM standing_override s JOIN redrive r USING (redrive_id)
     WHERE :dataset IS NULL OR s.dataset = :dataset
     ORDER BY s.ended_at IS NOT NULL OR s.until <= :now, s.redrive_id DESC)
