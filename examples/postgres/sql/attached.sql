-- A row trigger runs once its row is locked, so of two changes of a row the later one has the larger revision.
CREATE OR REPLACE FUNCTION tripartite.changed_{n}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    NEW.{revision} := pg_catalog.nextval('tripartite.revisions'::pg_catalog.regclass);
    RETURN NEW;
END $$;

-- The functions below keep their plans for as long as a session lasts. A plan that was made for a small table must not scan
-- it once it is large, hence `enable_seqscan = off`.

-- An id that no row has any more is free.
CREATE OR REPLACE FUNCTION tripartite.unlinked_{n}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM {linked} m WHERE m.{external_id} COLLATE "C" = OLD.{external_id} COLLATE "C") THEN
        DELETE FROM tripartite.conflicts WHERE register = {n} AND external_id = OLD.{external_id} COLLATE "C";
        DELETE FROM tripartite.links WHERE register = {n} AND external_id = OLD.{external_id} COLLATE "C";
    END IF;
    RETURN NULL;
END $$;

-- Whoever changes whether a row is active takes it out of the sync's hands.
CREATE OR REPLACE FUNCTION tripartite.activity_{n}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
BEGIN
    UPDATE tripartite.links SET deactivated = false
    WHERE register = {n} AND external_id = {id_of_activated} COLLATE "C" AND deactivated;
    RETURN NULL;
END $$;

-- A row that has another key is another row to whoever knew it by its key.
CREATE OR REPLACE FUNCTION tripartite.renumbered_{n}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
BEGIN
    DELETE FROM tripartite.keys WHERE register = {n} AND local = OLD.{key}::text COLLATE "C";
    DELETE FROM tripartite.unkeyed WHERE register = {n} AND local = OLD.{key}::text COLLATE "C";
    DELETE FROM tripartite.ruled_out WHERE register = {n} AND local = OLD.{key}::text COLLATE "C";
    RETURN NULL;
END $$;

-- Marks the rows whose match keys are to be made anew. A mark that is there is locked, so that nobody who makes keys
-- meanwhile takes it away.
CREATE OR REPLACE FUNCTION tripartite.marked_{n}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
BEGIN
    INSERT INTO tripartite.unkeyed(register, local) SELECT {n}, a.{key}::text FROM after_it a
    ON CONFLICT (register, local) DO UPDATE SET local = EXCLUDED.local;
    RETURN NULL;
END $$;

-- A record that a sync wrote and somebody deletes is kept as removed.
CREATE OR REPLACE FUNCTION tripartite.deleted_{n}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET timezone = 'UTC' AS $$
BEGIN
    UPDATE tripartite.links l SET removed = nextval('tripartite.revisions'), local = b.{key}::text,
        kept = CASE WHEN l.shape IS NOT NULL AND l.kept IS NULL THEN {row:b} ELSE l.kept END
    FROM {before_it} b CROSS JOIN LATERAL (SELECT x.ctid AS at FROM tripartite.links x
        WHERE x.register = {n} AND x.external_id = b.{external_id} COLLATE "C" FOR UPDATE) x WHERE l.ctid = x.at;
    DELETE FROM tripartite.keys d USING before_it b CROSS JOIN LATERAL (SELECT x.ctid AS at FROM tripartite.keys x
        WHERE x.register = {n} AND x.local = b.{key}::text COLLATE "C" OFFSET 0) x WHERE d.ctid = x.at;
    DELETE FROM tripartite.unkeyed d USING before_it b CROSS JOIN LATERAL (SELECT x.ctid AS at FROM tripartite.unkeyed x
        WHERE x.register = {n} AND x.local = b.{key}::text COLLATE "C" OFFSET 0) x WHERE d.ctid = x.at;
    DELETE FROM tripartite.ruled_out d USING before_it b CROSS JOIN LATERAL (SELECT x.ctid AS at
        FROM tripartite.ruled_out x
        WHERE x.register = {n} AND x.local = b.{key}::text COLLATE "C" OFFSET 0) x WHERE d.ctid = x.at;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION tripartite.truncated_{n}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    UPDATE tripartite.links l SET removed = nextval('tripartite.revisions'), local = m.{key}::text,
        kept = CASE WHEN l.shape IS NOT NULL AND l.kept IS NULL THEN {row:m} ELSE l.kept END
    FROM {records} m WHERE l.register = {n} AND l.external_id = m.{external_id} COLLATE "C";
    DELETE FROM tripartite.keys WHERE register = {n};
    DELETE FROM tripartite.unkeyed WHERE register = {n};
    DELETE FROM tripartite.ruled_out WHERE register = {n};
    RETURN NULL;
END $$;

-- Of a batch of its own the store numbers and marks the rows itself: a function that is called for each costs as much as
-- the row.
CREATE OR REPLACE TRIGGER tripartite_changed BEFORE UPDATE ON {revised}
FOR EACH ROW WHEN (pg_catalog.current_setting('tripartite_batch.own', true) IS DISTINCT FROM 'on')
EXECUTE FUNCTION tripartite.changed_{n}();

CREATE OR REPLACE TRIGGER tripartite_entered BEFORE INSERT ON {revised}
FOR EACH ROW WHEN (pg_catalog.current_setting('tripartite_batch.own', true) IS DISTINCT FROM 'on')
EXECUTE FUNCTION tripartite.changed_{n}();

CREATE OR REPLACE TRIGGER tripartite_unlinked AFTER UPDATE ON {linked}
FOR EACH ROW WHEN (NEW.{external_id} IS DISTINCT FROM OLD.{external_id})
EXECUTE FUNCTION tripartite.unlinked_{n}();

CREATE OR REPLACE TRIGGER tripartite_activity AFTER UPDATE ON {activated}
FOR EACH ROW WHEN (NEW.{active} IS DISTINCT FROM OLD.{active}) EXECUTE FUNCTION tripartite.activity_{n}();

CREATE OR REPLACE TRIGGER tripartite_renumbered AFTER UPDATE ON {members}
FOR EACH ROW WHEN (NEW.{key} IS DISTINCT FROM OLD.{key}) EXECUTE FUNCTION tripartite.renumbered_{n}();

CREATE OR REPLACE TRIGGER tripartite_marked_new AFTER INSERT ON {members}
REFERENCING NEW TABLE AS after_it FOR EACH STATEMENT
WHEN (pg_catalog.current_setting('tripartite_batch.own', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION tripartite.marked_{n}();

CREATE OR REPLACE TRIGGER tripartite_marked AFTER UPDATE ON {members}
REFERENCING NEW TABLE AS after_it FOR EACH STATEMENT
WHEN (pg_catalog.current_setting('tripartite_batch.own', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION tripartite.marked_{n}();

CREATE OR REPLACE TRIGGER tripartite_deleted AFTER DELETE ON {members}
REFERENCING OLD TABLE AS before_it FOR EACH STATEMENT EXECUTE FUNCTION tripartite.deleted_{n}();

CREATE OR REPLACE TRIGGER tripartite_truncated BEFORE TRUNCATE ON {members}
FOR EACH STATEMENT EXECUTE FUNCTION tripartite.truncated_{n}();
