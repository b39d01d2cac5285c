//! The work column in PostgreSQL: slots, gates, health and history.
//!
//! | table | what it holds |
//! |---|---|
//! | `tripartite.jobs` | a record for each key: its bytes, when it is due, in which shard, its version |
//! | `tripartite.log` | the entries of all logs, in the order of their times |
//!
//! Keys are text, compared byte for byte. The id of an entry is bytes: PostgreSQL refuses a NUL character in a text. A
//! point in time outside of the years 1 to 9999 is taken for the nearest one inside.
//!
//! **Why is no version given twice?** Every version is the next number of one sequence, `tripartite.versions`. A sequence
//! never goes back, not even when a transaction is rolled back.
//!
//! **What is atomic?** A swap is one statement, which takes effect or not. Of two that expect the same version, the later one
//! waits for the row, finds another version, and is a conflict. A chain of swaps with the entries of its history is one
//! statement or one transaction, which a conflict takes back. So the end of a job is one commit.
//!
//! **How many round trips does a call take?** One; a batch of swaps, or a chain that creates or deletes a record, takes two, its
//! transaction included. Each waits for the disk once.
//!
//! **Do workers wait for each other?** Not when they take jobs: [`take`](JobStore::take) is one statement, which passes over
//! the rows that others have locked. Two that change the same record wait.
//!
//! **What if the connection breaks?** The error is of the class *retry*, and nobody knows whether the swap took effect:
//! [`JobStore`] allows that, and the core reads the record again. Until the server answers again, every call fails in the same
//! class.
//!
//! **How safe is an answer?** As safe as the server's `synchronous_commit`, which is on unless somebody turned it off. With
//! it off, a crash of the server forgets claims that were answered, and their fencing tokens go to a second worker.
//!
//! **How does a worker hear of a job at once?** By a [`Listener`]. A swap that lets a job wait notifies who listens, once its
//! transaction is committed. Other swaps, such as claims and ends, notify nobody: commits that notify wait for each other.
//!
//! **May a host enqueue a job in its own transaction?** Yes: [`InTransaction`].

mod cell;
mod chain;
mod error;
mod listen;
mod log;
mod record;
mod transaction;

pub use error::JobsError;
pub use listen::{Listener, listen};
pub use transaction::InTransaction;
use tripartite::jobs::{
    AppendOf, DueOf, DuePage, JobStore, LogPage, PruneOf, ReadOf, StoreKey, Stored, Swap, SwapAll, SwapOf, Taken,
};

use crate::format;
use crate::names::SCHEMA;
use crate::pool::Pool;

/// The records of the work column, in a database that others may use as well.
///
/// ```no_run
/// # async fn swap() -> Result<(), Box<dyn std::error::Error>> {
/// use tripartite::jobs::{JobStore, Row, Shard, StoreKey, Swap, SwapOf};
/// use tripartite_postgres::jobs::PostgresJobStore;
/// use tripartite_postgres::{format, pool::Pool};
///
/// let pool = Pool::new("postgres://club@db.example.org/club")?;
/// format::migrate(&pool, "tripartite").await?;
/// let store = PostgresJobStore::open(pool).await?;
/// let key = StoreKey::of("slot", ["ballybeg", "federation"]);
/// let row = Row::new(b"{}".to_vec(), Shard(0));
/// let first = SwapOf::new(key.clone(), None, Some(row.clone()));
/// let Swap::Applied(version) = store.compare_and_swap(&first).await? else { panic!() };
/// // Two workers read the same version; one of them gets it.
/// let next = SwapOf::new(key, Some(version), Some(row));
/// assert!(matches!(store.compare_and_swap(&next).await?, Swap::Applied(_)));
/// assert_eq!(store.compare_and_swap(&next).await?, Swap::Conflict);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PostgresJobStore {
    pool: Pool,
    chain: chain::Statement,
    log: log::Statements,
    record: record::Statements,
}

impl PostgresJobStore {
    /// The jobs of a database, in the schema `tripartite`.
    ///
    /// # Errors
    /// [`JobsError`], when it cannot be reached, or has no tables of this version.
    pub async fn open(pool: Pool) -> Result<Self, JobsError> {
        Self::open_in(pool, SCHEMA).await
    }

    /// The jobs in another schema.
    ///
    /// # Errors
    /// [`JobsError`], when it cannot be reached, or has no tables of this version.
    pub async fn open_in(pool: Pool, schema: &str) -> Result<Self, JobsError> {
        format::check(&mut pool.lease().await?, schema).await?;
        let (chain, log) = (chain::Statement::of(schema), log::Statements::of(schema));
        Ok(Self { pool, chain, log, record: record::Statements::of(schema) })
    }

    /// The keys under a key, behind another one, at most `limit`, in the order of their bytes. All slots stand under
    /// `slot`; those of one organisation under `slot/ORG`.
    ///
    /// # Errors
    /// [`JobsError`], when the database cannot be read.
    pub async fn keys(
        &self,
        under: &StoreKey,
        after: Option<&StoreKey>,
        limit: usize,
    ) -> Result<Vec<StoreKey>, JobsError> {
        self.record.keys(&mut self.pool.lease().await?, under, after, limit).await
    }
}

impl JobStore for PostgresJobStore {
    type Error = JobsError;

    async fn get(&self, key: &StoreKey) -> Result<Option<Stored>, JobsError> {
        self.record.get(&mut self.pool.lease().await?, key).await
    }

    async fn compare_and_swap(&self, swap: &SwapOf) -> Result<Swap, JobsError> {
        self.record.swap(&mut self.pool.lease().await?, swap).await
    }

    async fn due(&self, page: &DueOf) -> Result<DuePage, JobsError> {
        let mut pages = self.due_many(std::slice::from_ref(page)).await?;
        Ok(pages.pop().unwrap_or(DuePage::new(vec![], false)))
    }

    async fn append(&self, append: &AppendOf) -> Result<bool, JobsError> {
        self.log.append(&mut self.pool.lease().await?, append).await
    }

    async fn read(&self, page: &ReadOf) -> Result<LogPage, JobsError> {
        self.log.read(&mut self.pool.lease().await?, page).await
    }

    async fn prune(&self, old: &PruneOf) -> Result<u64, JobsError> {
        self.log.prune(&mut self.pool.lease().await?, old).await
    }

    async fn swap_many(&self, swaps: &[SwapOf]) -> Result<Vec<Swap>, JobsError> {
        self.record.swap_many(&mut self.pool.lease().await?, swaps).await
    }

    async fn take(&self, swaps: &[SwapOf]) -> Result<Option<Taken>, JobsError> {
        self.record.take(&mut self.pool.lease().await?, swaps).await
    }

    async fn get_many(&self, keys: &[StoreKey]) -> Result<Vec<Option<Stored>>, JobsError> {
        self.record.get_many(&mut self.pool.lease().await?, keys).await
    }

    async fn due_many(&self, pages: &[DueOf]) -> Result<Vec<DuePage>, JobsError> {
        self.record.due_many(&mut self.pool.lease().await?, pages).await
    }

    /// A conflict takes back what came before it.
    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, JobsError> {
        Ok(match self.swap_all(swaps, entries).await? {
            SwapAll::Applied(versions) => versions.into_iter().map(Swap::Applied).collect(),
            SwapAll::Conflict | SwapAll::Unable => vec![Swap::Conflict; swaps.len()],
        })
    }

    async fn swap_all(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<SwapAll, JobsError> {
        let mut lease = self.pool.lease().await?;
        if let answer @ (SwapAll::Applied(_) | SwapAll::Conflict) = self.chain.run(&mut lease, swaps, entries).await? {
            return Ok(answer);
        }
        let appended = entries.iter().map(|entry| self.log.appending(entry)).collect();
        self.record.swap_all(&mut lease, swaps, appended).await
    }
}
