//! What the simulation and a look for it have found, each by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::drive::block_on;
use tripartite::failure::Failure;
use tripartite::id::{ConnectorId, ExternalId, OrgId, PolicyRef, WorkerId};
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, Swap, SwapOf};
use tripartite::queue::{Command, Outcome};
use tripartite::registry::Connection;
use tripartite::tombstone::{Added, Order, Tombstone, Tombstones};
use tripartite::work::{Clock, Settings, Worker, slot_key};

use crate::queue_support::incarnation;

use super::club::{Club, No, key, minutes, worker};

/// A clock that goes on, as clocks do.
struct Going(DateTime<Utc>, AtomicI64);

impl Clock for Going {
    fn time(&self) -> DateTime<Utc> {
        self.0 + TimeDelta::milliseconds(self.1.fetch_add(1, Ordering::Relaxed))
    }
}

/// Writes a record as a later version would, and says what was there.
fn upgrade(club: &Club, stored: &StoreKey) -> Row {
    let store = club.queue.store();
    let kept = block_on(store.get(stored)).unwrap().unwrap();
    let text = String::from_utf8(kept.row.bytes.clone()).unwrap().replacen("\"format\":1", "\"format\":99", 1);
    let row = Row::new(text.into_bytes(), kept.row.shard).due(kept.row.due);
    let swap =
        block_on(store.compare_and_swap(&SwapOf::new(stored.clone(), Some(kept.version), Some(row.clone())))).unwrap();
    assert!(matches!(swap, Swap::Applied(_)));
    kept.row
}

#[test]
fn a_clock_that_goes_on_during_a_tick_keeps_no_job_from_its_claim() {
    let (club, mut worker) = (Club::new(), worker("w"));
    club.ask("a/f");
    let clock = Going(club.now(), AtomicI64::new(0));
    let tick = worker.tick_blocking(&club.queue, &club, &clock).unwrap();
    assert_eq!(tick.attempt.unwrap().outcome, Outcome::Completed { follow_up: false });
}

#[test]
fn a_gate_that_cannot_be_read_stops_no_other_connector() {
    let (club, mut worker) = (Club::new(), worker("w"));
    club.ask("a/f");
    assert!(club.attempt(&mut worker).is_some());
    upgrade(&club, &StoreKey::of("gate", ["f"]));
    club.ask("a/f");
    let tick = club.tick(&mut worker);
    assert_eq!(tick.broken.len(), 1, "and it is told");
    club.ask("a/g");
    assert_eq!(club.attempt(&mut worker).unwrap().key, key("a/g"));
}

#[test]
fn an_end_that_cannot_be_said_stops_no_other_job() {
    let (club, mut worker) = (Arc::new(Club::new()), worker("w"));
    club.ask("a/f");
    assert!(club.attempt(&mut worker).is_some());
    club.ask("a/f");
    let other = Arc::clone(&club);
    club.source(move |_| {
        upgrade(&other, &StoreKey::of("told", ["a", "f"]));
        Ok(())
    });
    assert_eq!(club.tick(&mut worker).broken.len(), 1);
    assert_eq!(club.history("a/f").len(), 2, "it has ended all the same");
    club.source(|_| Ok(()));
    club.ask("a/g");
    assert_eq!(club.attempt(&mut worker).unwrap().key, key("a/g"));
}

#[test]
fn a_slot_that_cannot_be_read_keeps_no_other_organisation_from_its_night() {
    let (club, mut worker) = (Club::new(), worker("w"));
    let connector = ConnectorId::new("f").unwrap();
    let mut connection = Connection::new(connector.clone(), "The source", PolicyRef::new("p").unwrap());
    for org in ["a", "b"] {
        connection = connection.org(OrgId::new(org).unwrap(), ExternalId::new(org).unwrap(), club.now());
    }
    block_on(club.queue.connect(&connection, club.now())).unwrap();
    club.ask("a/f");
    assert!(club.attempt(&mut worker).is_some());
    upgrade(&club, &slot_key(&key("a/f")));
    club.watch.wait(minutes(24 * 60));
    let tick = club.tick(&mut worker);
    assert_eq!((tick.fired, tick.broken.len()), (vec![(key("b/f"), Outcome::Enqueued)], 1));
    assert_eq!(tick.next, Some(club.now()), "there is a job now");
    assert_eq!(club.attempt(&mut worker).unwrap().key, key("b/f"));
    assert!(club.tick(&mut worker).fired.is_empty(), "it fires once");
}

#[test]
fn what_is_passed_over_in_one_tick_is_not_forgotten_in_the_next() {
    let club = Club::new();
    let mut worker = Worker::new(WorkerId::new("w").unwrap(), incarnation(119), Settings::default());
    club.ask("d/f");
    assert!(club.attempt(&mut worker).is_some());
    // The gate of `f` opens in a minute; the other two may run now.
    for name in ["a/f", "b/g", "c/h"] {
        club.ask(name);
    }
    assert_eq!(club.attempt(&mut worker).unwrap().key, key("b/g"));
    assert_eq!(club.apply("c/h", Command::Cancel), Outcome::Cancelled);
    let tick = club.tick(&mut worker);
    assert!(tick.attempt.is_none());
    assert_eq!(tick.next, Some(club.now() + minutes(1)));
}

#[test]
fn what_was_asked_for_after_a_cancel_is_due_when_the_cancelled_run_is_given_up() {
    let (club, mut lives) = (Club::new(), worker("lives"));
    club.ask("a/f");
    {
        let mut dies = worker("dies");
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut tick = Box::pin(dies.tick(&club.queue, &super::old_failures::Hanging, &club.watch));
        assert!(tick.as_mut().poll(&mut context).is_pending());
    }
    club.give("a/f", Command::Cancel);
    club.ask("a/f");
    club.watch.wait(minutes(5));
    let tick = club.tick(&mut lives);
    assert_eq!(tick.expired, [(key("a/f"), Outcome::Cancelled)]);
    assert_eq!(tick.next, Some(club.now()), "the later wish is due");
    assert!(club.attempt(&mut lives).is_some());
}

#[test]
fn a_renewed_credential_is_noticed_within_a_minute() {
    let (club, mut worker) = (Club::new(), worker("w"));
    club.source(|_| Err(No(Failure::Denied)));
    club.ask("a/f");
    let _ = club.tick(&mut worker);
    club.ask("a/f");
    assert_eq!(club.tick(&mut worker).next, None, "no time heals it");
    club.source(|_| Ok(()));
    block_on(club.queue.reset_health(&key("a/f"), club.now())).unwrap();
    // A host that hears of it ticks, and sleeps until it is told to.
    let next = club.tick(&mut worker).next.unwrap();
    assert!(next <= club.now() + minutes(1));
    club.watch.set(next + TimeDelta::seconds(1));
    assert!(club.attempt(&mut worker).is_some());
}

/// A schedule whose missed fires are all left out fires again tomorrow, and an idle worker says so.
#[test]
fn a_fire_that_is_skipped_is_settled() {
    use tripartite::schedule::Missed;
    let (club, mut worker) = (Club::new(), worker("w"));
    let mut connection = Connection::new("federation".parse().unwrap(), "The federation", "members".parse().unwrap())
        .org("a".parse().unwrap(), "F".parse().unwrap(), club.now());
    connection.missed = Missed::Skip { grace: std::time::Duration::from_secs(60) };
    block_on(club.queue.connect(&connection, club.now())).unwrap();
    let first = club.tick(&mut worker).next.unwrap();
    club.watch.set(first + minutes(60));
    let tick = club.tick(&mut worker);
    assert!(tick.fired.is_empty(), "nobody was there in time");
    assert_eq!(club.tick(&mut worker).next, Some(first + minutes(24 * 60)));
}

/// Of two who enrol an organisation at the same time neither loses the other's.
#[test]
fn two_who_edit_a_connection_at_once_both_have_their_way() {
    let club = Club::new();
    let connector: ConnectorId = "federation".parse().unwrap();
    std::thread::scope(|scope| {
        for org in 0..16 {
            let (club, connector) = (&club, connector.clone());
            scope.spawn(move || {
                let edit = |known: Option<&Connection>| {
                    let fresh = || {
                        let policy = "members".parse().unwrap();
                        Connection::new(connector.clone(), "The federation", policy)
                    };
                    let org = format!("o{org}").parse().unwrap();
                    Some(known.cloned().unwrap_or_else(fresh).org(org, "F".parse().unwrap(), club.now()))
                };
                block_on(club.queue.edit_connection(&connector, club.now(), edit)).unwrap();
            });
        }
    });
    let stored = block_on(club.queue.connection(&connector)).unwrap().unwrap();
    assert_eq!(stored.keys().count(), 16);
}

/// While a gate has no room, what is due there and needs none is done all the same.
#[test]
fn a_full_gate_keeps_nobody_from_giving_up_a_lost_job() {
    let club = Club::new();
    let mut settings = Settings::default();
    settings.gate.running = 0;
    let mut worker = Worker::new("w".parse().unwrap(), incarnation(119), settings);
    let claim = Command::Claim {
        worker: "gone".parse().unwrap(),
        nonce: "n".parse().unwrap(),
        lease: std::time::Duration::from_secs(60),
    };
    for org in ["a", "b", "c"] {
        club.ask(&format!("{org}/f"));
    }
    club.give("c/f", claim);
    club.watch.wait(minutes(2));
    assert_eq!(club.tick(&mut worker).expired.len(), 1);
}

/// A record that is told to be gone may be one that came back under another id. As long as that is asked, its tombstone stays.
#[test]
fn a_tombstone_whose_end_waits_for_an_answer_is_not_forgotten() {
    let (club, mut worker) = (Club::new(), worker("w"));
    *club.members.lock().unwrap() = vec!["FED-1"];
    club.ask("a/f");
    assert_eq!(club.attempt(&mut worker).unwrap().report.unwrap().counts.created, 1);
    let stored = StoreKey::of("tombstones", ["a", "f"]);
    let mut tombstones = Tombstones::default();
    let tombstone = Tombstone::new(Order::default(), club.now());
    assert_eq!(tombstones.add("FED-1".parse().unwrap(), tombstone), Added::Kept);
    let row = Row::new(serde_json::to_vec(&tombstones).unwrap(), Shard(0));
    let _ =
        block_on(club.queue.store().compare_and_swap(&SwapOf::new(stored.clone(), None, Some(row.clone())))).unwrap();
    let mut night = |members| {
        *club.members.lock().unwrap() = members;
        club.watch.wait(minutes(2));
        club.ask("a/f");
        let report = club.attempt(&mut worker).unwrap().report.unwrap();
        let Ok(row) = block_on(club.queue.store().get(&stored));
        let left: Tombstones = serde_json::from_slice(&row.unwrap().row.bytes).unwrap();
        (report.held_ends.len(), report.counts.deactivated, left.iter().count())
    };
    assert_eq!(night(vec!["fed-1"]), (1, 0, 1), "is it the same one?");
    assert_eq!(night(vec!["FED-2"]), (0, 1, 0), "nobody is asked about any more");
}
