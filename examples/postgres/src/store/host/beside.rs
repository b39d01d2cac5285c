//! The side table: the columns that the host's table does not get, in a row for each of its rows.
//!
//! | | |
//! |---|---|
//! | a row is entered, changed, numbered anew, deleted | triggers of the host's table do the same to the row beside it |
//! | a row is read | both are joined by the key |
//! | a row is locked | the host's first, by a client's trigger and by the store |
//!
//! No view joins them: PostgreSQL would let no column of the host's table be dropped or retyped that a view reads.

use super::super::StoreError;
use super::super::tables::Tables;
use super::ADDED;
use crate::pool::Lease;

/// What fills it, and follows the host's rows.
pub(super) const TRIGGERS: &str = include_str!("../../../sql/beside.sql");

/// Nobody enters a row until its triggers are there. The key has the type and the collation of the host's.
const MADE: &str = "
LOCK TABLE {members} IN SHARE ROW EXCLUSIVE MODE;
CREATE TABLE {revised} AS SELECT m.{key} FROM {members} m WITH NO DATA;
ALTER TABLE {revised} ADD PRIMARY KEY ({key})";

const FILLED: &str = "INSERT INTO {revised}({key}) SELECT m.{key} FROM {members} m";

/// Makes the side table, within the transaction of attaching. Answers whether it was there already.
pub(super) async fn make(lease: &mut Lease, tables: &Tables) -> Result<bool, StoreError> {
    if lease.value(&tables.sql("SELECT to_regclass({revised_name})::text")).await?.is_some() {
        return Ok(true);
    }
    let mut sql = tables.sql(MADE);
    for (column, definition) in tables.table.host.added(ADDED) {
        sql.push_str(&format!(", ADD COLUMN {column} {definition}"));
    }
    lease.batch(&sql).await?;
    lease.batch(&tables.sql(FILLED)).await?;
    Ok(false)
}

/// Takes it away.
pub(super) async fn drop(lease: &mut Lease, tables: &Tables) -> Result<(), StoreError> {
    Ok(lease.batch(&tables.sql("DROP TABLE IF EXISTS {revised}")).await?)
}
