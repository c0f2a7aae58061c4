-- Who did what, newest first. :subject (any part of it), :after (a line's number), :limit
SELECT json_object(
    'items', json_group_array(json(item)) FILTER (WHERE n <= :limit),
    'next', CASE WHEN count(*) > :limit THEN CAST(min(audit_id) FILTER (WHERE n <= :limit) AS TEXT) END)
  FROM (
    SELECT audit_id, row_number() OVER (ORDER BY audit_id DESC) AS n, item FROM (
      SELECT audit_id, iif(json_valid(line), json_object(
        'id', audit_id, 'at', strftime('%Y-%m-%dT%H:%M:%SZ', json_extract(line, '$.at') / 1000000, 'unixepoch'),
        'actor', json_extract(line, '$.actor'), 'role', json_extract(line, '$.role'), 'from', json_extract(line, '$.from'),
        'action', json_extract(line, '$.action'), 'subject', json_extract(line, '$.subject'),
        'detail', json(line -> '$.detail'), 'hash', hash),
        json_object('id', audit_id, 'action', 'unreadable', 'detail', line, 'hash', hash)) AS item
      FROM audit
     WHERE (:subject IS NULL OR (json_valid(line)
                                 AND instr(lower(json_extract(line, '$.subject')), lower(:subject)) > 0))
       AND (:after IS NULL OR audit_id < CAST(:after AS INTEGER))
     ORDER BY audit_id DESC LIMIT :limit + 1))
