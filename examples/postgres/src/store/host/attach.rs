//! Attaching: the few columns, the triggers and their functions are added in one transaction, or nothing is.

use tokio_postgres::error::SqlState;
use tripartite::schema::Schema;

use super::super::database::{self, Settings};
use super::super::layout::{self, OWN};
use super::super::tables::Tables;
use super::super::{Register, StoreError};
use super::{AttachError, HostTable, Inspected, REVISION, inspect};
use crate::names::{in_schema, is_name, quoted};
use crate::pool::Lease;

const TRIGGERS: &str = include_str!("../../../sql/attached.sql");

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
    let mut table = inspected.named(asked);
    let known = match database::number(lease, schema, register).await? {
        Some(n) => Some((n, database::table(lease, schema, n).await?)),
        None => None,
    };
    if let Some((_, known)) = &known {
        extend(register, &mut table, known, &inspected)?;
    }
    inspected.check(&table, &settings.schema)?;
    if known.is_none() && inspected.has(REVISION) {
        return Err(AttachError::Taken(table.table).into());
    }
    let n = match &known {
        Some((n, _)) => *n,
        None => database::enter(lease, schema, register, &table, settings).await?,
    };
    if known.is_some() && !table.special()[1..2].iter().all(|id| inspected.has(id)) {
        // Which row had which link went with the column.
        let forget = "DELETE FROM tripartite.links WHERE register = $1";
        lease.execute(&in_schema(schema, forget), &[&n]).await?;
        let forget = "DELETE FROM tripartite.conflicts WHERE register = $1";
        lease.execute(&in_schema(schema, forget), &[&n]).await?;
    }
    let added = table.added().into_iter().filter(|(column, _)| !inspected.has(column));
    let added: Vec<_> = added.map(|(column, definition)| format!("ADD COLUMN {column} {definition}")).collect();
    if !added.is_empty() {
        lease.batch(&format!("ALTER TABLE {} {}", inspected.name, added.join(", "))).await?;
    }
    if let Some((_, known)) = known.filter(|(_, known)| *known != table) {
        for (field, was) in known.columns() {
            let is = table.column_of(field).unwrap_or(was);
            if is != was {
                lease.execute(&in_schema(schema, RENAMED), &[&n, &was, &is]).await?;
            }
        }
        database::remember(lease, schema, n, database::TABLE, &database::text_of(&table)).await?;
    }
    let inspected = inspect(lease, &table).await?;
    watch(lease, &Tables::of(schema, n, &table, &inspected)?).await
}

/// How it is attached already. What is asked for gets the columns that were named before, too. One that is gone may have
/// been given another name.
fn extend(register: &Register, asked: &mut HostTable, known: &HostTable, table: &Inspected) -> Result<(), AttachError> {
    let same = (&known.schema, &known.table, &known.key, &known.external_id, &known.active, known.own)
        == (&asked.schema, &asked.table, &asked.key, &asked.external_id, &asked.active, asked.own);
    let moved = asked
        .columns
        .iter()
        .any(|(field, column)| known.column_of(field).is_some_and(|is| is != column && table.has(is)));
    if !same || moved {
        let problem = "detach it before it is attached otherwise".to_owned();
        return Err(AttachError::Attached { register: register.to_string(), table: known.table.clone(), problem });
    }
    for (field, column) in &known.columns {
        asked.columns.entry(field.clone()).or_insert_with(|| column.clone());
    }
    Ok(())
}

/// Makes the table of a register that has none, within a transaction.
pub(in super::super) async fn own_table(
    lease: &mut Lease,
    schema: &str,
    register: &Register,
    settings: &Settings,
) -> Result<i32, StoreError> {
    let own = |table: String| HostTable {
        schema: Some(schema.to_owned()),
        table,
        key: OWN[0].to_owned(),
        columns: Default::default(),
        external_id: None,
        active: None,
        own: true,
    };
    let n = database::enter(lease, schema, register, &own(String::new()), settings).await?;
    let table = own(members(register, n));
    database::remember(lease, schema, n, database::TABLE, &database::text_of(&table)).await?;
    let name = format!("{}.{}", quoted(schema, '"'), quoted(&table.table, '"'));
    lease.batch(&created(&name, &settings.schema)).await?;
    let inspected = inspect(lease, &table).await?;
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
        "CREATE UNIQUE INDEX IF NOT EXISTS {index} ON {members}({external_id} COLLATE \"C\")
         WHERE {external_id} IS NOT NULL",
    );
    lease.batch(&index).await.map_err(|error| match error.code() {
        Some(code) if *code == SqlState::UNIQUE_VIOLATION => {
            let [_, column, ..] = tables.host.special();
            AttachError::Ambiguous { table: tables.host.table.clone(), column: column.to_owned() }.into()
        }
        _ => StoreError::from(error),
    })?;
    lease.batch(&tables.sql(TRIGGERS)).await?;
    lease.batch(&tables.sql(MARK_ALL)).await?;
    Ok(())
}

/// Brings the triggers of a register up to date, within a transaction: they replace those of an earlier version.
pub(in super::super) async fn upgrade(lease: &mut Lease, schema: &str, n: i32) -> Result<(), StoreError> {
    let host = database::table(lease, schema, n).await?;
    let inspected = inspect(lease, &host).await?;
    if inspected.is_left && inspected.keeps {
        return Ok(());
    }
    Ok(lease.batch(&Tables::of(schema, n, &host, &inspected)?.sql(TRIGGERS)).await?)
}

/// Marks every row of a register.
pub(in super::super) const MARK_ALL: &str = "
INSERT INTO tripartite.unkeyed(register, local) SELECT {n}, m.{key}::text FROM {members} m ON CONFLICT DO NOTHING";
