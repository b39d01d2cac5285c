//! A clock that was a year ahead for one run: what it left is told, passed over and healed.

use chrono::TimeDelta;
use tripartite::drive::block_on;
use tripartite::history::Doing;
use tripartite::id::ExternalId;
use tripartite::registry::Connection;

use super::club::{Club, key, worker};

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
    assert_eq!(block_on(club.queue.set_back_all(&connection.connector, club.now())).unwrap(), 3);
    for key in connection.keys() {
        assert_eq!(block_on(club.queue.status(&key)).unwrap().unwrap().ahead(club.now()), None);
    }
    let night = block_on(club.queue.connection(&connection.connector)).unwrap().unwrap().due().unwrap();
    assert!(night < Some(club.now() + TimeDelta::days(1)), "the schedule fires in the next night");
}

#[test]
fn status_shows_the_attempt_with_the_greatest_token_not_the_greatest_time() {
    let club = Club::new();
    // Without a schedule, so that each attempt is the one that was asked for.
    let mut connection = federation(&club);
    connection.enabled = false;
    run_a_year_ahead(&club, &connection);
    block_on(club.queue.set_back_all(&connection.connector, club.now())).unwrap();
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
