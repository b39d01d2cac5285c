//! Whose turn it is: what somebody waits for, and what a schedule wants.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use tripartite::drive::block_on;
use tripartite::failure::Failure;
use tripartite::gate::{Gate, Limits, Shut};
use tripartite::jobs::{JobStore, StoreKey, SwapOf};
use tripartite::queue::{Command, Outcome, Scope, State, Trigger};
use tripartite::work::{Settings, Worker};

use super::club::{Club, No, key};
use crate::queue_support::incarnation;

fn ask(club: &Club, name: &str, by: Trigger) {
    club.give(name, Command::Trigger { by, scope: Scope::All, policy: None, force: false });
}

fn worker(number: u8, spacing: u64) -> Worker {
    let gate = Limits::new(5, Duration::from_secs(spacing));
    let settings = Settings::default().gate(gate);
    Worker::new("w".parse().unwrap(), incarnation(number.into()), settings)
}

/// Who starts next, once the gate lets one in.
fn next(club: &Club, worker: &mut Worker) -> String {
    let tick = club.tick(worker);
    let attempt = match (tick.attempt, tick.next) {
        (None, Some(at)) => {
            club.watch.set(at.max(club.now()) + TimeDelta::seconds(1));
            club.attempt(worker)
        }
        (attempt, _) => attempt,
    };
    attempt.expect("something waits, and its gate is open").key.to_string()
}

fn night(club: &Club, organisations: usize) {
    (0..organisations).for_each(|org| ask(club, &format!("n{org:02}/f"), Trigger::Scheduled));
}

#[test]
fn what_somebody_asks_for_amid_a_night_of_forty_is_the_next_to_start() {
    for by in [Trigger::Manual, Trigger::Webhook] {
        let (club, mut worker) = (Club::new(), worker(1, 60));
        night(&club, 40);
        let begun: Vec<_> = (0..5).map(|_| next(&club, &mut worker)).collect();
        ask(&club, "me/f", by);
        assert_eq!(next(&club, &mut worker), "me/f");
        // Whoever waits for the night already need not wait for it any longer.
        let late = (0..40).rev().map(|org| format!("n{org:02}/f")).find(|name| !begun.contains(name)).unwrap();
        ask(&club, &late, by);
        assert_eq!(next(&club, &mut worker), late);
        let rest: Vec<_> = (0..34).map(|_| next(&club, &mut worker)).collect();
        assert!(!rest.contains(&late), "it is one job");
    }
}

#[test]
fn an_endless_line_of_urgent_ones_leaves_every_fourth_start_to_the_night() {
    for workers in [1, 3] {
        let club = Club::new();
        let mut workers: Vec<_> = (0..workers).map(|number| worker(number + 1, 60)).collect();
        (0..10).for_each(|org| ask(&club, &format!("u{org}/f"), Trigger::Webhook));
        night(&club, 6);
        let turns = workers.len();
        let mut order = String::new();
        for start in 0..24 {
            let name = next(&club, &mut workers[start % turns]);
            order.push_str(&name[..1]);
            if name.starts_with('u') {
                ask(&club, &name, Trigger::Webhook);
            }
            club.watch.wait(TimeDelta::seconds(61));
        }
        assert_eq!(order, "uuun".repeat(6), "{turns} workers share the count");
    }
}

#[test]
fn urgent_ones_of_one_source_do_not_keep_a_worker_from_the_night_of_another() {
    let (club, mut worker) = (Club::new(), worker(1, 0));
    (0..10).for_each(|org| ask(&club, &format!("u{org}/loud"), Trigger::Manual));
    night(&club, 3);
    let mut order = String::new();
    for _ in 0..12 {
        let name = next(&club, &mut worker);
        order.push_str(&name[..1]);
        if name.starts_with('u') {
            ask(&club, &name, Trigger::Manual);
        }
    }
    assert_eq!(order, "uuun".repeat(3));
}

#[test]
fn organisations_take_turns_within_each_lane() {
    let (club, mut worker) = (Club::new(), worker(1, 0));
    for by in [Trigger::Manual, Trigger::Scheduled] {
        let lane = if by == Trigger::Manual { "u" } else { "s" };
        (0..20).for_each(|source| ask(&club, &format!("big/{lane}{source:02}"), by));
        ask(&club, &format!("small/{lane}"), by);
    }
    let order: Vec<_> = (0..8).map(|_| next(&club, &mut worker)).collect();
    for lane in ["small/u", "small/s"] {
        assert!(order.contains(&lane.to_owned()), "{order:?}");
    }
}

#[test]
fn a_retry_stays_as_urgent_as_its_job_was() {
    let (club, mut worker) = (Club::new(), worker(1, 0));
    ask(&club, "me/f", Trigger::Manual);
    club.source(|_| Err(No(Failure::Retry { after: None })));
    assert_eq!(next(&club, &mut worker), "me/f");
    club.source(|_| Ok(()));
    night(&club, 9);
    club.watch.wait(TimeDelta::minutes(10));
    assert_eq!(next(&club, &mut worker), "me/f");
}

/// Under another policy it must not join the nightly job, which runs before it: so that is in a hurry as well.
#[test]
fn what_an_urgent_one_must_follow_is_urgent() {
    let (club, mut worker) = (Club::new(), worker(1, 0));
    let under = |by, policy: &str| Command::Trigger {
        by,
        scope: Scope::All,
        policy: Some(policy.parse().unwrap()),
        force: false,
    };
    night(&club, 9);
    club.give("z/f", under(Trigger::Scheduled, "nightly"));
    club.give("z/f", under(Trigger::Manual, "careful"));
    assert_eq!([next(&club, &mut worker), next(&club, &mut worker)], ["z/f", "z/f"]);
}

/// Seen by one worker while another one has just started: what it knew of the gate is no longer so.
#[test]
fn the_turn_is_that_of_the_gate_as_it_is_when_the_ticket_is_taken() {
    let club = std::sync::Arc::new(Club::new());
    (0..9).for_each(|org| ask(&club, &format!("u{org}/f"), Trigger::Webhook));
    night(&club, 9);
    let (other, nested) = (std::sync::Arc::clone(&club), std::sync::atomic::AtomicUsize::new(0));
    // While the first run goes on, somebody else starts three.
    club.source(move |_| {
        if nested.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 {
            let mut worker = worker(2, 1);
            let order: String = (0..3).map(|_| next(&other, &mut worker).remove(0)).collect();
            assert_eq!(order, "uun");
        }
        Ok(())
    });
    let mut worker = worker(1, 1);
    let order: String = (0..5).map(|_| next(&club, &mut worker).remove(0)).collect();
    assert_eq!(order, "uuuun", "the first, and three more since the scheduled one");
}

/// It was not scheduled for longer than its lease, and goes on.
#[test]
fn a_run_that_gets_another_ticket_since_its_own_has_ended_is_no_second_start() {
    let club = std::sync::Arc::new(Club::new());
    (0..9).for_each(|org| ask(&club, &format!("u{org}/f"), Trigger::Webhook));
    night(&club, 9);
    let (other, runs) = (std::sync::Arc::clone(&club), AtomicUsize::new(0));
    club.source(move |_| {
        let run = runs.fetch_add(1, Ordering::Relaxed);
        if run == 3 {
            // The scheduled one: meanwhile somebody else starts two.
            let mut worker = worker(2, 1);
            assert_eq!([(); 2].map(|()| next(&other, &mut worker).remove(0)), ['u', 'u']);
        }
        if run == 0 || run == 3 {
            other.watch.wait(TimeDelta::minutes(6));
        }
        Ok(())
    });
    let mut worker = worker(1, 1);
    let order: String = (0..6).map(|_| next(&club, &mut worker).remove(0)).collect();
    assert_eq!(order, "uuunun", "a run counts once, an urgent one and a scheduled one");
}

/// While it is claimed, somebody whose clock is ahead joins it, and its lease would outlive its ticket. Its start has made it
/// the other kind's turn, of which one waits.
#[test]
fn a_claim_that_needs_a_longer_ticket_has_had_its_turn() {
    for (by, before, last, after) in [(Trigger::Webhook, 2, 'u', 'n'), (Trigger::Scheduled, 3, 'n', 'u')] {
        let (club, mut worker) = (Club::new(), worker(1, 1));
        let mut waiting: Vec<_> = (0..=before).map(|org| format!("u{org}/f")).chain(["n00/f".to_owned()]).collect();
        waiting[..=before].iter().for_each(|name| ask(&club, name, Trigger::Webhook));
        night(&club, 1);
        for _ in 0..before {
            let begun = next(&club, &mut worker);
            waiting.retain(|name| *name != begun);
        }
        club.watch.wait(TimeDelta::seconds(2));
        let late = waiting.iter().find(|name| name.starts_with(last)).unwrap();
        let calls = AtomicUsize::new(0);
        // Whoever asks the time between two calls of the store finds the slot's time another second ahead.
        let clock = || {
            let ahead = TimeDelta::seconds(1 + calls.fetch_add(1, Ordering::Relaxed) as i64);
            let slot = block_on(club.queue.slot(&key(late))).unwrap().unwrap();
            if matches!(slot.state, State::Pending { .. }) {
                let trigger = Command::Trigger { by, scope: Scope::All, policy: None, force: false };
                let _ = block_on(club.queue.apply(&key(late), None, trigger, club.now() + ahead)).unwrap();
            }
            club.now()
        };
        let tick = worker.tick_blocking(&club.queue, &club, &clock).unwrap();
        assert_eq!(tick.attempt.map(|attempt| attempt.key), Some(key(late)));
        assert_eq!(tickets(&club, "f"), 0, "none is left behind");
        assert!(next(&club, &mut worker).starts_with(after));
    }
}

fn tickets(club: &Club, group: &str) -> usize {
    let Ok(stored) = block_on(club.queue.store().get(&StoreKey::of("gate", [group])));
    let gate: Gate = serde_json::from_slice(&stored.unwrap().row.bytes).unwrap();
    gate.running(club.now()).count()
}

#[test]
fn the_status_tells_how_a_job_waits_as_far_as_is_known() {
    let (club, mut worker) = (Club::new(), worker(1, 60));
    let wait = |name: &str| block_on(club.queue.status(&key(name))).unwrap().unwrap().wait;
    ask(&club, "a/f", Trigger::Scheduled);
    let asked = club.now();
    let first = wait("a/f").unwrap();
    assert_eq!((first.since, first.urgent, first.gate), (asked, false, None), "nobody has passed the gate yet");
    assert!(club.attempt(&mut worker).is_some());
    assert_eq!(wait("a/f"), None);
    let started = club.now();
    ask(&club, "b/f", Trigger::Scheduled);
    ask(&club, "b/f", Trigger::Manual);
    let told = wait("b/f").unwrap();
    assert!(told.urgent, "somebody has joined the schedule's job");
    let Some(Shut::TooSoon { until }) = told.gate else { panic!("{told:?}") };
    assert!((until - started - TimeDelta::minutes(1)).abs() < TimeDelta::seconds(1), "{until}");
    // One that cannot be read hides nothing else.
    let stored = StoreKey::of("gate", ["f"]);
    let store = club.queue.store();
    let Ok(gate) = block_on(JobStore::get(store, &stored));
    let gate = gate.unwrap();
    let row = tripartite::jobs::Row::new(b"{}".to_vec(), gate.row.shard).due(gate.row.due);
    let version = Some(gate.version);
    let _ = block_on(JobStore::compare_and_swap(store, &SwapOf::new(stored, version, Some(row)))).unwrap();
    let without = wait("b/f").unwrap();
    assert_eq!((without.since, without.urgent, without.gate), (told.since, told.urgent, None));
    assert!(club.tick(&mut worker).broken.len() == 1 && club.apply("b/f", Command::Cancel) == Outcome::Cancelled);
}
