//! What the suite of a job store is given: the store, and what drives its futures.

use crate::drive;
use crate::jobs::JobStore;

/// A job store under test, new and empty, and what drives its futures.
///
/// Every store is its own fixture, whose futures are driven without a runtime. A store that needs one gets a fixture of
/// its own; [`conformance`](crate::conformance#a-runtime) has an example.
///
/// ```
/// use tripartite::conformance::jobs::Fixture;
/// use tripartite::memory::MemoryJobStore;
/// // the provided method only parks the thread while a future waits
/// assert_eq!(MemoryJobStore::default().block_on(async { 6 * 7 }), 42);
/// ```
pub trait Fixture: Sync {
    /// The store.
    type Store: JobStore + Sync;

    /// The store.
    fn store(&self) -> &Self::Store;

    /// Drives a future of the store to its end. Several threads call it at once.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        drive::block_on(future)
    }
}

impl<S: JobStore + Sync> Fixture for S {
    type Store = S;

    fn store(&self) -> &S {
        self
    }
}
