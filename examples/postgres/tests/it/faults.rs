//! Faults of servers and networks, while workers work: nothing is lost, nothing runs twice at a time, and what clients saw is
//! linearizable. The checker, the workers and the networks are those of the jobs on etcd.
//!
//! A server and its standby are on the bridge of a [`Network`], two hosts of workers have a network of their own each. Everybody
//! has the addresses of both servers, and asks for one that takes writes.
//!
//! `cargo test -p tripartite-postgres --test it -- --ignored --exact --nocapture faults::fifty_of_each` is the long form;
//! `TRIPARTITE_FAULTS=kill:50,failover:10` says which.

#[path = "../../../etcd/tests/it/faults/crew.rs"]
mod crew;
mod failover;
mod ground;
#[path = "../../../etcd/tests/it/faults/labour.rs"]
mod labour;
#[path = "../../../etcd/tests/it/faults/network.rs"]
#[expect(dead_code, reason = "the nodes of etcd need more of it")]
mod network;
mod pair;
#[path = "../../../etcd/tests/it/faults/table.rs"]
mod table;
mod worker;

use std::env;
use std::time::Duration;

use self::ground::Ground;
use self::network::Network;
use crate::waiting::{begin, pause, until};

/// After this long what must come will not.
const LONG: Duration = Duration::from_secs(60);

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// SIGKILL of the first process of the server, and a start.
    Kill,
    /// SIGSTOP of all its processes, and later SIGCONT.
    Stop,
    /// A host of workers reaches no server.
    CutWorker,
    /// The server is killed and its synchronous standby promoted. Then the old one is its standby.
    Failover,
}

impl Fault {
    pub(crate) const ALL: [(&'static str, Self); 4] =
        [("kill", Self::Kill), ("stop", Self::Stop), ("cut-worker", Self::CutWorker), ("failover", Self::Failover)];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, fault)| *fault == self).map_or("", |(name, _)| name)
    }
}

/// One of each, each time the tests run.
#[test]
fn one_of_each() {
    let Some(network) = Network::new() else { return };
    let mut ground = Ground::new(network);
    for (_, fault) in Fault::ALL {
        ground.suffer(fault, Duration::from_millis(1000));
    }
    println!("{}", ground.check());
}

/// As many as the environment says, or fifty of each.
#[test]
#[ignore = "takes half an hour: the long form"]
fn fifty_of_each() {
    let told = env::var("TRIPARTITE_FAULTS").unwrap_or_default();
    let wanted = |name: &str| {
        let said = told.split(',').filter_map(|one| one.split_once(':')).find(|(wanted, _)| *wanted == name);
        said.map_or(if told.is_empty() { 50 } else { 0 }, |(_, times)| times.parse().unwrap())
    };
    for (name, fault) in Fault::ALL.into_iter().filter(|(name, _)| wanted(name) > 0) {
        let mut ground = Ground::new(Network::new().unwrap());
        for _ in 0..wanted(name) {
            ground.suffer(fault, Duration::from_secs(2));
        }
        println!("{}", ground.check());
    }
}
