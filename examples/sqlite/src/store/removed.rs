//! The revision of a record whose row a user deleted, or whose id a user took from its row.
//!
//! The row had the revision. A trigger keeps it, larger by one, when the row goes. An op that decides something about the
//! record makes it larger again, so that a decision of before is stale. Of a row that went before these triggers were made,
//! the revision is 0.

use rusqlite::{CachedStatement, Connection, OptionalExtension};
use tripartite::store::Revision;

use super::names::Names;
use super::{StoreError, database};

const FIND: &str = "SELECT revision FROM {tripartite_removed} WHERE external_id = ?1";

const GROW: [&str; 2] = [
    "INSERT INTO {tripartite_removed}(external_id, revision) VALUES (?1, 0) ON CONFLICT DO NOTHING",
    "UPDATE {tripartite_removed} SET revision = revision + 1 WHERE external_id = ?1",
];

/// What finds the revisions of removed records.
pub(super) struct Removed<'c>(Option<CachedStatement<'c>>);

impl<'c> Removed<'c> {
    /// A database of an earlier version, in which nothing was written since, has none.
    pub(super) fn of(conn: &'c Connection, names: &Names) -> Result<Self, StoreError> {
        let has_any = database::has_table(conn, &names.table("tripartite_removed"))?;
        Ok(Self(if has_any { Some(conn.prepare_cached(&names.sql(FIND))?) } else { None }))
    }

    pub(super) fn revision(&mut self, id: &str) -> Result<Revision, StoreError> {
        let Some(find) = &mut self.0 else { return Ok(Revision(0)) };
        let revision = find.query_row([id], |row| row.get::<_, i64>(0)).optional()?;
        Ok(Revision(revision.unwrap_or(0).cast_unsigned()))
    }
}

/// Makes the revision of a removed record larger by one.
pub(super) fn grow(tx: &Connection, names: &Names, id: &str) -> Result<(), StoreError> {
    for sql in GROW {
        tx.prepare_cached(&names.sql(sql))?.execute([id])?;
    }
    Ok(())
}
