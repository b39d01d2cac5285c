//! The store of the work column goes through the crate's own suite: in memory, on a file, and as two stores on one file.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use tripartite::jobs::{JobStore, StoreKey, forward_job_store};
use tripartite_sql::{HostTable, Register};
use tripartite_sqlite::jobs::{JobsError, SqliteJobStore};
use tripartite_sqlite::store::{Access, Database};

use crate::bench::{Bench, settings};

mod in_memory {
    tripartite::conformance::jobs::job_store!(super::SqliteJobStore::in_memory().unwrap());
}

mod on_a_file {
    tripartite::conformance::jobs::job_store!(*super::OnFile::new());
}

mod beside_a_table_of_the_hosts_own {
    tripartite::conformance::jobs::job_store!(*super::OnFile::beside(
        "CREATE TABLE members(id INTEGER PRIMARY KEY, n TEXT)"
    ));
}

mod two_on_one_file {
    tripartite::conformance::jobs::job_store!(super::Turns::new());
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

impl OnFile {
    /// On the file of a club, whose table is attached.
    fn beside(club: &str) -> Self {
        let bench = Bench::new();
        bench.edit(club);
        let settings = settings(r#"{"fields": {"name": {"kind": "name"}}}"#);
        let table = HostTable::new("members", "id").column("name", "n");
        let database = Database::open_host(&bench.db(), Access::Write).unwrap();
        database.attach(&Register::default(), &table, &settings).unwrap();
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

    fn within(&self) -> &SqliteJobStore {
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
