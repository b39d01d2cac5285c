//! A job store that fails once, at each of its calls in turn, before or after the call took effect.

use std::cell::Cell;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};
use tripartite::conformance::jobs::FailsOnce;
use tripartite::drive::block_on;
use tripartite::failure::Failure;
use tripartite::jobs::JobStore;
use tripartite::memory::MemoryJobStore;
use tripartite::queue::{Command, Ended, Slot, State};
use tripartite::work::{Queue, slot_key};

use super::club::{Club, key, minutes, trigger, worker};

/// One job on a store that fails at a call; how many calls there were. A chain may fail within, or together as one call.
fn night(at: usize, effect: bool, together: bool, class: Failure) -> usize {
    let club = Club::new();
    let watch = club.watch.clone();
    // Long enough for a heartbeat between reading and writing.
    club.source(move |_| {
        watch.wait(minutes(1));
        Ok(())
    });
    let store = FailsOnce::new(MemoryJobStore::default(), at).class(class);
    let store = if together { store.together() } else { store };
    let queue = Queue::new(if effect { store.with_effect() } else { store });
    let (name, mut worker) = (key("a/f"), worker("w"));
    while block_on(queue.apply(&name, None, trigger(None), club.now())).is_err() {}
    for _ in 0..6 {
        let _ = worker.tick_blocking(&queue, &club, &club.watch);
        club.watch.wait(minutes(1));
    }
    let inner = queue.store().inner();
    let Ok(stored) = block_on(inner.get(&slot_key(&name)));
    let slot: Slot = serde_json::from_slice(&stored.unwrap().row.bytes).unwrap();
    slot.check().unwrap();
    let told = format!("call {at}, effect {effect}, together {together}, {class:?}: {slot:?}");
    assert!(slot.state == State::Idle && slot.covered == slot.wanted && slot.unflushed.is_empty(), "{told}");
    assert_eq!(club.store(&name).records().len(), 1, "{told}");
    let failed = |ended: &Ended| !matches!(ended, Ended::Completed { .. } | Ended::Snoozed { why: Some(_), .. });
    // The failure may be due now.
    let all = || DateTime::<Utc>::MIN_UTC..DateTime::<Utc>::MAX_UTC;
    let read = || block_on(queue.history(&name, all(), None, 99));
    let entries = read().or_else(|_| read()).unwrap();
    assert_eq!(entries.len() as u64, slot.token.0, "I11: {told}");
    assert!(
        entries.iter().all(|entry| entry.attempt.number == 1 && !failed(&entry.attempt.ended)),
        "{told}: {entries:?}"
    );
    let health = || block_on(queue.health(&name));
    let health = health().or_else(|_| health()).unwrap().unwrap();
    assert_eq!(health.view().failures, 0, "{told}");
    queue.store().calls()
}

#[test]
fn a_job_store_that_fails_at_any_call_costs_no_job_an_attempt() {
    for together in [false, true] {
        let calls = night(usize::MAX, false, together, Failure::Fatal);
        assert!(calls > 15);
        for at in 0..calls {
            for effect in [false, true] {
                for class in [Failure::Retry { after: None }, Failure::Fatal, Failure::Denied, Failure::Gone] {
                    let _ = night(at, effect, together, class);
                }
            }
        }
    }
}

/// A run of three records that is cancelled when it has written one, on a store that fails at a call: how many it writes, how
/// many calls there were before the cancel, and how many in all.
fn cancelled(at: usize) -> (usize, usize, usize) {
    let club = Club::new();
    club.batch.store(1, Ordering::Relaxed);
    *club.members.lock().unwrap() = vec!["7", "8", "9"];
    let queue = Queue::new(FailsOnce::new(MemoryJobStore::default(), at));
    let (name, before) = (key("a/f"), Cell::new(None));
    let written = || club.store(&name).records().len();
    let _ = block_on(queue.apply(&name, None, trigger(None), club.now())).unwrap();
    // No time passes. The time is asked for between two steps.
    let clock = || {
        if written() == 1 && before.get().is_none() {
            let beside = Queue::new(queue.store().inner());
            let _ = block_on(beside.apply(&name, None, Command::Cancel, club.now())).unwrap();
            before.set(Some(queue.store().calls()));
        }
        club.now()
    };
    let _ = worker("w").tick_blocking(&queue, &club, &clock);
    (written(), before.get().unwrap(), queue.store().calls())
}

/// The reading that would have shown it may fail, and nothing after it: what was seen holds.
#[test]
fn a_run_that_was_seen_to_be_cancelled_writes_nothing_more_though_the_job_store_fails() {
    let (written, before, all) = cancelled(usize::MAX);
    assert!(written == 1 && all > before + 3, "{before} of {all} calls");
    let late: Vec<_> = (before..all).filter(|at| cancelled(*at).0 != 1).collect();
    assert_eq!(late, [before], "only the reading itself");
}
