-- On a table of the host's own. A client that replaces a row by its key (`INSERT OR REPLACE`) names none of the added columns.
-- The row stays linked, and what was replaced is an edit.
CREATE TRIGGER {members_replacing} BEFORE INSERT ON {members} WHEN NEW.{local_id} <> -1
BEGIN
    DELETE FROM {tripartite_replaced};
    INSERT INTO {tripartite_replaced}(local_id, external_id, active, revision)
    SELECT {local_id}, {external_id}, {active}, {revision} FROM {members}
    WHERE {local_id} = NEW.{local_id} AND {external_id} IS NOT NULL;
END;

CREATE TRIGGER {members_replaced} AFTER INSERT ON {members}
WHEN NEW.{external_id} IS NULL AND EXISTS (SELECT 1 FROM {tripartite_replaced} WHERE local_id = NEW.{local_id})
BEGIN
    UPDATE {members} SET ({external_id}, {active}, {revision}) =
        (SELECT external_id, active, revision + 1 FROM {tripartite_replaced} WHERE local_id = NEW.{local_id})
    WHERE {local_id} = NEW.{local_id};
    DELETE FROM {tripartite_replaced};
END;
