CREATE TABLE people(id INTEGER PRIMARY KEY, full_name TEXT, tel TEXT, tripartite_id TEXT, tripartite_active INTEGER NOT NULL DEFAULT 1, tripartite_revision INTEGER NOT NULL DEFAULT 1);

CREATE UNIQUE INDEX "tripartite_members_id" ON "people"("tripartite_id");

CREATE TABLE "tripartite_meta"(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE "tripartite_links"(
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

CREATE TABLE "tripartite_conflicts"(
    external_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    conflict TEXT NOT NULL,
    why TEXT NOT NULL,
    opened_run TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    PRIMARY KEY(external_id, unit)
) STRICT, WITHOUT ROWID;

CREATE TABLE "tripartite_runs"(
    run TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    report TEXT NOT NULL,
    seq INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE "tripartite_replaced"(local_id INTEGER PRIMARY KEY, external_id TEXT, active ANY, revision INTEGER) STRICT;

CREATE TABLE "tripartite_kept"(external_id TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE "tripartite_shapes"(id INTEGER PRIMARY KEY, schema BLOB NOT NULL, fields TEXT NOT NULL) STRICT;

CREATE TABLE "tripartite_kinds"(
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

CREATE INDEX "tripartite_kinds_run" ON "tripartite_kinds"(run, field, verdict, detail);

CREATE TABLE "tripartite_entries"(
    seq INTEGER PRIMARY KEY,
    external_id TEXT NOT NULL,
    kind INTEGER NOT NULL,
    entry TEXT
) STRICT;

CREATE VIEW "tripartite_audit" AS
SELECT seq, run, at, external_id, subject, field, verdict, detail, decision, ifnull(e.entry, k.entry) AS entry
FROM "tripartite_entries" e CROSS JOIN "tripartite_kinds" k ON k.id = e.kind;

CREATE TRIGGER "tripartite_audit_inserted" INSTEAD OF INSERT ON "tripartite_audit"
BEGIN
    INSERT INTO "tripartite_kinds"(run, at, subject, field, verdict, detail, decision)
    SELECT NEW.run, NEW.at, NEW.subject, NEW.field, NEW.verdict, NEW.detail, NEW.decision
    WHERE NOT EXISTS (SELECT 1 FROM "tripartite_kinds" k WHERE k.run = NEW.run AND k.field IS NEW.field AND k.verdict = NEW.verdict AND k.detail IS NEW.detail AND k.at = NEW.at AND k.subject = NEW.subject AND k.decision = NEW.decision);
    INSERT INTO "tripartite_entries"(seq, external_id, kind, entry)
    SELECT NEW.seq, NEW.external_id, min(k.id), NEW.entry FROM "tripartite_kinds" k WHERE k.run = NEW.run AND k.field IS NEW.field AND k.verdict = NEW.verdict AND k.detail IS NEW.detail AND k.at = NEW.at AND k.subject = NEW.subject AND k.decision = NEW.decision;
    UPDATE "tripartite_kinds" SET
        first = min(ifnull(first, last_insert_rowid()), last_insert_rowid()),
        last = max(ifnull(last, last_insert_rowid()), last_insert_rowid())
    WHERE id = (SELECT kind FROM "tripartite_entries" WHERE seq = last_insert_rowid());
END;

CREATE TRIGGER "tripartite_audit_deleted" INSTEAD OF DELETE ON "tripartite_audit"
BEGIN
    DELETE FROM "tripartite_kinds" WHERE id = (SELECT kind FROM "tripartite_entries" WHERE seq = OLD.seq)
    AND NOT EXISTS (
        SELECT 1 FROM "tripartite_entries" e
        WHERE e.seq BETWEEN first AND last AND e.seq <> OLD.seq AND e.kind = "tripartite_kinds".id
    );
    DELETE FROM "tripartite_entries" WHERE seq = OLD.seq;
END;

CREATE TRIGGER "tripartite_audit_updated" INSTEAD OF UPDATE ON "tripartite_audit"
BEGIN
    DELETE FROM "tripartite_audit" WHERE seq = OLD.seq;
    INSERT INTO "tripartite_audit" VALUES (
        NEW.seq, NEW.run, NEW.at, NEW.external_id, NEW.subject, NEW.field, NEW.verdict, NEW.detail, NEW.decision,
        NEW.entry
    );
END;

CREATE TABLE "tripartite_removed"(external_id TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TRIGGER "tripartite_members_updated" AFTER UPDATE ON "people"
WHEN NEW."tripartite_revision" <= OLD."tripartite_revision" OR NEW."tripartite_revision" > 9007199254740991
    OR NEW."tripartite_id" IS NOT OLD."tripartite_id" AND EXISTS (
        SELECT 1 FROM "tripartite_removed" WHERE external_id = NEW."tripartite_id" AND revision >= NEW."tripartite_revision"
    )
BEGIN
    UPDATE "people" SET "tripartite_revision" = max(
        OLD."tripartite_revision",
        iif(NEW."tripartite_id" IS OLD."tripartite_id", 0, ifnull(
            (SELECT revision FROM "tripartite_removed" WHERE external_id = NEW."tripartite_id"), 0
        ))
    ) + 1 WHERE "id" = NEW."id";
END;

CREATE TRIGGER "tripartite_members_entered" AFTER INSERT ON "people"
WHEN EXISTS (SELECT 1 FROM "tripartite_links" WHERE external_id = NEW."tripartite_id")
BEGIN
    UPDATE "people" SET "tripartite_revision" = max(
        NEW."tripartite_revision",
        (SELECT ifnull(synced_revision, 0) FROM "tripartite_links" WHERE external_id = NEW."tripartite_id")
    ) + 1000000 + abs(random() % 1000000000)
    WHERE "id" = NEW."id";
END;

CREATE TRIGGER "tripartite_members_activity" AFTER UPDATE OF "tripartite_active" ON "people"
WHEN NEW."tripartite_active" IS NOT OLD."tripartite_active"
BEGIN
    UPDATE "tripartite_links" SET deactivated = iif(deactivated > 0, 1 - deactivated, deactivated)
    WHERE external_id = NEW."tripartite_id";
END;

CREATE TRIGGER "tripartite_members_removed" AFTER DELETE ON "people"
WHEN EXISTS (SELECT 1 FROM "tripartite_links" WHERE external_id = OLD."tripartite_id")
BEGIN
    INSERT INTO "tripartite_removed"(external_id, revision) SELECT OLD."tripartite_id", 0
    WHERE NOT EXISTS (SELECT 1 FROM "tripartite_removed" WHERE external_id = OLD."tripartite_id");
    UPDATE "tripartite_removed" SET revision = max(revision, OLD."tripartite_revision") + 1 WHERE external_id = OLD."tripartite_id";
END;

CREATE TRIGGER "tripartite_members_unlinked" AFTER UPDATE OF "tripartite_id" ON "people"
WHEN NEW."tripartite_id" IS NOT OLD."tripartite_id"
    AND EXISTS (SELECT 1 FROM "tripartite_links" WHERE external_id = OLD."tripartite_id")
BEGIN
    INSERT INTO "tripartite_removed"(external_id, revision) SELECT OLD."tripartite_id", 0
    WHERE NOT EXISTS (SELECT 1 FROM "tripartite_removed" WHERE external_id = OLD."tripartite_id");
    UPDATE "tripartite_removed" SET revision = max(revision, OLD."tripartite_revision") + 1 WHERE external_id = OLD."tripartite_id";
END;

CREATE TRIGGER "tripartite_members_replacing" BEFORE INSERT ON "people" WHEN NEW."id" <> -1
BEGIN
    DELETE FROM "tripartite_replaced";
    INSERT INTO "tripartite_replaced"(local_id, external_id, active, revision)
    SELECT "id", "tripartite_id", "tripartite_active", "tripartite_revision" FROM "people"
    WHERE "id" = NEW."id" AND "tripartite_id" IS NOT NULL;
END;

CREATE TRIGGER "tripartite_members_replaced" AFTER INSERT ON "people"
WHEN NEW."tripartite_id" IS NULL AND EXISTS (SELECT 1 FROM "tripartite_replaced" WHERE local_id = NEW."id")
BEGIN
    UPDATE "people" SET ("tripartite_id", "tripartite_active", "tripartite_revision") =
        (SELECT external_id, active, revision + 1 FROM "tripartite_replaced" WHERE local_id = NEW."id")
    WHERE "id" = NEW."id";
    DELETE FROM "tripartite_replaced";
END;
