-- Who was told of what, the alerts that are not over first, then the newest. :after (an alert's number), :limit
SELECT json_object(
    'items', json_group_array(json(item)) FILTER (WHERE n <= :limit),
    'next', CASE WHEN count(*) > :limit THEN CAST(max(alert_id) FILTER (WHERE n = :limit) AS TEXT) END)
  FROM (
    SELECT alert_id, row_number() OVER (ORDER BY is_over, alert_id DESC) AS n, item FROM (
      SELECT a.alert_id, a.resolved_at IS NOT NULL AS is_over, json_object(
        'alert', a.alert_id, 'kind', a.kind, 'subject', a.subject, 'dataset', a.dataset, 'severity', a.severity,
        'title', a.title, 'sample', a.sample, 'files', a.files, 'rows', a.rows,
        'state', iif(a.resolved_at IS NULL, 'open', 'resolved'),
        'told', CASE
            WHEN EXISTS (SELECT 1 FROM alert_message m WHERE m.alert_id = a.alert_id AND m.state = 'failed') THEN 'not sent'
            WHEN EXISTS (SELECT 1 FROM alert_message m WHERE m.alert_id = a.alert_id
                            AND m.state IN ('waiting', 'sending') AND m.error IS NOT NULL) THEN 'retrying'
            WHEN EXISTS (SELECT 1 FROM alert_message m WHERE m.alert_id = a.alert_id
                            AND m.state IN ('waiting', 'sending')) THEN 'waiting'
            WHEN EXISTS (SELECT 1 FROM alert_message m WHERE m.alert_id = a.alert_id AND m.state = 'sent') THEN 'sent'
            ELSE 'nobody' END,
        'opened_at', strftime('%Y-%m-%dT%H:%M:%SZ', a.opened_at / 1000000, 'unixepoch'),
        'last_at', strftime('%Y-%m-%dT%H:%M:%SZ', a.last_at / 1000000, 'unixepoch'),
        'resolved_at', strftime('%Y-%m-%dT%H:%M:%SZ', a.resolved_at / 1000000, 'unixepoch'),
        'run', CASE a.kind WHEN 'cause' THEN (SELECT max(run_id) FROM run_cause rc
                                               WHERE rc.cause_id = CAST(a.subject AS INTEGER)) END,
        'whole_file', CASE a.kind WHEN 'cause' THEN (SELECT whole_file FROM cause c
                                                      WHERE c.cause_id = CAST(a.subject AS INTEGER)) END,
        'messages', json((SELECT coalesce(json_group_array(json_object(
            'channel', m.channel, 'event', m.event, 'state', m.state, 'attempts', m.attempts, 'error', m.error,
            'due_at', strftime('%Y-%m-%dT%H:%M:%SZ', m.due_at / 1000000, 'unixepoch'),
            'sent_at', strftime('%Y-%m-%dT%H:%M:%SZ', m.sent_at / 1000000, 'unixepoch'))), '[]')
          FROM (SELECT * FROM alert_message WHERE alert_id = a.alert_id ORDER BY message_id) m))) AS item
      FROM alert a
     WHERE (:after IS NULL OR (a.resolved_at IS NOT NULL, -a.alert_id) > (
            SELECT b.resolved_at IS NOT NULL, -b.alert_id FROM alert b WHERE b.alert_id = CAST(:after AS INTEGER)))
     ORDER BY is_over, a.alert_id DESC LIMIT :limit + 1))
