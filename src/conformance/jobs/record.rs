//! What a single writer sees of records: [`get`](crate::jobs::JobStore::get) and
//! [`compare_and_swap`](crate::jobs::JobStore::compare_and_swap), keys, bytes and time.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::probe::{SHARD, at, due_row, entry, key, row};
use crate::jobs::{ReadOf, StoreKey, Stored, Version};

/// Keys that a careless store takes for one another.
fn alike() -> Vec<StoreKey> {
    let all_bytes: String = (0..=127u8).map(char::from).collect();
    let names =
        ["a", "A", "á", "a\u{301}", "a ", " a", "a/b", "a=2Fb", "a\0", "a\0b", "", "%", "_", "*", ">", ".", ".."];
    let one = names.into_iter().chain([all_bytes.as_str()]).map(|name| StoreKey::of("case", [name]));
    let two = [("a", "b"), ("a", ""), ("", "a")].map(|(org, connector)| StoreKey::of("case", [org, connector]));
    one.chain(two).chain([StoreKey::of("Case", ["a"]), StoreKey::of("case", [])]).collect()
}

/// The first and the last moment that a store keeps as it is.
pub(super) fn ends_of_time() -> [DateTime<Utc>; 2] {
    // 0001-01-01T00:00:00 and 9999-12-31T23:59:59, both known seconds.
    let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
    [at(-62_135_596_800), at(253_402_300_799)]
}

cases! { $ __conformance_jobs_record in record:
    /// Give nothing for a key that holds no record.
    fn get_of_nothing(probe) {
        probe.finds(&key("never"), None);
        probe.create(&key("other"), row("other"));
        probe.finds(&key("never"), None);
    }

    /// Give the record that was stored, with the version that its swap answered.
    fn get_what_was_stored(probe) {
        let created = probe.create(&key("a"), due_row("one", at(5), SHARD));
        probe.finds(&key("a"), Some(&created));
        let next = row("two");
        let version = probe.put(&key("a"), Some(created.version), Some(&next));
        probe.finds(&key("a"), Some(&Stored::new(next, version)));
    }

    /// Create a record where none is expected, and only where there is none.
    fn create_only_where_nothing_is(probe) {
        let first = probe.create(&key("a"), row("first"));
        probe.conflicts(&key("a"), None, Some(&row("second")));
        probe.finds(&key("a"), Some(&first));
        probe.conflicts(&key("b"), Some(first.version), Some(&row("replaced, where nothing is")));
        probe.finds(&key("b"), None);
    }

    /// Replace a record of the expected version, and of no other.
    fn swap_only_the_expected(probe) {
        let first = probe.create(&key("a"), row("first"));
        let second = probe.put(&key("a"), Some(first.version), Some(&row("second")));
        probe.conflicts(&key("a"), Some(first.version), Some(&row("from an old version")));
        probe.conflicts(&key("a"), Some(Version(second.0 + 1)), Some(&row("from a version to come")));
        probe.finds(&key("a"), Some(&Stored::new(row("second"), second)));
    }

    /// Delete a record of the expected version, and of no other.
    fn delete_only_the_expected(probe) {
        let first = probe.create(&key("a"), row("first"));
        let second = probe.put(&key("a"), Some(first.version), Some(&row("second")));
        probe.conflicts(&key("a"), Some(first.version), None);
        probe.conflicts(&key("a"), None, None);
        probe.finds(&key("a"), Some(&Stored::new(row("second"), second)));
        probe.put(&key("a"), Some(second), None);
        probe.finds(&key("a"), None);
        probe.conflicts(&key("a"), Some(second), None);
    }

    /// Change nothing by a conflict: not the record, not its version, not when it is due.
    fn conflict_changes_nothing(probe) {
        let other = due_row("of the loser", at(1), SHARD);
        let kept = probe.create(&key("a"), due_row("kept", at(5), SHARD));
        probe.conflicts(&key("a"), None, Some(&other));
        probe.conflicts(&key("a"), Some(Version(kept.version.0 + 1)), Some(&other));
        probe.conflicts(&key("b"), Some(kept.version), Some(&other));
        probe.finds(&key("a"), Some(&kept));
        probe.finds(&key("b"), None);
        probe.lists(SHARD, at(10), &[(at(5), key("a"))]);
        // Its version is still the one to expect.
        probe.put(&key("a"), Some(kept.version), Some(&row("next")));
    }

    /// Give a key no version it had before, also not across delete and create.
    fn no_version_twice(probe) {
        let mut had = BTreeSet::new();
        for _ in 0..3 {
            let first = probe.create(&key("a"), row("same"));
            let second = probe.put(&key("a"), Some(first.version), Some(&first.row));
            for version in [first.version, second] {
                probe.holds(had.insert(version), || format!("{version:?} again, after {had:?}"));
            }
            probe.put(&key("a"), Some(second), None);
        }
        let newest = probe.create(&key("a"), row("newest"));
        for version in had {
            probe.conflicts(&key("a"), Some(version), Some(&row("from before the delete")));
        }
        probe.finds(&key("a"), Some(&newest));
    }

    /// Leave all other keys as they are.
    fn other_keys_stay(probe) {
        let [one, two, three] = ["one", "two", "three"].map(|name| probe.create(&key(name), due_row(name, at(5), SHARD)));
        probe.put(&key("two"), Some(two.version), Some(&row("changed")));
        probe.put(&key("three"), Some(three.version), None);
        probe.finds(&key("one"), Some(&one));
        probe.lists(SHARD, at(10), &[(at(5), key("one"))]);
        probe.put(&key("one"), Some(one.version), Some(&row("its version was still right")));
    }

    /// Tell keys apart byte for byte, also those that differ in case or in what is escaped.
    fn keys_apart(probe) {
        let create = |key: &StoreKey| (key.clone(), probe.create(key, row(key.as_str())));
        let stored: Vec<_> = alike().iter().map(create).collect();
        for (key, stored) in &stored {
            probe.finds(key, Some(stored));
        }
    }

    /// Take keys as long as two ids of 512 plain characters make them.
    fn long_keys(probe) {
        let (org, connector) = ("o".repeat(512), "c".repeat(511));
        let [one, two] = ["1", "2"].map(|end| StoreKey::of("slot", [&*org, &*format!("{connector}{end}")]));
        let stored = probe.create(&one, due_row("one", at(1), SHARD));
        probe.finds(&two, None);
        probe.finds(&one, Some(&stored));
        probe.lists(SHARD, at(1), &[(at(1), one)]);
    }

    /// Keep bytes as they are: all 256 values of them, none at all, or a mebibyte.
    fn bytes_as_they_are(probe) {
        let all: Vec<u8> = (0..=255).collect();
        for (name, bytes) in [("all", all.clone()), ("none", vec![]), ("large", all.repeat(4096))] {
            let stored = probe.create(&key(name), row(bytes.clone()));
            probe.finds(&key(name), Some(&stored));
            let logged = crate::jobs::LogEntry { bytes, ..entry(at(1), name) };
            probe.append(&key(name), &logged);
            probe.reads(&key(name), &[logged]);
        }
    }

    /// Keep points in time to the microsecond.
    fn time_to_the_microsecond(probe) {
        let [early, late] = [at(0) + TimeDelta::microseconds(1), at(0) + TimeDelta::microseconds(2)];
        let stored = probe.create(&key("a"), due_row("a", late, SHARD));
        probe.finds(&key("a"), Some(&stored));
        probe.lists(SHARD, early, &[]);
        probe.lists(SHARD, late, &[(late, key("a"))]);
        let entries = [entry(early, "z"), entry(late, "a")];
        probe.append_all(&key("log"), &entries);
        probe.reads(&key("log"), &entries);
        probe.equal("how many were older", &probe.prune_all(&key("log"), late), &1);
    }

    /// Keep points in time of the years 1 to 9999.
    fn time_of_all_years(probe) {
        let [first, last] = ends_of_time();
        for (name, due) in [("first", first), ("last", last)] {
            let stored = probe.create(&key(name), due_row(name, due, SHARD));
            probe.finds(&key(name), Some(&stored));
        }
        probe.lists(SHARD, first, &[(first, key("first"))]);
        probe.lists(SHARD, last, &[(first, key("first")), (last, key("last"))]);
        let entries = [entry(first, "first"), entry(at(0), "now"), entry(last - TimeDelta::microseconds(1), "last")];
        probe.append_all(&key("log"), &entries);
        let reading = ReadOf::new(key("log"), first..last, 10);
        probe.reads_of(&reading, &entries);
    }

    /// Keep a record and a log of the same key apart.
    fn record_and_log_apart(probe) {
        let stored = probe.create(&key("both"), row("record"));
        probe.reads(&key("both"), &[]);
        probe.append_all(&key("both"), &[entry(at(1), "logged")]);
        probe.finds(&key("both"), Some(&stored));
        probe.put(&key("both"), Some(stored.version), None);
        probe.reads(&key("both"), &[entry(at(1), "logged")]);
        probe.prune_all(&key("both"), at(2));
        probe.finds(&key("both"), None);
    }
}
