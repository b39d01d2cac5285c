//! Nodes go, and come back.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, Swap, SwapOf};
use tripartite_etcd::jobs::EtcdJobStore;

use crate::server::{Cluster, begin, open, until};

fn key(name: &str) -> StoreKey {
    StoreKey::of("case", [name])
}

/// Stores a new record.
fn create(store: &EtcdJobStore, name: &str) -> Result<Swap, tripartite_etcd::jobs::JobsError> {
    block_on(store.compare_and_swap(&SwapOf::new(key(name), None, Some(Row::new(b"{}".to_vec(), Shard(0))))))
}

#[test]
fn the_leader_is_killed_and_writes_go_on() {
    let mut cluster = Cluster::new(3, &[]);
    let store = open(&cluster.address());
    for round in 0..3 {
        let leader = cluster.leader();
        cluster.nodes[leader].signal(Signal::KILL);
        let begun = begin();
        let name = format!("round {round}");
        assert!(matches!(create(&store, &name), Ok(Swap::Applied(_))), "an election takes a second");
        println!("{:.1?} without a leader", begun.elapsed());
        cluster.nodes[leader].start();
        assert!(block_on(store.get(&key(&name))).unwrap().is_some());
        cluster.wait();
    }
}

#[test]
fn a_leader_that_is_stopped_is_left_alone() {
    let cluster = Cluster::new(3, &[]);
    let store = open(&cluster.address());
    let leader = cluster.leader();
    cluster.nodes[leader].signal(Signal::STOP);
    let begun = begin();
    assert!(matches!(create(&store, "a"), Ok(Swap::Applied(_))));
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    cluster.nodes[leader].signal(Signal::CONT);
    assert!(matches!(create(&store, "b"), Ok(Swap::Applied(_))));
}

#[test]
fn without_a_majority_calls_fail_as_what_may_be_tried_again() {
    let mut cluster = Cluster::new(3, &[]);
    let store = open(&cluster.address());
    assert!(matches!(create(&store, "a"), Ok(Swap::Applied(_))));
    let [one, two] = [0, 1];
    cluster.nodes[one].stop();
    cluster.nodes[two].stop();
    let begun = begin();
    let error = create(&store, "b").unwrap_err();
    assert!(matches!(error.failure(), Failure::Retry { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(14), "it does not wait for ever: {:?}", begun.elapsed());
    let error = block_on(store.get(&key("a"))).unwrap_err();
    assert!(matches!(error.failure(), Failure::Retry { .. }), "no node alone is believed: {error}");
    cluster.nodes[one].start();
    cluster.nodes[two].start();
    until("an answer", Duration::from_secs(20), || block_on(store.get(&key("a"))).is_ok_and(|read| read.is_some()));
}

#[test]
fn compaction_and_defragmentation_disturb_nobody() {
    let cluster = Cluster::new(3, &[]);
    let store = open(&cluster.address());
    let Ok(Swap::Applied(mut version)) = create(&store, "a") else { panic!("it is new") };
    for round in 0..30 {
        let row = Row::new(vec![round; 100], Shard(0));
        let swap = block_on(store.compare_and_swap(&SwapOf::new(key("a"), Some(version), Some(row.clone()))));
        let Ok(Swap::Applied(next)) = swap else { panic!("{swap:?}") };
        version = next;
        if round % 10 == 9 {
            let revision = version.0.to_string();
            cluster.nodes[0].ask("kv/compaction", &json!({"revision": revision, "physical": true})).unwrap();
            for node in &cluster.nodes {
                node.ask("maintenance/defragment", &json!({})).unwrap();
            }
        }
    }
    assert_eq!(block_on(store.get(&key("a"))).unwrap().map(|stored| stored.version), Some(version));
}
