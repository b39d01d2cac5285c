//! Bases that stand in their rows: whatever somebody does to a row, its base is what it was.

use serde_json::{Value, json};
use tripartite::drive::block_on;
use tripartite::id::ExternalId;
use tripartite::value::{Fingerprint, Record};
use tripartite_postgres::store::{PostgresStore, Settings};

use crate::bench::Bench;

const SCHEMA: &str = r#"{"fields": {"name": {"kind": "name"}, "email": {"kind": "email"}, "member": {"kind": "boolean"},
    "points": {"kind": "integer"}, "tags": {"kind": "set", "of": {"kind": "text"}}}}"#;

const LISTED: &str = r#"{"id": "M1", "name": " Áine ", "email": "aine@example.org", "member": true, "points": 17, "tags": ["a"]}
{"id": "M2", "name": "Seán \"S\"", "email": null, "points": 1234567890123456, "tags": []}
{"id": "M3", "name": "Niamh"}"#;

fn club() -> (Bench, PostgresStore) {
    let bench = Bench::of(SCHEMA);
    let store = bench.store();
    assert_eq!(bench.night(&store, LISTED)["created"], json!(3));
    (bench, store)
}

fn id(id: &str) -> ExternalId {
    ExternalId::new(id).unwrap()
}

fn base(store: &PostgresStore, of: &str) -> Option<(Record, Fingerprint)> {
    block_on(store.record(&id(of))).unwrap().unwrap().base.map(|base| (base.record, base.schema))
}

/// The base that a record has after the first night.
#[track_caller]
fn assert_kept(bench: &Bench, store: &PostgresStore, of: &str, why: &str) {
    let line = LISTED.lines().find(|line| line.contains(of)).unwrap();
    let Value::Object(mut fields) = serde_json::from_str(line).unwrap() else { panic!("{line}") };
    fields.remove("id");
    let expected = (bench.schema.record(&Value::Object(fields)).unwrap(), bench.schema.fingerprint());
    assert_eq!(base(store, of), Some(expected), "{of}, {why}");
}

#[test]
fn what_a_row_says_is_stored_once() {
    let (bench, store) = club();
    let whole =
        "SELECT string_agg(external_id || ' ' || coalesce(base::text, '-'), ', ' ORDER BY external_id) FROM links";
    let expected = r#"M1 {"tags":["a"]}, M2 {"tags":[]}, M3 -"#;
    assert_eq!(bench.sql.value(whole).as_deref(), Some(expected), "only the set is in the links");
    assert_eq!(
        bench.sql.value("SELECT count(DISTINCT shape) FROM links").as_deref(),
        Some("3"),
        "one for each set of fields"
    );
    for of in ["M1", "M2", "M3"] {
        assert_kept(&bench, &store, of, "as it was synced");
    }
    assert_eq!(bench.night(&store, LISTED)["unchanged"], json!(3));
}

/// What others do to a row, and the base is then that of before.
#[test]
fn a_base_outlives_whatever_is_done_to_its_row() {
    for (sql, why) in [
        ("UPDATE members SET name = 'Edited', points = NULL, member = false", "an edit"),
        ("UPDATE members SET name = 'Edited'; UPDATE members SET email = 'twice@example.org'", "two edits"),
        ("DELETE FROM members", "deleted"),
        ("UPDATE members SET name = 'Edited'; DELETE FROM members", "edited and deleted"),
        ("TRUNCATE members", "truncated"),
        ("UPDATE members SET local_id = local_id + 100", "another key"),
        ("UPDATE members SET active = false", "deactivated"),
        (
            "DELETE FROM members; INSERT INTO members(external_id, name) VALUES ('M1', 'x'), ('M2', 'y'), ('M3', 'z')",
            "deleted and entered again",
        ),
        (
            "INSERT INTO members(external_id, name) VALUES ('M1', 'x'), ('M2', 'x'), ('M3', 'x')
             ON CONFLICT (external_id COLLATE \"C\") WHERE external_id IS NOT NULL DO UPDATE SET name = EXCLUDED.name",
            "an upsert",
        ),
        (
            "ALTER TABLE members RENAME COLUMN name TO other; ALTER TABLE members RENAME COLUMN other TO name",
            "renamed and back",
        ),
    ] {
        let (bench, store) = club();
        bench.sql.run(sql);
        for of in ["M1", "M2", "M3"] {
            assert_kept(&bench, &store, of, why);
        }
    }
}

#[test]
fn an_edit_that_no_trigger_saw_is_taken_for_no_base() {
    let (bench, store) = club();
    bench
        .sql
        .run("ALTER TABLE members DISABLE TRIGGER USER; UPDATE members SET name = 'Edited' WHERE external_id = 'M1'");
    assert_eq!(base(&store, "M1"), None);
    assert_kept(&bench, &store, "M2", "its row is as it was");
}

/// A later night stores the base anew, of an edited row too, and the store's own writes leave the base of what they do not
/// write.
#[test]
fn a_night_after_an_edit_stores_the_base_anew() {
    let (bench, store) = club();
    bench.sql.run("UPDATE members SET email = 'mine@example.org' WHERE external_id = 'M1'");
    let moved = LISTED.replace(" Áine ", "Aisling");
    assert_eq!(bench.night(&store, &moved)["updated"], json!(1));
    let expected = json!({"name": "Aisling", "email": "aine@example.org", "member": true, "points": 17, "tags": ["a"]});
    let expected = bench.schema.record(&expected).unwrap();
    assert_eq!(base(&store, "M1").unwrap().0, expected);
    let stored = r#"SELECT base::text || ' ' || (shape IS NOT NULL) || ' ' || (kept IS NULL) FROM links WHERE external_id = 'M1'"#;
    let rest = r#"{"email":"aine@example.org","tags":["a"]} true true"#;
    assert_eq!(bench.sql.value(stored).as_deref(), Some(rest), "an edited field is no part of the row's");
}

/// A schema with other fields: the bases are read before its first write, written out with it, and known afterwards.
#[test]
fn bases_outlive_a_change_of_the_schema() {
    let (bench, _) = club();
    let schema = r#"{"fields": {"full_name": {"kind": "name", "aliases": ["name"]}, "email": {"kind": "email"},
        "points": {"kind": "integer"}, "town": {"kind": "text"}}}"#;
    let settings = Settings { schema: serde_json::from_str(schema).unwrap(), id_field: "id".to_owned() };
    let store = block_on(PostgresStore::new(bench.database(), settings.clone())).unwrap();
    let names =
        |store: &PostgresStore| serde_json::to_value(settings.schema.named(&base(store, "M1").unwrap().0)).unwrap();
    let known = names(&store);
    assert_eq!((&known["full_name"], &known["points"]), (&json!(" Áine "), &json!(17)), "before the first write");
    block_on(store.settle()).unwrap();
    assert_eq!(names(&store), known, "after it");
    assert_eq!(bench.sql.value("SELECT count(*) FROM links WHERE shape IS NOT NULL").as_deref(), Some("0"));
    bench.sql.run("UPDATE members SET full_name = 'Edited'");
    assert_eq!(names(&store), known, "after an edit");
}
