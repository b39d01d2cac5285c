//! Triggers are not run where they have nothing to do.
//!
//! Each row that is entered makes two triggers look for a link of its id. A batch that only creates records whose ids
//! nobody has knows that there is none, and on a first night every batch is one.
//!
//! | what is written | triggers |
//! |---|---|
//! | creations alone, of ids that have neither row nor link | off, unless a table has a trigger of the user's own or the members have match keys |
//! | everything else | on |
//!
//! It is a setting of this connection: other clients' writes run the triggers at any time. To switch it makes SQLite
//! prepare all statements anew, so it stays as it is until something else is written.

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::{StoreError, bases, tables};

/// The tables that a creation writes.
pub(super) const WRITTEN: [&str; 6] = [
    "members",
    "tripartite_links",
    "tripartite_shapes",
    "tripartite_conflicts",
    "tripartite_entries",
    "tripartite_kinds",
];

/// The triggers that do nothing when a record is created whose id nobody has.
pub(super) fn idle() -> impl Iterator<Item = &'static str> {
    tables::triggers().chain([bases::UNLINKED_NAME])
}

/// Whether a connection runs triggers.
#[derive(Debug, Default)]
pub(super) struct Triggers {
    off: bool,
}

impl Triggers {
    pub(super) fn set(&mut self, conn: &Connection, off: bool) -> Result<(), StoreError> {
        if self.off != off {
            conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, !off)?;
            self.off = off;
        }
        Ok(())
    }
}
