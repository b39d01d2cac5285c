//! Records and logs that are larger than one request or one answer.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use serde_json::json;
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::jobs::{
    AppendOf, JobStore, LogEntry, LogPosition, PruneOf, ReadOf, Row, Shard, StoreKey, Swap, SwapOf,
};
use tripartite_etcd::address::Address;
use tripartite_etcd::jobs::JobsError;

use crate::auth::base64;
use crate::server::{one, open};

const MEBIBYTE: usize = 1 << 20;

fn entry(number: i64, bytes: usize) -> LogEntry {
    let at = DateTime::UNIX_EPOCH + TimeDelta::seconds(number);
    LogEntry::new(LogPosition::new(at, format!("{number:04}")), vec![7; bytes])
}

fn key(name: &str) -> StoreKey {
    StoreKey::of("case", [name])
}

#[test]
fn a_log_is_read_whole_however_large_it_is() {
    let (store, log) = (open(&one().address()), key("log"));
    let entries: Vec<_> =
        (0..40).map(|number| entry(number, MEBIBYTE)).chain((40..300).map(|number| entry(number, 10))).collect();
    for entry in &entries {
        assert!(block_on(store.append(&AppendOf::new(log.clone(), entry.clone()))).unwrap());
    }
    let range = DateTime::UNIX_EPOCH..DateTime::UNIX_EPOCH + TimeDelta::days(1);
    let page = |limit| ReadOf::new(log.clone(), range.clone(), limit).bytes(usize::MAX);
    let read = |page: &ReadOf| block_on(store.read(page)).unwrap().entries;
    assert!(read(&page(1000)) == entries);
    assert!(read(&page(45)) == entries[..45]);
    assert!(read(&page(0)).is_empty());
    assert!(read(&page(3).after(entries[38].position.clone())) == entries[39..42]);
    // Of a page that has a bound, not much more is read than is on it.
    let bounded = block_on(store.read(&ReadOf::new(log.clone(), range.clone(), 1000))).unwrap();
    assert!(bounded.entries == entries[..4] && bounded.more);
    let mut pruned = 0;
    while pruned < 300 {
        let some = block_on(store.prune(&PruneOf::new(log.clone(), range.end, 1000))).unwrap();
        assert!((1..=60).contains(&some), "{some}: a transaction has a bound");
        pruned += some;
    }
    assert_eq!(block_on(store.prune(&PruneOf::new(log.clone(), range.end, 1000))).unwrap(), 0);
}

#[test]
fn many_large_records_are_swapped_and_read_together() {
    let store = open(&one().address());
    let rows: Vec<_> =
        (0..40).map(|number| (key(&number.to_string()), Row::new(vec![number; MEBIBYTE / 4], Shard(0)))).collect();
    let swaps: Vec<_> = rows.iter().map(|(key, row)| SwapOf::new(key.clone(), None, Some(row.clone()))).collect();
    let answers = block_on(store.swap_many(&swaps)).unwrap();
    assert!(answers.iter().all(|answer| matches!(answer, Swap::Applied(_))));
    let keys: Vec<_> = rows.iter().map(|(key, _)| key.clone()).collect();
    let read = block_on(store.get_many(&keys)).unwrap();
    assert!(read.into_iter().zip(&rows).all(|(stored, (_, row))| stored.is_some_and(|stored| stored.row == *row)));
    // A chain that is too large for one transaction is done in its order.
    let next = |(key, row): &(StoreKey, Row), answer: &Swap| match answer {
        Swap::Applied(version) => SwapOf::new(key.clone(), Some(*version), Some(row.clone())),
        Swap::Conflict => SwapOf::new(key.clone(), None, Some(row.clone())),
    };
    let chain: Vec<_> = rows.iter().zip(&answers).map(|(row, answer)| next(row, answer)).collect();
    let log = AppendOf::new(key("log"), entry(1, 10));
    let done = block_on(store.swap_chain(&chain, &[log])).unwrap();
    assert!(done.iter().all(|answer| matches!(answer, Swap::Applied(_))));
}

#[test]
fn a_record_that_no_request_can_hold_is_refused_as_such() {
    let store = open(&one().address());
    let row = Row::new(vec![0; 2 * MEBIBYTE], Shard(0));
    let error = block_on(store.compare_and_swap(&SwapOf::new(key("large"), None, Some(row.clone())))).unwrap_err();
    assert!(matches!(error, JobsError::TooLarge), "{error}");
    assert_eq!(error.failure(), Failure::Fatal);
    assert_eq!(block_on(store.get(&key("large"))).unwrap(), None);
}

#[test]
fn keys_are_listed_by_what_they_stand_under() {
    let store = open(&one().address());
    let row = Row::new(vec![], Shard(0));
    let under = |org: &str, connector: &str| StoreKey::of("slot", [org, connector]);
    let all = [under("a", "1"), under("a", "2"), under("a.b", "1"), under("b", "1"), StoreKey::of("slots", ["a"])];
    for key in &all {
        assert!(matches!(
            block_on(store.compare_and_swap(&SwapOf::new(key.clone(), None, Some(row.clone())))),
            Ok(Swap::Applied(_))
        ));
    }
    let listed = |under: StoreKey, after: Option<&StoreKey>, limit| block_on(store.keys(&under, after, limit)).unwrap();
    let of_a = listed(StoreKey::of("slot", ["a"]), None, 10);
    assert_eq!(of_a, all[..2]);
    let slots: BTreeSet<_> = listed(StoreKey::of("slot", []), None, 10).into_iter().collect();
    assert_eq!(slots, all[..4].iter().cloned().collect());
    assert_eq!(listed(StoreKey::of("slot", ["a"]), Some(&all[0]), 10), all[1..2]);
    assert_eq!(listed(StoreKey::of("slot", []), None, 1).len(), 1);
}

/// What is in a namespace, by the letter behind its name.
fn count(address: &Address, letter: &str) -> u64 {
    let [first, end] = ["/", "0"].map(|end| base64(format!("{}/{letter}{end}", address.namespace()).as_bytes()));
    let found = one().nodes[0].ask("kv/range", &json!({"key": first, "range_end": end, "count_only": true})).unwrap();
    found["count"].as_str().map_or(0, |count| count.parse().unwrap())
}

#[test]
fn there_is_one_mark_for_each_record_that_is_due_and_nothing_is_left_behind() {
    let address = one().address();
    let (store, key) = (open(&address), key("a"));
    let at = |second| DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
    let rows = [
        (Some(at(5)), 0, 1),
        (Some(at(5)), 0, 1),
        (Some(at(6)), 0, 1),
        (Some(at(6)), 1, 1),
        (None, 1, 0),
        (None, 2, 0),
        (Some(at(1)), 2, 1),
    ];
    let mut version = None;
    for (step, (due, shard, marks)) in rows.into_iter().enumerate() {
        let row = Row::new(vec![], Shard(shard)).due(due);
        let swap = SwapOf::new(key.clone(), version, Some(row));
        // By each of the ways that swap.
        let answer = match step % 3 {
            0 => block_on(store.compare_and_swap(&SwapOf::new(key.clone(), version, swap.next.clone()))).unwrap(),
            1 => block_on(store.swap_many(&[swap, SwapOf::new(StoreKey::of("case", ["no"]), None, None)])).unwrap()[0],
            _ => block_on(store.swap_chain(&[swap], &[])).unwrap()[0],
        };
        let Swap::Applied(next) = answer else { panic!("step {step}") };
        version = Some(next);
        assert_eq!((count(&address, "r"), count(&address, "d")), (1, marks), "step {step}");
    }
    let _ = block_on(store.compare_and_swap(&SwapOf::new(key.clone(), version, None))).unwrap();
    assert_eq!((count(&address, "r"), count(&address, "d")), (0, 0));
    assert!(block_on(store.append(&AppendOf::new(key.clone(), entry(1, 3)))).unwrap());
    assert_eq!((count(&address, "l"), count(&address, "i")), (1, 1));
    assert_eq!(block_on(store.prune(&PruneOf::new(key.clone(), at(2), 10))).unwrap(), 1);
    assert_eq!((count(&address, "l"), count(&address, "i")), (0, 0));
}
