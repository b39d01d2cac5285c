-- Every change of a row makes its revision larger, whatever the client says about it. A row that is given the id of a record
-- that is gone gets a revision that the record never had.
CREATE TRIGGER {members_updated} AFTER UPDATE ON {members}
WHEN NEW.{revision} <= OLD.{revision} OR NEW.{revision} > 9007199254740991
    OR NEW.{external_id} IS NOT OLD.{external_id} AND EXISTS (
        SELECT 1 FROM {tripartite_removed} WHERE external_id = NEW.{external_id} AND revision >= NEW.{revision}
    )
BEGIN
    UPDATE {members} SET {revision} = max(
        OLD.{revision},
        iif(NEW.{external_id} IS OLD.{external_id}, 0, ifnull(
            (SELECT revision FROM {tripartite_removed} WHERE external_id = NEW.{external_id}), 0
        ))
    ) + 1 WHERE {local_id} = NEW.{local_id};
END;

-- A row that takes the place of one that was in step (`REPLACE`, or a delete and an insert) starts far beyond any revision the
-- old one can have had, so that it is never taken for it.
CREATE TRIGGER {members_entered} AFTER INSERT ON {members}
WHEN EXISTS (SELECT 1 FROM {tripartite_links} WHERE external_id = NEW.{external_id})
BEGIN
    UPDATE {members} SET {revision} = max(
        NEW.{revision},
        (SELECT ifnull(synced_revision, 0) FROM {tripartite_links} WHERE external_id = NEW.{external_id})
    ) + 1000000 + abs(random() % 1000000000)
    WHERE {local_id} = NEW.{local_id};
END;

-- Whoever changes whether a row is active takes it out of the sync's hands; that a sync had made it inactive is remembered.
CREATE TRIGGER {members_activity} AFTER UPDATE OF {active} ON {members}
WHEN NEW.{active} IS NOT OLD.{active}
BEGIN
    UPDATE {tripartite_links} SET deactivated = iif(deactivated > 0, 1 - deactivated, deactivated)
    WHERE external_id = NEW.{external_id};
END;

-- The revision of a row that goes, or loses its id, is kept, larger by one.
CREATE TRIGGER {members_removed} AFTER DELETE ON {members}
WHEN EXISTS (SELECT 1 FROM {tripartite_links} WHERE external_id = OLD.{external_id})
BEGIN
    INSERT INTO {tripartite_removed}(external_id, revision) SELECT OLD.{external_id}, 0
    WHERE NOT EXISTS (SELECT 1 FROM {tripartite_removed} WHERE external_id = OLD.{external_id});
    UPDATE {tripartite_removed} SET revision = max(revision, OLD.{revision}) + 1 WHERE external_id = OLD.{external_id};
END;

CREATE TRIGGER {members_unlinked} AFTER UPDATE OF {external_id} ON {members}
WHEN NEW.{external_id} IS NOT OLD.{external_id}
    AND EXISTS (SELECT 1 FROM {tripartite_links} WHERE external_id = OLD.{external_id})
BEGIN
    INSERT INTO {tripartite_removed}(external_id, revision) SELECT OLD.{external_id}, 0
    WHERE NOT EXISTS (SELECT 1 FROM {tripartite_removed} WHERE external_id = OLD.{external_id});
    UPDATE {tripartite_removed} SET revision = max(revision, OLD.{revision}) + 1 WHERE external_id = OLD.{external_id};
END;
