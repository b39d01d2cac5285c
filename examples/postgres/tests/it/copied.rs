//! Rows that are copied into their tables: they say what was sent, and one that is refused keeps no other out.

use serde_json::{Value, json};
use tripartite::drive::block_on;
use tripartite::id::ExternalId;
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::{Database, PostgresStore};

use crate::bench::Bench;
use crate::server::{address, runtime};

const SCHEMA: &str = r#"{"fields": {"name": {"kind": "text"}, "email": {"kind": "text"}, "member": {"kind": "boolean"},
    "points": {"kind": "integer"}, "tags": {"kind": "set", "of": {"kind": "text"}}}}"#;

const ODD: [&str; 10] =
    ["", "\\N", "\\.", "\t", "a\nb", "\r\n", "\\", "\u{b}\u{8}", "ends with \\", "Áine \u{1F600} 'x' \"y\""];

/// So many records that they are copied, with this text.
fn listed(odd: &str) -> Vec<Value> {
    let record = |n: usize| {
        json!({"id": format!("M{n:03}"), "name": odd, "email": if n.is_multiple_of(7) { Value::Null } else { json!(format!("{odd}{n}")) },
            "member": n.is_multiple_of(2), "points": n, "tags": ["a", "b"]})
    };
    (0..100).map(record).collect()
}

fn text(listed: &[Value]) -> String {
    listed.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

/// A batch of one text each: one that cannot be copied would be inserted, with all others of its batch.
#[test]
fn odd_texts_stand_as_they_were_sent() {
    for odd in ODD {
        let bench = Bench::of(SCHEMA);
        let (store, listed) = (bench.store(), listed(odd));
        assert_eq!(bench.night(&store, &text(&listed))["created"], json!(100));
        for record in &listed {
            let id = ExternalId::new(record["id"].as_str().unwrap()).unwrap();
            let known = block_on(store.record(&id)).unwrap().unwrap();
            let mut fields = record.clone();
            let of = fields.as_object_mut().unwrap();
            of.remove("id");
            // A text that says nothing is written as null.
            let blank = |is: &&mut Value| is.as_str().is_some_and(|text| text.trim().is_empty());
            of.values_mut().filter(blank).for_each(|is| *is = Value::Null);
            let sent = bench.schema.record(&fields).unwrap();
            assert_eq!((&known.local, &known.base.unwrap().record), (&sent, &sent), "{record}");
        }
        assert_eq!(bench.night(&store, &text(&listed))["unchanged"], json!(100));
    }
}

#[test]
fn one_that_is_refused_keeps_no_other_out() {
    let bench = Bench::of(SCHEMA);
    let store = bench.store();
    bench.sql.run("ALTER TABLE members ADD CHECK (points <> 42)");
    let report = bench.night(&store, &text(&listed("x")));
    assert_eq!((&report["created"], &report["failed"]), (&json!(99), &json!(1)), "{report}");
    let problem = report["unwritten"].to_string();
    assert!(problem.contains("a check, 23514"), "{report}");
    assert_eq!(bench.sql.value("SELECT count(*) FROM links").as_deref(), Some("99"));
}

/// Records, and how many numbers they have.
fn revisions(bench: &Bench, of: &str) -> String {
    let sql = format!("SELECT count(*) || ' ' || count(DISTINCT revision) FROM members WHERE {of}");
    bench.sql.value(&sql).unwrap()
}

/// The rows of a batch share the number of their entry. A change has its own, which is larger.
#[test]
fn each_change_of_rows_that_were_entered_at_once_makes_a_larger_revision() {
    let bench = Bench::of(SCHEMA);
    let store = bench.store();
    bench.night(&store, &text(&listed("x")));
    let entered = bench.sql.value("SELECT max(revision) FROM members").unwrap();
    assert_eq!(revisions(&bench, "true"), "100 1");
    bench.sql.run("UPDATE members SET points = -1 WHERE external_id IN ('M001', 'M002', 'M003')");
    assert_eq!(revisions(&bench, &format!("revision > {entered}")), "3 3");
    let mut moved = listed("x");
    moved.iter_mut().for_each(|record| record["name"] = json!("y"));
    let report = bench.night(&store, &text(&moved));
    assert_eq!(report["updated"], json!(100), "{report}");
    assert_eq!(bench.sql.value("SELECT count(*) FROM members WHERE points = -1").as_deref(), Some("3"));
    assert_eq!(revisions(&bench, &format!("revision > {entered} + 3")), "100 100");
}

/// PostgreSQL copies nothing into a table whose rows have policies.
#[test]
fn where_rows_have_policies_they_are_inserted() {
    let bench = Bench::of(SCHEMA);
    drop(bench.store());
    let (schema, role) = (&bench.place.schema, format!("member_{}", bench.place.schema));
    bench.sql.run(&format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {schema} TO {role};
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
         ALTER TABLE members ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON members USING (true);
         ALTER TABLE links ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON links USING (register = 1)"
    ));
    let pool = Pool::on(runtime(), &address().replace("user=postgres", &format!("user={role}"))).unwrap();
    let database = Database::of(pool).in_schema(schema.as_str());
    let store = block_on(PostgresStore::new(database, bench.settings())).unwrap();
    assert_eq!(bench.night(&store, &text(&listed("x")))["created"], json!(100));
    bench.sql.run(&format!("DROP OWNED BY {role}"));
}
