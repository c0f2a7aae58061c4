-- Who works on this lake: a line for each claim, those whose lease is over first; then the daemons that have nothing to do
-- and who held a file within the last day and holds none, the last seen first. A daemon that was not seen for 90 s is
-- gone. :now, :since (a day ago), :limit
WITH claim AS (
    SELECT owner, run_id, kind, dataset, partition, file_id, state, started_at, heartbeat_at, lease_until
      FROM run WHERE lease_until IS NOT NULL
), idle AS (
    SELECT owner, max(finished_at) AS seen_at FROM run
     WHERE finished_at >= :since AND owner NOT IN (SELECT owner FROM claim) GROUP BY owner
), daemon AS (
    SELECT w.owner, max(w.seen_at, coalesce(i.seen_at, 0)) AS seen_at, w.ended_at
      FROM worker w LEFT JOIN idle i USING (owner) WHERE w.owner NOT IN (SELECT owner FROM claim)
), line AS (
    SELECT owner, iif(lease_until > :now, 'alive', 'lease over') AS state, run_id, kind, dataset, partition, file_id,
           state AS stage, started_at, heartbeat_at AS seen_at, lease_until
      FROM claim
    UNION ALL
    SELECT owner, 'idle', NULL, NULL, NULL, NULL, NULL, NULL, NULL, seen_at, NULL FROM idle
     WHERE owner NOT IN (SELECT owner FROM worker)
    UNION ALL
    SELECT owner, CASE WHEN ended_at IS NOT NULL THEN 'ended' WHEN seen_at < :now - 90000000 THEN 'gone' ELSE 'idle' END,
           NULL, NULL, NULL, NULL, NULL, NULL, NULL, seen_at, NULL
      FROM daemon WHERE seen_at >= :since
), named AS (
    SELECT *, rtrim(rtrim(owner, '0123456789'), ':') AS process FROM line
     ORDER BY lease_until IS NULL, lease_until, seen_at DESC, owner LIMIT :limit
)
SELECT json_object('items', json_group_array(json_object(
    'owner', owner,
    'worker', CASE WHEN owner GLOB '?*/*:[0-9]*:[0-9]*'
                   THEN substr(owner, 1, instr(owner, '/') - 1) || ':'
                        || substr(process, length(rtrim(process, '0123456789')) + 1)
                   ELSE owner END,
    'state', state, 'run', run_id, 'kind', kind, 'dataset', dataset,
    'subject', coalesce((SELECT arrival_key FROM file f WHERE f.file_id = named.file_id),
                        dataset || iif(partition = '', '', '/' || partition)),
    'stage', stage,
    'since', strftime('%Y-%m-%dT%H:%M:%SZ', started_at / 1000000, 'unixepoch'),
    'seen_at', strftime('%Y-%m-%dT%H:%M:%SZ', seen_at / 1000000, 'unixepoch'),
    'lease_until', strftime('%Y-%m-%dT%H:%M:%SZ', lease_until / 1000000, 'unixepoch'))))
  FROM named
