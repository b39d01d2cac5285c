//! Attaching: the few columns, the triggers and their functions are added in one transaction, or nothing is.

use tokio_postgres::error::SqlState;
use tripartite::schema::Schema;
use tripartite_sql::{AttachError, HostTable, OWN_COLUMNS, Register, Settings};

use super::super::StoreError;
use super::super::tables::Tables;
use super::super::{database, layout};
use super::{ADDED, RecordTable, beside, inspect};
use crate::names::{in_schema, is_name, quoted};
use crate::pool::Lease;

const TRIGGERS: &str = include_str!("../../../sql/attached.sql");

/// A base may be left in a row that the store numbers itself.
const KEPT: &str = include_str!("../../../sql/kept.sql");

/// What was kept of rows has the names that their columns had.
const RENAMED: &str = "
UPDATE tripartite.links SET kept = (
    SELECT json_object_agg(CASE f.key WHEN $2 THEN $3::text ELSE f.key END, f.value) FROM json_each(kept) f
) WHERE register = $1 AND kept IS NOT NULL";

/// Makes a table of the host's own the records of a register, within a transaction.
pub(in super::super) async fn attach(
    lease: &mut Lease,
    schema: &str,
    register: &Register,
    asked: &HostTable,
    settings: &Settings,
) -> Result<(), StoreError> {
    let inspected = inspect(lease, asked).await?;
    let mut table = inspected.named(asked)?;
    let known = match database::number(lease, schema, register).await? {
        Some(n) => Some((n, database::table(lease, schema, n).await?)),
        None => None,
    };
    if let Some((_, known)) = &known {
        table.extend(register, &known.host, |column| !inspected.has(column))?;
    }
    let table = RecordTable { host: table, is_own: known.as_ref().is_some_and(|(_, known)| known.is_own) };
    inspected.check(&table.host, &settings.schema)?;
    let [_, id, _, revision] = table.special();
    let has_columns = !table.host.is_beside() && inspected.has(revision);
    if known.is_none() && (inspected.is_attached || has_columns) {
        return Err(AttachError::Taken(table.host.table().to_owned()).into());
    }
    let n = match &known {
        Some((n, _)) => *n,
        None => database::enter(lease, schema, register, &table, settings).await?,
    };
    let is_kept = match table.host.is_beside() {
        true => {
            beside::make(lease, &Tables::of(schema, n, &table, &inspected)?).await? || table.host.id_column().is_some()
        }
        false => inspected.has(id),
    };
    if known.is_some() && !is_kept {
        // Which row had which link went with the column.
        let forget = "DELETE FROM tripartite.links WHERE register = $1";
        lease.execute(&in_schema(schema, forget), &[&n]).await?;
        let forget = "DELETE FROM tripartite.conflicts WHERE register = $1";
        lease.execute(&in_schema(schema, forget), &[&n]).await?;
    }
    // Those of a side table are there.
    let added = table.host.added(ADDED).into_iter().filter(|(column, _)| !inspected.has(column));
    let added: Vec<_> = added.map(|(column, definition)| format!("ADD COLUMN {column} {definition}")).collect();
    if !added.is_empty() {
        lease.batch(&format!("ALTER TABLE {} {}", inspected.name, added.join(", "))).await?;
    }
    if let Some((_, known)) = known.filter(|(_, known)| *known != table) {
        for (field, was) in known.host.columns() {
            let is = table.host.column_of(field).unwrap_or(was);
            if is != was {
                lease.execute(&in_schema(schema, RENAMED), &[&n, &was, &is]).await?;
            }
        }
        database::remember(lease, schema, n, database::TABLE, &database::text_of(&table)).await?;
    }
    let inspected = inspect(lease, &table.host).await?;
    watch(lease, &Tables::of(schema, n, &table, &inspected)?).await
}

/// Makes the table of a register that has none, within a transaction.
pub(in super::super) async fn own_table(
    lease: &mut Lease,
    schema: &str,
    register: &Register,
    settings: &Settings,
) -> Result<i32, StoreError> {
    let own = |table| RecordTable { host: HostTable::new(table, OWN_COLUMNS[0]).in_schema(schema), is_own: true };
    let n = database::enter(lease, schema, register, &own(String::new()), settings).await?;
    let table = own(members(register, n));
    database::remember(lease, schema, n, database::TABLE, &database::text_of(&table)).await?;
    let name = format!("{}.{}", quoted(schema, '"'), quoted(table.host.table(), '"'));
    lease.batch(&created(&name, &settings.schema)).await?;
    let inspected = inspect(lease, &table.host).await?;
    watch(lease, &Tables::of(schema, n, &table, &inspected)?).await?;
    Ok(n)
}

/// The name of a register's own table. One that PostgreSQL would cut off is made of the register's number.
fn members(register: &Register, n: i32) -> String {
    let name = match register.key() {
        Some(key) => format!("members/{key}"),
        None => "members".to_owned(),
    };
    if is_name(&name) { name } else { format!("members/{n}") }
}

fn created(name: &str, schema: &Schema) -> String {
    let mut sql = format!(
        "CREATE TABLE {name}(
    local_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    external_id text COLLATE \"C\",
    active boolean NOT NULL DEFAULT true,
    revision bigint NOT NULL DEFAULT 0"
    );
    for field in schema.fields() {
        sql.push_str(",\n    ");
        sql.push_str(&layout::column(field));
    }
    sql.push_str("\n)");
    sql
}

/// Adds the index and the triggers, and marks every row: nobody has made its keys.
async fn watch(lease: &mut Lease, tables: &Tables) -> Result<(), StoreError> {
    let index = tables.sql(
        "CREATE UNIQUE INDEX IF NOT EXISTS {index} ON {linked}({external_id} COLLATE \"C\")
         WHERE {external_id} IS NOT NULL",
    );
    lease.batch(&index).await.map_err(|error| match error.code() {
        Some(code) if *code == SqlState::UNIQUE_VIOLATION => {
            let (table, [_, column, ..]) = (tables.table.host.table().to_owned(), tables.table.special());
            AttachError::Ambiguous { table, column: column.to_owned() }.into()
        }
        _ => StoreError::from(error),
    })?;
    lease.batch(&triggers(tables)).await?;
    lease.batch(&tables.sql(MARK_ALL)).await?;
    Ok(())
}

fn triggers(tables: &Tables) -> String {
    tables.sql(TRIGGERS) + &tables.sql(if tables.has_side_table() { beside::TRIGGERS } else { KEPT })
}

/// Brings the triggers of a register up to date, within a transaction: they replace those of an earlier version.
pub(in super::super) async fn upgrade(lease: &mut Lease, schema: &str, n: i32) -> Result<(), StoreError> {
    let table = database::table(lease, schema, n).await?;
    let inspected = inspect(lease, &table.host).await?;
    if inspected.is_left && inspected.keeps {
        return Ok(());
    }
    Ok(lease.batch(&triggers(&Tables::of(schema, n, &table, &inspected)?)).await?)
}

/// Marks every row of a register.
pub(in super::super) const MARK_ALL: &str = "
INSERT INTO tripartite.unkeyed(register, local) SELECT {n}, m.{key}::text FROM {members} m ON CONFLICT DO NOTHING";
