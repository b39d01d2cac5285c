-- Of a table of the store's own: what a base reads from its row stays known when somebody changes the row.
CREATE OR REPLACE FUNCTION tripartite.kept_{n}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
BEGIN
    UPDATE tripartite.links SET kept = to_json(OLD)
    WHERE register = {n} AND external_id = OLD.{external_id} COLLATE "C" AND shape IS NOT NULL AND kept IS NULL;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER tripartite_kept AFTER UPDATE ON {members}
FOR EACH ROW WHEN (pg_catalog.current_setting('tripartite_batch.own', true) IS DISTINCT FROM 'on')
EXECUTE FUNCTION tripartite.kept_{n}();
