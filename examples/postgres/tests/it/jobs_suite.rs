//! The store of the work column goes through the crate's own suite: with one pool, and as two stores on one database.

use std::ops::Deref;

use tripartite::drive::block_on;
use tripartite_postgres::jobs::PostgresJobStore;

use crate::server::{Place, pool};
use crate::turns::Turns;

mod one_pool {
    tripartite::conformance::jobs::job_store!(*super::OnItsOwn::new(16));
}

mod one_connection {
    tripartite::conformance::jobs::job_store!(*super::OnItsOwn::new(1));
}

mod two_pools {
    tripartite::conformance::jobs::job_store!(super::turns());
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

/// Two stores on one schema.
fn turns() -> Turns<PostgresJobStore> {
    let place = Place::new(4);
    let open = |pool| block_on(PostgresJobStore::open_in(pool, &place.schema)).unwrap();
    Turns::new([place.pool.clone(), pool(4)].map(open), ())
}
