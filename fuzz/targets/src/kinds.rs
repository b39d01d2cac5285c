//! Kinds: two values are the same exactly when their canonical forms are, a canonical form stays as it is, and what cannot
//! be read as its kind is the same as itself alone.
//!
//! The input is three lines: a field of a schema as JSON, and two values, each as JSON or as the text that it is.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use tripartite::schema::Schema;
use tripartite::value::Record;

/// The body of the target.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.splitn(3, '\n');
    let [Some(kind), Some(a), Some(b)] = [(); 3].map(|()| lines.next()) else { return };
    let Ok(kind) = serde_json::from_str::<Json>(kind) else { return };
    let Some(schema) = schema(&kind) else { return };
    let [Some(a), Some(b)] = [a, b].map(|value| record(&schema, value)) else { return };
    for (one, other) in [(&a, &b), (&b, &a), (&a, &a), (&b, &b)] {
        same_by_canonical(&schema, one, other);
    }
    let mut canonical = kind;
    without_formats(&mut canonical);
    let Some(reads_canonical) = self::schema(&canonical) else { return };
    for record in [&a, &b] {
        stays(&schema, &reads_canonical, record);
    }
}

fn schema(kind: &Json) -> Option<Schema> {
    serde_json::from_value(serde_json::json!({"fields": {"it": kind}})).ok()
}

/// The kind that reads canonical forms: a canonical date is ISO 8601, whatever formats the source has.
fn without_formats(kind: &mut Json) {
    if let Some(kind) = kind.as_object_mut() {
        kind.remove("formats");
        kind.values_mut().for_each(without_formats);
    }
}

fn record(schema: &Schema, value: &str) -> Option<Record> {
    let json = serde_json::from_str(value).unwrap_or_else(|_| Json::from(value));
    schema.record(&BTreeMap::from([("it", json)])).ok()
}

fn same_by_canonical(schema: &Schema, one: &Record, other: &Record) {
    let [is, that] = [one, other].map(|record| schema.canonical(0, record.field(0)));
    let expected = match (&is, &that) {
        (Ok(is), Ok(that)) => is == that,
        (Err(_), Err(_)) => one.field(0).to_value() == other.field(0).to_value(),
        _ => false,
    };
    let same = schema.same(0, one.field(0), other.field(0));
    assert_eq!(
        same,
        expected,
        "{:?} and {:?}: {is:?} and {that:?}",
        one.field(0).to_value(),
        other.field(0).to_value()
    );
}

fn stays(schema: &Schema, reads_canonical: &Schema, record: &Record) {
    let Ok(canonical) = schema.canonical(0, record.field(0)) else { return };
    let again =
        reads_canonical.record(&BTreeMap::from([("it", &canonical)])).expect("a canonical value stands in a record");
    let stays = reads_canonical.canonical(0, again.field(0));
    assert_eq!(stays.as_ref(), Ok(&canonical), "of {:?}", record.field(0).to_value());
}
