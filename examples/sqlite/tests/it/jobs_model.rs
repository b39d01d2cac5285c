//! Whatever is asked of it, the store in SQLite answers as the store in memory, which is the reference.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tripartite::drive::block_on;
use tripartite::jobs::{
    AppendOf, DueOf, JobStore, LogEntry, LogPosition, PruneOf, ReadOf, Row, Shard, StoreKey, Swap, SwapOf, Version,
};
use tripartite::memory::MemoryJobStore;
use tripartite_sqlite::jobs::SqliteJobStore;

const KEYS: usize = 4;

/// A swap before it is known which versions a store gives.
#[derive(Debug, Clone)]
struct Wish {
    key: usize,
    /// How many versions ago of the key; `None` expects no record.
    expect: Option<usize>,
    next: Option<Row>,
}

#[derive(Debug, Clone)]
enum Op {
    Swap(Wish),
    Batch(Vec<Wish>),
    Chain(Vec<Wish>, Vec<(usize, LogEntry)>),
    Due { shard: Shard, until: DateTime<Utc>, after: Option<(DateTime<Utc>, StoreKey)>, limit: usize },
    Append { log: usize, entry: LogEntry },
    Read { log: usize, from: DateTime<Utc>, to: DateTime<Utc>, after: Option<LogPosition>, limit: usize },
    Prune { log: usize, before: DateTime<Utc>, limit: usize },
}

fn key(no: usize) -> StoreKey {
    StoreKey::of("case", [["a", "A", "a/b", "á"][no]])
}

/// Few points in time, so that many are the same.
fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    (-2..4_i64).prop_map(|micros| DateTime::UNIX_EPOCH + TimeDelta::microseconds(micros))
}

fn shard() -> impl Strategy<Value = Shard> {
    prop_oneof![Just(Shard(0)), Just(Shard(u16::MAX))]
}

fn row() -> impl Strategy<Value = Row> {
    (vec(any::<u8>(), 0..4), option::of(moment()), shard())
        .prop_map(|(bytes, due, shard)| Row::new(bytes, shard).due(due))
}

/// From nothing to nothing, a store may answer either way: that is not asked for.
fn wish() -> impl Strategy<Value = Wish> {
    let next = option::weighted(0.8, row());
    (0..KEYS, option::weighted(0.8, prop_oneof![4 => Just(0), 1 => 1..3_usize]), next, row()).prop_map(
        |(key, expect, next, new)| match expect {
            None => Wish { key, expect, next: Some(new) },
            Some(_) => Wish { key, expect, next },
        },
    )
}

fn position() -> impl Strategy<Value = LogPosition> {
    (moment(), prop_oneof!["", "[aA]{1,2}", "\0", "é"]).prop_map(|(at, id)| LogPosition::new(at, id))
}

fn op() -> impl Strategy<Value = Op> {
    let due = (shard(), moment(), option::of((moment(), (0..KEYS).prop_map(key))), 1..4_usize);
    let entry = || (position(), vec(any::<u8>(), 0..4)).prop_map(|(position, bytes)| LogEntry::new(position, bytes));
    let read = (0..KEYS, moment(), moment(), option::of(position()), 1..4_usize);
    prop_oneof![
        4 => wish().prop_map(Op::Swap),
        2 => vec(wish(), 0..6).prop_map(Op::Batch),
        2 => (vec(wish(), 0..4), vec((0..KEYS, entry()), 0..3)).prop_map(|(swaps, entries)| Op::Chain(swaps, entries)),
        2 => due.prop_map(|(shard, until, after, limit)| Op::Due { shard, until, after, limit }),
        4 => (0..KEYS, entry()).prop_map(|(log, entry)| Op::Append { log, entry }),
        2 => read.prop_map(|(log, from, to, after, limit)| Op::Read { log, from, to, after, limit }),
        1 => (0..KEYS, moment(), 1..4_usize).prop_map(|(log, before, limit)| Op::Prune { log, before, limit }),
    ]
}

/// A store, and all versions that each key had.
struct Driven<S> {
    store: S,
    versions: [Vec<Version>; KEYS],
}

impl<S: JobStore + Sync> Driven<S> {
    fn new(store: S) -> Self {
        Self { store, versions: [const { Vec::new() }; KEYS] }
    }

    fn swap_of(&self, wish: &Wish) -> SwapOf {
        // A key that had no such version is asked for one it never had.
        let known = |back: usize| self.versions[wish.key].iter().rev().nth(back).copied();
        let expect = wish.expect.map(|back| known(back).unwrap_or(Version(u64::MAX)));
        SwapOf::new(key(wish.key), expect, wish.next.clone())
    }

    /// What a swap came to, as text that says nothing of versions.
    fn noted(&mut self, wish: &Wish, swap: Swap) -> &'static str {
        match swap {
            Swap::Conflict => "conflict",
            Swap::Applied(_) if wish.next.is_none() => "deleted",
            Swap::Applied(version) => {
                let versions = &mut self.versions[wish.key];
                assert!(versions.iter().all(|had| *had != version), "{version:?} again, after {versions:?}");
                versions.push(version);
                "stored"
            }
        }
    }

    /// What an operation came to, and what all keys hold after it.
    fn take(&mut self, op: &Op) -> String {
        let store = &self.store;
        let answer = match op {
            Op::Swap(wish) => {
                let SwapOf { key, expect, next, .. } = self.swap_of(wish);
                let swap = block_on(store.compare_and_swap(&SwapOf::new(key.clone(), expect, next.clone()))).unwrap();
                self.noted(wish, swap).to_owned()
            }
            Op::Batch(wishes) => {
                let swaps: Vec<_> = wishes.iter().map(|wish| self.swap_of(wish)).collect();
                let answers = block_on(store.swap_many(&swaps)).unwrap();
                assert_eq!(answers.len(), wishes.len());
                wishes.iter().zip(answers).map(|(wish, swap)| self.noted(wish, swap)).collect()
            }
            Op::Chain(wishes, entries) => {
                let swaps: Vec<_> = wishes.iter().map(|wish| self.swap_of(wish)).collect();
                let append = |(log, entry): &(usize, LogEntry)| AppendOf::new(key(*log), entry.clone());
                let entries: Vec<_> = entries.iter().map(append).collect();
                let answers = block_on(store.swap_chain(&swaps, &entries)).unwrap();
                assert_eq!(answers.len(), wishes.len());
                wishes.iter().zip(answers).map(|(wish, swap)| self.noted(wish, swap)).collect()
            }
            Op::Due { shard, until, after, limit } => {
                format!("{:?}", block_on(store.due(&DueOf::new(*shard, *until, *limit).after(after.clone()))).unwrap())
            }
            Op::Append { log, entry } => {
                format!("new: {}", block_on(store.append(&AppendOf::new(key(*log), entry.clone()))).unwrap())
            }
            Op::Read { log, from, to, after, limit } => {
                format!(
                    "{:?}",
                    block_on(store.read(&ReadOf::new(key(*log), *from..*to, *limit).after(after.clone()))).unwrap()
                )
            }
            Op::Prune { log, before, limit } => {
                format!("removed: {}", block_on(store.prune(&PruneOf::new(key(*log), *before, *limit))).unwrap())
            }
        };
        let rows = (0..KEYS).map(|no| block_on(self.store.get(&key(no))).unwrap());
        let rows: Vec<_> = rows
            .zip(&self.versions)
            .map(|(stored, versions)| stored.map(|stored| (stored.row, versions.last() == Some(&stored.version))))
            .collect();
        format!("{answer}; then {rows:?}")
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_answers_as_the_store_in_memory(ops in vec(op(), 1..40)) {
        let mut sqlite = Driven::new(SqliteJobStore::in_memory().unwrap());
        let mut memory = Driven::new(MemoryJobStore::default());
        for op in &ops {
            prop_assert_eq!(sqlite.take(op), memory.take(op), "{:?}", op);
        }
    }
}
