//! The work column in SQLite: slots, gates, health and history in the same file as the club's members.
//!
//! The worker of a small host needs no server: its [`JobStore`] is three tables beside the others.
//!
//! | table | what it holds |
//! |---|---|
//! | `tripartite_jobs` | a record for each key: its bytes, when it is due, in which shard, its version |
//! | `tripartite_jobs_meta` | one row: the version of this format, and the highest version that was ever deleted |
//! | `tripartite_log` | the entries of all logs, in the order of their times |
//!
//! Points in time are microseconds since 1970. Keys and ids are text, compared byte for byte.
//!
//! **Why is no version given twice?** A replaced record counts its own version on by one, so only its own row is written.
//! A new one begins above whatever was deleted, and a trigger notes that, also when a person deletes with an SQL client:
//!
//! | what happens to `slot/ballybeg/federation` | its version | highest deleted |
//! |---|---|---|
//! | it is created | 1 | 0 |
//! | it is replaced, twice | 3 | 0 |
//! | it is deleted | | 3 |
//! | it is created again | 4 | 3 |
//! | who still holds version 3 swaps | 4: a conflict | 3 |
//!
//! **How many may use a file?** Any number of stores, threads and processes: each store has one connection behind a lock,
//! and each write is one `IMMEDIATE` transaction. SQLite has one writer at a time; whoever waits for longer than ten
//! seconds is told to try again, and nothing was changed. Readers wait for nobody.
//!
//! **How safe is an answer?** It survives a power cut: the journal is WAL with `synchronous = FULL`, so each commit waits
//! for the disk. The members' own connection has `NORMAL`, since a forgotten batch is simply done again. A forgotten claim
//! is not: its fencing token would go to a second worker. [`swap_many`](JobStore::swap_many),
//! [`swap_chain`](JobStore::swap_chain) and [`swap_all`](JobStore::swap_all) are one transaction each, so a whole batch or chain
//! waits for the disk once. A chain commits what came before its first conflict; `swap_all` commits nothing then.
//!
//! **Does a call block?** Yes: its future is ready when it is first polled, after the disk has answered. A host with a
//! runtime calls it on a thread that may wait.

mod cell;
mod error;
mod log;
mod record;
mod tables;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use error::JobsError;
use rusqlite::{Connection, TransactionBehavior};
pub use tables::TABLES;
use tripartite::jobs::{
    AppendOf, DueOf, DuePage, JobStore, LogPage, PruneOf, ReadOf, StoreKey, Stored, Swap, SwapAll, SwapOf, Taken,
};

/// The records of the work column, in a file that others may have open as well.
///
/// ```
/// use tripartite_sqlite::jobs::SqliteJobStore;
/// use tripartite::drive::block_on;
/// use tripartite::jobs::{JobStore, Row, Shard, StoreKey, Swap, SwapOf};
///
/// let store = SqliteJobStore::in_memory()?;
/// let key = StoreKey::of("slot", ["ballybeg", "federation"]);
/// let row = Row::new(b"{}".to_vec(), Shard(0));
/// let first = SwapOf::new(key.clone(), None, Some(row.clone()));
/// let Swap::Applied(version) = block_on(store.compare_and_swap(&first))? else { panic!() };
/// // Two workers read the same version; one of them gets it.
/// let next = SwapOf::new(key, Some(version), Some(row));
/// assert!(matches!(block_on(store.compare_and_swap(&next))?, Swap::Applied(_)));
/// assert_eq!(block_on(store.compare_and_swap(&next))?, Swap::Conflict);
/// # Ok::<(), tripartite_sqlite::jobs::JobsError>(())
/// ```
#[derive(Debug)]
pub struct SqliteJobStore {
    conn: Mutex<Connection>,
}

impl SqliteJobStore {
    /// Opens a file; it is created if it is not there, and so are its tables. Several may do so at once.
    ///
    /// # Errors
    /// [`JobsError`], when it cannot be opened, is no database, or its tables are another version's.
    pub fn open(path: &Path) -> Result<Self, JobsError> {
        tables::open(path).map(Self::over)
    }

    /// Opens a file to read it only: no byte of it changes, not even of its journal, and what writes fails. None, when it
    /// has no tables of the work column.
    ///
    /// # Errors
    /// [`JobsError`], when it is not there, is no database, or its tables are another version's.
    pub fn open_to_read(path: &Path) -> Result<Option<Self>, JobsError> {
        Ok(tables::open_to_read(path)?.map(Self::over))
    }

    /// One that is gone when it is closed.
    ///
    /// # Errors
    /// [`JobsError`], when there is no memory.
    pub fn in_memory() -> Result<Self, JobsError> {
        tables::in_memory().map(Self::over)
    }

    /// The keys under a key, behind another one, at most `limit`, in the order of their bytes. All slots stand under
    /// `slot`; those of one organisation under `slot/ORG`.
    ///
    /// # Errors
    /// [`JobsError`], when the database cannot be read.
    ///
    /// ```
    /// # use tripartite_sqlite::jobs::SqliteJobStore;
    /// # use tripartite::drive::block_on;
    /// # use tripartite::jobs::{JobStore, Row, Shard, StoreKey, SwapOf};
    /// let store = SqliteJobStore::in_memory()?;
    /// let row = Row::new(vec![], Shard(0));
    /// for key in [StoreKey::of("slot", ["a", "b"]), StoreKey::of("slot", ["c", "d"]), StoreKey::of("slots", ["e"])] {
    ///     let _ = block_on(store.compare_and_swap(&SwapOf::new(key, None, Some(row.clone()))))?;
    /// }
    /// let slots = StoreKey::of("slot", []);
    /// let first = store.keys(&slots, None, 1)?;
    /// assert_eq!(first, [StoreKey::of("slot", ["a", "b"])]);
    /// assert_eq!(store.keys(&slots, first.last(), 10)?, [StoreKey::of("slot", ["c", "d"])]);
    /// # Ok::<(), tripartite_sqlite::jobs::JobsError>(())
    /// ```
    pub fn keys(&self, under: &StoreKey, after: Option<&StoreKey>, limit: usize) -> Result<Vec<StoreKey>, JobsError> {
        record::keys(&self.conn(), under, after, limit)
    }

    fn over(conn: Connection) -> Self {
        Self { conn: Mutex::new(conn) }
    }

    fn conn(&self) -> MutexGuard<'_, Connection> {
        // A transaction that was not committed when something panicked was rolled back.
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T>(&self, work: impl FnOnce(&Connection) -> Result<T, JobsError>) -> Result<T, JobsError> {
        let mut conn = self.conn();
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = work(&tx)?;
        tx.commit()?;
        Ok(answer)
    }
}

impl JobStore for SqliteJobStore {
    type Error = JobsError;

    async fn get(&self, key: &StoreKey) -> Result<Option<Stored>, JobsError> {
        record::get(&self.conn(), key)
    }

    async fn compare_and_swap(&self, swap: &SwapOf) -> Result<Swap, JobsError> {
        self.write(|conn| record::swap(conn, swap))
    }

    async fn due(&self, page: &DueOf) -> Result<DuePage, JobsError> {
        record::due(&self.conn(), page)
    }

    async fn append(&self, append: &AppendOf) -> Result<bool, JobsError> {
        self.write(|conn| log::append(conn, append))
    }

    async fn read(&self, page: &ReadOf) -> Result<LogPage, JobsError> {
        log::read(&self.conn(), page)
    }

    async fn prune(&self, old: &PruneOf) -> Result<u64, JobsError> {
        self.write(|conn| log::prune(conn, old))
    }

    async fn swap_many(&self, swaps: &[SwapOf]) -> Result<Vec<Swap>, JobsError> {
        self.write(|conn| swaps.iter().map(|swap| record::swap(conn, swap)).collect())
    }

    async fn take(&self, swaps: &[SwapOf]) -> Result<Option<Taken>, JobsError> {
        self.write(|conn| {
            for (at, swap) in swaps.iter().enumerate() {
                if let Swap::Applied(version) = record::swap(conn, swap)? {
                    return Ok(Some(Taken { at, version }));
                }
            }
            Ok(None)
        })
    }

    async fn get_many(&self, keys: &[StoreKey]) -> Result<Vec<Option<Stored>>, JobsError> {
        let conn = self.conn();
        keys.iter().map(|key| record::get(&conn, key)).collect()
    }

    async fn due_many(&self, pages: &[DueOf]) -> Result<Vec<DuePage>, JobsError> {
        let conn = self.conn();
        pages.iter().map(|page| record::due(&conn, page)).collect()
    }

    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, JobsError> {
        self.write(|conn| {
            let mut answers = vec![Swap::Conflict; swaps.len()];
            for (answer, swap) in answers.iter_mut().zip(swaps) {
                *answer = record::swap(conn, swap)?;
                if *answer == Swap::Conflict {
                    return Ok(answers);
                }
            }
            for entry in entries {
                log::append(conn, entry)?;
            }
            Ok(answers)
        })
    }

    async fn swap_all(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<SwapAll, JobsError> {
        let mut conn = self.conn();
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut versions = Vec::with_capacity(swaps.len());
        for swap in swaps {
            match record::swap(&tx, swap)? {
                Swap::Applied(version) => versions.push(version),
                // The transaction is rolled back where it is dropped.
                Swap::Conflict => return Ok(SwapAll::Conflict),
            }
        }
        for entry in entries {
            log::append(&tx, entry)?;
        }
        tx.commit()?;
        Ok(SwapAll::Applied(versions))
    }
}
