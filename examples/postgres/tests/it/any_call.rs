//! The connection breaks at any call: what the caller is told is that it may try again, and then it is as if nothing had been.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tripartite::drive::{DriveError, block_on, drive_blocking};
use tripartite::failure::{Classify, Failure};
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, SwapOf};
use tripartite::memory::Listing;
use tripartite::run::Done;
use tripartite::schema::{Policy, Schema};
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::{Database, PostgresStore};
use tripartite_sql::Settings;

use crate::bench::SCHEMA;
use crate::proxy::{Fate, proxy};
use crate::server::{Cluster, Sql, runtime};
use crate::shared::items;

/// All that a night asks of the stores: how it ended, or the class of the first error.
fn night(database: &Database, listing: &str, at: i64) -> Result<Done, (Failure, String)> {
    fn class<E: std::error::Error + Classify>(error: E) -> (Failure, String) {
        (error.failure(), error.to_string())
    }
    // A second of its own: the ids of runs within one are tried from the first on.
    let at = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(at);
    let schema: Schema = serde_json::from_str(SCHEMA).unwrap();
    let settings = Settings { schema: schema.clone(), id_field: "id".to_owned() };
    let jobs = block_on(PostgresJobStore::open(database.pool().clone())).map_err(class)?;
    let key = StoreKey::of("slot", ["ballybeg", "federation"]);
    let known = block_on(jobs.get(&key)).map_err(class)?.map(|known| known.version);
    let row = Row::new(b"{}".to_vec(), Shard(0));
    let _ = block_on(jobs.compare_and_swap(&SwapOf::new(key.clone(), known, Some(row.clone())))).map_err(class)?;
    let store = block_on(PostgresStore::new(database.clone(), settings)).map_err(class)?;
    let run = block_on(store.run(Policy::new(schema.clone()), at)).map_err(class)?;
    let done = drive_blocking(run.start(), &Listing::new(items(&schema, listing)), &store);
    let done = done.map_err(|error| match error {
        DriveError::Store { error, .. } => class(error),
        error => panic!("{error}"),
    })?;
    block_on(store.settle()).map_err(class)?;
    block_on(store.remember(&done.report)).map_err(class)?;
    let mut now = block_on(store.snapshot()).map_err(class)?;
    block_on(now.last_run()).map_err(class)?;
    Ok(done)
}

#[test]
fn whichever_call_breaks_may_be_tried_again_and_nothing_is_half_written() {
    let cluster = Cluster::new(&["-c", "fsync=off"]);
    let left = Arc::new(AtomicI64::new(i64::MAX));
    let client = Arc::clone(&left);
    let port = proxy(cluster.socket(), move |_| match client.fetch_sub(1, Ordering::SeqCst) {
        0 => Fate::Unheard,
        _ => Fate::Heard,
    });
    let address = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres");
    let sql = Sql::at(&cluster.address());
    let mut broken = 0;
    for calls in 0_i64.. {
        // A pool of its own, so that connecting may break as well.
        let database = Database::of(Pool::on(runtime(), &address).unwrap());
        block_on(database.migrate()).unwrap();
        let database = Database::of(Pool::on(runtime(), &address).unwrap());
        let name = |id: usize| format!("{{\"id\": \"{id}\", \"email\": \"m{calls}@example.org\"}}");
        let listing = [1, 2].map(name).join("\n");
        left.store(calls, Ordering::SeqCst);
        let first = night(&database, &listing, 2 * calls);
        let was_reached = left.swap(i64::MAX, Ordering::SeqCst) < 0;
        if let Err((failure, error)) = &first {
            broken += 1;
            assert_eq!(*failure, Failure::Retry { after: None }, "call {calls}: {error}");
        }
        let again = night(&database, &listing, 2 * calls + 1).unwrap();
        assert_eq!(again.report.counts.conflicts_detected, 0, "call {calls}");
        let rows = "SELECT count(*) || ' ' || min(email) || ' ' || max(email) FROM tripartite.members";
        let expected = format!("2 m{calls}@example.org m{calls}@example.org");
        assert_eq!(sql.value(rows), Some(expected), "call {calls}");
        let linked = sql.value("SELECT count(*) FROM tripartite.links WHERE removed IS NULL");
        assert_eq!(linked.as_deref(), Some("2"), "call {calls}");
        if !was_reached {
            break;
        }
    }
    assert!(broken > 20, "{broken} calls broke");
}
