//! What the store of the work column does beyond the suite: the file it lives in, its errors, its index, its listing.

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::drive::block_on;
use tripartite::jobs::{
    AppendOf, JobStore, LogEntry, LogPosition, ReadOf, Row, Shard, StoreKey, Swap, SwapOf, Version,
};
use tripartite_sqlite::jobs::SqliteJobStore;

use crate::bench::{Bench, counts, members};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + seconds)
}

fn slot(org: &str) -> StoreKey {
    StoreKey::of("slot", [org, "federation"])
}

fn row(bytes: &str) -> Row {
    Row::new(bytes.into(), Shard(0)).due(at(0))
}

fn swap(store: &SqliteJobStore, key: &StoreKey, expect: Option<Version>, next: Option<&Row>) -> Swap {
    block_on(store.compare_and_swap(&SwapOf::new(key.clone(), expect, next.cloned()))).unwrap()
}

fn create(store: &SqliteJobStore, key: &StoreKey) -> Version {
    match swap(store, key, None, Some(&row("new"))) {
        Swap::Applied(version) => version,
        Swap::Conflict => panic!("{} is there", key.as_str()),
    }
}

fn open(bench: &Bench) -> SqliteJobStore {
    SqliteJobStore::open(&bench.db()).unwrap()
}

#[test]
fn the_members_and_the_work_share_a_file() {
    let bench = Bench::synced(&members(1..=3));
    let store = open(&bench);
    let version = create(&store, &slot("a"));
    let before = bench.dump("members");
    // The night goes on while the store is open, and neither sees the other's tables.
    let report = bench.sync(&members(1..=5));
    assert_eq!(counts(&report, ["created"]), [2]);
    assert_eq!(bench.dump("members")[..before.len()], before);
    assert_eq!(block_on(store.get(&slot("a"))).unwrap().unwrap().version, version);
}

#[test]
fn the_work_may_be_there_before_the_members() {
    let bench = Bench::new();
    let store = open(&bench);
    let version = create(&store, &slot("a"));
    let report = bench.sync(&members(1..=3));
    assert_eq!(counts(&report, ["created"]), [3]);
    assert_eq!(block_on(store.get(&slot("a"))).unwrap().unwrap().version, version);
}

#[test]
fn what_was_stored_is_there_when_it_is_opened_again() {
    let bench = Bench::new();
    let entry = LogEntry::new(LogPosition::new(at(1), "1".into()), b"ended".to_vec());
    let version = {
        let store = open(&bench);
        assert!(block_on(store.append(&AppendOf::new(slot("a"), entry.clone()))).unwrap());
        create(&store, &slot("a"))
    };
    let store = open(&bench);
    let stored = block_on(store.get(&slot("a"))).unwrap().unwrap();
    assert_eq!((stored.row, stored.version), (row("new"), version));
    assert_eq!(block_on(store.read(&ReadOf::new(slot("a"), at(0)..at(2), 10))).unwrap().entries, [entry]);
}

#[test]
fn no_version_comes_back_however_a_record_went() {
    let bench = Bench::new();
    let versions = |store: &SqliteJobStore| {
        let first = create(store, &slot("a"));
        let Swap::Applied(second) = swap(store, &slot("a"), Some(first), Some(&row("next"))) else { panic!() };
        [first, second]
    };
    let by_a_swap = {
        let store = open(&bench);
        let versions = versions(&store);
        assert!(matches!(swap(&store, &slot("a"), Some(versions[1]), None), Swap::Applied(_)));
        versions
    };
    // The store was closed in between; then a person deletes.
    let by_hand = versions(&open(&bench));
    bench.edit("DELETE FROM tripartite_jobs");
    let after = versions(&open(&bench));
    let all = [by_a_swap, by_hand, after].concat();
    assert!(all.is_sorted_by(|a, b| a < b), "{all:?}");
}

#[test]
fn a_version_that_no_table_can_hold_is_a_conflict() {
    let store = SqliteJobStore::in_memory().unwrap();
    create(&store, &slot("a"));
    assert_eq!(swap(&store, &slot("a"), Some(Version(u64::MAX)), None), Swap::Conflict);
    assert_eq!(swap(&store, &slot("b"), Some(Version(u64::MAX)), Some(&row("b"))), Swap::Conflict);
}

#[test]
fn keys_are_listed_under_a_key_and_by_pages() {
    let store = SqliteJobStore::in_memory().unwrap();
    let slots: Vec<_> = ["a", "a-b", "a/b", "b", "á"].map(slot).into();
    let others = [StoreKey::of("slot", []), StoreKey::of("slot-", ["a"]), StoreKey::of("slot0", ["a"])];
    let more = [StoreKey::of("gate", ["a"]), StoreKey::of("slots", ["a"]), StoreKey::of("SLOT", ["a"])];
    for key in slots.iter().chain(&others).chain(&more) {
        create(&store, key);
    }
    let mut promised = slots.clone();
    promised.sort();
    let all = StoreKey::of("slot", []);
    assert_eq!(store.keys(&all, None, usize::MAX).unwrap(), promised);
    for limit in 1..=promised.len() {
        let mut listed: Vec<StoreKey> = Vec::new();
        // One page more than there is anything on, which is empty.
        for _ in 0..=promised.len().div_ceil(limit) {
            let page = store.keys(&all, listed.last(), limit).unwrap();
            assert!(page.len() <= limit);
            listed.extend(page);
        }
        assert_eq!(listed, promised, "in pages of {limit}");
    }
    // Of one organisation, and not of one whose name begins alike.
    assert_eq!(store.keys(&StoreKey::of("slot", ["a"]), None, 10).unwrap(), [slot("a")]);
    // A position before or behind everything under the key.
    assert_eq!(store.keys(&all, Some(&more[0]), 10).unwrap(), promised);
    assert_eq!(store.keys(&all, Some(&more[1]), 10).unwrap(), []);
}
