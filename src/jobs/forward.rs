//! Forwarding: a macro that writes the methods of a job store that wraps another one.

/// Writes the named methods of a [`JobStore`](crate::jobs::JobStore) that wraps another one, for example to count its
/// calls, to delay them, or to let them fail. Each method calls `self.around(name, key, call)`, where `call` is the
/// same call of `self.within()`. A call that has no single key passes the key `page`. A provided method that is not named
/// calls the named ones one by one.
///
/// The crate that uses it depends on `chrono`, as the trait's methods have its types.
///
/// ```
/// use std::convert::Infallible;
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use tripartite::drive::block_on;
/// use tripartite::jobs::{JobStore, StoreKey};
/// use tripartite::memory::MemoryJobStore;
///
/// #[derive(Default)]
/// struct Counting(MemoryJobStore, AtomicUsize);
///
/// impl Counting {
///     fn within(&self) -> &MemoryJobStore {
///         &self.0
///     }
///
///     async fn around<T>(
///         &self,
///         _name: &str,
///         _key: &StoreKey,
///         call: impl Future<Output = Result<T, Infallible>>,
///     ) -> Result<T, Infallible> {
///         self.1.fetch_add(1, Ordering::Relaxed);
///         call.await
///     }
/// }
///
/// impl JobStore for Counting {
///     type Error = Infallible;
///     tripartite::jobs::forward_job_store!(get, compare_and_swap, due, append, read, prune);
/// }
///
/// let store = Counting::default();
/// assert_eq!(block_on(store.get(&StoreKey::of("case", ["a"])))?, None);
/// // `swap_many` is not named here, so the provided method does its swaps one by one.
/// assert!(block_on(store.swap_many(&[]))?.is_empty());
/// assert_eq!(store.1.into_inner(), 1);
/// # Ok::<(), Infallible>(())
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __forward_job_store {
    ($($method:ident),+) => {
        $($crate::__forward_job_store!(@ $method);)+
    };
    (@ get) => {
        async fn get(
            &self,
            key: &$crate::jobs::StoreKey,
        ) -> ::std::result::Result<::std::option::Option<$crate::jobs::Stored>, Self::Error> {
            self.around("get", key, self.within().get(key)).await
        }
    };
    (@ compare_and_swap) => {
        async fn compare_and_swap(
            &self,
            key: &$crate::jobs::StoreKey,
            expect: ::std::option::Option<$crate::jobs::Version>,
            next: ::std::option::Option<&$crate::jobs::Row>,
        ) -> ::std::result::Result<$crate::jobs::Swap, Self::Error> {
            self.around("swap", key, self.within().compare_and_swap(key, expect, next)).await
        }
    };
    (@ due) => {
        async fn due(
            &self,
            shard: $crate::jobs::Shard,
            until: ::chrono::DateTime<::chrono::Utc>,
            after: ::std::option::Option<&(::chrono::DateTime<::chrono::Utc>, $crate::jobs::StoreKey)>,
            limit: usize,
        ) -> ::std::result::Result<$crate::jobs::DuePage, Self::Error> {
            let page = $crate::jobs::StoreKey::of("page", []);
            self.around("due", &page, self.within().due(shard, until, after, limit)).await
        }
    };
    (@ append) => {
        async fn append(
            &self,
            log: &$crate::jobs::StoreKey,
            entry: &$crate::jobs::LogEntry,
        ) -> ::std::result::Result<bool, Self::Error> {
            self.around("append", log, self.within().append(log, entry)).await
        }
    };
    (@ read) => {
        async fn read(
            &self,
            log: &$crate::jobs::StoreKey,
            range: ::std::ops::Range<::chrono::DateTime<::chrono::Utc>>,
            after: ::std::option::Option<&$crate::jobs::LogPosition>,
            limit: usize,
        ) -> ::std::result::Result<::std::vec::Vec<$crate::jobs::LogEntry>, Self::Error> {
            self.around("read", log, self.within().read(log, range, after, limit)).await
        }
    };
    (@ prune) => {
        async fn prune(
            &self,
            log: &$crate::jobs::StoreKey,
            before: ::chrono::DateTime<::chrono::Utc>,
            limit: usize,
        ) -> ::std::result::Result<u64, Self::Error> {
            self.around("prune", log, self.within().prune(log, before, limit)).await
        }
    };
    (@ swap_one) => {
        async fn swap_one(
            &self,
            swap: &$crate::jobs::SwapOf,
        ) -> ::std::result::Result<$crate::jobs::Swap, Self::Error> {
            self.around("swap", &swap.key, self.within().swap_one(swap)).await
        }
    };
    (@ swap_many) => {
        async fn swap_many(
            &self,
            swaps: &[$crate::jobs::SwapOf],
        ) -> ::std::result::Result<::std::vec::Vec<$crate::jobs::Swap>, Self::Error> {
            let page = $crate::jobs::StoreKey::of("page", []);
            self.around("swap_many", &page, self.within().swap_many(swaps)).await
        }
    };
    (@ get_many) => {
        async fn get_many(
            &self,
            keys: &[$crate::jobs::StoreKey],
        ) -> ::std::result::Result<::std::vec::Vec<::std::option::Option<$crate::jobs::Stored>>, Self::Error> {
            let page = $crate::jobs::StoreKey::of("page", []);
            self.around("get_many", &page, self.within().get_many(keys)).await
        }
    };
    (@ due_many) => {
        async fn due_many(
            &self,
            pages: &[$crate::jobs::DueOf],
        ) -> ::std::result::Result<::std::vec::Vec<$crate::jobs::DuePage>, Self::Error> {
            let page = $crate::jobs::StoreKey::of("page", []);
            self.around("due_many", &page, self.within().due_many(pages)).await
        }
    };
    (@ swap_chain) => {
        async fn swap_chain(
            &self,
            swaps: &[$crate::jobs::SwapOf],
            entries: &[$crate::jobs::AppendOf],
        ) -> ::std::result::Result<::std::vec::Vec<$crate::jobs::Swap>, Self::Error> {
            let page = $crate::jobs::StoreKey::of("page", []);
            self.around("swap_chain", &page, self.within().swap_chain(swaps, entries)).await
        }
    };
}

#[doc(inline)]
pub use __forward_job_store as forward_job_store;
