//! A key that more than a few records share names nobody.

use super::*;

fn crowds(report: &tripartite::run::Report) -> Vec<(&str, u64, u64)> {
    report.crowded.iter().map(|crowded| (crowded.rule.as_str(), crowded.keys, crowded.records)).collect()
}

/// `n` people of one e-mail and one birthday, who have names of their own.
fn sharing(n: usize) -> impl Iterator<Item = (String, Json)> {
    (0..n).map(|at| (format!("{at}"), person(&format!("Áine {at}"), "club@example.org")))
}

#[test]
fn a_key_that_more_than_a_few_listed_have_names_nobody_and_is_named() {
    for mode in [Mode::Planned, Mode::Streaming] {
        let town =
            Town::of(&[("17", person("Nobody", "club@example.org")), ("18", person("Áine 3", "own@example.org"))]);
        let items: Vec<Item> = sharing(FEW + 1).map(|(at, fields)| town.item(&format!("FED-{at}"), fields)).collect();
        let report = town.drive(town.run().mode(mode), &Listing::new(items).pages_of(3));
        // The other rule goes on, and whom it does not find is new.
        assert_eq!(
            (report.counts.created, report.counts.proposed, report.counts.linked),
            (FEW as u64, 1, 0),
            "{mode:?}"
        );
        assert_eq!(crowds(&report), [("e-mail", 1, FEW as u64 + 1)], "{mode:?}");
        assert!(!serde_json::to_string(&report.crowded).unwrap().contains("club"), "no value is shown");
    }
}

#[test]
fn a_key_that_a_few_listed_have_is_asked_about() {
    let town = Town::of(&[("17", person("Nobody", "club@example.org"))]);
    let items: Vec<Item> = sharing(FEW).map(|(at, fields)| town.item(&format!("FED-{at}"), fields)).collect();
    let report = town.drive(town.run(), &Listing::new(items).pages_of(3));
    assert_eq!((report.counts.quarantined, report.counts.created), (FEW as u64, 0));
    assert_eq!(report.crowded, []);
}

#[test]
fn a_key_that_more_than_a_few_here_have_names_nobody() {
    let town = Town::new();
    sharing(FEW + 1).for_each(|(local, fields)| town.enter(&local, &fields));
    let report = town.listed(&[town.item("FED-1", person("Ciara", "club@example.org"))]);
    assert_eq!((report.counts.created, report.counts.quarantined), (1, 0));
    assert_eq!(crowds(&report), [("e-mail", 1, 1)]);
    // Nor on the next night, when it is linked.
    let report = town.listed(&[town.item("FED-1", person("Ciara", "club@example.org"))]);
    assert_eq!((report.counts.unchanged, report.crowded), (1, vec![]));
}

/// Counts the candidates that a run is given.
struct Counting<'s>(&'s MemoryStore, AtomicUsize);

impl RecordStore for Counting<'_> {
    type Error = Infallible;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, Infallible> {
        self.0.index(after).await
    }

    async fn load(&self, wanted: &LoadRequest) -> Result<Records, Infallible> {
        let records = self.0.load(wanted).await?;
        self.1.fetch_add(records.candidates.len(), Ordering::Relaxed);
        Ok(records)
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, Infallible> {
        self.0.commit(batch).await
    }
}

/// What a run is given and says grows with the listing, however many share a key: each with each would be four times as
/// much of twice as many.
#[test]
fn the_cost_of_a_shared_key_is_linear() {
    let address = |at: usize, group: usize| format!("club{}@example.org", at / group);
    let cost = |n: usize, group: usize, here: usize| {
        let town = Town::new();
        for at in 0..n.min(here) {
            town.enter(&format!("{at}"), &person(&format!("Here {at}"), &address(at, group)));
        }
        let there =
            (0..n).map(|at| town.item(&format!("FED-{at}"), person(&format!("There {at}"), &address(at, group))));
        let (listing, store) = (Listing::new(there.collect()).pages_of(10), Counting(&town.store, AtomicUsize::new(0)));
        let report = drive_blocking(town.run().start(), &listing, &store).unwrap().report;
        assert_eq!(report.counts.created + report.counts.quarantined + report.counts.linked, n as u64);
        (store.1.into_inner(), serde_json::to_string(&report).unwrap().len())
    };
    // As many here as there, and one here whose address all have.
    let groups = [1, FEW - 1, FEW, FEW + 1, usize::MAX].map(|group| (group, usize::MAX));
    for (group, here) in groups.into_iter().chain([(usize::MAX, 1)]) {
        let ((given, told), (twice_given, twice_told)) = (cost(100, group, here), cost(200, group, here));
        assert!(twice_told < told * 5 / 2, "{group} share a key: {told} bytes, and of twice as many {twice_told}");
        assert!(twice_given <= given * 2 + FEW, "{group} share a key: {given} candidates, then {twice_given}");
        assert!(given <= 100 * (FEW + 1), "{group} share a key: {given} candidates");
    }
}
