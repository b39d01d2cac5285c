//! Swaps that say where a key was listed: a store may use it, and must not do anything else than without.

use super::Fixture;
use super::probe::{Probe, SHARD, at, due_row, key, row};
use crate::jobs::{Row, Shard, Stored, Swap, SwapOf, Version};

/// A way to do one swap.
type Way<'w, F> = &'w dyn Fn(&Probe<'_, F>, &SwapOf) -> Swap;

/// A swap from what is stored, which tells its mark.
fn telling(before: &Stored, next: Option<Row>) -> SwapOf {
    SwapOf::new(key("a"), Some(before.version), next).former(before.row.mark())
}

/// Moves a key through all that it may be, and deletes it.
fn moves<F: Fixture>(probe: &Probe<'_, F>, way: Way<'_, F>) {
    let mut before = probe.create(&key("a"), due_row("first", at(5), SHARD));
    let other = probe.create(&key("other"), due_row("other", at(5), SHARD));
    let stays = due_row("stays", at(5), SHARD);
    let nexts = [
        stays.clone(),
        due_row("later", at(7), SHARD),
        due_row("elsewhere", at(7), Shard(1)),
        row("never"),
        due_row("again", at(3), SHARD),
    ];
    for next in nexts {
        let swap = telling(&before, Some(next.clone()));
        let Swap::Applied(version) = way(probe, &swap) else { probe.broken("a conflict, where the version was right") };
        // The version is over, and the mark that goes with it opens nothing.
        let late = telling(&before, Some(stays.clone()));
        probe.equal("the answer to a swap from before", &way(probe, &late), &Swap::Conflict);
        before = Stored::new(next, version);
        probe.finds(&key("a"), Some(&before));
        for shard in [SHARD, Shard(1)] {
            let mut listed: Vec<_> =
                before.row.due.filter(|_| before.row.shard == shard).map(|due| (due, key("a"))).into_iter().collect();
            listed.extend((shard == SHARD).then(|| (at(5), key("other"))));
            listed.sort();
            probe.lists(shard, at(10), &listed);
        }
    }
    let wrong = SwapOf::new(key("a"), Some(Version(before.version.0 + 1)), None).former(before.row.mark());
    probe.equal("the answer to a deletion of another version", &way(probe, &wrong), &Swap::Conflict);
    let deleted = way(probe, &telling(&before, None));
    probe.holds(deleted != Swap::Conflict, || "a conflict, where the version was right".to_owned());
    probe.finds(&key("a"), None);
    probe.finds(&key("other"), Some(&other));
    probe.lists(SHARD, at(10), &[(at(5), key("other"))]);
}

cases! { $ __conformance_jobs_former in former:
    /// Do a swap that tells the former mark as one that does not.
    fn former_mark_of_a_swap(probe) {
        moves(probe, &|probe, swap| probe.does(swap));
        let created = SwapOf::new(key("b"), None, Some(due_row("b", at(6), SHARD)));
        probe.holds(probe.does(&created) != Swap::Conflict, || "a conflict, where nothing was".to_owned());
        probe.equal("the answer to a second creation", &probe.does(&created), &Swap::Conflict);
        probe.lists(SHARD, at(10), &[(at(5), key("other")), (at(6), key("b"))]);
    }

    /// Do the same in a batch and in a chain.
    fn former_mark_in_a_batch(probe) {
        let first = |answers: Vec<Swap>| answers.into_iter().next().unwrap_or(Swap::Conflict);
        let none = || SwapOf::new(key("none"), Some(Version(1)), Some(row("replaced, where nothing is")));
        moves(probe, &|probe, swap| first(probe.swap_many(&[swap.clone(), none()])));
        let other = probe.get(&key("other"));
        probe.put(&key("other"), other.map(|stored| stored.version), None);
        moves(probe, &|probe, swap| first(probe.swap_chain(std::slice::from_ref(swap), &[])));
    }
}
