//! The list of due keys: a hint that must not lose a key.

use chrono::{DateTime, Utc};

use super::Fixture;
use super::probe::{Probe, SHARD, at, due_row, key, patiently, row};
use crate::conformance::at_once::at_once;
use crate::jobs::{DueOf, DuePage, Shard, StoreKey, Swap, Version};

type Listed = (DateTime<Utc>, StoreKey);

/// Seven keys of which five are due at the same time, in the order they are listed in. Their names are such that a
/// locale's collation has another order than their bytes.
fn crowd() -> Vec<Listed> {
    let same = ["-", "A", "Z", "a", "z"].map(|name| (at(5), key(name)));
    [(at(1), key("y"))].into_iter().chain(same).chain([(at(9), key("B"))]).collect()
}

/// Creates records that are due, the last one first.
fn create<F: Fixture>(probe: &Probe<'_, F>, listed: &[Listed]) {
    for (due, key) in listed.iter().rev() {
        probe.create(key, due_row("due", *due, SHARD));
    }
}

/// Turns all pages; `None` when they do not come to an end.
fn turned<F: Fixture>(probe: &Probe<'_, F>, limit: usize) -> Option<Vec<Listed>> {
    let mut all: Vec<Listed> = Vec::new();
    for _ in 0..100 {
        let DuePage { keys, more } = probe.page(&DueOf::new(SHARD, at(10), limit).after(all.last().cloned()));
        let stuck = keys.is_empty();
        all.extend(keys);
        if !more {
            return Some(all);
        }
        if stuck {
            return None;
        }
    }
    None
}

cases! { $ __conformance_jobs_due in due:
    /// List a key that is due, until a swap says otherwise.
    fn due_until_swapped(probe) {
        let stored = probe.create(&key("a"), due_row("a", at(5), SHARD));
        for later in [5, 6, 100_000] {
            probe.lists(SHARD, at(later), &[(at(5), key("a"))]);
        }
        let version = probe.put(&key("a"), Some(stored.version), Some(&due_row("still due", at(5), SHARD)));
        probe.lists(SHARD, at(5), &[(at(5), key("a"))]);
        probe.put(&key("a"), Some(version), Some(&row("done")));
        probe.lists(SHARD, at(5), &[]);
    }

    /// List what is due exactly at the end of the time asked for.
    fn due_at_the_very_end(probe) {
        create(probe, &[(at(5), key("a"))]);
        probe.lists(SHARD, at(5), &[(at(5), key("a"))]);
    }

    /// List nothing that is due later, and nothing that is never due.
    fn nothing_before_its_time(probe) {
        create(probe, &[(at(5), key("now")), (at(6), key("later"))]);
        probe.create(&key("never"), row("never"));
        probe.lists(SHARD, at(4), &[]);
        probe.lists(SHARD, at(5), &[(at(5), key("now"))]);
    }

    /// List only the keys of the shard asked for.
    fn shards_apart(probe) {
        let shards = [Shard(0), Shard(1), Shard(u16::MAX)];
        for shard in shards {
            probe.create(&key(&shard.0.to_string()), due_row("due", at(5), shard));
        }
        for shard in shards {
            probe.lists(shard, at(5), &[(at(5), key(&shard.0.to_string()))]);
        }
        probe.lists(Shard(2), at(5), &[]);
    }

    /// List the longest due first, and what is due at the same time in the byte order of the keys.
    fn longest_due_first(probe) {
        create(probe, &crowd());
        probe.lists(SHARD, at(10), &crowd());
    }

    /// List at most as many keys as asked for, and say whether there are more.
    fn due_up_to_a_limit(probe) {
        create(probe, &crowd());
        for limit in 1..=8 {
            let keys: Vec<_> = crowd().into_iter().take(limit).collect();
            let page = DuePage::new(keys, limit < 7);
            probe.in_the_end("the page", &page, || probe.due(SHARD, at(10), limit));
        }
        // A key that is not due yet does not count as more.
        let page = DuePage::new(crowd()[..1].to_vec(), false);
        probe.in_the_end("the page", &page, || probe.due(SHARD, at(1), 1));
    }

    /// Turn pages so that every due key is on exactly one, also where many are due at the same time.
    fn due_pages(probe) {
        create(probe, &crowd());
        for limit in 1..=3 {
            probe.in_the_end(&format!("the pages of {limit}"), &Some(crowd()), || turned(probe, limit));
        }
        // A position that nothing stands at any more, and one in the middle of a crowd.
        let behind = (at(5), key("M"));
        let page = DuePage::new(crowd()[3..].to_vec(), false);
        probe.in_the_end("the page", &page, || probe.page(&DueOf::new(SHARD, at(10), 10).after(behind.clone())));
    }

    /// Move a key when a swap changes its time or its shard.
    fn due_moves(probe) {
        let stored = probe.create(&key("a"), due_row("a", at(5), SHARD));
        let later = probe.put(&key("a"), Some(stored.version), Some(&due_row("a", at(7), SHARD)));
        probe.lists(SHARD, at(6), &[]);
        probe.lists(SHARD, at(10), &[(at(7), key("a"))]);
        let earlier = probe.put(&key("a"), Some(later), Some(&due_row("a", at(3), SHARD)));
        probe.lists(SHARD, at(10), &[(at(3), key("a"))]);
        probe.put(&key("a"), Some(earlier), Some(&due_row("a", at(3), Shard(1))));
        probe.lists(SHARD, at(10), &[]);
        probe.lists(Shard(1), at(10), &[(at(3), key("a"))]);
    }

    /// Remove a key when a swap clears its time or deletes it.
    fn due_goes(probe) {
        let [cleared, deleted] = ["cleared", "deleted"].map(|name| {
            probe.create(&key(name), due_row(name, at(5), SHARD))
        });
        probe.put(&key("cleared"), Some(cleared.version), Some(&row("never due")));
        probe.lists(SHARD, at(10), &[(at(5), key("deleted"))]);
        probe.put(&key("deleted"), Some(deleted.version), None);
        probe.lists(SHARD, at(10), &[]);
        probe.create(&key("deleted"), due_row("again", at(8), SHARD));
        probe.lists(SHARD, at(10), &[(at(8), key("deleted"))]);
    }

    /// Lose no due key to a conflict.
    fn due_survives_a_conflict(probe) {
        let stored = probe.create(&key("a"), due_row("a", at(5), SHARD));
        let wrong = Some(Version(stored.version.0 + 1));
        for next in [Some(row("never due")), Some(due_row("later", at(100), SHARD)), None] {
            probe.conflicts(&key("a"), wrong, next.as_ref());
            probe.conflicts(&key("a"), None, next.as_ref());
            probe.lists(SHARD, at(10), &[(at(5), key("a"))]);
        }
    }

    /// Agree with the records once nobody writes any more.
    fn due_agrees_with_the_records(probe) {
        let names = ["a", "b", "c"];
        at_once(8, |racer| for update in 0..30 {
            let key = key(names[(racer + update) % names.len()]);
            let stored = probe.get(&key);
            let next = match (racer + 3 * update) % 5 {
                0 if stored.is_some() => None,
                1 => Some(row("never due")),
                due => Some(due_row("due", at(due as i64), SHARD)),
            };
            let _: Option<Swap> = probe.race_swap(&key, stored.map(|stored| stored.version), next.as_ref());
        });
        let read = || {
            let due = |key| Some((probe.get(&key)?.row.due?, key));
            let mut of_records: Vec<Listed> = names.into_iter().filter_map(|name| due(key(name))).collect();
            of_records.sort();
            (probe.due(SHARD, at(10), 100).keys, of_records)
        };
        let (listed, of_records) = patiently(read, |(listed, of_records)| listed == of_records);
        probe.equal("the due keys", &listed, &of_records);
    }
}
