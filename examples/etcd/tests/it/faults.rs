//! Faults of nodes, disks, clocks and networks, while workers work: nothing is lost, nothing runs twice at a time, and what clients
//! saw is linearizable.
//!
//! Three nodes and two hosts of workers have a network of their own each ([`network`]). Somebody triggers twenty keys, one after the
//! other, without end. What the queue says of itself proves little: every call is written down by who makes it
//! ([`history`](crate::history)), and every execution beside the store, under a lock of the operating system ([`worker`]).
//!
//! `cargo test --release -p tripartite-etcd --test it faults -- --ignored --exact --nocapture faults::fifty_of_each` is the long
//! form; `TRIPARTITE_FAULTS=kill-leader:50,loss:10` says which.

mod crew;
mod far;
mod ground;
mod labour;
mod network;
mod restored;
mod table;
mod worker;

use std::env;
use std::time::Duration;

use self::ground::Ground;
use self::network::Network;
use crate::server::{begin, pause, until};

/// A worker that waits for answers in vain gives its job up after two calls, of 12 seconds each at most.
const LEASE: Duration = Duration::from_secs(30);

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// SIGKILL.
    KillLeader,
    KillFollower,
    /// SIGSTOP, and later SIGCONT.
    StopLeader,
    StopFollower,
    /// The leader and the majority hear nothing of each other; clients reach both.
    CutLeader,
    /// A host of workers reaches no node.
    CutWorker,
    /// The leader is heard by the others, and hears nothing of them.
    DeafLeader,
    /// The leader hears the others, and is not heard.
    MuteLeader,
    /// Of all packets 5 % are lost, and where the kernel has `netem` all are 200 ms late.
    Loss,
    /// All that clients and nodes say to each other is 100 ms late each way, and one connection after the other breaks.
    Far,
    /// The disk of a node is full, and the node started again once there is room.
    DiskFull,
    /// The clock of one host of workers is ten minutes ahead, or behind.
    Clock,
    /// Two of three nodes are gone.
    NoQuorum,
    /// The history is compacted, and all nodes are defragmented.
    Compaction,
}

impl Fault {
    pub(crate) const ALL: [(&'static str, Self); 14] = [
        ("kill-leader", Self::KillLeader),
        ("kill-follower", Self::KillFollower),
        ("stop-leader", Self::StopLeader),
        ("stop-follower", Self::StopFollower),
        ("cut-leader", Self::CutLeader),
        ("cut-worker", Self::CutWorker),
        ("deaf-leader", Self::DeafLeader),
        ("mute-leader", Self::MuteLeader),
        ("loss", Self::Loss),
        ("far", Self::Far),
        ("disk-full", Self::DiskFull),
        ("clock", Self::Clock),
        ("no-quorum", Self::NoQuorum),
        ("compaction", Self::Compaction),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, fault)| *fault == self).map_or("", |(name, _)| name)
    }
}

/// One of each, each time the tests run.
#[test]
fn one_of_each() {
    let Some(network) = Network::new() else { return };
    let mut ground = Ground::new(network, LEASE, false);
    // These need a ground of their own.
    for (_, fault) in Fault::ALL.into_iter().filter(|(_, fault)| ![Fault::Clock, Fault::Far].contains(fault)) {
        ground.suffer(fault, Duration::from_millis(1500));
    }
    println!("{}", ground.check());
}

/// As many as the environment says, or fifty of each.
#[test]
#[ignore = "takes an hour: the long form"]
fn fifty_of_each() {
    let told = env::var("TRIPARTITE_FAULTS").unwrap_or_default();
    let wanted: Vec<(&str, usize)> = told
        .split(',')
        .filter_map(|one| one.split_once(':'))
        .map(|(name, times)| (name, times.parse().unwrap()))
        .collect();
    for (name, fault) in Fault::ALL {
        let times = match wanted.iter().find(|(wanted, _)| *wanted == name) {
            Some((_, times)) => *times,
            None if wanted.is_empty() => 50,
            None => continue,
        };
        let hold =
            if fault == Fault::NoQuorum { hold_of("TRIPARTITE_NO_QUORUM_SECONDS", 3) } else { Duration::from_secs(2) };
        // A clock that is ahead sees every lease end early that is shorter than it is ahead.
        let lease = if fault == Fault::Clock { Duration::from_secs(25 * 60) } else { LEASE };
        let mut ground = Ground::new(Network::new().unwrap(), lease, fault == Fault::Far);
        for _ in 0..times {
            ground.suffer(fault, hold);
        }
        println!("{}", ground.check());
    }
}

fn hold_of(name: &str, otherwise: u64) -> Duration {
    Duration::from_secs(env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise))
}
