//! Decisions by people: what each answer comes to, that it lasts, and what is refused.

mod laws;
mod private;

use serde_json::{Value as Json, json};
use tripartite::audit::{AuditEntry, FieldEntry};
use tripartite::decide::{Answer, DecideError, Filter, batch, decide, decide_many, explain, restore};
use tripartite::detect::Clash;
use tripartite::drive::block_on;
use tripartite::id::PersonId;
use tripartite::memory::MemoryStore;
use tripartite::schema::{Policy, Privacy, Schema};
use tripartite::store::{Action, LoadRequest, Loaded, OpOutcome, Presence, RecordStore, WHOLE_RECORD};
use tripartite::value::Value;

use crate::support::world::{listing, local, night, presence};
use crate::support::{at, ext, json as as_json, run_id, schema};

pub(crate) fn nuala() -> PersonId {
    PersonId::new("Nuala").unwrap()
}

pub(crate) fn value(json: Json) -> Value {
    serde_json::from_value(json).unwrap()
}

/// Members with a phone, a name of two parts and some preferences; conflicts wait.
fn members() -> (Schema, Policy) {
    let schema = schema(json!({
        "strategy": "merge",
        "fields": {
            "phone": {"kind": "text"},
            "first": {"kind": "text"},
            "last": {"kind": "text", "required": true},
            "prefers": {"kind": "map"},
            "born": {"kind": "date"},
        },
        "groups": {"name": ["first", "last"]},
    }));
    let policy = Policy::new(schema.clone());
    (schema, policy)
}

fn was() -> Json {
    json!({"phone": "1", "first": "Áine", "last": "Walsh", "prefers": {"sms": "no"}, "born": "2001-02-03"})
}

fn with(mut json: Json, changes: Json) -> Json {
    for (key, value) in changes.as_object().unwrap() {
        json[key] = value.clone();
    }
    json
}

/// A store in which a first night was in step, somebody edited and the source moved.
fn disputed(schema: &Schema, policy: &Policy, ours: Json, theirs: Json) -> MemoryStore {
    let store = MemoryStore::new(schema.clone());
    night(policy, &store, &listing(schema, &[("7", was())]));
    store.edit(&ext("7"), &ours).unwrap();
    night(policy, &store, &listing(schema, &[("7", with(was(), theirs))]));
    store
}

pub(crate) fn load(store: &MemoryStore, id: &str) -> Loaded {
    let Ok(mut records) = block_on(store.load(&LoadRequest::of([ext(id)])));
    records.linked.remove(0)
}

pub(crate) fn commit(policy: &Policy, store: &MemoryStore, op: tripartite::store::Op) -> OpOutcome {
    let Ok(mut outcomes) = block_on(store.commit(&batch(policy, run_id("desk"), at(), vec![op], None)));
    outcomes.remove(0)
}

fn answer(policy: &Policy, store: &MemoryStore, unit: &str, answer: Answer) {
    let op = decide(policy, &load(store, "7"), &[(unit, answer)], &nuala()).unwrap();
    assert!(matches!(commit(policy, store, op), OpOutcome::Applied { .. }));
}

/// The first of the two tables in the module's documentation, and a night with each later value.
#[test]
fn what_each_answer_comes_to() {
    let (schema, policy) = members();
    let own = Answer::Value(value(json!("5")));
    let phone = schema.position("phone").unwrap();
    for (given, now, same, newer, open) in
        [(Answer::TakeLocal, "2", "2", "2", 1), (Answer::TakeRemote, "3", "3", "4", 0), (own, "5", "5", "5", 1)]
    {
        let store = disputed(&schema, &policy, json!({"phone": "2"}), json!({"phone": "3"}));
        assert_eq!(load(&store, "7").open.len(), 1);
        answer(&policy, &store, "phone", given.clone());
        let loaded = load(&store, "7");
        assert!(loaded.open.is_empty());
        assert_eq!(local(&schema, &store, "7")["phone"], now, "{}", given.name());
        assert_eq!(loaded.base.unwrap().record.field(phone).text(), Some("3"), "the base is what the person saw");
        for _ in 0..3 {
            let done = night(&policy, &store, &listing(&schema, &[("7", with(was(), json!({"phone": "3"})))]));
            assert_eq!((done.report.counts.conflicts_detected, done.report.counts.updated), (0, 0));
            assert_eq!(local(&schema, &store, "7")["phone"], same);
        }
        night(&policy, &store, &listing(&schema, &[("7", with(was(), json!({"phone": "4"})))]));
        assert_eq!((local(&schema, &store, "7")["phone"].as_str(), load(&store, "7").open.len()), (Some(newer), open));
    }
}

#[test]
fn the_audit_says_who_decided_what() {
    let (schema, policy) = members();
    let store = disputed(&schema, &policy, json!({"phone": "2"}), json!({"phone": "3"}));
    answer(&policy, &store, "phone", Answer::TakeRemote);
    let (run, id, AuditEntry::Field(entry)) = store.audit().pop().unwrap() else { panic!("is about a field") };
    assert_eq!((run.as_str(), id.as_str()), ("desk", "7"));
    let told = serde_json::to_value(&entry).unwrap();
    assert_eq!(
        told,
        json!({
            "field": "phone", "verdict": "Conflict", "detail": "BothChanged", "decision": "TookRemote",
            "rule": "person: take_remote", "base": "1", "local": "2", "remote": "3", "result": "3", "by": "Nuala",
            "why": "Asked about phone, a person took the source's value; the audit keeps the one from here.",
        })
    );
    assert_eq!(serde_json::from_value::<FieldEntry>(told).unwrap(), entry);
}

#[test]
fn a_group_is_decided_as_one() {
    let (schema, policy) = members();
    let ours = json!({"first": "Ann"});
    let theirs = json!({"last": "Byrne"});
    let store = disputed(&schema, &policy, ours.clone(), theirs.clone());
    let told = explain(&policy, &load(&store, "7")).remove(0);
    assert_eq!(told.reason.to_string(), told.why);
    assert_eq!((told.conflict.unit.as_str(), told.fields), ("name", vec!["first".to_owned(), "last".to_owned()]));
    answer(&policy, &store, "name", Answer::TakeRemote);
    let now = local(&schema, &store, "7");
    assert_eq!((&now["first"], &now["last"]), (&json!("Áine"), &json!("Byrne")), "the source's tuple, whole");

    let store = disputed(&schema, &policy, ours, theirs);
    let refused = |own: Json| {
        let given = [("name", Answer::Value(value(own)))];
        decide(&policy, &load(&store, "7"), &given, &nuala()).unwrap_err().to_string()
    };
    let shape = "`name` is decided as one: its value is an object of its fields, and of nothing else";
    assert_eq!(refused(json!("Ann Byrne")), shape);
    assert_eq!(refused(json!({"middle": "B."})), shape);
    assert_eq!(refused(json!({"last": " "})), "the value for `last` is empty, but required");
    answer(&policy, &store, "name", Answer::Value(value(json!({"last": "Ní Bhriain"}))));
    let now = local(&schema, &store, "7");
    assert_eq!((&now["first"], &now["last"]), (&json!("Ann"), &json!("Ní Bhriain")), "what it does not name stays");
}

#[test]
fn inside_an_object_only_the_places_in_dispute_are_decided() {
    let (schema, policy) = members();
    let ours = json!({"prefers": {"sms": "yes", "here": "only"}});
    let theirs = json!({"prefers": {"sms": "never", "there": "new"}});
    let store = disputed(&schema, &policy, ours, theirs.clone());
    assert_eq!(load(&store, "7").open[0].paths, ["/sms"]);
    answer(&policy, &store, "prefers", Answer::TakeRemote);
    let now = json!({"sms": "never", "here": "only", "there": "new"});
    assert_eq!(local(&schema, &store, "7")["prefers"], now);
    let done = night(&policy, &store, &listing(&schema, &[("7", with(was(), theirs))]));
    assert_eq!((done.report.counts.updated, load(&store, "7").open.len()), (0, 0));
    assert_eq!(local(&schema, &store, "7")["prefers"], now);
}

/// An empty value that was taken while another place stayed open is in the base: it is no news after the answer.
#[test]
fn an_empty_value_that_was_taken_stays_decided() {
    for empty in [json!({}), json!([]), json!({"inner": []})] {
        let (schema, policy) = members();
        let theirs = json!({"prefers": {"sms": "never", "there": empty}});
        let store = MemoryStore::new(schema.clone());
        night(&policy, &store, &listing(&schema, &[("7", with(was(), json!({"prefers": null})))]));
        store.edit(&ext("7"), &json!({"prefers": {"sms": "yes"}})).unwrap();
        night(&policy, &store, &listing(&schema, &[("7", with(was(), theirs.clone()))]));
        assert_eq!(load(&store, "7").open[0].paths, ["/sms"]);
        answer(&policy, &store, "prefers", Answer::Value(value(json!({"there": "own"}))));
        let done = night(&policy, &store, &listing(&schema, &[("7", with(was(), theirs))]));
        assert_eq!((done.report.counts.updated, load(&store, "7").open.len()), (0, 0), "{empty}");
        assert_eq!(local(&schema, &store, "7")["prefers"], json!({"there": "own"}), "{empty}");
    }
}

#[test]
fn a_record_that_changed_meanwhile_is_decided_once_more() {
    let (schema, policy) = members();
    let store = disputed(&schema, &policy, json!({"phone": "2"}), json!({"phone": "3"}));
    let op = decide(&policy, &load(&store, "7"), &[("phone", Answer::TakeRemote)], &nuala()).unwrap();
    store.edit(&ext("7"), &json!({"phone": "2b"})).unwrap();
    assert_eq!(explain(&policy, &load(&store, "7"))[0].edited, Some(Value::from("2b")));
    let before = store.audit().len();
    assert_eq!(commit(&policy, &store, op), OpOutcome::Stale);
    assert_eq!((store.audit().len(), load(&store, "7").open.len()), (before, 1), "nothing of it was carried out");
    answer(&policy, &store, "phone", Answer::TakeRemote);
    let (.., AuditEntry::Field(entry)) = store.audit().pop().unwrap() else { panic!("is about a field") };
    assert_eq!((as_json(&entry.local), local(&schema, &store, "7")["phone"].clone()), (json!("2b"), json!("3")));
}

#[test]
fn answers_that_fit_no_question_are_refused() {
    let (schema, policy) = members();
    let store = disputed(&schema, &policy, json!({"born": "2001-02-04"}), json!({"born": "2001-02-05"}));
    let loaded = load(&store, "7");
    let why = |policy: &Policy, answers: &[(&str, Answer)]| {
        decide(policy, &loaded, answers, &nuala()).unwrap_err().to_string()
    };
    assert_eq!(why(&policy, &[("phone", Answer::TakeLocal)]), "there is no open conflict about `phone`");
    let twice = [("born", Answer::TakeLocal), ("born", Answer::TakeRemote)];
    assert_eq!(why(&policy, &twice), "`born` is answered twice");
    let own = Answer::Value(value(json!("2001-02-29")));
    let invalid = why(&policy, &[("born", own)]);
    assert!(invalid.starts_with("the value for `born` ") && !invalid.contains("2001"), "{invalid}");
    let without = Policy::new(schema_without_born());
    assert_eq!(why(&without, &[("born", Answer::TakeLocal)]), "the schema has no field or group `born`");
    assert!(explain(&without, &loaded).is_empty());
    let enforced = policy.strategy("enforced".parse().unwrap()).unwrap();
    let undone = "`born` is enforced: the next sync would bring back the source's value";
    assert_eq!(why(&enforced, &[("born", Answer::TakeLocal)]), undone);
    assert!(decide(&enforced, &loaded, &[("born", Answer::TakeRemote)], &nuala()).is_ok());
}

fn schema_without_born() -> Schema {
    schema(json!({"strategy": "merge", "fields": {"phone": {"kind": "text"}}}))
}

#[test]
fn a_removed_record_stays_removed_or_is_taken_back() {
    let (schema, policy) = members();
    let moved = listing(&schema, &[("7", with(was(), json!({"phone": "3"})))]);
    let removed = || {
        let store = MemoryStore::new(schema.clone());
        night(&policy, &store, &listing(&schema, &[("7", was())]));
        store.change(&ext("7"), |kept| kept.presence = Presence::Removed).unwrap();
        night(&policy, &store, &moved);
        store
    };
    let store = removed();
    let told = explain(&policy, &load(&store, "7")).remove(0);
    assert_eq!((told.conflict.unit.as_str(), told.fields), (WHOLE_RECORD, vec!["phone".to_owned()]));
    let refused = |answers: &[(&str, Answer)]| decide(&policy, &load(&store, "7"), answers, &nuala()).unwrap_err();
    assert_eq!(refused(&[(WHOLE_RECORD, Answer::Value(Value::Null))]), DecideError::WholeRecord);
    assert_eq!(refused(&[(WHOLE_RECORD, Answer::TakeLocal), ("phone", Answer::TakeLocal)]), DecideError::NotAlone);

    for (given, there, phone) in
        [(Answer::TakeLocal, Presence::Removed, "1"), (Answer::TakeRemote, Presence::Active, "3")]
    {
        let store = removed();
        answer(&policy, &store, WHOLE_RECORD, given);
        for _ in 0..2 {
            let done = night(&policy, &store, &moved);
            assert_eq!((done.report.counts.conflicts_open, presence(&store, "7")), (0, there));
            assert_eq!(local(&schema, &store, "7")["phone"], phone);
        }
        let audit = store.audit();
        let by = audit.iter().find_map(|(.., entry)| match entry {
            AuditEntry::Record(entry) => entry.by.clone(),
            AuditEntry::Field(_) => None,
        });
        assert_eq!(by, Some(nuala()));
    }
}

/// Three records with a conflict about the phone, two of them about the day of birth, too.
fn many(schema: &Schema, policy: &Policy) -> MemoryStore {
    let store = MemoryStore::new(schema.clone());
    let all = |json: Json| ["1", "2", "3"].map(|id| (id, json.clone()));
    night(policy, &store, &listing(schema, &all(was())));
    for (id, edit) in [
        ("1", json!({"phone": null})),
        ("2", json!({"phone": "2", "born": "2002-01-01"})),
        ("3", json!({"phone": "2", "born": "2002-01-01"})),
    ] {
        store.edit(&ext(id), &edit).unwrap();
    }
    night(policy, &store, &listing(schema, &all(with(was(), json!({"phone": "3", "born": "2003-01-01"})))));
    store
}

#[test]
fn one_answer_decides_what_a_filter_means() {
    let (schema, policy) = members();
    let store = many(&schema, &policy);
    let records: Vec<_> = ["1", "2", "3"].map(|id| load(&store, id)).into();
    let count = |filter: Filter, answer: Answer| {
        let decided = decide_many(&policy, &records, &filter, &answer, &nuala());
        (decided.ops.len(), decided.closed, decided.skipped, decided.refused.len())
    };
    let all = Filter::default;
    let phone = || all().field("phone".to_owned());
    assert_eq!(count(all(), Answer::TakeRemote), (3, 5, 0, 0));
    assert_eq!(count(phone(), Answer::TakeLocal), (3, 3, 2, 0));
    assert_eq!(count(all().clash(Clash::LocalCleared), Answer::TakeRemote), (1, 1, 4, 0));
    let two = std::collections::BTreeSet::from([ext("2"), ext("9")]);
    assert_eq!(count(all().ids(two), Answer::TakeRemote), (1, 2, 3, 0));
    let wins: tripartite::schema::Strategy = "remote_wins".parse().unwrap();
    assert_eq!(count(all().strategy(wins), Answer::TakeRemote), (0, 0, 5, 0));
    // A day that does not exist is no phone's trouble, so each record's other conflict is closed all the same.
    assert_eq!(count(all(), Answer::Value(value(json!("2001-02-29")))), (3, 3, 0, 2));
}

#[test]
fn a_batch_of_many_answers_is_carried_out_in_one_call() {
    let (schema, policy) = members();
    let store = many(&schema, &policy);
    let records: Vec<_> = ["1", "2", "3"].map(|id| load(&store, id)).into();
    let decided = decide_many(&policy, &records, &Filter::default(), &Answer::TakeRemote, &nuala());
    let Ok(outcomes) = block_on(store.commit(&batch(&policy, run_id("desk"), at(), decided.ops, None)));
    assert!(outcomes.iter().all(|outcome| matches!(outcome, OpOutcome::Applied { .. })));
    for id in ["1", "2", "3"] {
        assert!(load(&store, id).open.is_empty());
        assert_eq!(local(&schema, &store, id)["phone"], "3");
    }
}

/// The entries of a run about some fields of record 7.
fn told(store: &MemoryStore, fields: &[&str]) -> Vec<FieldEntry> {
    let entries = store.audit().into_iter().filter_map(|(.., entry)| match entry {
        AuditEntry::Field(entry) if fields.contains(&entry.field.as_str()) => Some(entry),
        _ => None,
    });
    entries.collect()
}

#[test]
fn an_overwritten_value_is_brought_back_and_stands() {
    let (schema, policy) = members();
    let policy = policy.strategy("remote_wins".parse().unwrap()).unwrap();
    let store = disputed(&schema, &policy, json!({"phone": "2"}), json!({"phone": "3"}));
    assert_eq!(local(&schema, &store, "7")["phone"], "3");
    let entries = told(&store, &["phone"]);
    let op = restore(&policy, &load(&store, "7"), &[&entries[0]], &nuala()).unwrap();
    assert!(matches!(op.action, Action::Update(_)) && op.base.is_none());
    assert!(matches!(commit(&policy, &store, op), OpOutcome::Applied { .. }));
    for _ in 0..2 {
        night(&policy, &store, &listing(&schema, &[("7", with(was(), json!({"phone": "3"})))]));
        assert_eq!(local(&schema, &store, "7")["phone"], "2");
    }
    let again = restore(&policy, &load(&store, "7"), &[&entries[0]], &nuala());
    assert_eq!(again.unwrap_err(), DecideError::InPlace { field: "phone".to_owned() });
    let edit = told(&store, &["phone"]).into_iter().find(|entry| entry.by.is_some()).unwrap();
    assert_eq!(
        (edit.rule.as_str(), as_json(&edit.local), as_json(&edit.result)),
        ("person: restore", json!("3"), json!("2"))
    );
    night(&policy, &store, &listing(&schema, &[("7", with(was(), json!({"phone": "4"})))]));
    assert_eq!(local(&schema, &store, "7")["phone"], "4", "the source moved, and remote_wins decides");
}

#[test]
fn a_restoration_that_cannot_be_is_refused() {
    let (schema, policy) = members();
    let policy = policy.strategy("remote_wins".parse().unwrap()).unwrap();
    let ours = json!({"phone": "2", "first": "Ann"});
    let store = disputed(&schema, &policy, ours, json!({"phone": "3", "last": "Byrne"}));
    let loaded = load(&store, "7");
    let why =
        |policy: &Policy, entries: &[&FieldEntry]| restore(policy, &loaded, entries, &nuala()).unwrap_err().to_string();
    let (phone, names) = (told(&store, &["phone"]).remove(0), told(&store, &["first", "last"]));
    let part = "`name` is decided as one, and the entry of its field `last` is missing";
    assert_eq!(why(&policy, &[&names[0]]), part);
    assert!(restore(&policy, &loaded, &names.iter().collect::<Vec<_>>(), &nuala()).is_ok());
    let (mut kept, mut nothing) = (phone.clone(), phone.clone());
    kept.kept = Privacy::Redacted;
    assert_eq!(why(&policy, &[&kept]), "the audit keeps `phone` redacted, so there is no value to restore");
    nothing.result = phone.local.clone();
    assert_eq!(why(&policy, &[&nothing]), "nothing of `phone` was overwritten by this entry");
    assert_eq!(why(&policy, &[]), "the schema has no field or group ``");
    let held = disputed(&schema, &Policy::new(schema.clone()), json!({"phone": "2"}), json!({"phone": "3"}));
    let waits = restore(&policy, &load(&held, "7"), &[&phone], &nuala()).unwrap_err();
    assert_eq!(waits, DecideError::Open { unit: "phone".to_owned() });
    let enforced = policy.clone().strategy("enforced".parse().unwrap()).unwrap();
    assert!(why(&enforced, &[&phone]).starts_with("`phone` is enforced"));
    store.change(&ext("7"), |kept| kept.presence = Presence::Removed).unwrap();
    assert_eq!(restore(&policy, &load(&store, "7"), &[&phone], &nuala()).unwrap_err(), DecideError::Removed);
}
