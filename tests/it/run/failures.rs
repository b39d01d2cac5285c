//! Failures of the host, and of its schema.

use tripartite::failure::Failure;
use tripartite::id::LocalId;
use tripartite::matching::MatchRule;

use super::*;

/// The id in a report is that of the whole plan, however little of it was written.
#[test]
fn a_report_names_the_plan_of_a_run_that_broke_off_or_met_an_edit() {
    let policy = members();
    let (old, new) = (crowd(5), crowd(9));
    let planned = {
        let store = after_one_night(&policy, &few(&old));
        let listed = listing(policy.schema(), &few(&new));
        finish(by_hand(run(&policy, "night").dry().start(), &listed, &store, |_| ())).report.plan_id
    };
    for committed in 0..3 {
        let store = after_one_night(&policy, &few(&old));
        let listed = listing(policy.schema(), &few(&new));
        let start = run(&policy, "night").batch(2).start();
        let mut step = start;
        while !matches!(step, Step::Committing(_)) {
            step = looked(step, &listed, &store);
        }
        for _ in 0..committed {
            let Step::Committing(committing) = step else { panic!("two batches of four creations") };
            let stale = vec![OpOutcome::Stale; committing.request().ops.len()];
            step = committing.resume(stale);
        }
        let done = step.fail(Failure::Retry { after: None });
        assert_eq!(done.report.plan_id, planned, "after {committed} batches");
    }
}

/// A record that is set aside only while the plan is written is no part of the plan.
#[test]
fn a_report_names_the_plan_of_a_run_that_set_somebody_aside_on_the_way() {
    let policy = members();
    let store = MemoryStore::new(policy.schema().clone());
    let listed = listing(policy.schema(), &[("7", member("Áine", "1"))]);
    let rules = [MatchRule::new("phone", ["phone"])];
    let night = || run(&policy, "night").matching(rules.clone()).unwrap();
    let planned = finish(by_hand(night().dry().start(), &listed, &store, |_| ())).report.plan_id;
    let mut step = night().start();
    while !matches!(step, Step::Committing(_)) {
        step = looked(step, &listed, &store);
    }
    let Step::Committing(committing) = step else { panic!("there is a creation") };
    // Somebody with that phone is entered before the creation is planned once more.
    let entered = record(policy.schema(), member("Anne", "1"));
    store.enter(LocalId::new("new").unwrap(), entered).unwrap();
    let step = by_hand(committing.resume(vec![OpOutcome::Stale]), &listed, &store, |_| ());
    let report = finish(step).report;
    assert_eq!((report.set_aside.len(), report.plan_id), (1, planned));
}

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
