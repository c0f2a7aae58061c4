-- What is going on: one JSON object. :now, :since (a day ago), :seen (when the caller last looked, or NULL),
-- :expected (an object by dataset: due, due_in, overdue, off)
WITH RECURSIVE datasets AS (
    SELECT dataset FROM file WHERE dataset IS NOT NULL UNION SELECT dataset FROM run
     UNION SELECT key FROM json_each(:expected) WHERE value ->> 'due' IS NOT NULL
), hours (hour) AS (
    SELECT 0 UNION ALL SELECT hour + 1 FROM hours WHERE hour < 23
), hour_of AS MATERIALIZED (
    SELECT r.dataset, min((r.finished_at - :since) / 3600000000, 23) AS hour, sum(v.rows_in) AS rows_in,
           sum(v.rows_out) AS rows_out, sum(v.rows_rejected + v.rows_duplicate) AS rows_rejected
      FROM run r JOIN run_view v USING (run_id)
     WHERE r.finished_at >= :since AND r.outcome = 'loaded' AND r.kind IN ('file', 'redrive') GROUP BY 1, 2
), rows_of AS (
    SELECT dataset, sum(rows_in) AS rows_in, sum(rows_out) AS rows_out, sum(rows_rejected) AS rows_rejected
      FROM hour_of GROUP BY dataset
), looked (at) AS (
    SELECT CAST((julianday(:seen) - 2440587.5) * 86400000 AS INTEGER) * 1000
), open_of AS (
    SELECT r.dataset, sum(b.open_rows) AS open_rows
      FROM reject_block b JOIN run r USING (run_id) WHERE b.open_rows > 0 GROUP BY r.dataset
)
SELECT json_object(
    'as_of', strftime('%Y-%m-%dT%H:%M:%SZ', :now / 1000000, 'unixepoch'),
    'datasets', json((SELECT coalesce(json_group_array(json_object(
        'dataset', d.dataset,
        'waiting', (SELECT count(*) FROM file WHERE dataset = d.dataset AND state IN ('PENDING', 'FAILED')),
        'waiting_for', (SELECT max(waiting_for) FROM file WHERE dataset = d.dataset AND state = 'PENDING'),
        'oldest_waiting', (SELECT strftime('%Y-%m-%dT%H:%M:%SZ', min(arrived_at) / 1000000, 'unixepoch')
                             FROM file WHERE dataset = d.dataset AND state IN ('PENDING', 'FAILED')),
        'processing', (SELECT count(*) FROM file WHERE dataset = d.dataset AND state = 'PROCESSING'),
        'succeeded', (SELECT count(*) FROM file WHERE dataset = d.dataset AND state = 'SUCCEEDED'),
        'duplicates', (SELECT count(*) FROM file WHERE dataset = d.dataset AND state = 'DUPLICATE'),
        'quarantined', (SELECT count(*) FROM file WHERE dataset = d.dataset AND state = 'QUARANTINED'),
        'held', (SELECT group_concat(reason, ', ') FROM (
            SELECT reason FROM hold
             WHERE dataset IN (d.dataset, '*') AND (held_until IS NULL OR held_until > :now) ORDER BY reason)),
        'overdue_since', (SELECT strftime('%Y-%m-%dT%H:%M:%SZ', value ->> 'due') FROM json_each(:expected)
                           WHERE key = d.dataset AND value ->> 'overdue'),
        'due_in', (SELECT iif(value ->> 'overdue', NULL, value ->> 'due_in') FROM json_each(:expected)
                    WHERE key = d.dataset),
        'rows_off', json((SELECT value -> 'off' FROM json_each(:expected) WHERE key = d.dataset)),
        'rows_in', coalesce(r.rows_in, 0),
        'hours', json((SELECT json_group_array(rows_in) FROM (
            SELECT coalesce(x.rows_in, 0) AS rows_in
              FROM hours n LEFT JOIN hour_of x ON x.hour = n.hour AND x.dataset = d.dataset ORDER BY n.hour))),
        'rows_out', coalesce(r.rows_out, 0),
        'rows_rejected', coalesce(r.rows_rejected, 0),
        'open_rows', coalesce(o.open_rows, 0),
        'last_run_at', (SELECT strftime('%Y-%m-%dT%H:%M:%SZ', max(finished_at) / 1000000, 'unixepoch')
                          FROM run WHERE dataset = d.dataset))), '[]')
        FROM (SELECT * FROM datasets ORDER BY dataset) d
        LEFT JOIN rows_of r USING (dataset) LEFT JOIN open_of o USING (dataset))),
    'unmatched', json((SELECT coalesce(json_group_array(arrival_key), '[]')
                         FROM (SELECT arrival_key FROM file WHERE state = 'UNMATCHED' ORDER BY arrival_key LIMIT 100))),
    'unmatched_count', (SELECT count(*) FROM file WHERE state = 'UNMATCHED'),
    'incidents', json((SELECT coalesce(json_group_array(json_object(
        'incident', incident_id, 'kind', kind, 'subject', subject, 'message', message, 'times', times,
        'acknowledged_by', acknowledged_by,
        'opened_at', strftime('%Y-%m-%dT%H:%M:%SZ', opened_at / 1000000, 'unixepoch'))), '[]')
        FROM (SELECT incident_id, kind, subject, message, times, acknowledged_by, opened_at FROM incident
               WHERE closed_at IS NULL
               UNION ALL SELECT 0, 'fleet', 'coordinator', lost_why, 1, NULL, lost_at FROM replica
               WHERE lost_at IS NOT NULL))),
    'over', json((SELECT coalesce(json_group_array(json_object(
        'kind', kind, 'subject', subject,
        'opened_at', strftime('%Y-%m-%dT%H:%M:%SZ', opened_at / 1000000, 'unixepoch'),
        'closed_at', strftime('%Y-%m-%dT%H:%M:%SZ', closed_at / 1000000, 'unixepoch'))), '[]')
        FROM (SELECT * FROM incident WHERE closed_at >= :since ORDER BY closed_at DESC LIMIT 3))),
    'standing', json((SELECT coalesce(json_group_array(json_object(
        'request', redrive_id, 'dataset', dataset,
        'until', strftime('%Y-%m-%dT%H:%M:%SZ', until / 1000000, 'unixepoch'))), '[]')
        FROM (SELECT * FROM standing_override
               WHERE ended_at IS NULL AND starts_at <= :now AND until > :now ORDER BY dataset, until LIMIT 100))),
    'news', json(iif(:seen IS NULL, NULL, (SELECT json_object('since', :seen,
        'quarantined', (SELECT count(*) FROM run, looked WHERE finished_at > at AND outcome = 'quarantined'),
        'rejected', (SELECT coalesce(sum(b.row_count), 0) FROM reject_block b JOIN run r USING (run_id), looked
                      WHERE r.finished_at > at AND r.outcome = 'loaded'),
        'incidents', (SELECT count(*) FROM incident, looked WHERE opened_at > at),
        'requests', (SELECT count(*) FROM redrive, looked WHERE requested_at > at))))),
    'workers', json((SELECT coalesce(json_group_array(json_object(
        'owner', owner, 'runs', runs,
        'heartbeat_at', strftime('%Y-%m-%dT%H:%M:%SZ', heartbeat_at / 1000000, 'unixepoch'))), '[]')
        FROM (SELECT owner, count(*) AS runs, max(heartbeat_at) AS heartbeat_at
                FROM run WHERE lease_until IS NOT NULL GROUP BY owner))))
