//! Job stores whose type is known only at run time.

use std::fmt;
use std::ops::Range;

use chrono::{DateTime, Utc};

use super::{
    AppendOf, DueOf, DuePage, JobStore, LogEntry, LogPosition, Row, Shard, StoreKey, Stored, Swap, SwapOf, Version,
};
use crate::failure::{DynError, DynFuture};

/// A [`JobStore`] whose type is known only at run time, such as that of a program whose configuration names the engine.
///
/// Implement [`JobStore`] and never this trait: every store that threads may share, and whose errors they may, is a
/// `DynJobStore`. In turn `Box<dyn DynJobStore>`, `Arc<dyn DynJobStore>` and `&dyn DynJobStore` are job stores. They do
/// what the store inside does, and fail with a [`DynError`], which keeps the class of the error. A call costs one
/// allocation more.
///
/// ```
/// use std::sync::Arc;
/// use tripartite::drive::block_on;
/// use tripartite::jobs::{DynJobStore, JobStore, StoreKey};
/// use tripartite::memory::MemoryJobStore;
/// use tripartite::work::Queue;
///
/// let open = |engine: &str| -> Option<Arc<dyn DynJobStore>> {
///     match engine {
///         "memory" => Some(Arc::new(MemoryJobStore::default())),
///         _ => None,
///     }
/// };
/// let queue = Queue::new(open("memory").ok_or("no such engine")?);
/// assert_eq!(block_on(queue.store().get(&StoreKey::of("slot", ["a", "f"])))?, None);
/// assert!(open("abacus").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait DynJobStore: Send + Sync + sealed::Sealed {
    /// [`JobStore::get`], as a boxed future.
    fn dyn_get<'a>(&'a self, key: &'a StoreKey) -> DynFuture<'a, Option<Stored>>;

    /// [`JobStore::compare_and_swap`], as a boxed future.
    fn dyn_compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expect: Option<Version>,
        next: Option<&'a Row>,
    ) -> DynFuture<'a, Swap>;

    /// [`JobStore::due`], as a boxed future.
    fn dyn_due<'a>(
        &'a self,
        shard: Shard,
        until: DateTime<Utc>,
        after: Option<&'a (DateTime<Utc>, StoreKey)>,
        limit: usize,
    ) -> DynFuture<'a, DuePage>;

    /// [`JobStore::append`], as a boxed future.
    fn dyn_append<'a>(&'a self, log: &'a StoreKey, entry: &'a LogEntry) -> DynFuture<'a, bool>;

    /// [`JobStore::read`], as a boxed future.
    fn dyn_read<'a>(
        &'a self,
        log: &'a StoreKey,
        range: Range<DateTime<Utc>>,
        after: Option<&'a LogPosition>,
        limit: usize,
    ) -> DynFuture<'a, Vec<LogEntry>>;

    /// [`JobStore::prune`], as a boxed future.
    fn dyn_prune<'a>(&'a self, log: &'a StoreKey, before: DateTime<Utc>, limit: usize) -> DynFuture<'a, u64>;

    /// [`JobStore::swap_one`], as a boxed future.
    fn dyn_swap_one<'a>(&'a self, swap: &'a SwapOf) -> DynFuture<'a, Swap>;

    /// [`JobStore::swap_many`], as a boxed future.
    fn dyn_swap_many<'a>(&'a self, swaps: &'a [SwapOf]) -> DynFuture<'a, Vec<Swap>>;

    /// [`JobStore::get_many`], as a boxed future.
    fn dyn_get_many<'a>(&'a self, keys: &'a [StoreKey]) -> DynFuture<'a, Vec<Option<Stored>>>;

    /// [`JobStore::due_many`], as a boxed future.
    fn dyn_due_many<'a>(&'a self, pages: &'a [DueOf]) -> DynFuture<'a, Vec<DuePage>>;

    /// [`JobStore::swap_chain`], as a boxed future.
    fn dyn_swap_chain<'a>(&'a self, swaps: &'a [SwapOf], entries: &'a [AppendOf]) -> DynFuture<'a, Vec<Swap>>;
}

/// A trait that nobody outside implements may get a method for each that `JobStore` gets.
mod sealed {
    pub trait Sealed {}

    impl<S: super::JobStore> Sealed for S {}
}

impl<S: JobStore + Send + Sync> DynJobStore for S
where
    S::Error: Send + Sync + 'static,
{
    fn dyn_get<'a>(&'a self, key: &'a StoreKey) -> DynFuture<'a, Option<Stored>> {
        Box::pin(async move { self.get(key).await.map_err(DynError::erase) })
    }

    fn dyn_compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expect: Option<Version>,
        next: Option<&'a Row>,
    ) -> DynFuture<'a, Swap> {
        Box::pin(async move { self.compare_and_swap(key, expect, next).await.map_err(DynError::erase) })
    }

    fn dyn_due<'a>(
        &'a self,
        shard: Shard,
        until: DateTime<Utc>,
        after: Option<&'a (DateTime<Utc>, StoreKey)>,
        limit: usize,
    ) -> DynFuture<'a, DuePage> {
        Box::pin(async move { self.due(shard, until, after, limit).await.map_err(DynError::erase) })
    }

    fn dyn_append<'a>(&'a self, log: &'a StoreKey, entry: &'a LogEntry) -> DynFuture<'a, bool> {
        Box::pin(async move { self.append(log, entry).await.map_err(DynError::erase) })
    }

    fn dyn_read<'a>(
        &'a self,
        log: &'a StoreKey,
        range: Range<DateTime<Utc>>,
        after: Option<&'a LogPosition>,
        limit: usize,
    ) -> DynFuture<'a, Vec<LogEntry>> {
        Box::pin(async move { self.read(log, range, after, limit).await.map_err(DynError::erase) })
    }

    fn dyn_prune<'a>(&'a self, log: &'a StoreKey, before: DateTime<Utc>, limit: usize) -> DynFuture<'a, u64> {
        Box::pin(async move { self.prune(log, before, limit).await.map_err(DynError::erase) })
    }

    fn dyn_swap_one<'a>(&'a self, swap: &'a SwapOf) -> DynFuture<'a, Swap> {
        Box::pin(async move { self.swap_one(swap).await.map_err(DynError::erase) })
    }

    fn dyn_swap_many<'a>(&'a self, swaps: &'a [SwapOf]) -> DynFuture<'a, Vec<Swap>> {
        Box::pin(async move { self.swap_many(swaps).await.map_err(DynError::erase) })
    }

    fn dyn_get_many<'a>(&'a self, keys: &'a [StoreKey]) -> DynFuture<'a, Vec<Option<Stored>>> {
        Box::pin(async move { self.get_many(keys).await.map_err(DynError::erase) })
    }

    fn dyn_due_many<'a>(&'a self, pages: &'a [DueOf]) -> DynFuture<'a, Vec<DuePage>> {
        Box::pin(async move { self.due_many(pages).await.map_err(DynError::erase) })
    }

    fn dyn_swap_chain<'a>(&'a self, swaps: &'a [SwapOf], entries: &'a [AppendOf]) -> DynFuture<'a, Vec<Swap>> {
        Box::pin(async move { self.swap_chain(swaps, entries).await.map_err(DynError::erase) })
    }
}

impl JobStore for dyn DynJobStore + '_ {
    type Error = DynError;

    async fn get(&self, key: &StoreKey) -> Result<Option<Stored>, DynError> {
        self.dyn_get(key).await
    }

    async fn compare_and_swap(
        &self,
        key: &StoreKey,
        expect: Option<Version>,
        next: Option<&Row>,
    ) -> Result<Swap, DynError> {
        self.dyn_compare_and_swap(key, expect, next).await
    }

    async fn due(
        &self,
        shard: Shard,
        until: DateTime<Utc>,
        after: Option<&(DateTime<Utc>, StoreKey)>,
        limit: usize,
    ) -> Result<DuePage, DynError> {
        self.dyn_due(shard, until, after, limit).await
    }

    async fn append(&self, log: &StoreKey, entry: &LogEntry) -> Result<bool, DynError> {
        self.dyn_append(log, entry).await
    }

    async fn read(
        &self,
        log: &StoreKey,
        range: Range<DateTime<Utc>>,
        after: Option<&LogPosition>,
        limit: usize,
    ) -> Result<Vec<LogEntry>, DynError> {
        self.dyn_read(log, range, after, limit).await
    }

    async fn prune(&self, log: &StoreKey, before: DateTime<Utc>, limit: usize) -> Result<u64, DynError> {
        self.dyn_prune(log, before, limit).await
    }

    async fn swap_one(&self, swap: &SwapOf) -> Result<Swap, DynError> {
        self.dyn_swap_one(swap).await
    }

    async fn swap_many(&self, swaps: &[SwapOf]) -> Result<Vec<Swap>, DynError>
    where
        Self: Sync,
    {
        self.dyn_swap_many(swaps).await
    }

    async fn get_many(&self, keys: &[StoreKey]) -> Result<Vec<Option<Stored>>, DynError>
    where
        Self: Sync,
    {
        self.dyn_get_many(keys).await
    }

    async fn due_many(&self, pages: &[DueOf]) -> Result<Vec<DuePage>, DynError>
    where
        Self: Sync,
    {
        self.dyn_due_many(pages).await
    }

    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, DynError>
    where
        Self: Sync,
    {
        self.dyn_swap_chain(swaps, entries).await
    }
}

impl fmt::Debug for dyn DynJobStore + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dyn DynJobStore")
    }
}
