//! Stored plans: what their ids cover, plans that are old, and plans that are applied twice.

use serde_json::{Value as Json, json};
use tripartite::memory::{Listing, MemoryStore};
use tripartite::plan::{MadeAfter, Plan, PlanId};
use tripartite::run::{Report, Run, RunOutcome};
use tripartite::schema::Policy;
use tripartite::source::Item;
use tripartite::store::Presence;

use super::{club, eventful, finish};
use crate::support::world::{by_hand, listing, night, run, state};
use crate::support::{ext, record, run_id, said as said_as, schema};

fn read(policy: &Policy, stored: &Json) -> Result<Plan, tripartite::plan::PlanError> {
    Plan::read(policy.schema(), &mut serde_json::Deserializer::from_str(&stored.to_string()))
}

/// Every document that differs from this one in one leaf, or lacks one part.
fn mutations(json: &Json) -> Vec<Json> {
    match json {
        Json::Null => vec![json!("x")],
        Json::Bool(value) => vec![json!(!value)],
        Json::Number(number) => vec![json!(number.as_u64().map_or(0, |number| number ^ 1))],
        Json::String(text) => vec![json!(format!("{text}0")), json!(changed(text))],
        Json::Array(items) => {
            let inside =
                items.iter().enumerate().flat_map(|(at, item)| mutations(item).into_iter().map(move |item| (at, item)));
            let mut all: Vec<Json> = Vec::new();
            for (at, item) in inside {
                let mut items = items.clone();
                items[at] = item;
                all.push(items.into());
            }
            for at in 0..items.len() {
                let mut items = items.clone();
                items.remove(at);
                all.push(items.into());
            }
            all
        }
        Json::Object(fields) => {
            let mut all: Vec<Json> = Vec::new();
            for (name, field) in fields {
                for field in mutations(field) {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), field);
                    all.push(fields.into());
                }
                let mut fields = fields.clone();
                fields.remove(name);
                all.push(fields.into());
            }
            all
        }
    }
}

/// Another text of the same form: a digit for a digit.
fn changed(text: &str) -> String {
    let last = text.chars().last();
    let other = if last == Some('0') { '1' } else { '0' };
    let kept: String = text.chars().take(text.chars().count().saturating_sub(1)).collect();
    format!("{kept}{other}")
}

/// Whatever is changed in the document, it is no longer the plan that has this id. A new field needs no new test.
#[test]
fn every_leaf_of_a_stored_plan_is_in_its_id() {
    let policy = Policy::new(club());
    let stored = serde_json::to_value(eventful().plan.unwrap()).unwrap();
    assert!(read(&policy, &stored).is_ok());
    let all = mutations(&stored);
    assert!(all.len() > 200, "{} are too few to mean anything", all.len());
    for forged in all {
        if let Ok(plan) = read(&policy, &forged) {
            // An optional part that is left out, or spelled in another way, may say the same.
            assert_eq!(serde_json::to_value(&plan).unwrap(), stored, "{forged}");
        }
    }
}

#[test]
fn a_report_of_an_earlier_version_keeps_its_plan_id() {
    let mut report = serde_json::to_value(eventful().report).unwrap();
    report["plan_id"] = json!("7".repeat(32));
    let read: Report = serde_json::from_value(report.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), report);
    assert!("7".repeat(32).parse::<PlanId>().is_err(), "it approves nothing");
}

fn people() -> Policy {
    Policy::new(schema(
        json!({"fields": {"name": {"kind": "text"}, "phone": {"kind": "text", "strategy": "local_wins"}}}),
    ))
}

fn says(name: &str, phone: &str) -> Json {
    json!({"name": name, "phone": phone})
}

/// A plan of a dry run, put into a file and read again.
fn planned(policy: &Policy, store: &MemoryStore, said: &[(&str, Json)]) -> Plan {
    let step = run(policy, "dry").dry().start();
    let plan = finish(by_hand(step, &listing(policy.schema(), said), store, |_| ())).plan.unwrap();
    read(policy, &serde_json::to_value(plan).unwrap()).unwrap()
}

fn applied(policy: &Policy, store: &MemoryStore, plan: Plan) -> Report {
    finish(by_hand(run(policy, "apply").apply(plan), &Listing::new(Vec::new()), store, |_| ())).report
}

#[test]
fn an_old_plan_takes_back_nothing_that_a_newer_run_wrote() {
    let policy = people();
    let store = MemoryStore::new(policy.schema().clone());
    let at = |said: &[(&str, Json)]| listing(policy.schema(), said);
    let kept = || says("Kept", "1");
    let _ = night(&policy, &store, &at(&[("changed", says("A", "1")), ("gone", says("B", "1")), ("kept", kept())]));
    let monday = [("changed", says("Monday", "1")), ("new", says("Monday", "1")), ("kept", kept())];
    let old = planned(&policy, &store, &monday);
    let tuesday = [
        ("changed", says("Tuesday", "1")),
        ("gone", says("Back", "1")),
        ("new", says("Tuesday", "2")),
        ("kept", kept()),
    ];
    let _ = night(&policy, &store, &at(&tuesday));
    let (before, audit) = (state(policy.schema(), &store), store.audit().len());
    let report = applied(&policy, &store, old);
    assert_eq!((state(policy.schema(), &store), store.audit().len()), (before, audit));
    assert_eq!(report.outcome, RunOutcome::Partial);
    assert_eq!(report.unwritten.len(), 3, "an update, a creation and a deactivation: {:?}", report.unwritten);
    assert_eq!(store.get(&ext("gone")).map(|kept| kept.presence), Some(Presence::Active));
}

/// That a reader vouched for its doubles is known where an op is planned once more, from a file.
#[test]
fn a_stored_plan_knows_whose_doubles_are_exact() {
    let policy = Policy::new(schema(json!({"fields": {"name": {"kind": "text"}, "at": {"kind": "map"}}})));
    let store = MemoryStore::new(policy.schema().clone());
    let (before, after) = (json!({"name": "A", "at": {}}), json!({"name": "A", "at": {"lat": 47.55705985377181}}));
    let _ = night(&policy, &store, &listing(policy.schema(), &[("7", before)]));
    let said = record(policy.schema(), after.clone()).with_exact_numbers();
    let said = Listing::new(vec![Item::Record(said_as("7", said))]);
    let done = finish(by_hand(run(&policy, "dry").dry().start(), &said, &store, |_| ()));
    let plan = read(&policy, &serde_json::to_value(done.plan.unwrap()).unwrap()).unwrap();
    store.edit(&ext("7"), &json!({"name": "Edited"})).unwrap();
    assert_eq!(applied(&policy, &store, plan).outcome, RunOutcome::Succeeded);
    let kept = store.get(&ext("7")).unwrap().local;
    let expected = record(policy.schema(), json!({"name": "Edited", "at": after["at"]}));
    assert_eq!(kept, expected);
}

/// An edit here is no newer statement of the source: what the plan says of the other field is still due.
#[test]
fn an_edit_here_does_not_make_a_plan_old() {
    let policy = people();
    let store = MemoryStore::new(policy.schema().clone());
    let _ = night(&policy, &store, &listing(policy.schema(), &[("7", says("A", "1"))]));
    let plan = planned(&policy, &store, &[("7", says("B", "1"))]);
    store.edit(&ext("7"), &json!({"phone": "mine"})).unwrap();
    let report = applied(&policy, &store, plan);
    assert_eq!((report.counts.updated, report.counts.skipped), (1, 0));
    assert_eq!(state(policy.schema(), &store)["7"]["local"], says("B", "mine"));
}

/// Updates, creations, deactivations, and touches that only have an audit or a base.
#[test]
fn a_plan_that_is_applied_twice_writes_once() {
    let policy = people();
    let store = MemoryStore::new(policy.schema().clone());
    let ids = ["changed", "edited", "contested", "gone", "same"];
    let first: Vec<_> = ids.iter().map(|id| (*id, says(id, "1"))).collect();
    let _ = night(&policy, &store, &listing(policy.schema(), &first));
    store.edit(&ext("edited"), &json!({"name": "by hand"})).unwrap();
    store.edit(&ext("contested"), &json!({"phone": "mine"})).unwrap();
    let second = [
        ("changed", says("other", "1")),
        ("edited", says("edited", "1")),
        ("contested", says("contested", "2")),
        ("new", says("new", "1")),
        ("same", says("same", "1")),
    ];
    let plan = planned(&policy, &store, &second);
    let once = applied(&policy, &store, plan.clone());
    assert_eq!(once.outcome, RunOutcome::Succeeded);
    let (records, audit) = (state(policy.schema(), &store), store.audit());
    let twice = applied(&policy, &store, plan);
    assert_eq!((state(policy.schema(), &store), store.audit()), (records, audit));
    assert_eq!((twice.outcome, twice.counts.skipped), (RunOutcome::Succeeded, 0));
}

/// What newer runs looked at: of all, of some, and the same plan in part.
fn applied_after(policy: &Policy, store: &MemoryStore, plan: Plan, newer: &[Report]) -> Report {
    let step = run(policy, "apply").since(newer).apply(plan);
    finish(by_hand(step, &Listing::new(Vec::new()), store, |_| ())).report
}

fn some(policy: &Policy, store: &MemoryStore, said: &[(&str, Json)]) -> Report {
    let step = run(policy, "some").only(said.iter().map(|(id, _)| ext(id))).start();
    finish(by_hand(step, &listing(policy.schema(), said), store, |_| ())).report
}

/// The source takes back what it said on Monday before anybody approves Monday's plan, and a newer run finds every record
/// as it is here.
#[test]
fn a_newer_run_that_found_a_record_unchanged_makes_a_plan_old() {
    let policy = people();
    let known = [("a", says("A", "1")), ("b", says("B", "1"))];
    let monday = [("a", says("Monday", "1")), ("b", says("Monday", "1"))];
    for scope in ["all", "some"] {
        let store = MemoryStore::new(policy.schema().clone());
        let _ = night(&policy, &store, &listing(policy.schema(), &known));
        let old = planned(&policy, &store, &monday);
        let newer = match scope {
            "all" => night(&policy, &store, &listing(policy.schema(), &known)).report,
            _ => some(&policy, &store, &known[..1]),
        };
        assert_eq!(newer.counts.updated, 0);
        let report = applied_after(&policy, &store, old, &[newer]);
        let skipped = if scope == "all" { 2 } else { 1 };
        assert_eq!((report.outcome, report.counts.skipped), (RunOutcome::Partial, skipped), "{scope}");
        assert_eq!(report.counts.updated, 2 - skipped, "{scope}: whom no newer run looked at is written");
        assert!(report.unwritten[0].problem.contains("plan once more"), "{:?}", report.unwritten);
        assert_eq!(store.get(&ext("a")).unwrap().local, record(policy.schema(), known[0].1.clone()));
    }
}

/// A newer run has created the record, and the source has given it another id since.
#[test]
fn a_plan_creates_nobody_anew_whom_a_newer_run_created_and_moved() {
    let policy = people();
    let store = MemoryStore::new(policy.schema().clone());
    let said = [("old", says("A", "1"))];
    let old = planned(&policy, &store, &said);
    let mut newer = vec![night(&policy, &store, &listing(policy.schema(), &said)).report];
    let moved = Item::Rekeyed { from: ext("old"), to: ext("new") };
    let record = Item::Record(said_as("new", record(policy.schema(), says("A", "1"))));
    newer.push(night(&policy, &store, &Listing::new(vec![moved, record])).report);
    assert_eq!(store.records().len(), 1);
    let report = applied_after(&policy, &store, old, &newer);
    assert_eq!((report.counts.created, report.counts.skipped, store.records().len()), (0, 1, 1));
}

/// Nothing that was not carried out, or that only carried out a plan, is news of the source.
#[test]
fn runs_that_looked_at_nothing_make_no_plan_old() {
    let policy = people();
    let store = MemoryStore::new(policy.schema().clone());
    let _ = night(&policy, &store, &listing(policy.schema(), &[("a", says("A", "1")), ("b", says("B", "1"))]));
    let monday = [("a", says("Monday", "1")), ("b", says("B", "1"))];
    let plan = planned(&policy, &store, &monday);
    let other = planned(&policy, &store, &[("a", says("A", "1")), ("b", says("Other", "1"))]);
    let dry = finish(by_hand(run(&policy, "dry").dry().start(), &listing(policy.schema(), &monday), &store, |_| ()));
    let blocked = night(&policy, &store, &Listing::new(Vec::new())).report;
    assert_eq!(blocked.outcome, RunOutcome::Blocked);
    let newer = [dry.report, blocked, applied(&policy, &store, other)];
    let once = applied_after(&policy, &store, plan.clone(), &newer);
    assert_eq!((once.outcome, once.counts.updated), (RunOutcome::Succeeded, 1));
    let twice = applied_after(&policy, &store, plan, &[once]);
    assert_eq!(
        (twice.outcome, twice.counts.unchanged),
        (RunOutcome::Succeeded, 1),
        "the rest of a plan is carried out"
    );
}

#[test]
fn what_a_plan_was_made_after_stands_in_its_file_and_not_in_its_id() {
    let policy = people();
    let store = MemoryStore::new(policy.schema().clone());
    let said = listing(policy.schema(), &[("a", says("A", "1"))]);
    let plan = |after: Option<MadeAfter>| {
        let run = run(&policy, "dry").dry();
        let run = after.into_iter().fold(run, Run::made_after);
        finish(by_hand(run.start(), &said, &store, |_| ())).plan.unwrap()
    };
    let plain = plan(None);
    for after in [MadeAfter::NoRun, MadeAfter::Run(run_id("night"))] {
        let made = plan(Some(after.clone()));
        assert_eq!(made.id(), plain.id());
        let stored = serde_json::to_value(&made).unwrap();
        assert_eq!(read(&policy, &stored).unwrap().made_after(), Some(&after));
        for forged in mutations(&stored) {
            if let Ok(plan) = read(&policy, &forged) {
                assert_eq!(serde_json::to_value(&plan).unwrap(), stored, "{forged}");
            }
        }
    }
    assert_eq!(read(&policy, &serde_json::to_value(&plain).unwrap()).unwrap().made_after(), None);
}
