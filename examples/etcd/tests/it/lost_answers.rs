//! A write takes effect, and its answer is lost: the store finds out what came of it, or says that nobody can.

use chrono::{DateTime, TimeDelta};
use serde_json::json;
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::jobs::{
    AppendOf, JobStore, LogEntry, LogPosition, PruneOf, ReadOf, Row, Shard, StoreKey, Stored, Swap, SwapOf, Version,
};
use tripartite_etcd::address::Address;
use tripartite_etcd::jobs::{EtcdJobStore, JobsError};

use crate::relay::Relay;
use crate::server::{one, open};

/// A store behind a relay, and one of somebody else's that reaches the cluster directly.
struct Case {
    relay: Relay,
    store: EtcdJobStore,
    other: EtcdJobStore,
    address: Address,
}

fn key() -> StoreKey {
    StoreKey::of("case", ["a"])
}

fn row(text: &str) -> Row {
    Row::new(text.into(), Shard(1)).due(DateTime::UNIX_EPOCH + TimeDelta::seconds(text.len() as i64))
}

#[track_caller]
fn applied(swap: Result<Swap, JobsError>) -> Version {
    match swap {
        Ok(Swap::Applied(version)) => version,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn in_doubt<T: std::fmt::Debug>(answer: Result<T, JobsError>) {
    let error = answer.unwrap_err();
    assert!(matches!(error, JobsError::InDoubt), "{error}");
    assert!(matches!(error.failure(), Failure::Retry { .. }));
}

impl Case {
    fn new() -> Self {
        let address = one().address();
        let relay = Relay::new(&one().nodes[0].client);
        let store = open(&format!("etcd://{}/{}", relay.address, address.namespace()).parse().unwrap());
        Self { relay, store, other: open(&address), address }
    }

    /// The answer of the next write is lost, after something else has happened.
    fn lose(&self, then: impl FnOnce(&EtcdJobStore) + Send + 'static) {
        let other = self.other.clone();
        self.relay.lose(&format!("{}/m", self.address.namespace()), move || then(&other));
    }

    fn swap(&self, expect: Option<Version>, next: Option<&Row>) -> Result<Swap, JobsError> {
        let answer = block_on(self.store.compare_and_swap(&SwapOf::new(key(), expect, next.cloned())));
        assert!(self.relay.has_lost());
        answer
    }

    fn stored(&self) -> Option<Stored> {
        block_on(self.other.get(&key())).unwrap()
    }

    fn create(&self) -> Version {
        applied(block_on(self.other.compare_and_swap(&SwapOf::new(key(), None, Some(row("first"))))))
    }
}

/// Somebody else changes the record.
fn overtake(other: &EtcdJobStore) {
    let now = block_on(other.get(&key())).unwrap().map(|stored| stored.version);
    applied(block_on(other.compare_and_swap(&SwapOf::new(key(), now, Some(row("by somebody else"))))));
}

#[test]
fn a_swap_whose_answer_was_lost_took_effect_once() {
    let case = Case::new();
    case.lose(|_| ());
    let first = applied(case.swap(None, Some(&row("first"))));
    assert_eq!(case.stored(), Some(Stored::new(row("first"), first)));
    case.lose(|_| ());
    let second = applied(case.swap(Some(first), Some(&row("second"))));
    assert_eq!(case.stored(), Some(Stored::new(row("second"), second)));
}

#[test]
fn a_swap_that_was_overtaken_took_effect_all_the_same() {
    let case = Case::new();
    let first = case.create();
    case.lose(overtake);
    let second = applied(case.swap(Some(first), Some(&row("second"))));
    let now = case.stored().unwrap();
    assert!(first < second && second < now.version, "{first:?} {second:?} {now:?}");
    assert_eq!(now.row, row("by somebody else"));
}

#[test]
fn a_swap_that_came_too_late_is_a_conflict() {
    let case = Case::new();
    let first = case.create();
    overtake(&case.other);
    case.lose(|_| ());
    // The store need not ask for what it knows, so the answer may have been lost, or not.
    let answer = block_on(case.store.compare_and_swap(&SwapOf::new(key(), Some(first), Some(row("too late")))));
    assert_eq!(answer.unwrap(), Swap::Conflict);
    case.lose(overtake);
    let many = [SwapOf::new(key(), Some(first), None), SwapOf::new(StoreKey::of("case", ["b"]), None, Some(row("b")))];
    let answers = block_on(case.store.swap_many(&many)).unwrap();
    assert!(matches!(answers[..], [Swap::Conflict, Swap::Applied(_)]), "{answers:?}");
}

#[test]
fn what_leaves_no_trace_is_in_doubt() {
    let case = Case::new();
    case.lose(overtake);
    in_doubt(case.swap(None, Some(&row("created, and overtaken"))));
    let now = case.stored().unwrap().version;
    case.lose(|_| ());
    in_doubt(case.swap(Some(now), None));
    assert_eq!(case.stored(), None);
}

#[test]
fn what_was_compacted_is_in_doubt() {
    let case = Case::new();
    let first = case.create();
    case.lose(|other| {
        overtake(other);
        let now = block_on(other.get(&key())).unwrap().unwrap().version;
        one().nodes[0].ask("kv/compaction", &json!({"revision": now.0.to_string()})).unwrap();
    });
    in_doubt(case.swap(Some(first), Some(&row("second"))));
}

#[test]
fn an_entry_is_new_once() {
    let case = Case::new();
    let entry = LogEntry::new(LogPosition::new(DateTime::UNIX_EPOCH, "a".into()), b"{}".to_vec());
    case.lose(|_| ());
    assert!(block_on(case.store.append(&AppendOf::new(key(), entry.clone()))).unwrap());
    case.lose(|_| ());
    assert!(!block_on(case.store.append(&AppendOf::new(key(), entry.clone()))).unwrap());
    assert!(case.relay.has_lost());
    let range = DateTime::UNIX_EPOCH..DateTime::UNIX_EPOCH + TimeDelta::seconds(1);
    case.lose(|_| ());
    let pruned = block_on(case.store.prune(&PruneOf::new(key(), range.end, 10))).unwrap();
    assert_eq!(pruned, 0, "a try whose answer was lost has removed it, and none is left");
    assert_eq!(block_on(case.store.read(&ReadOf::new(key(), range, 10))).unwrap().entries, []);
}

#[test]
fn several_at_once_are_told_apart() {
    let case = Case::new();
    let first = case.create();
    let new = |name: &str| SwapOf::new(StoreKey::of("case", [name]), None, Some(row(name)));
    let swaps = [
        SwapOf::new(key(), Some(first), Some(row("second"))),
        new("b"),
        SwapOf::new(StoreKey::of("case", ["c"]), None, None),
    ];
    case.lose(|_| ());
    let answers = block_on(case.store.swap_many(&swaps)).unwrap();
    assert!(case.relay.has_lost());
    let [Swap::Applied(second), Swap::Applied(_), Swap::Conflict] = answers[..] else { panic!("{answers:?}") };
    assert_eq!(case.stored().map(|stored| stored.version), Some(second));

    let entry = LogEntry::new(LogPosition::new(DateTime::UNIX_EPOCH, "of the chain".into()), vec![]);
    let chain = [new("d"), SwapOf::new(key(), Some(second), Some(row("third")))];
    case.lose(overtake);
    let answers = block_on(case.store.swap_chain(&chain, &[AppendOf::new(key(), entry.clone())])).unwrap();
    let [Swap::Applied(_), Swap::Applied(third)] = answers[..] else { panic!("{answers:?}") };
    assert!(second < third && third < case.stored().unwrap().version);
    assert!(
        !block_on(case.store.append(&AppendOf::new(key(), entry.clone()))).unwrap(),
        "it was appended with the chain"
    );

    // A chain that another has stopped, and whose answer was lost, did nothing.
    let chain = [new("e"), SwapOf::new(key(), Some(third), Some(row("fourth")))];
    case.lose(|_| ());
    let answers = block_on(case.store.swap_chain(&chain, &[])).unwrap();
    assert_eq!(answers, [Swap::Conflict; 2]);
    assert_eq!(block_on(case.other.get(&StoreKey::of("case", ["e"]))).unwrap(), None);
}
