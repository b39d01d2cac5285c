//! Several stores on one database: each call goes to another one than the call before.

use std::sync::atomic::{AtomicUsize, Ordering};

use tripartite::jobs::{JobStore, forward_job_store};
use tripartite::source::Cursor;
use tripartite::store::{Batch, IndexPage, LoadRequest, OpOutcome, RecordStore, Records};

/// The stores, and what must live as long as they.
pub(crate) struct Turns<S, K = ()> {
    pub(crate) stores: Vec<S>,
    calls: AtomicUsize,
    _kept: K,
}

impl<S, K> Turns<S, K> {
    pub(crate) fn new(stores: impl IntoIterator<Item = S>, kept: K) -> Self {
        Self { stores: stores.into_iter().collect(), calls: AtomicUsize::new(0), _kept: kept }
    }

    pub(crate) fn within(&self) -> &S {
        &self.stores[self.calls.fetch_add(1, Ordering::Relaxed) % self.stores.len()]
    }
}

impl<S: JobStore + Sync, K: Sync> JobStore for Turns<S, K> {
    type Error = S::Error;

    forward_job_store!(
        plain: get,
        compare_and_swap,
        due,
        append,
        read,
        prune,
        swap_many,
        get_many,
        due_many,
        swap_chain,
        swap_all
    );
}

impl<S: RecordStore + Sync, K: Sync> RecordStore for Turns<S, K> {
    type Error = S::Error;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, S::Error> {
        self.within().index(after).await
    }

    async fn load(&self, wanted: &LoadRequest) -> Result<Records, S::Error> {
        self.within().load(wanted).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, S::Error> {
        self.within().commit(batch).await
    }
}
