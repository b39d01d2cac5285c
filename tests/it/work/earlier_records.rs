//! Records that only a queue reads, as an earlier version wrote them: what people were told is not told again.

use chrono::TimeDelta;
use serde_json::Value as Json;
use tripartite::drive::block_on;
use tripartite::id::OrgId;
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, Swap, SwapOf};
use tripartite::notice::What;
use tripartite::registry::Connection;

use super::club::{Club, minutes, worker};

/// Of a key's runs, and of a source's times.
fn told() -> [Json; 2] {
    serde_json::from_str(include_str!("../../data/earlier/told.json")).unwrap()
}

fn put(club: &Club, key: &StoreKey, record: &Json) {
    let row = Row::new(record.to_string().into_bytes(), Shard(0));
    let swap =
        block_on(club.queue.store().compare_and_swap(&SwapOf::new(key.clone(), None, Some(row.clone())))).unwrap();
    assert!(matches!(swap, Swap::Applied(_)));
}

#[test]
fn a_field_that_an_earlier_version_told_of_is_not_told_again() {
    for (is_told, expected) in [(false, vec!["shirt", "shoe"]), (true, vec!["shoe"])] {
        let (club, mut worker) = (Club::new(), worker("w"));
        if is_told {
            put(&club, &StoreKey::of("told", ["a", "f"]), &told()[0]);
        }
        let mut fields = Vec::new();
        for also in ["shirt", "shirt", "shoe"] {
            *club.also.lock().unwrap() = vec!["shirt", also];
            club.ask("a/f");
            for notice in club.tick(&mut worker).notices {
                let What::SchemaDrift { undeclared, .. } = notice.what else { continue };
                fields.extend(undeclared);
            }
            club.watch.wait(minutes(2));
        }
        assert_eq!(fields, expected);
    }
}

#[test]
fn a_time_that_an_earlier_version_told_of_is_not_told_again() {
    for (is_told, expected) in [(false, 1), (true, 0)] {
        let (club, right) = (Club::new(), Club::new().now());
        club.watch.set(right + TimeDelta::days(365));
        club.ask("a/f");
        assert!(club.attempt(&mut worker("ahead")).is_some());
        club.watch.set(right + minutes(5));
        if is_told {
            put(&club, &StoreKey::of("told_skew", ["f"]), &told()[1]);
        }
        club.ask("a/f");
        let (mut worker, mut ahead) = (worker("right"), 0);
        for _ in 0..6 {
            let notices = club.tick(&mut worker).notices;
            ahead += notices.iter().filter(|notice| matches!(notice.what, What::TimesAhead { .. })).count();
        }
        assert_eq!(ahead, expected);
    }
}

/// What was told is not guessed from a record of a later version: the attempt ends, and the record is told as broken.
#[test]
fn what_a_later_version_told_is_left_as_it_is() {
    let (club, mut worker) = (Club::new(), worker("w"));
    let key = StoreKey::of("told", ["a", "f"]);
    let mut later = told()[0].clone();
    later["format"] = 2.into();
    put(&club, &key, &later);
    club.ask("a/f");
    let tick = club.tick(&mut worker);
    let [(broken, problem)] = &tick.broken[..] else { panic!("{:?}", tick.broken) };
    assert_eq!((broken, problem.as_str()), (&key, "what was told has format 2, this version reads up to 1"));
    let kept = block_on(club.queue.store().get(&key)).unwrap().unwrap();
    assert_eq!(serde_json::from_slice::<Json>(&kept.row.bytes).unwrap(), later);
}

/// An earlier version noted each success in the connection. Now nothing changes that but people and schedules.
#[test]
fn the_last_success_is_that_of_the_health_or_what_an_earlier_version_has_stored() {
    let (club, mut worker) = (Club::new(), worker("w"));
    let (org, start) = ("ballybeg".parse::<OrgId>().unwrap(), club.now());
    let mut connection = Connection::new("federation".parse().unwrap(), "The source", "p".parse().unwrap());
    connection = connection.org(org.clone(), "F-17".parse().unwrap(), start);
    let shown = || {
        let stored = block_on(club.queue.connection(&"federation".parse().unwrap())).unwrap().unwrap();
        stored.connection().orgs[&org].last_success
    };
    block_on(club.queue.connect(&connection, start)).unwrap();
    assert_eq!(shown(), None);
    connection.succeeded(&org, start);
    block_on(club.queue.connect(&connection, start)).unwrap();
    assert_eq!(shown(), Some(start));
    let stored = || block_on(club.queue.store().get(&StoreKey::of("connection", ["federation"]))).unwrap().unwrap();
    let before = stored();
    club.watch.wait(TimeDelta::hours(1));
    club.ask("ballybeg/federation");
    assert!(club.attempt(&mut worker).is_some());
    assert!(shown() >= Some(start + TimeDelta::hours(1)));
    assert_eq!(stored(), before);
    // What was before the organisation was connected anew is none of its successes.
    let anew = connection.org(org.clone(), "F-18".parse().unwrap(), club.now() + TimeDelta::seconds(1));
    block_on(club.queue.connect(&anew, club.now())).unwrap();
    assert_eq!(shown(), None);
}
