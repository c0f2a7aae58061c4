-- One run with its stages, outputs and causes. :run
SELECT json_object(
    'run_id', v.run_id, 'kind', v.kind, 'dataset', v.dataset, 'file', v.arrival_key, 'location', v.location,
    'state', v.state, 'outcome', coalesce(v.taken_back, v.outcome),
    'superseded_by', v.superseded_by,
    'supersedes', json((SELECT json_group_array(b.run_id) FROM (SELECT run_id FROM run
                         WHERE superseded_by = v.run_id ORDER BY run_id) b)),
    'attempt', v.attempt, 'owner', v.owner,
    'arrived_at', strftime('%Y-%m-%dT%H:%M:%SZ', v.arrived_at / 1000000, 'unixepoch'),
    'started_at', strftime('%Y-%m-%dT%H:%M:%SZ', v.started_at / 1000000, 'unixepoch'),
    'finished_at', strftime('%Y-%m-%dT%H:%M:%SZ', v.finished_at / 1000000, 'unixepoch'),
    'seconds', round(v.duration / 1e6, 3), 'bytes', v.size, 'sha256', v.sha256, 'ruleset', v.ruleset_hash,
    'dialect', json(CASE WHEN json_valid(v.dialect) THEN v.dialect ELSE 'null' END),
    'error_code', v.error_code, 'error_message', v.error_message,
    'rows_in', v.rows_in, 'rows_out', v.rows_out, 'rows_rejected', v.rows_rejected,
    'rows_duplicate', v.rows_duplicate, 'rows_filtered', v.rows_filtered, 'rows_open', v.rows_open,
    'rows_requested', (SELECT coalesce(sum(requested), 0) FROM run_cause rc WHERE rc.run_id = v.run_id),
    'rows_recovered', (SELECT coalesce(sum(recovered), 0) FROM run_cause rc WHERE rc.run_id = v.run_id),
    'rows_rejected_again', (SELECT coalesce(sum(rejected_again), 0) FROM run_cause rc WHERE rc.run_id = v.run_id),
    'rows_discarded', (SELECT coalesce(sum(discarded), 0) FROM run_cause rc WHERE rc.run_id = v.run_id),
    'rows_returned', (SELECT coalesce(sum(returned), 0) FROM run_cause rc WHERE rc.run_id = v.run_id),
    'rows_of', (SELECT x.run_id FROM redrive_file x JOIN redrive d USING (redrive_id)
                 WHERE x.outcome_run_id = v.run_id AND d.scope = 'rows'),
    'reread_by', json((SELECT json_group_array(outcome_run_id) FROM (SELECT x.outcome_run_id FROM redrive_file x
                 JOIN redrive d USING (redrive_id) WHERE x.run_id = v.run_id AND d.scope = 'rows'
                  AND x.outcome = 'loaded' ORDER BY 1))),
    'stages', json((SELECT coalesce(json_group_array(json_object(
        'stage', stage, 'rows_in', rows_in, 'rows_expanded', rows_expanded, 'rows_out', rows_out,
        'rows_rejected', rows_rejected, 'rows_duplicate', rows_duplicate, 'rows_filtered', rows_filtered)), '[]')
        FROM (SELECT * FROM stage_count WHERE run_id = v.run_id
               ORDER BY instr('intake,validate,parse,convert,rules,write,raw,bronze,silver,gold', stage)))),
    'outputs', json((SELECT coalesce(json_group_array(json_object(
        'key', key, 'kind', kind, 'rows', rows, 'bytes', bytes)), '[]')
        FROM (SELECT o.key, o.kind, o.rows, o.bytes FROM run_output ro JOIN output o USING (output_id)
               WHERE ro.run_id = v.run_id AND o.removed_at IS NULL ORDER BY o.key))),
    'causes', json((SELECT coalesce(json_group_array(json_object(
        'cause', cause_id, 'stage', stage, 'code', code, 'column', column_name, 'rule', rule_id, 'shape', shape,
        'rows', rows, 'only', only_rows, 'open', open, 'requested', requested, 'recovered', recovered,
        'discarded', discarded, 'returned', returned, 'rejected_again', rejected_again, 'first_row', first_row, 'samples', json(samples))), '[]')
        FROM (SELECT c.*, rc.rows, rc.only_rows, rc.first_row, rc.samples, rc.requested, rc.recovered, rc.discarded, rc.returned,
                     rc.rejected_again,
                     iif(c.whole_file, 0, rc.rows - rc.requested - rc.recovered - rc.rejected_again - rc.discarded - rc.returned - rc.superseded) AS open FROM run_cause rc JOIN cause c USING (cause_id)
               WHERE rc.run_id = v.run_id ORDER BY rc.rows DESC, c.cause_id))))
  FROM run_view v WHERE v.run_id = :run
