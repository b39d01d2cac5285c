//! What a worker has read of its next jobs holds only as long as nobody has changed it.

use std::cell::Cell;
use std::collections::BTreeSet;

use chrono::TimeDelta;
use tripartite::drive::block_on;
use tripartite::failure::Failure;
use tripartite::gate::Limits;
use tripartite::id::{Nonce, SyncKey};
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, SwapOf};
use tripartite::queue::{Command, Outcome, Scope, Slot, State, Trigger};
use tripartite::tombstone::{Added, Order, Tombstone, Tombstones};
use tripartite::work::{Clock, Queue, Settings, Tick, Worker, slot_key};

use super::club::{Club, No, key, minutes, worker};
use super::counting::Counting;

const JOBS: [&str; 5] = ["a/p", "b/q", "c/r", "d/s", "e/t"];

/// A worker that has done two of five jobs and has read the records of others, and the jobs that are left.
fn ahead(club: &Club) -> (Worker, BTreeSet<SyncKey>) {
    let mut worker = worker("w");
    let mut left: BTreeSet<SyncKey> = JOBS.map(key).into();
    JOBS.iter().for_each(|name| club.ask(name));
    for _ in 0..2 {
        left.remove(&club.attempt(&mut worker).unwrap().key);
    }
    (worker, left)
}

fn named(keys: &BTreeSet<SyncKey>) -> impl Iterator<Item = String> {
    keys.iter().map(|key| format!("{}/{}", key.org, key.connector))
}

#[test]
fn a_job_that_another_worker_has_done_is_not_done_again() {
    let club = Club::new();
    let (mut first, left) = ahead(&club);
    let mut second = worker("v");
    for _ in &left {
        assert!(club.attempt(&mut second).is_some());
    }
    assert_eq!(club.attempt(&mut first), None);
    assert_eq!(club.opened.lock().unwrap().len(), JOBS.len());
}

#[test]
fn two_workers_do_each_job_once() {
    let club = Club::new();
    let (mut first, mut left) = ahead(&club);
    let mut second = worker("v");
    while !left.is_empty() {
        for worker in [&mut second, &mut first] {
            if let Some(attempt) = club.attempt(worker) {
                assert!(left.remove(&attempt.key), "{} is done again", attempt.key);
            }
        }
    }
    assert_eq!(club.opened.lock().unwrap().len(), JOBS.len());
}

/// A trigger that came since has a tombstone with it, and takes no run of its own.
#[test]
fn a_tombstone_that_came_since_is_applied() {
    let club = Club::new();
    let (mut worker, _) = ahead(&club);
    while club.attempt(&mut worker).is_some() {}
    club.watch.wait(minutes(2));
    JOBS.iter().for_each(|name| club.ask(name));
    let mut left: BTreeSet<SyncKey> = JOBS.map(key).into();
    for _ in 0..2 {
        left.remove(&club.attempt(&mut worker).unwrap().key);
    }
    let stored = |key: &SyncKey| StoreKey::of("tombstones", [key.org.as_str(), key.connector.as_str()]);
    for key in &left {
        let mut tombstones = Tombstones::default();
        let tombstone = Tombstone::new(Order::default(), club.now());
        assert_eq!(tombstones.add("7".parse().unwrap(), tombstone), Added::Kept);
        let row = Row::new(serde_json::to_vec(&tombstones).unwrap(), Shard(0));
        let _ = block_on(club.queue.store().compare_and_swap(&SwapOf::new(stored(key), None, Some(row)))).unwrap();
    }
    *club.members.lock().unwrap() = vec!["8"];
    named(&left).for_each(|name| club.ask(&name));
    for _ in 0..left.len() {
        let attempt = club.attempt(&mut worker).unwrap();
        let report = attempt.report.unwrap();
        assert_eq!((report.counts.deactivated, report.counts.created), (1, 1), "{}", attempt.key);
        let Ok(row) = block_on(club.queue.store().get(&stored(&attempt.key)));
        let kept: Tombstones = serde_json::from_slice(&row.unwrap().row.bytes).unwrap();
        assert_eq!(kept.iter().count(), 0, "{}: it was not read before the run", attempt.key);
    }
}

#[test]
fn a_connector_that_another_worker_was_refused_by_is_left_alone() {
    let club = Club::new();
    let (mut first, left) = ahead(&club);
    club.source(|_| Err(No(Failure::Denied)));
    let mut second = worker("v");
    for _ in &left {
        assert!(matches!(club.attempt(&mut second).unwrap().outcome, Outcome::Died(_)));
    }
    named(&left).for_each(|name| club.ask(&name));
    assert_eq!(club.attempt(&mut first), None, "it waits for a person");
    assert_eq!(club.opened.lock().unwrap().len(), JOBS.len());
}

#[test]
fn what_is_urgent_is_found_a_tenth_of_a_second_later() {
    let club = Club::new();
    let scheduled = Command::Trigger { by: Trigger::Scheduled, scope: Scope::All, policy: None, force: false };
    (0..40).for_each(|number| club.give(&format!("o{number}/s{number}"), scheduled.clone()));
    let mut worker = worker("w");
    (0..5).for_each(|_| drop(club.attempt(&mut worker)));
    club.ask("z/urgent");
    club.watch.wait(TimeDelta::milliseconds(100));
    assert_eq!(club.attempt(&mut worker).unwrap().key, key("z/urgent"));
}

/// One tick, in which something happens at one of its looks at the clock.
fn tick_amid(club: &Club, worker: &mut Worker, at: usize, happens: impl Fn()) -> Tick {
    let looks = Cell::new(0);
    let clock = || {
        looks.set(looks.get() + 1);
        if looks.get() == at {
            happens();
        }
        Clock::time(&club.watch)
    };
    worker.tick_blocking(&club.queue, club, &clock).unwrap()
}

fn slot(club: &Club, key: &SyncKey) -> Slot {
    let Ok(stored) = block_on(club.queue.store().get(&slot_key(key)));
    serde_json::from_slice(&stored.unwrap().row.bytes).unwrap()
}

/// The job of a small organisation that comes now is behind one job of a big one, not behind all that were read.
#[test]
fn what_others_have_ended_takes_no_turn_away() {
    let (club, mut worker) = (Club::new(), worker("w"));
    (0..200).for_each(|source| club.ask(&format!("m/s{source:03}")));
    for source in 0..3 {
        assert_eq!(club.attempt(&mut worker).unwrap().key, key(&format!("m/s{source:03}")));
    }
    club.give("m/s006", Command::Cancel);
    // The records of the next four are read.
    assert_eq!(club.attempt(&mut worker).unwrap().key, key("m/s003"));
    club.ask("a/x");
    club.watch.wait(TimeDelta::milliseconds(100));
    assert_eq!(club.attempt(&mut worker).unwrap().key, key("a/x"));
}

/// Its health has changed, and it waits all the same.
#[test]
fn a_job_that_another_worker_has_done_and_that_was_asked_for_again_is_not_left() {
    let (club, mut first, mut second) = (Club::new(), worker("w"), worker("v"));
    let mut left: BTreeSet<SyncKey> = JOBS[..4].iter().map(|name| key(name)).collect();
    named(&left).for_each(|name| club.ask(&name));
    left.remove(&club.attempt(&mut first).unwrap().key);
    club.watch.wait(TimeDelta::milliseconds(4500));
    for _ in 0..2 {
        left.remove(&club.attempt(&mut first).unwrap().key);
    }
    assert_eq!(club.attempt(&mut second).map(|attempt| attempt.key), left.first().cloned());
    named(&left).for_each(|name| club.ask(&name));
    club.watch.wait(TimeDelta::milliseconds(600));
    let tick = club.tick(&mut first);
    let now = Clock::time(&club.watch);
    assert!(tick.attempt.is_some() || tick.next.is_some_and(|at| at <= now), "{tick:?}");
}

#[test]
fn a_job_that_was_done_amid_a_tick_and_asked_for_again_is_not_left() {
    for at in 1..12 {
        let (club, mut first) = (Club::new(), worker("w"));
        club.ask("a/p");
        let tick = tick_amid(&club, &mut first, at, || {
            if club.attempt(&mut worker("v")).is_some() {
                club.ask("a/p");
            }
        });
        let now = Clock::time(&club.watch);
        let waits = matches!(slot(&club, &key("a/p")).state, State::Pending { .. });
        let looks = tick.attempt.is_some() || tick.next.is_some_and(|at| at <= now);
        assert!(looks || !waits, "look {at}: {tick:?}");
    }
}

#[test]
fn the_lease_of_a_job_that_another_worker_has_started_is_looked_at() {
    // Before it has read a record.
    for at in 1..5 {
        for running in &JOBS[..4] {
            let (club, mut first) = (Club::new(), worker("w"));
            JOBS[..4].iter().for_each(|name| club.ask(name));
            let done = Cell::new(false);
            let tick = tick_amid(&club, &mut first, at, || {
                for name in &JOBS[..4] {
                    let claim = Command::Claim {
                        worker: "v".parse().unwrap(),
                        nonce: Nonce::new("v/1").unwrap(),
                        lease: std::time::Duration::from_secs(300),
                    };
                    let _ = club.apply(name, if name == running { claim } else { Command::Cancel });
                }
                done.set(true);
            });
            if !done.get() || tick.attempt.is_some() {
                continue;
            }
            let State::Running { lease_until, .. } = slot(&club, &key(running)).state else { continue };
            assert!(tick.next.is_some_and(|at| at <= lease_until), "look {at}, {running}: {tick:?}");
        }
    }
}

/// Each of them is looked at once, as if nothing were read ahead.
#[test]
fn jobs_of_connectors_in_their_cool_down_are_not_read_again_and_again() {
    let (club, queue) = (Club::new(), Queue::new(Counting::default()));
    let names: Vec<_> = (0..64).map(|no| key(&format!("o{no}/s{no}"))).collect();
    let ask = |name| block_on(queue.apply(name, None, super::club::trigger(None), club.now())).unwrap();
    names.iter().for_each(|name| drop(ask(name)));
    club.source(|_| Err(No(Failure::Denied)));
    let mut second = worker("v");
    while second.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.is_some() {}
    names.iter().for_each(|name| drop(ask(name)));
    queue.store().calls();
    let mut first = worker("w");
    let tick = first.tick_blocking(&queue, &club, &club.watch).unwrap();
    assert!(tick.attempt.is_none());
    let calls = queue.store().calls();
    let of = |call: &String| call.split(' ').filter(|kind| *kind == "slot").count();
    let (reads, slots): (usize, usize) = (calls.iter().filter(|call| of(call) > 0).count(), calls.iter().map(of).sum());
    assert!(reads <= 64 && slots <= 2 * 64, "{reads} calls read {slots} slots of 64");
}

#[test]
fn jobs_behind_a_gate_with_spacing_are_not_read_in_vain() {
    let (club, queue) = (Club::new(), Queue::new(Counting::default()));
    let scheduled = Command::Trigger { by: Trigger::Scheduled, scope: Scope::All, policy: None, force: false };
    for no in 0..400 {
        let name = key(&format!("o{no:03}/s{}", no % 5));
        let _ = block_on(queue.apply(&name, None, scheduled.clone(), club.now())).unwrap();
    }
    let settings = Settings::default().gate(Limits::new(5, std::time::Duration::from_secs(60)));
    let mut first = Worker::new("w".parse().unwrap(), crate::queue_support::incarnation(77), settings);
    queue.store().calls();
    let (mut started, mut slots, mut reads) = (0, 0, 0);
    for _ in 0..10 {
        while first.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.is_some() {
            started += 1;
        }
        club.watch.wait(TimeDelta::seconds(61));
        for call in queue.store().calls() {
            let of = call.split(' ').filter(|kind| *kind == "slot").count();
            slots += of;
            reads += usize::from(of > 0 && call.starts_with("get"));
        }
    }
    assert!(slots <= 3 * started, "{reads} calls read {slots} slots for {started} jobs");
}

/// A slot under the key that an earlier version gave it, which is read once more by the claim.
#[test]
fn a_tombstone_that_came_before_the_claim_of_a_former_key_is_applied() {
    for name in ["ballybeg/federation", "ballybeg/federation."] {
        for at in 1..16 {
            let (before, club) = (Club::new(), Club::new());
            before.ask(name);
            let key = key(name);
            let Ok(stored) = block_on(before.queue.store().get(&slot_key(&key)));
            let home = slot_key(&key).former().unwrap_or(slot_key(&key));
            let moved = SwapOf::new(home.clone(), None, Some(stored.unwrap().row));
            let _ = block_on(club.queue.store().compare_and_swap(&moved)).unwrap();
            let mut first = worker("w");
            assert!(club.attempt(&mut first).is_some());
            club.watch.wait(minutes(2));
            *club.members.lock().unwrap() = vec!["8"];
            club.ask(name);
            let stored = StoreKey::of("tombstones", [key.org.as_str(), key.connector.as_str()]);
            let came = Cell::new(false);
            let tick = tick_amid(&club, &mut first, at, || {
                let mut tombstones = Tombstones::default();
                assert_eq!(
                    tombstones.add("7".parse().unwrap(), Tombstone::new(Order::default(), club.now())),
                    Added::Kept
                );
                let row = Row::new(serde_json::to_vec(&tombstones).unwrap(), Shard(0));
                let _ = block_on(club.queue.store().compare_and_swap(&SwapOf::new(stored.clone(), None, Some(row))));
                club.ask(name);
                came.set(true);
            });
            let Ok(row) = block_on(club.queue.store().get(&stored));
            let Some(row) = row.filter(|_| came.get() && tick.attempt.is_some()) else { continue };
            let kept: Tombstones = serde_json::from_slice(&row.row.bytes).unwrap();
            let Ok(slot) = block_on(club.queue.store().get(&home));
            let slot: Slot = serde_json::from_slice(&slot.unwrap().row.bytes).unwrap();
            assert!(slot.covered != slot.wanted || kept.iter().count() == 0, "{name}, look {at}: it waits for no run");
        }
    }
}

#[test]
fn a_gate_that_can_no_longer_be_read_is_reported_once() {
    let (club, mut worker) = (Club::new(), worker("w"));
    for org in 10..30 {
        club.ask(&format!("o{org}/s{org}"));
        club.ask(&format!("o{org}/y"));
    }
    for _ in 0..20 {
        let attempt = club.attempt(&mut worker).unwrap();
        assert!(attempt.key.connector.as_str() != "y", "{}: it is of the second round", attempt.key);
    }
    let gate = StoreKey::of("gate", ["y"]);
    let broken = SwapOf::new(gate.clone(), None, Some(Row::new(b"{}".to_vec(), Shard(0))));
    let _ = block_on(club.queue.store().compare_and_swap(&broken)).unwrap();
    let tick = club.tick(&mut worker);
    assert!(tick.attempt.is_none());
    assert_eq!(tick.broken.len(), 1, "{:?}", tick.broken);
    assert_eq!(tick.broken[0].0, gate);
}
