BEGIN TRANSACTION;
CREATE TABLE members(
    local_id INTEGER PRIMARY KEY,
    external_id TEXT UNIQUE,
    active INTEGER NOT NULL DEFAULT 1,
    revision INTEGER NOT NULL DEFAULT 1 CHECK (typeof(revision) = 'integer'),
    "name" TEXT,
    "phone" TEXT
);
INSERT INTO members VALUES(1,'M1',1,1,'N1','p1');
INSERT INTO members VALUES(2,'M2',1,2,'N2','hers');
INSERT INTO members VALUES(3,'M3',1,1,'N3',NULL);
CREATE TABLE tripartite_meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO tripartite_meta VALUES('format','1');
INSERT INTO tripartite_meta VALUES('id_field','id');
INSERT INTO tripartite_meta VALUES('schema','{"absent":"no_opinion","strategy":"remote_wins","fields":{"name":{"kind":"name"},"phone":{"kind":"text"}}}');
CREATE TABLE tripartite_links(
    external_id TEXT PRIMARY KEY,
    base TEXT,
    base_schema BLOB,
    base_version INTEGER,
    seen BLOB,
    policy BLOB,
    synced_revision INTEGER,
    deactivated INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO tripartite_links VALUES('M1','{"name":"N1","phone":"p1"}',X'f50ce7ce92d01381155ea620607b136f',NULL,X'53029f81eeb7b9cc4992eaa8df450a91',X'1aee10c6756be1df3c6c478cbd17d579',1,0);
INSERT INTO tripartite_links VALUES('M2','{"name":"N2","phone":"p2"}',X'f50ce7ce92d01381155ea620607b136f',NULL,X'0866910a8aace6682a0a801551a35e42',X'1aee10c6756be1df3c6c478cbd17d579',1,0);
INSERT INTO tripartite_links VALUES('M3','{"name":"N3","phone":null}',X'f50ce7ce92d01381155ea620607b136f',NULL,X'f4287b1dbbc298a8091eb5cbdda437b4',X'1aee10c6756be1df3c6c478cbd17d579',1,0);
INSERT INTO tripartite_links VALUES('M4','{"name":"N4"}',X'f50ce7ce92d01381155ea620607b136f',NULL,X'fbc78375bed8eb588bf40426d37ec8c0',X'1aee10c6756be1df3c6c478cbd17d579',1,0);
CREATE TABLE tripartite_conflicts(
    external_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    conflict TEXT NOT NULL,
    why TEXT NOT NULL,
    opened_run TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    PRIMARY KEY(external_id, unit)
) STRICT, WITHOUT ROWID;
CREATE TABLE tripartite_audit(
    seq INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    at TEXT NOT NULL,
    external_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    field TEXT,
    verdict TEXT NOT NULL,
    detail TEXT,
    decision TEXT NOT NULL,
    entry TEXT NOT NULL
) STRICT;
INSERT INTO tripartite_audit VALUES(1,'2026-11-29T05:10:36Z-1','2026-11-29T05:10:36Z','M1','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO tripartite_audit VALUES(2,'2026-11-29T05:10:36Z-1','2026-11-29T05:10:36Z','M2','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO tripartite_audit VALUES(3,'2026-11-29T05:10:36Z-1','2026-11-29T05:10:36Z','M3','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO tripartite_audit VALUES(4,'2026-11-29T05:10:36Z-1','2026-11-29T05:10:36Z','M4','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
CREATE TABLE tripartite_runs(run TEXT PRIMARY KEY, at TEXT NOT NULL, report TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO tripartite_runs VALUES('2026-11-29T05:10:36Z-1','2026-11-29T05:10:36Z','{"run":"2026-11-29T05:10:36Z-1","at":"2026-11-29T05:10:36.376917824Z","outcome":"succeeded","dry_run":false,"plan_id":"6b53251c47f1a1da65bc7e610327bd48545978622043dc91c36ddcaf83a09991","processed":4,"created":4,"updated":0,"unchanged":0,"deactivated":0,"missing":0,"rekeyed":0,"linked":0,"reactivated":0,"conflicts_detected":0,"conflicts_resolved":0,"conflicts_open":0,"invalid_fields":0,"quarantined":0,"proposed":0,"skipped":0,"failed":0,"duplicates":0,"ignored":0,"withheld":0}');
CREATE INDEX tripartite_audit_run ON tripartite_audit(run);
CREATE TRIGGER members_updated AFTER UPDATE ON members
WHEN NEW.revision <= OLD.revision OR NEW.revision > 9007199254740991
BEGIN
    UPDATE members SET revision = OLD.revision + 1 WHERE local_id = NEW.local_id;
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
COMMIT;
