//! The two methods of a job store that a command to a slot needs.

use std::future::Future;

use super::{JobStore, StoreKey, Stored, Swap, SwapOf};
use crate::failure::Classify;

/// The part of a [`JobStore`] that a command to a slot needs. Every job store is one.
///
/// A host that enqueues a job in its own transaction implements these two methods over that transaction, and applies the
/// command by a [`Queue`](crate::work::Queue) of it. The job is there if the transaction is committed, and else nothing is.
/// Both methods promise what [`JobStore::get`] and [`JobStore::compare_and_swap`] promise.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::convert::Infallible;
/// use std::sync::Mutex;
/// use chrono::DateTime;
/// use tripartite::drive::block_on;
/// use tripartite::jobs::{SlotStore, StoreKey, Stored, Swap, SwapOf, Version};
/// use tripartite::queue::{Command, Outcome, Scope, Trigger};
/// use tripartite::work::Queue;
///
/// /// What a transaction of the host has read and will write.
/// #[derive(Default)]
/// struct Transaction(Mutex<BTreeMap<StoreKey, Stored>>);
///
/// impl SlotStore for Transaction {
///     type Error = Infallible;
///
///     async fn get(&self, key: &StoreKey) -> Result<Option<Stored>, Infallible> {
///         Ok(self.0.lock().unwrap().get(key).cloned())
///     }
///
///     async fn compare_and_swap(&self, swap: &SwapOf) -> Result<Swap, Infallible> {
///         let mut rows = self.0.lock().unwrap();
///         let now = rows.get(&swap.key).map(|stored| stored.version);
///         // A command never deletes.
///         let Some(next) = swap.next.clone().filter(|_| now == swap.expect) else {
///             return Ok(Swap::Conflict);
///         };
///         // A version is never given twice.
///         let version = Version(now.map_or(1, |version| version.0 + 1));
///         rows.insert(swap.key.clone(), Stored::new(next, version));
///         Ok(Swap::Applied(version))
///     }
/// }
///
/// let queue = Queue::new(Transaction::default());
/// let key = "ballybeg/federation".parse()?;
/// let scope = Scope::All;
/// let trigger = Command::Trigger { by: Trigger::Manual, scope, policy: None, force: false };
/// let applied = block_on(queue.apply(&key, None, trigger, DateTime::UNIX_EPOCH))?;
/// assert_eq!(applied.outcome, Outcome::Enqueued);
/// assert_eq!(queue.store().0.lock().unwrap().len(), 1); // one slot, and nothing else
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait SlotStore {
    /// What can go wrong.
    type Error: std::error::Error + Classify;

    /// As [`JobStore::get`].
    fn get(&self, key: &StoreKey) -> impl Future<Output = Result<Option<Stored>, Self::Error>> + Send;

    /// As [`JobStore::compare_and_swap`].
    fn compare_and_swap(&self, swap: &SwapOf) -> impl Future<Output = Result<Swap, Self::Error>> + Send;
}

impl<S: JobStore> SlotStore for S {
    type Error = S::Error;

    fn get(&self, key: &StoreKey) -> impl Future<Output = Result<Option<Stored>, Self::Error>> + Send {
        JobStore::get(self, key)
    }

    fn compare_and_swap(&self, swap: &SwapOf) -> impl Future<Output = Result<Swap, Self::Error>> + Send {
        JobStore::compare_and_swap(self, swap)
    }
}
