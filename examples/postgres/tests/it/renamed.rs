//! A field that has another name in the schema keeps its column, and what stands in it.

use tripartite::drive::block_on;
use tripartite::schema::Schema;
use tripartite_postgres::store::PostgresStore;
use tripartite_sql::Settings;

use crate::bench::Bench;

#[test]
fn a_field_with_a_new_name_keeps_its_column_and_the_edits_in_it() {
    let bench = Bench::new();
    let store = bench.store();
    let listing = r#"{"id": "1", "name": "Aine", "email": "aine@example.org"}"#;
    assert_eq!(bench.night(&store, listing)["created"], 1);
    bench.sql.change("UPDATE members SET email = 'hers@example.org' WHERE external_id = '1'");
    let schema: Schema = serde_json::from_str(
        r#"{"fields": {"name": {"kind": "name"}, "mail": {"kind": "email", "aliases": ["email"]}}}"#,
    )
    .unwrap();
    let settings = Settings { schema, id_field: "id".to_owned() };
    let renamed = block_on(PostgresStore::new(bench.database(), settings)).unwrap();
    block_on(renamed.settle()).unwrap();
    assert_eq!(bench.sql.value("SELECT mail FROM members").as_deref(), Some("hers@example.org"));
    assert!(bench.sql.try_run("SELECT email FROM members").is_err(), "there is no second column");
}
