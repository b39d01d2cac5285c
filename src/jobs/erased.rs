//! Job stores whose type is known only at run time.

use std::fmt;

use super::{
    AppendOf, DueOf, DuePage, JobStore, LogPage, PruneOf, ReadOf, StoreKey, Stored, Swap, SwapAll, SwapOf, Taken,
};
use crate::failure::{DynError, DynFuture};

/// Declares [`DynJobStore`] and both of its bridges: every store is one, and one is a store.
macro_rules! erased {
    (
        $(#[$doc:meta])*
        pub trait DynJobStore;
        $($erased:ident = $method:ident($($of:ident: &$what:ty),+) -> $answer:ty $(, $if:ident)?;)+
    ) => {
        $(#[$doc])*
        pub trait DynJobStore: Send + Sync + sealed::Sealed {$(
            #[doc = concat!("[`JobStore::", stringify!($method), "`], as a boxed future.")]
            fn $erased<'a>(&'a self, $($of: &'a $what),+) -> DynFuture<'a, $answer>;
        )+}

        impl<S: JobStore + Send + Sync> DynJobStore for S
        where
            S::Error: Send + Sync + 'static,
        {$(
            fn $erased<'a>(&'a self, $($of: &'a $what),+) -> DynFuture<'a, $answer> {
                Box::pin(async move { self.$method($($of),+).await.map_err(DynError::erase) })
            }
        )+}

        impl JobStore for dyn DynJobStore + '_ {
            type Error = DynError;
            $(
                async fn $method(&self, $($of: &$what),+) -> Result<$answer, DynError>
                $(where Self: $if)?
                {
                    self.$erased($($of),+).await
                }
            )+
        }
    };
}

erased! {
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
    pub trait DynJobStore;

    dyn_get = get(key: &StoreKey) -> Option<Stored>;
    dyn_compare_and_swap = compare_and_swap(swap: &SwapOf) -> Swap;
    dyn_due = due(page: &DueOf) -> DuePage;
    dyn_append = append(append: &AppendOf) -> bool;
    dyn_read = read(page: &ReadOf) -> LogPage;
    dyn_prune = prune(old: &PruneOf) -> u64;
    dyn_swap_many = swap_many(swaps: &[SwapOf]) -> Vec<Swap>, Sync;
    dyn_take = take(swaps: &[SwapOf]) -> Option<Taken>, Sync;
    dyn_get_many = get_many(keys: &[StoreKey]) -> Vec<Option<Stored>>, Sync;
    dyn_due_many = due_many(pages: &[DueOf]) -> Vec<DuePage>, Sync;
    dyn_swap_chain = swap_chain(swaps: &[SwapOf], entries: &[AppendOf]) -> Vec<Swap>, Sync;
    dyn_swap_all = swap_all(swaps: &[SwapOf], entries: &[AppendOf]) -> SwapAll;
}

/// A trait that nobody outside implements may get a method for each that `JobStore` gets.
mod sealed {
    pub trait Sealed {}

    impl<S: super::JobStore> Sealed for S {}
}

impl fmt::Debug for dyn DynJobStore + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dyn DynJobStore")
    }
}
