//! Chains of swaps: the first conflict stops the rest, and a store may roll back what came before it.

use super::Fixture;
use super::batch::{add_tags_at_once, applied, one_after_the_other, swap};
use super::probe::{Probe, SHARD, at, due_row, entry, key, row};
use crate::jobs::{AppendOf, Row, Stored, SwapOf, Version};

/// The logs of the entries.
const LOGS: [&str; 2] = ["history", "other"];

fn appends() -> [AppendOf; 2] {
    [AppendOf::new(key(LOGS[0]), entry(at(1), "1")), AppendOf::new(key(LOGS[1]), entry(at(2), "1"))]
}

/// Checks which swaps took effect: so many from the first on, or none where one conflicts. Returns the versions of all.
fn chained<F: Fixture>(
    probe: &Probe<'_, F>,
    chain: &[SwapOf],
    entries: &[AppendOf],
    promised: usize,
) -> Vec<Option<Version>> {
    let versions: Vec<_> = probe.swap_chain(chain, entries).into_iter().map(applied).collect();
    probe.equal("how many answers there are", &versions.len(), &chain.len());
    let seen: Vec<_> = versions.iter().map(Option::is_some).collect();
    let first: Vec<_> = (0..chain.len()).map(|at| at < promised).collect();
    let rolled_back = promised < chain.len() && !seen.contains(&true);
    probe.holds(seen == first || rolled_back, || format!("which took effect: {seen:?}, instead of {first:?}"));
    versions
}

/// Checks that a key holds a row if its swap took effect, and else what it held before.
fn holds<F: Fixture>(probe: &Probe<'_, F>, name: &str, next: Row, version: Option<Version>, before: Option<&Stored>) {
    let stored = version.map(|version| Stored::new(next, version));
    probe.finds(&key(name), stored.as_ref().or(before));
}

cases! { $ __conformance_jobs_chain in chain:
    /// Do the swaps of a chain as if one after the other, and answer for each in its order.
    fn chain_is_its_swaps(probe) {
        one_after_the_other(probe, |chain| chained(probe, &chain, &[], 4));
        chained(probe, &[], &[], 0);
    }

    /// Do nothing of a chain that comes behind its first conflict, and answer a conflict for that, too.
    fn chain_stops_at_a_conflict(probe) {
        let kept = probe.create(&key("kept"), due_row("kept", at(5), SHARD));
        let changed = probe.create(&key("changed"), due_row("changed", at(6), SHARD));
        let versions = chained(probe, &[
            swap("first", None, Some(row("first"))),
            swap("changed", Some(changed.version), Some(row("never due"))),
            swap("kept", Some(Version(kept.version.0 + 1)), Some(row("over it"))),
            swap("last", None, Some(row("last"))),
            swap("kept", Some(kept.version), None),
        ], &[], 2);
        holds(probe, "first", row("first"), versions[0], None);
        holds(probe, "changed", row("never due"), versions[1], Some(&changed));
        probe.finds(&key("kept"), Some(&kept));
        probe.finds(&key("last"), None);
        let not_changed = versions[1].is_none().then(|| (at(6), key("changed")));
        let due: Vec<_> = [(at(5), key("kept"))].into_iter().chain(not_changed).collect();
        probe.lists(SHARD, at(10), &due);
        // A conflict of the first leaves nothing.
        chained(probe, &[swap("kept", None, Some(row("over it"))), swap("last", None, Some(row("last")))], &[], 0);
        probe.finds(&key("kept"), Some(&kept));
        probe.finds(&key("last"), None);
    }

    /// Append the entries of a chain if all of its swaps took effect, and none otherwise.
    fn chain_appends_at_its_end(probe) {
        let conflict = swap("missing", Some(Version(1)), Some(row("from nothing")));
        chained(probe, &[swap("first", None, Some(row("first"))), conflict], &appends(), 1);
        for log in LOGS {
            probe.reads(&key(log), &[]);
        }
        chained(probe, &[swap("second", None, Some(row("second")))], &appends(), 1);
        for AppendOf { log, entry } in appends() {
            probe.reads(&log, &[entry]);
        }
        // Entries that are there do not stop a chain, and an empty chain has no conflict.
        let other = AppendOf::new(key(LOGS[0]), entry(at(3), "2"));
        chained(probe, &[swap("third", None, Some(row("third")))], &[appends()[0].clone(), other.clone()], 1);
        probe.reads(&key(LOGS[0]), &[appends()[0].entry.clone(), other.entry]);
        let alone = AppendOf::new(key("alone"), entry(at(1), "1"));
        chained(probe, &[], std::slice::from_ref(&alone), 0);
        probe.reads(&key("alone"), &[alone.entry]);
    }

    /// Lose no update to a chain, however many write at once.
    fn no_update_is_lost_to_a_chain(probe) {
        add_tags_at_once(probe, |chain| probe.race_chain(chain));
    }
}
