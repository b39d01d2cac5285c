//! What is waited for ends, and then may be tried again.

use std::time::Duration;

use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, SwapOf};
use tripartite::store::RecordStore;
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::{Database, PostgresStore};

use crate::bench::Bench;
use crate::server::{address, runtime};

const RETRY: Failure = Failure::Retry { after: None };

/// The store of a bench over one connection with this setting.
fn store(bench: &Bench, setting: &str) -> PostgresStore {
    bench.store();
    let pool = Pool::on(runtime(), &format!("{} options='-c {setting}'", address())).unwrap().at_most(1);
    let database = Database::of(pool).in_schema(bench.place.schema.as_str());
    block_on(PostgresStore::new(database, bench.settings())).unwrap()
}

fn pause(milliseconds: u64) {
    block_on(runtime().spawn(async move { tokio::time::sleep(Duration::from_millis(milliseconds)).await })).unwrap();
}

#[test]
fn a_statement_that_takes_too_long_may_be_tried_again() {
    let bench = Bench::new();
    let store = store(&bench, "statement_timeout=200ms");
    bench.sql.run("BEGIN; LOCK TABLE members");
    assert_eq!(block_on(store.index(None)).unwrap_err().failure(), RETRY);
    bench.sql.run("ROLLBACK");
    assert!(block_on(store.index(None)).is_ok());
}

#[test]
fn a_transaction_in_which_nothing_happened_for_too_long_may_be_tried_again() {
    let bench = Bench::new();
    let store = store(&bench, "idle_in_transaction_session_timeout=100ms");
    let mut snapshot = block_on(store.snapshot()).unwrap();
    pause(500);
    assert_eq!(block_on(snapshot.last_run()).unwrap_err().failure(), RETRY);
    drop(snapshot);
    assert!(block_on(store.index(None)).is_ok(), "by another connection");
}

/// The server's last word is the answer to a statement that is under way.
#[test]
fn an_answer_that_the_session_was_ended_is_to_be_tried_again() {
    let bench = Bench::new();
    let jobs = block_on(PostgresJobStore::open_in(bench.place.pool.clone(), &bench.place.schema)).unwrap();
    for code in ["25P03", "25P04", "57P01", "57014", "53300"] {
        bench.sql.run(&format!(
            "CREATE OR REPLACE FUNCTION ended() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$;
             CREATE OR REPLACE TRIGGER ended BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION ended()"
        ));
        let key = StoreKey::of("slot", ["ballybeg", "federation"]);
        let error =
            block_on(jobs.compare_and_swap(&SwapOf::new(key, None, Some(Row::new(vec![1], Shard(0)))))).unwrap_err();
        assert_eq!(error.failure(), RETRY, "{code}: {error}");
    }
}

#[test]
fn whoever_finds_every_connection_taken_waits_for_one() {
    let bench = Bench::new();
    let store = store(&bench, "statement_timeout=1min");
    let snapshot = block_on(store.snapshot()).unwrap();
    std::thread::scope(|scope| {
        let other = scope.spawn(|| block_on(store.index(None)));
        pause(200);
        assert!(!other.is_finished());
        drop(snapshot);
        assert!(other.join().unwrap().is_ok());
    });
}
