//! Forwarding: a macro that writes the methods of a job store that wraps another one.

/// Writes the named methods of a [`JobStore`](crate::jobs::JobStore) that wraps another one, for example to count its
/// calls, to delay them, or to let them fail. Each method calls `self.around(name, key, call)`, where `call` is the
/// same call of `self.within()`. A call that has no single key passes the key `page`. A provided method that is not named
/// calls the named ones one by one, and `swap_all` is unable. With `plain:` before the names there is nothing around a call.
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
    (plain: $($method:ident),+) => {
        $($crate::__forward_job_store!(@ plain $method);)+
    };
    ($($method:ident),+) => {
        $($crate::__forward_job_store!(@ around $method);)+
    };
    (@ $how:ident get) => {
        $crate::__forward_job_store!(@ $how get "get" (key: &$crate::jobs::StoreKey) key
            => ::std::option::Option<$crate::jobs::Stored>);
    };
    (@ $how:ident compare_and_swap) => {
        $crate::__forward_job_store!(@ $how compare_and_swap "swap" (swap: &$crate::jobs::SwapOf) &swap.key
            => $crate::jobs::Swap);
    };
    (@ $how:ident due) => {
        $crate::__forward_job_store!(@ $how due "due" (page: &$crate::jobs::DueOf) &$crate::jobs::StoreKey::of("page", [])
            => $crate::jobs::DuePage);
    };
    (@ $how:ident append) => {
        $crate::__forward_job_store!(@ $how append "append" (append: &$crate::jobs::AppendOf) &append.log => bool);
    };
    (@ $how:ident read) => {
        $crate::__forward_job_store!(@ $how read "read" (page: &$crate::jobs::ReadOf) &page.log
            => $crate::jobs::LogPage);
    };
    (@ $how:ident prune) => {
        $crate::__forward_job_store!(@ $how prune "prune" (old: &$crate::jobs::PruneOf) &old.log => u64);
    };
    (@ $how:ident swap_many) => {
        $crate::__forward_job_store!(@ $how swap_many "swap_many" (swaps: &[$crate::jobs::SwapOf])
            &$crate::jobs::StoreKey::of("page", []) => ::std::vec::Vec<$crate::jobs::Swap>);
    };
    (@ $how:ident take) => {
        $crate::__forward_job_store!(@ $how take "take" (swaps: &[$crate::jobs::SwapOf])
            &$crate::jobs::StoreKey::of("page", []) => ::std::option::Option<$crate::jobs::Taken>);
    };
    (@ $how:ident get_many) => {
        $crate::__forward_job_store!(@ $how get_many "get_many" (keys: &[$crate::jobs::StoreKey])
            &$crate::jobs::StoreKey::of("page", [])
            => ::std::vec::Vec<::std::option::Option<$crate::jobs::Stored>>);
    };
    (@ $how:ident due_many) => {
        $crate::__forward_job_store!(@ $how due_many "due_many" (pages: &[$crate::jobs::DueOf])
            &$crate::jobs::StoreKey::of("page", []) => ::std::vec::Vec<$crate::jobs::DuePage>);
    };
    (@ $how:ident swap_chain) => {
        $crate::__forward_job_store!(@ $how swap_chain "swap_chain"
            (swaps: &[$crate::jobs::SwapOf], entries: &[$crate::jobs::AppendOf])
            &$crate::jobs::StoreKey::of("page", []) => ::std::vec::Vec<$crate::jobs::Swap>);
    };
    (@ $how:ident swap_all) => {
        $crate::__forward_job_store!(@ $how swap_all "swap_all"
            (swaps: &[$crate::jobs::SwapOf], entries: &[$crate::jobs::AppendOf])
            &$crate::jobs::StoreKey::of("page", []) => $crate::jobs::SwapAll);
    };
    (@ plain $method:ident $name:literal ($($of:ident: &$what:ty),+) $key:expr => $answer:ty) => {
        async fn $method(&self, $($of: &$what),+) -> ::std::result::Result<$answer, Self::Error> {
            self.within().$method($($of),+).await
        }
    };
    (@ around $method:ident $name:literal ($($of:ident: &$what:ty),+) $key:expr => $answer:ty) => {
        async fn $method(&self, $($of: &$what),+) -> ::std::result::Result<$answer, Self::Error> {
            self.around($name, $key, self.within().$method($($of),+)).await
        }
    };
}

#[doc(inline)]
pub use __forward_job_store as forward_job_store;
