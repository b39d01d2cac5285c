//! Fields that only the source or only the schema has: named in every report, with how many records.

use tripartite::run::{SchemaDrift, Undeclared, Unstated};

use super::*;

fn town() -> Club {
    let fields = json!({"name": {"kind": "name"}, "phone": {"kind": "text", "aliases": ["tel"]}});
    let policy = Policy::new(schema(json!({ "fields": fields })));
    Club { store: MemoryStore::new(policy.schema().clone()), policy }
}

impl Club {
    fn states(&self, id: &str, fields: Json) -> Item {
        Item::Record(said(id, record(self.policy.schema(), fields)))
    }

    fn drift(&self, items: &[Item]) -> SchemaDrift {
        self.listed(items).schema_drift
    }
}

fn undeclared(field: &str, records: u64, like: Option<&str>) -> Undeclared {
    serde_json::from_value(json!({ "field": field, "records": records, "like": like })).unwrap()
}

fn unstated(field: &str, records: u64) -> Unstated {
    serde_json::from_value(json!({ "field": field, "records": records })).unwrap()
}

#[test]
fn a_field_that_the_source_adds_is_named_every_night_with_how_many_records() {
    let club = town();
    let plain = json!({"name": "Áine", "phone": "1"});
    assert!(club.drift(&[club.states("1", plain.clone()), club.states("2", plain.clone())]).is_empty());
    let mut more = plain.clone();
    more["licence_no"] = json!(null);
    // Nothing else has changed, so no record is looked at; it is named all the same, and on the next night again.
    for _ in 0..2 {
        let listed = [club.states("1", more.clone()), club.states("2", plain.clone()), club.states("3", more.clone())];
        let drift = club.drift(&listed);
        assert_eq!((drift.undeclared, drift.unstated), (vec![undeclared("licence_no", 2, None)], vec![]));
    }
}

#[test]
fn a_field_that_no_record_states_is_named_with_how_many_records() {
    let club = town();
    let drift = club.drift(&[club.states("1", json!({"name": "Áine"})), club.states("2", json!({"name": "Seán"}))]);
    assert_eq!((drift.undeclared, drift.unstated), (vec![], vec![unstated("phone", 2)]));
    // Null is a statement, and an alias is the field.
    let drift = club.drift(&[club.states("1", json!({"name": "Áine"})), club.states("2", json!({"tel": null}))]);
    assert!(drift.is_empty(), "{drift:?}");
}

#[test]
fn a_misspelling_is_named_with_the_field_it_probably_is() {
    let club = town();
    for (name, like) in [("Name", Some("name")), ("nmae", Some("name")), ("T-E-L", Some("phone")), ("mail", None)] {
        let drift = club.drift(&[club.states("1", json!({ name: "x" }))]);
        assert_eq!(drift.undeclared, [undeclared(name, 1, like)]);
    }
    // A field that is stated itself is not the one that was meant.
    let drift = club.drift(&[club.states("1", json!({"name": "Áine", "Name": "Áine", "phone": "1"}))]);
    assert_eq!(drift.undeclared, [undeclared("Name", 1, None)]);
}

#[test]
fn a_part_of_a_listing_does_not_say_what_nobody_states() {
    let club = town();
    let items = [club.states("1", json!({"name": "Áine", "shoe": 43}))];
    let partial = club.night(&Listing::new(items.to_vec()).partial()).schema_drift;
    assert_eq!((partial.undeclared, partial.unstated), (vec![undeclared("shoe", 1, None)], vec![]));
    let scoped = club.drive(club.run().only([ext("1")]), &Listing::new(items.to_vec())).schema_drift;
    assert_eq!((scoped.undeclared, scoped.unstated), (vec![undeclared("shoe", 1, None)], vec![]));
    assert!(club.drift(&[]).is_empty(), "a listing of nobody states nothing, and says nothing");
}

#[test]
fn in_streaming_mode_and_in_pages_it_is_the_same() {
    let items = |club: &Club| -> Vec<Item> {
        (0..7).map(|at| club.states(&format!("{at}"), json!({"name": "Áine", format!("x{}", at % 3): at}))).collect()
    };
    let whole = town();
    let expected = whole.drift(&items(&whole));
    assert_eq!(expected.undeclared.len(), 3);
    for (mode, page) in [(Mode::Planned, 1), (Mode::Planned, 3), (Mode::Streaming, 1), (Mode::Streaming, 3)] {
        let club = town();
        let mut items = items(&club);
        items.reverse();
        let report = club.drive(club.run().mode(mode), &Listing::new(items).pages_of(page));
        assert_eq!(report.schema_drift, expected, "{mode:?} {page}");
    }
}

/// A source that files people under addresses, or makes up a name for each record, fills neither memory nor report, and
/// what is nobody's business is counted and not shown.
#[test]
fn names_are_bounded_and_show_nobodys_data() {
    let club = town();
    let record =
        |at: usize| club.states(&format!("{at}"), json!({format!("key{at}"): 1, format!("aine{at}@example.org"): 2}));
    let report = club.listed(&(0..500).map(record).collect::<Vec<_>>());
    let drift = &report.schema_drift;
    assert_eq!((drift.undeclared.len(), drift.unnamed), (32, 500));
    let text = serde_json::to_string(&report.schema_drift).unwrap();
    assert!(!text.contains('@') && text.len() < 2_000, "{text}");
}

/// A value that the kind of its field does not read is told by the field, the first record and what is wrong, and not again
/// before that record changes.
#[test]
fn a_value_that_is_not_read_is_told_once_by_its_record() {
    let schema = schema(json!({"fields": {"name": {"kind": "name"}, "born": {"kind": "date"}}}));
    let policy = Policy::new(schema.clone());
    let club = Club { store: MemoryStore::new(schema), policy };
    let born = |id: &str, born: &str| club.states(id, json!({"name": "Áine", "born": born}));
    let (one, two) = (born("1", "1999-12-31"), born("2", "2001-02-03"));
    assert!(club.listed(&[one.clone(), two]).schema_drift.is_empty());
    let night = [one, born("2", "31/12/1999"), born("3", "yesterday")];
    let drift = club.listed(&night).schema_drift;
    let told = serde_json::to_value(&drift).unwrap();
    assert_eq!(
        told,
        json!({"unread": [{"field": "born", "records": 2, "first": "2", "problem": "is not a calendar date in a declared format"}]})
    );
    assert!(!drift.is_empty() && club.listed(&night).schema_drift.is_empty(), "it was told");
}

/// A report of a version that did not know of fields is read.
#[test]
fn a_report_without_fields_is_read() {
    let club = town();
    let mut report = serde_json::to_value(club.listed(&[club.states("1", json!({"shoe": 43}))])).unwrap();
    assert_eq!(report["schema_drift"]["undeclared"], json!([{"field": "shoe", "records": 1}]));
    let known = report.as_object_mut().unwrap();
    known.remove("schema_drift");
    known.remove("crowded");
    assert!(serde_json::from_value::<Report>(report).unwrap().schema_drift.is_empty());
}
