//! A first night, and one of changes, run no triggers of the program's own, and all others.

use tripartite::drive::drive_blocking;
use tripartite::id::ExternalId;
use tripartite::memory::Listing;
use tripartite::run::Run;
use tripartite::schema::Policy;
use tripartite::source::{Item, RemoteRecord};
use tripartite_sql::Settings;
use tripartite_sqlite::store::{Access, Database, SqliteStore};

use crate::bench::{Bench, members};

const SCHEMA: &str = r#"{"fields": {"name": {"kind": "name"}, "phone": {"kind": "text"}}}"#;

fn store(bench: &Bench) -> SqliteStore {
    let settings = Settings { schema: serde_json::from_str(SCHEMA).unwrap(), id_field: "id".to_owned() };
    SqliteStore::new(Database::open(&bench.db(), Access::Write).unwrap(), settings).unwrap()
}

fn night(store: &SqliteStore, numbers: std::ops::RangeInclusive<u32>) {
    night_of(store, numbers, "p");
}

fn night_of(store: &SqliteStore, numbers: std::ops::RangeInclusive<u32>, phone: &str) {
    let item = |n| {
        let said = serde_json::json!({"name": format!("N{n}"), "phone": format!("{phone}{n}")});
        let record = store.schema().record(&said);
        Item::Record(RemoteRecord::new(ExternalId::new(format!("M{n}")).unwrap(), record.unwrap()))
    };
    let at = chrono::DateTime::UNIX_EPOCH;
    let run = Run::new(Policy::new(store.schema().clone()), store.next_run(&at).unwrap(), at);
    drive_blocking(run.start(), &Listing::new(numbers.map(item).collect::<Vec<_>>()).partial(), store).unwrap();
}

#[test]
fn a_trigger_of_the_users_own_runs_for_each_row_of_a_first_night() {
    for (table, column) in [
        ("MEMBERS", "external_id"),
        ("tripartite_links", "external_id"),
        ("tripartite_entries", "external_id"),
        ("tripartite_kinds", "verdict"),
        ("tripartite_shapes", "fields"),
    ] {
        let bench = Bench::new();
        drop(store(&bench));
        bench.edit(&format!(
            "CREATE TABLE seen(what);
             CREATE TRIGGER sees AFTER INSERT ON {table} BEGIN INSERT INTO seen VALUES (NEW.{column}); END"
        ));
        bench.sync(&members(1..=3));
        let rows = bench.value(&format!("SELECT count(*) FROM {table}"));
        assert_eq!(bench.value("SELECT count(*) FROM seen"), rows, "{table}");
    }
}

#[test]
fn a_trigger_that_comes_between_two_batches_of_creations_runs() {
    let bench = Bench::new();
    let store = store(&bench);
    night(&store, 1..=3);
    bench.edit(
        "CREATE TABLE seen(what);
         CREATE TRIGGER sees AFTER INSERT ON members BEGIN INSERT INTO seen VALUES (NEW.external_id); END",
    );
    night(&store, 4..=6);
    assert_eq!(bench.value("SELECT count(*) FROM seen").as_deref(), Some("3"));
}

#[test]
fn the_connection_of_a_first_night_runs_the_triggers_for_whatever_comes_next() {
    let bench = Bench::new();
    let store = store(&bench);
    night(&store, 1..=3);
    let edit = "UPDATE members SET phone = 'mine' WHERE external_id = 'M1'";
    store.with(|conn| Ok(conn.execute_batch(edit)?)).unwrap();
    let row = "SELECT revision || phone FROM members WHERE external_id = 'M1'";
    assert_eq!(bench.value(row).as_deref(), Some("2mine"));
    assert_eq!(bench.value("SELECT phone FROM tripartite_kept WHERE external_id = 'M1'").as_deref(), Some("p1"));
    // Who enters a linked record anew gets a revision that the old row cannot have had.
    bench.edit("DELETE FROM members WHERE external_id = 'M2'");
    night(&store, 4..=4);
    let again = "INSERT INTO members(external_id) VALUES ('M2')";
    store.with(|conn| Ok(conn.execute_batch(again)?)).unwrap();
    let far = "SELECT revision > 1000000 FROM members WHERE external_id = 'M2'";
    assert_eq!(bench.value(far).as_deref(), Some("1"));
}

#[test]
fn a_trigger_of_the_users_own_runs_for_each_row_of_a_night_of_changes() {
    let bench = Bench::new();
    let store = store(&bench);
    night(&store, 1..=3);
    bench.edit(
        "CREATE TABLE seen(what);
         CREATE TRIGGER sees AFTER UPDATE ON members BEGIN INSERT INTO seen VALUES (NEW.phone); END",
    );
    night_of(&store, 1..=3, "q");
    assert_eq!(bench.value("SELECT group_concat(what) FROM seen").as_deref(), Some("q1,q2,q3"));
}

/// What was kept of a base is nobody's base once another was stored, and an edit after that keeps the new one.
#[test]
fn a_night_of_changes_leaves_nothing_kept_of_the_old_bases() {
    let bench = Bench::new();
    let store = store(&bench);
    night(&store, 1..=3);
    bench.edit("UPDATE members SET name = 'Mine' WHERE external_id = 'M1'");
    assert_eq!(bench.value("SELECT name || phone FROM tripartite_kept").as_deref(), Some("N1p1"));
    night_of(&store, 1..=3, "q");
    let members = "SELECT group_concat(name || phone) FROM (SELECT * FROM members ORDER BY external_id)";
    assert_eq!(bench.value(members).as_deref(), Some("Mineq1,N2q2,N3q3"));
    bench.edit("UPDATE members SET phone = 'edit' WHERE external_id IN ('M1', 'M2')");
    let kept = "SELECT group_concat(phone) FROM (SELECT * FROM tripartite_kept ORDER BY external_id)";
    assert_eq!(bench.value(kept).as_deref(), Some("q1,q2"));
    night_of(&store, 1..=3, "q");
    assert_eq!(bench.value(members).as_deref(), Some("Mineedit,N2edit,N3q3"), "edits are not undone");
    night_of(&store, 1..=3, "r");
    assert_eq!(bench.value(members).as_deref(), Some("Miner1,N2r2,N3r3"), "the source changed them, too");
}
