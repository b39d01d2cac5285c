//! Swaps and entries that take effect together: a store may be unable to, and must not do a part of them.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use super::Fixture;
use super::batch::{add_tags_at_once, swap};
use super::probe::{Probe, SHARD, always, at, due_row, entry, key, patiently, row};
use crate::jobs::{AppendOf, JobStore, ReadOf, Row, StoreKey, Stored, SwapAll, SwapOf, Version};

/// The logs of the entries.
const LOGS: [&str; 2] = ["history", "other"];
/// More often than a call is polled before it answers.
const MOST_POLLS: usize = 1000;

fn appends() -> [AppendOf; 2] {
    [AppendOf::new(key(LOGS[0]), entry(at(1), "1")), AppendOf::new(key(LOGS[1]), entry(at(2), "1"))]
}

/// Checks that the logs have all of some entries, or none of them.
fn logs_have<F: Fixture>(probe: &Probe<'_, F>, promised: bool) {
    for AppendOf { log, entry } in appends() {
        let entries = if promised { vec![entry] } else { vec![] };
        probe.reads(&log, &entries);
    }
}

/// Does swaps and appends entries, and gives the versions where that took effect. Each swap must fit.
fn fitting<F: Fixture>(probe: &Probe<'_, F>, swaps: &[SwapOf], entries: &[AppendOf]) -> Option<Vec<Version>> {
    match probe.swap_all(swaps, entries) {
        SwapAll::Applied(versions) => {
            probe.equal("how many versions there are", &versions.len(), &swaps.len());
            Some(versions)
        }
        SwapAll::Conflict => probe.broken("a conflict, where each version was right"),
        SwapAll::Unable => None,
    }
}

/// What is due.
fn due(name: &str, seconds: i64) -> Row {
    due_row(name, at(seconds), SHARD)
}

/// Polls a future so many times and no more. The answer, if it has one by then.
async fn polled<T>(future: impl Future<Output = T>, times: usize) -> Option<T> {
    let (mut future, mut left) = (pin!(future), times);
    poll_fn(|context| {
        if left > 0
            && let Poll::Ready(answer) = future.as_mut().poll(context)
        {
            return Poll::Ready(Some(answer));
        }
        left = left.saturating_sub(1);
        if left == 0 { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

/// Two swaps and two entries that are done together, under keys of their own.
struct Whole {
    records: [StoreKey; 2],
    logs: [StoreKey; 2],
}

impl Whole {
    fn new(number: usize) -> Self {
        let of = |name: &str| key(&format!("{name} {number}"));
        Self { records: ["replaced", "created"].map(of), logs: LOGS.map(of) }
    }

    /// Does it, and waits no longer than for so many polls. Returns whether there was an answer.
    fn begin<F: Fixture>(&self, probe: &Probe<'_, F>, polls: usize) -> bool {
        let [replaced, created] = &self.records;
        let before = probe.create(replaced, row("before"));
        let after = |key: &StoreKey, expect| SwapOf::new(key.clone(), expect, Some(row("after")));
        let swaps = [after(replaced, Some(before.version)), after(created, None)];
        let entries = self.logs.each_ref().map(|log| AppendOf::new(log.clone(), entry(at(1), "1")));
        probe.block_on(polled(probe.store().swap_all(&swaps, &entries), polls)).is_some()
    }

    /// Checks that all of it is there, or nothing.
    fn is_whole<F: Fixture>(&self, probe: &Probe<'_, F>) {
        let stored = |key| probe.get(key).is_some_and(|stored| stored.row == row("after"));
        let appended = |log: &StoreKey| !probe.read(&ReadOf::new(log.clone(), always(), 10)).entries.is_empty();
        let look = || {
            let ([first, second], [one, other]) = (self.records.each_ref(), self.logs.each_ref());
            [stored(first), stored(second), appended(one), appended(other)]
        };
        let is_whole = |seen: &[bool; 4]| seen.iter().all(|there| *there == seen[0]);
        let seen = patiently(look, is_whole);
        probe.holds(is_whole(&seen), || format!("which of two swaps and two entries took effect: {seen:?}"));
    }
}

cases! { $ __conformance_jobs_all in all:
    /// Do all of several swaps and append all their entries, or change nothing and append nothing.
    fn all_or_nothing(probe) {
        let names = ["changed", "deleted", "kept"];
        let [changed, deleted, kept] = names.map(|name| probe.create(&key(name), due(name, 5)));
        let create = swap("created", None, Some(due("created", 7)));
        let change = swap("changed", Some(changed.version), Some(row("never due")));
        let delete = swap("deleted", Some(deleted.version), None);
        let conflict = swap("kept", Some(Version(kept.version.0 + 1)), Some(row("over it")));
        let nothing = || {
            for (name, stored) in [("created", None), ("changed", Some(&changed)), ("deleted", Some(&deleted))] {
                probe.finds(&key(name), stored);
            }
            logs_have(probe, false);
            probe.lists(SHARD, at(10), &names.map(|name| (at(5), key(name))));
        };
        for place in 0..4 {
            let mut swaps = vec![create.clone(), change.clone(), delete.clone()];
            swaps.insert(place, conflict.clone());
            let answer = probe.swap_all(&swaps, &appends());
            probe.holds(!matches!(answer, SwapAll::Applied(_)), || format!("{answer:?}, where one conflicts"));
            nothing();
        }
        let Some(versions) = fitting(probe, &[create, change, delete], &appends()) else { return nothing() };
        let stored = |row: Row, at: usize| versions.get(at).map(|version| Stored::new(row, *version));
        probe.finds(&key("created"), stored(due("created", 7), 0).as_ref());
        probe.finds(&key("changed"), stored(row("never due"), 1).as_ref());
        probe.finds(&key("deleted"), None);
        probe.finds(&key("kept"), Some(&kept));
        logs_have(probe, true);
        probe.lists(SHARD, at(10), &[(at(5), key("kept")), (at(7), key("created"))]);
    }

    /// Do all or nothing also where the caller no longer waits for the answer.
    fn all_or_nothing_unawaited(probe) {
        let wholes: Vec<_> = (0..MOST_POLLS).map(Whole::new).collect();
        let unanswered = wholes.iter().enumerate().take_while(|(polls, whole)| !whole.begin(probe, *polls)).count();
        // What was under way comes to its end.
        wholes.iter().take(unanswered + 1).for_each(|whole| whole.is_whole(probe));
    }

    /// Append the entries also where some of them are there.
    fn all_with_a_known_entry(probe) {
        let [known, new] = appends();
        probe.append_all(&known.log, std::slice::from_ref(&known.entry));
        let later = AppendOf::new(known.log.clone(), entry(at(9), "1"));
        let swaps = [swap("a", None, Some(row("a"))), swap("b", None, Some(row("b")))];
        let versions = fitting(probe, &swaps, &[later, new]);
        for (place, name) in ["a", "b"].into_iter().enumerate() {
            let stored = versions.as_ref().map(|versions| Stored::new(row(name), versions[place]));
            probe.finds(&key(name), stored.as_ref());
        }
        probe.reads(&key(LOGS[0]), &[known.entry]);
        let new = entry(at(2), "1");
        probe.reads(&key(LOGS[1]), versions.as_ref().map_or(&[], |_| std::slice::from_ref(&new)));
    }

    /// Change nothing where it is unable.
    fn all_where_it_is_unable(probe) {
        let kept = probe.create(&key("kept"), due("kept", 5));
        let replace = swap("kept", Some(kept.version), Some(row("replaced")));
        // The same record twice, which not every store can do together.
        let twice = [swap("kept", Some(kept.version), None), swap("kept", None, Some(row("again")))];
        for swaps in [&twice[..], std::slice::from_ref(&replace)] {
            if let SwapAll::Applied(_) = probe.swap_all(swaps, &appends()) {
                logs_have(probe, true);
                return;
            }
            probe.finds(&key("kept"), Some(&kept));
            logs_have(probe, false);
            probe.lists(SHARD, at(10), &[(at(5), key("kept"))]);
        }
    }

    /// Lose no update to swaps that are done together, however many write at once.
    fn no_update_is_lost_to_all(probe) {
        add_tags_at_once(probe, |swaps| probe.race_all(swaps));
    }
}
