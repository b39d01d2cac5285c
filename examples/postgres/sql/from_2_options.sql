-- The options that the view had in format 2.
DO $$ BEGIN
    IF current_setting('tripartite_migration.options') <> '' THEN
        EXECUTE 'ALTER VIEW tripartite.audit SET (' || current_setting('tripartite_migration.options') || ')';
    END IF;
END $$;
