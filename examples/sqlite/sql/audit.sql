-- What many entries have alike is stored once, as their kind.
CREATE TABLE {tripartite_kinds}(
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    at TEXT NOT NULL,
    subject TEXT NOT NULL,
    field TEXT,
    verdict TEXT NOT NULL,
    detail TEXT,
    decision TEXT NOT NULL,
    entry TEXT,
    first INTEGER,
    last INTEGER
) STRICT;

CREATE INDEX {tripartite_kinds_run} ON {tripartite_kinds}(run, field, verdict, detail);

CREATE TABLE {tripartite_entries}(
    seq INTEGER PRIMARY KEY,
    external_id TEXT NOT NULL,
    kind INTEGER NOT NULL,
    entry TEXT
) STRICT;
