//! The jobs, wherever they are.

use chrono::{DateTime, Utc};
use std::ops::Range;
use tripartite::drive::block_on;
use tripartite::jobs::{
    AppendOf, DueOf, DuePage, JobStore, LogEntry, LogPosition, Row, Shard, StoreKey, Stored, Swap, SwapOf, Version,
};
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_sqlite::jobs::SqliteJobStore;

use super::{JobsError, Place};
use crate::telemetry;

/// The jobs of a database.
#[derive(Debug)]
pub enum Jobs {
    /// In a file.
    File(SqliteJobStore),
    /// On a server.
    Server(Box<PostgresJobStore>),
}

impl Jobs {
    /// Those of a database. A file is created if it is not there.
    ///
    /// # Errors
    /// [`JobsError`], when it cannot be used, or has no tables of this version.
    pub fn open(place: &Place) -> Result<Self, JobsError> {
        match place {
            Place::File(file) => Ok(Self::File(SqliteJobStore::open(file)?)),
            Place::Server(server) => {
                let jobs = PostgresJobStore::open_in(server.pool()?, server.address().schema());
                Ok(Self::Server(Box::new(block_on(jobs)?)))
            }
        }
    }

    /// The same, to read them only: no byte of a file changes. None, when nobody was ever enrolled in it.
    ///
    /// # Errors
    /// [`JobsError`], when they cannot be read.
    pub fn open_to_read(place: &Place) -> Result<Option<Self>, JobsError> {
        match place {
            Place::File(file) => Ok(SqliteJobStore::open_to_read(file)?.map(Self::File)),
            Place::Server(_) => Self::open(place).map(Some),
        }
    }

    /// The keys under a key, behind another one, at most `limit`, in the order of their bytes.
    ///
    /// # Errors
    /// [`JobsError`], when the database cannot be read.
    pub fn keys(&self, under: &StoreKey, after: Option<&StoreKey>, limit: usize) -> Result<Vec<StoreKey>, JobsError> {
        match self {
            Self::File(jobs) => Ok(jobs.keys(under, after, limit)?),
            Self::Server(jobs) => Ok(block_on(jobs.keys(under, after, limit))?),
        }
    }
}

/// A call of either, with how long it took.
macro_rules! timed {
    ($self:ident.$method:ident($($with:expr),*)) => {{
        let begun = telemetry::begin();
        let done = match $self {
            Self::File(jobs) => jobs.$method($($with),*).await.map_err(JobsError::from),
            Self::Server(jobs) => jobs.$method($($with),*).await.map_err(JobsError::from),
        };
        telemetry::called("jobs", stringify!($method), begun.elapsed(), done.is_ok());
        done
    }};
}

impl JobStore for Jobs {
    type Error = JobsError;

    async fn get(&self, key: &StoreKey) -> Result<Option<Stored>, JobsError> {
        timed!(self.get(key))
    }

    async fn compare_and_swap(
        &self,
        key: &StoreKey,
        expect: Option<Version>,
        next: Option<&Row>,
    ) -> Result<Swap, JobsError> {
        let swap = timed!(self.compare_and_swap(key, expect, next))?;
        telemetry::swapped(std::slice::from_ref(&swap));
        Ok(swap)
    }

    async fn due(
        &self,
        shard: Shard,
        until: DateTime<Utc>,
        after: Option<&(DateTime<Utc>, StoreKey)>,
        limit: usize,
    ) -> Result<DuePage, JobsError> {
        timed!(self.due(shard, until, after, limit))
    }

    async fn append(&self, log: &StoreKey, entry: &LogEntry) -> Result<bool, JobsError> {
        timed!(self.append(log, entry))
    }

    async fn read(
        &self,
        log: &StoreKey,
        range: Range<DateTime<Utc>>,
        after: Option<&LogPosition>,
        limit: usize,
    ) -> Result<Vec<LogEntry>, JobsError> {
        timed!(self.read(log, range.clone(), after, limit))
    }

    async fn prune(&self, log: &StoreKey, before: DateTime<Utc>, limit: usize) -> Result<u64, JobsError> {
        timed!(self.prune(log, before, limit))
    }

    async fn swap_many(&self, swaps: &[SwapOf]) -> Result<Vec<Swap>, JobsError> {
        let done = timed!(self.swap_many(swaps))?;
        telemetry::swapped(&done);
        Ok(done)
    }

    async fn get_many(&self, keys: &[StoreKey]) -> Result<Vec<Option<Stored>>, JobsError> {
        timed!(self.get_many(keys))
    }

    async fn due_many(&self, pages: &[DueOf]) -> Result<Vec<DuePage>, JobsError> {
        timed!(self.due_many(pages))
    }

    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, JobsError> {
        let done = timed!(self.swap_chain(swaps, entries))?;
        telemetry::swapped(&done);
        Ok(done)
    }
}
