//! What must cost nothing: comparing a record that did not change. What may cost one allocation: an erased call.
#![allow(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

use std::sync::Arc;

use allocation_counter::measure;
use serde_json::{Value as Json, json};
use tripartite::detect::{Sides, detect};
use tripartite::drive::drive_blocking;
use tripartite::id::RunId;
use tripartite::memory::{Listing, MemoryStore};
use tripartite::resolve::resolve;
use tripartite::run::Run;
use tripartite::schema::{Policy, Schema};
use tripartite::source::{Connector, DynConnector};
use tripartite::store::{DynRecordStore, RecordStore};

fn member() -> Json {
    json!({
        "name": "Zoë O'Brien", "email": "zoe@example.org", "phone": "087 123 4567", "born": "1990-05-01",
        "home": "12 Main St, Dublin", "since": "2024-01-05T12:00:00Z", "shares": "5", "fee": "1.10", "active": "true",
        "number": "P1", "expires": "2030-01-01", "tags": ["coach"], "more": {"a": 1}
    })
}

fn schema() -> Schema {
    serde_json::from_value(json!({
        "fields": {
            "name": {"kind": "name"}, "email": {"kind": "email"}, "phone": {"kind": "phone", "region": "IE"},
            "born": {"kind": "date", "formats": ["%Y-%m-%d", "%d/%m/%Y"]}, "home": {"kind": "address"},
            "since": {"kind": "timestamp"}, "shares": {"kind": "integer"}, "fee": {"kind": "decimal"},
            "active": {"kind": "boolean"}, "number": {"kind": "text"}, "expires": {"kind": "date"},
            "tags": {"kind": "set", "of": "text"}, "more": {"kind": "map"}
        },
        "groups": {"document": ["number", "expires"]}
    }))
    .unwrap()
}

/// How often detection allocates between two versions of one record, on whichever side the second is; with how many
/// changes it found.
fn cost(schema: &Schema, changed: &Json) -> [(u64, usize); 3] {
    let [same, other] = [&member(), changed].map(|json| schema.record(json).unwrap());
    [(&other, &same, &same), (&same, &other, &same), (&same, &same, &other)].map(|(base, local, remote)| {
        let mut found = 0;
        let cost = measure(|| found = detect(schema, Sides { base, local, remote }).changes().len());
        (cost.count_total, found)
    })
}

#[test]
fn the_counter_counts() {
    assert_eq!(measure(|| drop(std::hint::black_box(vec![1u8]))).count_total, 1);
}

#[test]
fn an_unchanged_record_costs_no_allocation() {
    assert_eq!(cost(&schema(), &member()), [(0, 0); 3]);
}

/// However many records of a set stay as they are, only those that change are read.
#[test]
fn a_record_of_a_set_that_stays_costs_no_allocation() {
    let fields = json!({"type": {"kind": "text"}, "value": {"kind": "text"}});
    let f = json!({"kind": "set_of_records", "key": ["type"], "fields": fields});
    let schema: Schema = serde_json::from_value(json!({"fields": { "f": f }})).unwrap();
    let set = |len: usize, value: &str| {
        let record = |at: usize| json!({"type": at.to_string(), "value": if at == 2 { value } else { "still" }});
        schema.record(&json!({"f": (0..len).map(record).collect::<Vec<_>>()})).unwrap()
    };
    let policy = Policy::new(schema.clone());
    let cost = |len: usize, [base, local, remote]: [&str; 3]| {
        let [base, local, remote] = [base, local, remote].map(|value| set(len, value));
        let sides = Sides { base: &base, local: &local, remote: &remote };
        measure(|| drop(std::hint::black_box(resolve(&policy, &detect(&schema, sides), None)))).count_total
    };
    for values in [["a", "a", "b"], ["a", "b", "c"]] {
        let [small, large] = [5, 500].map(|len| cost(len, values));
        // Some lists of places are longer, and grow in steps.
        assert!(small < large + 1 && large < small + 40, "{values:?}: {small} for 5 records, {large} for 500");
    }
}

#[test]
fn another_spelling_costs_no_allocation() {
    let schema = schema();
    // The phone tables are read once, by whoever needs them first.
    let mut dialled = member();
    dialled["phone"] = json!("(087) 123-4567");
    cost(&schema, &dialled);
    for (field, spelling) in [
        ("email", "Zoe@Example.ORG"),
        ("email", " mailto:zoe@example.org"),
        ("name", "Zoë  O'Brien "),
        ("name", "Zoe\u{308} O’Brien"),
        ("phone", "(087) 123-4567"),
        ("born", "01/05/1990"),
        ("home", "12 MAIN ST ,Dublin,"),
        ("since", "2024-01-05T13:00:00+01:00"),
        ("shares", "+05.0"),
        ("fee", "11e-1"),
        ("active", "TRUE"),
    ] {
        let mut member = member();
        member[field] = json!(spelling);
        assert_eq!(cost(&schema, &member), [(0, 0); 3], "{field}: {spelling}");
    }
}

/// What is not free: a number once as dialled at home and once with what only the plans know of, and a scalar of another
/// JSON type than the one before.
/// Both are found to be the same, and the price is bounded.
#[test]
fn some_spellings_have_a_price() {
    let schema = schema();
    let costs = [
        ("phone", json!("+353871234567"), 0),
        ("phone", json!("+353 (0)87 123 4567"), 110),
        ("phone", json!("00353871234567"), 110),
        ("active", json!(true), 12),
        ("shares", json!(5), 12),
    ];
    let mut dialled = member();
    dialled["phone"] = json!("00353871234567");
    cost(&schema, &dialled);
    for (field, spelling, most) in costs {
        let mut member = member();
        member[field] = spelling;
        for (allocations, changes) in cost(&schema, &member) {
            assert_eq!(changes, 0, "{field}");
            assert!(allocations <= most, "{field}: {allocations}");
        }
    }
}

/// The same inside a group of fields: what is in step but spelled differently.
#[test]
fn a_group_in_another_spelling_is_in_step() {
    let mut member = member();
    member["number"] = json!(" P1");
    let found = cost(&schema(), &member);
    assert_eq!(found.map(|(_, changes)| changes), [0; 3]);
    assert!(found.iter().all(|(allocations, _)| *allocations <= 1), "at most the list of its members: {found:?}");
}

#[test]
fn a_change_costs_one_allocation() {
    let mut member = member();
    member["name"] = json!("Nuala");
    assert_eq!(cost(&schema(), &member)[2], (1, 1), "the list of the changes");
}

/// A run asks each record that it lists which fields it has that the schema has not.
#[test]
fn the_names_of_other_fields_cost_no_allocation() {
    let mut more = member();
    more["licence"] = json!({"no": 1});
    more["shoe"] = json!(43);
    let record = schema().record(&more).unwrap();
    let mut named = 0;
    assert_eq!(measure(|| named = record.extra().keys().map(str::len).sum()).count_total, 0);
    assert_eq!(named, "licence".len() + "shoe".len());
}

/// How often a first night of so many records allocates.
fn night<C: Connector, S: RecordStore>(source: &C, store: &S) -> u64 {
    let run = Run::new(Policy::new(schema()), RunId::new("run-1").unwrap(), chrono::DateTime::UNIX_EPOCH);
    let (mut created, step) = (0, run.start());
    let cost = measure(|| created = drive_blocking(step, source, store).map_or(0, |done| done.report.counts.created));
    assert!(created > 0);
    cost.count_total
}

/// An erased call costs its future, and nothing for a record.
#[test]
fn an_erased_call_costs_one_allocation() {
    for records in [1, 90] {
        let ids: Vec<String> = (0..records).map(|number| number.to_string()).collect();
        let listing = Listing::of(&schema(), ids.iter().map(|id| (id.as_str(), member()))).unwrap();
        // The tables of phone numbers are read once.
        night(&listing, &MemoryStore::new(schema()));
        let plain = night(&listing, &MemoryStore::new(schema()));
        let erased: Box<dyn DynConnector> = Box::new(listing.clone());
        let source = night(&erased, &MemoryStore::new(schema()));
        let store: Arc<dyn DynRecordStore> = Arc::new(MemoryStore::new(schema()));
        let both = night(&erased, &store);
        // A page; and an index, a load and a batch.
        assert_eq!((source, both), (plain + 1, plain + 4), "{records} records");
    }
}
