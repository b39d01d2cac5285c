//! The work column: a job's five commands on 100 slots, as pure transitions and through the store in memory.

use std::hint::black_box;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::backoff::Fraction;
use tripartite::drive::block_on;
use tripartite::id::{Nonce, SyncKey, WorkerId};
use tripartite::jobs::{DueOf, JobStore, Row, Shard, StoreKey, Swap, SwapOf};
use tripartite::memory::MemoryJobStore;
use tripartite::queue::{Command, Extent, QueueRules, Scope, Slot, Token, Trigger};
use tripartite::work::Queue;

use super::{Case, Work};

pub(super) const CASES: &[Case] =
    &[("queue/step", steps), ("queue/apply_in_memory", applied), ("memory/swap", swaps), ("memory/due", due)];

const SLOTS: usize = 100;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + seconds)
}

/// One job from its trigger to its history, whose claim gets this token.
fn job(token: Token) -> [Command; 5] {
    let lease = Duration::from_secs(60);
    let worker = WorkerId::new("worker-1").expect("a short text is an id");
    let nonce = Nonce::new(format!("nonce-{:06}", token.0)).expect("a short text is an id");
    [
        Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false },
        Command::Claim { worker, nonce, lease },
        Command::Heartbeat { token, lease },
        Command::Complete { token, result: None, extent: Extent::default() },
        Command::Flushed { through: token },
    ]
}

/// When a job's commands come: a second apart, and an hour behind those of the job before, so that each changes something.
fn times(token: Token) -> impl Iterator<Item = DateTime<Utc>> {
    (0..).map(move |seconds| at(token.0.cast_signed() * 3600 + seconds))
}

fn steps() -> Work {
    let rules = QueueRules::default();
    let mut slots: Vec<Slot> = (0..SLOTS).map(|_| Slot::new(at(0))).collect();
    Box::new(move || {
        for slot in &mut slots {
            let token = Token(slot.token.0 + 1);
            for (at, command) in times(token).zip(job(token)) {
                *slot = slot.step(&rules, None, command, at, Fraction::ONE).next;
            }
        }
    })
}

fn applied() -> Work {
    let queue = Queue::new(MemoryJobStore::default());
    let key = |no: usize| SyncKey {
        org: format!("org-{no:03}").parse().expect("a short text is an id"),
        connector: "federation".parse().expect("a short text is an id"),
    };
    let keys: Vec<SyncKey> = (0..SLOTS).map(key).collect();
    let mut token = Token(0);
    Box::new(move || {
        token.0 += 1;
        for key in &keys {
            for (at, command) in times(token).zip(job(token)) {
                let _ = black_box(block_on(queue.apply(key, None, command, at)));
            }
        }
    })
}

/// A store with a record for each of the swaps, which expect the version that it has.
fn filled() -> (MemoryJobStore, Vec<SwapOf>) {
    let store = MemoryJobStore::default();
    let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    let slot = Slot::new(at(0)).step(&QueueRules::default(), None, trigger, at(0), Fraction::ONE).next;
    let bytes = serde_json::to_vec(&slot).expect("a slot is JSON");
    let row = Row::new(bytes, Shard(0)).due(slot.due());
    let key = |no| StoreKey::of("slot", ["org", format!("{no:03}").as_str()]);
    let mut swaps: Vec<_> = (0..SLOTS).map(|no| SwapOf::new(key(no), None, Some(row.clone()))).collect();
    swaps.iter_mut().for_each(|of| swap(&store, of));
    (store, swaps)
}

fn swap(store: &MemoryJobStore, of: &mut SwapOf) {
    match block_on(store.compare_and_swap(of)) {
        Ok(Swap::Applied(version)) => of.expect = Some(version),
        Ok(Swap::Conflict) => panic!("nobody else writes"),
    }
}

fn swaps() -> Work {
    let (store, mut swaps) = filled();
    Box::new(move || swaps.iter_mut().for_each(|of| swap(&store, of)))
}

fn due() -> Work {
    let (store, ..) = filled();
    Box::new(move || {
        let Ok(page) = block_on(store.due(&DueOf::new(Shard(0), at(0), SLOTS)));
        assert_eq!(black_box(page).keys.len(), SLOTS);
    })
}
