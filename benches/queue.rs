//! The queue: pure transitions, and what the store in memory adds to them, against a bare compare-and-swap.

use std::hint::black_box;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tripartite::backoff::Fraction;
use tripartite::drive::block_on;
use tripartite::host::{JobStore, Row, Shard, StoreKey, Swap, SwapOf, Version};
use tripartite::id::{Nonce, WorkerId};
use tripartite::memory::MemoryJobStore;
use tripartite::queue::{Command, Outcome, Rules, Scope, Slot, Token, Trigger};

/// One job from its trigger to its history: trigger, claim, heartbeat, complete, flushed.
const COMMANDS: u64 = 5;
const KEYS: usize = 1000;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + seconds)
}

/// The commands of a job whose claim gets this token.
fn job(token: Token) -> [Command; COMMANDS as usize] {
    let lease = Duration::from_secs(60);
    let worker = WorkerId::new("worker-1").expect("a short text is an id");
    let nonce = Nonce::new(format!("nonce-{}", token.0)).expect("a short text is an id");
    [
        Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false },
        Command::Claim { worker, nonce, lease },
        Command::Heartbeat { token, lease },
        Command::Complete { token, result: None },
        Command::Flushed { through: token },
    ]
}

fn stepped(rules: &Rules, slot: &Slot, command: Command, seconds: i64) -> Slot {
    let decision = slot.step(rules, None, command, at(seconds), Fraction::ONE);
    assert!(!matches!(decision.outcome, Outcome::Refused(_) | Outcome::Fenced), "{:?}", decision.outcome);
    decision.next
}

fn done(rules: &Rules, slot: Slot) -> Slot {
    let token = Token(slot.token.0 + 1);
    (0..).zip(job(token)).fold(slot, |slot, (seconds, command)| stepped(rules, &slot, command, seconds))
}

fn row_of(slot: &Slot) -> Row {
    let bytes = serde_json::to_vec(slot).expect("a slot is JSON");
    Row { bytes, due: slot.due(), shard: Shard(0) }
}

fn keys() -> Vec<StoreKey> {
    (0..KEYS).map(|no| StoreKey::of("slot", ["org", no.to_string().as_str()])).collect()
}

/// A store in which every key has a row, and the versions of all.
fn filled(keys: &[StoreKey], row: &Row) -> (MemoryJobStore, Vec<Version>) {
    let store = MemoryJobStore::default();
    let versions = keys.iter().map(|key| swap(&store, key, None, row)).collect();
    (store, versions)
}

fn swap(store: &MemoryJobStore, key: &StoreKey, expect: Option<Version>, row: &Row) -> Version {
    match block_on(store.compare_and_swap(key, expect, Some(row))) {
        Ok(Swap::Applied(version)) => version,
        Ok(Swap::Conflict) => panic!("nobody else writes"),
    }
}

/// What a driver does for each command: get, read, step, write, swap.
fn drive(store: &MemoryJobStore, rules: &Rules, key: &StoreKey, command: Command, seconds: i64) {
    let Ok(Some(stored)) = block_on(store.get(key)) else { panic!("every key has a row") };
    let slot: Slot = serde_json::from_slice(&stored.row.bytes).expect("a slot was stored");
    let next = stepped(rules, &slot, command, seconds);
    black_box(swap(store, key, Some(stored.version), &row_of(&next)));
}

fn transitions(c: &mut Criterion) {
    let rules = Rules::default();
    let mut group = c.benchmark_group("queue/transitions");
    group.throughput(Throughput::Elements(COMMANDS));
    group.bench_function("trigger_claim_heartbeat_complete_flushed", |b| {
        b.iter_batched(|| Slot::new(at(0)), |slot| done(&rules, black_box(slot)), BatchSize::SmallInput);
    });
    group.finish();
}

fn store(c: &mut Criterion) {
    let (rules, keys) = (Rules::default(), keys());
    let idle = row_of(&Slot::new(at(0)));
    let mut group = c.benchmark_group("queue/memory");
    group.throughput(Throughput::Elements(COMMANDS * KEYS as u64)).sample_size(20);

    group.bench_function("swap_only", |b| {
        let jobs = |(store, mut versions): (MemoryJobStore, Vec<Version>)| {
            for _ in 0..COMMANDS {
                for (key, version) in keys.iter().zip(&mut versions) {
                    *version = swap(&store, key, Some(*version), &idle);
                }
            }
            store
        };
        b.iter_batched(|| filled(&keys, &idle), jobs, BatchSize::LargeInput);
    });
    group.bench_function("get_step_swap", |b| {
        let jobs = |(store, _): (MemoryJobStore, Vec<Version>)| {
            for key in &keys {
                for (seconds, command) in (0..).zip(job(Token(1))) {
                    drive(&store, &rules, key, command, seconds);
                }
            }
            store
        };
        b.iter_batched(|| filled(&keys, &idle), jobs, BatchSize::LargeInput);
    });
    for size in [1, 10, 100] {
        group.bench_function(format!("swap_many/{size}"), |b| {
            let jobs = |(store, mut versions): (MemoryJobStore, Vec<Version>)| {
                for _ in 0..COMMANDS {
                    for (keys, versions) in keys.chunks(size).zip(versions.chunks_mut(size)) {
                        swap_batch(&store, keys, versions, &idle);
                    }
                }
                store
            };
            b.iter_batched(|| filled(&keys, &idle), jobs, BatchSize::LargeInput);
        });
    }
    group.finish();
}

fn swap_batch(store: &MemoryJobStore, keys: &[StoreKey], versions: &mut [Version], row: &Row) {
    let one = |(key, version): (&StoreKey, &Version)| SwapOf {
        key: key.clone(),
        expect: Some(*version),
        next: Some(row.clone()),
    };
    let batch: Vec<_> = keys.iter().zip(&*versions).map(one).collect();
    let Ok(answers) = block_on(store.swap_many(&batch));
    for (version, answer) in versions.iter_mut().zip(answers) {
        let Swap::Applied(applied) = answer else { panic!("nobody else writes") };
        *version = applied;
    }
}

criterion_group!(queue, transitions, store);
criterion_main!(queue);
