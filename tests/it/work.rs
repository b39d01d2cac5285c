//! Workers: what is due, may run and is fair is run, once, and its end is told.

mod ahead;
mod calls;
mod clock;
mod club;
mod counting;
mod crowd;
mod earlier_records;
#[cfg(feature = "conformance")]
mod failing;
mod former_keys;
mod found;
mod kept;
mod moved;
mod old_failures;
mod rolled_back;
mod turns;
mod waking;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tripartite::drive::block_on;
use tripartite::failure::Failure;
use tripartite::history::Doing;
use tripartite::id::{ConnectorId, ExternalId, OrgId, PolicyRef, SyncKey, WorkerId};
use tripartite::jobs::SwapOf;
use tripartite::notice::What;
use tripartite::queue::{Command, Ended, Outcome, Scope, Token, Trigger};
use tripartite::registry::Connection;
use tripartite::run::RunOutcome;
use tripartite::schedule::Schedule;
use tripartite::work::{Settings, Worker};

use crate::queue_support::incarnation;

use self::club::{Club, No, key, minutes, worker};

const RETRY: Failure = Failure::Retry { after: None };

#[test]
fn a_tick_runs_what_is_due_and_says_when_to_come_again() {
    let (club, mut worker) = (Club::new(), worker("w"));
    assert_eq!(club.tick(&mut worker).next, None);
    club.ask("ballybeg/federation");
    let tick = club.tick(&mut worker);
    let attempt = tick.attempt.unwrap();
    assert_eq!((attempt.token, attempt.attempt), (Token(1), 1));
    assert_eq!(attempt.outcome, Outcome::Completed { follow_up: false });
    assert_eq!(attempt.report.unwrap().counts.created, 1);
    assert_eq!(tick.next, Some(club.now()));
    assert_eq!(club.tick(&mut worker).next, None);
    assert_eq!(club.history("ballybeg/federation"), [(1, "completed".to_owned())]);
    let status = block_on(club.queue.status(&key("ballybeg/federation"))).unwrap().unwrap();
    let result = Some("ballybeg/federation-1".to_owned());
    assert_eq!((status.doing, status.last), (Doing::Idle, Some(Ended::Completed { result })));
}

#[test]
fn a_night_fires_each_connected_organisation_once_whoever_looks() {
    let club = Club::new();
    let served = |org: &str| (OrgId::new(org).unwrap(), ExternalId::new("F").unwrap());
    let connector = ConnectorId::new("federation").unwrap();
    let mut connection = Connection::new(connector.clone(), "The federation", PolicyRef::new("members").unwrap());
    for org in ["a", "b", "c"] {
        let (org, external) = served(org);
        connection = connection.org(org, external, club.now());
    }
    block_on(club.queue.connect(&connection, club.now())).unwrap();
    let (mut one, mut two) = (worker("one"), worker("two"));
    let tonight = club.now() + minutes(24 * 60);
    assert_eq!(club.tick(&mut one).next, Some(tonight));
    club.watch.set(tonight);
    let first = club.tick(&mut one);
    assert_eq!(first.fired.len(), 3);
    assert!(first.fired.iter().all(|(_, outcome)| *outcome == Outcome::Enqueued));
    let mut ran = 0;
    for _ in 0..4 {
        for worker in [&mut one, &mut two] {
            let tick = club.tick(worker);
            assert!(tick.fired.is_empty());
            ran += usize::from(tick.attempt.is_some());
        }
    }
    assert_eq!(ran, 3);
    assert_eq!(club.tick(&mut one).next, Some(tonight + minutes(24 * 60)));
    let job = club.opened.lock().unwrap()[0].clone();
    assert_eq!(job.policy, Some(PolicyRef::new("members").unwrap()));
    let stored = block_on(club.queue.connection(&connector)).unwrap().unwrap();
    assert!(stored.connection().orgs.values().all(|org| org.last_success >= Some(tonight)));
    // A schedule that was switched off for a week fires nothing for that week.
    let mut off = stored.connection().clone();
    off.enabled = false;
    block_on(club.queue.connect(&off, club.now())).unwrap();
    club.watch.wait(minutes(7 * 24 * 60));
    assert!(club.tick(&mut one).fired.is_empty());
    off.enabled = true;
    block_on(club.queue.connect(&off, club.now())).unwrap();
    assert!(club.tick(&mut one).fired.is_empty());
}

#[test]
fn a_schedule_that_cannot_be_is_refused_when_it_is_stored() {
    let club = Club::new();
    let connector = ConnectorId::new("federation").unwrap();
    let connection = Connection::new(connector.clone(), "The federation", PolicyRef::new("members").unwrap())
        .schedule(Schedule::Hourly { minute: 60 });
    let error = block_on(club.queue.connect(&connection, club.now())).unwrap_err();
    assert_eq!(error.to_string(), "the connection's schedule: a minute of the hour is 0 to 59, this one is 60");
    assert!(block_on(club.queue.connection(&connector)).unwrap().is_none());
}

#[test]
fn a_gate_lets_five_run_and_a_minute_pass() {
    let club = Club::new();
    for org in ["a", "b"] {
        club.ask(&format!("{org}/federation"));
    }
    club.ask("a/school");
    let mut worker = Worker::new(WorkerId::new("w").unwrap(), incarnation(119), Settings::default());
    let mut ran: Vec<_> = (0..2).map(|_| club.attempt(&mut worker).unwrap().key).collect();
    ran.sort_by_key(|key| key.connector.clone());
    assert_eq!(ran[1], key("a/school"), "another source has a gate of its own");
    let tick = club.tick(&mut worker);
    assert!(tick.attempt.is_none());
    assert_eq!(tick.next, Some(club.now() + minutes(1)));
    club.watch.wait(minutes(1));
    assert_ne!(club.attempt(&mut worker).unwrap().key, ran[0]);
}

#[test]
fn organisations_take_turns() {
    let (club, mut worker) = (Club::new(), worker("w"));
    for connector in 0..30 {
        club.ask(&format!("big/c{connector}"));
    }
    club.ask("small/c");
    let orgs: Vec<_> = (0..3).map(|_| club.attempt(&mut worker).unwrap().key.org.as_str().to_owned()).collect();
    assert!(orgs.contains(&"small".to_owned()), "{orgs:?}");
}

#[test]
fn a_cancelled_run_stops_before_it_writes() {
    let club = std::sync::Arc::new(Club::new());
    club.ask("a/f");
    let other = std::sync::Arc::clone(&club);
    club.source(move |_| {
        assert_eq!(other.apply("a/f", Command::Cancel), Outcome::CancelRequested);
        Ok(())
    });
    let attempt = club.attempt(&mut worker("w")).unwrap();
    assert_eq!(attempt.outcome, Outcome::Cancelled);
    assert!(club.store(&key("a/f")).records().is_empty());
    assert_eq!(club.history("a/f"), [(1, "cancelled".to_owned())]);
    assert_eq!(club.closed.lock().unwrap()[0].1.outcome, RunOutcome::Failed);
}

/// Whoever acknowledged the cancel sees no more than the batch that was under way, and the history has what was written.
#[test]
fn a_cancel_takes_effect_before_the_next_batch_and_is_told_with_what_was_written() {
    let club = Club::new();
    club.batch.store(1, Ordering::Relaxed);
    *club.members.lock().unwrap() = vec!["7", "8", "9"];
    club.ask("a/f");
    let asked = AtomicUsize::new(0);
    // No time passes, so no heartbeat is due: whoever asks the time between two steps sees what was written so far.
    let clock = || {
        let written = club.store(&key("a/f")).records().len();
        if written == 1 && asked.fetch_add(1, Ordering::Relaxed) == 0 {
            assert_eq!(club.apply("a/f", Command::Cancel), Outcome::CancelRequested);
        }
        club.now()
    };
    let tick = worker("w").tick_blocking(&club.queue, &club, &clock).unwrap();
    assert_eq!(tick.attempt.unwrap().outcome, Outcome::Cancelled);
    assert_eq!(club.store(&key("a/f")).records().len(), 1);
    let all = chrono::DateTime::<chrono::Utc>::MIN_UTC..chrono::DateTime::<chrono::Utc>::MAX_UTC;
    let entries = block_on(club.queue.history(&key("a/f"), all, None, 9)).unwrap();
    let attempt = &entries[0].attempt;
    assert_eq!((&attempt.ended, attempt.progress.counts.get("created")), (&Ended::Cancelled, Some(&1)));
}

#[test]
fn a_long_run_keeps_its_lease_by_heartbeats() {
    let club = std::sync::Arc::new(Club::new());
    club.ask("a/f");
    let (watch, fetched) = (club.watch.clone(), AtomicUsize::new(0));
    club.source(move |_| {
        // Longer than a third of the lease, shorter than the lease; before it the index was read.
        watch.wait(minutes(4));
        fetched.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let attempt = club.attempt(&mut worker("w")).unwrap();
    assert_eq!(attempt.outcome, Outcome::Completed { follow_up: false });
    assert_eq!(club.store(&key("a/f")).records().len(), 1);
}

#[test]
fn a_connector_that_fails_is_left_alone_and_then_probed() {
    let (club, mut worker) = (Club::new(), worker("w"));
    club.source(|_| Err(No(RETRY)));
    let mut notices = Vec::new();
    // Four attempts of one job, one of the next.
    for _ in 0..2 {
        club.ask("a/f");
        for _ in 0..4 {
            let tick = club.tick(&mut worker);
            notices.extend(tick.notices.into_iter().map(|notice| notice.what));
            club.watch.wait(minutes(8));
        }
    }
    let opened = |what: &What| matches!(what, What::ConnectorOpened { failures: 5, .. });
    assert_eq!(notices.iter().filter(|what| opened(what)).count(), 1);
    let healthy = |org| block_on(club.queue.health(&key(org))).unwrap().map(|health| health.view().failures);
    assert!(healthy("a/f") >= Some(5));
    club.source(|_| Ok(()));
    club.watch.wait(minutes(24 * 60));
    club.ask("a/f");
    let tick = club.tick(&mut worker);
    assert_eq!(tick.attempt.unwrap().outcome, Outcome::Completed { follow_up: false });
    assert_eq!(tick.notices.into_iter().map(|notice| notice.what).collect::<Vec<_>>(), [What::ConnectorRecovered]);
    assert_eq!(healthy("a/f"), Some(0));
}

#[test]
fn a_refused_credential_waits_for_a_person() {
    let (club, mut worker) = (Club::new(), worker("w"));
    club.source(|_| Err(No(Failure::Denied)));
    club.ask("a/f");
    let tick = club.tick(&mut worker);
    assert!(matches!(tick.attempt.unwrap().outcome, Outcome::Died(_)));
    let told: Vec<_> = tick.notices.iter().map(|notice| notice.id.as_str()).collect();
    assert_eq!(told, ["job_died/a/f/1", "needs_operator/a/f/1"]);
    club.ask("a/f");
    let tick = club.tick(&mut worker);
    assert!(tick.attempt.is_none());
    assert_eq!(tick.next, None, "no time heals it");
    club.source(|_| Ok(()));
    block_on(club.queue.reset_health(&key("a/f"), club.now())).unwrap();
    club.watch.wait(minutes(1));
    assert!(club.attempt(&mut worker).is_some());
}

#[test]
fn one_broken_record_stops_nobody_else() {
    use tripartite::jobs::{JobStore, Row, Shard};
    use tripartite::work::slot_key;
    let (club, mut worker) = (Club::new(), worker("w"));
    let row = Row::new(b"{\"format\":99}".to_vec(), Shard(0)).due(club.now());
    let _ = block_on(club.queue.store().compare_and_swap(&SwapOf::new(slot_key(&key("a/f")), None, Some(row.clone()))))
        .unwrap();
    club.ask("b/f");
    let (mut broken, mut ran) = (0, 0);
    for _ in 0..3 {
        let tick = club.tick(&mut worker);
        ran += usize::from(tick.attempt.is_some());
        broken += tick.broken.len();
    }
    assert_eq!(ran, 1);
    assert!(broken > 0, "and it is told");
    let kept = block_on(club.queue.store().get(&slot_key(&key("a/f")))).unwrap().unwrap();
    assert_eq!(kept.row, row, "left as it is");
}

#[test]
fn a_blocked_plan_is_told_once_and_again_after_it_was_not() {
    let (club, mut worker) = (Club::new(), worker("w"));
    let mut night = |members: &[&'static str]| {
        *club.members.lock().unwrap() = members.to_vec();
        club.ask("a/f");
        let tick = club.tick(&mut worker);
        let blocked = members.is_empty();
        let ended =
            if blocked { Outcome::Blocked { follow_up: false } } else { Outcome::Completed { follow_up: false } };
        assert_eq!(tick.attempt.unwrap().outcome, ended);
        // What is held back stays wanted, and a night that is not blocked does it.
        let status = block_on(club.queue.status(&key("a/f"))).unwrap().unwrap();
        assert_eq!((status.held.is_some(), status.covered < status.wanted), (blocked, blocked));
        assert!(!blocked || matches!(status.last, Some(Ended::Blocked { .. })));
        tick.notices.into_iter().map(|notice| notice.id).collect::<Vec<_>>()
    };
    assert!(night(&["7"]).is_empty());
    assert_eq!(night(&[]), ["plan_blocked/a/f/2"], "a complete and empty listing deactivates nobody");
    assert!(night(&[]).is_empty());
    assert!(night(&["7"]).is_empty());
    assert_eq!(night(&[]), ["plan_blocked/a/f/5"]);
}

fn about(id: &str) -> Command {
    let scope = Scope::one(ExternalId::new(id).unwrap());
    Command::Trigger { by: Trigger::Webhook, scope, policy: None, force: false }
}

/// What was asked for and not answered is said, and a run of all looks for it.
#[test]
fn whom_the_source_does_not_answer_for_a_run_of_all_looks_for() {
    let (club, mut worker) = (Club::new(), worker("w"));
    *club.members.lock().unwrap() = vec!["1", "2", "3", "4", "5"];
    club.ask("a/f");
    let _ = club.tick(&mut worker);
    *club.members.lock().unwrap() = vec!["1", "2", "3", "4"];
    club.give("a/f", about("4"));
    club.give("a/f", about("5"));
    let attempt = club.attempt(&mut worker).unwrap();
    assert_eq!(attempt.outcome, Outcome::Completed { follow_up: true });
    assert_eq!(attempt.report.unwrap().unanswered_ids, [ExternalId::new("5").unwrap()]);
    let status = block_on(club.queue.status(&key("a/f"))).unwrap().unwrap();
    let result = Some("a/f-2".to_owned());
    assert_eq!(status.last, Some(Ended::CompletedInPart { result, left: 1, unanswered: 1 }));
    assert!(status.covered < status.wanted, "nothing is forgotten");
    let attempt = club.attempt(&mut worker).unwrap();
    assert_eq!(attempt.outcome, Outcome::Completed { follow_up: false });
    assert_eq!(attempt.report.unwrap().counts.deactivated, 1);
    assert!(club.attempt(&mut worker).is_none(), "and that is all");
}

/// A listing that broke off never looked at what was held back.
#[test]
fn a_run_of_all_that_broke_off_leaves_open_what_a_guard_held_back() {
    let (club, mut worker) = (Club::new(), worker("w"));
    let mut night = |members: &[&'static str], breaks_off: bool| {
        *club.members.lock().unwrap() = members.to_vec();
        club.breaks_off.store(breaks_off, Ordering::Relaxed);
        club.ask("a/f");
        let _ = club.tick(&mut worker);
        block_on(club.queue.status(&key("a/f"))).unwrap().unwrap()
    };
    let _ = night(&["7", "8"], false);
    let blocked = night(&[], false);
    let cut = night(&["7"], true);
    assert!(matches!(cut.last, Some(Ended::CompletedInPart { .. })), "{:?}", cut.last);
    assert!(blocked.held.is_some() && cut.held == blocked.held);
    assert_eq!(night(&["7", "8"], false).held, None);
}

#[test]
fn a_field_that_the_source_adds_is_told_once() {
    let (club, mut worker) = (Club::new(), worker("w"));
    let mut night = |also: &[&'static str]| {
        *club.also.lock().unwrap() = also.to_vec();
        club.ask("a/f");
        club.tick(&mut worker).notices.into_iter().map(|notice| notice.what).collect::<Vec<_>>()
    };
    let told = |fields: &[&str]| What::SchemaDrift {
        undeclared: fields.iter().map(|field| (*field).to_owned()).collect(),
        unstated: vec![],
        unread: vec![],
    };
    assert!(night(&[]).is_empty());
    assert_eq!(night(&["licence_no"]), [told(&["licence_no"])]);
    assert!(night(&["licence_no"]).is_empty());
    assert_eq!(night(&["licence_no", "shoe"]), [told(&["shoe"])], "and only what is new");
    assert!(night(&[]).is_empty() && night(&["shoe"]).is_empty(), "it was told");
    assert_eq!(
        club.closed.lock().unwrap().last().unwrap().1.schema_drift.undeclared[0].field,
        "shoe",
        "each report has it"
    );
}

/// The futures go to any runtime.
#[test]
fn a_tick_can_be_sent_to_another_thread() {
    fn sendable<T: Send>(_: &T) {}
    let (club, mut worker) = (Club::new(), worker("w"));
    sendable(&worker.tick(&club.queue, &club, &club.watch));
    let _: Option<SyncKey> = club.attempt(&mut worker).map(|attempt| attempt.key);
}

#[test]
fn a_process_that_is_to_end_gives_its_job_back_and_no_attempt_is_lost() {
    let (club, mut worker) = (Club::new(), worker("w"));
    let name = "ballybeg/federation";
    // Asked again and again, more often than a job may fail or its worker vanish.
    for token in 1..=6 {
        club.ask(name);
        let leaving = Arc::clone(&club.leaving);
        club.source(move |_| {
            leaving.store(true, Ordering::Relaxed);
            Ok(())
        });
        let attempt = club.attempt(&mut worker).unwrap();
        assert_eq!((attempt.token, attempt.attempt), (Token(token), 1));
        assert!(matches!(attempt.outcome, Outcome::Snoozed { .. }), "{:?}", attempt.outcome);
        assert_eq!(attempt.report.unwrap().outcome, RunOutcome::Failed);
        assert_eq!(attempt.message.as_deref(), Some("its worker was asked to end"));
        let last = block_on(club.queue.status(&key(name))).unwrap().unwrap().last;
        assert!(matches!(last, Some(Ended::Snoozed { why, .. }) if why == attempt.message), "and the history says why");
        club.leaving.store(false, Ordering::Relaxed);
    }
    assert!(club.store(&key(name)).records().is_empty(), "it was cut before it wrote");
    assert_eq!(block_on(club.queue.health(&key(name))).unwrap().map_or(0, |health| health.view().failures), 0);
    club.source(|_| Ok(()));
    // Due at once, for whoever comes.
    let attempt = club.attempt(&mut self::worker("another")).unwrap();
    assert_eq!((attempt.token, attempt.attempt), (Token(7), 1));
    assert_eq!(attempt.outcome, Outcome::Completed { follow_up: false });
    assert_eq!(club.history(name).iter().filter(|(_, ended)| ended == "snoozed").count(), 6);
}

#[test]
fn a_clock_that_was_years_ahead_is_set_right_by_a_person() {
    let club = Club::new();
    let (name, mut settings) = ("ballybeg/federation", Settings::default());
    settings.gate.spacing = Duration::from_secs(60);
    let mut worker = Worker::new(WorkerId::new("w").unwrap(), incarnation(119), settings);
    let connector = ConnectorId::new("federation").unwrap();
    let connection = Connection::new(connector.clone(), "The federation", PolicyRef::new("members").unwrap()).org(
        key(name).org,
        ExternalId::new("F").unwrap(),
        club.now(),
    );
    block_on(club.queue.connect(&connection, club.now())).unwrap();
    let today = club.now();
    // For a moment it is ten years later: a night fires, and fails, and everybody notes the time.
    club.watch.set(today + minutes(10 * 365 * 24 * 60));
    club.source(|_| Err(No(RETRY)));
    while club.tick(&mut worker).attempt.is_none() {}
    club.source(|_| Ok(()));
    club.watch.set(today + minutes(10));
    club.ask(name);
    assert!(club.attempt(&mut worker).is_none(), "nothing happens for ten years");
    block_on(club.queue.repair_clock_skew(&key(name), club.now())).unwrap();
    // The back-off of two minutes is still kept, and then it goes on, tonight as well.
    assert!(club.attempt(&mut worker).is_none());
    club.watch.wait(minutes(2));
    let mut worker = Worker::new(WorkerId::new("x").unwrap(), incarnation(120), settings);
    assert_eq!(club.attempt(&mut worker).unwrap().outcome, Outcome::Completed { follow_up: false });
    let stored = block_on(club.queue.connection(&connector)).unwrap().unwrap();
    assert!(stored.due().unwrap() <= Some(club.now() + minutes(24 * 60)));
    // Doing it again changes nothing.
    club.watch.wait(minutes(1));
    let records = || (block_on(club.queue.slot(&key(name))), block_on(club.queue.gate("federation")));
    let before = format!("{:?}", records());
    block_on(club.queue.repair_clock_skew(&key(name), club.now())).unwrap();
    assert_eq!(format!("{:?}", records()), before);
}
