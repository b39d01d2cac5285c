//! Numbers that a reader of JSON may have rounded.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tripartite::audit::AuditEntry;
use tripartite::detect::Verdict;
use tripartite::schema::Policy;
use tripartite::value::{Problem, Record, Value, exact_numbers};

use super::with_kind;
use crate::support::{cases, decide, linked, record};

/// A number that a reader of JSON may have rounded is no news, whatever it was rounded to; its digits as text are.
#[test]
fn a_number_that_may_have_been_rounded_is_recorded_and_never_written() {
    let list = |number: Json| json!([number]);
    for (kind, base, rounded, exact) in [
        ("integer", json!("18446744073709551616"), json!(18446744073709551616.0), json!("18446744073709551617")),
        ("integer", json!(9007199254740993_u64), json!(9007199254740992.0), json!(9007199254740994_u64)),
        ("decimal", json!("0.12345678901234567"), json!(0.12345678901234568), json!("0.12345678901234569")),
        ("text", json!("x"), json!(1.2345678901234567), json!("1.2345678901234567")),
        ("list", list(json!(1)), list(json!(9007199254740992.0)), list(json!(0.1234567890123))),
        ("list", list(json!(1)), list(json!(0.12345678901234568)), list(json!("0.12345678901234568"))),
        ("map", json!({}), json!({"a": {"b": 1e20}}), json!({"a": {"b": "1e20"}})),
        ("map", json!({}), json!({"a": {"b": 47.55705985377181}}), json!({"a": {"b": "47.55705985377181"}})),
    ] {
        let policy = with_kind(&json!({ "kind": kind }), "remote_wins", "no_opinion");
        let of = |json: &Json| record(policy.schema(), json!({ "f": json }));
        let loaded = linked(policy.schema(), Some(of(&base)), of(&base));
        let after = decide(&policy, &loaded, &of(&rounded));
        assert_eq!((after.local, after.base), (of(&base), of(&base)), "{kind}: {rounded}");
        let [AuditEntry::Field(entry)] = &after.op.entries[..] else { panic!("{kind}: one entry") };
        assert_eq!(entry.verdict, Verdict::InvalidRemote(Problem::Inexact), "{kind}: {rounded}");
        assert_eq!(decide(&policy, &loaded, &of(&exact)).local, of(&exact), "{kind}: {exact}");
    }
}

/// Who read the text with every digit says so of the record, and what is a double then was stated as one.
#[test]
fn a_double_inside_a_map_is_believed_where_its_reader_vouches_for_it() {
    for (kind, stated, is_believed) in [
        ("map", json!({"lat": 47.55705985377181}), true),
        ("list", json!([16.562506556510925]), true),
        ("map", json!({"lat": 9007199254740992.0}), false),
        ("decimal", json!(47.55705985377181), false),
    ] {
        let policy = with_kind(&json!({ "kind": kind }), "remote_wins", "no_opinion");
        let said = record(policy.schema(), json!({ "f": stated })).with_exact_numbers();
        let nothing = record(policy.schema(), json!({ "f": null }));
        let after = decide(&policy, &linked(policy.schema(), Some(nothing.clone()), nothing), &said);
        assert_eq!(after.local == said, is_believed, "{kind}: {stated}");
    }
}

/// What the host has is what it has: a double of its own is compared, not questioned.
#[test]
fn a_long_number_of_the_host_is_exact() {
    let policy = with_kind(&json!({"kind": "decimal"}), "remote_wins", "no_opinion");
    let schema = policy.schema();
    let (text, double) = (json!({"f": "0.30000000000000004"}), json!({"f": 0.1 + 0.2}));
    let loaded = linked(schema, Some(record(schema, text.clone())), record(schema, double));
    assert!(decide(&policy, &loaded, &record(schema, text)).op.entries.is_empty());
}

/// The numbers in a value, as they are written from now on.
fn written(value: &Value) -> Vec<String> {
    match value {
        Value::Map(map) => map.values().flat_map(written).collect(),
        Value::List(list) => list.iter().flat_map(written).collect(),
        Value::Text(text) => vec![text.clone()],
        number => vec![serde_json::to_string(number).unwrap()],
    }
}

/// What is stored of a number that the source states in a map, a list or a field of its own; `None` where the report has it
/// as one that cannot be read exactly, or whose digits are too many for its kind.
fn kept(kind: &str, record: Record, policy: &Policy) -> Option<String> {
    let nothing = crate::support::record(policy.schema(), json!({ "f": null }));
    let after = decide(policy, &linked(policy.schema(), Some(nothing.clone()), nothing.clone()), &record);
    if after.local != nothing {
        return written(&after.local.field(0).to_value()).pop();
    }
    let [AuditEntry::Field(entry)] = &after.op.entries[..] else { panic!("{kind}: what is not taken is told") };
    assert!(matches!(entry.verdict, Verdict::InvalidRemote(_)), "{kind}: {:?}", entry.verdict);
    None
}

proptest! {
    #![proptest_config(cases(1024))]

    /// For every number that a source can write: what is stored states it digit for digit, or the field is invalid and the
    /// report says so. Without `exact_numbers`, the one exception is what a double of up to 15 digits does not show.
    #[test]
    fn a_number_is_stored_with_its_digits_or_told_to_be_inexact(
        number in "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,22})?(e-?[0-9]{1,2})?",
        (kind, before, behind) in prop_oneof![
            Just(("map", "{\"a\": {\"b\": ", "}}")), Just(("list", "[1, ", "]")), Just(("decimal", "", "")),
        ],
    ) {
        let policy = with_kind(&json!({ "kind": kind }), "remote_wins", "no_opinion");
        let text = format!("{{\"f\": {before}{number}{behind}}}");
        let read = |json: &[u8]| policy.schema().record(&serde_json::from_slice::<Value>(json).unwrap()).unwrap();
        let same = |kept: &str| tripartite::normalize::decimal::same(kept, &number);
        if let Some(kept) = kept(kind, read(&exact_numbers(text.as_bytes())).with_exact_numbers(), &policy) {
            prop_assert!(same(&kept), "{number} became {kept}");
        }
        if let Some(kept) = kept(kind, read(text.as_bytes()), &policy) {
            let digits: String = kept.split('e').next().unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
            // Noughts only tell where the point is.
            let digits = digits.trim_matches('0').len();
            prop_assert!(same(&kept) || digits <= 15 && kept.parse::<f64>().unwrap().abs() < 2f64.powi(53), "{number} became {kept}");
        }
    }
}
