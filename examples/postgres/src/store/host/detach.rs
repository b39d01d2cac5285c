//! Detaching: what was added is taken away, and the rows keep what was synced.

use tripartite_sql::{AttachError, Register};

use super::super::tables::Tables;
use super::super::{StoreError, database};
use super::{ADDED, beside, inspect};
use crate::names::in_schema;
use crate::pool::Lease;

const TRIGGERS: [&str; 15] = [
    "changed",
    "entered",
    "unlinked",
    "activity",
    "kept",
    "renumbered",
    "marked_new",
    "marked",
    "deleted",
    "truncated",
    "added",
    "touched",
    "followed",
    "left",
    "emptied",
];

const FUNCTIONS: [&str; 14] = [
    "changed()",
    "unlinked()",
    "activity()",
    "kept()",
    "renumbered()",
    "marked()",
    "deleted()",
    "truncated()",
    "added()",
    "touched()",
    "followed()",
    "left()",
    "emptied()",
    "revised(text)",
];

/// The tables that have rows of a register.
const OF_REGISTER: [&str; 10] =
    ["settings", "links", "shapes", "conflicts", "kinds", "runs", "keys", "unkeyed", "ruled_out", "approved"];

const ENTRIES: &str = "
DELETE FROM tripartite.entries e USING tripartite.kinds k WHERE k.id = e.kind AND k.register = $1";

/// Takes away what was added to the table of a register, and all that is remembered of it, within a transaction.
pub(in super::super) async fn detach(lease: &mut Lease, schema: &str, register: &Register) -> Result<(), StoreError> {
    let not_attached = || AttachError::NotAttached(register.to_string());
    let n = database::number(lease, schema, register).await?.ok_or_else(not_attached)?;
    let table = database::table(lease, schema, n).await?;
    if table.is_own {
        return Err(not_attached().into());
    }
    let inspected = inspect(lease, &table.host).await?;
    for trigger in TRIGGERS {
        lease.batch(&format!("DROP TRIGGER IF EXISTS tripartite_{trigger} ON {}", inspected.name)).await?;
    }
    if table.host.is_beside() {
        beside::drop(lease, &Tables::of(schema, n, &table, &inspected)?).await?;
    }
    for function in FUNCTIONS {
        let function = function.replace('(', &format!("_{n}("));
        lease.batch(&in_schema(schema, &format!("DROP FUNCTION IF EXISTS tripartite.{function}"))).await?;
    }
    // An index on a column of the host's own does not go with a column.
    if let Ok(tables) = Tables::of(schema, n, &table, &inspected) {
        lease.batch(&tables.sql("DROP INDEX IF EXISTS {of_members}.{index}")).await?;
    }
    for (column, _) in table.host.added(ADDED).into_iter().filter(|_| !table.host.is_beside()) {
        lease.batch(&format!("ALTER TABLE {} DROP COLUMN IF EXISTS {column}", inspected.name)).await?;
    }
    lease.execute(&in_schema(schema, ENTRIES), &[&n]).await?;
    for table in OF_REGISTER {
        lease
            .execute(&in_schema(schema, &format!("DELETE FROM tripartite.{table} WHERE register = $1")), &[&n])
            .await?;
    }
    lease.execute(&in_schema(schema, "DELETE FROM tripartite.registers WHERE id = $1"), &[&n]).await?;
    Ok(())
}
