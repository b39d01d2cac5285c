BEGIN;
CREATE TABLE members(
    local_id INTEGER PRIMARY KEY,
    external_id TEXT UNIQUE,
    active INTEGER NOT NULL DEFAULT 1,
    revision INTEGER NOT NULL DEFAULT 1 CHECK (typeof(revision) = 'integer'),
    "name" TEXT,
    "phone" TEXT,
    "clubs" TEXT
);
INSERT INTO "members" VALUES(1,'M1',1,1,'N1','p1','["A"]');
INSERT INTO "members" VALUES(2,'M2',1,3,'N2','ours','["A"]');
INSERT INTO "members" VALUES(3,'M3',1,2,'N3','q3','["A"]');
INSERT INTO "members" VALUES(4,'M4',1,2,'N4','ours','["A"]');
INSERT INTO "members" VALUES(5,'M5',1,1,'N5','p5','["A"]');
INSERT INTO "members" VALUES(6,'M6',1,1,'N6','p6','["A"]');
INSERT INTO "members" VALUES(7,'M7',1,1,'N7','p7','["A"]');
INSERT INTO "members" VALUES(8,'M8',1,1,'N8','p8','["A"]');
INSERT INTO "members" VALUES(9,'M9',0,3,'N9','p9','["A"]');
INSERT INTO "members" VALUES(10,'M10',1,1,'N10','p10','["A"]');
INSERT INTO "members" VALUES(11,'M11',1,1,'N11','p11','["A"]');
INSERT INTO "members" VALUES(12,'M12',0,2,'N12','p12','["A"]');
CREATE TABLE tripartite_meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_meta" VALUES('format','1');
INSERT INTO "tripartite_meta" VALUES('id_field','id');
INSERT INTO "tripartite_meta" VALUES('schema','{"absent":"no_opinion","strategy":"merge","fields":{"name":{"kind":"name"},"phone":{"kind":"text"},"clubs":{"kind":"set","of":{"kind":"text"}}}}');
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
INSERT INTO "tripartite_links" VALUES('M1','{"name":"N1","phone":"p1","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'3C77EB19333BF4174A817CB02C6AEB7A',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links" VALUES('M10','{"name":"N10","phone":"p10","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'F6FA8A0F5134C20D36F0EA71B31DB043',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links" VALUES('M11','{"name":"N11","phone":"p11","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'760A70B34685516113FCEA56390207F5',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links" VALUES('M12','{"name":"N12","phone":"p12","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'82C5B034BC97E40E87C9ADDF1691B143',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,1);
INSERT INTO "tripartite_links" VALUES('M2','{"name":"N2","phone":"p2","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'43CF4CC3F7A8FEFE8364043E7F9B47FE',X'AEFBA16D8C19BF5283D0E65D55B48DA1',3,0);
INSERT INTO "tripartite_links" VALUES('M3','{"name":"N3","phone":"q3","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'FCB524826CE134B13868EE1C0AA28858',X'AEFBA16D8C19BF5283D0E65D55B48DA1',2,0);
INSERT INTO "tripartite_links" VALUES('M4','{"name":"N4","phone":"p4","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'F285FE415B0D31D192F04387D912FD18',X'AEFBA16D8C19BF5283D0E65D55B48DA1',2,0);
INSERT INTO "tripartite_links" VALUES('M5','{"name":"N5","phone":"p5","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'2B49CC20AE560BA33C051F21BB192F0F',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links" VALUES('M6','{"name":"N6","phone":"p6","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'AE14A0D93B6EEBA3B8CF01F51CFEA072',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links" VALUES('M7','{"name":"N7","phone":"p7","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'90AAA6D194AC47F32B99C2A7F16A0534',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links" VALUES('M8','{"name":"N8","phone":"p8","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'1B1F2840F75707A93AA651F3D1966843',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links" VALUES('M9','{"name":"N9","phone":"p9","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'6CBCF62F4EC481D8D3677021E2396ABA',X'AEFBA16D8C19BF5283D0E65D55B48DA1',3,0);
CREATE TABLE tripartite_conflicts(
    external_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    conflict TEXT NOT NULL,
    why TEXT NOT NULL,
    opened_run TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    PRIMARY KEY(external_id, unit)
) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_conflicts" VALUES('M2','phone','{"unit":"phone","clash":"BothChanged","paths":[],"base":"p2","local":"ours","remote":"theirs"}','Both sides changed phone, differently; by the rule "source: merge" the value here stays until somebody decides.','2024-11-29T05:05:56Z-2','2024-11-29T05:05:56Z');
INSERT INTO "tripartite_conflicts" VALUES('M9','','{"unit":"","clash":"LocalCleared","paths":[],"base":{"phone":"p9"},"local":null,"remote":{"phone":"q9"}}','The source changed this record, but somebody here removed it, so it stays removed.','2024-11-29T05:05:56Z-2','2024-11-29T05:05:56Z');
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
INSERT INTO "tripartite_audit" VALUES(1,'2024-11-29T05:05:56Z-1','2024-11-29T05:05:56Z','M1','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit" VALUES(2,'2024-11-29T05:05:56Z-1','2024-11-29T05:05:56Z','M2','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit" VALUES(3,'2024-11-29T05:05:56Z-1','2024-11-29T05:05:56Z','M3','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit" VALUES(4,'2024-11-29T05:05:56Z-1','2024-11-29T05:05:56Z','M4','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit" VALUES(5,'2024-11-29T05:05:56Z-1','2024-11-29T05:05:56Z','M5','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit" VALUES(6,'2024-11-29T05:05:56Z-1','2024-11-29T05:05:56Z','M6','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit" VALUES(7,'2024-11-29T05:05:56Z-1','2024-11-29T05:05:56Z','M7','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit" VALUES(8,'2024-11-29T05:05:56Z-1','2024-11-29T05:05:56Z','M8','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit" VALUES(9,'2024-11-29T05:05:56Z-1','2024-11-29T05:05:56Z','M9','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit" VALUES(10,'2024-11-29T05:05:56Z-1','2024-11-29T05:05:56Z','M10','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit" VALUES(11,'2024-11-29T05:05:56Z-1','2024-11-29T05:05:56Z','M11','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit" VALUES(12,'2024-11-29T05:05:56Z-1','2024-11-29T05:05:56Z','M12','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit" VALUES(13,'2024-11-29T05:05:56Z-2','2024-11-29T05:05:56Z','M2','field','phone','Conflict','BothChanged','HeldOpen','{"field":{"field":"phone","verdict":"Conflict","detail":"BothChanged","decision":"HeldOpen","rule":"source: merge","base":"p2","local":"ours","remote":"theirs","result":"ours","why":"Both sides changed phone, differently; by the rule \"source: merge\" the value here stays until somebody decides."}}');
INSERT INTO "tripartite_audit" VALUES(14,'2024-11-29T05:05:56Z-2','2024-11-29T05:05:56Z','M3','field','phone','RemoteOnly','Changed','TookRemote','{"field":{"field":"phone","verdict":"RemoteOnly","detail":"Changed","decision":"TookRemote","rule":"source: merge","base":"p3","local":"p3","remote":"q3","result":"q3","why":"The source changed phone and nobody had edited it here, so the source''s value was taken."}}');
INSERT INTO "tripartite_audit" VALUES(15,'2024-11-29T05:05:56Z-2','2024-11-29T05:05:56Z','M4','field','phone','LocalOnly','Changed','Nothing','{"field":{"field":"phone","verdict":"LocalOnly","detail":"Changed","decision":"Nothing","rule":"source: merge","base":"p4","local":"ours","remote":"p4","result":"ours","why":"Somebody here changed phone and the source still has the old value, so the edit stays."}}');
INSERT INTO "tripartite_audit" VALUES(16,'2024-11-29T05:05:56Z-2','2024-11-29T05:05:56Z','M9','record',NULL,'DeleteVsEdit',NULL,'touch','{"record":{"situation":"DeleteVsEdit","action":"touch","why":"The source changed this record, but somebody here removed it, so it stays removed."}}');
INSERT INTO "tripartite_audit" VALUES(17,'2024-11-29T05:05:56Z-2','2024-11-29T05:05:56Z','M12','record',NULL,'Missing',NULL,'deactivate','{"record":{"situation":"Missing","action":"deactivate","why":"The source''s complete listing no longer has this record, so it was marked inactive."}}');
CREATE TABLE tripartite_runs(run TEXT PRIMARY KEY, at TEXT NOT NULL, report TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_runs" VALUES('2024-11-29T05:05:56Z-1','2024-11-29T05:05:56Z','{"run":"2024-11-29T05:05:56Z-1","at":"2024-11-29T05:05:56.865048588Z","outcome":"succeeded","dry_run":false,"plan_id":"8047a0aad10420a1aa13da4cc2b0bb73","processed":12,"created":12,"updated":0,"unchanged":0,"deactivated":0,"missing":0,"rekeyed":0,"linked":0,"reactivated":0,"conflicts_detected":0,"conflicts_resolved":0,"conflicts_open":0,"invalid_fields":0,"quarantined":0,"proposed":0,"skipped":0,"failed":0,"duplicates":0,"ignored":0,"withheld":0}');
INSERT INTO "tripartite_runs" VALUES('2024-11-29T05:05:56Z-2','2024-11-29T05:05:56Z','{"run":"2024-11-29T05:05:56Z-2","at":"2024-11-29T05:05:56.941636458Z","outcome":"succeeded","dry_run":false,"plan_id":"8320e6c2905e1b4a9cbf0d65af14c68c","processed":11,"created":0,"updated":1,"unchanged":10,"deactivated":1,"missing":0,"rekeyed":0,"linked":0,"reactivated":0,"conflicts_detected":2,"conflicts_resolved":0,"conflicts_open":2,"invalid_fields":0,"quarantined":0,"proposed":0,"skipped":0,"failed":0,"duplicates":0,"ignored":0,"withheld":0}');
CREATE TABLE tripartite_jobs (
        key TEXT NOT NULL COLLATE BINARY PRIMARY KEY,
        bytes BLOB NOT NULL,
        due INTEGER,
        shard INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 65535),
        version INTEGER NOT NULL CHECK (version > 0)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_jobs" VALUES('connection/federation',CAST('{"connection":{"format":1,"connector":"federation","name":"federation","status":"active","enabled":true,"schedule":{"cron":{"expression":"15 2 * * *","zone":"Europe/Dublin"}},"missed":"coalesce","policy":"schema","orgs":{"athlone":{"external":"LISTING","enabled_at":"2024-11-29T05:05:57.162623711Z","last_success":"2024-11-29T05:05:57.613720382Z"},"ballybeg":{"external":"LISTING","enabled_at":"2024-11-29T05:05:56.970856645Z","last_success":"2024-11-29T05:05:57.787835720Z"},"cashel":{"external":"LISTING","enabled_at":"2024-11-29T05:05:57.251951676Z","last_success":"2024-11-29T05:05:57.441748609Z"},"kilmore":{"external":"LISTING","enabled_at":"2024-11-29T05:05:57.051993751Z","last_success":"2024-11-29T05:05:57.529667299Z"}}},"through":"2024-11-29T05:05:56.970856645Z"}' AS BLOB),1732932900000000,0,9);
INSERT INTO "tripartite_jobs" VALUES('gate/federation',CAST('{"format":1,"tickets":[],"started_at":"2024-11-29T05:05:57.923330841Z","updated_at":"2024-11-29T05:05:57.988810077Z"}' AS BLOB),NULL,7,16);
INSERT INTO "tripartite_jobs" VALUES('health/athlone/federation',CAST('{"format":1,"circuit":"closed","judged":1,"failures":0,"last_success":"2024-11-29T05:05:57.613720382Z","updated_at":"2024-11-29T05:05:57.613720382Z"}' AS BLOB),NULL,1,1);
INSERT INTO "tripartite_jobs" VALUES('health/ballybeg/federation',CAST('{"format":1,"circuit":"closed","judged":2,"failures":0,"last_success":"2024-11-29T05:05:57.787835720Z","updated_at":"2024-11-29T05:05:57.787835720Z"}' AS BLOB),NULL,5,2);
INSERT INTO "tripartite_jobs" VALUES('health/cashel/federation',CAST('{"format":1,"circuit":"closed","judged":2,"failures":1,"last_success":"2024-11-29T05:05:57.441748609Z","updated_at":"2024-11-29T05:05:57.988810077Z"}' AS BLOB),NULL,3,2);
INSERT INTO "tripartite_jobs" VALUES('health/kilmore/federation',CAST('{"format":1,"circuit":"closed","judged":1,"failures":0,"last_success":"2024-11-29T05:05:57.529667299Z","updated_at":"2024-11-29T05:05:57.529667299Z"}' AS BLOB),NULL,1,1);
INSERT INTO "tripartite_jobs" VALUES('slot/athlone/federation',CAST('{"format":1,"state":{"pending":{"due_at":"2024-11-29T05:06:03.130150476Z","work":{"scope":"all","policy":"schema","by":"manual","upto":2}}},"token":1,"nonce":"4701-1795928757397724-0/3","failures":0,"rescues":0,"snoozes":0,"redrives":0,"wanted":2,"taken":1,"covered":1,"recent":[["tripartite/end-1",{"completed":{"follow_up":false}}]],"updated_at":"2024-11-29T05:06:03.130150476Z"}' AS BLOB),1732856763130150,5,6);
INSERT INTO "tripartite_jobs" VALUES('slot/ballybeg/federation',CAST('{"format":1,"state":"idle","token":2,"nonce":"4710-1795928757760262-0/1","failures":0,"rescues":0,"snoozes":0,"redrives":0,"wanted":2,"taken":2,"covered":2,"recent":[["tripartite/end-1",{"completed":{"follow_up":false}}],["tripartite/end-2",{"completed":{"follow_up":false}}]],"updated_at":"2024-11-29T05:05:57.787835720Z"}' AS BLOB),NULL,6,9);
INSERT INTO "tripartite_jobs" VALUES('slot/cashel/federation',CAST('{"format":1,"state":{"pending":{"due_at":"2024-11-29T05:07:57.988810077Z","work":{"scope":"all","policy":"schema","by":"manual","upto":2}}},"token":2,"nonce":"4737-1795928757922397-0/1","failures":1,"rescues":0,"snoozes":0,"redrives":0,"wanted":2,"taken":2,"covered":1,"recent":[["tripartite/end-1",{"completed":{"follow_up":false}}],["tripartite/end-2",{"retrying":{"at":"2024-11-29T05:07:57.988810077Z"}}]],"updated_at":"2024-11-29T05:05:57.988810077Z"}' AS BLOB),1732856877988810,2,9);
INSERT INTO "tripartite_jobs" VALUES('slot/kilmore/federation',CAST('{"format":1,"state":{"pending":{"due_at":"2024-11-29T05:06:03.108207435Z","work":{"scope":"all","policy":"schema","by":"manual","upto":2}}},"paused":true,"token":1,"nonce":"4701-1795928757397724-0/2","failures":0,"rescues":0,"snoozes":0,"redrives":0,"wanted":2,"taken":1,"covered":1,"recent":[["tripartite/end-1",{"completed":{"follow_up":false}}]],"updated_at":"2024-11-29T05:06:03.108207435Z"}' AS BLOB),NULL,4,7);
INSERT INTO "tripartite_jobs" VALUES('told/athlone/federation',CAST('{"format":1,"token":1,"waiting":0}' AS BLOB),NULL,3,1);
INSERT INTO "tripartite_jobs" VALUES('told/ballybeg/federation',CAST('{"format":1,"token":2,"blocked":"the listing is complete but empty, while 11 records are active here; 11 of 11 records would be deactivated, because the listing no longer has them; at most 20 % may be, unasked","waiting":0}' AS BLOB),NULL,3,2);
INSERT INTO "tripartite_jobs" VALUES('told/cashel/federation',CAST('{"format":1,"token":1,"waiting":0}' AS BLOB),NULL,7,1);
INSERT INTO "tripartite_jobs" VALUES('told/kilmore/federation',CAST('{"format":1,"token":1,"waiting":0}' AS BLOB),NULL,1,1);
CREATE TABLE tripartite_jobs_meta (
        only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
        format INTEGER NOT NULL,
        deleted INTEGER NOT NULL
    ) STRICT;
INSERT INTO "tripartite_jobs_meta" VALUES(1,1,0);
CREATE TABLE tripartite_log (
        log TEXT NOT NULL COLLATE BINARY,
        at INTEGER NOT NULL,
        id TEXT NOT NULL COLLATE BINARY,
        bytes BLOB NOT NULL,
        PRIMARY KEY (log, at, id),
        UNIQUE (log, id)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_log" VALUES('history/athlone/federation',1732856757613720,'00000000000000000001',CAST('{"format":1,"org":"athlone","connector":"federation","token":1,"worker":"4701-1795928757397724-0","work":{"scope":"all","policy":"schema","by":"manual","upto":1},"number":1,"started_at":"2024-11-29T05:05:57.581464188Z","ended_at":"2024-11-29T05:05:57.613720382Z","progress":{"done":11,"counts":{"created":11,"processed":11}},"ended":{"completed":{"result":"2024-11-29T05:05:57Z-1"}}}' AS BLOB));
INSERT INTO "tripartite_log" VALUES('history/ballybeg/federation',1732856757656238,'00000000000000000001',CAST('{"format":1,"org":"ballybeg","connector":"federation","token":1,"worker":"4701-1795928757397724-0","work":{"scope":"all","policy":"schema","by":"manual","upto":1},"number":1,"started_at":"2024-11-29T05:05:57.641412133Z","ended_at":"2024-11-29T05:05:57.656238725Z","progress":{"done":11,"counts":{"created":11,"processed":11}},"ended":{"completed":{"result":"2024-11-29T05:05:57Z-1"}}}' AS BLOB));
INSERT INTO "tripartite_log" VALUES('history/ballybeg/federation',1732856757787835,'00000000000000000002',CAST('{"format":1,"org":"ballybeg","connector":"federation","token":2,"worker":"4710-1795928757760262-0","work":{"scope":"all","policy":"schema","by":"manual","upto":2},"number":1,"started_at":"2024-11-29T05:05:57.765627150Z","ended_at":"2024-11-29T05:05:57.787835720Z","progress":{"done":0,"counts":{"deactivated":11}},"ended":{"completed":{"result":"2024-11-29T05:05:57Z-2"}}}' AS BLOB));
INSERT INTO "tripartite_log" VALUES('history/cashel/federation',1732856757441748,'00000000000000000001',CAST('{"format":1,"org":"cashel","connector":"federation","token":1,"worker":"4701-1795928757397724-0","work":{"scope":"all","policy":"schema","by":"manual","upto":1},"number":1,"started_at":"2024-11-29T05:05:57.398694706Z","ended_at":"2024-11-29T05:05:57.441748609Z","progress":{"done":11,"counts":{"created":11,"processed":11}},"ended":{"completed":{"result":"2024-11-29T05:05:57Z-1"}}}' AS BLOB));
INSERT INTO "tripartite_log" VALUES('history/cashel/federation',1732856757988810,'00000000000000000002',CAST('{"format":1,"org":"cashel","connector":"federation","token":2,"worker":"4737-1795928757922397-0","work":{"scope":"all","policy":"schema","by":"manual","upto":2},"number":1,"started_at":"2024-11-29T05:05:57.923330841Z","ended_at":"2024-11-29T05:05:57.988810077Z","progress":{"done":0},"ended":{"failed":{"failure":{"retry":{"after":null}},"message":"LISTING cannot be read: No such file or directory (os error 2)","retry_at":"2024-11-29T05:07:57.988810077Z"}}}' AS BLOB));
INSERT INTO "tripartite_log" VALUES('history/kilmore/federation',1732856757529667,'00000000000000000001',CAST('{"format":1,"org":"kilmore","connector":"federation","token":1,"worker":"4701-1795928757397724-0","work":{"scope":"all","policy":"schema","by":"manual","upto":1},"number":1,"started_at":"2024-11-29T05:05:57.497403720Z","ended_at":"2024-11-29T05:05:57.529667299Z","progress":{"done":11,"counts":{"created":11,"processed":11}},"ended":{"completed":{"result":"2024-11-29T05:05:57Z-1"}}}' AS BLOB));
CREATE TABLE "members/ballybeg/federation"(
    local_id INTEGER PRIMARY KEY,
    external_id TEXT UNIQUE,
    active INTEGER NOT NULL DEFAULT 1,
    revision INTEGER NOT NULL DEFAULT 1 CHECK (typeof(revision) = 'integer'),
    "name" TEXT,
    "phone" TEXT,
    "clubs" TEXT
);
INSERT INTO "members/ballybeg/federation" VALUES(1,'M1',1,1,'N1','p1','["A"]');
INSERT INTO "members/ballybeg/federation" VALUES(2,'M2',1,1,'N2','theirs','["A"]');
INSERT INTO "members/ballybeg/federation" VALUES(3,'M3',1,1,'N3','q3','["A"]');
INSERT INTO "members/ballybeg/federation" VALUES(4,'M4',1,1,'N4','p4','["A"]');
INSERT INTO "members/ballybeg/federation" VALUES(5,'M5',1,1,'N5','p5','["A"]');
INSERT INTO "members/ballybeg/federation" VALUES(6,'M6',1,1,'N6','p6','["A"]');
INSERT INTO "members/ballybeg/federation" VALUES(7,'M7',1,1,'N7','p7','["A"]');
INSERT INTO "members/ballybeg/federation" VALUES(8,'M8',1,1,'N8','p8','["A"]');
INSERT INTO "members/ballybeg/federation" VALUES(9,'M9',1,1,'N9','q9','["A"]');
INSERT INTO "members/ballybeg/federation" VALUES(10,'M10',1,1,'N10','p10','["A"]');
INSERT INTO "members/ballybeg/federation" VALUES(11,'M11',1,1,'N11','p11','["A"]');
CREATE TABLE "tripartite_meta/ballybeg/federation"(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_meta/ballybeg/federation" VALUES('format','1');
INSERT INTO "tripartite_meta/ballybeg/federation" VALUES('id_field','id');
INSERT INTO "tripartite_meta/ballybeg/federation" VALUES('schema','{"absent":"no_opinion","strategy":"merge","fields":{"name":{"kind":"name"},"phone":{"kind":"text"},"clubs":{"kind":"set","of":{"kind":"text"}}}}');
CREATE TABLE "tripartite_links/ballybeg/federation"(
    external_id TEXT PRIMARY KEY,
    base TEXT,
    base_schema BLOB,
    base_version INTEGER,
    seen BLOB,
    policy BLOB,
    synced_revision INTEGER,
    deactivated INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_links/ballybeg/federation" VALUES('M1','{"name":"N1","phone":"p1","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'3C77EB19333BF4174A817CB02C6AEB7A',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/ballybeg/federation" VALUES('M10','{"name":"N10","phone":"p10","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'F6FA8A0F5134C20D36F0EA71B31DB043',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/ballybeg/federation" VALUES('M11','{"name":"N11","phone":"p11","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'760A70B34685516113FCEA56390207F5',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/ballybeg/federation" VALUES('M2','{"name":"N2","phone":"theirs","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'43CF4CC3F7A8FEFE8364043E7F9B47FE',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/ballybeg/federation" VALUES('M3','{"name":"N3","phone":"q3","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'FCB524826CE134B13868EE1C0AA28858',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/ballybeg/federation" VALUES('M4','{"name":"N4","phone":"p4","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'F285FE415B0D31D192F04387D912FD18',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/ballybeg/federation" VALUES('M5','{"name":"N5","phone":"p5","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'2B49CC20AE560BA33C051F21BB192F0F',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/ballybeg/federation" VALUES('M6','{"name":"N6","phone":"p6","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'AE14A0D93B6EEBA3B8CF01F51CFEA072',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/ballybeg/federation" VALUES('M7','{"name":"N7","phone":"p7","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'90AAA6D194AC47F32B99C2A7F16A0534',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/ballybeg/federation" VALUES('M8','{"name":"N8","phone":"p8","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'1B1F2840F75707A93AA651F3D1966843',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/ballybeg/federation" VALUES('M9','{"name":"N9","phone":"q9","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'6CBCF62F4EC481D8D3677021E2396ABA',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
CREATE TABLE "tripartite_conflicts/ballybeg/federation"(
    external_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    conflict TEXT NOT NULL,
    why TEXT NOT NULL,
    opened_run TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    PRIMARY KEY(external_id, unit)
) STRICT, WITHOUT ROWID;
CREATE TABLE "tripartite_audit/ballybeg/federation"(
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
INSERT INTO "tripartite_audit/ballybeg/federation" VALUES(1,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M1','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/ballybeg/federation" VALUES(2,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M2','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/ballybeg/federation" VALUES(3,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M3','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/ballybeg/federation" VALUES(4,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M4','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/ballybeg/federation" VALUES(5,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M5','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/ballybeg/federation" VALUES(6,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M6','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/ballybeg/federation" VALUES(7,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M7','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/ballybeg/federation" VALUES(8,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M8','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/ballybeg/federation" VALUES(9,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M9','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/ballybeg/federation" VALUES(10,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M10','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/ballybeg/federation" VALUES(11,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M11','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
CREATE TABLE "tripartite_runs/ballybeg/federation"(run TEXT PRIMARY KEY, at TEXT NOT NULL, report TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_runs/ballybeg/federation" VALUES('2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','{"run":"2024-11-29T05:05:57Z-1","at":"2024-11-29T05:05:57.646191593Z","outcome":"succeeded","dry_run":false,"plan_id":"3c8f34a4585b117cd72a9a7fbb7c28f9","processed":11,"created":11,"updated":0,"unchanged":0,"deactivated":0,"missing":0,"rekeyed":0,"linked":0,"reactivated":0,"conflicts_detected":0,"conflicts_resolved":0,"conflicts_open":0,"invalid_fields":0,"quarantined":0,"proposed":0,"skipped":0,"failed":0,"duplicates":0,"ignored":0,"withheld":0}');
INSERT INTO "tripartite_runs/ballybeg/federation" VALUES('2024-11-29T05:05:57Z-2','2024-11-29T05:05:57Z','{"run":"2024-11-29T05:05:57Z-2","at":"2024-11-29T05:05:57.786548197Z","outcome":"blocked","dry_run":false,"plan_id":"5e6d375c1e6b1a19775a242667eec3de","processed":0,"created":0,"updated":0,"unchanged":0,"deactivated":11,"missing":0,"rekeyed":0,"linked":0,"reactivated":0,"conflicts_detected":0,"conflicts_resolved":0,"conflicts_open":0,"invalid_fields":0,"quarantined":0,"proposed":0,"skipped":0,"failed":0,"duplicates":0,"ignored":0,"blocked":[{"empty_listing":{"population":11}},{"deactivations":{"count":11,"population":11,"limit":"20 %","records":["M1","M10","M11","M2","M3"]}}],"withheld":0}');
CREATE TABLE "members/kilmore/federation"(
    local_id INTEGER PRIMARY KEY,
    external_id TEXT UNIQUE,
    active INTEGER NOT NULL DEFAULT 1,
    revision INTEGER NOT NULL DEFAULT 1 CHECK (typeof(revision) = 'integer'),
    "name" TEXT,
    "phone" TEXT,
    "clubs" TEXT
);
INSERT INTO "members/kilmore/federation" VALUES(1,'M1',1,1,'N1','p1','["A"]');
INSERT INTO "members/kilmore/federation" VALUES(2,'M2',1,1,'N2','theirs','["A"]');
INSERT INTO "members/kilmore/federation" VALUES(3,'M3',1,1,'N3','q3','["A"]');
INSERT INTO "members/kilmore/federation" VALUES(4,'M4',1,1,'N4','p4','["A"]');
INSERT INTO "members/kilmore/federation" VALUES(5,'M5',1,1,'N5','p5','["A"]');
INSERT INTO "members/kilmore/federation" VALUES(6,'M6',1,1,'N6','p6','["A"]');
INSERT INTO "members/kilmore/federation" VALUES(7,'M7',1,1,'N7','p7','["A"]');
INSERT INTO "members/kilmore/federation" VALUES(8,'M8',1,1,'N8','p8','["A"]');
INSERT INTO "members/kilmore/federation" VALUES(9,'M9',1,1,'N9','q9','["A"]');
INSERT INTO "members/kilmore/federation" VALUES(10,'M10',1,1,'N10','p10','["A"]');
INSERT INTO "members/kilmore/federation" VALUES(11,'M11',1,1,'N11','p11','["A"]');
CREATE TABLE "tripartite_meta/kilmore/federation"(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_meta/kilmore/federation" VALUES('format','1');
INSERT INTO "tripartite_meta/kilmore/federation" VALUES('id_field','id');
INSERT INTO "tripartite_meta/kilmore/federation" VALUES('schema','{"absent":"no_opinion","strategy":"merge","fields":{"name":{"kind":"name"},"phone":{"kind":"text"},"clubs":{"kind":"set","of":{"kind":"text"}}}}');
CREATE TABLE "tripartite_links/kilmore/federation"(
    external_id TEXT PRIMARY KEY,
    base TEXT,
    base_schema BLOB,
    base_version INTEGER,
    seen BLOB,
    policy BLOB,
    synced_revision INTEGER,
    deactivated INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_links/kilmore/federation" VALUES('M1','{"name":"N1","phone":"p1","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'3C77EB19333BF4174A817CB02C6AEB7A',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/kilmore/federation" VALUES('M10','{"name":"N10","phone":"p10","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'F6FA8A0F5134C20D36F0EA71B31DB043',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/kilmore/federation" VALUES('M11','{"name":"N11","phone":"p11","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'760A70B34685516113FCEA56390207F5',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/kilmore/federation" VALUES('M2','{"name":"N2","phone":"theirs","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'43CF4CC3F7A8FEFE8364043E7F9B47FE',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/kilmore/federation" VALUES('M3','{"name":"N3","phone":"q3","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'FCB524826CE134B13868EE1C0AA28858',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/kilmore/federation" VALUES('M4','{"name":"N4","phone":"p4","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'F285FE415B0D31D192F04387D912FD18',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/kilmore/federation" VALUES('M5','{"name":"N5","phone":"p5","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'2B49CC20AE560BA33C051F21BB192F0F',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/kilmore/federation" VALUES('M6','{"name":"N6","phone":"p6","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'AE14A0D93B6EEBA3B8CF01F51CFEA072',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/kilmore/federation" VALUES('M7','{"name":"N7","phone":"p7","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'90AAA6D194AC47F32B99C2A7F16A0534',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/kilmore/federation" VALUES('M8','{"name":"N8","phone":"p8","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'1B1F2840F75707A93AA651F3D1966843',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/kilmore/federation" VALUES('M9','{"name":"N9","phone":"q9","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'6CBCF62F4EC481D8D3677021E2396ABA',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
CREATE TABLE "tripartite_conflicts/kilmore/federation"(
    external_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    conflict TEXT NOT NULL,
    why TEXT NOT NULL,
    opened_run TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    PRIMARY KEY(external_id, unit)
) STRICT, WITHOUT ROWID;
CREATE TABLE "tripartite_audit/kilmore/federation"(
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
INSERT INTO "tripartite_audit/kilmore/federation" VALUES(1,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M1','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/kilmore/federation" VALUES(2,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M2','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/kilmore/federation" VALUES(3,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M3','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/kilmore/federation" VALUES(4,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M4','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/kilmore/federation" VALUES(5,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M5','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/kilmore/federation" VALUES(6,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M6','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/kilmore/federation" VALUES(7,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M7','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/kilmore/federation" VALUES(8,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M8','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/kilmore/federation" VALUES(9,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M9','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/kilmore/federation" VALUES(10,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M10','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/kilmore/federation" VALUES(11,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M11','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
CREATE TABLE "tripartite_runs/kilmore/federation"(run TEXT PRIMARY KEY, at TEXT NOT NULL, report TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_runs/kilmore/federation" VALUES('2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','{"run":"2024-11-29T05:05:57Z-1","at":"2024-11-29T05:05:57.506159888Z","outcome":"succeeded","dry_run":false,"plan_id":"3c8f34a4585b117cd72a9a7fbb7c28f9","processed":11,"created":11,"updated":0,"unchanged":0,"deactivated":0,"missing":0,"rekeyed":0,"linked":0,"reactivated":0,"conflicts_detected":0,"conflicts_resolved":0,"conflicts_open":0,"invalid_fields":0,"quarantined":0,"proposed":0,"skipped":0,"failed":0,"duplicates":0,"ignored":0,"withheld":0}');
CREATE TABLE "members/athlone/federation"(
    local_id INTEGER PRIMARY KEY,
    external_id TEXT UNIQUE,
    active INTEGER NOT NULL DEFAULT 1,
    revision INTEGER NOT NULL DEFAULT 1 CHECK (typeof(revision) = 'integer'),
    "name" TEXT,
    "phone" TEXT,
    "clubs" TEXT
);
INSERT INTO "members/athlone/federation" VALUES(1,'M1',1,1,'N1','p1','["A"]');
INSERT INTO "members/athlone/federation" VALUES(2,'M2',1,1,'N2','theirs','["A"]');
INSERT INTO "members/athlone/federation" VALUES(3,'M3',1,1,'N3','q3','["A"]');
INSERT INTO "members/athlone/federation" VALUES(4,'M4',1,1,'N4','p4','["A"]');
INSERT INTO "members/athlone/federation" VALUES(5,'M5',1,1,'N5','p5','["A"]');
INSERT INTO "members/athlone/federation" VALUES(6,'M6',1,1,'N6','p6','["A"]');
INSERT INTO "members/athlone/federation" VALUES(7,'M7',1,1,'N7','p7','["A"]');
INSERT INTO "members/athlone/federation" VALUES(8,'M8',1,1,'N8','p8','["A"]');
INSERT INTO "members/athlone/federation" VALUES(9,'M9',1,1,'N9','q9','["A"]');
INSERT INTO "members/athlone/federation" VALUES(10,'M10',1,1,'N10','p10','["A"]');
INSERT INTO "members/athlone/federation" VALUES(11,'M11',1,1,'N11','p11','["A"]');
CREATE TABLE "tripartite_meta/athlone/federation"(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_meta/athlone/federation" VALUES('format','1');
INSERT INTO "tripartite_meta/athlone/federation" VALUES('id_field','id');
INSERT INTO "tripartite_meta/athlone/federation" VALUES('schema','{"absent":"no_opinion","strategy":"merge","fields":{"name":{"kind":"name"},"phone":{"kind":"text"},"clubs":{"kind":"set","of":{"kind":"text"}}}}');
CREATE TABLE "tripartite_links/athlone/federation"(
    external_id TEXT PRIMARY KEY,
    base TEXT,
    base_schema BLOB,
    base_version INTEGER,
    seen BLOB,
    policy BLOB,
    synced_revision INTEGER,
    deactivated INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_links/athlone/federation" VALUES('M1','{"name":"N1","phone":"p1","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'3C77EB19333BF4174A817CB02C6AEB7A',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/athlone/federation" VALUES('M10','{"name":"N10","phone":"p10","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'F6FA8A0F5134C20D36F0EA71B31DB043',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/athlone/federation" VALUES('M11','{"name":"N11","phone":"p11","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'760A70B34685516113FCEA56390207F5',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/athlone/federation" VALUES('M2','{"name":"N2","phone":"theirs","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'43CF4CC3F7A8FEFE8364043E7F9B47FE',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/athlone/federation" VALUES('M3','{"name":"N3","phone":"q3","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'FCB524826CE134B13868EE1C0AA28858',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/athlone/federation" VALUES('M4','{"name":"N4","phone":"p4","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'F285FE415B0D31D192F04387D912FD18',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/athlone/federation" VALUES('M5','{"name":"N5","phone":"p5","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'2B49CC20AE560BA33C051F21BB192F0F',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/athlone/federation" VALUES('M6','{"name":"N6","phone":"p6","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'AE14A0D93B6EEBA3B8CF01F51CFEA072',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/athlone/federation" VALUES('M7','{"name":"N7","phone":"p7","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'90AAA6D194AC47F32B99C2A7F16A0534',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/athlone/federation" VALUES('M8','{"name":"N8","phone":"p8","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'1B1F2840F75707A93AA651F3D1966843',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/athlone/federation" VALUES('M9','{"name":"N9","phone":"q9","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'6CBCF62F4EC481D8D3677021E2396ABA',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
CREATE TABLE "tripartite_conflicts/athlone/federation"(
    external_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    conflict TEXT NOT NULL,
    why TEXT NOT NULL,
    opened_run TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    PRIMARY KEY(external_id, unit)
) STRICT, WITHOUT ROWID;
CREATE TABLE "tripartite_audit/athlone/federation"(
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
INSERT INTO "tripartite_audit/athlone/federation" VALUES(1,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M1','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/athlone/federation" VALUES(2,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M2','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/athlone/federation" VALUES(3,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M3','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/athlone/federation" VALUES(4,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M4','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/athlone/federation" VALUES(5,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M5','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/athlone/federation" VALUES(6,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M6','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/athlone/federation" VALUES(7,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M7','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/athlone/federation" VALUES(8,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M8','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/athlone/federation" VALUES(9,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M9','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/athlone/federation" VALUES(10,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M10','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/athlone/federation" VALUES(11,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M11','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
CREATE TABLE "tripartite_runs/athlone/federation"(run TEXT PRIMARY KEY, at TEXT NOT NULL, report TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_runs/athlone/federation" VALUES('2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','{"run":"2024-11-29T05:05:57Z-1","at":"2024-11-29T05:05:57.602346052Z","outcome":"succeeded","dry_run":false,"plan_id":"3c8f34a4585b117cd72a9a7fbb7c28f9","processed":11,"created":11,"updated":0,"unchanged":0,"deactivated":0,"missing":0,"rekeyed":0,"linked":0,"reactivated":0,"conflicts_detected":0,"conflicts_resolved":0,"conflicts_open":0,"invalid_fields":0,"quarantined":0,"proposed":0,"skipped":0,"failed":0,"duplicates":0,"ignored":0,"withheld":0}');
CREATE TABLE "members/cashel/federation"(
    local_id INTEGER PRIMARY KEY,
    external_id TEXT UNIQUE,
    active INTEGER NOT NULL DEFAULT 1,
    revision INTEGER NOT NULL DEFAULT 1 CHECK (typeof(revision) = 'integer'),
    "name" TEXT,
    "phone" TEXT,
    "clubs" TEXT
);
INSERT INTO "members/cashel/federation" VALUES(1,'M1',1,1,'N1','p1','["A"]');
INSERT INTO "members/cashel/federation" VALUES(2,'M2',1,1,'N2','theirs','["A"]');
INSERT INTO "members/cashel/federation" VALUES(3,'M3',1,1,'N3','q3','["A"]');
INSERT INTO "members/cashel/federation" VALUES(4,'M4',1,1,'N4','p4','["A"]');
INSERT INTO "members/cashel/federation" VALUES(5,'M5',1,1,'N5','p5','["A"]');
INSERT INTO "members/cashel/federation" VALUES(6,'M6',1,1,'N6','p6','["A"]');
INSERT INTO "members/cashel/federation" VALUES(7,'M7',1,1,'N7','p7','["A"]');
INSERT INTO "members/cashel/federation" VALUES(8,'M8',1,1,'N8','p8','["A"]');
INSERT INTO "members/cashel/federation" VALUES(9,'M9',1,1,'N9','q9','["A"]');
INSERT INTO "members/cashel/federation" VALUES(10,'M10',1,1,'N10','p10','["A"]');
INSERT INTO "members/cashel/federation" VALUES(11,'M11',1,1,'N11','p11','["A"]');
CREATE TABLE "tripartite_meta/cashel/federation"(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_meta/cashel/federation" VALUES('format','1');
INSERT INTO "tripartite_meta/cashel/federation" VALUES('id_field','id');
INSERT INTO "tripartite_meta/cashel/federation" VALUES('schema','{"absent":"no_opinion","strategy":"merge","fields":{"name":{"kind":"name"},"phone":{"kind":"text"},"clubs":{"kind":"set","of":{"kind":"text"}}}}');
CREATE TABLE "tripartite_links/cashel/federation"(
    external_id TEXT PRIMARY KEY,
    base TEXT,
    base_schema BLOB,
    base_version INTEGER,
    seen BLOB,
    policy BLOB,
    synced_revision INTEGER,
    deactivated INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_links/cashel/federation" VALUES('M1','{"name":"N1","phone":"p1","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'3C77EB19333BF4174A817CB02C6AEB7A',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/cashel/federation" VALUES('M10','{"name":"N10","phone":"p10","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'F6FA8A0F5134C20D36F0EA71B31DB043',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/cashel/federation" VALUES('M11','{"name":"N11","phone":"p11","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'760A70B34685516113FCEA56390207F5',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/cashel/federation" VALUES('M2','{"name":"N2","phone":"theirs","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'43CF4CC3F7A8FEFE8364043E7F9B47FE',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/cashel/federation" VALUES('M3','{"name":"N3","phone":"q3","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'FCB524826CE134B13868EE1C0AA28858',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/cashel/federation" VALUES('M4','{"name":"N4","phone":"p4","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'F285FE415B0D31D192F04387D912FD18',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/cashel/federation" VALUES('M5','{"name":"N5","phone":"p5","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'2B49CC20AE560BA33C051F21BB192F0F',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/cashel/federation" VALUES('M6','{"name":"N6","phone":"p6","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'AE14A0D93B6EEBA3B8CF01F51CFEA072',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/cashel/federation" VALUES('M7','{"name":"N7","phone":"p7","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'90AAA6D194AC47F32B99C2A7F16A0534',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/cashel/federation" VALUES('M8','{"name":"N8","phone":"p8","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'1B1F2840F75707A93AA651F3D1966843',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
INSERT INTO "tripartite_links/cashel/federation" VALUES('M9','{"name":"N9","phone":"q9","clubs":["A"]}',X'45B67D53607D559DC47EF0DDCF35EE96',NULL,X'6CBCF62F4EC481D8D3677021E2396ABA',X'AEFBA16D8C19BF5283D0E65D55B48DA1',1,0);
CREATE TABLE "tripartite_conflicts/cashel/federation"(
    external_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    conflict TEXT NOT NULL,
    why TEXT NOT NULL,
    opened_run TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    PRIMARY KEY(external_id, unit)
) STRICT, WITHOUT ROWID;
CREATE TABLE "tripartite_audit/cashel/federation"(
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
INSERT INTO "tripartite_audit/cashel/federation" VALUES(1,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M1','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/cashel/federation" VALUES(2,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M2','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/cashel/federation" VALUES(3,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M3','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/cashel/federation" VALUES(4,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M4','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/cashel/federation" VALUES(5,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M5','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/cashel/federation" VALUES(6,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M6','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/cashel/federation" VALUES(7,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M7','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/cashel/federation" VALUES(8,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M8','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/cashel/federation" VALUES(9,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M9','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/cashel/federation" VALUES(10,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M10','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
INSERT INTO "tripartite_audit/cashel/federation" VALUES(11,'2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','M11','record',NULL,'Unmatched',NULL,'create','{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}');
CREATE TABLE "tripartite_runs/cashel/federation"(run TEXT PRIMARY KEY, at TEXT NOT NULL, report TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "tripartite_runs/cashel/federation" VALUES('2024-11-29T05:05:57Z-1','2024-11-29T05:05:57Z','{"run":"2024-11-29T05:05:57Z-1","at":"2024-11-29T05:05:57.422613459Z","outcome":"succeeded","dry_run":false,"plan_id":"3c8f34a4585b117cd72a9a7fbb7c28f9","processed":11,"created":11,"updated":0,"unchanged":0,"deactivated":0,"missing":0,"rekeyed":0,"linked":0,"reactivated":0,"conflicts_detected":0,"conflicts_resolved":0,"conflicts_open":0,"invalid_fields":0,"quarantined":0,"proposed":0,"skipped":0,"failed":0,"duplicates":0,"ignored":0,"withheld":0}');
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
    UPDATE tripartite_links SET deactivated = 0 WHERE external_id = NEW.external_id;
END;
CREATE INDEX tripartite_jobs_due ON tripartite_jobs (shard, due, key) WHERE due IS NOT NULL;
CREATE TRIGGER tripartite_jobs_deleted AFTER DELETE ON tripartite_jobs BEGIN
        UPDATE tripartite_jobs_meta SET deleted = max(deleted, OLD.version);
    END;
CREATE INDEX "tripartite_audit_run/ballybeg/federation" ON "tripartite_audit/ballybeg/federation"(run);
CREATE TRIGGER "members_updated/ballybeg/federation" AFTER UPDATE ON "members/ballybeg/federation"
WHEN NEW.revision <= OLD.revision OR NEW.revision > 9007199254740991
BEGIN
    UPDATE "members/ballybeg/federation" SET revision = OLD.revision + 1 WHERE local_id = NEW.local_id;
END;
CREATE TRIGGER "members_entered/ballybeg/federation" AFTER INSERT ON "members/ballybeg/federation"
WHEN EXISTS (SELECT 1 FROM "tripartite_links/ballybeg/federation" WHERE external_id = NEW.external_id)
BEGIN
    UPDATE "members/ballybeg/federation" SET revision = max(
        NEW.revision,
        (SELECT ifnull(synced_revision, 0) FROM "tripartite_links/ballybeg/federation" WHERE external_id = NEW.external_id)
    ) + 1000000 + abs(random() % 1000000000)
    WHERE local_id = NEW.local_id;
END;
CREATE TRIGGER "members_activity/ballybeg/federation" AFTER UPDATE OF active ON "members/ballybeg/federation"
WHEN NEW.active IS NOT OLD.active
BEGIN
    UPDATE "tripartite_links/ballybeg/federation" SET deactivated = 0 WHERE external_id = NEW.external_id;
END;
CREATE INDEX "tripartite_audit_run/kilmore/federation" ON "tripartite_audit/kilmore/federation"(run);
CREATE TRIGGER "members_updated/kilmore/federation" AFTER UPDATE ON "members/kilmore/federation"
WHEN NEW.revision <= OLD.revision OR NEW.revision > 9007199254740991
BEGIN
    UPDATE "members/kilmore/federation" SET revision = OLD.revision + 1 WHERE local_id = NEW.local_id;
END;
CREATE TRIGGER "members_entered/kilmore/federation" AFTER INSERT ON "members/kilmore/federation"
WHEN EXISTS (SELECT 1 FROM "tripartite_links/kilmore/federation" WHERE external_id = NEW.external_id)
BEGIN
    UPDATE "members/kilmore/federation" SET revision = max(
        NEW.revision,
        (SELECT ifnull(synced_revision, 0) FROM "tripartite_links/kilmore/federation" WHERE external_id = NEW.external_id)
    ) + 1000000 + abs(random() % 1000000000)
    WHERE local_id = NEW.local_id;
END;
CREATE TRIGGER "members_activity/kilmore/federation" AFTER UPDATE OF active ON "members/kilmore/federation"
WHEN NEW.active IS NOT OLD.active
BEGIN
    UPDATE "tripartite_links/kilmore/federation" SET deactivated = 0 WHERE external_id = NEW.external_id;
END;
CREATE INDEX "tripartite_audit_run/athlone/federation" ON "tripartite_audit/athlone/federation"(run);
CREATE TRIGGER "members_updated/athlone/federation" AFTER UPDATE ON "members/athlone/federation"
WHEN NEW.revision <= OLD.revision OR NEW.revision > 9007199254740991
BEGIN
    UPDATE "members/athlone/federation" SET revision = OLD.revision + 1 WHERE local_id = NEW.local_id;
END;
CREATE TRIGGER "members_entered/athlone/federation" AFTER INSERT ON "members/athlone/federation"
WHEN EXISTS (SELECT 1 FROM "tripartite_links/athlone/federation" WHERE external_id = NEW.external_id)
BEGIN
    UPDATE "members/athlone/federation" SET revision = max(
        NEW.revision,
        (SELECT ifnull(synced_revision, 0) FROM "tripartite_links/athlone/federation" WHERE external_id = NEW.external_id)
    ) + 1000000 + abs(random() % 1000000000)
    WHERE local_id = NEW.local_id;
END;
CREATE TRIGGER "members_activity/athlone/federation" AFTER UPDATE OF active ON "members/athlone/federation"
WHEN NEW.active IS NOT OLD.active
BEGIN
    UPDATE "tripartite_links/athlone/federation" SET deactivated = 0 WHERE external_id = NEW.external_id;
END;
CREATE INDEX "tripartite_audit_run/cashel/federation" ON "tripartite_audit/cashel/federation"(run);
CREATE TRIGGER "members_updated/cashel/federation" AFTER UPDATE ON "members/cashel/federation"
WHEN NEW.revision <= OLD.revision OR NEW.revision > 9007199254740991
BEGIN
    UPDATE "members/cashel/federation" SET revision = OLD.revision + 1 WHERE local_id = NEW.local_id;
END;
CREATE TRIGGER "members_entered/cashel/federation" AFTER INSERT ON "members/cashel/federation"
WHEN EXISTS (SELECT 1 FROM "tripartite_links/cashel/federation" WHERE external_id = NEW.external_id)
BEGIN
    UPDATE "members/cashel/federation" SET revision = max(
        NEW.revision,
        (SELECT ifnull(synced_revision, 0) FROM "tripartite_links/cashel/federation" WHERE external_id = NEW.external_id)
    ) + 1000000 + abs(random() % 1000000000)
    WHERE local_id = NEW.local_id;
END;
CREATE TRIGGER "members_activity/cashel/federation" AFTER UPDATE OF active ON "members/cashel/federation"
WHEN NEW.active IS NOT OLD.active
BEGIN
    UPDATE "tripartite_links/cashel/federation" SET deactivated = 0 WHERE external_id = NEW.external_id;
END;
COMMIT;
