use rusqlite::{Connection, Transaction, TransactionBehavior};
use tripartite::store::LEFT;
use tripartite_sql::{Settings, quoted};

use super::layout::column;
use super::names::Names;
use super::{StoreError, bases, database, entries};

/// The version of the tables.
pub(super) const FORMAT: &str = "3";

/// The version of the tables beside a table of the host's own, which no earlier version of this crate may write.
pub(super) const HOST_FORMAT: &str = "4";

/// In that one every entry of the audit was stored in full.
pub(super) const SECOND_FORMAT: &str = "2";

/// In that one every base was stored in full, too.
pub(super) const FIRST_FORMAT: &str = "1";

/// The tables beside the members, those that an earlier version did not have among them.
pub(super) const BESIDE: &str = include_str!("../../sql/tables.sql");

/// The triggers on the members, each with its name.
pub(super) fn of_rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    each_trigger(include_str!("../../sql/triggers.sql"))
}

/// The triggers of a text, each with its name.
pub(super) fn each_trigger(sql: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    sql.split_inclusive("\nEND;\n").filter_map(|trigger| {
        let (_, named) = trigger.split_once("CREATE TRIGGER {")?;
        Some((named.split_once('}')?.0, trigger))
    })
}

/// The names of the triggers on the members, without those of match keys.
pub(super) fn triggers() -> impl Iterator<Item = &'static str> {
    of_rows().map(|(name, _)| name).chain(bases::triggers())
}

/// What makes the trigger of an earlier version today's. That one forgot whom a sync had made inactive, and so did the column,
/// which had 1 for all of them.
pub(super) fn remembering_activity(conn: &Connection, names: &Names) -> Result<Option<String>, StoreError> {
    let (left, anew) = (i64::from(LEFT) + 1, renewed(conn, names, "members_activity", "iif(deactivated")?);
    let update = names.sql("UPDATE {tripartite_links} SET deactivated = ");
    Ok(anew.map(|anew| format!("{update}{left} WHERE deactivated = 1; {anew}")))
}

/// What makes the trigger on changed rows today's, where an earlier version made it.
pub(super) fn going_beyond_removed(conn: &Connection, names: &Names) -> Result<Option<String>, StoreError> {
    renewed(conn, names, "members_updated", "tripartite_removed")
}

/// Makes a trigger anew that lacks a part of today's; `None` where it has it, or is not there.
fn renewed(conn: &Connection, names: &Names, name: &str, part: &str) -> Result<Option<String>, StoreError> {
    let lacking = "SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND name = ?1 AND instr(sql, ?2) = 0";
    let is_old = conn.prepare(lacking)?.exists([&*names.table(name), part])?;
    let today = of_rows().find(|(known, _)| is_old && *known == name);
    Ok(today.map(|(name, sql)| names.sql(&format!("DROP TRIGGER {{{name}}}; {sql}"))))
}

/// Makes the tables, unless somebody else just did: then it is `false`, and nothing was written.
pub(super) fn create(conn: &Connection, names: &Names, settings: &Settings) -> Result<bool, StoreError> {
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    if database::holds(&tx, names)? {
        return Ok(false);
    }
    tx.execute_batch(&members(names, settings))?;
    tx.execute_batch(&names.sql(BESIDE))?;
    tx.execute_batch(&entries::making(names))?;
    for (_, trigger) in of_rows() {
        tx.execute_batch(&names.sql(trigger))?;
    }
    tx.execute_batch(&bases::keeping(names, &settings.schema))?;
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
