//! Bases that stand in their rows: whatever somebody does to a row, its base is what it was.

use serde_json::{Value, json};
use tripartite::drive::block_on;
use tripartite::id::ExternalId;
use tripartite::value::{Fingerprint, Record};
use tripartite_postgres::store::PostgresStore;
use tripartite_sql::{Register, Settings};

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
    assert_kept_of(LISTED, bench, store, of, why);
}

#[track_caller]
fn assert_kept_of(listed: &str, bench: &Bench, store: &PostgresStore, of: &str, why: &str) {
    let line = listed.lines().find(|line| line.contains(of)).unwrap();
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

const TYPED: &str = r#"{"fields": {"name": {"kind": "name"}, "email": {"kind": "email"}, "member": {"kind": "boolean"},
    "points": {"kind": "integer"}, "born": {"kind": "date", "formats": ["%Y-%m-%d", "%d.%m.%Y"]}, "fee": {"kind": "decimal"}, "seen": {"kind": "timestamp"},
    "ref": {"kind": "text"}, "class": {"kind": "text"}, "tags": {"kind": "set", "of": {"kind": "text"}}}}"#;

const COLUMNS: &str = "name varchar(80), email text NOT NULL DEFAULT '', member boolean, points integer, born date,
    fee numeric(8, 2), seen timestamptz, ref uuid, class char(4), tags jsonb, photo bytea, last_login timestamptz";

const TYPED_LISTED: &str = r#"{"id": "M1", "name": " Áine ", "email": "aine@example.org", "member": true, "points": 17, "born": "2001-02-03", "fee": "12.50", "seen": "2026-01-31T23:30:00Z", "ref": "0b5c1f3e-8d3a-4a1c-9a55-6d1f0a3b2c1d", "class": "4b", "tags": ["a"]}
{"id": "M2", "name": "Seán", "email": null, "member": null, "points": "18", "born": "3.2.2001", "fee": "12.5", "seen": "2026-01-31T23:30:00.0Z", "ref": null, "class": null, "tags": []}
{"id": "M3", "name": "Niamh"}"#;

/// A club that keeps its members in a table of its own, whose columns have types of their own.
fn typed() -> (Bench, PostgresStore) {
    let bench = Bench::of(TYPED);
    let store = bench.attached(COLUMNS);
    bench.sql.run("UPDATE people SET photo = '\\x00'");
    assert_eq!(bench.night(&store, TYPED_LISTED)["created"], json!(3));
    (bench, store)
}

#[test]
fn what_a_typed_column_gives_back_as_it_was_said_is_stored_once() {
    let (bench, store) = typed();
    let whole =
        "SELECT string_agg(external_id || ' ' || coalesce(base::text, '-'), ', ' ORDER BY external_id) FROM links";
    let expected = r#"M1 {"class":"4b","tags":["a"]}, M2 {"email":null,"points":"18","born":"3.2.2001","fee":"12.5","seen":"2026-01-31T23:30:00.0Z","class":null,"tags":[]}, M3 -"#;
    assert_eq!(bench.sql.value(whole).as_deref(), Some(expected), "what reads otherwise is in the links");
    for of in ["M1", "M2", "M3"] {
        assert_kept_of(TYPED_LISTED, &bench, &store, of, "as it was synced");
    }
    assert_eq!(bench.night(&store, TYPED_LISTED)["unchanged"], json!(3));
}

#[test]
fn a_base_outlives_whatever_an_application_does_to_its_row() {
    for (sql, why) in [
        ("UPDATE people SET name = 'Edited', points = NULL, born = '1999-12-31', fee = 1, seen = now()", "an edit"),
        ("UPDATE people SET last_login = now(); UPDATE people SET name = 'Edited'", "an edit behind one of no field"),
        ("UPDATE people SET seen = NULL; UPDATE people SET ref = gen_random_uuid(), class = 'x'", "two edits"),
        ("DELETE FROM people", "deleted"),
        ("UPDATE people SET name = 'Edited'; DELETE FROM people", "edited and deleted"),
        ("TRUNCATE people", "truncated"),
        ("UPDATE people SET id = id + 100", "another key"),
        ("UPDATE people SET tripartite_active = false", "deactivated"),
        (
            "DELETE FROM people; INSERT INTO people(tripartite_id, name) VALUES ('M1', 'x'), ('M2', 'y'), ('M3', 'z')",
            "deleted and entered again",
        ),
        ("ALTER TABLE people ALTER name TYPE varchar(90), ALTER points TYPE bigint", "other types of the same values"),
    ] {
        let (bench, store) = typed();
        bench.sql.run(&format!("SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'; {sql}"));
        for of in ["M1", "M2", "M3"] {
            assert_kept_of(TYPED_LISTED, &bench, &bench.store(), of, why);
        }
        drop(store);
    }
}

/// Only what a base is read from is copied, and only where it changes.
#[test]
fn of_a_table_of_the_hosts_own_no_other_column_is_copied() {
    let (bench, _) = typed();
    bench.sql.run("UPDATE people SET last_login = now(), photo = '\\x01'");
    let kept = "SELECT string_agg(kept::text, ' ') FROM links";
    assert_eq!(bench.sql.value(kept), None, "none of it is of a field");
    bench.sql.run("UPDATE people SET name = 'Edited' WHERE tripartite_id = 'M3'");
    let kept = bench.sql.value(kept).unwrap();
    assert!(kept.contains("Niamh") && !kept.contains("photo") && !kept.contains("last_login"), "{kept}");
}

/// A column that is gone is no error to the application that changes a row.
#[test]
fn a_column_that_is_dropped_or_renamed_does_not_keep_anybody_from_their_rows() {
    let (bench, _) = typed();
    bench.sql.run(
        "ALTER TABLE people DROP COLUMN fee; ALTER TABLE people RENAME COLUMN name TO full_name;
         UPDATE people SET full_name = 'Edited', points = 1; DELETE FROM people",
    );
    assert_eq!(bench.sql.value("SELECT count(removed) FROM links").as_deref(), Some("3"));
}

/// What was kept of a row under a column's old name is read under the new one, once the table is attached again.
#[test]
fn bases_outlive_the_renaming_of_a_column() {
    let (bench, _) = typed();
    bench.sql.run("UPDATE people SET name = 'Edited'; ALTER TABLE people RENAME COLUMN name TO full_name");
    let attach = |table| block_on(bench.database().attach(&Register::default(), &table, &bench.settings()));
    let renamed = || bench.people().column("name", "full_name");
    attach(renamed()).unwrap();
    for of in ["M1", "M2", "M3"] {
        assert_kept_of(TYPED_LISTED, &bench, &bench.store(), of, "renamed");
    }
    let report = bench.night(&bench.store(), &TYPED_LISTED.replace("Niamh", "Neev"));
    assert_eq!((&report["unchanged"], &report["conflicts_detected"]), (&json!(2), &json!(1)), "{report}");
    bench.sql.run("ALTER TABLE people ADD COLUMN other text");
    let error = attach(renamed().column("name", "other")).unwrap_err();
    assert!(error.to_string().contains("detach it before"), "another column is no other name: {error}");
}

/// A trigger of somebody else's may change a row at any time, so no base is left in one.
#[test]
fn a_table_with_triggers_of_its_own_has_its_bases_whole() {
    let bench = Bench::of(TYPED);
    bench.sql.run(
        "CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN NEW.last_login := now(); RETURN NEW; END $$",
    );
    let store = bench.attached(COLUMNS);
    bench.sql.run("CREATE TRIGGER touched BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION touched()");
    drop(store);
    let store = bench.store();
    bench.night(&store, TYPED_LISTED);
    assert_eq!(bench.sql.value("SELECT count(base) || ' ' || count(shape) FROM links").as_deref(), Some("3 0"));
    assert_kept_of(TYPED_LISTED, &bench, &store, "M1", "whole");
}
