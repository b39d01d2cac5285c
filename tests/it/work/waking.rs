//! A worker that sleeps is waked, and one that is not looks by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tripartite::drive::block_on;
use tripartite::failure::Failure;
use tripartite::jobs::{Bell, JobStore, Row, Shard, StoreKey, SwapOf, WakingStore};
use tripartite::memory::MemoryJobStore;
use tripartite::queue::{Command, Outcome, Scope, Trigger};
use tripartite::work::{Queue, Settings, Worker};

use super::club::{Club, No, key};
use crate::queue_support::incarnation;

type Store = WakingStore<Arc<MemoryJobStore>, Arc<Bell>>;

fn queue() -> (Queue<Store>, Arc<MemoryJobStore>, Arc<Bell>) {
    let (store, bell) = (Arc::<MemoryJobStore>::default(), Arc::<Bell>::default());
    (Queue::new(WakingStore::new(Arc::clone(&store), Arc::clone(&bell))), store, bell)
}

fn trigger() -> Command {
    Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false }
}

/// As a host does it: it looks, and sleeps until somebody rings. Returns once it has made an attempt, with how often it slept
/// through.
fn host<S: JobStore + Sync>(
    queue: &Queue<S>,
    club: &Club,
    bell: &Bell,
    interval: Duration,
    asleep: &AtomicBool,
) -> usize {
    let mut worker = Worker::new("w".parse().unwrap(), incarnation(7), Settings::default());
    let mut slept = 0;
    loop {
        let heard = bell.heard();
        if worker.tick_blocking(queue, club, &club.watch).unwrap().attempt.is_some() {
            return slept;
        }
        asleep.store(true, Ordering::Release);
        slept += usize::from(!bell.wait(heard, interval));
    }
}

/// Whether it was asked for between a host's look and its sleep, or during the sleep, makes no difference.
#[test]
fn a_host_that_would_sleep_for_an_hour_starts_a_job_at_once() {
    for _ in 0..50 {
        let (club, (queue, _, bell), asleep) = (Club::new(), queue(), AtomicBool::new(false));
        thread::scope(|scope| {
            let host = scope.spawn(|| host(&queue, &club, &bell, Duration::from_secs(3600), &asleep));
            while !asleep.load(Ordering::Acquire) {
                thread::yield_now();
            }
            let _ = block_on(queue.apply(&key("a/f"), None, trigger(), club.now())).unwrap();
            assert_eq!(host.join().unwrap(), 0);
        });
    }
}

#[test]
fn a_ring_that_is_lost_costs_the_time_until_the_next_look() {
    let (club, (queue, store, bell), asleep) = (Club::new(), queue(), AtomicBool::new(false));
    let elsewhere = Queue::new(store);
    thread::scope(|scope| {
        let host = scope.spawn(|| host(&queue, &club, &bell, Duration::from_millis(20), &asleep));
        while !asleep.load(Ordering::Acquire) {
            thread::yield_now();
        }
        let heard = bell.heard();
        let _ = block_on(elsewhere.apply(&key("a/f"), None, trigger(), club.now())).unwrap();
        assert!(host.join().unwrap() > 0, "it has slept for a whole interval");
        assert_eq!(bell.heard(), heard, "nobody rang");
    });
}

#[test]
fn what_waits_rings_once_and_what_runs_or_is_done_rings_nothing() {
    let (club, (queue, _, bell)) = (Club::new(), queue());
    let mut worker = Worker::new("w".parse().unwrap(), incarnation(7), Settings::default());
    let mut rings = |act: &mut dyn FnMut(&mut Worker)| {
        let heard = bell.heard();
        act(&mut worker);
        bell.heard() != heard
    };
    let ask = || block_on(queue.apply(&key("a/f"), None, trigger(), club.now())).unwrap().outcome;
    assert!(rings(&mut |_| assert_eq!(ask(), Outcome::Enqueued)));
    let tick =
        |worker: &mut Worker| worker.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.map(|it| it.outcome);
    let done = Some(Outcome::Completed { follow_up: false });
    assert!(!rings(&mut |worker| assert_eq!(tick(worker), done)), "a claim, a heartbeat, an end, the history");
    assert!(!rings(&mut |worker| assert_eq!(tick(worker), None)));
    // Who sleeps must know that it is tried again in two minutes.
    club.source(|_| Err(No(Failure::Retry { after: None })));
    club.watch.wait(chrono::TimeDelta::minutes(2));
    assert!(rings(&mut |_| drop(ask())));
    assert!(rings(&mut |worker| assert!(matches!(tick(worker), Some(Outcome::Retrying { .. })))));
}

#[test]
fn a_batch_and_a_chain_ring_for_what_took_effect() {
    let bell = Arc::new(Bell::default());
    let store = WakingStore::new(MemoryJobStore::default(), Arc::clone(&bell));
    let row = |shard| Row::new(vec![], Shard(shard)).due(chrono::DateTime::UNIX_EPOCH);
    let swap = |name: &str, shard| SwapOf::new(StoreKey::of("case", [name]), None, Some(row(shard)));
    let rings = |act: &dyn Fn()| {
        let heard = bell.heard();
        act();
        bell.heard() != heard
    };
    assert!(!rings(&|| drop(block_on(store.swap_many(&[swap("a", 1)])))), "no job");
    assert!(!rings(&|| drop(block_on(store.swap_many(&[swap("a", 65534)])))), "a conflict");
    assert!(rings(&|| drop(block_on(store.swap_many(&[swap("a", 65534), swap("b", 65534)])))));
    assert!(!rings(&|| drop(block_on(store.swap_chain(&[swap("a", 1), swap("c", 65534)], &[])))), "stopped before");
    assert!(rings(&|| drop(block_on(store.swap_chain(&[swap("c", 1), swap("d", 65533)], &[])))));
    let all = |swaps: &[SwapOf]| drop(block_on(store.swap_all(swaps, &[])));
    assert!(!rings(&|| all(&[swap("e", 65534), swap("a", 1)])), "a conflict takes the first one back");
    assert!(!rings(&|| all(&[swap("e", 65534), swap("e", 65534)])), "unable");
    assert!(rings(&|| all(&[swap("e", 1), swap("f", 65533)])));
}

#[test]
fn whoever_waits_without_a_thread_is_waked_too() {
    let bell = Bell::default();
    for _ in 0..100 {
        let heard = bell.heard();
        thread::scope(|scope| {
            scope.spawn(|| block_on(bell.rung(heard)));
            scope.spawn(|| block_on(bell.rung(heard)));
            bell.ring();
        });
    }
}
