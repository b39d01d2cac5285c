//! Triggers are not run where they have nothing to do.
//!
//! Each row that is entered makes two triggers look for a link of its id, and each row that is changed makes one look
//! whether its base stands in it. A batch that only creates records whose ids nobody has knows that there is no link. One
//! that stores every base anew needs no old base. On a first night, and on one on which a source changes a format, every
//! batch is of this kind.
//!
//! | what is written | triggers |
//! |---|---|
//! | creations of ids that have neither row nor link, and changes that store the base anew, leave `active` and the id alone | off, unless a table has a trigger of the user's own, the members have match keys, or they stand in a table of the host's own |
//! | everything else | on |
//!
//! It is a setting of this connection: other clients' writes run the triggers at any time. To switch it makes SQLite
//! prepare all statements anew, so it stays as it is until something else is written.

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::{StoreError, bases, tables};

/// The tables that such a batch writes.
pub(super) const WRITTEN: [&str; 7] = [
    "members",
    "tripartite_links",
    "tripartite_kept",
    "tripartite_shapes",
    "tripartite_conflicts",
    "tripartite_entries",
    "tripartite_kinds",
];

/// The triggers that have nothing to do for such a batch.
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
