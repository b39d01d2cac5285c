-- From format 1, whose audit was one table. It has been renamed, and the tables of format 2 are there.
INSERT INTO tripartite.kinds(register, run, at, subject, field, verdict, detail, decision, first, last)
SELECT register, run, at, subject, field, verdict, detail, decision, min(seq), max(seq) FROM tripartite.audit_of_1
GROUP BY register, run, at, subject, field, verdict, detail, decision ORDER BY min(seq);

UPDATE tripartite.kinds k SET entry = a.entry FROM tripartite.audit_of_1 a WHERE a.seq = k.first AND k.subject = 'record';

INSERT INTO tripartite.entries(seq, external_id, kind, entry)
SELECT a.seq, a.external_id, k.id, CASE WHEN a.entry::text IS DISTINCT FROM k.entry::text THEN a.entry END
FROM tripartite.audit_of_1 a JOIN tripartite.kinds k
ON k.register = a.register AND k.run = a.run AND k.at = a.at AND k.subject = a.subject AND k.verdict = a.verdict
    AND k.decision = a.decision AND k.field IS NOT DISTINCT FROM a.field AND k.detail IS NOT DISTINCT FROM a.detail
ORDER BY a.seq;

SELECT setval('tripartite.entries_seq_seq', greatest(
    (SELECT coalesce(max(seq), 1) FROM tripartite.audit_of_1),
    (SELECT last_value FROM tripartite.audit_seq_seq)
));

DROP TABLE tripartite.audit_of_1;
