//! Batches of swaps: a store may do them faster, and must not do them differently.

use super::Fixture;
use super::probe::{Probe, SHARD, at, due_row, key, row};
use super::race::{has_all_tags, tag};
use crate::conformance::at_once::at_once;
use crate::jobs::{Row, Stored, Swap, SwapOf, Version};

/// How many racers there are, and how many batches each writes.
const RACERS: usize = 8;
const BATCHES: usize = 15;

pub(super) fn swap(name: &str, expect: Option<Version>, next: Option<Row>) -> SwapOf {
    SwapOf::new(key(name), expect, next)
}

/// The version that a swap answered; none for a conflict.
pub(super) fn applied(answer: Swap) -> Option<Version> {
    match answer {
        Swap::Applied(version) => Some(version),
        Swap::Conflict => None,
    }
}

/// Checks what four swaps leave behind that all take effect, two of them of one key; `write` answers with their versions.
pub(super) fn one_after_the_other<F: Fixture>(
    probe: &Probe<'_, F>,
    write: impl FnOnce([SwapOf; 4]) -> Vec<Option<Version>>,
) {
    let [changed, deleted, kept] =
        ["changed", "deleted", "kept"].map(|name| probe.create(&key(name), due_row(name, at(5), SHARD)));
    let versions = write([
        swap("created", None, Some(due_row("created", at(7), SHARD))),
        swap("changed", Some(changed.version), Some(row("never due"))),
        swap("deleted", Some(deleted.version), None),
        // The same key once more: what came first is there.
        swap("deleted", None, Some(due_row("again", at(8), SHARD))),
    ]);
    let stored = |row: Row, version: Option<Version>| version.map(|version| Stored::new(row, version));
    probe.finds(&key("created"), stored(due_row("created", at(7), SHARD), versions[0]).as_ref());
    probe.finds(&key("changed"), stored(row("never due"), versions[1]).as_ref());
    probe.finds(&key("deleted"), stored(due_row("again", at(8), SHARD), versions[3]).as_ref());
    probe.finds(&key("kept"), Some(&kept));
    probe.holds(versions[3] != Some(deleted.version), || format!("{:?} again", deleted.version));
    probe.lists(SHARD, at(10), &[(at(5), key("kept")), (at(7), key("created")), (at(8), key("deleted"))]);
}

/// Checks which swaps took effect, and gives the versions of all.
fn swaps<F: Fixture>(probe: &Probe<'_, F>, batch: &[SwapOf], promised: &[bool]) -> Vec<Option<Version>> {
    let versions: Vec<_> = probe.swap_many(batch).into_iter().map(applied).collect();
    let seen: Vec<_> = versions.iter().map(Option::is_some).collect();
    probe.equal("which took effect", &seen, &promised.to_vec());
    versions
}

/// Lets racers add tags to three records, some swaps at a time, and checks that no tag is lost. `swap_all` answers nothing if
/// the swaps may or may not have taken effect.
pub(super) fn add_tags_at_once<F: Fixture>(
    probe: &Probe<'_, F>,
    swap_all: impl Fn(&[SwapOf]) -> Option<Vec<Swap>> + Sync,
) {
    let names = ["a", "b", "c"];
    at_once(RACERS, |racer| {
        for update in 0..BATCHES {
            let tag = tag(racer, update);
            probe.persist(|| {
                let tagged = |name: &&str| {
                    let stored = probe.get(&key(name));
                    let tags = stored.as_ref().map_or(&[][..], |stored| &stored.row.bytes);
                    let next = row([tags, &tag].concat());
                    let missing = !tags.chunks(2).any(|known| known == tag);
                    missing.then(|| swap(name, stored.as_ref().map(|stored| stored.version), Some(next)))
                };
                let batch: Vec<_> = names.iter().filter_map(tagged).collect();
                let answers = if batch.is_empty() { Some(vec![]) } else { swap_all(&batch) };
                // Each tag that is not there yet is tried again.
                answers?.iter().all(|answer| applied(*answer).is_some()).then_some(())
            });
        }
    });
    for name in names {
        has_all_tags(probe, &key(name), RACERS, BATCHES);
    }
}

cases! { $ __conformance_jobs_batch in batch:
    /// Do the swaps of a batch as if one after the other, and answer for each in its order.
    fn batch_is_its_swaps(probe) {
        one_after_the_other(probe, |chain| {
            let twice = swap("created", None, Some(row("twice")));
            swaps(probe, &[&chain[..], &[twice]].concat(), &[true, true, true, true, false])
        });
        swaps(probe, &[], &[]);
    }

    /// Let a conflict in a batch stop nothing that comes behind it.
    fn batch_goes_on_after_a_conflict(probe) {
        let kept = probe.create(&key("kept"), due_row("kept", at(5), SHARD));
        let batch = [
            swap("first", None, Some(row("first"))),
            swap("kept", None, Some(row("over it"))),
            swap("kept", Some(Version(kept.version.0 + 1)), None),
            swap("missing", Some(kept.version), Some(row("from nothing"))),
            swap("last", None, Some(row("last"))),
        ];
        let versions = swaps(probe, &batch, &[true, false, false, false, true]);
        probe.finds(&key("kept"), Some(&kept));
        probe.finds(&key("missing"), None);
        for (name, version) in [("first", versions[0]), ("last", versions[4])] {
            probe.finds(&key(name), version.map(|version| Stored::new(row(name), version)).as_ref());
        }
        probe.lists(SHARD, at(10), &[(at(5), key("kept"))]);
    }

    /// Lose no update to a batch, however many write at once.
    fn no_update_is_lost_to_a_batch(probe) {
        add_tags_at_once(probe, |batch| probe.race_many(batch));
    }
}
