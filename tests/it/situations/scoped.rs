//! Runs of some records.

use std::convert::Infallible;
use std::sync::Mutex;

use tripartite::drive::block_on;
use tripartite::id::ExternalId;
use tripartite::plan::Blocked;
use tripartite::run::{RunOutcome, Step};
use tripartite::source::{Connector, Cursor, Next, Page};

use super::matched::{Town, person};
use super::*;
use crate::support::world::{Break, Call, Watched, broken_night, state};

impl Club {
    fn only(&self, ids: &[&str], listing: &Listing) -> Report {
        self.drive(self.run().only(ids.iter().copied().map(ext)), listing)
    }
}

/// A source that can only be listed, and counts how often it is asked.
struct Plain {
    listing: Listing,
    asked: Mutex<u32>,
}

impl Connector for Plain {
    type Error = Infallible;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, Infallible> {
        *self.asked.lock().unwrap() += 1;
        self.listing.fetch(after).await
    }
}

#[test]
fn one_record_costs_one_fetch_one_load_and_one_commit() {
    let club = Club::of(&["7", "8", "9"]);
    for item in [club.item("8", "Áine B", "1"), tombstone("8", None), club.item("8", "Áine B", "1")] {
        let listing = Listing::new(vec![club.item("7", "Seán", "1"), item]).pages_of(1);
        let watched = Watched::new(&club.store, Break::Never);
        broken_night(club.run().only([ext("8")]), &watched, &listing).unwrap();
        assert_eq!(watched.calls(), [Call::Load(1), Call::Commit(1)]);
    }
    assert_eq!((club.presence("8"), club.local("8")["name"].clone()), (Presence::Active, json!("Áine B")));
    assert_eq!(club.local("7")["name"], "Áine", "nobody else was looked at");
    let watched = Watched::new(&club.store, Break::Never);
    let listing = Listing::new(vec![club.item("8", "Áine B", "1")]);
    let report = broken_night(club.run().only([ext("8")]), &watched, &listing).unwrap().report;
    assert_eq!((watched.calls(), report.counts.unchanged), (vec![Call::Load(1)], 1), "what is in step is not written");
}

/// A connector that can only list its source works too, and so does one behind a reference.
#[test]
fn any_connector_can_be_asked_for_some_records() {
    let club = Club::of(&["7", "8"]);
    let unreadable = Malformed::new("line 1", "is no object");
    let items = vec![Item::Malformed(unreadable), club.item("7", "Seán", "1"), club.item("8", "Áine B", "1")];
    let plain = Plain { listing: Listing::new(items).pages_of(1), asked: Mutex::default() };
    let Ok(done) = drive_blocking(club.run().only([ext("8")]).start(), &&plain, &club.store) else { panic!("-") };
    let counts = done.report.counts;
    assert_eq!((counts.processed, counts.updated, counts.quarantined), (1, 1, 0), "a nameless line is a whole run's");
    assert_eq!(*plain.asked.lock().unwrap(), 3, "page by page");
    let Ok(page) = block_on(plain.fetch_only(&[ext("8")], Some(&Cursor("2".into()))));
    assert_eq!((page.items.len(), page.next), (1, Next::Partial));
}

/// Whoever the source does not answer for is left alone, also when it says that this is all there is; and it is said.
#[test]
fn who_is_not_answered_for_is_not_missing() {
    let club = Club::of(&["7", "8"]);
    let before = state(club.policy.schema(), &club.store);
    for total in [None, Some(0)] {
        let step = club.run().only(["7", "8", "who"].map(ext)).start();
        let Step::Fetching(step) = step else { panic!("the listing comes first") };
        let Step::Done(done) = step.resume(Page::new(vec![], Next::Complete { total })) else {
            panic!("nothing is to be done")
        };
        assert_eq!((done.report.outcome, done.report.withheld), (RunOutcome::Partial, 0));
        assert_eq!((done.report.counts.unanswered, done.report.unanswered_ids), (3, ["7", "8", "who"].map(ext).into()));
    }
    assert_eq!(state(club.policy.schema(), &club.store), before);
}

/// A record, its end, its move and what cannot be read of it are answers. What is said of nobody, or of others, is none.
#[test]
fn whom_the_source_does_not_answer_for_is_counted_and_named() {
    let broken = |id: Option<&str>| Item::Malformed(Malformed::new("line 2", "-").id(id.map(ext)));
    let rekeyed = |from, to| Item::Rekeyed { from: ext(from), to: ext(to) };
    let club = Club::of(&["7", "8"]);
    for (answer, unanswered) in [
        (club.item("8", "Áine", "2"), 0),
        (tombstone("8", None), 0),
        (tombstone("who", None), 1),
        (broken(Some("8")), 0),
        (rekeyed("8", "9"), 0),
        (rekeyed("9", "8"), 0),
        (broken(None), 1),
        (club.item("7", "Áine", "2"), 1),
    ] {
        let Step::Fetching(step) = club.run().dry().only([ext("8")]).start() else { panic!("the listing comes first") };
        let mut step = step.resume(Page::new(vec![answer.clone()], Next::Partial));
        let report = loop {
            step = match step {
                Step::Done(done) => break done.report,
                step => match block_on(tripartite::drive::advance(step, &Listing::new(vec![]), &club.store)) {
                    Ok(step) => step,
                    Err(_) => panic!("nothing breaks"),
                },
            };
        };
        assert_eq!(report.counts.unanswered, unanswered, "{answer:?}");
        assert_eq!(report.unanswered_ids.len() as u64, unanswered, "{answer:?}");
    }
    let crowd: Vec<ExternalId> = (0..150).map(|n| ext(&format!("m-{n:03}"))).collect();
    let Ok(done) = drive_blocking(club.run().only(crowd.clone()).start(), &Listing::new(vec![]), &club.store) else {
        panic!("nothing breaks")
    };
    assert_eq!(done.report.counts.unanswered, 150, "the count is exact");
    assert_eq!(done.report.unanswered_ids, crowd[..100], "and the list has an end");
}

/// A source may answer for more than it was asked for: that is ignored, and counted.
#[test]
fn what_was_not_asked_for_is_ignored() {
    let club = Club::of(&["7", "8"]);
    let broken = Item::Malformed(Malformed::new("line 2", "-").id(ext("7")));
    let rekeyed = Item::Rekeyed { from: ext("7"), to: ext("9") };
    let items = vec![club.item("7", "Seán", "1"), tombstone("7", None), broken, rekeyed, club.item("8", "Áine B", "1")];
    let Step::Fetching(step) = club.run().only([ext("8")]).start() else { panic!("the listing comes first") };
    let Step::Loading(step) = step.resume(Page::new(items, Next::Partial)) else { panic!("one is to be loaded") };
    assert_eq!(step.request().ids, [ext("8")]);
    let report = step.resume(vec![].into()).fail(tripartite::failure::Failure::Fatal).report;
    assert_eq!((report.counts.ignored, report.counts.processed, report.set_aside.len()), (4, 1, 0));
}

/// Open conflicts are counted of the records that were looked at.
#[test]
fn open_conflicts_of_these_records_are_counted() {
    let club = Club::of(&["7", "8"]);
    club.edit("7", json!({"phone": "2"}));
    club.edit("8", json!({"phone": "2"}));
    let moved = Listing::new(vec![club.item("7", "Áine", "3"), club.item("8", "Áine", "3")]);
    assert_eq!(club.night(&moved).counts.conflicts_open, 2);
    assert_eq!(club.only(&["8"], &moved).counts.conflicts_open, 1);
    let agreed = Listing::new(vec![club.item("8", "Áine", "2")]);
    assert_eq!(club.only(&["8"], &agreed).counts.conflicts_open, 0);
}

/// To the guards, the population is all records that are active here, whichever were asked for.
#[test]
fn a_run_of_some_records_is_measured_against_the_register() {
    let ids: Vec<String> = (0..20).map(|n| format!("m-{n:02}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    for (asked, gone, blocked) in [(20, 4, false), (20, 5, true), (4, 4, false), (9, 9, true), (1, 1, false)] {
        let club = Club::of(&ids);
        let items = ids.iter().enumerate().map(|(n, id)| match n < gone {
            true => tombstone(id, None),
            false => club.item(id, "Áine", "2"),
        });
        let listing = Listing::new(items.collect());
        let step = run(&club.policy, "hook").only(ids[..asked].iter().copied().map(ext)).start();
        let Ok(done) = drive_blocking(step, &listing, &club.store) else { panic!("nothing breaks") };
        assert_eq!(done.report.outcome == RunOutcome::Blocked, blocked, "{gone} of {asked}");
        if let [Blocked::Deactivations(excess)] = &done.report.blocked[..] {
            assert_eq!((excess.count, excess.population), (gone as u64, 20));
        }
    }
}

/// The register is counted where a percentage may stop the run, page by page, and not otherwise.
#[test]
fn the_index_is_read_only_where_a_percentage_may_stop_a_run_of_some_records() {
    let ids: Vec<String> = (0..20).map(|n| format!("m-{n:02}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let strict = || Guards::default().deactivations(Limit::percent(9).at_least(20));
    for (gone, guards, read, outcome) in [
        (2, Guards::default(), false, RunOutcome::Succeeded),
        (3, Guards::default(), true, RunOutcome::Succeeded),
        (2, strict(), true, RunOutcome::Blocked),
        (2, Guards::default().deactivations(Limit::NONE), false, RunOutcome::Succeeded),
    ] {
        let club = Club::of(&ids);
        let listing = Listing::new(ids[..gone].iter().map(|id| tombstone(id, None)).collect());
        let watched = Watched::new(&club.store, Break::Never);
        let hook = run(&club.policy, "hook").guards(guards).only(ids[..gone].iter().copied().map(ext));
        assert_eq!(broken_night(hook, &watched, &listing).unwrap().report.outcome, outcome, "{gone}");
        assert_eq!(watched.calls().contains(&Call::Index), read, "{gone}");
    }
}

/// A record that is asked for again because it changed meanwhile is planned once more, also when it is gone.
#[test]
fn an_edit_between_load_and_commit_of_a_tombstone() {
    let club = Club::of(&["8"]);
    let gone: ExternalId = ext("8");
    let mut step = club.run().only([gone.clone()]).start();
    let listing = Listing::new(vec![tombstone("8", None)]);
    let mut edited = false;
    let report = loop {
        if matches!(step, Step::Committing(_)) && !edited {
            club.edit("8", json!({"phone": "2"}));
            edited = true;
        }
        step = match step {
            Step::Done(done) => break done.report,
            step => match block_on(tripartite::drive::advance(step, &listing, &club.store)) {
                Ok(step) => step,
                Err(_) => panic!("nothing breaks"),
            },
        };
    };
    assert_eq!((report.counts.deactivated, club.presence("8")), (1, Presence::Deactivated));
    assert_eq!(club.told()[0].0, Situation::DeleteVsEdit, "judged with the edit");
}

/// A run of one record finds it as a night does.
#[test]
fn a_run_of_one_record_finds_it() {
    let town = Town::of(&[("17", person("Áine", "aine@example.org"))]);
    let items = vec![
        town.item("FED-1", person("Áine", "aine@example.org")),
        town.item("FED-2", person("Nuala", "nuala@example.org")),
    ];
    let report = town.drive(town.run().only([ext("FED-1")]), &Listing::new(items));
    assert_eq!((report.counts.linked, report.counts.created), (1, 0));
    assert_eq!(town.linked("FED-1").as_deref(), Some("17"));
}
