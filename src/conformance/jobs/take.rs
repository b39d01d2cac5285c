//! Takes: the first of several swaps that takes effect. A store may lock what it takes, and must not take anything else.

use std::collections::BTreeMap;

use super::Fixture;
use super::batch::swap;
use super::probe::{Probe, SHARD, at, due_row, key, row};
use crate::conformance::at_once::{RACERS, at_once};
use crate::jobs::{Row, Shard, Stored, SwapOf, Version};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Four records that are due, one after the other.
fn waiting<F: Fixture>(probe: &Probe<'_, F>) -> [Stored; 4] {
    let mut due = 0;
    NAMES.map(|name| {
        due += 1;
        probe.create(&key(name), due_row(name, at(due), SHARD))
    })
}

/// The row of a record that was taken: due later, and elsewhere.
fn taken_row(name: &str) -> Row {
    due_row(format!("{name} is taken"), at(8), Shard(1))
}

/// Takes of records by the versions that they have, or another one.
fn takes(versions: [Version; 4]) -> [SwapOf; 4] {
    let mut names = NAMES.into_iter();
    versions.map(|version| {
        let name = names.next().unwrap_or_default();
        swap(name, Some(version), Some(taken_row(name)))
    })
}

cases! { $ __conformance_jobs_take in take:
    /// Take the first of several swaps whose version is expected, and say which it was.
    fn take_the_first_that_is_free(probe) {
        let [a, b, c, d] = waiting(probe).map(|stored| stored.version);
        let swaps = takes([Version(a.0 + 1000), b, c, d]);
        let mut had = Vec::new();
        for (place, name) in NAMES.into_iter().enumerate().skip(1) {
            let taken = probe.take(&swaps);
            probe.equal("which was taken", &taken.map(|taken| taken.at), &Some(place));
            had.extend(taken.map(|taken| taken.version));
            let stored = taken.map(|taken| Stored::new(taken_row(name), taken.version));
            probe.finds(&key(name), stored.as_ref());
        }
        probe.lists(SHARD, at(10), &[(at(1), key("a"))]);
        probe.lists(Shard(1), at(10), &["b", "c", "d"].map(|name| (at(8), key(name))));
        // In the order of the swaps, and not of the keys.
        let again = [swap("d", had.get(2).copied(), Some(row("d"))), swap("b", had.first().copied(), Some(row("b")))];
        probe.equal("which was taken", &probe.take(&again).map(|taken| taken.at), &Some(0));
        // A take may also create and delete.
        let others = [swap("b", None, Some(row("b"))), swap("new", None, Some(row("new"))), swap("a", Some(a), None)];
        for place in 1..3 {
            probe.equal("which was taken", &probe.take(&others).map(|taken| taken.at), &Some(place));
        }
        probe.finds(&key("a"), None);
    }

    /// Change nothing of the swaps that it does not take.
    fn take_leaves_the_others(probe) {
        let all = waiting(probe);
        let [a, b, c, d] = [0, 1, 2, 3].map(|place| all[place].version);
        let taken = probe.take(&takes([Version(a.0 + 1000), b, c, d]));
        probe.equal("which was taken", &taken.map(|taken| taken.at), &Some(1));
        for place in [0, 2, 3] {
            probe.finds(&key(NAMES[place]), Some(&all[place]));
        }
        probe.lists(SHARD, at(10), &[(at(1), key("a")), (at(3), key("c")), (at(4), key("d"))]);
    }

    /// Take none where all conflict, and say so.
    fn take_none(probe) {
        let all = waiting(probe);
        let wrong = takes([0, 1, 2, 3].map(|place| Version(all[place].version.0 + 1000)));
        probe.equal("what was taken", &probe.take(&wrong), &None);
        let missing = swap("missing", Some(all[0].version), Some(row("from nothing")));
        probe.equal("what was taken", &probe.take(&[missing, swap("a", None, Some(row("over it")))]), &None);
        probe.equal("what was taken", &probe.take(&[]), &None);
        for (name, stored) in NAMES.iter().zip(&all) {
            probe.finds(&key(name), Some(stored));
        }
        probe.finds(&key("missing"), None);
    }

    /// Take a record once, however many take at once.
    fn take_each_once(probe) {
        let names: Vec<_> = (0..40).map(|no| format!("{no:02}")).collect();
        let versions: Vec<_> = names.iter().map(|name| probe.create(&key(name), due_row("free", at(1), SHARD)).version).collect();
        let free = || names.iter().any(|name| probe.get(&key(name)).is_none_or(|stored| stored.row.bytes == b"free"));
        let answers = at_once(RACERS, |racer| {
            let own = |(name, version): (&String, &Version)| swap(name, Some(*version), Some(row([racer as u8])));
            let swaps: Vec<_> = names.iter().zip(&versions).map(own).collect();
            let mut had = Vec::new();
            probe.persist(|| {
                // After an answer that is lost, somebody has taken one more, or nobody has.
                if let Some(Some(taken)) = probe.race_take(&swaps) {
                    had.push(taken);
                }
                (!free()).then_some(())
            });
            had
        });
        let mut holders = BTreeMap::new();
        for (racer, taken) in answers.iter().enumerate().flat_map(|(racer, had)| had.iter().map(move |taken| (racer, taken))) {
            let before = holders.insert(taken.at, racer);
            probe.holds(before.is_none(), || format!("{} was taken by {before:?} and by {racer}", names[taken.at]));
            probe.finds(&key(&names[taken.at]), Some(&Stored::new(row([racer as u8]), taken.version)));
        }
    }
}
