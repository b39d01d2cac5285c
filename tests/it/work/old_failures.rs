//! The failures of the system this one replaces, each by its name. Those of its webhooks are with the webhooks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tripartite::drive::block_on;
use tripartite::failure::Failure;
use tripartite::id::PolicyRef;
use tripartite::queue::{Command, Outcome};

use super::club::{Club, No, key, minutes, trigger, worker};

const RETRY: Failure = Failure::Retry { after: None };

#[test]
fn a_crash_between_enqueue_and_claim_blocks_the_key_for_ever() {
    let club = Club::new();
    let mut dies = worker("dies");
    club.ask("a/f");
    {
        // Dropped as soon as it waits for the first time, or right after the claim: it never says anything again.
        club.source(|_| Err(No(Failure::Fatal)));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut tick = Box::pin(dies.tick(&club.queue, &Hanging, &club.watch));
        assert!(tick.as_mut().poll(&mut context).is_pending());
    }
    club.source(|_| Ok(()));
    assert_eq!(club.trigger("a/f"), Outcome::FollowUp, "it counts as running, and nothing is lost");
    let mut lives = worker("lives");
    assert!(club.attempt(&mut lives).is_none());
    club.watch.wait(minutes(5));
    assert_eq!(club.tick(&mut lives).expired.len(), 1);
    club.watch.wait(minutes(2));
    assert_eq!(club.attempt(&mut lives).unwrap().outcome, Outcome::Completed { follow_up: false });
    assert_eq!(club.history("a/f"), [(1, "expired".to_owned()), (2, "completed".to_owned())]);
}

#[test]
fn a_stuck_job_is_failed_while_its_worker_goes_on() {
    let club = Arc::new(Club::new());
    club.ask("a/f");
    let (other, once) = (Arc::clone(&club), AtomicUsize::new(0));
    club.source(move |_| {
        if once.fetch_add(1, Ordering::Relaxed) == 0 {
            // While this fetch hangs, the lease runs out, and somebody else does the job.
            other.watch.wait(minutes(6));
            let mut second = worker("second");
            assert_eq!(other.tick(&mut second).expired.len(), 1);
            other.watch.wait(minutes(2));
            assert_eq!(other.attempt(&mut second).unwrap().outcome, Outcome::Completed { follow_up: false });
            other.store(&key("a/f")).edit(&"7".parse().unwrap(), &serde_json::json!({"name": "Edited"})).unwrap();
        }
        Ok(())
    });
    let attempt = club.attempt(&mut worker("first")).unwrap();
    assert_eq!(attempt.outcome, Outcome::Fenced);
    assert_eq!(club.history("a/f"), [(1, "expired".to_owned()), (2, "completed".to_owned())]);
    let kept = club.store(&key("a/f")).get(&"7".parse().unwrap()).unwrap();
    assert_eq!(kept.local.field(0).text(), Some("Edited"), "the stale run wrote nothing");
}

#[test]
fn retries_run_under_another_strategy_than_configured() {
    let (club, mut worker) = (Club::new(), worker("w"));
    club.source(|_| Err(No(RETRY)));
    club.give("a/f", trigger(Some("merge")));
    let _ = club.tick(&mut worker);
    // Somebody asks for another policy meanwhile: that is another job, after this one.
    club.give("a/f", trigger(Some("remote_wins")));
    club.watch.wait(minutes(2));
    club.source(|_| Ok(()));
    let _ = club.tick(&mut worker);
    let _ = club.tick(&mut worker);
    let policies: Vec<_> = club.opened.lock().unwrap().iter().map(|job| job.policy.clone()).collect();
    let policy = |name| Some(PolicyRef::new(name).unwrap());
    assert_eq!(policies, [policy("merge"), policy("merge"), policy("remote_wins")]);
}

#[test]
fn three_retries_are_two_and_claims_ignore_the_back_off() {
    let (club, mut worker) = (Club::new(), worker("w"));
    let begun = Arc::new(Mutex::new(Vec::new()));
    let (noted, watch, start) = (Arc::clone(&begun), club.watch.clone(), club.now());
    club.source(move |_| {
        noted.lock().unwrap().push((tripartite::work::Clock::time(&watch) - start).num_minutes());
        Err(No(RETRY))
    });
    club.ask("a/f");
    for _ in 0..60 {
        let _ = club.tick(&mut worker);
        club.watch.wait(minutes(1));
    }
    assert_eq!(*begun.lock().unwrap(), [0, 2, 6, 14], "after 2, 4 and 8 minutes, and not in between");
    let ended: Vec<_> = club.history("a/f").into_iter().map(|(_, ended)| ended).collect();
    assert_eq!(ended, ["failed", "failed", "failed", "died"]);
}

#[test]
fn a_trigger_during_a_run_is_dropped() {
    let club = Arc::new(Club::new());
    club.ask("a/f");
    let (other, once) = (Arc::clone(&club), AtomicUsize::new(0));
    club.source(move |_| {
        if once.fetch_add(1, Ordering::Relaxed) == 0 {
            assert_eq!(other.trigger("a/f"), Outcome::FollowUp);
        }
        Ok(())
    });
    let mut worker = worker("w");
    assert_eq!(club.attempt(&mut worker).unwrap().outcome, Outcome::Completed { follow_up: true });
    assert!(club.attempt(&mut worker).is_some());
}

#[test]
fn one_failing_organisation_disables_the_connector_for_all() {
    let (club, mut worker) = (Club::new(), worker("w"));
    club.source(|job| if job.key.org.as_str() == "ill" { Err(No(Failure::Denied)) } else { Ok(()) });
    club.ask("ill/f");
    club.ask("well/f");
    let outcomes: Vec<_> = (0..2).map(|_| club.attempt(&mut worker).unwrap()).collect();
    for attempt in outcomes {
        let completed = attempt.outcome == Outcome::Completed { follow_up: false };
        assert_eq!(completed, attempt.key.org.as_str() == "well");
    }
    club.ask("well/f");
    assert!(club.attempt(&mut worker).is_some());
}

#[test]
fn history_begins_as_completed() {
    let club = Arc::new(Club::new());
    club.ask("a/f");
    assert_eq!(club.history("a/f"), []);
    let other = Arc::clone(&club);
    club.source(move |_| {
        assert_eq!(other.history("a/f"), [], "nothing is told of an attempt before it has ended");
        Err(No(Failure::Gone))
    });
    let _ = club.tick(&mut worker("w"));
    assert_eq!(club.history("a/f"), [(1, "died".to_owned())]);
}

#[test]
fn a_second_delivery_of_one_trigger_is_a_second_run() {
    let (club, mut worker) = (Club::new(), worker("w"));
    assert_eq!(club.apply_once("a/f", "m1", trigger(None)), Outcome::Enqueued);
    assert!(club.attempt(&mut worker).is_some());
    assert_eq!(club.apply_once("a/f", "m1", trigger(None)), Outcome::Enqueued, "the outcome it had");
    assert!(club.attempt(&mut worker).is_none());
    let slot = block_on(club.queue.slot(&key("a/f"))).unwrap().unwrap();
    assert_eq!((slot.wanted, slot.covered), (1, 1));
    assert!(matches!(club.apply("a/f", Command::Redrive), Outcome::Refused(_)));
}

/// A host that never comes to open anything.
pub(super) struct Hanging;

impl tripartite::work::Handler for Hanging {
    type Connector = super::club::Source;
    type Store = Arc<tripartite::memory::MemoryStore>;
    type Error = No;

    async fn open(
        &self,
        _: &tripartite::work::Job,
    ) -> Result<tripartite::work::Session<Self::Connector, Self::Store>, No> {
        std::future::pending().await
    }

    async fn close(&self, _: &tripartite::work::Job, _: &Self::Store, _: &tripartite::run::Done) -> Result<(), No> {
        Ok(())
    }
}
