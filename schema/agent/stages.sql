-- The balance sheet of a run. :run
SELECT json_object('run_id', :run, 'items', json_group_array(json(item)))
  FROM (
    SELECT json_object(
        'stage', stage, 'rows_in', rows_in, 'rows_expanded', rows_expanded, 'rows_out', rows_out,
        'rows_rejected', rows_rejected, 'rows_duplicate', rows_duplicate, 'rows_filtered', rows_filtered,
        'rows_merged', rows_merged, 'bytes_in', bytes_in, 'bytes_out', bytes_out,
        'seconds', round((finished_at - started_at) / 1e6, 3)) AS item
      FROM stage_count WHERE run_id = :run
     ORDER BY instr('intake,validate,parse,convert,rules,write,raw,bronze,silver,gold', stage))
