//! Many at once: threads that trigger one key, workers that share two thousand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tripartite::queue::Outcome;

use super::club::{Club, key, worker};

#[test]
fn sixty_four_triggers_at_once_make_one_run_and_at_most_one_follow_up() {
    for round in 0..20 {
        let club = Club::new();
        let (enqueued, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    if club.trigger("a/f") == Outcome::Enqueued {
                        enqueued.fetch_add(1, Ordering::Relaxed);
                    }
                    done.fetch_add(1, Ordering::Release);
                });
            }
            scope.spawn(|| {
                let mut worker = worker("w");
                loop {
                    let last = done.load(Ordering::Acquire) == 64;
                    if club.attempt(&mut worker).is_none() && last {
                        break;
                    }
                }
            });
        });
        let slot = tripartite::drive::block_on(club.queue.slot(&key("a/f"))).unwrap().unwrap();
        assert_eq!((slot.wanted, slot.covered), (64, 64), "round {round}: each was acknowledged, each is covered");
        // A run that ends while triggers still arrive is followed by one for those: each covers at least one.
        assert!(slot.token.0 <= 64 && enqueued.load(Ordering::Relaxed) <= 64);
    }
}

#[test]
fn sixty_four_triggers_during_a_run_make_one_follow_up() {
    let club = std::sync::Arc::new(Club::new());
    club.ask("a/f");
    let (other, first) = (std::sync::Arc::clone(&club), AtomicUsize::new(0));
    club.source(move |_| {
        if first.fetch_add(1, Ordering::Relaxed) == 0 {
            thread::scope(|scope| {
                for _ in 0..64 {
                    scope.spawn(|| assert_eq!(other.trigger("a/f"), Outcome::FollowUp));
                }
            });
        }
        Ok(())
    });
    let mut worker = worker("w");
    assert_eq!(club.attempt(&mut worker).unwrap().outcome, Outcome::Completed { follow_up: true });
    assert_eq!(club.attempt(&mut worker).unwrap().outcome, Outcome::Completed { follow_up: false });
    assert!(club.attempt(&mut worker).is_none());
    let slot = tripartite::drive::block_on(club.queue.slot(&key("a/f"))).unwrap().unwrap();
    assert_eq!((slot.wanted, slot.taken, slot.covered), (65, 65, 65));
}

#[test]
fn sixteen_workers_hand_out_each_key_and_token_once() {
    let club = Club::new();
    let keys: Vec<String> = (0..2000).map(|n| format!("o{}/c{}", n % 500, n / 500)).collect();
    for name in &keys {
        club.ask(name);
    }
    let handed = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for name in 0..16 {
            let (club, handed) = (&club, &handed);
            scope.spawn(move || {
                let mut settings = tripartite::work::Settings::default();
                settings.gate.spacing = std::time::Duration::ZERO;
                settings.gate.running = usize::MAX;
                let id = tripartite::id::WorkerId::new(format!("w{name}")).unwrap();
                let mut worker = tripartite::work::Worker::new(id, crate::queue_support::incarnation(name), settings);
                while let Some(attempt) = club.attempt(&mut worker) {
                    *handed.lock().unwrap().entry((attempt.key, attempt.token)).or_insert(0) += 1;
                }
            });
        }
    });
    let handed = handed.into_inner().unwrap();
    assert_eq!(handed.len(), 2000);
    assert!(handed.values().all(|times| *times == 1));
    assert_eq!(handed.keys().map(|(key, _)| key.to_string()).collect::<BTreeSet<_>>(), keys.into_iter().collect());
    assert_eq!(club.opened.lock().unwrap().len(), 2000, "and none was opened that was not handed out");
}
