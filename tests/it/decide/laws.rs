//! What holds for every answer, strategy and absent policy.

use proptest::prelude::*;
use proptest::strategy::Strategy as Generate;
use serde_json::{Value as Json, json};
use tripartite::audit::{AuditEntry, FieldEntry};
use tripartite::decide::{Answer, decide, restore};
use tripartite::schema::{Absent, Policy, Schema};
use tripartite::store::{Base, Loaded};
use tripartite::value::Record;

use super::{nuala, value};
use crate::support::{After, PLAIN, canonical, carry_out, cases, decide as sync, linked, record, schema, strategy};

/// The source's word for a field that it leaves out.
fn left_out() -> Json {
    json!("(left out)")
}

fn text() -> impl Generate<Value = Json> {
    prop_oneof![Just(json!("a")), Just(json!("b")), Just(json!("c")), Just(json!(" A ")), Just(Json::Null)]
}

fn list() -> impl Generate<Value = Json> {
    prop_oneof![
        proptest::sample::subsequence(vec!["x", "y", "z"], 0..=3).prop_map(|list| json!(list)),
        Just(Json::Null)
    ]
}

fn object() -> impl Generate<Value = Json> {
    let inner = proptest::collection::btree_map("[mn]", text(), 0..3).prop_map(|map| json!(map));
    let some = proptest::collection::btree_map("[klo]", prop_oneof![3 => text(), 1 => inner], 0..4);
    prop_oneof![4 => some.prop_map(|map| json!(map)), 1 => Just(Json::Null), 1 => Just(json!("a"))]
}

fn fields() -> impl Generate<Value = Vec<(&'static str, Json)>> {
    let field = |it: BoxedStrategy<Json>| prop_oneof![6 => it, 1 => Just(left_out())];
    let each = (
        field(text().boxed()),
        field(list().boxed()),
        field(object().boxed()),
        field(text().boxed()),
        field(text().boxed()),
    );
    each.prop_map(|(text, set, map, one, two)| {
        vec![("text", text), ("set", set), ("map", map), ("one", one), ("two", two)]
    })
}

fn made(schema: &Schema, fields: &[(&'static str, Json)]) -> Record {
    let said = fields.iter().filter(|(_, json)| *json != left_out());
    record(
        schema,
        said.map(|(name, json)| ((*name).to_owned(), json.clone())).collect::<serde_json::Map<_, _>>().into(),
    )
}

#[derive(Debug, Clone)]
struct Case {
    base: Option<Vec<(&'static str, Json)>>,
    local: Vec<(&'static str, Json)>,
    remote: Vec<(&'static str, Json)>,
    absent: Absent,
    /// What decides before and after a person does.
    first: &'static str,
    then: &'static str,
    answer: Answer,
}

fn any_case() -> impl Generate<Value = Case> {
    let absent = prop_oneof![Just(Absent::NoOpinion), Just(Absent::ClearedIfReported), Just(Absent::Cleared)];
    let way = (0..PLAIN.len(), 0..PLAIN.len());
    let answer =
        prop_oneof![Just(Answer::TakeLocal), Just(Answer::TakeRemote), Just(Answer::Value(value(json!("own"))))];
    (proptest::option::of(fields()), fields(), fields(), absent, way, answer).prop_map(
        |(base, local, remote, absent, (first, then), answer)| Case {
            base,
            local,
            remote,
            absent,
            first: PLAIN[first],
            then: PLAIN[then],
            answer,
        },
    )
}

fn world(absent: Absent) -> Schema {
    schema(json!({
        "absent": absent,
        "fields": {
            "text": {"kind": "text"},
            "set": {"kind": "set", "of": "text"},
            "map": {"kind": "map"},
            "one": {"kind": "text"},
            "two": {"kind": "text", "write_canonical": true},
        },
        "groups": {"pair": ["one", "two"]},
    }))
}

/// The policy of a strategy; `review` holds whatever it can.
fn policy(schema: &Schema, name: &str) -> Policy {
    Policy::new(schema.clone()).strategy(strategy(name)).unwrap()
}

fn next(schema: &Schema, after: &After) -> Loaded {
    let base = Base::new(after.base.clone(), schema.fingerprint());
    linked(schema, None, after.local.clone()).base(base).open(after.open.clone())
}

/// P1 of one op: what it overwrites is in its entries.
fn nothing_is_lost(schema: &Schema, before: &Loaded, after: &After) -> Result<(), TestCaseError> {
    for (position, field) in schema.fields().iter().enumerate() {
        let (was, is) = (before.local.field(position), after.local.field(position));
        let kept = after.op.entries.iter().any(|entry| {
            matches!(entry, AuditEntry::Field(entry) if entry.field == field.name() && entry.local == was.to_value())
        });
        prop_assert!(was.to_value() == is.to_value() || kept, "{} was overwritten unseen", field.name());
    }
    Ok(())
}

fn positions(schema: &Schema, unit: &str) -> Vec<usize> {
    let unit = schema.units().iter().find(|it| schema.unit_name(**it) == unit).unwrap();
    schema.members(unit).to_vec()
}

fn of_unit(schema: &Schema, record: &Record, unit: &str) -> Vec<Json> {
    positions(schema, unit).into_iter().map(|at| canonical(schema, at, record.field(at))).collect()
}

proptest! {
    #![proptest_config(cases(1500))]

    /// A decision lasts: however often the source says the same again, and whatever strategy decides from then on, but
    /// one that enforces, the unit stays as the person left it, and no conflict about it opens.
    #[test]
    fn a_decision_survives_any_number_of_syncs(case in any_case()) {
        let schema = world(case.absent);
        let (review, later) = (policy(&schema, "merge"), policy(&schema, case.then));
        let remote = made(&schema, &case.remote);
        let loaded = linked(&schema, case.base.as_ref().map(|base| made(&schema, base)), made(&schema, &case.local));
        let mut now = sync(&review, &loaded, &remote);
        let units: Vec<String> = now.open.iter().map(|conflict| conflict.unit.clone()).collect();
        for unit in &units {
            let answer = match &case.answer {
                Answer::Value(_) if unit == "pair" => Answer::Value(value(json!({"two": "own"}))),
                Answer::Value(_) if unit == "set" => Answer::Value(value(json!(["own"]))),
                Answer::Value(_) if unit == "map" => Answer::Value(value(json!({"k": "own"}))),
                answer => answer.clone(),
            };
            // Enforcement undoes what else of an object was edited here, whatever was decided at other paths.
            let whole = now.open.iter().any(|conflict| conflict.unit == *unit && conflict.paths.is_empty());
            if case.then == "enforced" && (answer != Answer::TakeRemote || !whole) {
                continue;
            }
            let before = next(&schema, &now);
            let op = decide(&review, &before, &[(unit.as_str(), answer.clone())], &nuala()).unwrap();
            now = carry_out(&schema, &before, op);
            nothing_is_lost(&schema, &before, &now)?;
            prop_assert!(now.open.iter().all(|conflict| conflict.unit != *unit));
            let decided = of_unit(&schema, &now.local, unit);
            let mut then = now.clone();
            for turn in 0..3 {
                then = sync(&later, &next(&schema, &then), &remote);
                let stands = of_unit(&schema, &then.local, unit);
                prop_assert_eq!(&stands, &decided, "{} in turn {} under {}", unit, turn, case.then);
                prop_assert!(then.open.iter().all(|conflict| conflict.unit != *unit), "{} is open again", unit);
            }
        }
    }

    /// What was overwritten and brought back stands while the source stays.
    #[test]
    fn a_restored_value_stands(case in any_case()) {
        let schema = world(case.absent);
        let (first, later) = (policy(&schema, case.first), policy(&schema, case.then));
        prop_assume!(case.then != "enforced");
        let remote = made(&schema, &case.remote);
        let loaded = linked(&schema, case.base.as_ref().map(|base| made(&schema, base)), made(&schema, &case.local));
        let now = sync(&first, &loaded, &remote);
        let fields: Vec<&FieldEntry> = now.op.entries.iter().filter_map(|entry| match entry {
            AuditEntry::Field(entry) => Some(entry),
            AuditEntry::Record(_) => None,
        }).collect();
        for unit in schema.units() {
            let name = schema.unit_name(*unit);
            let told: Vec<&FieldEntry> =
                fields.iter().copied().filter(|entry| entry.group.as_ref().unwrap_or(&entry.field) == name).collect();
            let before = next(&schema, &now);
            let Ok(op) = restore(&later, &before, &told, &nuala()) else {
                let is_open = now.open.iter().any(|conflict| conflict.unit == name);
                prop_assert!(is_open || of_unit(&schema, &now.local, name) == of_unit(&schema, &loaded.local, name));
                continue;
            };
            let mut then = carry_out(&schema, &before, op);
            nothing_is_lost(&schema, &before, &then)?;
            for _ in 0..3 {
                prop_assert_eq!(of_unit(&schema, &then.local, name), of_unit(&schema, &loaded.local, name), "{}", name);
                then = sync(&later, &next(&schema, &then), &remote);
            }
        }
    }
}
