//! A clock that was a year ahead for one run: what it left is told, passed over and healed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::drive::block_on;
use tripartite::failure::Failure;
use tripartite::history::Doing;
use tripartite::id::ExternalId;
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, Swap, SwapOf};
use tripartite::notice::What;
use tripartite::queue::{Command, Token};
use tripartite::registry::Connection;
use tripartite::schedule::Schedule;
use tripartite::work::{Settings, Worker};

use crate::queue_support::incarnation;

use super::club::{Club, No, key, worker};

/// Three organisations of one source.
fn federation(club: &Club) -> Connection {
    let connection = Connection::new("federation".parse().unwrap(), "The federation", "members".parse().unwrap());
    ["a", "b", "c"].into_iter().fold(connection, |connection, org| {
        connection.org(org.parse().unwrap(), ExternalId::new("F").unwrap(), club.now())
    })
}

/// All of them ran under a clock that was a year ahead, and it is right again.
fn run_a_year_ahead(club: &Club, connection: &Connection) {
    block_on(club.queue.connect(connection, club.now())).unwrap();
    let right = club.now();
    club.watch.set(right + TimeDelta::days(365));
    for key in connection.keys() {
        club.ask(&key.to_string());
        assert!(club.attempt(&mut worker(&format!("ahead-{key}").replace('/', "-"))).is_some());
        club.watch.wait(TimeDelta::minutes(2));
    }
    club.watch.set(right + TimeDelta::minutes(5));
}

#[test]
fn times_from_the_future_are_told_and_healed_for_all_keys_of_a_source_at_once() {
    let club = Club::new();
    let connection = federation(&club);
    run_a_year_ahead(&club, &connection);
    for key in connection.keys() {
        let status = block_on(club.queue.status(&key)).unwrap().unwrap();
        assert!(status.ahead(club.now()).is_some(), "{key} is told");
    }
    assert_eq!(block_on(club.queue.repair_all_clock_skew(&connection.connector, club.now())).unwrap(), 3);
    for key in connection.keys() {
        assert_eq!(block_on(club.queue.status(&key)).unwrap().unwrap().ahead(club.now()), None);
    }
    let night = block_on(club.queue.connection(&connection.connector)).unwrap().unwrap().due().unwrap();
    assert!(night < Some(club.now() + TimeDelta::days(1)), "the schedule fires in the next night");
}

/// One notice for a source, by whichever worker comes first, and one more only after somebody has healed it.
#[test]
fn times_from_the_future_are_a_notice_once_until_they_are_healed() {
    let club = Club::new();
    let notices = |club: &Club| {
        let mut told = Vec::new();
        for who in ["x", "y"] {
            let mut worker = worker(who);
            for _ in 0..6 {
                told.extend(club.tick(&mut worker).notices);
            }
        }
        told.into_iter().filter(|notice| matches!(notice.what, What::TimesAhead { .. })).collect::<Vec<_>>()
    };
    assert!(notices(&club).is_empty());
    for times in 1..=2 {
        let connection = federation(&club);
        run_a_year_ahead(&club, &connection);
        let told = notices(&club);
        let [notice] = &told[..] else { panic!("{times}: {told:?}") };
        assert!(matches!(notice.what, What::TimesAhead { until } if until > club.now() + TimeDelta::days(364)));
        club.watch.wait(TimeDelta::hours(2));
        assert!(notices(&club).is_empty(), "it was told");
        block_on(club.queue.repair_all_clock_skew(&connection.connector, club.now())).unwrap();
        assert!(notices(&club).is_empty(), "it is healed");
    }
}

/// Where no schedule fires, the slots and the gate say it.
#[test]
fn times_from_the_future_of_a_source_without_a_schedule_are_told_when_it_is_asked() {
    for asked in ["a/federation", "d/federation"] {
        let club = Club::new();
        let mut connection = federation(&club);
        connection.enabled = false;
        run_a_year_ahead(&club, &connection);
        club.ask(asked);
        // A minute between two starts: the last was a year from now.
        let mut worker = Worker::new("w".parse().unwrap(), incarnation(7), Settings::default());
        let told: Vec<_> = (0..3).flat_map(|_| club.tick(&mut worker).notices).collect();
        assert_eq!(told.len(), 1, "{asked}: {told:?}");
        assert!(told[0].id.starts_with("times_ahead/"), "{told:?}");
    }
}

/// The gate said until when, and its clock was ahead; the slot's own time is right.
#[test]
fn a_job_that_waits_for_a_year_in_a_slot_whose_time_is_right_is_told_and_healed() {
    let (club, mut worker, name) = (Club::new(), worker("w"), key("a/federation"));
    club.ask("a/federation");
    let apply = |command| block_on(club.queue.apply(&name, None, command, club.now())).unwrap();
    let lease = Duration::from_secs(60);
    let _ = apply(Command::Claim { worker: "x".parse().unwrap(), nonce: "n".parse().unwrap(), lease });
    let until = club.now() + TimeDelta::days(365);
    let _ = apply(Command::Snooze { token: Token(1), until, why: "the gate is full".into() });
    let status = || block_on(club.queue.status(&name)).unwrap().unwrap();
    assert_eq!(status().ahead(club.now()), Some(until));
    let told: Vec<_> = club.tick(&mut worker).notices;
    assert!(told.iter().any(|notice| notice.what == What::TimesAhead { until }), "{told:?}");
    block_on(club.queue.repair_clock_skew(&name, club.now())).unwrap();
    assert_eq!(status().ahead(club.now()), None);
    club.watch.wait(TimeDelta::minutes(11));
    assert!(club.attempt(&mut worker).is_some());
}

/// So many attempts are in the history of a key.
fn attempts(club: &Club, name: &str) -> usize {
    let all = DateTime::UNIX_EPOCH..DateTime::<Utc>::MAX_UTC;
    block_on(club.queue.history(&key(name), all, None, 100)).unwrap().len()
}

#[test]
fn the_history_goes_after_thirty_days_and_not_by_one_run_of_a_clock_that_is_a_year_ahead() {
    let (club, mut worker) = (Club::new(), worker("w"));
    let mut run = || {
        club.ask("a/federation");
        assert!(club.attempt(&mut worker).is_some());
        attempts(&club, "a/federation")
    };
    assert_eq!(run(), 1);
    club.watch.wait(TimeDelta::days(1));
    assert_eq!(run(), 2);
    let right = club.now();
    club.watch.set(right + TimeDelta::days(365));
    assert_eq!(run(), 3, "who knows whether so long a time has passed");
    club.watch.set(right);
    block_on(club.queue.repair_clock_skew(&key("a/federation"), club.now())).unwrap();
    // What the other clock wrote is younger than all that follows.
    for (days, left) in [(20, 4), (20, 5), (1, 4)] {
        club.watch.wait(TimeDelta::days(days));
        assert_eq!(run(), left, "{days} days later");
    }
}

/// What was told stands in a record of a later version: everything else goes on, and that is said.
#[test]
fn what_was_told_of_times_and_cannot_be_read_stops_nobody() {
    let club = Club::new();
    let connection = federation(&club);
    run_a_year_ahead(&club, &connection);
    let told = StoreKey::of("told_skew", ["federation"]);
    let row = Row::new(br#"{"format": 99}"#.to_vec(), Shard(0));
    let version = block_on(club.queue.store().get(&told)).unwrap().map(|stored| stored.version);
    assert!(matches!(
        block_on(club.queue.store().compare_and_swap(&SwapOf::new(told.clone(), version, Some(row.clone())))).unwrap(),
        Swap::Applied(_)
    ));
    let mut worker = worker("w");
    let broken: Vec<_> = (0..3).flat_map(|_| club.tick(&mut worker).broken).map(|(key, _)| key).collect();
    assert!(!broken.is_empty() && broken.iter().all(|key| *key == told), "{broken:?}");
}

/// What right clocks write is far from now, too: the next week's run, a wait that the source asked for.
#[test]
fn what_waits_for_long_is_no_time_from_the_future() {
    let (club, mut worker) = (Club::new(), worker("w"));
    let mut connection = federation(&club);
    connection.schedule = Schedule::Interval { every: Duration::from_secs(7 * 24 * 3600), anchor: club.now() };
    block_on(club.queue.connect(&connection, club.now())).unwrap();
    club.source(|_| Err(No(Failure::Retry { after: Some(Duration::from_secs(2 * 24 * 3600)) })));
    club.ask("a/federation");
    for _ in 0..3 {
        let tick = club.tick(&mut worker);
        assert!(tick.notices.is_empty(), "{:?}", tick.notices);
        club.watch.wait(TimeDelta::hours(2));
    }
}

#[test]
fn status_shows_the_attempt_with_the_greatest_token_not_the_greatest_time() {
    let club = Club::new();
    // Without a schedule, so that each attempt is the one that was asked for.
    let mut connection = federation(&club);
    connection.enabled = false;
    run_a_year_ahead(&club, &connection);
    block_on(club.queue.repair_all_clock_skew(&connection.connector, club.now())).unwrap();
    let mut right = worker("right");
    for _ in 0..2 {
        club.watch.wait(TimeDelta::hours(3));
        club.ask("a/federation");
        assert!(club.attempt(&mut right).is_some());
        let status = block_on(club.queue.status(&key("a/federation"))).unwrap().unwrap();
        let since = status.last_at.map(|at| (club.now() - at).num_minutes());
        assert_eq!((status.doing, since), (Doing::Idle, Some(0)), "a year ahead is not shown");
    }
}
