-- What a base reads from its row stays known when somebody changes the row. A moment is kept in UTC, whatever zone the
-- session has.
CREATE OR REPLACE FUNCTION tripartite.kept_{n}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET timezone = 'UTC' AS $$
BEGIN
    UPDATE tripartite.links SET kept = {row:OLD}
    WHERE register = {n} AND external_id = OLD.{external_id} COLLATE "C" AND shape IS NOT NULL AND kept IS NULL
        AND (NEW.{external_id} IS DISTINCT FROM OLD.{external_id} OR {row:NEW}::text IS DISTINCT FROM {row:OLD}::text);
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER tripartite_kept AFTER UPDATE ON {members}
FOR EACH ROW WHEN (pg_catalog.current_setting('tripartite_batch.own', true) IS DISTINCT FROM 'on')
EXECUTE FUNCTION tripartite.kept_{n}();
