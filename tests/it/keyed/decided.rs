//! What a person decides about single places of a set, and what is brought back.

use super::*;
use tripartite::audit::{AuditEntry, FieldEntry};
use tripartite::decide::{Answer, DecideError, decide as answer, restore};
use tripartite::id::PersonId;
use tripartite::store::{ConflictChange, Loaded};
use tripartite::value::Value;

use crate::support::carry_out;

fn nuala() -> PersonId {
    PersonId::new("Nuala").unwrap()
}

fn value(json: Json) -> Value {
    serde_json::from_value(json).unwrap()
}

/// Three places in dispute: the addresses at home and at work, and a record that was removed here.
fn disputed(policy: &Policy, is_known: bool) -> (Loaded, Json) {
    let of = |home: &str, work: &str, club: Option<&str>| {
        let mail = |kind: &str, value: &str| json!({"type": kind, "value": value});
        let mut list = vec![mail("home", home), mail("work", work)];
        list.extend(club.map(|club| mail("club", club)));
        Json::Array(list)
    };
    let base = if is_known { of("h@b.ie", "w@b.ie", Some("c@b.ie")) } else { Json::Null };
    let remote = of("h3@b.ie", "w3@b.ie", Some("c3@b.ie"));
    let first = after(policy, &base, &of("h2@b.ie", "w2@b.ie", None), &remote);
    let schema = policy.schema();
    let known = is_known.then_some(first.base);
    let mut loaded = linked(schema, known, first.local);
    loaded.open = first.open;
    (loaded, remote)
}

fn next(policy: &Policy, after: &After, remote: &Json) -> (Loaded, After) {
    let schema = policy.schema();
    let mut again = linked(schema, Some(after.base.clone()), after.local.clone());
    again.open.clone_from(&after.open);
    let night = decide(policy, &again, &record(schema, json!({ "f": remote })));
    (again, night)
}

#[test]
fn each_place_is_answered_alone_and_the_rest_stays_open() {
    let policy = emails("merge");
    let (loaded, remote) = disputed(&policy, true);
    assert_eq!(loaded.open[0].paths, ["/type=club", "/type=home/value", "/type=work/value"]);
    let op = answer(&policy, &loaded, &[("f/type=home/value", Answer::TakeRemote)], &nuala()).unwrap();
    assert!(matches!(&op.conflicts[..], [ConflictChange::Update(open)] if open.paths.len() == 2));
    let [AuditEntry::Field(entry)] = &op.entries[..] else { panic!("one answer") };
    let answered = "a person took the source's value; the audit keeps the one from here.";
    assert_eq!(entry.why, format!("Asked about f at /type=…/value, {answered}"));
    let one = carry_out(policy.schema(), &loaded, op);
    assert_eq!(here(&one), json!([{"type": "home", "value": "h3@b.ie"}, {"type": "work", "value": "w2@b.ie"}]));
    // The night after finds the same two, and has nothing to say.
    let (again, night) = next(&policy, &one, &remote);
    assert!(night.op.is_silent(), "{:?} {:?}", night.op.conflicts, night.op.entries);

    let answers = [
        ("f/type=work/value", Answer::TakeLocal),
        ("f/type=club", Answer::Value(value(json!({"type": "club", "value": "c4@b.ie"})))),
    ];
    let op = answer(&policy, &again, &answers, &nuala()).unwrap();
    assert!(matches!(&op.conflicts[..], [ConflictChange::Close { .. }]));
    assert_eq!(op.entries.len(), 2);
    let two = carry_out(policy.schema(), &again, op);
    assert_eq!(
        here(&two),
        json!([{"type": "home", "value": "h3@b.ie"}, {"type": "work", "value": "w2@b.ie"}, {"type": "club", "value": "c4@b.ie"}])
    );
    let (_, night) = next(&policy, &two, &remote);
    assert_eq!((night.open.len(), here(&night)), (0, here(&two)), "and never again for this value of the source");
}

#[test]
fn an_answer_to_a_place_that_cannot_be_carried_out_is_refused() {
    let policy = emails("merge");
    let (loaded, _) = disputed(&policy, true);
    let refused = |answers: &[(&str, Answer)]| answer(&policy, &loaded, answers, &nuala()).unwrap_err();
    let named = |name: &str| name.to_owned();
    assert_eq!(refused(&[("f/type=fax", Answer::TakeLocal)]), DecideError::NotOpen { unit: named("f/type=fax") });
    let both = [("f/type=club", Answer::TakeLocal), ("f", Answer::TakeRemote)];
    assert_eq!(refused(&both), DecideError::Twice { unit: named("f") });
    let both = [("f", Answer::TakeRemote), ("f/type=club", Answer::TakeLocal)];
    assert_eq!(refused(&both), DecideError::Twice { unit: named("f/type=club") });
    let other = Answer::Value(value(json!({"type": "fax"})));
    assert_eq!(refused(&[("f/type=club", other)]), DecideError::OtherKey { place: named("f/type=club") });
    let none = Answer::Value(value(json!("none")));
    let DecideError::Invalid { problem, .. } = refused(&[("f/type=home/value", none)]) else { panic!() };
    assert_eq!(problem.to_string(), "at /0/value is not an e-mail address");
}

/// Of a value without a base nobody knows what each part was, so that a part cannot be told apart from the rest.
#[test]
fn without_a_base_all_places_are_answered_at_once() {
    let policy = emails("merge");
    let (loaded, remote) = disputed(&policy, false);
    let one = [("f/type=home/value", Answer::TakeLocal)];
    let refused = answer(&policy, &loaded, &one, &nuala()).unwrap_err();
    assert_eq!(refused, DecideError::AllPlaces { unit: "f".to_owned(), open: 2 });
    let all = [("f/type=home/value", Answer::TakeLocal), ("f/type=work/value", Answer::TakeRemote)];
    let op = answer(&policy, &loaded, &all, &nuala()).unwrap();
    let after = carry_out(policy.schema(), &loaded, op);
    let (_, night) = next(&policy, &after, &remote);
    assert_eq!((night.open.len(), here(&night)), (0, here(&after)));
    assert_eq!(here(&after)[1]["value"], "w3@b.ie");
    assert_eq!(here(&after)[0]["value"], "h2@b.ie");
}

/// What a run overwrote in one record of a set comes back there, and what happened since in another one stays.
#[test]
fn a_restored_record_leaves_the_others_alone() {
    let policy = emails("remote_wins");
    let of = |a: &str, b: &str| json!([{"type": "a", "value": a}, {"type": "b", "value": b}]);
    let night = after(&policy, &of("a@b.ie", "b@b.ie"), &of("a2@b.ie", "b@b.ie"), &of("a3@b.ie", "b@b.ie"));
    assert_eq!(here(&night), of("a3@b.ie", "b@b.ie"));
    let [AuditEntry::Field(entry)] = &night.op.entries[..] else { panic!("one entry") };
    let entry: &FieldEntry = entry;
    let now = record(policy.schema(), json!({"f": of("a3@b.ie", "b7@b.ie")}));
    let loaded = linked(policy.schema(), Some(night.base.clone()), now);
    let op = restore(&policy, &loaded, &[entry], &nuala()).unwrap();
    assert_eq!(here(&carry_out(policy.schema(), &loaded, op)), of("a2@b.ie", "b7@b.ie"));
    let there =
        linked(policy.schema(), Some(night.base), record(policy.schema(), json!({"f": of("a2@b.ie", "x@b.ie")})));
    assert_eq!(
        restore(&policy, &there, &[entry], &nuala()).unwrap_err(),
        DecideError::InPlace { field: "f".to_owned() }
    );
}

/// What is enforced inside of a record is not brought back, because the next sync would undo it.
#[test]
fn an_enforced_part_is_not_restored() {
    let fields = json!({"type": "text", "value": "email", "note": {"kind": "text", "strategy": "enforced"}});
    let kind = json!({"kind": "set_of_records", "key": ["type"], "fields": fields});
    let policy = Policy::new(schema(json!({"strategy": "remote_wins", "fields": {"f": kind}})));
    let of = |value: &str, note: &str| json!([{"type": "a", "value": value, "note": note}]);
    let told = |local: &Json, remote: &Json| {
        let night = after(&policy, &of("a@b.ie", "x"), local, remote);
        let [AuditEntry::Field(entry)] = &night.op.entries[..] else { panic!("one entry") };
        (entry.clone(), night)
    };
    let restored = |entry: &FieldEntry, night: &After| {
        let loaded = linked(policy.schema(), Some(night.base.clone()), night.local.clone());
        restore(&policy, &loaded, &[entry], &nuala()).map(|op| here(&carry_out(policy.schema(), &loaded, op)))
    };
    let (entry, night) = told(&of("a2@b.ie", "mine"), &of("a3@b.ie", "x"));
    assert_eq!(here(&night), of("a3@b.ie", "x"));
    assert_eq!(restored(&entry, &night), Ok(of("a2@b.ie", "x")), "the address alone");
    let (entry, night) = told(&of("a@b.ie", "mine"), &of("a@b.ie", "x"));
    assert_eq!(restored(&entry, &night), Err(DecideError::Enforced { unit: "f".to_owned() }));
}

/// What is entered is read where the record here is dialled: another spelling of its number is no change.
#[test]
fn an_entered_number_is_dialled_where_its_record_says() {
    let phone = json!({"kind": "phone", "region": "IE", "region_from": "country"});
    let policy =
        Policy::new(schema(json!({"strategy": "merge", "fields": {"country": {"kind": "code"}, "phone": phone}})));
    let of = |phone: &str| record(policy.schema(), json!({"country": "GB", "phone": phone}));
    let loaded = linked(policy.schema(), Some(of("020 7946 0111")), of("020 7946 0222"));
    let night = decide(&policy, &loaded, &of("020 7946 0333"));
    let mut again = linked(policy.schema(), Some(night.base), night.local);
    again.open = night.open;
    let entered = |phone: &str| {
        let op = answer(&policy, &again, &[("phone", Answer::Value(Value::from(phone)))], &nuala()).unwrap();
        raw(carry_out(policy.schema(), &again, op).local.field(1)).unwrap()
    };
    assert_eq!(entered("+44 (0)20 7946 0222"), "020 7946 0222");
    assert_eq!(entered("020 7946 0444"), "020 7946 0444");
}
