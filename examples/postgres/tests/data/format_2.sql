SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA tripartite;
CREATE FUNCTION tripartite.activity_1() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
    UPDATE tripartite.links SET deactivated = false
    WHERE register = 1 AND external_id = NEW."external_id" COLLATE "C" AND deactivated;
    RETURN NULL;
END $$;
CREATE FUNCTION tripartite.activity_2() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
    UPDATE tripartite.links SET deactivated = false
    WHERE register = 2 AND external_id = NEW."tripartite_id" COLLATE "C" AND deactivated;
    RETURN NULL;
END $$;
CREATE FUNCTION tripartite.audit_written() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
DECLARE
    alike integer;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM tripartite.entries WHERE seq = OLD.seq;
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
    END IF;
    NEW.seq := coalesce(NEW.seq, nextval('tripartite.entries_seq_seq'));
    INSERT INTO tripartite.kinds AS k(register, run, at, subject, field, verdict, detail, decision, first, last)
    VALUES (NEW.register, NEW.run, NEW.at, NEW.subject, NEW.field, NEW.verdict, NEW.detail, NEW.decision, NEW.seq, NEW.seq)
    ON CONFLICT (register, run, subject, field, verdict, decision, md5(detail), at)
    DO UPDATE SET first = least(k.first, EXCLUDED.first), last = greatest(k.last, EXCLUDED.last) RETURNING k.id INTO alike;
    INSERT INTO tripartite.entries(seq, external_id, kind, entry) VALUES (NEW.seq, NEW.external_id, alike, NEW.entry);
    RETURN NEW;
END $$;
CREATE FUNCTION tripartite.changed_1() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    AS $$
BEGIN
    NEW."revision" := pg_catalog.nextval('tripartite.revisions'::pg_catalog.regclass);
    RETURN NEW;
END $$;
CREATE FUNCTION tripartite.changed_2() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    AS $$
BEGIN
    NEW."tripartite_revision" := pg_catalog.nextval('tripartite.revisions'::pg_catalog.regclass);
    RETURN NEW;
END $$;
CREATE FUNCTION tripartite.deleted_1() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
    UPDATE tripartite.links l SET removed = nextval('tripartite.revisions'), local = b."local_id"::text,
        kept = CASE WHEN l.shape IS NOT NULL AND l.kept IS NULL THEN to_json(b) ELSE l.kept END
    FROM before_it b CROSS JOIN LATERAL (SELECT x.ctid AS at FROM tripartite.links x
        WHERE x.register = 1 AND x.external_id = b."external_id" COLLATE "C" FOR UPDATE) x WHERE l.ctid = x.at;
    DELETE FROM tripartite.keys d USING before_it b CROSS JOIN LATERAL (SELECT x.ctid AS at FROM tripartite.keys x
        WHERE x.register = 1 AND x.local = b."local_id"::text COLLATE "C" OFFSET 0) x WHERE d.ctid = x.at;
    DELETE FROM tripartite.unkeyed d USING before_it b CROSS JOIN LATERAL (SELECT x.ctid AS at FROM tripartite.unkeyed x
        WHERE x.register = 1 AND x.local = b."local_id"::text COLLATE "C" OFFSET 0) x WHERE d.ctid = x.at;
    DELETE FROM tripartite.ruled_out d USING before_it b CROSS JOIN LATERAL (SELECT x.ctid AS at
        FROM tripartite.ruled_out x
        WHERE x.register = 1 AND x.local = b."local_id"::text COLLATE "C" OFFSET 0) x WHERE d.ctid = x.at;
    RETURN NULL;
END $$;
CREATE FUNCTION tripartite.deleted_2() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
    UPDATE tripartite.links l SET removed = nextval('tripartite.revisions'), local = b."id"::text,
        kept = CASE WHEN l.shape IS NOT NULL AND l.kept IS NULL THEN to_json(b) ELSE l.kept END
    FROM before_it b CROSS JOIN LATERAL (SELECT x.ctid AS at FROM tripartite.links x
        WHERE x.register = 2 AND x.external_id = b."tripartite_id" COLLATE "C" FOR UPDATE) x WHERE l.ctid = x.at;
    DELETE FROM tripartite.keys d USING before_it b CROSS JOIN LATERAL (SELECT x.ctid AS at FROM tripartite.keys x
        WHERE x.register = 2 AND x.local = b."id"::text COLLATE "C" OFFSET 0) x WHERE d.ctid = x.at;
    DELETE FROM tripartite.unkeyed d USING before_it b CROSS JOIN LATERAL (SELECT x.ctid AS at FROM tripartite.unkeyed x
        WHERE x.register = 2 AND x.local = b."id"::text COLLATE "C" OFFSET 0) x WHERE d.ctid = x.at;
    DELETE FROM tripartite.ruled_out d USING before_it b CROSS JOIN LATERAL (SELECT x.ctid AS at
        FROM tripartite.ruled_out x
        WHERE x.register = 2 AND x.local = b."id"::text COLLATE "C" OFFSET 0) x WHERE d.ctid = x.at;
    RETURN NULL;
END $$;
CREATE FUNCTION tripartite.kept_1() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
    UPDATE tripartite.links SET kept = to_json(OLD)
    WHERE register = 1 AND external_id = OLD."external_id" COLLATE "C" AND shape IS NOT NULL AND kept IS NULL;
    RETURN NULL;
END $$;
CREATE FUNCTION tripartite.marked_1() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
    INSERT INTO tripartite.unkeyed(register, local) SELECT 1, a."local_id"::text FROM after_it a
    ON CONFLICT (register, local) DO UPDATE SET local = EXCLUDED.local;
    RETURN NULL;
END $$;
CREATE FUNCTION tripartite.marked_2() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
    INSERT INTO tripartite.unkeyed(register, local) SELECT 2, a."id"::text FROM after_it a
    ON CONFLICT (register, local) DO UPDATE SET local = EXCLUDED.local;
    RETURN NULL;
END $$;
CREATE FUNCTION tripartite.renumbered_1() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
    DELETE FROM tripartite.keys WHERE register = 1 AND local = OLD."local_id"::text COLLATE "C";
    DELETE FROM tripartite.unkeyed WHERE register = 1 AND local = OLD."local_id"::text COLLATE "C";
    DELETE FROM tripartite.ruled_out WHERE register = 1 AND local = OLD."local_id"::text COLLATE "C";
    RETURN NULL;
END $$;
CREATE FUNCTION tripartite.renumbered_2() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
    DELETE FROM tripartite.keys WHERE register = 2 AND local = OLD."id"::text COLLATE "C";
    DELETE FROM tripartite.unkeyed WHERE register = 2 AND local = OLD."id"::text COLLATE "C";
    DELETE FROM tripartite.ruled_out WHERE register = 2 AND local = OLD."id"::text COLLATE "C";
    RETURN NULL;
END $$;
CREATE FUNCTION tripartite.truncated_1() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    UPDATE tripartite.links l SET removed = nextval('tripartite.revisions'), local = m."local_id"::text,
        kept = CASE WHEN l.shape IS NOT NULL AND l.kept IS NULL THEN to_json(m) ELSE l.kept END
    FROM "tripartite"."members" m WHERE l.register = 1 AND l.external_id = m."external_id" COLLATE "C";
    DELETE FROM tripartite.keys WHERE register = 1;
    DELETE FROM tripartite.unkeyed WHERE register = 1;
    DELETE FROM tripartite.ruled_out WHERE register = 1;
    RETURN NULL;
END $$;
CREATE FUNCTION tripartite.truncated_2() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    UPDATE tripartite.links l SET removed = nextval('tripartite.revisions'), local = m."id"::text,
        kept = CASE WHEN l.shape IS NOT NULL AND l.kept IS NULL THEN to_json(m) ELSE l.kept END
    FROM "public"."people" m WHERE l.register = 2 AND l.external_id = m."tripartite_id" COLLATE "C";
    DELETE FROM tripartite.keys WHERE register = 2;
    DELETE FROM tripartite.unkeyed WHERE register = 2;
    DELETE FROM tripartite.ruled_out WHERE register = 2;
    RETURN NULL;
END $$;
CREATE FUNCTION tripartite.unlinked_1() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM "tripartite"."members" m WHERE m."external_id" COLLATE "C" = OLD."external_id" COLLATE "C") THEN
        DELETE FROM tripartite.conflicts WHERE register = 1 AND external_id = OLD."external_id" COLLATE "C";
        DELETE FROM tripartite.links WHERE register = 1 AND external_id = OLD."external_id" COLLATE "C";
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION tripartite.unlinked_2() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM "public"."people" m WHERE m."tripartite_id" COLLATE "C" = OLD."tripartite_id" COLLATE "C") THEN
        DELETE FROM tripartite.conflicts WHERE register = 2 AND external_id = OLD."tripartite_id" COLLATE "C";
        DELETE FROM tripartite.links WHERE register = 2 AND external_id = OLD."tripartite_id" COLLATE "C";
    END IF;
    RETURN NULL;
END $$;
CREATE TABLE public.people (
    id bigint NOT NULL,
    name text,
    email text,
    tripartite_id text COLLATE pg_catalog."C",
    tripartite_active boolean DEFAULT true NOT NULL,
    tripartite_revision bigint DEFAULT 0 NOT NULL
);
ALTER TABLE public.people ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.people_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE tripartite.approved (
    register integer NOT NULL,
    plan text NOT NULL,
    parts bytea NOT NULL
);
CREATE TABLE tripartite.entries (
    seq bigint NOT NULL,
    external_id text NOT NULL COLLATE pg_catalog."C",
    kind integer NOT NULL,
    entry json
);
CREATE TABLE tripartite.kinds (
    id integer NOT NULL,
    register integer NOT NULL,
    run text NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    field text COLLATE pg_catalog."C",
    verdict text NOT NULL COLLATE pg_catalog."C",
    detail text COLLATE pg_catalog."C",
    decision text NOT NULL COLLATE pg_catalog."C",
    entry json,
    first bigint NOT NULL,
    last bigint NOT NULL
)
WITH (fillfactor='70');
CREATE VIEW tripartite.audit AS
 SELECT e.seq,
    k.register,
    k.run,
    k.at,
    e.external_id,
    k.subject,
    k.field,
    k.verdict,
    k.detail,
    k.decision,
    COALESCE(e.entry, k.entry) AS entry
   FROM (tripartite.entries e
     JOIN tripartite.kinds k ON ((k.id = e.kind)));
CREATE TABLE tripartite.conflicts (
    register integer NOT NULL,
    external_id text NOT NULL COLLATE pg_catalog."C",
    unit text NOT NULL COLLATE pg_catalog."C",
    conflict json NOT NULL,
    why text NOT NULL,
    opened_run text NOT NULL,
    opened_at timestamp with time zone NOT NULL
);
ALTER TABLE tripartite.entries ALTER COLUMN seq ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME tripartite.entries_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE tripartite.jobs (
    key text NOT NULL COLLATE pg_catalog."C",
    bytes bytea NOT NULL,
    due timestamp with time zone,
    shard integer NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT jobs_shard_check CHECK (((shard >= 0) AND (shard <= 65535)))
)
WITH (fillfactor='70');
CREATE TABLE tripartite.keys (
    register integer NOT NULL,
    key bytea NOT NULL,
    local text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE tripartite.kinds ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tripartite.kinds_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE tripartite.links (
    register integer NOT NULL,
    external_id text NOT NULL COLLATE pg_catalog."C",
    removed bigint,
    local text,
    base json,
    base_schema bytea,
    base_version bigint,
    shape integer,
    print bigint,
    kept json,
    seen bytea,
    policy bytea,
    synced bigint,
    missed bigint DEFAULT 0 NOT NULL,
    deactivated boolean DEFAULT false NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE tripartite.log (
    log text NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone NOT NULL,
    id bytea NOT NULL,
    bytes bytea NOT NULL
);
CREATE TABLE tripartite.members (
    local_id bigint NOT NULL,
    external_id text COLLATE pg_catalog."C",
    active boolean DEFAULT true NOT NULL,
    revision bigint DEFAULT 0 NOT NULL,
    name text,
    email text,
    member boolean,
    points numeric,
    tags json
);
ALTER TABLE tripartite.members ALTER COLUMN local_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME tripartite.members_local_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE tripartite.meta (
    alone boolean DEFAULT true NOT NULL,
    format integer NOT NULL,
    oldest integer NOT NULL,
    CONSTRAINT meta_alone_check CHECK (alone)
);
CREATE TABLE tripartite.registers (
    id integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE tripartite.registers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tripartite.registers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE SEQUENCE tripartite.revisions
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE tripartite.ruled_out (
    register integer NOT NULL,
    local text NOT NULL COLLATE pg_catalog."C",
    external_id text NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone NOT NULL,
    by text NOT NULL
);
CREATE TABLE tripartite.runs (
    register integer NOT NULL,
    run text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    report json NOT NULL
);
ALTER TABLE tripartite.runs ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tripartite.runs_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE tripartite.settings (
    register integer NOT NULL,
    key text NOT NULL,
    value text NOT NULL
);
CREATE TABLE tripartite.shapes (
    id integer NOT NULL,
    register integer NOT NULL,
    schema bytea NOT NULL,
    fields json NOT NULL
);
ALTER TABLE tripartite.shapes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tripartite.shapes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE tripartite.unkeyed (
    register integer NOT NULL,
    local text NOT NULL COLLATE pg_catalog."C"
);
CREATE SEQUENCE tripartite.versions
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
INSERT INTO public.people VALUES
	(1, 'Áine', 'aine@example.org', 'M1', true, 12),
	(2, 'Seán', 'sean@example.org', 'M2', true, 13),
	(3, 'Niamh', 'niamh@example.org', 'M3', true, 14),
	(4, 'Orla', 'orla@example.org', 'M4', true, 15);
INSERT INTO tripartite.conflicts VALUES
	(1, 'M1', 'email', '{"unit":"email","clash":"BothChanged","paths":[],"base":"aine@example.org","local":"edited@example.org","remote":"aine2@example.org"}', 'Both sides changed email, differently; by the rule "source: merge" the value here stays until somebody decides.', '2026-11-30T04:24:42Z-1', '2026-11-30 04:24:42.623788+00');
INSERT INTO tripartite.entries VALUES
	(1, 'M1', 1, NULL),
	(2, 'M2', 1, NULL),
	(3, 'M3', 1, NULL),
	(4, 'M4', 1, NULL),
	(5, 'M1', 2, '{"field":{"field":"email","verdict":"Conflict","detail":"BothChanged","decision":"HeldOpen","rule":"source: merge","base":"aine@example.org","local":"edited@example.org","remote":"aine2@example.org","result":"edited@example.org","why":"Both sides changed email, differently; by the rule \"source: merge\" the value here stays until somebody decides."}}'),
	(6, 'M2', 3, '{"field":{"field":"name","verdict":"RemoteOnly","detail":"Changed","decision":"TookRemote","rule":"source: merge","base":"Seán","local":"Seán","remote":"Shane","result":"Shane","why":"The source changed name and nobody had edited it here, so the source''s value was taken."}}'),
	(7, 'M4', 4, NULL),
	(8, 'M1', 5, NULL),
	(9, 'M2', 5, NULL),
	(10, 'M3', 5, NULL),
	(11, 'M4', 5, NULL),
	(13, 'M2', 6, '{"field":{"field":"name","verdict":"LocalOnly","detail":"Changed","decision":"Nothing","rule":"source: merge","base":"Shane","local":"Shaun","remote":"Shane","result":"Shaun","why":"Somebody here changed name and the source still has the old value, so the edit stays."}}'),
	(14, 'M2', 7, '{"field":{"field":"email","verdict":"RemoteOnly","detail":"Changed","decision":"TookRemote","rule":"source: merge","base":"sean@example.org","local":"sean@example.org","remote":"shane@example.org","result":"shane@example.org","why":"The source changed email and nobody had edited it here, so the source''s value was taken."}}'),
	(15, 'M6', 8, NULL),
	(16, 'M7', 8, NULL);
INSERT INTO tripartite.kinds OVERRIDING SYSTEM VALUE VALUES
	(2, 1, '2026-11-30T04:24:42Z-1', '2026-11-30 04:24:42.623788+00', 'field', 'email', 'Conflict', 'BothChanged', 'HeldOpen', NULL, 5, 5),
	(3, 1, '2026-11-30T04:24:42Z-1', '2026-11-30 04:24:42.623788+00', 'field', 'name', 'RemoteOnly', 'Changed', 'TookRemote', NULL, 6, 6),
	(1, 1, '2026-11-30T04:24:41Z-1', '2026-11-30 04:24:41.635773+00', 'record', NULL, 'Unmatched', NULL, 'create', '{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}', 1, 4),
	(4, 1, '2026-11-30T04:24:42Z-1', '2026-11-30 04:24:42.623788+00', 'record', NULL, 'Missing', NULL, 'deactivate', '{"record":{"situation":"Missing","action":"deactivate","why":"The source''s complete listing no longer has this record, so it was marked inactive."}}', 7, 7),
	(5, 2, '2026-11-30T04:24:43Z-1', '2026-11-30 04:24:43.687423+00', 'record', NULL, 'Unmatched', NULL, 'create', '{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}', 8, 11),
	(6, 1, '2026-11-30T11:56:08Z-1', '2026-11-30 11:56:08.212618+00', 'field', 'name', 'LocalOnly', 'Changed', 'Nothing', NULL, 12, 16),
	(7, 1, '2026-11-30T11:56:08Z-1', '2026-11-30 11:56:08.212618+00', 'field', 'email', 'RemoteOnly', 'Changed', 'TookRemote', NULL, 12, 16),
	(8, 1, '2026-11-30T11:56:08Z-1', '2026-11-30 11:56:08.212618+00', 'record', NULL, 'Unmatched', NULL, 'create', '{"record":{"situation":"Unmatched","action":"create","why":"The source has this record and nothing here is linked to it, so it was created."}}', 12, 16);
INSERT INTO tripartite.links VALUES
	(1, 'M1', NULL, NULL, '{"name":"Áine","email":"aine@example.org","member":true,"points":17,"tags":["a","b"]}', '\x95407565cf0478c92b5bd8869741e7ec', NULL, NULL, NULL, NULL, '\xc98752473c035003c7e0e8b1a0d9b771', '\xbe639b017b2096cc20dc5b23b4b8f016', 8, 0, false),
	(1, 'M3', 6, '4', '{"name":"Niamh","email":"niamh@example.org","member":true,"points":5,"tags":["c"]}', '\x95407565cf0478c92b5bd8869741e7ec', NULL, NULL, NULL, NULL, '\xb7ee56a94d191e4b93cd8e237426ecd6', '\xbe639b017b2096cc20dc5b23b4b8f016', 6, 0, false),
	(1, 'M4', NULL, NULL, '{"name":"Orla","email":"orla@example.org"}', '\x95407565cf0478c92b5bd8869741e7ec', NULL, NULL, NULL, NULL, '\x64909075838253235a3c1389c55ced02', '\xbe639b017b2096cc20dc5b23b4b8f016', 1, 2147483649, true),
	(2, 'M1', NULL, NULL, '{"name":"Áine","email":"aine@example.org"}', '\x365b8ee5b076fc11f9ff2bc5036652b2', NULL, NULL, NULL, NULL, '\xcf34c3acddbe14579eef253f7f911dc4', '\xb2f2205d9d41d40c820b85f241ae999c', 12, 0, false),
	(2, 'M2', NULL, NULL, '{"name":"Seán","email":"sean@example.org"}', '\x365b8ee5b076fc11f9ff2bc5036652b2', NULL, NULL, NULL, NULL, '\x2453125aa959c3a20a138dc4d6c9b80f', '\xb2f2205d9d41d40c820b85f241ae999c', 13, 0, false),
	(2, 'M3', NULL, NULL, '{"name":"Niamh","email":"niamh@example.org"}', '\x365b8ee5b076fc11f9ff2bc5036652b2', NULL, NULL, NULL, NULL, '\x135cd01bb44a6c7192ba9e99ea679179', '\xb2f2205d9d41d40c820b85f241ae999c', 14, 0, false),
	(2, 'M4', NULL, NULL, '{"name":"Orla","email":"orla@example.org"}', '\x365b8ee5b076fc11f9ff2bc5036652b2', NULL, NULL, NULL, NULL, '\xc83005312ec0682bdf9b666cc301e4c7', '\xb2f2205d9d41d40c820b85f241ae999c', 15, 0, false),
	(1, 'M2', NULL, NULL, '{"name":"Shane","tags":[]}', NULL, NULL, 2, -5025871887569526404, NULL, '\xba4084257ecbe17c20a12ccc1a78b161', '\xbe639b017b2096cc20dc5b23b4b8f016', 18, 0, false),
	(1, 'M6', NULL, NULL, '{"tags":["c"]}', NULL, NULL, 1, 7802846335043975229, NULL, '\x6c4947668541383d4501bb37683702c8', '\xbe639b017b2096cc20dc5b23b4b8f016', 16, 0, false),
	(1, 'M7', NULL, NULL, '{"tags":["c"]}', NULL, NULL, 1, 889165518929603778, NULL, '\x0c56f35416532cc248da9e30ef8e85dc', '\xbe639b017b2096cc20dc5b23b4b8f016', 17, 0, false);
INSERT INTO tripartite.members VALUES
	(5, NULL, true, 7, 'Una', NULL, NULL, NULL, NULL),
	(2, 'M1', true, 8, 'Áine', 'edited@example.org', true, 17, '["a","b"]'),
	(1, 'M4', false, 9, 'Orla', 'orla@example.org', NULL, NULL, NULL),
	(6, 'M6', true, 16, 'Ciara', 'ciara@example.org', true, 3, '["c"]'),
	(7, 'M7', true, 17, 'Oisín', 'oisin@example.org', true, 4, '["c"]'),
	(3, 'M2', true, 18, 'Shaun', 'shane@example.org', false, NULL, '[]');
INSERT INTO tripartite.meta VALUES
	(true, 2, 2);
INSERT INTO tripartite.registers OVERRIDING SYSTEM VALUE VALUES
	(1, ''),
	(2, 'ballybeg/federation');
INSERT INTO tripartite.runs OVERRIDING SYSTEM VALUE VALUES
	(1, '2026-11-30T04:24:41Z-1', 1, '2026-11-30 04:24:41.635773+00', '{"run":"2026-11-30T04:24:41Z-1","at":"2026-11-30T04:24:41.635773691Z","outcome":"succeeded","dry_run":false,"plan_id":"49dc8cf05a3b82d3a8863af6cc6cbf67b83c7a89f39e12fb955c23fb28a01622","processed":4,"created":4,"updated":0,"unchanged":0,"deactivated":0,"missing":0,"rekeyed":0,"linked":0,"reactivated":0,"conflicts_detected":0,"conflicts_resolved":0,"conflicts_open":0,"invalid_fields":0,"quarantined":0,"proposed":0,"skipped":0,"failed":0,"duplicates":0,"ignored":0,"unanswered":0,"listed_all":true,"withheld":0}'),
	(1, '2026-11-30T04:24:42Z-1', 2, '2026-11-30 04:24:42.623788+00', '{"run":"2026-11-30T04:24:42Z-1","at":"2026-11-30T04:24:42.623788584Z","outcome":"succeeded","dry_run":false,"plan_id":"1ce313231dc1ae5653c4e6af5070293e779f87ff847071f0de74150690d62eae","processed":3,"created":0,"updated":1,"unchanged":2,"deactivated":1,"missing":0,"rekeyed":0,"linked":0,"reactivated":0,"conflicts_detected":1,"conflicts_resolved":0,"conflicts_open":1,"invalid_fields":0,"quarantined":0,"proposed":0,"skipped":0,"failed":0,"duplicates":0,"ignored":0,"unanswered":0,"listed_all":true,"withheld":0}'),
	(2, '2026-11-30T04:24:43Z-1', 3, '2026-11-30 04:24:43.687423+00', '{"run":"2026-11-30T04:24:43Z-1","at":"2026-11-30T04:24:43.687423799Z","outcome":"succeeded","dry_run":false,"plan_id":"4540fa9aeb76a7ca73b89090b805614711cb6a49b27eb436af193500277f8653","processed":4,"created":4,"updated":0,"unchanged":0,"deactivated":0,"missing":0,"rekeyed":0,"linked":0,"reactivated":0,"conflicts_detected":0,"conflicts_resolved":0,"conflicts_open":0,"invalid_fields":0,"quarantined":0,"proposed":0,"skipped":0,"failed":0,"duplicates":0,"ignored":0,"unanswered":0,"listed_all":true,"withheld":0,"schema_drift":{"undeclared":[{"field":"member","records":3},{"field":"points","records":3},{"field":"tags","records":3}]}}'),
	(1, '2026-11-30T11:56:08Z-1', 4, '2026-11-30 11:56:08.212618+00', '{"run":"2026-11-30T11:56:08Z-1","at":"2026-11-30T11:56:08.212618843Z","outcome":"succeeded","dry_run":false,"plan_id":"11613bd89e9055d0f46e532781297fab563516c072150cae13702752f5c9b49f","processed":3,"created":2,"updated":1,"unchanged":0,"deactivated":0,"missing":0,"rekeyed":0,"linked":0,"reactivated":0,"conflicts_detected":0,"conflicts_resolved":0,"conflicts_open":1,"invalid_fields":0,"quarantined":0,"proposed":0,"skipped":0,"failed":0,"duplicates":0,"ignored":0,"unanswered":0,"listed_all":false,"withheld":0}');
INSERT INTO tripartite.settings VALUES
	(1, 'schema', '{"absent":"no_opinion","strategy":"merge","fields":{"name":{"kind":"name"},"email":{"kind":"email"},"member":{"kind":"boolean"},"points":{"kind":"integer"},"tags":{"kind":"set","of":{"kind":"text"}}}}'),
	(1, 'id_field', 'id'),
	(1, 'table', '{"schema":"tripartite","table":"members","key":"local_id","columns":{},"own":true}'),
	(2, 'table', '{"schema":"public","table":"people","key":"id","columns":{"email":"email","name":"name"}}'),
	(2, 'schema', '{"absent":"no_opinion","strategy":"remote_wins","fields":{"name":{"kind":"name"},"email":{"kind":"email"}}}'),
	(2, 'id_field', 'id');
INSERT INTO tripartite.shapes OVERRIDING SYSTEM VALUE VALUES
	(1, 1, '\x95407565cf0478c92b5bd8869741e7ec', '["name","email","member","points"]'),
	(2, 1, '\x95407565cf0478c92b5bd8869741e7ec', '["email","member","points"]');
INSERT INTO tripartite.unkeyed VALUES
	(1, '2'),
	(1, '5'),
	(1, '3');
SELECT pg_catalog.setval('public.people_id_seq', 4, true);
SELECT pg_catalog.setval('tripartite.entries_seq_seq', 16, true);
SELECT pg_catalog.setval('tripartite.kinds_id_seq', 8, true);
SELECT pg_catalog.setval('tripartite.members_local_id_seq', 7, true);
SELECT pg_catalog.setval('tripartite.registers_id_seq', 2, true);
SELECT pg_catalog.setval('tripartite.revisions', 18, true);
SELECT pg_catalog.setval('tripartite.runs_seq_seq', 4, true);
SELECT pg_catalog.setval('tripartite.shapes_id_seq', 2, true);
SELECT pg_catalog.setval('tripartite.versions', 1, false);
ALTER TABLE ONLY public.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tripartite.approved
    ADD CONSTRAINT approved_pkey PRIMARY KEY (register, plan);
ALTER TABLE ONLY tripartite.conflicts
    ADD CONSTRAINT conflicts_pkey PRIMARY KEY (register, external_id, unit);
ALTER TABLE ONLY tripartite.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY tripartite.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (key);
ALTER TABLE ONLY tripartite.keys
    ADD CONSTRAINT keys_pkey PRIMARY KEY (register, key, local);
ALTER TABLE ONLY tripartite.kinds
    ADD CONSTRAINT kinds_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tripartite.links
    ADD CONSTRAINT links_pkey PRIMARY KEY (register, external_id);
ALTER TABLE ONLY tripartite.log
    ADD CONSTRAINT log_log_id_key UNIQUE (log, id);
ALTER TABLE ONLY tripartite.log
    ADD CONSTRAINT log_pkey PRIMARY KEY (log, at, id);
ALTER TABLE ONLY tripartite.members
    ADD CONSTRAINT members_pkey PRIMARY KEY (local_id);
ALTER TABLE ONLY tripartite.meta
    ADD CONSTRAINT meta_pkey PRIMARY KEY (alone);
ALTER TABLE ONLY tripartite.registers
    ADD CONSTRAINT registers_name_key UNIQUE (name);
ALTER TABLE ONLY tripartite.registers
    ADD CONSTRAINT registers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tripartite.ruled_out
    ADD CONSTRAINT ruled_out_pkey PRIMARY KEY (register, local, external_id);
ALTER TABLE ONLY tripartite.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (register, run);
ALTER TABLE ONLY tripartite.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (register, key);
ALTER TABLE ONLY tripartite.shapes
    ADD CONSTRAINT shapes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tripartite.unkeyed
    ADD CONSTRAINT unkeyed_pkey PRIMARY KEY (register, local);
CREATE UNIQUE INDEX tripartite_id_2_tripartite ON public.people USING btree (tripartite_id) WHERE (tripartite_id IS NOT NULL);
CREATE INDEX jobs_due ON tripartite.jobs USING btree (shard, due, key) WHERE (due IS NOT NULL);
CREATE INDEX keys_of ON tripartite.keys USING btree (register, local);
CREATE UNIQUE INDEX kinds_alike ON tripartite.kinds USING btree (register, run, subject, field, verdict, decision, md5(detail), at) NULLS NOT DISTINCT;
CREATE UNIQUE INDEX tripartite_id_1_tripartite ON tripartite.members USING btree (external_id) WHERE (external_id IS NOT NULL);
CREATE TRIGGER tripartite_activity AFTER UPDATE ON public.people FOR EACH ROW WHEN ((new.tripartite_active IS DISTINCT FROM old.tripartite_active)) EXECUTE FUNCTION tripartite.activity_2();
CREATE TRIGGER tripartite_changed BEFORE UPDATE ON public.people FOR EACH ROW WHEN ((current_setting('tripartite_batch.own'::text, true) IS DISTINCT FROM 'on'::text)) EXECUTE FUNCTION tripartite.changed_2();
CREATE TRIGGER tripartite_deleted AFTER DELETE ON public.people REFERENCING OLD TABLE AS before_it FOR EACH STATEMENT EXECUTE FUNCTION tripartite.deleted_2();
CREATE TRIGGER tripartite_entered BEFORE INSERT ON public.people FOR EACH ROW WHEN ((current_setting('tripartite_batch.own'::text, true) IS DISTINCT FROM 'on'::text)) EXECUTE FUNCTION tripartite.changed_2();
CREATE TRIGGER tripartite_marked AFTER UPDATE ON public.people REFERENCING NEW TABLE AS after_it FOR EACH STATEMENT WHEN ((current_setting('tripartite_batch.own'::text, true) IS DISTINCT FROM 'on'::text)) EXECUTE FUNCTION tripartite.marked_2();
CREATE TRIGGER tripartite_marked_new AFTER INSERT ON public.people REFERENCING NEW TABLE AS after_it FOR EACH STATEMENT WHEN ((current_setting('tripartite_batch.own'::text, true) IS DISTINCT FROM 'on'::text)) EXECUTE FUNCTION tripartite.marked_2();
CREATE TRIGGER tripartite_renumbered AFTER UPDATE ON public.people FOR EACH ROW WHEN ((new.id IS DISTINCT FROM old.id)) EXECUTE FUNCTION tripartite.renumbered_2();
CREATE TRIGGER tripartite_truncated BEFORE TRUNCATE ON public.people FOR EACH STATEMENT EXECUTE FUNCTION tripartite.truncated_2();
CREATE TRIGGER tripartite_unlinked AFTER UPDATE ON public.people FOR EACH ROW WHEN ((new.tripartite_id IS DISTINCT FROM old.tripartite_id)) EXECUTE FUNCTION tripartite.unlinked_2();
CREATE TRIGGER audit_written INSTEAD OF INSERT OR DELETE OR UPDATE ON tripartite.audit FOR EACH ROW EXECUTE FUNCTION tripartite.audit_written();
CREATE TRIGGER tripartite_activity AFTER UPDATE ON tripartite.members FOR EACH ROW WHEN ((new.active IS DISTINCT FROM old.active)) EXECUTE FUNCTION tripartite.activity_1();
CREATE TRIGGER tripartite_changed BEFORE UPDATE ON tripartite.members FOR EACH ROW WHEN ((current_setting('tripartite_batch.own'::text, true) IS DISTINCT FROM 'on'::text)) EXECUTE FUNCTION tripartite.changed_1();
CREATE TRIGGER tripartite_deleted AFTER DELETE ON tripartite.members REFERENCING OLD TABLE AS before_it FOR EACH STATEMENT EXECUTE FUNCTION tripartite.deleted_1();
CREATE TRIGGER tripartite_entered BEFORE INSERT ON tripartite.members FOR EACH ROW WHEN ((current_setting('tripartite_batch.own'::text, true) IS DISTINCT FROM 'on'::text)) EXECUTE FUNCTION tripartite.changed_1();
CREATE TRIGGER tripartite_kept AFTER UPDATE ON tripartite.members FOR EACH ROW WHEN ((current_setting('tripartite_batch.own'::text, true) IS DISTINCT FROM 'on'::text)) EXECUTE FUNCTION tripartite.kept_1();
CREATE TRIGGER tripartite_marked AFTER UPDATE ON tripartite.members REFERENCING NEW TABLE AS after_it FOR EACH STATEMENT WHEN ((current_setting('tripartite_batch.own'::text, true) IS DISTINCT FROM 'on'::text)) EXECUTE FUNCTION tripartite.marked_1();
CREATE TRIGGER tripartite_marked_new AFTER INSERT ON tripartite.members REFERENCING NEW TABLE AS after_it FOR EACH STATEMENT WHEN ((current_setting('tripartite_batch.own'::text, true) IS DISTINCT FROM 'on'::text)) EXECUTE FUNCTION tripartite.marked_1();
CREATE TRIGGER tripartite_renumbered AFTER UPDATE ON tripartite.members FOR EACH ROW WHEN ((new.local_id IS DISTINCT FROM old.local_id)) EXECUTE FUNCTION tripartite.renumbered_1();
CREATE TRIGGER tripartite_truncated BEFORE TRUNCATE ON tripartite.members FOR EACH STATEMENT EXECUTE FUNCTION tripartite.truncated_1();
CREATE TRIGGER tripartite_unlinked AFTER UPDATE ON tripartite.members FOR EACH ROW WHEN ((new.external_id IS DISTINCT FROM old.external_id)) EXECUTE FUNCTION tripartite.unlinked_1();
