//! The store of the work column goes through the crate's own suite: in memory, on a file, and as two stores on one file.

use std::ops::Deref;

use tripartite_sql::{HostTable, Register};
use tripartite_sqlite::jobs::SqliteJobStore;
use tripartite_sqlite::store::{Access, Database};

use crate::bench::{Bench, settings};
use crate::turns::Turns;

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
    tripartite::conformance::jobs::job_store!(super::turns());
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

/// Two stores on one file.
fn turns() -> Turns<SqliteJobStore, Bench> {
    let bench = Bench::new();
    let stores = [(); 2].map(|()| SqliteJobStore::open(&bench.db()).unwrap());
    Turns::new(stores, bench)
}
