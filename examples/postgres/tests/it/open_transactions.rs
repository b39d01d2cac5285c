//! Transactions that are open while a run writes, and those that end in between.

use std::time::Duration;

use serde_json::json;
use tripartite::drive::block_on;
use tripartite::id::{ExternalId, RunId};
use tripartite::schema::Policy;
use tripartite::store::{Action, Batch, LoadRequest, OpOutcome, RecordStore};

use crate::bench::Bench;
use crate::server::{Sql, runtime};

const LISTED: &str = "{\"id\": \"M1\", \"name\": \"Áine\", \"email\": \"aine@example.org\"}";

/// An update of the name of M1, at the revision that it has now.
fn update(bench: &Bench, store: &tripartite_postgres::store::PostgresStore) -> Batch {
    let id = ExternalId::new("M1").unwrap();
    let loaded = block_on(store.load(&LoadRequest::of([id.clone()]))).unwrap().linked.pop().unwrap();
    let remote = bench.schema.record(&json!({"name": "Ann", "email": "aine@example.org"})).unwrap();
    let policy = Policy::new(bench.schema.clone());
    let remote = tripartite::source::RemoteRecord::new(id, remote);
    let op = tripartite::plan::plan_linked(&policy, &remote, &loaded).unwrap();
    assert!(matches!(op.action, Action::Update(_)));
    tripartite::decide::batch(&policy, RunId::new("run").unwrap(), chrono::DateTime::UNIX_EPOCH, vec![op], None)
}

fn pause(milliseconds: u64) {
    block_on(runtime().spawn(async move { tokio::time::sleep(Duration::from_millis(milliseconds)).await })).unwrap();
}

/// What becomes of an update that is committed while somebody's edit of its row is open, and the name that the row has then. The
/// edit ends like this a moment later.
fn behind_an_edit_that_ends(ends: &str) -> (OpOutcome, Option<String>) {
    let bench = Bench::new();
    let store = bench.attached("name text, email text");
    bench.night(&store, LISTED);
    bench.sql.run("BEGIN; UPDATE people SET name = 'edited' WHERE tripartite_id = 'M1'");
    let batch = update(&bench, &store);
    let committing = runtime().spawn(async move { store.commit(&batch).await });
    pause(200);
    assert!(!committing.is_finished(), "it waits for the edit");
    bench.sql.run(ends);
    let mut outcomes = block_on(committing).unwrap().unwrap();
    (outcomes.remove(0), bench.sql.value("SELECT name FROM people"))
}

#[test]
fn an_edit_that_is_open_when_a_record_is_loaded_makes_the_op_stale() {
    assert_eq!(behind_an_edit_that_ends("COMMIT"), (OpOutcome::Stale, Some("edited".to_owned())));
}

#[test]
fn an_edit_that_is_rolled_back_was_none() {
    let (outcome, name) = behind_an_edit_that_ends("ROLLBACK");
    assert!(matches!(outcome, OpOutcome::Applied { .. }), "{outcome:?}");
    assert_eq!(name.as_deref(), Some("Ann"));
}

#[test]
fn a_transaction_that_began_before_another_ones_edit_makes_a_larger_revision() {
    let bench = Bench::new();
    let store = bench.attached("name text, email text");
    bench.night(&store, LISTED);
    let other = Sql::new();
    other.run(&format!("SET search_path = {}; BEGIN; SELECT nextval('revisions')", bench.place.schema));
    bench.sql.run("UPDATE people SET name = 'first'");
    let first = bench.sql.value("SELECT tripartite_revision FROM people").unwrap().parse::<i64>().unwrap();
    other.run("UPDATE people SET name = 'second'; COMMIT");
    let second = bench.sql.value("SELECT tripartite_revision FROM people").unwrap().parse::<i64>().unwrap();
    assert!(second > first);
}

#[test]
fn a_row_that_is_locked_for_too_long_holds_up_no_other() {
    let bench = Bench::new();
    let address = format!("{} options='-c lock_timeout=200ms'", crate::server::address());
    bench.attached("name text, email text");
    let pool = tripartite_postgres::pool::Pool::on(runtime(), &address).unwrap();
    let database = tripartite_postgres::store::Database::of(pool).in_schema(bench.place.schema.as_str());
    let store = block_on(tripartite_postgres::store::PostgresStore::new(database, bench.settings())).unwrap();
    bench.night(&store, LISTED);
    bench.sql.run("BEGIN; UPDATE people SET name = 'edited' WHERE tripartite_id = 'M1'");
    let listed =
        "{\"id\": \"M1\", \"name\": \"Ann\", \"email\": \"a@example.org\"}\n{\"id\": \"M2\", \"name\": \"Seán\"}";
    let report = bench.night(&store, listed);
    assert_eq!((&report["created"], &report["skipped"]), (&json!(1), &json!(1)), "{report}");
    bench.sql.run("COMMIT");
    assert_eq!(bench.sql.value("SELECT name FROM people WHERE tripartite_id = 'M1'").as_deref(), Some("edited"));
}

#[test]
fn a_row_that_a_user_is_entering_under_the_id_of_a_new_record_is_not_entered_twice() {
    let bench = Bench::new();
    let store = bench.attached("name text, email text");
    bench.sql.run("BEGIN; INSERT INTO people(name, tripartite_id) VALUES ('entered', 'M1')");
    let listed = "{\"id\": \"M1\", \"name\": \"Ann\"}\n{\"id\": \"M2\", \"name\": \"Seán\"}";
    let report = std::thread::scope(|scope| {
        let night = scope.spawn(|| bench.night(&store, listed));
        pause(300);
        assert!(!night.is_finished());
        bench.sql.run("COMMIT");
        night.join().unwrap()
    });
    assert_eq!((&report["created"], &report["failed"]), (&json!(1), &json!(0)), "{report}");
    let all = "SELECT string_agg(tripartite_id, ' ' ORDER BY tripartite_id) FROM people";
    assert_eq!(bench.sql.value(all).as_deref(), Some("M1 M2"));
}
