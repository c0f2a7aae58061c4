/*
 * The wire between console and agent: JSON-RPC 2.0, one message a line (UTF-8, LF), on a pair of pipes or a socket.
 * The client asks, the agent answers in order (a request without an id is a notification: it is not answered). A client
 * whose hello says "notices": true gets the agent's own notification once the journal has changed: method "changed",
 * params {"as_of"}. Times are ISO 8601 UTC text, counts integers. Lists are pages: a result has "items" and, when there
 * is more, "next", which goes into "after" of the next call.
 *
 * method     params (all optional unless marked !)              result
 * hello      client, notices                                    protocol, version, lake, environment {name, colour},
 *                                                               operator, role, four_eyes, capabilities [methods]
 * overview   seen (a time)                                      datasets [{hours: rows in of each of 24, held,
 *                                                               overdue_since, due_in (seconds), rows_off {file, rows,
 *                                                               least, most}: its last file has other than the rows
 *                                                               its contract expects}],
 *                                                               unmatched, incidents [], over [] (closed today),
 *                                                               standing [], workers [], as_of, disk {free, total} of
 *                                                               a folder; news since seen {since, quarantined,
 *                                                               rejected, incidents, requests}
 * runs       dataset, cause, part (of its id), after, limit      items [], with the cause that stopped a whole file
 * run        run!                                               the run, stages [], outputs [], causes []
 * rejects    dataset, after, limit                              items []: runs that rejected a file or rows
 * causes     dataset, run, cause                                items [], each with suggestions [{overrides, why,
 *                                                               would_pass}] as reason.json has them, of its samples
 * rows       run!, cause, stage, after, limit                   items []: the reject JSONL's, with cause, state
 * grid       run!, cause, stage, at | row, limit                header [], total, at, items [{row_number, line_number,
 *                                                               cause, state, cells [], errors []}]; a cell that is
 *                                                               not UTF-8 is {"base64": text}
 * original   run!, at, limit                                    header [], at, more, items [{row_number, line_number,
 *                                                               cells []}]: its file, as 'sluiced read' reads it; what
 *                                                               may be sensitive is "***"
 * frequency  run!, cause, stage, column (0-based)               counted, total, items [{value, rows}]
 * reason     run!                                               reason.json
 * stages     run!                                               items []: the balance sheet
 * rehearse   run!, rules (same | current), set [], map [], patch,
 *            cause, row | row [], scope (file | rows)           what its file, or rows of it, would do: see below
 *
 * redrive    run | runs [] | cause!, reason!, rules, set [], map [], patch, row | row [], scope,
 *            apply_to (these | until | contract), until, rate, ask, client   the request, as requests has it
 * requests   dataset, request, after, limit                     items []: what was asked for, its scope (file | rows),
 *                                                               with details [] of files; of each what its rehearsal
 *                                                               came to (would_pass, would_fail, duplicates) and its
 *                                                               hash, to which the request is bound; files, finished,
 *                                                               loaded; once begun progress {rows, of_rows, under_way,
 *                                                               begun_at, seconds, files_per_s, rows_per_s, eta_s};
 *                                                               rate; paused_by, paused_at
 * approve    request!, client                                   the request
 * decline    request!, reason!, client                          the request; of one under way what nobody has begun
 * pause      request!, client                                   the request: no more of its files are begun
 * resume     request!, client                                   the request
 * rate       request!, rate! (5/s, 100/min, 2000/h, 50/d, none), client   the request: so many files are begun at most
 * cancel     request!, reason!, client                          the request; of one under way what nobody has begun
 * reprocess  dataset!, since, until, reason!, rules, set [], map [], rate, ask, client
 *                                                               the request: what was loaded, and delivered then
 * withdraw   run!, reason!, ask, client                         the request: what was loaded of its file is taken back
 * discard    run!, cause, row | row [], scope, reason!, client  the run; with cause, row or scope: these rows alone
 * outcome    client!                                            what became of one's own acting call: {known, action,
 *                                                               subject, request}
 *
 * overrides  dataset                                            items []: standing overrides, {request, state (in
 *                                                               force | expired | revoked | void), until, files …}
 * override   dataset!, set [], map [], until!, reason!, ask     the request
 * revoke     request!, reason!                                  the request, whose standing override ends
 * contract   dataset!, set [], map [], reason!, ask             the request, with diff of the contract's text
 * patch      run!, row, column | raw, value, undo, set [],      the patch of a quarantined file: {patch, edits [],
 *            map []                                             diff}; without row and undo it is shown
 *
 * incidents  incident, after, limit                             items [], open ones first, with acknowledged_by
 * alerts     after, limit                                       items [], those not over first, {state (open |
 *                                                               resolved), told (nobody | waiting | sent | retrying |
 *                                                               not sent), messages [{channel, event, state, error}]}
 * workers    limit                                              items [], a claim each, those whose lease is over
 *                                                               first, then who has had one today: {owner,
 *                                                               worker (host:pid), state (alive | lease over |
 *                                                               idle), run, kind, dataset, subject, stage,
 *                                                               since, seen_at, lease_until}
 * acknowledge incident | cause!, note                           incidents' or causes' result with that item alone
 * audit      subject (a part of it), after, limit               items [] newest first; without after: verified {lines,
 *                                                               head, broken: what is wrong with the next line}
 * trace      dataset!, key! (VALUE, or COLUMN=VALUE,…)         steps [], by time: delivered, redriven, rejected,
 *                                                               duplicate, processed {gold: won | lost | deleted |
 *                                                               pending, to {run, row}}, gold
 * balance    dataset!, partition                                items []: one a partition, with difference; total
 *                                                               of the dataset, without a partition; balanced
 * export     run!, cause, after                                 rows nobody has dealt with, as they were sent:
 *                                                               text | base64, rows, name; reasons, reasons_name
 * returned   run!, cause, row | row [], reason!, client         the run: what was exported has gone to its producer
 *
 * "patch": true reads a run's file with its patch over it; a request is bound to what the patch comes to.
 *
 * pause, resume and rate are about requests that are approved; rate also of one that waits for it. What has begun is
 * finished; cancel leaves finished files as they are, and the others stand as before. A request that has a rate is
 * carried out by a worker, not before the answer.
 *
 * Acting calls (redrive to discard, override, revoke, contract, patch, acknowledge) take "client", a ULID of the
 * caller's: repeated with the same parameters they are done once and answer what came of it, and "outcome" tells what
 * became of one whose answer was lost; with others they are refused.
 *
 * What a role may not do is refused with RPC_FORBIDDEN, and told in the audit: a viewer looks, rehearses and exports;
 * an operator also asks, patches, acknowledges and discards; an approver also approves and declines, where four_eyes
 * never what they asked for themselves. Then redrive, reprocess, withdraw, override and contract only ask.
 *
 * "runs" are whole ids, of files of one dataset, in one request. apply_to "contract" asks for the re-drive and, in a
 * request of its own, for the overrides to be written into the contract. The re-drive is bound to the contract as it
 * was: a change of the contract is refused its approval while a re-drive of the dataset by the current rules waits for
 * one.
 *
 * "run" may be any part of a run's id that names only one; so may "request".
 *
 * rehearse reads the run's file once more, under the rules of then (same) or the contract as it is (current, the
 * default), changed by overrides: set ["dialect.delimiter=;"], map ["Price EUR=unit_price"]. Nothing is written. The
 * result: outcome (would-load | would-quarantine | duplicate), stage; code, message, hint when it would not load;
 * same_failure; rows = would_pass + would_fail + duplicates + filtered; before {outcome, code, rows, passed, failed …};
 * causes [{stage, code, column, rule, shape, whole_file, before, after, only, first_row, samples []}]; overrides,
 * base_ruleset, ruleset (hashes without and with them), hash (of the result), seconds.
 *
 * Rows of a run are those of cause, of the numbers row, of both, or with scope "rows" all; those alone that are open:
 * a rejected row is open, requested, recovered, rejected-again (open then in the run that did), discarded, returned or
 * superseded. Re-driven, only they are read and published, beside what was loaded of their file; a key that is loaded
 * already is not loaded again. rehearse then counts these rows. redrive by a cause of rows means its open rows in every
 * loaded file. run and causes count the rows by state; run tells reread_by [] and, of such a run, rows_of.
 *
 * redrive rehearses each file, then asks for it under what was rehearsed; a file that would be quarantined again, or
 * was loaded by these very rules, is refused. A loaded file is superseded: the new run's rows come and the earlier
 * runs' go, or, if the new run comes to nothing, all stays (outcome kept or void). runs and run tell such runs by
 * superseded_by and the outcome superseded or withdrawn. In a lake of one's own the request is approved at once by the
 * same person and carried out before the answer comes, unless ask is true.
 */
#ifndef SHARED_RPC_H
#define SHARED_RPC_H

#define RPC_PROTOCOL 1

enum {
    RPC_MAX_LINE = 64 * 1024 * 1024, /* of an answer */
    RPC_MAX_REQUEST = 4 * 1024 * 1024,
    RPC_PAGE = 100,
    RPC_MAX_PAGE = 1000,
};

/* Error codes: JSON-RPC's own, and ours from -32000 down. data.hint says what to do next. */
enum rpc_error {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_METHOD_NOT_FOUND = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_INTERNAL_ERROR = -32603,
    RPC_NOT_FOUND = -32001,   /* a run, cause or file that does not exist */
    RPC_AMBIGUOUS = -32002,   /* a part of an id that names several */
    RPC_FORBIDDEN = -32003,   /* the role may not do it */
    RPC_UNAVAILABLE = -32004, /* the lake or journal is down */
    RPC_REFUSED = -32005,     /* it may be asked, but not done: pointless, void, decided already */
};

#endif
