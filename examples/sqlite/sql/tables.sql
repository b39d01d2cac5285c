-- Beside the members. A name in braces is that of the register's own table, or of a column of its members: of the unnamed
-- register, and in a table of the store's own, it is what stands between the braces.

CREATE TABLE IF NOT EXISTS {tripartite_meta}(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- `base` holds the fields by their names, as the source spelt them, or those that do not stand in the row. `deactivated` is
-- what the last op said of how often the member was missed: that and 1 once a sync made it inactive, else so far below nought.
CREATE TABLE IF NOT EXISTS {tripartite_links}(
    external_id TEXT PRIMARY KEY,
    base TEXT,
    base_schema BLOB,
    base_version INTEGER,
    seen BLOB,
    policy BLOB,
    synced_revision INTEGER,
    deactivated INTEGER NOT NULL DEFAULT 0,
    shape INTEGER,
    print INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS {tripartite_conflicts}(
    external_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    conflict TEXT NOT NULL,
    why TEXT NOT NULL,
    opened_run TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    PRIMARY KEY(external_id, unit)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS {tripartite_runs}(
    run TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    report TEXT NOT NULL,
    seq INTEGER
) STRICT, WITHOUT ROWID;

-- The revision of a record whose row is gone.
CREATE TABLE IF NOT EXISTS {tripartite_removed}(external_id TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Which fields of a base are read from its row.
CREATE TABLE IF NOT EXISTS {tripartite_shapes}(id INTEGER PRIMARY KEY, schema BLOB NOT NULL, fields TEXT NOT NULL) STRICT;
