//! What a namespace says of itself: its format, and whether it was renewed.

use serde_json::json;
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::jobs::{AppendOf, JobStore, LogEntry, LogPosition, PruneOf, Row, Shard, StoreKey, Swap, SwapOf};
use tripartite_etcd::jobs::{EtcdJobStore, JobsError, renew};

use crate::server::{one, open, runtime};

#[test]
fn a_process_from_before_a_restore_writes_nothing() {
    let address = one().address();
    let (old, key) = (open(&address), StoreKey::of("case", ["a"]));
    let row = Row::new(b"{}".to_vec(), Shard(0));
    let Ok(Swap::Applied(version)) = block_on(old.compare_and_swap(&SwapOf::new(key.clone(), None, Some(row.clone()))))
    else {
        panic!()
    };
    let again = address.clone();
    block_on(runtime().spawn(async move { renew(&again).await })).unwrap().unwrap();
    let entry = LogEntry::new(LogPosition::new(chrono::DateTime::UNIX_EPOCH, "a".into()), vec![]);
    let swap = SwapOf::new(key.clone(), Some(version), Some(row.clone()));
    let other = SwapOf::new(StoreKey::of("case", ["b"]), None, Some(row.clone()));
    let errors = [
        block_on(old.compare_and_swap(&SwapOf::new(key.clone(), Some(version), Some(row.clone())))).map(drop),
        block_on(old.compare_and_swap(&SwapOf::new(other.key.clone(), None, Some(row.clone())))).map(drop),
        block_on(old.swap_many(&[swap.clone(), other.clone()])).map(drop),
        block_on(old.swap_chain(&[swap], &[AppendOf::new(key.clone(), entry.clone())])).map(drop),
        block_on(old.append(&AppendOf::new(key.clone(), entry.clone()))).map(drop),
    ];
    for (at, error) in errors.into_iter().enumerate() {
        let error = error.unwrap_err();
        assert!(matches!(error, JobsError::Renewed), "{at}: {error}");
        assert_eq!(error.failure(), Failure::Fatal);
    }
    let new = open(&address);
    assert!(matches!(
        block_on(new.compare_and_swap(&SwapOf::new(key.clone(), Some(version), Some(row.clone())))),
        Ok(Swap::Applied(_))
    ));
    assert!(block_on(new.append(&AppendOf::new(key.clone(), entry.clone()))).unwrap());
    assert!(matches!(
        block_on(old.prune(&PruneOf::new(key.clone(), chrono::DateTime::<chrono::Utc>::MAX_UTC, 10))),
        Err(JobsError::Renewed)
    ));
}

#[test]
fn a_later_format_is_refused_by_its_number_also_while_a_store_is_open() {
    let address = one().address();
    let (store, key) = (open(&address), StoreKey::of("case", ["a"]));
    let meta = format!("{}/m", address.namespace());
    let (meta, later) = (crate::auth::base64(meta.as_bytes()), crate::auth::base64(b"2 00"));
    one().nodes[0].ask("kv/put", &json!({"key": meta, "value": later})).unwrap();
    let row = Row::new(b"{}".to_vec(), Shard(0));
    let swapped = block_on(store.compare_and_swap(&SwapOf::new(key.clone(), None, Some(row.clone())))).map(drop);
    let opened = block_on(EtcdJobStore::open_on(runtime(), &address)).map(drop);
    for refused in [swapped, opened] {
        let error = refused.unwrap_err();
        assert!(matches!(error, JobsError::Format { expected: 1, found: 2, .. }), "{error}");
    }
    assert_eq!(block_on(store.get(&key)).unwrap(), None);
}
