-- Version 7: what people are told (an outbox), what was seen of the events of a bucket, what a request was rehearsed to do.

-- One an incident, a cause whose rows or files are open, or a request that waits for its approval; not one a row.
CREATE TABLE alert (
    alert_id    INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('incident', 'cause', 'request', 'test')),
    subject     TEXT NOT NULL,                               -- its incident_id, cause_id or redrive_id
    dataset     TEXT NOT NULL DEFAULT '',                    -- '': of all
    severity    TEXT NOT NULL CHECK (severity IN ('warning', 'error', 'critical')),
    title       TEXT NOT NULL,
    sample      TEXT NOT NULL DEFAULT '',                    -- a value, masked where it may be sensitive
    files       INTEGER NOT NULL DEFAULT 0 CHECK (files >= 0),
    rows        INTEGER NOT NULL DEFAULT 0 CHECK (rows >= 0),
    opened_at   INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    resolved_at INTEGER                                      -- NULL: it is not
) STRICT;

CREATE UNIQUE INDEX alert_open ON alert (kind, subject) WHERE resolved_at IS NULL;

-- What a channel is to be told of it. 'sending': somebody is at it until due_at.
CREATE TABLE alert_message (
    message_id INTEGER PRIMARY KEY,
    alert_id   INTEGER NOT NULL REFERENCES alert (alert_id),
    channel    TEXT NOT NULL,
    event      TEXT NOT NULL CHECK (event IN ('opened', 'resolved')),
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'dropped')),
    attempts   INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    due_at     INTEGER NOT NULL,                             -- not before
    sent_at    INTEGER,
    error      TEXT,                                         -- why the last attempt failed
    UNIQUE (alert_id, channel, event)
) STRICT;

CREATE INDEX alert_message_due ON alert_message (channel, due_at) WHERE state IN ('waiting', 'sending');
CREATE INDEX alert_message_sent ON alert_message (channel, sent_at) WHERE sent_at IS NOT NULL;

-- The latest event of each key: events come twice and in any order.
CREATE TABLE event_key (
    key       TEXT PRIMARY KEY,
    sequencer TEXT NOT NULL,
    seen_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX event_key_seen ON event_key (seen_at);

-- What a file's rehearsal came to, to which the request for it is bound. NULL: it was asked for before this version.
ALTER TABLE redrive_file ADD COLUMN would_pass INTEGER CHECK (would_pass >= 0);
ALTER TABLE redrive_file ADD COLUMN would_fail INTEGER CHECK (would_fail >= 0);
ALTER TABLE redrive_file ADD COLUMN duplicates INTEGER CHECK (duplicates >= 0);
