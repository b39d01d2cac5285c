//! Runs: what lands between two steps, what stops a plan, and each situation a record can be in.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use tripartite::audit::{AuditEntry, Situation};
use tripartite::drive::drive_blocking;
use tripartite::memory::{Listing, MemoryStore};
use tripartite::plan::{Blocked, Excess, Guards, Limit};
use tripartite::run::{Done, Incomplete, Mode, Report, RunOutcome, Step};
use tripartite::schema::{Policy, Schema, Strategy};
use tripartite::source::{Item, Malformed, Next, Page};
use tripartite::store::{OpOutcome, Presence};

use crate::support::world::{Break, Call, Watched, broken_night, by_hand, listing, local, night, presence, run, state};
use crate::support::{ext, record, said, schema};

fn members() -> Policy {
    Policy::new(schema(json!({"fields": {"name": {"kind": "name", "required": true}, "phone": {"kind": "text"}}})))
}

fn member(name: &str, phone: &str) -> Json {
    json!({"name": name, "phone": phone})
}

/// A store after its first night.
fn after_one_night(policy: &Policy, records: &[(&str, Json)]) -> MemoryStore {
    let store = MemoryStore::new(policy.schema().clone());
    let report = night(policy, &store, &listing(policy.schema(), records)).report;
    assert_eq!(report.counts.created, records.len() as u64);
    store
}

fn finish(step: Step) -> Done {
    match step {
        Step::Done(done) => done,
        Step::Stopped(stopped) => stopped.finish(),
        _ => panic!("the run is not over"),
    }
}

fn crowd(len: usize) -> Vec<(String, Json)> {
    (0..len).map(|n| (format!("m-{n:04}"), member(&format!("N{n}"), "1"))).collect()
}

fn few(records: &[(String, Json)]) -> Vec<(&str, Json)> {
    records.iter().map(|(id, json)| (id.as_str(), json.clone())).collect()
}

// ---- what lands in between ---------------------------------------------------------------------------------------

/// An edit between load and commit: the record is planned once more, against what the user made of it.
#[test]
fn an_edit_between_load_and_commit_is_planned_once_more() {
    let policy = members();
    let store = after_one_night(&policy, &[("7", member("Áine", "1"))]);
    let moved = listing(policy.schema(), &[("7", member("Áine Ní Bhroin", "1"))]);
    let (mut edits, mut commits) = (0, 0);
    let step = by_hand(run(&policy, "night").start(), &moved, &store, |step| {
        if matches!(step, Step::Committing(_)) {
            commits += 1;
            if commits == 1 {
                store.edit(&ext("7"), &json!({"phone": "2"})).unwrap();
                edits += 1;
            }
        }
    });
    let report = finish(step).report;
    assert_eq!((edits, commits), (1, 2));
    assert_eq!((report.outcome, report.counts.updated), (RunOutcome::Succeeded, 1));
    assert_eq!(local(policy.schema(), &store, "7"), member("Áine Ní Bhroin", "2"), "both changes are there");
}

/// A second edit in the same moment: the record is left to the next run, and nothing is lost.
#[test]
fn a_record_that_changes_twice_is_skipped() {
    let policy = members();
    let store = after_one_night(&policy, &[("7", member("Áine", "1")), ("8", member("Seán", "1"))]);
    let moved = listing(policy.schema(), &[("7", member("Áine B", "1")), ("8", member("Seán B", "1"))]);
    let mut edits = 0;
    let step = by_hand(run(&policy, "night").start(), &moved, &store, |step| {
        if matches!(step, Step::Committing(_)) {
            edits += 1;
            store.edit(&ext("7"), &json!({"phone": edits.to_string()})).unwrap();
        }
    });
    let report = finish(step).report;
    assert_eq!((report.outcome, report.counts.skipped, report.counts.updated), (RunOutcome::Partial, 1, 1));
    assert_eq!(report.unwritten[0].id, ext("7"));
    assert_eq!(local(policy.schema(), &store, "7"), member("Áine", "2"), "the user's work stands");
    assert_eq!(local(policy.schema(), &store, "8"), member("Seán B", "1"), "the other record is through");
    assert_eq!(night(&policy, &store, &moved).report.counts.updated, 1);
    assert_eq!(local(policy.schema(), &store, "7"), member("Áine B", "2"), "the next night makes up for it");
}

/// What is older than the base stays older, also when it is planned once more.
#[test]
fn a_stale_version_is_ignored_and_recorded_also_under_an_edit() {
    let policy = members();
    let schema = policy.schema();
    let of = |version: u64, name: &str| {
        let mut item = said("7", record(schema, member(name, "1")));
        item.version = Some(version);
        Listing::new(vec![Item::Record(item)])
    };
    for edit in [false, true] {
        let store = MemoryStore::new(schema.clone());
        night(&policy, &store, &of(5, "new"));
        let step = by_hand(run(&policy, "late").start(), &of(4, "old"), &store, |step| {
            if edit && matches!(step, Step::Committing(c) if c.request().ops[0].situation == Situation::Stale) {
                // Once: the second time the revision fits.
                let _ = store.get(&ext("7")).filter(|kept| kept.revision.0 == 1).map(|_| {
                    store.edit(&ext("7"), &json!({"phone": "2"})).unwrap();
                });
            }
        });
        assert_eq!(finish(step).report.counts.unchanged, 1);
        assert_eq!(local(schema, &store, "7")["name"], "new", "edit: {edit}");
        let entry = |(_, _, entry): &(_, _, AuditEntry)| matches!(entry, AuditEntry::Record(e) if e.situation == Situation::Stale);
        assert_eq!(store.audit().iter().filter(|line| entry(line)).count(), 1, "it is recorded");
    }
}

/// A version is remembered also when it came with nothing new, once the record is looked at.
#[test]
fn a_version_without_news_is_remembered() {
    use tripartite::plan::plan_linked;
    let policy = members();
    let schema = policy.schema();
    let same = record(schema, member("Áine", "1"));
    let mut loaded = crate::support::linked(schema, Some(same.clone()), same.clone());
    loaded.base.as_mut().unwrap().version = Some(5);
    let mut remote = said("7", same.clone());
    remote.version = Some(7);
    let op = plan_linked(&policy, &remote, &loaded).unwrap();
    assert!(op.is_silent() && op.base.is_some() && op.version == Some(7));
    remote.version = None;
    let op = plan_linked(&policy, &remote, &loaded).unwrap();
    assert_eq!(op.version, Some(5), "a source that does not count takes nothing back");
}

/// A record that is gone when it is planned once more is one thing only: left to the next run.
#[test]
fn a_record_planned_once_more_is_counted_once() {
    let policy = members();
    let store = after_one_night(&policy, &[("7", member("Áine", "1"))]);
    let part = listing(policy.schema(), &[("7", json!({"phone": "2"}))]);
    let mut step = run(&policy, "night").start();
    let mut committed = false;
    let report = loop {
        step = match step {
            Step::Committing(s) if !committed => {
                committed = true;
                s.resume(vec![OpOutcome::Stale])
            }
            Step::Loading(s) if committed => s.resume(tripartite::store::Records::default()),
            Step::Done(done) => break done.report,
            other => by_one(other, &part, &store),
        };
    };
    let c = report.counts;
    assert_eq!((c.processed, c.skipped, c.quarantined, c.unchanged, c.updated, c.created), (1, 1, 0, 0, 0, 0));
}

fn by_one(step: Step, listing: &Listing, store: &MemoryStore) -> Step {
    use tripartite::drive::block_on;
    use tripartite::source::Connector;
    use tripartite::store::RecordStore;
    match step {
        Step::Indexing(s) => {
            let Ok(page) = block_on(store.index(s.request()));
            s.resume(page)
        }
        Step::Fetching(s) => {
            let Ok(page) = block_on(listing.fetch(s.request()));
            s.resume(page)
        }
        Step::Loading(s) => {
            let Ok(loaded) = block_on(store.load(s.request()));
            s.resume(loaded)
        }
        end => end,
    }
}

// ---- what stops a plan -------------------------------------------------------------------------------------------

/// The listing of a night after which `left` of `all` records remain, under these guards.
fn leaving(all: usize, left: usize, guards: Guards) -> (Policy, MemoryStore, Step) {
    let policy = members();
    let crowd = crowd(all);
    let store = after_one_night(&policy, &few(&crowd));
    let rest = listing(policy.schema(), &few(&crowd[..left]));
    let step = by_hand(run(&policy, "night").guards(guards).start(), &rest, &store, |_| ());
    (policy, store, step)
}

#[test]
fn guards_stop_what_is_too_much_and_nothing_else() {
    let limit = |limit| Guards::default().deactivations(limit);
    for (all, left, guards, stopped, says) in [
        (10, 8, Guards::default(), 0, "a fifth may leave"),
        (10, 7, Guards::default(), 1, "three of ten may not"),
        (9, 5, Guards::default(), 0, "below ten, less than half may leave"),
        (9, 4, Guards::default(), 1, "more than half may not"),
        (9, 1, Guards::default(), 1, "nor may eight of nine"),
        (5, 2, Guards::default(), 1, "nor three of five"),
        (3, 1, Guards::default(), 0, "two may always leave"),
        (30, 27, limit(Limit::NONE.absolute(3)), 0, "three are three"),
        (30, 26, limit(Limit::NONE.absolute(3)), 1, "four are more than three"),
        (2, 0, Guards::default(), 1, "an empty listing is an outage"),
        (2, 0, Guards::default().allow_empty(), 0, "unless it is expected"),
        (9, 0, Guards::default().allow_empty(), 1, "and so few that two may leave"),
        (20, 0, Guards::default(), 2, "both reasons are given"),
    ] {
        let (policy, store, step) = leaving(all, left, guards);
        let active = store.records().values().filter(|kept| kept.presence == Presence::Active).count();
        let Step::Stopped(stop) = step else {
            assert_eq!((stopped, active), (0, left), "{says}");
            continue;
        };
        assert_eq!(stop.reasons().len(), stopped, "{says}: {:?}", stop.reasons());
        let report = stop.finish().report;
        assert_eq!((report.outcome, active), (RunOutcome::Blocked, all), "{says}: nothing is written");
        assert_eq!(report.counts.deactivated as usize, all - left, "{says}: what would have been");
        drop(policy);
    }
}

/// Nothing of a blocked plan is written, also what no guard objects to.
#[test]
fn a_blocked_plan_writes_nothing_at_all() {
    let policy = members();
    let store = after_one_night(&policy, &few(&crowd(20)));
    let before = state(policy.schema(), &store);
    let other = listing(policy.schema(), &[("m-0000", member("N0", "2")), ("new", member("New", "1"))]);
    let done = night(&policy, &store, &other);
    assert!(matches!(done.report.blocked[..], [Blocked::Deactivations(Excess { count: 19, population: 20, .. })]));
    assert_eq!(state(policy.schema(), &store), before);
    assert!(store.audit().iter().all(|(_, _, entry)| matches!(entry, AuditEntry::Record(e) if e.action == "create")));
}

#[test]
fn approval_is_of_one_plan() {
    let (_, store, step) = leaving(20, 5, Guards::default());
    let Step::Stopped(stopped) = step else { panic!("it is stopped") };
    let wrong = format!("{:064}", 1).parse().unwrap();
    let Step::Stopped(stopped) = stopped.approve(wrong) else { panic!("the wrong id does not pass") };
    let id = stopped.plan().id();
    let nothing = Listing::new(Vec::new());
    let done = finish(by_hand(stopped.approve(id), &nothing, &store, |_| ()));
    assert_eq!((done.report.outcome, done.report.counts.deactivated), (RunOutcome::Succeeded, 15));
}

/// An approval given before the run passes the same plan, and not the plan of a source that went on.
#[test]
fn approval_ahead_of_the_run_holds_for_the_same_plan_only() {
    for (phone, outcome) in [("1", RunOutcome::Succeeded), ("2", RunOutcome::Blocked)] {
        let (policy, store, step) = leaving(20, 5, Guards::default());
        let approved = finish(step).report.plan_id;
        let mut rest = crowd(5);
        rest[0].1["phone"] = json!(phone);
        let rest = listing(policy.schema(), &few(&rest));
        let again = run(&policy, "approved").approve(approved).start();
        assert_eq!(finish(by_hand(again, &rest, &store, |_| ())).report.outcome, outcome);
    }
}

/// A stored plan whose records have changed is planned once more, against what it saw at the source.
#[test]
fn a_plan_that_waited_does_not_overwrite_what_came_after() {
    let policy = members();
    let store = after_one_night(&policy, &[("7", member("Áine", "1"))]);
    let moved = listing(policy.schema(), &[("7", member("Áine B", "1"))]);
    let step = by_hand(run(&policy, "dry").dry().start(), &moved, &store, |_| ());
    let plan = finish(step).plan.unwrap();
    store.edit(&ext("7"), &json!({"phone": "2"})).unwrap();
    let nothing = Listing::new(Vec::new());
    let done = finish(by_hand(run(&policy, "apply").apply(plan.clone()), &nothing, &store, |_| ()));
    assert_eq!(done.report.counts.updated, 1);
    assert_eq!(local(policy.schema(), &store, "7"), member("Áine B", "2"));
    let other = policy.strategy(Strategy::Enforced).unwrap();
    let done = finish(by_hand(run(&other, "apply").apply(plan), &nothing, &store, |_| ()));
    assert!(matches!(done.report.blocked[..], [Blocked::OtherPolicy { .. }]), "a plan belongs to its policy");
}

#[test]
fn a_dry_run_writes_nothing_and_shows_everything() {
    let policy = members();
    let store = after_one_night(&policy, &[("7", member("Áine", "1"))]);
    let before = (state(policy.schema(), &store), store.audit().len());
    let moved = listing(policy.schema(), &[("7", member("Áine B", "1")), ("8", member("Seán", "1"))]);
    let done = finish(by_hand(run(&policy, "dry").dry().start(), &moved, &store, |_| ()));
    assert!(done.report.dry_run && done.report.outcome == RunOutcome::Succeeded);
    assert_eq!((done.report.counts.updated, done.report.counts.created), (1, 1));
    assert_eq!(done.plan.map(|plan| plan.changes().count()), Some(2));
    assert_eq!((state(policy.schema(), &store), store.audit().len()), before);
}

// ---- situations --------------------------------------------------------------------------------------------------

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
            other => by_one(other, &Listing::new(Vec::new()), store),
        };
    }
}

#[test]
fn a_listing_whose_count_is_wrong_is_not_complete() {
    for (total, deactivated, withheld) in [(None, 1, 0), (Some(1), 1, 0), (Some(2), 0, 1), (Some(0), 0, 1)] {
        let (policy, store) = two();
        let items = vec![Item::Record(said("7", record(policy.schema(), member("Áine", "1"))))];
        let report = one_page(&policy, &store, Page { items, next: Next::Complete { total } });
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
        let report = one_page(&policy, &store, Page { items, next: Next::BrokenOff { problem: problem.clone() } });
        assert_eq!((report.counts.deactivated, report.withheld), (0, withheld), "{torn:?}");
        assert_eq!((report.outcome, report.incomplete), (RunOutcome::Partial, Some(Incomplete::BrokenOff { problem })));
        assert_eq!(presence(&store, "8"), Presence::Active);
    }
}

fn malformed(id: Option<&str>) -> Item {
    Item::Malformed(Malformed { place: "line 2".into(), id: id.map(ext), problem: "is no object".into() })
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
    let rules: Vec<String> = store.audit().iter().filter_map(|(_, _, e)| rule(e)).collect();
    assert_eq!(rules, ["source: remote_wins", "record: local_owned"]);
}

fn rule(entry: &AuditEntry) -> Option<String> {
    match entry {
        AuditEntry::Field(entry) => Some(entry.rule.clone()),
        AuditEntry::Record(_) => None,
    }
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

// ---- failures of the host, and of its schema ---------------------------------------------------------------------

/// The error of the host comes back with the report, whatever call it was.
#[test]
fn a_store_that_breaks_ends_the_run_with_a_report() {
    let policy = members();
    let records = listing(policy.schema(), &[("7", member("Áine", "1"))]);
    for (call, created) in [(0, false), (1, false), (2, false)] {
        let store = MemoryStore::new(policy.schema().clone());
        let watched = Watched::new(&store, Break::Before(call));
        let error = broken_night(run(&policy, "night"), &watched, &records).unwrap_err();
        assert_eq!(error.to_string(), "the records could not be read or written: the store broke");
        assert_eq!(watched.calls().len(), call + 1);
        assert_eq!(store.get(&ext("7")).is_some(), created);
        assert_eq!(night(&policy, &store, &records).report.counts.created, 1, "the next run makes up for it");
    }
}

/// Batches are of the size the host asked for.
#[test]
fn ops_come_in_batches() {
    let policy = members();
    let store = MemoryStore::new(policy.schema().clone());
    let crowd = crowd(25);
    let watched = Watched::new(&store, Break::Never);
    broken_night(run(&policy, "night").batch(10), &watched, &listing(policy.schema(), &few(&crowd))).unwrap();
    let commits: Vec<Call> = watched.calls().into_iter().filter(|call| matches!(call, Call::Commit(_))).collect();
    assert_eq!(commits, [Call::Commit(10), Call::Commit(10), Call::Commit(5)]);
}

/// A store whose host has gone on to another schema: fields are read by their names.
fn migrated(store: &MemoryStore, from: &Schema, to: &Schema) -> MemoryStore {
    let next = MemoryStore::new(to.clone());
    for (id, kept) in store.records() {
        next.insert(id.clone(), to.record(&from.named(&kept.local)).unwrap());
        let base = kept.base.map(|mut base| {
            base.record = to.record(&from.named(&base.record)).unwrap();
            base
        });
        next.change(&id, |it| (it.base, it.synced) = (base, kept.synced)).unwrap();
    }
    next
}

/// A new field has no base, a renamed one keeps its own, and what is no longer of its kind is no base.
#[test]
fn bases_survive_a_change_of_the_schema() {
    let old = schema(json!({"fields": {"name": {"kind": "name"}, "born": {"kind": "text"}}}));
    let store = MemoryStore::new(old.clone());
    night(&Policy::new(old.clone()), &store, &listing(&old, &[("7", json!({"name": "Áine", "born": "spring 1990"}))]));

    let renamed = json!({"kind": "name", "aliases": ["name"]});
    let new = schema(json!({"strategy": "merge", "fields": {
        "full_name": renamed, "born": {"kind": "date"}, "town": {"kind": "name"}
    }}));
    let next = migrated(&store, &old, &new);
    next.edit(&ext("7"), &json!({"full_name": "Áine B", "town": "Cork", "born": "1990-04-01"})).unwrap();
    let source = json!({"full_name": "Áine", "town": "Galway", "born": "1990-05-01"});
    night(&Policy::new(new.clone()), &next, &listing(&new, &[("7", source)]));
    let verdicts: BTreeMap<String, String> = next
        .audit()
        .into_iter()
        .filter_map(|(_, _, entry)| match entry {
            AuditEntry::Field(entry) => Some((entry.field, entry.verdict.to_string())),
            AuditEntry::Record(_) => None,
        })
        .collect();
    let want = [("born", "Conflict(NoBase)"), ("full_name", "LocalOnly(Changed)"), ("town", "Conflict(NoBase)")];
    assert_eq!(verdicts, want.map(|(field, verdict)| (field.to_owned(), verdict.to_owned())).into());
}

/// A number beyond 64 bits that is written canonically is the same number in a stored plan.
#[test]
fn a_stored_plan_keeps_every_digit() {
    let spec = json!({"fields": {"n": {"kind": "integer", "write_canonical": true}}});
    let policy = Policy::new(schema(spec));
    let store = after_one_night(&policy, &[("7", json!({"n": "1"}))]);
    let moved = listing(policy.schema(), &[("7", json!({"n": "+18446744073709551617"}))]);
    let plan = finish(by_hand(run(&policy, "dry").dry().start(), &moved, &store, |_| ())).plan.unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    let stored = tripartite::plan::Plan::read(policy.schema(), &mut serde_json::Deserializer::from_str(&text)).unwrap();
    assert_eq!(stored.id(), plan.id());
}

/// Nothing that is printed shows what a record holds.
#[test]
fn a_plan_in_a_log_shows_no_contact_data() {
    let policy = members();
    let store = after_one_night(&policy, &[("7", member("Áine", "0871234567"))]);
    store.edit(&ext("7"), &json!({"phone": "0861112222"})).unwrap();
    let moved = listing(policy.schema(), &[("7", member("Gráinne", "0853334444"))]);
    let done = finish(by_hand(run(&policy, "dry").dry().start(), &moved, &store, |_| ()));
    let printed = format!("{:?} {:?}", done.plan, done.report);
    for secret in ["Áine", "Gráinne", "0871234567", "0861112222", "0853334444"] {
        assert!(!printed.contains(secret), "{secret}");
    }
}
