//! Keys that end in a dot: what an earlier version has stored under them is found, and goes on there.

use chrono::{DateTime, Utc};
use tripartite::drive::block_on;
use tripartite::id::PolicyRef;
use tripartite::jobs::{AppendOf, JobStore, LogEntry, ReadOf, StoreKey, SwapOf};
use tripartite::queue::{Outcome, Token};
use tripartite::registry::Connection;

use super::club::{Club, key, minutes, worker};

/// Its connector's id ends in a dot, and so did each key.
const NAME: &str = "ballybeg/federation.";

/// All records of the key and of its connector.
fn records() -> Vec<StoreKey> {
    let of_both = ["slot", "health", "told", "tombstones"].map(|kind| StoreKey::of(kind, ["ballybeg", "federation."]));
    let of_one = ["connection", "gate", "told_skew"].map(|kind| StoreKey::of(kind, ["federation."]));
    of_both.into_iter().chain(of_one).collect()
}

fn history() -> StoreKey {
    StoreKey::of("history", ["ballybeg", "federation."])
}

fn log(club: &Club, log: &StoreKey) -> Vec<LogEntry> {
    let all = DateTime::<Utc>::MIN_UTC..DateTime::<Utc>::MAX_UTC;
    block_on(club.queue.store().read(&ReadOf::new(log.clone(), all, 100))).unwrap().entries
}

/// Which of the records are there, under their keys or under those of before.
fn there(club: &Club, of: impl Fn(&StoreKey) -> StoreKey) -> Vec<StoreKey> {
    let is_there = |key: &StoreKey| block_on(club.queue.store().get(&of(key))).unwrap().is_some();
    records().into_iter().filter(is_there).collect()
}

fn former(key: &StoreKey) -> StoreKey {
    key.former().unwrap()
}

/// A club whose store an earlier version has written: the same records and log, under the keys of before.
fn as_written_before(club: &Club) -> Club {
    let (from, earlier) = (club.queue.store(), Club::new());
    for key in there(club, StoreKey::clone) {
        let stored = block_on(from.get(&key)).unwrap().unwrap();
        let _ = block_on(earlier.queue.store().compare_and_swap(&SwapOf::new(
            former(&key),
            None,
            Some(stored.row.clone()),
        )))
        .unwrap();
    }
    for entry in log(club, &history()) {
        assert!(block_on(earlier.queue.store().append(&AppendOf::new(former(&history()), entry.clone()))).unwrap());
    }
    earlier.watch.set(club.now() + minutes(1));
    earlier
}

#[test]
fn what_was_stored_under_a_key_with_a_dot_at_its_end_goes_on() {
    let club = Club::new();
    let policy = PolicyRef::new("members").unwrap();
    let connection = Connection::new(key(NAME).connector, "The federation", policy);
    block_on(club.queue.connect(&connection, club.now())).unwrap();
    club.ask(NAME);
    assert_eq!(club.attempt(&mut worker("w")).unwrap().token, Token(1));
    club.ask(NAME);
    assert!(there(&club, former).is_empty() && log(&club, &former(&history())).is_empty(), "no key ends in a dot");
    let kinds: Vec<String> = there(&club, StoreKey::clone).iter().map(|key| key.parts().remove(0)).collect();
    assert!(["slot", "health", "connection", "gate"].iter().all(|kind| kinds.iter().any(|of| of == kind)), "{kinds:?}");

    let earlier = as_written_before(&club);
    let attempt = earlier.attempt(&mut worker("w")).unwrap();
    assert_eq!((attempt.token, attempt.outcome), (Token(2), Outcome::Completed { follow_up: false }));
    let ended = |token| (token, "completed".to_owned());
    assert_eq!(earlier.history(NAME), [ended(1), ended(2)]);
    assert!(block_on(earlier.queue.connection(&key(NAME).connector)).unwrap().is_some());
    assert_eq!(earlier.trigger(NAME), Outcome::Enqueued);
    // Nothing has a second record beside the first, in which a lease or a count would begin anew.
    let moved: Vec<StoreKey> = there(&earlier, StoreKey::clone);
    assert!(moved.iter().all(|key| !there(&club, StoreKey::clone).contains(key)), "{moved:?}");
    assert!(log(&earlier, &history()).is_empty());
}
