CREATE TABLE IF NOT EXISTS tripartite_jobs (
    key TEXT NOT NULL COLLATE BINARY PRIMARY KEY,
    bytes BLOB NOT NULL,
    due INTEGER,
    shard INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 65535),
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tripartite_jobs_due ON tripartite_jobs (shard, due, key) WHERE due IS NOT NULL;

CREATE TABLE IF NOT EXISTS tripartite_jobs_meta (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    format INTEGER NOT NULL,
    deleted INTEGER NOT NULL
) STRICT;

CREATE TRIGGER IF NOT EXISTS tripartite_jobs_deleted AFTER DELETE ON tripartite_jobs BEGIN
    UPDATE tripartite_jobs_meta SET deleted = max(deleted, OLD.version);
END;

CREATE TABLE IF NOT EXISTS tripartite_log (
    log TEXT NOT NULL COLLATE BINARY,
    at INTEGER NOT NULL,
    id TEXT NOT NULL COLLATE BINARY,
    bytes BLOB NOT NULL,
    PRIMARY KEY (log, at, id),
    UNIQUE (log, id)
) STRICT, WITHOUT ROWID;
