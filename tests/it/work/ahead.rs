//! What a worker has read of its next jobs holds only as long as nobody has changed it.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use tripartite::drive::block_on;
use tripartite::failure::Failure;
use tripartite::id::SyncKey;
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, SwapOf};
use tripartite::queue::{Command, Outcome, Scope, Trigger};
use tripartite::tombstone::{Added, Order, Tombstone, Tombstones};
use tripartite::work::Worker;

use super::club::{Club, No, key, minutes, worker};

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
