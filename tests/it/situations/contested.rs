//! Links that something gets in the way of: users at work, another run, moves, tombstones, and stores that have an id twice.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};

use tripartite::id::ExternalId;
use tripartite::matching::FEW;
use tripartite::plan::Plan;
use tripartite::run::{RunOutcome, Step};
use tripartite::source::Cursor;
use tripartite::store::{Batch, IndexPage, LoadRequest, OpOutcome, RecordStore, Records};

use super::matched::{Town, ambiguous, here, only, person};
use super::*;
use crate::support::world::by_hand;

fn aine() -> Json {
    person("Áine", "aine@example.org")
}

/// A night in which something happens after the plan was made, and before it is written.
fn disturbed(town: &Town, listing: &Listing, mode: Mode, mut disturb: impl FnMut()) -> Report {
    let mut written = false;
    let step = by_hand(town.run().mode(mode).start(), listing, &town.store, |step| {
        if matches!(step, Step::Committing(_)) && !std::mem::replace(&mut written, true) {
            disturb();
        }
    });
    let Step::Done(done) = step else { panic!("a guard stopped it") };
    assert!(written, "there was something to write");
    done.report
}

/// A user is faster than the link, and what they did is seen.
#[test]
fn what_changes_before_a_link_is_written_is_judged_once_more() {
    for mode in [Mode::Planned, Mode::Streaming] {
        let night = |disturb: &dyn Fn(&Town)| {
            let town = Town::of(&[("17", aine())]);
            let listing = Listing::new(vec![town.item("FED-1", aine())]);
            let report = disturbed(&town, &listing, mode, || disturb(&town));
            (town, report)
        };
        let (town, report) = night(&|town| town.edit("17", json!({"phone": "2"})));
        assert_eq!((report.counts.linked, town.linked("FED-1").as_deref()), (1, Some("17")));
        assert_eq!(town.fields("FED-1")["phone"], "1", "merged with the edit, by the policy");
        assert_eq!(
            town.store.audit().iter().filter(|(_, _, it)| matches!(it, AuditEntry::Field(_))).count(),
            1,
            "which is told"
        );

        let (town, report) = night(&|town| town.edit("17", json!({"email": "x@example.org", "name": "Una"})));
        assert_eq!((report.counts.linked, report.counts.created), (0, 1), "it is another one now");
        assert!(town.store.free().contains_key(&here("17")));

        let (town, report) = night(&|town| town.store.link(&here("17"), ext("FED-9")).unwrap());
        assert_eq!(only(&report).situation, Situation::IdentityConflict, "somebody linked it otherwise");
        assert_eq!((town.linked("FED-9").as_deref(), town.linked("FED-1")), (Some("17"), None));

        let (town, report) = night(&|town| town.store.link(&here("17"), ext("FED-1")).unwrap());
        assert_eq!((report.counts.linked, report.counts.unchanged), (0, 1), "somebody linked it likewise");
        assert!(town.store.get(&ext("FED-1")).unwrap().base.is_some());

        let (town, report) = night(&|town| town.enter("18", &person("Ciara", "aine@example.org")));
        assert_eq!((report.counts.linked, town.linked("FED-1").as_deref()), (1, Some("17")), "nothing of 17 changed");

        let (_, report) = night(&|town| {
            town.edit("17", json!({"phone": "2"}));
            town.enter("18", &person("Ciara", "aine@example.org"));
        });
        assert_eq!(only(&report).matched, ambiguous(&["17", "18"], &[]));

        let (_, report) = night(&|town| {
            town.store.change_here(&here("17"), |kept| kept.presence = Presence::Removed).unwrap();
        });
        assert_eq!(report.counts.proposed, 1, "whom a user just removed is not linked");
    }
}

/// The same the other way round: somebody is entered here while the creation is under way.
#[test]
fn who_is_entered_before_a_creation_is_seen_by_the_next_run_alone() {
    let town = Town::new();
    let listing = Listing::new(vec![town.item("FED-1", aine())]);
    let report = disturbed(&town, &listing, Mode::Planned, || town.enter("17", &aine()));
    assert_eq!(report.counts.created, 1, "nobody had the id, and that is all that a creation expects");
    assert_eq!(town.listed(&[town.item("FED-1", aine())]).counts.unchanged, 1);
}

/// What claims a record only after it was judged anew is a rival of whoever claimed it first.
#[test]
fn a_second_look_gives_nobody_away_twice() {
    let town = Town::of(&[("17", aine()), ("18", person("Seán", "sean@example.org"))]);
    let items = vec![town.item("FED-1", aine()), town.item("FED-2", person("Seán", "sean@example.org"))];
    let report = disturbed(&town, &Listing::new(items), Mode::Planned, || {
        town.edit("18", json!({"email": "gone@example.org", "name": "gone"}));
        town.edit("17", json!({"email": "sean@example.org", "name": "Áine"}));
    });
    // 17 is by its address the second now, and by its name still perhaps the first.
    let said: Vec<_> = report.set_aside.iter().map(|aside| aside.matched.clone()).collect();
    assert_eq!(said, [ambiguous(&["17"], &["FED-2"]), ambiguous(&["17"], &["FED-1"])]);
    assert!(town.store.records().is_empty());
}

/// A plan that was stored knows who claimed whom, also what of it was set aside.
#[test]
fn a_stored_plan_gives_nobody_away_twice() {
    let sean = person("Seán", "sean@example.org");
    let night = |begin: &dyn Fn(&Town, &Listing) -> Step| {
        let town = Town::of(&[("17", person("Áine", "old@example.org")), ("18", sean.clone())]);
        let items = vec![town.item("FED-1", person("Áine", "aine@example.org")), town.item("FED-2", sean.clone())];
        let listing = Listing::new(items);
        let edit = || {
            town.edit("18", json!({"email": "gone@example.org", "name": "gone"}));
            town.edit("17", json!({"email": "sean@example.org"}));
        };
        let mut edit = Some(edit);
        let step = by_hand(begin(&town, &listing), &listing, &town.store, |step| {
            if let Some(edit) = edit.take_if(|_| matches!(step, Step::Committing(_))) {
                edit();
            }
        });
        let Step::Done(done) = step else { panic!("a guard stopped it") };
        let said: Vec<_> =
            done.report.set_aside.iter().map(|aside| (aside.id.clone(), aside.matched.clone())).collect();
        (said, town.store.records().len())
    };
    let straight = night(&|town, _| town.run().start());
    let stored = night(&|town, listing| {
        let Ok(done) = drive_blocking(town.run().dry().start(), listing, &town.store) else { unreachable!() };
        let text = serde_json::to_string(&done.plan.unwrap()).unwrap();
        let mut text = serde_json::Deserializer::from_str(&text);
        town.run().apply(Plan::read(town.policy.schema(), &mut text).unwrap())
    });
    // 17 was only proposed for the first; by its address it is the second now.
    assert_eq!(straight.0[1], (Some(ext("FED-2")), ambiguous(&["17"], &["FED-1"])));
    assert_eq!((straight.1, &stored), (0, &straight));
}

/// A key of more than a few is none either when a stored plan is carried out, and one of its records is planned once more.
#[test]
fn a_stored_plan_keeps_that_a_key_of_many_is_none() {
    let town = Town::of(&[("17", person("Nobody", "club@example.org"))]);
    let named = |at: usize| town.item(&format!("FED-{at}"), person(&format!("Áine {at}"), "club@example.org"));
    let listing = Listing::new((0..=FEW).map(named).collect());
    let Ok(done) = drive_blocking(town.run().dry().start(), &listing, &town.store) else { unreachable!() };
    let store = StaleOnce(&town.store, ext("FED-0"), AtomicBool::new(false));
    let report = drive_blocking(town.run().apply(done.plan.unwrap()), &listing, &store).unwrap().report;
    assert_eq!((report.counts.created, report.counts.linked), (FEW as u64 + 1, 0), "{report:?}");
}

/// Says once of a record that it was stale, as where somebody took its id and gave it up again.
struct StaleOnce<'s>(&'s MemoryStore, ExternalId, AtomicBool);

impl RecordStore for StaleOnce<'_> {
    type Error = Infallible;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, Infallible> {
        self.0.index(after).await
    }

    async fn load(&self, wanted: &LoadRequest) -> Result<Records, Infallible> {
        self.0.load(wanted).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, Infallible> {
        let mut batch = batch.clone();
        let is_it = |op: &tripartite::store::Op| op.id == self.1 && !self.2.load(Ordering::Relaxed);
        let stale = batch.ops.iter().position(is_it);
        stale.inspect(|_| self.2.store(true, Ordering::Relaxed)).map(|at| batch.ops.remove(at));
        let mut outcomes = self.0.commit(&batch).await?;
        stale.inspect(|&at| outcomes.insert(at, OpOutcome::Stale));
        Ok(outcomes)
    }
}

/// Two runs have planned the same link: one carries it out, the other finds it done.
#[test]
fn of_two_runs_exactly_one_links() {
    for same in [true, false] {
        let town = Town::of(&[("17", aine())]);
        let of = |id: &str| Listing::new(vec![town.item(id, aine())]).partial();
        let (one, other) = (of("FED-1"), of(if same { "FED-1" } else { "FED-2" }));
        let planned = |listing: &Listing| {
            let mut step = town.run().start();
            while !matches!(step, Step::Committing(_)) {
                step = tripartite::drive::block_on(tripartite::drive::advance(step, listing, &town.store)).unwrap();
            }
            step
        };
        let (first, second) = (planned(&one), planned(&other));
        let end = |step, listing: &Listing| match by_hand(step, listing, &town.store, |_| ()) {
            Step::Done(done) => done.report,
            _ => panic!("a guard stopped it"),
        };
        let (first, second) = (end(first, &one), end(second, &other));
        assert_eq!((first.counts.linked, second.counts.linked), (1, 0));
        assert_eq!(town.linked("FED-1").as_deref(), Some("17"));
        assert_eq!((second.counts.unchanged, second.counts.quarantined), if same { (1, 0) } else { (0, 1) });
        assert_eq!(town.whys().len(), 1, "told once");
    }
}

/// A record that moves to another id is found by its move, not taken for somebody else's.
#[test]
fn a_move_comes_before_a_match() {
    for (mode, page) in [(Mode::Planned, 1), (Mode::Planned, 9), (Mode::Streaming, 1), (Mode::Streaming, 9)] {
        for turned in [false, true] {
            let town = Town::of(&[("17", aine())]);
            town.listed(&[town.item("FED-1", aine())]);
            let moved = Item::Rekeyed { from: ext("FED-1"), to: ext("IE-1") };
            let mut items = vec![moved, town.item("IE-1", person("Áine W", "aine@example.org"))];
            if turned {
                items.reverse();
            }
            let report = town.drive(town.run().mode(mode), &Listing::new(items).pages_of(page));
            assert_eq!((report.outcome, report.counts.rekeyed), (RunOutcome::Succeeded, 1), "{:?}", report.set_aside);
            assert_eq!((town.linked("IE-1").as_deref(), town.linked("FED-1")), (Some("17"), None));
            assert_eq!(town.fields("IE-1")["name"], "Áine W", "and what is said under the new id is taken");
        }
    }
}

/// Another run moves a record after the index was read: its old id is not created a second time, by rules or without,
/// and whatever more is said of it. The next run knows its new one.
#[test]
fn a_link_that_vanished_under_the_run_is_left_to_the_next() {
    let aine = |phone: &str| json!({"name": "Áine", "born": null, "email": "aine@example.org", "phone": phone});
    for (mode, matching) in
        [(Mode::Planned, true), (Mode::Planned, false), (Mode::Streaming, true), (Mode::Streaming, false)]
    {
        for again in [vec![], vec![("FED-7", "3")], vec![("FED-8", "4")]] {
            let town = Town::new();
            town.listed(&[town.item("FED-7", aine("1"))]);
            let said = [("FED-7", "2")].into_iter().chain(again.clone());
            let stale = Listing::new(said.map(|(id, phone)| town.item(id, aine(phone))).collect()).pages_of(1);
            let moved = Item::Rekeyed { from: ext("FED-7"), to: ext("FED-8") };
            let news = [moved, town.item("FED-8", aine("4"))];
            let run = if matching { town.run() } else { town.run().matching([]).unwrap() }.mode(mode);
            let mut other = Some(|| town.listed(&news));
            let step = by_hand(run.start(), &stale, &town.store, |step| {
                if let Some(other) = other.take_if(|_| matches!(step, Step::Loading(_))) {
                    assert_eq!(other().counts.rekeyed, 1);
                }
            });
            let Step::Done(done) = step else { panic!("a guard stopped it") };
            let counts = done.report.counts;
            assert_eq!((counts.created, counts.skipped, counts.quarantined), (0, 1, 0), "{again:?}");
            assert_eq!(counts.processed, counts.skipped + counts.unchanged + counts.updated);
            assert_eq!(done.report.unwritten[0].id, ext("FED-7"));
            assert_eq!((town.linked("FED-7"), town.store.records().len()), (None, 1));
            assert_eq!(town.listed(&news).outcome, RunOutcome::Succeeded);
        }
    }
}

/// The same after the load: the op is stale, and nobody has its id any more.
#[test]
fn a_link_that_vanished_before_the_commit_is_not_created_again() {
    for (mode, matching) in
        [(Mode::Planned, true), (Mode::Planned, false), (Mode::Streaming, true), (Mode::Streaming, false)]
    {
        let town = Town::new();
        town.listed(&[town.item("FED-7", aine())]);
        let stale = Listing::new(vec![town.item("FED-7", person("Áine W", "aine@example.org"))]);
        let news = [Item::Rekeyed { from: ext("FED-7"), to: ext("FED-8") }, town.item("FED-8", aine())];
        let run = if matching { town.run() } else { town.run().matching([]).unwrap() }.mode(mode);
        let mut other = Some(|| town.listed(&news));
        let step = by_hand(run.start(), &stale, &town.store, |step| {
            if let Some(other) = other.take_if(|_| matches!(step, Step::Committing(_))) {
                assert_eq!(other().counts.rekeyed, 1);
            }
        });
        let Step::Done(done) = step else { panic!("a guard stopped it") };
        let counts = done.report.counts;
        // By the rules, it is whom another id is linked to.
        assert_eq!((counts.created, counts.skipped, counts.quarantined), (0, (!matching).into(), matching.into()));
        assert_eq!(counts.processed, 1);
        assert_eq!((town.linked("FED-7"), town.store.records().len()), (None, 1));
    }
}

/// What is not believed claims nobody: the other one is linked.
#[test]
fn what_is_contradicted_or_gone_claims_nobody() {
    for (page, mode) in [(1, Mode::Planned), (9, Mode::Planned), (1, Mode::Streaming)] {
        let town = Town::of(&[("17", aine())]);
        let other = person("Somebody", "else@example.org");
        let twice = [town.item("FED-1", aine()), town.item("FED-2", aine()), town.item("FED-1", other)];
        let report = town.drive(town.run().mode(mode), &Listing::new(twice.to_vec()).pages_of(page));
        assert_eq!(only(&report).situation, Situation::DuplicateRemote);
        assert_eq!((report.counts.linked, town.linked("FED-2").as_deref()), (1, Some("17")));
        assert_eq!(report.counts.processed, 2);

        let town = Town::of(&[("17", aine())]);
        let versioned = |id: &str, version| {
            let mut remote = said(id, record(town.policy.schema(), aine()));
            remote.version = Some(version);
            Item::Record(remote)
        };
        let gone = tombstone("FED-1", Some(7));
        let items = vec![versioned("FED-1", 6), versioned("FED-2", 6), gone];
        let report = town.drive(town.run().mode(mode), &Listing::new(items).pages_of(page));
        assert_eq!((report.counts.linked, report.counts.created, report.counts.quarantined), (1, 0, 0));
        assert_eq!(town.linked("FED-2").as_deref(), Some("17"), "the other is gone");
    }
}

/// A repetition says the same while its record waits for the end.
#[test]
fn a_repetition_of_what_waits_is_one() {
    for (page, mode) in [(1, Mode::Planned), (9, Mode::Planned), (1, Mode::Streaming)] {
        let town = Town::of(&[("17", aine())]);
        let spelt = person("Áine ", "Aine@example.org");
        let items = vec![town.item("FED-1", aine()), town.item("FED-1", spelt), town.item("FED-1", aine())];
        let report = town.drive(town.run().mode(mode), &Listing::new(items).pages_of(page));
        assert_eq!((report.counts.duplicates, report.counts.linked, report.counts.processed), (2, 1, 1));
    }
}

/// A store that has two records for one id, which a database may come to have.
struct Doubled<'a>(&'a MemoryStore, &'static str);

impl RecordStore for Doubled<'_> {
    type Error = Infallible;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, Infallible> {
        self.0.index(after).await
    }

    async fn load(&self, wanted: &LoadRequest) -> Result<Records, Infallible> {
        let mut records = self.0.load(wanted).await?;
        let again: Vec<_> = records.linked.iter().filter(|loaded| loaded.id.as_str() == self.1).cloned().collect();
        records.linked.extend(again);
        Ok(records)
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, Infallible> {
        self.0.commit(batch).await
    }
}

#[test]
fn ambiguous_where_several_here_have_the_id() {
    for mode in [Mode::Planned, Mode::Streaming] {
        let club = Club::of(&["7", "8"]);
        let night = |items: Vec<Item>| {
            let step = club.run().mode(mode).start();
            let Ok(done) = drive_blocking(step, &Listing::new(items), &Doubled(&club.store, "8")) else {
                unreachable!()
            };
            done.report
        };
        let seven = club.item("7", "Áine", "2");
        let gone = tombstone("8", None);
        let moved = Item::Rekeyed { from: ext("7"), to: ext("8") };
        for items in
            [vec![seven.clone(), club.item("8", "Áine", "2")], vec![seven.clone()], vec![seven, gone], vec![moved]]
        {
            let report = night(items);
            let aside = report.set_aside.iter().find(|aside| aside.id.as_ref().is_some_and(|id| id.as_str() == "8"));
            let situation = aside.map(|aside| aside.situation);
            assert!(matches!(situation, Some(Situation::Ambiguous | Situation::IdentityConflict)), "{situation:?}");
            assert_eq!((club.local("8"), club.presence("8")), (member("Áine", "1"), Presence::Active), "left alone");
        }
        assert!(club.told().is_empty());
        assert_eq!(club.local("7")["phone"], "2", "the others are not held up");
    }
}

/// Where several here have the old id of a move, nobody can say which of them moved: who has the new one is neither
/// created nor linked, or there would be one more.
#[test]
fn a_move_from_an_id_that_several_have_makes_nobody() {
    for (page, free) in [(1, false), (9, false), (1, true), (9, true)] {
        let town = Town::of(&[("17", aine())]);
        town.listed(&[town.item("FED-1", aine())]);
        if free {
            town.enter("18", &person("Seán", "sean@example.org"));
        }
        let moved = Item::Rekeyed { from: ext("FED-1"), to: ext("FED-2") };
        let items = vec![town.item("FED-2", person("Seán", "sean@example.org")), moved];
        let listing = Listing::new(items).pages_of(page);
        let Ok(done) = drive_blocking(town.run().start(), &listing, &Doubled(&town.store, "FED-1")) else {
            unreachable!()
        };
        let aside: Vec<_> = done.report.set_aside.iter().map(|aside| (aside.id.clone(), aside.situation)).collect();
        let both = [(Some(ext("FED-1")), Situation::Ambiguous), (Some(ext("FED-2")), Situation::IdentityConflict)];
        assert_eq!(aside, both);
        assert_eq!((done.report.counts.created, done.report.counts.linked, done.report.counts.processed), (0, 0, 2));
        assert_eq!(town.linked("FED-2"), None);
        assert_eq!(town.store.free().len(), usize::from(free));
    }
}
