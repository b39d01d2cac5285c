//! Workers in processes of their own.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use tripartite::drive::block_on;
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_postgres::pool::Pool;

use super::labour::work;
use crate::server::runtime;

const ADDRESS: &str = "TRIPARTITE_FAULTS_ADDRESS";
const PLACE: &str = "TRIPARTITE_FAULTS_PLACE";
const HOST: &str = "TRIPARTITE_FAULTS_HOST";
const THREADS: usize = 3;
/// A worker that waits for answers in vain is cut off for a few seconds here.
const LEASE: Duration = Duration::from_secs(30);

/// The schema of the jobs.
pub(super) const SCHEMA: &str = "public";

/// Begins a process of workers on a host.
pub(super) fn begin(within: &[String], address: &str, place: &Path, host: usize) -> Child {
    let mut program = Command::new(&within[0]);
    program.args(&within[1..]).arg(env::current_exe().unwrap());
    program.args(["--ignored", "--exact", "faults::worker::process"]);
    program.env(ADDRESS, address).env(PLACE, place).env(HOST, host.to_string());
    program.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A process of the tests.
#[test]
#[ignore = "is a process of the other tests"]
fn process() {
    let word = |name| env::var(name).ok();
    let (Some(address), Some(place), Some(host)) = (word(ADDRESS), word(PLACE), word(HOST)) else { return };
    let (place, host) = (PathBuf::from(place), host.parse().unwrap());
    let pool = Pool::on(runtime(), &address).unwrap().at_most(THREADS);
    let store = block_on(PostgresJobStore::open_in(pool, SCHEMA)).unwrap();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let (store, place) = (store.clone(), &place);
            scope.spawn(move || work(store, place, LEASE, host));
        }
        // It ends when its parent does, or closes the pipe.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        #[expect(clippy::exit, reason = "a worker never ends by itself")]
        std::process::exit(0);
    });
}
