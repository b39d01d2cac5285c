//! The store of the work column goes through the crate's own suite: with one pool, and as two stores on one database.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use tripartite::drive::block_on;
use tripartite::jobs::{JobStore, StoreKey, forward_job_store};
use tripartite_postgres::jobs::{JobsError, PostgresJobStore};

use crate::server::{Place, pool};

mod one_pool {
    tripartite::conformance::jobs::job_store!(*super::OnItsOwn::new(16));
}

mod one_connection {
    tripartite::conformance::jobs::job_store!(*super::OnItsOwn::new(1));
}

mod two_pools {
    tripartite::conformance::jobs::job_store!(super::Turns::new());
}

struct OnItsOwn(PostgresJobStore);

impl OnItsOwn {
    fn new(connections: usize) -> Self {
        let Place { pool, schema } = Place::new(connections);
        Self(block_on(PostgresJobStore::open_in(pool, &schema)).unwrap())
    }
}

impl Deref for OnItsOwn {
    type Target = PostgresJobStore;

    fn deref(&self) -> &PostgresJobStore {
        &self.0
    }
}

/// Two stores on one schema: each call goes to the other one than the call before.
struct Turns {
    stores: [PostgresJobStore; 2],
    calls: AtomicUsize,
}

impl Turns {
    fn new() -> Self {
        let place = Place::new(4);
        let open = |pool| block_on(PostgresJobStore::open_in(pool, &place.schema)).unwrap();
        Self { stores: [place.pool.clone(), pool(4)].map(open), calls: AtomicUsize::new(0) }
    }

    fn within(&self) -> &PostgresJobStore {
        &self.stores[self.calls.fetch_add(1, Ordering::Relaxed) % 2]
    }

    async fn around<T>(
        &self,
        _: &str,
        _: &StoreKey,
        call: impl Future<Output = Result<T, JobsError>>,
    ) -> Result<T, JobsError> {
        call.await
    }
}

impl JobStore for Turns {
    type Error = JobsError;

    forward_job_store!(get, compare_and_swap, due, append, read, prune, swap_many, get_many, due_many, swap_chain);
}
