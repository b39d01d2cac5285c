-- The columns that are added stand beside the host's table, in a row for each of its rows.

-- The revision of a row as the triggers of the statement have left it.
CREATE OR REPLACE FUNCTION tripartite.revised_{n}(of text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT b.{revision} FROM {revised} b WHERE b.{key} = of::{key_type});
END $$;

-- A row that is new has no id, also if one was deleted with triggers off that had its key.
CREATE OR REPLACE FUNCTION tripartite.added_{n}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM {revised} b USING after_it a WHERE b.{key} = a.{key};
    INSERT INTO {revised}({key}) SELECT a.{key} FROM after_it a;
    RETURN NULL;
END $$;

-- Its own trigger gives the row beside it the next revision. One that was entered with triggers off gets its row now.
CREATE OR REPLACE FUNCTION tripartite.touched_{n}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE {revised} b SET {revision} = b.{revision} WHERE b.{key} = OLD.{key};
    IF NOT FOUND THEN
        INSERT INTO {revised}({key}) VALUES (OLD.{key}) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION tripartite.followed_{n}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM {revised} b WHERE b.{key} = NEW.{key};
    UPDATE {revised} b SET {key} = NEW.{key} WHERE b.{key} = OLD.{key};
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION tripartite.left_{n}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM {revised} b USING before_it a WHERE b.{key} = a.{key};
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION tripartite.emptied_{n}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM {revised};
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER tripartite_added AFTER INSERT ON {members}
REFERENCING NEW TABLE AS after_it FOR EACH STATEMENT EXECUTE FUNCTION tripartite.added_{n}();

-- A row trigger runs once its row is locked, and whoever locks both takes the host's row first.
CREATE OR REPLACE TRIGGER tripartite_touched BEFORE UPDATE ON {members}
FOR EACH ROW EXECUTE FUNCTION tripartite.touched_{n}();

CREATE OR REPLACE TRIGGER tripartite_followed AFTER UPDATE ON {members}
FOR EACH ROW WHEN (NEW.{key} IS DISTINCT FROM OLD.{key}) EXECUTE FUNCTION tripartite.followed_{n}();

-- Triggers run in the order of their names: what was deleted is remembered before, with its id.
CREATE OR REPLACE TRIGGER tripartite_left AFTER DELETE ON {members}
REFERENCING OLD TABLE AS before_it FOR EACH STATEMENT EXECUTE FUNCTION tripartite.left_{n}();

CREATE OR REPLACE TRIGGER tripartite_emptied AFTER TRUNCATE ON {members}
FOR EACH STATEMENT EXECUTE FUNCTION tripartite.emptied_{n}();
