//! The club's records in SQLite: one table that people edit, and beside it what the crate remembers.
//!
//! | table | what it holds |
//! |---|---|
//! | `members` | the club's own records: `local_id`, `external_id`, `active`, `revision`, and a column for each field |
//! | `tripartite_links` | for each linked record its base, when it was last in step, and whether a sync deactivated it |
//! | `tripartite_conflicts` | the conflicts that wait for a person, one for a record and field or group |
//! | `tripartite_audit` | one entry for every field that was not in sync, in order |
//! | `tripartite_runs` | the report of each run that wrote |
//! | `tripartite_meta` | the schema, the name of the listing's id field, the version of this format |
//!
//! **How does an edit by any SQL client count?** Triggers see to it that `revision` grows with every change of a row,
//! whatever the client says about it, also when a row is replaced or deleted and entered anew. What a client writes
//! into a column is read as it stands there: a number in a text column, a text that is no JSON in a column of lists. A
//! blob, or text that is not UTF-8, is read as SQL writes it, `x'c3'`, so nothing is lost and nothing fails.
//!
//! **How safe is a commit?** Each batch is one `IMMEDIATE` transaction, each op in it a savepoint: record, base, link,
//! conflicts and audit change together or not at all. The journal is WAL with `synchronous = NORMAL`: after a power cut
//! the last batches may be gone, but gone as a whole, and the next run does them again. Leaving the program
//! checkpoints, and that syncs.
//!
//! **What does a dry or blocked run write?** Nothing, not even a change of the schema: that is carried out with the
//! first batch.

mod cell;
mod commit;
mod database;
mod error;
mod index;
mod layout;
mod load;
mod record;
mod tables;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use database::{Access, Database, Settings};
pub use error::StoreError;
pub use layout::OWN as OWN_COLUMNS;
pub(crate) use record::situation;
pub use record::{AuditRow, OpenRow, UnknownRun};
use rusqlite::{Connection, TransactionBehavior};
use tripartite::exchange::{Batch, Cursor, IndexPage, Loaded, Outcome};
use tripartite::host::RecordStore;
use tripartite::id::ExternalId;
use tripartite::schema::Schema;

use self::layout::Layout;

/// The club's records.
#[derive(Debug)]
pub struct SqliteStore {
    settings: Settings,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    conn: Connection,
    layout: Layout,
    /// What must be carried out before the first write: a change of the schema, or of what else is remembered.
    pending: Vec<String>,
}

impl SqliteStore {
    /// The records of a database under these settings. A blank database gets its tables at once; one that was used
    /// under other settings is changed with the first write.
    ///
    /// # Errors
    /// [`StoreError`], when a field cannot have a column of its own, or the database cannot be read.
    pub fn new(database: Database, settings: Settings) -> Result<Self, StoreError> {
        settings.check()?;
        let conn = database.into_connection();
        let (layout, pending) = if database::is_blank(&conn)? {
            tables::create(&conn, &settings)?;
            (Layout::fresh(&settings.schema), Vec::new())
        } else {
            layout::change(&conn, &settings)?
        };
        let state = Mutex::new(State { conn, layout, pending });
        Ok(Self { settings, state })
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.settings.schema
    }

    /// Carries out what is pending, for a run that had nothing to write.
    ///
    /// # Errors
    /// [`StoreError`], when the database cannot be written.
    pub fn settle(&self) -> Result<(), StoreError> {
        let mut state = self.state();
        let State { conn, layout, pending } = &mut *state;
        if pending.is_empty() {
            return Ok(());
        }
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        layout::settle(&tx, pending)?;
        tx.commit()?;
        settled(layout, pending, &self.settings.schema);
        Ok(())
    }

    /// Works on the connection, as any SQL client does.
    ///
    /// # Errors
    /// Whatever `work` returns.
    pub fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        work(&self.state().conn)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A transaction that was not committed when something panicked was rolled back.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From here on the columns are those of the schema.
fn settled(layout: &mut Layout, pending: &mut Vec<String>, schema: &Schema) {
    pending.clear();
    *layout = Layout::fresh(schema);
}

impl RecordStore for SqliteStore {
    type Error = StoreError;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, StoreError> {
        index::page(&self.state().conn, after)
    }

    async fn load(&self, ids: &[ExternalId]) -> Result<Vec<Loaded>, StoreError> {
        let mut state = self.state();
        let State { conn, layout, .. } = &mut *state;
        load::records(conn, layout, &self.settings.schema, ids)
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<Outcome>, StoreError> {
        let mut state = self.state();
        let State { conn, layout, pending } = &mut *state;
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !pending.is_empty() {
            layout::settle(&tx, pending)?;
        }
        let outcomes = commit::batch(&tx, &self.settings.schema, batch)?;
        tx.commit()?;
        if !pending.is_empty() {
            settled(layout, pending, &self.settings.schema);
        }
        Ok(outcomes)
    }
}
