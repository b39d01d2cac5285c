-- The audit as one table, and what is done when somebody writes into it. `alike` stands for the condition that an entry is
-- of the kind `k`.
CREATE VIEW {tripartite_audit} AS
SELECT seq, run, at, external_id, subject, field, verdict, detail, decision, ifnull(e.entry, k.entry) AS entry
FROM {tripartite_entries} e CROSS JOIN {tripartite_kinds} k ON k.id = e.kind;

CREATE TRIGGER {tripartite_audit_inserted} INSTEAD OF INSERT ON {tripartite_audit}
BEGIN
    INSERT INTO {tripartite_kinds}(run, at, subject, field, verdict, detail, decision)
    SELECT NEW.run, NEW.at, NEW.subject, NEW.field, NEW.verdict, NEW.detail, NEW.decision
    WHERE NOT EXISTS (SELECT 1 FROM {tripartite_kinds} k WHERE {alike});
    INSERT INTO {tripartite_entries}(seq, external_id, kind, entry)
    SELECT NEW.seq, NEW.external_id, min(k.id), NEW.entry FROM {tripartite_kinds} k WHERE {alike};
    UPDATE {tripartite_kinds} SET
        first = min(ifnull(first, last_insert_rowid()), last_insert_rowid()),
        last = max(ifnull(last, last_insert_rowid()), last_insert_rowid())
    WHERE id = (SELECT kind FROM {tripartite_entries} WHERE seq = last_insert_rowid());
END;

CREATE TRIGGER {tripartite_audit_deleted} INSTEAD OF DELETE ON {tripartite_audit}
BEGIN
    DELETE FROM {tripartite_kinds} WHERE id = (SELECT kind FROM {tripartite_entries} WHERE seq = OLD.seq)
    AND NOT EXISTS (
        SELECT 1 FROM {tripartite_entries} e
        WHERE e.seq BETWEEN first AND last AND e.seq <> OLD.seq AND e.kind = {tripartite_kinds}.id
    );
    DELETE FROM {tripartite_entries} WHERE seq = OLD.seq;
END;

CREATE TRIGGER {tripartite_audit_updated} INSTEAD OF UPDATE ON {tripartite_audit}
BEGIN
    DELETE FROM {tripartite_audit} WHERE seq = OLD.seq;
    INSERT INTO {tripartite_audit} VALUES (
        NEW.seq, NEW.run, NEW.at, NEW.external_id, NEW.subject, NEW.field, NEW.verdict, NEW.detail, NEW.decision,
        NEW.entry
    );
END;
