-- From format 2, whose entries had a row each.
ALTER TABLE tripartite.entries ADD COLUMN others text[] COLLATE "C";

-- Replacing a view takes its options away, such as `security_invoker`.
SELECT set_config('tripartite_migration.options', coalesce(array_to_string(reloptions, ', '), ''), true)
FROM pg_class WHERE oid = 'tripartite.audit'::regclass;
