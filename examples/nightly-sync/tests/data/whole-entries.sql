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
INSERT INTO members VALUES(2,'M2',1,3,'N2','q2');
INSERT INTO members VALUES(3,'M3',1,2,'N3','q3');
INSERT INTO members VALUES(4,'M4',1,2,'N4','mine');
INSERT INTO members VALUES(5,'M5',1,2,'N5','5e400');
INSERT INTO members VALUES(6,'M6',0,2,'N6','p6');
CREATE TABLE tripartite_meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO tripartite_meta VALUES('format','2');
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
    deactivated INTEGER NOT NULL DEFAULT 0,
    shape INTEGER,
    print INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO tripartite_links VALUES('M1',NULL,NULL,NULL,X'53029f81eeb7b9cc4992eaa8df450a91',X'1aee10c6756be1df3c6c478cbd17d579',1,0,1,5981518635506055628);
INSERT INTO tripartite_links VALUES('M2',NULL,NULL,NULL,X'2fab47b59536ef29ae2cd215e74eb66d',X'1aee10c6756be1df3c6c478cbd17d579',3,0,1,3434917986018193193);
INSERT INTO tripartite_links VALUES('M3',NULL,NULL,NULL,X'afbdf082858149056432fe189dd1a118',X'1aee10c6756be1df3c6c478cbd17d579',2,0,1,-5783201903097591547);
INSERT INTO tripartite_links VALUES('M4',NULL,NULL,NULL,X'f2ab8bccbb53253c42fb009a9bd052e8',X'1aee10c6756be1df3c6c478cbd17d579',2,0,1,-960520384081091268);
INSERT INTO tripartite_links VALUES('M5',NULL,NULL,NULL,X'be9056570c4191b0b11eefb59a0d0629',X'1aee10c6756be1df3c6c478cbd17d579',2,0,1,-4715173877989142096);
INSERT INTO tripartite_links VALUES('M6',NULL,NULL,NULL,X'989eb0c506abafea38f3b8b9f162d453',X'1aee10c6756be1df3c6c478cbd17d579',1,2147483650,1,-7449322373357260822);
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
INSERT INTO tripartite_audit VALUES(1,'2026-11-29T13:06:49Z-1','2026-11-29T13:06:49Z','M1','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO tripartite_audit VALUES(2,'2026-11-29T13:06:49Z-1','2026-11-29T13:06:49Z','M2','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO tripartite_audit VALUES(3,'2026-11-29T13:06:49Z-1','2026-11-29T13:06:49Z','M3','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO tripartite_audit VALUES(4,'2026-11-29T13:06:49Z-1','2026-11-29T13:06:49Z','M4','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO tripartite_audit VALUES(5,'2026-11-29T13:06:49Z-1','2026-11-29T13:06:49Z','M5','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO tripartite_audit VALUES(6,'2026-11-29T13:06:49Z-1','2026-11-29T13:06:49Z','M6','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO tripartite_audit VALUES(7,'2026-11-29T13:06:49Z-2','2026-11-29T13:06:49Z','M2','field','phone','Conflict','BothChanged','TookRemote','{"field":{"field":"phone","verdict":"Conflict","detail":"BothChanged","decision":"TookRemote","rule":"source: remote_wins","base":"p2","local":"hers","remote":"q2","result":"q2","why":"Both sides changed phone, differently; by the rule \"source: remote_wins\" the source''s value was taken, and the audit keeps the one from here."}}');
INSERT INTO tripartite_audit VALUES(8,'2026-11-29T13:06:49Z-2','2026-11-29T13:06:49Z','M3','field','phone','RemoteOnly','Changed','TookRemote','{"field":{"field":"phone","verdict":"RemoteOnly","detail":"Changed","decision":"TookRemote","rule":"source: remote_wins","base":"p3","local":"p3","remote":"q3","result":"q3","why":"The source changed phone and nobody had edited it here, so the source''s value was taken."}}');
INSERT INTO tripartite_audit VALUES(9,'2026-11-29T13:06:49Z-2','2026-11-29T13:06:49Z','M4','field','phone','LocalOnly','Changed','Nothing','{"field":{"field":"phone","verdict":"LocalOnly","detail":"Changed","decision":"Nothing","rule":"source: remote_wins","base":"p4","local":"mine","remote":"p4","result":"mine","why":"Somebody here changed phone and the source still has the old value, so the edit stays."}}');
INSERT INTO tripartite_audit VALUES(10,'2026-11-29T13:06:49Z-2','2026-11-29T13:06:49Z','M5','field','phone','RemoteOnly','Changed','TookRemote','{"field":{"field":"phone","verdict":"RemoteOnly","detail":"Changed","decision":"TookRemote","rule":"source: remote_wins","base":"p5","local":"p5","remote":"5e400","result":"5e400","why":"The source changed phone and nobody had edited it here, so the source''s value was taken."}}');
INSERT INTO tripartite_audit VALUES(11,'2026-11-29T13:06:49Z-2','2026-11-29T13:06:49Z','M6','record',NULL,'Missing',NULL,'deactivate','{"record":{"situation":"Missing","action":"deactivate","why":"The source''s complete listing no longer has this record, so it was marked inactive."}}');
CREATE TABLE tripartite_runs(
    run TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    report TEXT NOT NULL,
    seq INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO tripartite_runs VALUES('2026-11-29T13:06:49Z-1','2026-11-29T13:06:49Z','{"run":"2026-11-29T13:06:49Z-1","at":"2026-11-29T13:06:49.183043259Z","outcome":"succeeded","dry_run":false,"plan_id":"317c4ccafe5f31ae15032dc4025a543d4c123e43a32ee3fd9f40f522b1a8d975","processed":6,"created":6,"updated":0,"unchanged":0,"deactivated":0,"missing":0,"rekeyed":0,"linked":0,"reactivated":0,"conflicts_detected":0,"conflicts_resolved":0,"conflicts_open":0,"invalid_fields":0,"quarantined":0,"proposed":0,"skipped":0,"failed":0,"duplicates":0,"ignored":0,"unanswered":0,"listed_all":true,"withheld":0}',1);
INSERT INTO tripartite_runs VALUES('2026-11-29T13:06:49Z-2','2026-11-29T13:06:49Z','{"run":"2026-11-29T13:06:49Z-2","at":"2026-11-29T13:06:49.511192785Z","outcome":"succeeded","dry_run":false,"plan_id":"a2e3bcdb9f48d0e1a427fa99bda9e58fac16daf08f64cebdc5c5abd0a3a01acb","processed":5,"created":0,"updated":3,"unchanged":2,"deactivated":1,"missing":0,"rekeyed":0,"linked":0,"reactivated":0,"conflicts_detected":1,"conflicts_resolved":1,"conflicts_open":0,"invalid_fields":0,"quarantined":0,"proposed":0,"skipped":0,"failed":0,"duplicates":0,"ignored":0,"unanswered":0,"listed_all":true,"withheld":0}',2);
CREATE TABLE tripartite_kept(external_id TEXT PRIMARY KEY, "name", "phone") WITHOUT ROWID;
INSERT INTO tripartite_kept VALUES('M4','N4','p4');
CREATE TABLE tripartite_shapes(id INTEGER PRIMARY KEY, schema BLOB NOT NULL, fields TEXT NOT NULL) STRICT;
INSERT INTO tripartite_shapes VALUES(1,X'f50ce7ce92d01381155ea620607b136f','["name","phone"]');
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
COMMIT;
