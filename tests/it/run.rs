//! Runs: what lands between two steps, what stops a plan, and each situation a record can be in.

mod failures;
mod guards;
mod situations;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use tripartite::audit::{AuditEntry, Situation};
use tripartite::drive::drive_blocking;
use tripartite::memory::{Listing, MemoryStore};
use tripartite::plan::{Blocked, Excess, Guards, Limit};
use tripartite::run::{Incomplete, Mode, Report, RunOutcome, Step};
use tripartite::schema::{Policy, Schema, Strategy};
use tripartite::source::{Item, Malformed, Next, Page};
use tripartite::store::{OpOutcome, Presence};

use crate::support::world::{
    Break, Call, Watched, broken_night, by_hand, finish, listing, local, looked, night, presence, run, state,
};
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
            other => looked(other, &part, &store),
        };
    };
    let c = report.counts;
    assert_eq!((c.processed, c.skipped, c.quarantined, c.unchanged, c.updated, c.created), (1, 1, 0, 0, 0, 0));
}
