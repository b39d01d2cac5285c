CREATE TABLE members(
    local_id INTEGER PRIMARY KEY,
    external_id TEXT UNIQUE,
    active INTEGER NOT NULL DEFAULT 1,
    revision INTEGER NOT NULL DEFAULT 1 CHECK (typeof(revision) = 'integer'),
    "name" TEXT,
    "phone" TEXT
);

CREATE TABLE tripartite_meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE tripartite_links(
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

CREATE TABLE tripartite_conflicts(
    external_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    conflict TEXT NOT NULL,
    why TEXT NOT NULL,
    opened_run TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    PRIMARY KEY(external_id, unit)
) STRICT, WITHOUT ROWID;

CREATE TABLE tripartite_runs(
    run TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    report TEXT NOT NULL,
    seq INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE tripartite_removed(external_id TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE tripartite_kinds(
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

CREATE INDEX tripartite_kinds_run ON tripartite_kinds(run, field, verdict, detail);

CREATE TABLE tripartite_entries(
    seq INTEGER PRIMARY KEY,
    external_id TEXT NOT NULL,
    kind INTEGER NOT NULL,
    entry TEXT
) STRICT;

CREATE VIEW tripartite_audit AS
SELECT seq, run, at, external_id, subject, field, verdict, detail, decision, ifnull(e.entry, k.entry) AS entry
FROM tripartite_entries e CROSS JOIN tripartite_kinds k ON k.id = e.kind;

CREATE TRIGGER tripartite_audit_inserted INSTEAD OF INSERT ON tripartite_audit
BEGIN
    INSERT INTO tripartite_kinds(run, at, subject, field, verdict, detail, decision)
    SELECT NEW.run, NEW.at, NEW.subject, NEW.field, NEW.verdict, NEW.detail, NEW.decision
    WHERE NOT EXISTS (SELECT 1 FROM tripartite_kinds k WHERE k.run = NEW.run AND k.field IS NEW.field AND k.verdict = NEW.verdict AND k.detail IS NEW.detail AND k.at = NEW.at AND k.subject = NEW.subject AND k.decision = NEW.decision);
    INSERT INTO tripartite_entries(seq, external_id, kind, entry)
    SELECT NEW.seq, NEW.external_id, min(k.id), NEW.entry FROM tripartite_kinds k WHERE k.run = NEW.run AND k.field IS NEW.field AND k.verdict = NEW.verdict AND k.detail IS NEW.detail AND k.at = NEW.at AND k.subject = NEW.subject AND k.decision = NEW.decision;
    UPDATE tripartite_kinds SET
        first = min(ifnull(first, last_insert_rowid()), last_insert_rowid()),
        last = max(ifnull(last, last_insert_rowid()), last_insert_rowid())
    WHERE id = (SELECT kind FROM tripartite_entries WHERE seq = last_insert_rowid());
END;

CREATE TRIGGER tripartite_audit_deleted INSTEAD OF DELETE ON tripartite_audit
BEGIN
    DELETE FROM tripartite_kinds WHERE id = (SELECT kind FROM tripartite_entries WHERE seq = OLD.seq)
    AND NOT EXISTS (
        SELECT 1 FROM tripartite_entries e
        WHERE e.seq BETWEEN first AND last AND e.seq <> OLD.seq AND e.kind = tripartite_kinds.id
    );
    DELETE FROM tripartite_entries WHERE seq = OLD.seq;
END;

CREATE TRIGGER tripartite_audit_updated INSTEAD OF UPDATE ON tripartite_audit
BEGIN
    DELETE FROM tripartite_audit WHERE seq = OLD.seq;
    INSERT INTO tripartite_audit VALUES (
        NEW.seq, NEW.run, NEW.at, NEW.external_id, NEW.subject, NEW.field, NEW.verdict, NEW.detail, NEW.decision,
        NEW.entry
    );
END;

CREATE TRIGGER members_updated AFTER UPDATE ON members
WHEN NEW.revision <= OLD.revision OR NEW.revision > 9007199254740991
    OR NEW.external_id IS NOT OLD.external_id AND EXISTS (
        SELECT 1 FROM tripartite_removed WHERE external_id = NEW.external_id AND revision >= NEW.revision
    )
BEGIN
    UPDATE members SET revision = max(
        OLD.revision,
        iif(NEW.external_id IS OLD.external_id, 0, ifnull(
            (SELECT revision FROM tripartite_removed WHERE external_id = NEW.external_id), 0
        ))
    ) + 1 WHERE local_id = NEW.local_id;
END;

CREATE TRIGGER members_entered AFTER INSERT ON members
WHEN EXISTS (SELECT 1 FROM tripartite_links WHERE external_id = NEW.external_id)
BEGIN
    UPDATE members SET revision = max(
        NEW.revision,
        (SELECT ifnull(synced_revision, 0) FROM tripartite_links WHERE external_id = NEW.external_id)
    ) + 1000000 + abs(random() % 1000000000)
    WHERE local_id = NEW.local_id;
END;

CREATE TRIGGER members_activity AFTER UPDATE OF active ON members
WHEN NEW.active IS NOT OLD.active
BEGIN
    UPDATE tripartite_links SET deactivated = iif(deactivated > 0, 1 - deactivated, deactivated)
    WHERE external_id = NEW.external_id;
END;

CREATE TRIGGER members_removed AFTER DELETE ON members
WHEN EXISTS (SELECT 1 FROM tripartite_links WHERE external_id = OLD.external_id)
BEGIN
    INSERT INTO tripartite_removed(external_id, revision) SELECT OLD.external_id, 0
    WHERE NOT EXISTS (SELECT 1 FROM tripartite_removed WHERE external_id = OLD.external_id);
    UPDATE tripartite_removed SET revision = max(revision, OLD.revision) + 1 WHERE external_id = OLD.external_id;
END;

CREATE TRIGGER members_unlinked AFTER UPDATE OF external_id ON members
WHEN NEW.external_id IS NOT OLD.external_id
    AND EXISTS (SELECT 1 FROM tripartite_links WHERE external_id = OLD.external_id)
BEGIN
    INSERT INTO tripartite_removed(external_id, revision) SELECT OLD.external_id, 0
    WHERE NOT EXISTS (SELECT 1 FROM tripartite_removed WHERE external_id = OLD.external_id);
    UPDATE tripartite_removed SET revision = max(revision, OLD.revision) + 1 WHERE external_id = OLD.external_id;
END;

CREATE TABLE tripartite_kept(external_id TEXT PRIMARY KEY, "name", "phone") WITHOUT ROWID;

CREATE TRIGGER members_kept_updated BEFORE UPDATE OF local_id, external_id, "name", "phone" ON members
WHEN NEW.local_id IS NOT OLD.local_id OR EXISTS (
    SELECT 1 FROM tripartite_links WHERE external_id IN (OLD.external_id, NEW.external_id) AND shape IS NOT NULL
)
BEGIN
    INSERT INTO tripartite_kept(external_id, "name", "phone")
    SELECT external_id, members."name", members."phone" FROM members WHERE (local_id IN (OLD.local_id, NEW.local_id) OR external_id = NEW.external_id)
    AND EXISTS (SELECT 1 FROM tripartite_links l WHERE l.external_id = members.external_id AND l.shape IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM tripartite_kept k WHERE k.external_id = members.external_id);
END;

CREATE TRIGGER members_kept_entered BEFORE INSERT ON members
WHEN EXISTS (SELECT 1 FROM tripartite_links WHERE external_id = NEW.external_id AND shape IS NOT NULL)
    OR NEW.local_id <> -1 AND EXISTS (SELECT 1 FROM members WHERE local_id = NEW.local_id)
BEGIN
    INSERT INTO tripartite_kept(external_id, "name", "phone")
    SELECT external_id, members."name", members."phone" FROM members WHERE (local_id = NEW.local_id OR external_id = NEW.external_id)
    AND EXISTS (SELECT 1 FROM tripartite_links l WHERE l.external_id = members.external_id AND l.shape IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM tripartite_kept k WHERE k.external_id = members.external_id);
END;

CREATE TRIGGER members_kept_deleted BEFORE DELETE ON members
WHEN EXISTS (SELECT 1 FROM tripartite_links WHERE external_id = OLD.external_id AND shape IS NOT NULL)
BEGIN
    INSERT INTO tripartite_kept(external_id, "name", "phone")
    SELECT external_id, members."name", members."phone" FROM members WHERE (local_id = OLD.local_id)
    AND EXISTS (SELECT 1 FROM tripartite_links l WHERE l.external_id = members.external_id AND l.shape IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM tripartite_kept k WHERE k.external_id = members.external_id);
END;

CREATE TRIGGER tripartite_links_kept AFTER DELETE ON tripartite_links
BEGIN
    DELETE FROM tripartite_kept WHERE external_id = OLD.external_id;
END;

CREATE TABLE tripartite_shapes(id INTEGER PRIMARY KEY, schema BLOB NOT NULL, fields TEXT NOT NULL) STRICT;
