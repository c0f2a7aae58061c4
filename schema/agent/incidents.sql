-- Incidents, the open ones first, then the newest. :incident, :after (an incident's number), :limit
SELECT json_object(
    'items', json_group_array(json(item)) FILTER (WHERE n <= :limit),
    'next', CASE WHEN count(*) > :limit THEN CAST(max(incident_id) FILTER (WHERE n = :limit) AS TEXT) END)
  FROM (
    SELECT incident_id, row_number() OVER (ORDER BY is_closed, incident_id DESC) AS n, item FROM (
      SELECT incident_id, closed_at IS NOT NULL AS is_closed, json_object(
        'incident', incident_id, 'kind', kind, 'subject', subject, 'message', message, 'times', times,
        'state', CASE WHEN closed_at IS NOT NULL THEN 'closed' WHEN acknowledged_by IS NULL THEN 'open'
                      ELSE 'acknowledged' END,
        'opened_at', strftime('%Y-%m-%dT%H:%M:%SZ', opened_at / 1000000, 'unixepoch'),
        'last_at', strftime('%Y-%m-%dT%H:%M:%SZ', last_at / 1000000, 'unixepoch'),
        'closed_at', strftime('%Y-%m-%dT%H:%M:%SZ', closed_at / 1000000, 'unixepoch'),
        'acknowledged_by', acknowledged_by,
        'acknowledged_at', strftime('%Y-%m-%dT%H:%M:%SZ', acknowledged_at / 1000000, 'unixepoch'),
        'note', note) AS item
      FROM incident
     WHERE (:incident IS NULL OR incident_id = :incident)
       AND (:after IS NULL OR (closed_at IS NOT NULL, -incident_id) > (
            SELECT a.closed_at IS NOT NULL, -a.incident_id FROM incident a
             WHERE a.incident_id = CAST(:after AS INTEGER)))
     ORDER BY is_closed, incident_id DESC LIMIT :limit + 1))
