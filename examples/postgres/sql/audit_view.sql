-- To whoever reads or writes it, the audit is one table.
CREATE OR REPLACE VIEW tripartite.audit AS
SELECT e.seq + u.place - 1 AS seq, k.register, k.run, k.at, u.external_id COLLATE "C" AS external_id, k.subject, k.field, k.verdict, k.detail, k.decision,
    coalesce(e.entry, k.entry) AS entry
FROM tripartite.entries e JOIN tripartite.kinds k ON k.id = e.kind
CROSS JOIN LATERAL unnest(e.external_id || e.others) WITH ORDINALITY AS u(external_id, place);

CREATE OR REPLACE FUNCTION tripartite.audit_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    alike integer;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        -- The others of its row stay, each in a row of its own.
        WITH gone AS (
            DELETE FROM tripartite.entries
            WHERE seq = (SELECT seq FROM tripartite.entries WHERE seq <= OLD.seq ORDER BY seq DESC LIMIT 1) RETURNING *
        ) INSERT INTO tripartite.entries(seq, external_id, kind, entry)
        SELECT g.seq + u.place - 1, u.external_id, g.kind, g.entry FROM gone g
        CROSS JOIN LATERAL unnest(g.external_id || g.others) WITH ORDINALITY AS u(external_id, place)
        WHERE g.seq + u.place - 1 <> OLD.seq;
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

CREATE OR REPLACE TRIGGER audit_written INSTEAD OF INSERT OR UPDATE OR DELETE ON tripartite.audit
FOR EACH ROW EXECUTE FUNCTION tripartite.audit_written();
