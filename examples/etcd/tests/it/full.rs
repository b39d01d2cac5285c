//! A cluster that has used up its space.

use serde_json::json;
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::jobs::{AppendOf, JobStore, Row, Shard, StoreKey, Swap, SwapOf};
use tripartite_etcd::jobs::JobsError;

use crate::server::{Cluster, open, until};

/// The write that uses up the last space takes effect, although the cluster answers it by an error.
#[test]
fn no_write_that_took_effect_is_called_a_failure() {
    let cluster = Cluster::new(3, &["--quota-backend-bytes=6000000"]);
    let store = open(&cluster.address());
    let key = |number: u32| StoreKey::of("case", [&*number.to_string()]);
    let row = |number: u32| Row::new(number.to_be_bytes().repeat(50_000), Shard(0));
    let mut error = None;
    for number in 0..100 {
        match block_on(store.compare_and_swap(&SwapOf::new(key(number), None, Some(row(number))))) {
            Ok(Swap::Applied(version)) => {
                let stored = block_on(store.get(&key(number))).unwrap().unwrap();
                assert_eq!((stored.version, stored.row), (version, row(number)));
            }
            Ok(Swap::Conflict) => panic!("nobody else writes"),
            Err(full) => {
                assert!(matches!(full, JobsError::Full), "{full}");
                assert!(matches!(full.failure(), Failure::Retry { .. }));
                assert_eq!(block_on(store.get(&key(number))).unwrap(), None, "it was refused, and did nothing");
                error = Some(number);
                break;
            }
        }
    }
    let full = error.unwrap();
    assert!(full > 5, "some had room");
    let other = StoreKey::of("case", ["log"]);
    let entry = tripartite::jobs::LogEntry::new(
        tripartite::jobs::LogPosition::new(chrono::DateTime::UNIX_EPOCH, "a".into()),
        vec![],
    );
    assert!(matches!(block_on(store.append(&AppendOf::new(other.clone(), entry.clone()))), Err(JobsError::Full)));

    // What the operator does: delete or compact, defragment, disarm. Deletions are taken also when it is full.
    for number in 0..full {
        let stored = block_on(store.get(&key(number))).unwrap().unwrap();
        let deleted = block_on(store.compare_and_swap(&SwapOf::new(key(number), Some(stored.version), None)));
        assert!(matches!(deleted, Ok(Swap::Applied(_))), "{deleted:?}");
    }
    let revision = cluster.nodes[0].ask("kv/range", &json!({"key": "AA=="})).unwrap()["header"]["revision"].clone();
    cluster.nodes[0].ask("kv/compaction", &json!({"revision": revision, "physical": true})).unwrap();
    for node in &cluster.nodes {
        node.ask("maintenance/defragment", &json!({})).unwrap();
    }
    let alarms = cluster.nodes[0].ask("maintenance/alarm", &json!({"action": "GET"})).unwrap()["alarms"].clone();
    for alarm in alarms.as_array().unwrap() {
        let disarm = json!({"action": "DEACTIVATE", "memberID": alarm["memberID"], "alarm": "NOSPACE"});
        cluster.nodes[0].ask("maintenance/alarm", &disarm).unwrap();
    }
    until("room again", std::time::Duration::from_secs(10), || {
        matches!(block_on(store.compare_and_swap(&SwapOf::new(key(full), None, Some(row(full))))), Ok(Swap::Applied(_)))
    });
}
