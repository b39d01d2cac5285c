//! Workers in processes of their own.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, thread};

use tripartite::drive::block_on;
use tripartite_etcd::address::Address;
use tripartite_etcd::jobs::EtcdJobStore;

use super::labour::work;
use crate::server::{pause, runtime};

/// What tells a process that it is one of workers: where the cluster is, where to write, how long a lease is.
const ADDRESS: &str = "TRIPARTITE_FAULTS_ADDRESS";
const PLACE: &str = "TRIPARTITE_FAULTS_PLACE";
const LEASE: &str = "TRIPARTITE_FAULTS_LEASE";
const HOST: &str = "TRIPARTITE_FAULTS_HOST";
const THREADS: &str = "TRIPARTITE_FAULTS_THREADS";
/// What a process is told.
pub(super) struct Orders {
    pub(super) address: Address,
    pub(super) place: PathBuf,
    pub(super) lease: Duration,
    pub(super) host: usize,
    pub(super) threads: usize,
}

impl Orders {
    pub(super) fn tell(&self) -> [(&'static str, String); 5] {
        let nodes = self.address.nodes().join(",");
        [
            (ADDRESS, format!("etcd://{nodes}/{}", self.address.namespace())),
            (PLACE, self.place.display().to_string()),
            (LEASE, self.lease.as_secs().to_string()),
            (HOST, self.host.to_string()),
            (THREADS, self.threads.to_string()),
        ]
    }

    fn hear() -> Option<Self> {
        let word = |name| env::var(name).ok();
        Some(Self {
            address: word(ADDRESS)?.parse().ok()?,
            place: PathBuf::from(word(PLACE)?),
            lease: Duration::from_secs(word(LEASE)?.parse().ok()?),
            host: word(HOST)?.parse().ok()?,
            threads: word(THREADS)?.parse().ok()?,
        })
    }
}

/// A process of the tests.
#[test]
#[ignore = "is a process of the other tests"]
fn process() {
    let Some(orders) = Orders::hear() else { return };
    let store = loop {
        match block_on(EtcdJobStore::open_on(runtime(), &orders.address)) {
            Ok(store) => break store,
            Err(_) => pause(Duration::from_millis(100)),
        }
    };
    thread::scope(|scope| {
        for _ in 0..orders.threads {
            let (store, orders) = (store.clone(), &orders);
            scope.spawn(move || work(store, &orders.place, orders.lease, orders.host));
        }
        // It ends when its parent does, or closes the pipe.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        #[expect(clippy::exit, reason = "a worker never ends by itself")]
        std::process::exit(0);
    });
}
