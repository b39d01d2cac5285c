//! The store of the work column goes through the crate's own suite: in memory, on a file, and as two stores on one file.

use std::ops::{Deref, Range};
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use nightly_sync::jobs::{JobsError, SqliteJobStore};
use tripartite::jobs::{DuePage, JobStore, LogEntry, LogPosition, Row, Shard, StoreKey, Stored, Swap, SwapOf, Version};

use crate::bench::Bench;

mod in_memory {
    tripartite::conformance::job_store!(super::SqliteJobStore::in_memory().unwrap());
}

mod on_a_file {
    tripartite::conformance::job_store!(*super::OnFile::new());
}

mod two_on_one_file {
    tripartite::conformance::job_store!(super::Turns::new());
}

/// A store on a file of its own, which goes with it.
struct OnFile {
    store: SqliteJobStore,
    _bench: Bench,
}

impl OnFile {
    fn new() -> Self {
        let bench = Bench::new();
        Self { store: SqliteJobStore::open(&bench.db()).unwrap(), _bench: bench }
    }
}

impl Deref for OnFile {
    type Target = SqliteJobStore;

    fn deref(&self) -> &SqliteJobStore {
        &self.store
    }
}

/// Two stores on one file: each call goes to the other one than the call before.
struct Turns {
    stores: [SqliteJobStore; 2],
    calls: AtomicUsize,
    _bench: Bench,
}

impl Turns {
    fn new() -> Self {
        let bench = Bench::new();
        let stores = [(); 2].map(|()| SqliteJobStore::open(&bench.db()).unwrap());
        Self { stores, calls: AtomicUsize::new(0), _bench: bench }
    }

    fn next(&self) -> &SqliteJobStore {
        &self.stores[self.calls.fetch_add(1, Ordering::Relaxed) % 2]
    }
}

impl JobStore for Turns {
    type Error = JobsError;

    async fn get(&self, key: &StoreKey) -> Result<Option<Stored>, JobsError> {
        self.next().get(key).await
    }

    async fn compare_and_swap(
        &self,
        key: &StoreKey,
        expect: Option<Version>,
        next: Option<&Row>,
    ) -> Result<Swap, JobsError> {
        self.next().compare_and_swap(key, expect, next).await
    }

    async fn due(
        &self,
        shard: Shard,
        until: DateTime<Utc>,
        after: Option<&(DateTime<Utc>, StoreKey)>,
        limit: usize,
    ) -> Result<DuePage, JobsError> {
        self.next().due(shard, until, after, limit).await
    }

    async fn append(&self, log: &StoreKey, entry: &LogEntry) -> Result<bool, JobsError> {
        self.next().append(log, entry).await
    }

    async fn read(
        &self,
        log: &StoreKey,
        range: Range<DateTime<Utc>>,
        after: Option<&LogPosition>,
        limit: usize,
    ) -> Result<Vec<LogEntry>, JobsError> {
        self.next().read(log, range, after, limit).await
    }

    async fn prune(&self, log: &StoreKey, before: DateTime<Utc>, limit: usize) -> Result<u64, JobsError> {
        self.next().prune(log, before, limit).await
    }

    async fn swap_many(&self, swaps: &[SwapOf]) -> Result<Vec<Swap>, JobsError> {
        self.next().swap_many(swaps).await
    }
}
