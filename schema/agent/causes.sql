-- Why files and rows were rejected, the costliest first. :dataset, :run, :cause
SELECT json_object('items', json_group_array(json(item)))
  FROM (
    SELECT json_object(
        'cause', c.cause_id, 'dataset', c.dataset, 'stage', c.stage, 'code', c.code, 'column', c.column_name,
        'rule', c.rule_id, 'shape', c.shape, 'kind', iif(c.whole_file, 'system', 'data_quality'),
        'files', count(*), 'open_files', count(*) FILTER (WHERE c.whole_file AND EXISTS (
            SELECT 1 FROM file f WHERE f.job_run_id = rc.run_id AND f.state = 'QUARANTINED')), 'rows', sum(rc.rows), 'only', sum(rc.only_rows),
        'open', sum(iif(c.whole_file, 0, rc.rows - rc.requested - rc.recovered - rc.rejected_again - rc.discarded - rc.returned - rc.superseded)),
        'requested', sum(rc.requested), 'recovered', sum(rc.recovered), 'discarded', sum(rc.discarded),
        'returned', sum(rc.returned), 'rejected_again', sum(rc.rejected_again),
        'last_run', max(rc.run_id),
        'acknowledged_by', (SELECT acknowledged_by FROM cause_acknowledged a WHERE a.cause_id = c.cause_id),
        'acknowledged_at', (SELECT strftime('%Y-%m-%dT%H:%M:%SZ', acknowledged_at / 1000000, 'unixepoch')
                              FROM cause_acknowledged a WHERE a.cause_id = c.cause_id),
        'note', (SELECT note FROM cause_acknowledged a WHERE a.cause_id = c.cause_id),
        'first_row', (SELECT first_row FROM run_cause WHERE cause_id = c.cause_id ORDER BY run_id DESC LIMIT 1),
        'samples', json((SELECT samples FROM run_cause WHERE cause_id = c.cause_id ORDER BY run_id DESC LIMIT 1))) AS item
      FROM cause c JOIN run_cause rc USING (cause_id)
     WHERE (:dataset IS NULL OR c.dataset = :dataset) AND (:run IS NULL OR rc.run_id = :run)
       AND (:cause IS NULL OR c.cause_id = :cause)
     GROUP BY c.cause_id ORDER BY c.whole_file DESC, sum(rc.rows) DESC, count(*) DESC, c.cause_id)
