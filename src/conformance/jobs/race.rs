//! Races: what many writers see. The whole queue depends on the swap's atomicity.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Fixture;
use super::probe::{Probe, key, patiently, row};
use crate::conformance::at_once::{RACERS, at_once};
use crate::jobs::{Row, StoreKey, Stored, Swap, Version};

/// How many keys are raced for.
const ROUNDS: usize = 20;
/// How many updates each racer makes.
const UPDATES: usize = 25;

/// A row with two equal halves, too long to be written in one step.
fn paired(writer: usize, update: usize) -> Row {
    let half = format!("{writer:>4}/{update:>4};").repeat(200);
    row(half.repeat(2))
}

/// What readers saw, or writers wrote.
type Seen = BTreeSet<(Version, Vec<u8>)>;

/// Reads for as long as anybody writes.
fn read_along<F: Fixture>(probe: &Probe<'_, F>, writing: &AtomicUsize) -> Seen {
    let mut seen = Seen::new();
    while writing.load(Ordering::Acquire) > 0 {
        seen.extend(probe.get(&key("a")).map(|stored| (stored.version, stored.row.bytes)));
    }
    seen
}

fn write_along<F: Fixture>(probe: &Probe<'_, F>, writer: usize, writing: &AtomicUsize) -> Seen {
    let _ending = Ending(writing);
    let mut written = Seen::new();
    for update in 1..=4 * UPDATES {
        let expect = probe.get(&key("a")).map(|stored| stored.version);
        let next = paired(writer, update);
        // A conflict means that another thread wrote, which is as good.
        if let Some(Swap::Applied(version)) = probe.race_swap(&key("a"), expect, Some(&next)) {
            written.insert((version, next.bytes));
        }
    }
    written
}

/// Counts a writer out, also one that panics: readers must not wait for it.
struct Ending<'w>(&'w AtomicUsize);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

/// Lets many swaps expect the same, and checks that the one that won is the one that is stored.
fn one_wins<F: Fixture>(probe: &Probe<'_, F>, key: &StoreKey, expect: Option<Version>) {
    let answers = at_once(RACERS, |racer| probe.race_swap(key, expect, Some(&row(format!("of {racer}")))));
    let won: Vec<_> = (0..).zip(&answers).filter(|(_, answer)| matches!(answer, Some(Swap::Applied(_)))).collect();
    let unknown = answers.iter().any(Option::is_none);
    probe.holds(won.len() == 1 || unknown && won.is_empty(), || format!("{} took effect: {won:?}", won.len()));
    if let [(racer, Some(Swap::Applied(version)))] = won[..] {
        probe.finds(key, Some(&Stored::new(row(format!("of {racer}")), *version)));
    }
}

/// Adds a tag to a record, however often others get in the way.
fn add_tag<F: Fixture>(probe: &Probe<'_, F>, key: &StoreKey, tag: [u8; 2]) {
    probe.persist(|| {
        let stored = probe.get(key);
        let tags = stored.as_ref().map_or(&[][..], |stored| &stored.row.bytes);
        // An answer was lost, but its swap was not.
        if tags.chunks(2).any(|known| known == tag) {
            return Some(());
        }
        let next = row([tags, &tag].concat());
        let answer = probe.race_swap(key, stored.map(|stored| stored.version), Some(&next));
        matches!(answer, Some(Swap::Applied(_))).then_some(())
    });
}

/// Checks that a record has the tags of all racers.
pub(super) fn has_all_tags<F: Fixture>(probe: &Probe<'_, F>, key: &StoreKey, racers: usize, updates: usize) {
    let mut promised: Vec<_> = (0..racers).flat_map(|racer| (0..updates).map(move |no| tag(racer, no))).collect();
    promised.sort();
    let read = || {
        let bytes = probe.get(key).map(|stored| stored.row.bytes).unwrap_or_default();
        let mut tags: Vec<[u8; 2]> = bytes.chunks(2).filter_map(|tag| tag.try_into().ok()).collect();
        tags.sort();
        tags
    };
    let seen = patiently(read, |tags| *tags == promised);
    probe.holds(seen == promised, || {
        let lost = promised.iter().filter(|tag| !seen.contains(tag)).count();
        format!("{} updates, of which {lost} are lost and {} there", promised.len(), seen.len())
    });
}

pub(super) fn tag(racer: usize, update: usize) -> [u8; 2] {
    [racer as u8, update as u8]
}

cases! { $ __conformance_jobs_race in race:
    /// Give a record and a version that were stored together, never a torn mixture.
    fn get_is_never_torn(probe) {
        let (writers, readers) = (4, 4);
        let first = probe.create(&key("a"), paired(0, 0));
        let writing = AtomicUsize::new(writers);
        let came = at_once(writers + readers, |number| {
            if number >= writers { read_along(probe, &writing) } else { write_along(probe, number, &writing) }
        });
        let mut written: BTreeMap<Version, Vec<u8>> = came[..writers].iter().flatten().cloned().collect();
        written.insert(first.version, first.row.bytes);
        for (version, bytes) in came[writers..].iter().flatten() {
            let (left, right) = bytes.split_at(bytes.len() / 2);
            probe.holds(left == right, || format!("two halves that were not stored together, as {version:?}"));
            // A version whose writer never had an answer is not known.
            let own = written.get(version).is_none_or(|written| written == bytes);
            probe.holds(own, || format!("{version:?} with a record that is not its own"));
        }
    }

    /// Let one of several swaps that expect the same version take effect, and never two.
    fn one_swap_wins(probe) {
        for round in 0..ROUNDS {
            let key = key(&round.to_string());
            let first = probe.create(&key, row("first"));
            one_wins(probe, &key, Some(first.version));
        }
    }

    /// Let one of several creations of a key take effect, and never two.
    fn one_creation_wins(probe) {
        for round in 0..ROUNDS {
            one_wins(probe, &key(&round.to_string()), None);
        }
    }

    /// Lose no update, however many write at once.
    fn no_update_is_lost(probe) {
        at_once(RACERS, |racer| (0..UPDATES).for_each(|update| add_tag(probe, &key("a"), tag(racer, update))));
        has_all_tags(probe, &key("a"), RACERS, UPDATES);
    }
}
