//! A table that the host has already: which of its columns are fields, and what is added to it.
//!
//! Beside its [columns](HostTable) it gets triggers named `tripartite_members_…`, which keep the revision and say which rows
//! have other match keys now, and an index on the external id: no two rows are linked to one record. Everything else stands in
//! tables of its own.

pub(super) mod attach;
mod detach;
pub(super) mod inspect;

use rusqlite::Connection;
use tripartite_sql::HostTable;

use self::inspect::{Inspected, inspect};
use super::names::Names;
use super::{StoreError, database};

/// What the table is remembered as.
pub(super) const META: &str = "table";

/// What is added to a table of the host's own, unless it names a column of its own.
const ADDED: [&str; 3] = ["TEXT", "INTEGER NOT NULL DEFAULT 1", "INTEGER NOT NULL DEFAULT 1"];

/// The host's table of a register; `None` where its records stand in a table of its own.
pub(super) fn of(conn: &Connection, names: &Names) -> Result<Option<HostTable>, StoreError> {
    let Some(text) = database::meta(conn, names, META)? else { return Ok(None) };
    let unreadable = |_| StoreError::Unreadable { table: "tripartite_meta", id: META.to_owned() };
    serde_json::from_str(&text).map(Some).map_err(unreadable)
}
