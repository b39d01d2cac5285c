//! What is stored, and what is done to it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::backoff::Fraction;
use tripartite::drive::block_on;
use tripartite::id::{Nonce, SyncKey, WorkerId};
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, Swap, SwapOf, Version};
use tripartite::queue::{Command, Extent, Outcome, QueueRules, Scope, Slot, Token, Trigger};
use tripartite::work::Queue;

/// How many keys there are.
pub(super) const KEYS: usize = 1000;
/// The commands of one job, from its trigger to its history.
pub(super) const COMMANDS: usize = 5;

pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + seconds)
}

/// The commands of a job whose claim gets this token.
pub(super) fn job(token: Token) -> [Command; COMMANDS] {
    let worker = WorkerId::new("worker-1").expect("a short text is an id");
    let nonce = Nonce::new(format!("nonce-{}", token.0)).expect("a short text is an id");
    let lease = Duration::from_secs(60);
    [
        Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false },
        Command::Claim { worker, nonce, lease },
        Command::Heartbeat { token, lease },
        Command::Complete { token, result: None, extent: Extent::default() },
        Command::Flushed { through: token },
    ]
}

/// When a job's commands come: a second apart, and an hour behind those of the job before. A heartbeat at an earlier time
/// would change nothing, and a command that changes nothing is not swapped.
fn times(token: Token) -> impl Iterator<Item = DateTime<Utc>> {
    (0..).map(move |seconds| at(token.0.cast_signed() * 3600 + seconds))
}

/// One job of a slot, as transitions alone.
pub(super) fn done(rules: &QueueRules, slot: Slot) -> Slot {
    let token = Token(slot.token.0 + 1);
    times(token).zip(job(token)).fold(slot, |slot, (at, command)| {
        let decision = slot.step(rules, None, command, at, Fraction::ONE);
        assert!(taken(&decision.outcome), "{:?}", decision.outcome);
        decision.next
    })
}

/// One job of each key through the queue: for every command, read, step and swap.
pub(super) fn driven<S: JobStore>(queue: &Queue<S>, keys: &[SyncKey], token: Token) {
    for key in keys {
        for (at, command) in times(token).zip(job(token)) {
            let applied = block_on(queue.apply(key, None, command, at)).unwrap_or_else(|e| panic!("{e}"));
            assert!(taken(&applied.outcome), "{:?}", applied.outcome);
        }
    }
}

fn taken(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::Refused(_) | Outcome::Fenced)
}

/// A waiting slot, different for each count: what is written over itself, SQLite does not write.
pub(super) fn waiting(count: i64) -> Row {
    let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    let slot = Slot::new(at(0)).step(&QueueRules::default(), None, trigger, at(count), Fraction::ONE).next;
    let bytes = serde_json::to_vec(&slot).expect("a slot is JSON");
    Row::new(bytes, Shard(0)).due(slot.due())
}

pub(super) fn sync_keys(count: usize) -> Vec<SyncKey> {
    let key = |no| SyncKey {
        org: format!("org-{no}").parse().expect("a short text is an id"),
        connector: "federation".parse().expect("a short text is an id"),
    };
    (0..count).map(key).collect()
}

/// A store in which every key has a row, and the versions of all.
pub(super) struct Filled<S> {
    pub(super) store: S,
    pub(super) keys: Vec<StoreKey>,
    versions: Vec<Version>,
}

impl<S: JobStore + Sync> Filled<S> {
    pub(super) fn new(store: S, count: usize) -> Self {
        let keys: Vec<_> = (0..count).map(|no| StoreKey::of("bare", [no.to_string().as_str()])).collect();
        let first = waiting(0);
        let create = |key: &StoreKey| SwapOf::new(key.clone(), None, Some(first.clone()));
        let versions = swapped(&store, &keys.iter().map(create).collect::<Vec<_>>());
        Self { store, keys, versions }
    }

    /// The swaps of one row into every key, in batches.
    pub(super) fn batches(&self, size: usize, row: &Row) -> Vec<Vec<SwapOf>> {
        let swap = |(key, version): (&StoreKey, &Version)| SwapOf::new(key.clone(), Some(*version), Some(row.clone()));
        let swaps: Vec<_> = self.keys.iter().zip(&self.versions).map(swap).collect();
        swaps.chunks(size).map(<[SwapOf]>::to_vec).collect()
    }

    /// Carries out what [`batches`](Self::batches) made.
    pub(super) fn swap(&mut self, batches: &[Vec<SwapOf>]) {
        self.versions.clear();
        for batch in batches {
            match batch.as_slice() {
                [SwapOf { key, expect, next, .. }] => {
                    let swap = block_on(self.store.compare_and_swap(&SwapOf::new(key.clone(), *expect, next.clone())));
                    self.versions.push(applied(swap.unwrap_or_else(|error| panic!("{error}"))));
                }
                batch => self.versions.extend(swapped(&self.store, batch)),
            }
        }
    }
}

fn swapped<S: JobStore + Sync>(store: &S, swaps: &[SwapOf]) -> Vec<Version> {
    let answers = block_on(store.swap_many(swaps)).unwrap_or_else(|error| panic!("{error}"));
    answers.into_iter().map(applied).collect()
}

pub(super) fn applied(swap: Swap) -> Version {
    match swap {
        Swap::Applied(version) => version,
        Swap::Conflict => panic!("nobody else writes"),
    }
}
