use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use tripartite::store::LEFT;
use tripartite_sql::{Settings, quoted};

use super::layout::column;
use super::names::Names;
use super::{StoreError, bases, database, entries, removed};

/// The version of the tables.
pub(super) const FORMAT: &str = "3";

/// The version of the tables beside a table of the host's own, which no earlier version of this crate may write.
pub(super) const HOST_FORMAT: &str = "4";

/// In that one every entry of the audit was stored in full.
pub(super) const SECOND_FORMAT: &str = "2";

/// In that one every base was stored in full, too.
pub(super) const FIRST_FORMAT: &str = "1";

/// Beside the members, each name in braces as the register has it. `base` holds the fields by their names, as the source
/// spelt them, or those that do not stand in the row: see [`bases`]. `deactivated` is what the last op said of how often the member was missed: that and 1 once a sync made
/// it inactive, else so far below nought.
pub(super) const BESIDE: &str = "
CREATE TABLE {tripartite_meta}(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE {tripartite_links}(
    external_id TEXT PRIMARY KEY,
    base TEXT,
    base_schema BLOB,
    base_version INTEGER,
    seen BLOB,
    policy BLOB,
    synced_revision INTEGER,
    deactivated INTEGER NOT NULL DEFAULT 0,
    shape INTEGER,
    print INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE {tripartite_conflicts}(
    external_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    conflict TEXT NOT NULL,
    why TEXT NOT NULL,
    opened_run TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    PRIMARY KEY(external_id, unit)
) STRICT, WITHOUT ROWID;
CREATE TABLE {tripartite_runs}(
    run TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    report TEXT NOT NULL,
    seq INTEGER
) STRICT, WITHOUT ROWID;
";

/// Every change of a row makes its revision larger, whatever the client says about it. A row that takes the place of
/// one that was in step (`REPLACE`, or a delete and an insert) starts far beyond any revision the old one can have had,
/// so that it is never taken for it. Whoever changes `active` takes it out of the sync's hands; that a sync had made it
/// inactive is remembered.
pub(super) const OF_ROWS: [(&str, &str); 5] = [
    ("members_updated", UPDATED),
    ("members_entered", ENTERED),
    ("members_activity", ACTIVITY),
    ("members_removed", removed::REMOVED),
    ("members_unlinked", removed::UNLINKED),
];

/// A row that is given the id of a record that is gone gets a revision that the record never had.
const UPDATED: &str = "
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
";

const ENTERED: &str = "
CREATE TRIGGER {members_entered} AFTER INSERT ON {members}
WHEN EXISTS (SELECT 1 FROM {tripartite_links} WHERE external_id = NEW.{external_id})
BEGIN
    UPDATE {members} SET {revision} = max(
        NEW.{revision},
        (SELECT ifnull(synced_revision, 0) FROM {tripartite_links} WHERE external_id = NEW.{external_id})
    ) + 1000000 + abs(random() % 1000000000)
    WHERE {local_id} = NEW.{local_id};
END;
";

const ACTIVITY: &str = "
CREATE TRIGGER {members_activity} AFTER UPDATE OF {active} ON {members}
WHEN NEW.{active} IS NOT OLD.{active}
BEGIN
    UPDATE {tripartite_links} SET deactivated = iif(deactivated > 0, 1 - deactivated, deactivated)
    WHERE external_id = NEW.{external_id};
END;
";

/// The names of the triggers on the members, without those of match keys.
pub(super) fn triggers() -> impl Iterator<Item = &'static str> {
    OF_ROWS.into_iter().map(|(name, _)| name).chain(bases::triggers())
}

/// What makes the trigger of an earlier version today's; `None` where it is. That one forgot whom a sync had made inactive,
/// and so did the column, which had 1 for all of them.
pub(super) fn remembering_activity(conn: &Connection, names: &Names) -> Result<Option<String>, StoreError> {
    let trigger = names.sql("{members_activity}").replace('"', "");
    let known = "SELECT sql LIKE '%iif(deactivated%' FROM sqlite_master WHERE type = 'trigger' AND name = ?1";
    let is_known: Option<bool> = conn.query_row(known, [trigger], |row| row.get(0)).optional()?;
    let (left, activity) = (i64::from(LEFT) + 1, names.sql(ACTIVITY));
    let drop = names.sql("DROP TRIGGER {members_activity}; UPDATE {tripartite_links} SET deactivated = ");
    Ok((is_known == Some(false)).then(|| format!("{drop}{left} WHERE deactivated = 1; {activity}")))
}

/// What makes the trigger on changed rows today's, where an earlier version made it; `None` where it is.
pub(super) fn going_beyond_removed(conn: &Connection, names: &Names) -> Result<Option<String>, StoreError> {
    let trigger = names.sql("{members_updated}").replace('"', "");
    let known = "SELECT sql LIKE '%tripartite_removed%' FROM sqlite_master WHERE type = 'trigger' AND name = ?1";
    let is_known: Option<bool> = conn.query_row(known, [trigger], |row| row.get(0)).optional()?;
    let anew = || names.sql("DROP TRIGGER {members_updated}; ") + &names.sql(UPDATED);
    Ok((is_known == Some(false)).then(anew))
}

/// Makes the tables, unless somebody else just did: then it is `false`, and nothing was written.
pub(super) fn create(conn: &Connection, names: &Names, settings: &Settings) -> Result<bool, StoreError> {
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    if database::holds(&tx, names)? {
        return Ok(false);
    }
    tx.execute_batch(&members(names, settings))?;
    tx.execute_batch(&names.sql(BESIDE))?;
    tx.execute_batch(&names.sql(removed::TABLE))?;
    tx.execute_batch(&entries::making(names))?;
    for (_, trigger) in OF_ROWS {
        tx.execute_batch(&names.sql(trigger))?;
    }
    tx.execute_batch(&bases::keeping(names, &settings.schema))?;
    tx.execute_batch(&names.sql(bases::TABLE))?;
    remember_all(&tx, names, FORMAT, settings)?;
    tx.commit()?;
    Ok(true)
}

/// Remembers how a new register is used.
pub(super) fn remember_all(
    tx: &Connection,
    names: &Names,
    format: &str,
    settings: &Settings,
) -> Result<(), StoreError> {
    for (key, value) in [("format", format), ("schema", &schema_text(settings)?), ("id_field", &settings.id_field)] {
        tx.execute_batch(&remembering(names, key, value))?;
    }
    Ok(())
}

fn members(names: &Names, settings: &Settings) -> String {
    let mut sql = names.sql(
        "CREATE TABLE {members}(
    local_id INTEGER PRIMARY KEY,
    external_id TEXT UNIQUE,
    active INTEGER NOT NULL DEFAULT 1,
    revision INTEGER NOT NULL DEFAULT 1 CHECK (typeof(revision) = 'integer')",
    );
    for field in settings.schema.fields() {
        sql.push_str(",\n    ");
        sql.push_str(&column(field));
    }
    sql.push_str("\n)");
    sql
}

pub(super) fn schema_text(settings: &Settings) -> Result<String, StoreError> {
    serde_json::to_string(&settings.schema).map_err(|problem| StoreError::Schema { problem: problem.to_string() })
}

/// The statement that remembers something.
pub(super) fn remembering(names: &Names, key: &str, value: &str) -> String {
    let (meta, value) = (names.sql("{tripartite_meta}"), quoted(value, '\''));
    format!("INSERT INTO {meta}(key, value) VALUES ('{key}', {value}) ON CONFLICT DO UPDATE SET value = {value}")
}

#[cfg(test)]
mod tests {
    use tripartite::schema::{Field, Kind, Schema};

    use tripartite_sql::Register;

    use super::*;

    #[test]
    fn who_comes_second_makes_nothing() {
        let conn = Connection::open_in_memory().unwrap();
        let schema = |field: &str| Schema::builder().field(Field::new(field, Kind::Text)).build().unwrap();
        let settings = |field: &str| Settings { schema: schema(field), id_field: "id".to_owned() };
        let names = Names::of(&"ballybeg/federation".parse().unwrap());
        assert!(create(&conn, &names, &settings("first")).unwrap());
        assert!(!create(&conn, &names, &settings("second")).unwrap());
        let stored = database::settings(&conn, &names).unwrap();
        assert_eq!(stored.schema.fields().first().map(Field::name), Some("first"));
        assert!(
            create(&conn, &Names::of(&Register::default()), &settings("unnamed")).unwrap(),
            "another register is its own"
        );
    }
}
