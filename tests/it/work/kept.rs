//! Tickets that a worker keeps from one run to the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use tripartite::drive::block_on;
use tripartite::gate::{Gate, Limits};
use tripartite::jobs::{JobStore, StoreKey, SwapOf};
use tripartite::queue::{Command, Outcome, Scope, Trigger};
use tripartite::work::{Queue, Settings, Worker};

use super::calls::ask;
use super::club::{Club, key};
use super::counting::Counting;
use crate::queue_support::incarnation;

const FREE: Limits = Limits::new(3, Duration::ZERO);

fn worker(number: u64, gate: Limits) -> Worker {
    Worker::new("w".parse().unwrap(), incarnation(number), Settings::default().gate(gate))
}

fn running(queue: &Queue<Counting>, club: &Club, source: &str) -> usize {
    let stored = block_on(queue.store().inner.get(&StoreKey::of("gate", [source]))).unwrap();
    let gate = stored.map(|stored| serde_json::from_slice::<Gate>(&stored.row.bytes).unwrap());
    gate.map_or(0, |gate| gate.running(club.now()).count())
}

/// A queue in which so many jobs of one source wait.
fn waiting(club: &Club, jobs: usize) -> Queue<Counting> {
    let queue = Queue::new(Counting::default());
    (0..jobs).for_each(|org| ask(&queue, club, &format!("o{org:02}/f"), Trigger::Scheduled));
    queue.store().calls();
    queue
}

/// The version of the gate.
fn version(queue: &Queue<Counting>) -> u64 {
    block_on(queue.store().inner.get(&StoreKey::of("gate", ["f"]))).unwrap().unwrap().version.0
}

#[test]
fn a_worker_that_goes_on_with_the_same_source_leaves_its_gate_alone() {
    let club = Club::new();
    let (queue, mut worker) = (waiting(&club, 20), worker(1, FREE));
    let mut run = || {
        let tick = worker.tick_blocking(&queue, &club, &club.watch).unwrap();
        assert_eq!(tick.attempt.unwrap().outcome, Outcome::Completed { follow_up: false });
        queue.store().calls()
    };
    run();
    let before = version(&queue);
    for _ in 0..18 {
        let calls = run();
        assert_eq!(version(&queue), before, "{calls:?}");
        assert_eq!(running(&queue, &club, "f"), 1);
        assert_eq!(calls.iter().filter(|call| *call == "get gate").count(), 0, "{calls:?}");
    }
    // The last one: nothing waits behind it, and the ticket goes back with its end.
    run();
    assert_eq!(running(&queue, &club, "f"), 0);
}

#[test]
fn a_ticket_that_was_kept_in_vain_goes_back_in_the_same_tick() {
    let club = Arc::new(Club::new());
    let queue = Arc::new(waiting(&club, 2));
    let others = Arc::clone(&queue);
    // While the first one runs, a person cancels the other.
    club.source(move |job| {
        let other = if job.key == key("o00/f") { "o01/f" } else { "o00/f" };
        let _ = block_on(others.apply(&key(other), None, Command::Cancel, "2026-11-24T02:15:00Z".parse().unwrap()));
        Ok(())
    });
    let mut worker = worker(1, FREE);
    assert!(worker.tick_blocking(&queue, &*club, &club.watch).unwrap().attempt.is_some());
    assert_eq!(running(&queue, &club, "f"), 1, "as far as it knows, there is another one");
    assert!(worker.tick_blocking(&queue, &*club, &club.watch).unwrap().attempt.is_none());
    assert_eq!(running(&queue, &club, "f"), 0);
}

#[test]
fn a_worker_with_a_job_of_another_source_gives_its_ticket_back_before_it_starts_that() {
    let club = Arc::new(Club::new());
    let queue = Arc::new(waiting(&club, 2));
    let mut worker = worker(1, FREE);
    assert!(worker.tick_blocking(&queue, &*club, &club.watch).unwrap().attempt.is_some());
    assert_eq!(running(&queue, &club, "f"), 1);
    // An urgent one goes first.
    ask(&queue, &club, "a/g", Trigger::Manual);
    let (seen, other) = (Arc::clone(&queue), Arc::clone(&club));
    club.source(move |job| {
        assert_eq!((job.key.clone(), running(&seen, &other, "f")), (key("a/g"), 0));
        Ok(())
    });
    let attempt = worker.tick_blocking(&queue, &*club, &club.watch).unwrap().attempt.unwrap();
    assert_eq!(attempt.outcome, Outcome::Completed { follow_up: false });
}

#[test]
fn a_worker_that_is_asked_to_end_or_leaves_keeps_nothing() {
    let club = Club::new();
    let (queue, mut worker) = (waiting(&club, 9), worker(1, FREE));
    assert!(worker.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.is_some());
    assert_eq!(running(&queue, &club, "f"), 1);
    block_on(worker.leave(&queue, &club.watch)).unwrap();
    assert_eq!(running(&queue, &club, "f"), 0);
    club.leaving.store(true, Ordering::Relaxed);
    assert!(worker.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.is_some());
    assert_eq!(running(&queue, &club, "f"), 0);
}

#[test]
fn whoever_has_a_smaller_limit_gives_its_ticket_back_as_long_as_more_run() {
    let club = Club::new();
    let queue = waiting(&club, 30);
    let mut wide: Vec<_> = (1..=2).map(|number| worker(number, FREE)).collect();
    let mut one = worker(9, Limits::new(1, Duration::ZERO));
    let attempt = |worker: &mut Worker| worker.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.is_some();
    assert!(attempt(&mut one), "nobody else runs yet");
    assert!(wide.iter_mut().all(|worker| attempt(worker) && attempt(worker)));
    assert_eq!(running(&queue, &club, "f"), 3, "the third place is taken");
    // Three hold tickets, of which the one with the limit of one may use none.
    assert!(!attempt(&mut one));
    assert_eq!(running(&queue, &club, "f"), 2);
    assert!(attempt(&mut wide[1]) && !attempt(&mut one));
    for worker in &mut wide {
        block_on(worker.leave(&queue, &club.watch)).unwrap();
    }
    assert!(attempt(&mut one) && attempt(&mut one), "once nobody else runs");
}

#[test]
fn a_spacing_that_is_switched_on_ends_the_keeping_and_counts_from_the_last_start() {
    let club = Club::new();
    let (queue, mut free) = (waiting(&club, 9), worker(1, FREE));
    assert!(free.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.is_some());
    club.watch.wait(TimeDelta::minutes(2));
    assert!(free.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.is_some());
    let started = club.now();
    block_on(free.leave(&queue, &club.watch)).unwrap();
    let mut spaced = worker(2, Limits::new(3, Duration::from_secs(60)));
    let tick = spaced.tick_blocking(&queue, &club, &club.watch).unwrap();
    assert!(tick.attempt.is_none());
    let next = tick.next.unwrap();
    assert!((next - started - TimeDelta::seconds(60)).abs() < TimeDelta::seconds(1), "{next} after {started}");
    club.watch.set(next);
    assert!(spaced.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.is_some());
    assert_eq!(running(&queue, &club, "f"), 0, "with a spacing nothing is kept");
}

#[test]
fn urgent_ones_leave_every_fourth_start_of_each_ticket_to_the_night() {
    let club = Club::new();
    let queue = waiting(&club, 12);
    (0..20).for_each(|org| ask(&queue, &club, &format!("u{org:02}/f"), Trigger::Webhook));
    let mut workers: Vec<_> = (1..=3).map(|number| worker(number, FREE)).collect();
    let mut orders = vec![String::new(); 3];
    for start in 0..24 {
        let attempt = workers[start % 3].tick_blocking(&queue, &club, &club.watch).unwrap().attempt.unwrap();
        orders[start % 3].push_str(&attempt.key.org.as_str()[..1]);
    }
    // A new ticket goes on with the count of the gate.
    assert_eq!(orders, ["uuuouuuo", "uuouuuou", "uouuuouu"]);
}

/// Sixteen workers and one source: who meets whom is for the machine to say, and how often a gate is changed is not.
#[test]
fn sixteen_workers_change_the_gate_of_one_source_a_few_times_each() {
    let club = Club::new();
    let queue = waiting(&club, 99);
    let done = AtomicUsize::new(0);
    let wide = Limits::new(16, Duration::ZERO);
    std::thread::scope(|scope| {
        for number in 0..16 {
            let (queue, club, done) = (&queue, &club, &done);
            scope.spawn(move || {
                let mut worker = worker(number + 1, wide);
                while done.load(Ordering::Relaxed) < 99 {
                    let tick = worker.tick_blocking(queue, club, &club.watch).unwrap();
                    done.fetch_add(usize::from(tick.attempt.is_some()), Ordering::Relaxed);
                }
                block_on(worker.leave(queue, &club.watch)).unwrap();
            });
        }
    });
    assert_eq!(running(&queue, &club, "f"), 0);
    let changes = queue.store().changes_of("gate");
    assert!(changes < 99, "{changes} changes of the gate by 99 jobs; a ticket that is taken and given back makes 198");
}

/// A worker of an earlier version writes the gate without the mark.
#[test]
fn a_ticket_that_an_earlier_version_has_written_again_is_given_back() {
    let club = Club::new();
    let (queue, mut worker) = (waiting(&club, 9), worker(1, FREE));
    assert!(worker.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.is_some());
    let (store, gate) = (&queue.store().inner, StoreKey::of("gate", ["f"]));
    let stored = block_on(store.get(&gate)).unwrap().unwrap();
    let mut row = stored.row;
    let text = String::from_utf8(row.bytes).unwrap();
    assert!(text.contains(",\"kept\":true"));
    row.bytes = text.replace(",\"kept\":true", "").into_bytes();
    let _ =
        block_on(store.compare_and_swap(&SwapOf::new(gate.clone(), Some(stored.version), Some(row.clone())))).unwrap();
    let attempt = worker.tick_blocking(&queue, &club, &club.watch).unwrap().attempt;
    assert_eq!(attempt.unwrap().outcome, Outcome::Completed { follow_up: false });
    assert_eq!(running(&queue, &club, "f"), 1, "the old one is gone, and it keeps a new one");
}

#[test]
fn a_kept_ticket_does_not_keep_other_claims_of_its_first_key_waiting() {
    let club = Club::new();
    let (queue, mut first) = (waiting(&club, 5), worker(1, FREE));
    let begun = first.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.unwrap().key;
    let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    let _ = block_on(queue.apply(&begun, None, trigger, club.now())).unwrap();
    let mut second = worker(2, FREE);
    let attempt = second.tick_blocking(&queue, &club, &club.watch).unwrap().attempt.unwrap();
    assert_eq!(attempt.key, begun);
}
