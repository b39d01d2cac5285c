//! Jobs beside records: enqueued in the host's own transaction, and fencing in that of a batch.

use std::time::Duration;

use chrono::DateTime;
use tripartite::decide::batch;
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::id::SyncKey;
use tripartite::queue::{Command, Outcome, Scope, Trigger};
use tripartite::schema::Policy;
use tripartite::store::RecordStore;
use tripartite::work::{Queue, slot_key};
use tripartite_postgres::jobs::{InTransaction, PostgresJobStore};
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::StoreError;
use tripartite_postgres::tokio_postgres::{Config, NoTls};

use crate::bench::Bench;
use crate::server::{Cluster, Sql, address, runtime};

fn key() -> SyncKey {
    "ballybeg/federation".parse().unwrap()
}

fn trigger() -> Command {
    Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false }
}

fn claim(nonce: &str) -> Command {
    let lease = Duration::from_secs(60);
    Command::Claim { worker: "w".parse().unwrap(), nonce: nonce.parse().unwrap(), lease }
}

fn jobs(bench: &Bench) -> Queue<PostgresJobStore> {
    Queue::new(block_on(PostgresJobStore::open_in(bench.place.pool.clone(), &bench.place.schema)).unwrap())
}

#[test]
fn a_job_is_there_if_the_hosts_transaction_is_committed() {
    let bench = Bench::new();
    let schema = bench.place.schema.clone();
    bench.sql.run("CREATE TABLE orders(member bigint)");
    for (commits, orders) in [(false, "0"), (true, "1")] {
        let schema = schema.clone();
        let done = runtime().spawn(async move {
            let config: Config = address().parse().unwrap();
            let (mut client, connection) = config.connect(NoTls).await.unwrap();
            tokio::spawn(connection);
            let transaction = client.transaction().await.unwrap();
            transaction.execute(&format!("INSERT INTO {schema}.orders VALUES (17)"), &[]).await.unwrap();
            let queue = Queue::new(InTransaction::in_schema(&transaction, &schema));
            let applied = queue.apply(&key(), None, trigger(), DateTime::UNIX_EPOCH).await.unwrap();
            drop(queue);
            if commits {
                transaction.commit().await.unwrap();
            }
            applied.outcome
        });
        assert_eq!(block_on(done).unwrap(), Outcome::Enqueued);
        assert_eq!(bench.sql.value("SELECT count(*) FROM orders").as_deref(), Some(orders));
        assert_eq!(bench.sql.value("SELECT count(*) FROM jobs").as_deref(), Some(orders));
    }
    let claimed = block_on(jobs(&bench).apply(&key(), None, claim("n"), DateTime::UNIX_EPOCH)).unwrap();
    assert!(matches!(claimed.outcome, Outcome::Claimed(_)), "{claimed:?}");
}

#[test]
fn a_worker_that_lost_its_claim_writes_nothing() {
    let bench = Bench::new();
    let queue = jobs(&bench);
    let apply = |command, at| {
        let at = DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(at);
        block_on(queue.apply(&key(), None, command, at)).unwrap().outcome
    };
    let _ = apply(trigger(), 0);
    let _ = apply(claim("first"), 0);
    let policy = Policy::new(bench.schema.clone());
    let empty = batch(&policy, "run".parse().unwrap(), DateTime::UNIX_EPOCH, vec![], None);
    let fenced = bench.store().fenced(1, slot_key(&key()));
    assert_eq!(block_on(fenced.commit(&empty)).unwrap(), []);
    let _ = apply(Command::Expire, 100);
    let _ = apply(claim("second"), 100_000);
    let error = block_on(fenced.commit(&empty)).unwrap_err();
    assert!(matches!(error, StoreError::Fenced { token: 1, .. }), "{error}");
    assert_eq!(error.failure(), Failure::Retry { after: None });
}

#[test]
fn a_server_that_is_away_is_a_failure_that_passes() {
    let cluster = Cluster::new(&["-c", "fsync=off"]);
    let (pool, slot) = (Pool::on(runtime(), &cluster.address()).unwrap(), slot_key(&key()));
    block_on(tripartite_postgres::format::migrate(&pool, "tripartite")).unwrap();
    let store = block_on(PostgresJobStore::open(pool)).unwrap();
    let read = || block_on(tripartite::jobs::JobStore::get(&store, &slot));
    assert_eq!(read().unwrap(), None);
    let others =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%jobs%'";
    Sql::at(&cluster.address()).run(others);
    // The connection that broke is told of, or was found broken before; the next one is a new one.
    if let Err(error) = read() {
        assert_eq!(error.failure(), Failure::Retry { after: None }, "{error}");
    }
    assert_eq!(read().unwrap(), None);
    drop(cluster);
    for _ in 0..3 {
        let error = read().unwrap_err();
        assert_eq!(error.failure(), Failure::Retry { after: None }, "{error}");
    }
}
