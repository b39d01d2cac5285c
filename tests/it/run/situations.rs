//! Each situation that a record can be in.

use super::*;
use crate::support::audited_fields;

fn two() -> (Policy, MemoryStore) {
    let policy = members();
    let store = after_one_night(&policy, &[("7", member("Áine", "1")), ("8", member("Seán", "1"))]);
    (policy, store)
}

fn one_of_two(schema: &Schema) -> Listing {
    listing(schema, &[("7", member("Áine", "1"))])
}

#[test]
fn who_is_missing_from_a_partial_listing_stays() {
    let (policy, store) = two();
    let report = night(&policy, &store, &one_of_two(policy.schema()).partial()).report;
    assert_eq!((report.counts.deactivated, presence(&store, "8")), (0, Presence::Active));
}

/// Feeds one page by hand.
fn one_page(policy: &Policy, store: &MemoryStore, page: Page) -> Report {
    let mut page = Some(page);
    let mut step = run(policy, "night").start();
    loop {
        step = match step {
            Step::Fetching(s) => s.resume(page.take().unwrap()),
            Step::Committing(s) => {
                use tripartite::store::RecordStore;
                let Ok(outcomes) = tripartite::drive::block_on(store.commit(s.request()));
                s.resume(outcomes)
            }
            Step::Done(done) => return done.report,
            other => looked(other, &Listing::new(Vec::new()), store),
        };
    }
}

#[test]
fn a_listing_whose_count_is_wrong_is_not_complete() {
    for (total, deactivated, withheld) in [(None, 1, 0), (Some(1), 1, 0), (Some(2), 0, 1), (Some(0), 0, 1)] {
        let (policy, store) = two();
        let items = vec![Item::Record(said("7", record(policy.schema(), member("Áine", "1"))))];
        let report = one_page(&policy, &store, Page::new(items, Next::Complete { total }));
        assert_eq!((report.counts.deactivated, report.withheld), (deactivated, withheld), "{total:?}");
    }
}

/// Also where the torn record is the only one that is not listed, and its id can be read.
#[test]
fn a_listing_that_breaks_off_takes_nobody_for_missing_and_says_why() {
    for (torn, withheld) in [(None, 1), (Some("9"), 1), (Some("8"), 0)] {
        let (policy, store) = two();
        let seven = Item::Record(said("7", record(policy.schema(), member("Áine", "1"))));
        let items = [Some(seven), torn.map(|id| malformed(Some(id)))].into_iter().flatten().collect();
        let problem = "line 2 ends inside a text".to_owned();
        let report = one_page(&policy, &store, Page::new(items, Next::BrokenOff { problem: problem.clone() }));
        assert_eq!((report.counts.deactivated, report.withheld), (0, withheld), "{torn:?}");
        assert_eq!((report.outcome, report.incomplete), (RunOutcome::Partial, Some(Incomplete::BrokenOff { problem })));
        assert_eq!(presence(&store, "8"), Presence::Active);
    }
}

fn malformed(id: Option<&str>) -> Item {
    Item::Malformed(Malformed::new("line 2", "is no object").id(id.map(ext)))
}

/// The guards take for the size of a listing what is trusted to be its size: records, each once, however often it has them.
#[test]
fn a_listing_that_repeats_itself_is_no_larger() {
    let policy = members();
    for times in [1, 2] {
        let store = MemoryStore::new(policy.schema().clone());
        let all = crowd(70).into_iter().map(|(id, member)| Item::Record(said(&id, record(policy.schema(), member))));
        let unread = (0..30).map(|at| malformed(Some(&format!("x-{at}"))));
        let once: Vec<Item> = all.chain(unread).collect();
        let items = std::iter::repeat_n(once, times).flatten().collect();
        let guards = Guards::default().quarantined(Limit::percent(20));
        let step = run(&policy, "night").guards(guards).start();
        let Ok(done) = drive_blocking(step, &Listing::new(items), &store) else { panic!() };
        assert_eq!((done.report.outcome, done.report.counts.quarantined), (RunOutcome::Blocked, 30), "{times}");
    }
}

/// What cannot be read and has no id could be anybody, so nobody is missing; with its id it is that record alone.
#[test]
fn what_is_malformed_is_not_missing() {
    for (id, deactivated, withheld, says) in
        [(None, 0, 1, "it could be 8"), (Some("8"), 0, 0, "it is 8"), (Some("9"), 1, 0, "it is somebody else")]
    {
        let (policy, store) = two();
        let seven = Item::Record(said("7", record(policy.schema(), member("Áine", "1"))));
        let report = night(&policy, &store, &Listing::new(vec![seven, malformed(id)])).report;
        let c = report.counts;
        assert_eq!((c.deactivated, report.withheld, c.quarantined), (deactivated, withheld, 1), "{says}");
        assert_eq!((report.outcome, report.set_aside[0].situation), (RunOutcome::Partial, Situation::Malformed));
    }
}

#[test]
fn who_reappears_is_active_again_with_what_users_did_meanwhile() {
    let (policy, store) = two();
    night(&policy, &store, &one_of_two(policy.schema()));
    assert_eq!(presence(&store, "8"), Presence::Deactivated);
    store.edit(&ext("8"), &json!({"phone": "2"})).unwrap();
    let back = listing(policy.schema(), &[("7", member("Áine", "1")), ("8", member("Seán B", "1"))]);
    let report = night(&policy, &store, &back).report;
    assert_eq!((report.counts.reactivated, presence(&store, "8")), (1, Presence::Active));
    assert_eq!(local(policy.schema(), &store, "8"), member("Seán B", "2"));
    assert_eq!(night(&policy, &store, &back).report.counts.unchanged, 2, "and then is in step");
}

/// Who comes back just as they left is active again, too.
#[test]
fn who_reappears_unchanged_is_active_again() {
    let (policy, store) = two();
    night(&policy, &store, &one_of_two(policy.schema()));
    let same = listing(policy.schema(), &[("7", member("Áine", "1")), ("8", member("Seán", "1"))]);
    assert_eq!(night(&policy, &store, &same).report.counts.reactivated, 1);
    assert_eq!(presence(&store, "8"), Presence::Active);
}

/// What a user removed stays removed. It is on record when the source changed it, and not when it only said less.
#[test]
fn who_was_removed_here_stays_removed() {
    for (source, noted, says) in [
        (member("Seán", "1"), 0, "the source is still"),
        (member("Seán ", "1"), 0, "another spelling is no news"),
        (json!({"name": "Seán"}), 0, "it said less, not something else"),
        (member("Seán B", "1"), 1, "the source moved"),
        (json!({"name": "Seán", "phone": null}), 1, "the source emptied a field"),
    ] {
        let (policy, store) = two();
        store.change(&ext("8"), |kept| kept.presence = Presence::Removed).unwrap();
        let lines = store.audit().len();
        let source = listing(policy.schema(), &[("7", member("Áine", "1")), ("8", source)]);
        for _ in 0..2 {
            night(&policy, &store, &source);
        }
        assert_eq!(presence(&store, "8"), Presence::Removed, "{says}");
        assert_eq!(store.audit().len() - lines, noted, "{says}");
        assert_eq!(local(policy.schema(), &store, "8"), member("Seán", "1"), "{says}");
    }
}

/// The same id twice: equal ones are one, different ones are nobody's; in every order, on every page.
#[test]
fn a_record_listed_twice_is_one_or_none() {
    let schema = members().schema().clone();
    let item = |name: &str| Item::Record(said("7", record(&schema, member(name, "1"))));
    let other = || Item::Record(said("8", record(&schema, member("Seán", "1"))));
    for (first, second, duplicates, quarantined) in [("A", "A", 1, 0), ("A", "B", 0, 1), ("B", "A", 0, 1)] {
        for page in 1..4 {
            for place in 0..3 {
                let store = MemoryStore::new(schema.clone());
                let mut items = vec![item(first), item(second)];
                items.insert(place, other());
                let report = night(&members(), &store, &Listing::new(items).pages_of(page)).report;
                let c = report.counts;
                assert_eq!((c.duplicates, c.quarantined, c.processed), (duplicates, quarantined, 2));
                assert_eq!(store.get(&ext("7")).is_some(), quarantined == 0);
                assert!(store.get(&ext("8")).is_some());
            }
        }
    }
}

/// P7 for repetitions: the same id twice in two spellings is one record, on every page, in every mode, every night.
#[test]
fn a_record_listed_twice_in_two_spellings_is_one() {
    let kinds = json!({"name": {"kind": "name", "required": true}, "phone": {"kind": "phone", "region": "IE"}});
    let policy = Policy::new(schema(json!({"strategy": "merge", "fields": kinds})));
    let schema = policy.schema();
    let item = |name: &str, phone: &str| Item::Record(said("7", record(schema, member(name, phone))));
    let (first, spelled) = (item("Áine O'Brien", "087 123 4567"), item("Áine O’Brien ", "+353 87 123 4567"));
    let (other, less) = (item("Áine O'Brien", "087 765 4321"), record(schema, json!({"name": "Áine O'Brien"})));
    for page in 1..4 {
        for mode in [Mode::Planned, Mode::Streaming] {
            let store = MemoryStore::new(schema.clone());
            let night = |items: [&Item; 2]| {
                let listing = Listing::new(items.map(Item::clone).into()).pages_of(page);
                let run = run(&policy, "night").mode(mode);
                let Ok(done) = drive_blocking(run.start(), &listing, &store) else { panic!("nothing breaks") };
                let c = done.report.counts;
                (c.created, c.updated, c.unchanged, c.duplicates, c.quarantined)
            };
            let says = format!("{mode:?}, pages of {page}");
            assert_eq!(night([&first, &spelled]), (1, 0, 0, 1, 0), "new: {says}");
            assert_eq!(local(schema, &store, "7"), member("Áine O'Brien", "087 123 4567"), "the first stands: {says}");
            assert_eq!(night([&first, &spelled]), (0, 0, 1, 1, 0), "as the last night: {says}");
            assert_eq!(night([&spelled, &first]), (0, 0, 1, 1, 0), "turned round: {says}");
            assert_eq!(night([&spelled, &other]).4, 1, "another number: {says}");
            store.edit(&ext("7"), &json!({"phone": "01 677 1234"})).unwrap();
            assert_eq!(night([&other, &other]).3, 1, "{says}");
            assert_eq!(store.get(&ext("7")).unwrap().open.len(), 1, "a conflict is open: {says}");
            let again = item("Áine O'Brien", "+353 87 765 4321");
            assert_eq!(night([&other, &again]), (0, 0, 1, 1, 0), "and told twice: {says}");
            assert_eq!(night([&other, &first]).4, 1, "but not so: {says}");
        }
    }
    let store = MemoryStore::new(schema.clone());
    let report = night(&policy, &store, &Listing::new(vec![first, Item::Record(said("7", less))])).report;
    assert_eq!(report.counts.quarantined, 1, "to say nothing of a phone is not to say the same");
}

#[test]
fn a_new_record_without_a_required_field_is_quarantined() {
    let policy = members();
    for nameless in [json!({"phone": "1"}), json!({"name": null}), json!({"name": "  "})] {
        let store = MemoryStore::new(policy.schema().clone());
        let report = night(&policy, &store, &listing(policy.schema(), &[("7", nameless)])).report;
        assert_eq!((report.counts.quarantined, report.counts.created), (1, 0));
        assert_eq!(report.set_aside[0].problem, "field `name` is required, but has no valid value");
        assert!(store.get(&ext("7")).is_none());
    }
}

/// A user who links a record by hand before the source has it does not lose it to the first complete listing.
#[test]
fn what_was_never_in_step_cannot_be_missing() {
    let (policy, store) = two();
    store.insert(ext("by-hand"), record(policy.schema(), member("Nuala", "1")));
    let same = listing(policy.schema(), &[("7", member("Áine", "1")), ("8", member("Seán", "1"))]);
    assert_eq!(night(&policy, &store, &same).report.counts.deactivated, 0);
    assert_eq!(presence(&store, "by-hand"), Presence::Active);
}

#[test]
fn a_record_has_a_strategy_of_its_own() {
    let (policy, store) = two();
    store.change(&ext("8"), |kept| kept.strategy = Some(Strategy::LocalOwned)).unwrap();
    let moved = listing(policy.schema(), &[("7", member("A", "1")), ("8", member("B", "1"))]);
    night(&policy, &store, &moved);
    assert_eq!(local(policy.schema(), &store, "7")["name"], "A");
    assert_eq!(local(policy.schema(), &store, "8")["name"], "Seán");
    let rules = audited_fields(&store, |entry| entry.rule.clone());
    assert_eq!(rules, ["source: remote_wins", "record: local_owned"]);
}

/// What lies beyond the schema is kept through edits and updates.
#[test]
fn what_the_schema_does_not_know_survives() {
    let policy = members();
    let schema = policy.schema();
    let store = MemoryStore::new(schema.clone());
    store.insert(ext("7"), record(schema, json!({"name": "Áine", "shoe_size": 39})));
    night(&policy, &store, &listing(schema, &[("7", member("Áine", "1"))]));
    store.edit(&ext("7"), &json!({"phone": "2"})).unwrap();
    assert_eq!(local(schema, &store, "7"), json!({"name": "Áine", "phone": "2", "shoe_size": 39}));
}
