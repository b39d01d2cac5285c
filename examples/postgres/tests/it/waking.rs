//! Whoever listens hears of a job at once, also of one that another process has enqueued.

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use tripartite::drive::block_on;
use tripartite::jobs::Bell;
use tripartite::queue::{Command, Outcome, Scope, Trigger};
use tripartite::work::Queue;
use tripartite_postgres::format;
use tripartite_postgres::jobs::{InTransaction, Listener, PostgresJobStore};
use tripartite_postgres::pool::Pool;
use tripartite_postgres::tokio_postgres::{Config, NoTls};

use crate::server::{Cluster, Place, Sql, address, pool, runtime};

/// Longer than anything here takes: a test that needs it has failed.
const LONG: Duration = Duration::from_secs(60);
/// Long enough for a ring that must not come.
const SHORT: Duration = Duration::from_millis(200);

fn listening(schema: &str) -> (Arc<Bell>, Listener) {
    let bell = Arc::new(Bell::default());
    let heard = bell.heard();
    let listener = Listener::on_schema(runtime(), address(), schema, Arc::clone(&bell)).unwrap();
    assert!(bell.wait(heard, LONG), "it rings once it listens");
    (bell, listener)
}

fn ask(queue: &Queue<PostgresJobStore>, org: &str) -> Outcome {
    let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    let key = format!("{org}/federation").parse().unwrap();
    block_on(queue.apply(&key, None, trigger, DateTime::UNIX_EPOCH)).unwrap().outcome
}

/// As another process does it.
fn enqueue(place: &Place, org: &str) -> Outcome {
    ask(&Queue::new(block_on(PostgresJobStore::open_in(pool(1), &place.schema)).unwrap()), org)
}

#[test]
fn a_job_that_somebody_else_enqueues_rings_and_one_of_another_schema_does_not() {
    let (place, other) = (Place::new(1), Place::new(1));
    let (bell, _listener) = listening(&place.schema);
    for (org, outcome) in [("a", Outcome::Enqueued), ("a", Outcome::Merged), ("b", Outcome::Enqueued)] {
        let heard = bell.heard();
        assert_eq!(enqueue(&other, org), outcome);
        assert!(!bell.wait(heard, SHORT));
        assert_eq!(enqueue(&place, org), outcome);
        assert!(bell.wait(heard, LONG));
    }
}

#[test]
fn a_job_rings_once_the_hosts_transaction_is_committed_and_not_before() {
    let place = Place::new(1);
    let (bell, _listener) = listening(&place.schema);
    for commits in [false, true] {
        let (schema, watched) = (place.schema.clone(), Arc::clone(&bell));
        let heard = bell.heard();
        block_on(runtime().spawn(async move {
            let config: Config = address().parse().unwrap();
            let (mut client, connection) = config.connect(NoTls).await.unwrap();
            tokio::spawn(connection);
            let transaction = client.transaction().await.unwrap();
            let queue = Queue::new(InTransaction::in_schema(&transaction, &schema));
            let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
            let _ = queue.apply(&"a/f".parse().unwrap(), None, trigger, DateTime::UNIX_EPOCH).await.unwrap();
            drop(queue);
            assert_eq!(watched.heard(), heard);
            if commits {
                transaction.commit().await.unwrap();
            }
        }))
        .unwrap();
        assert_eq!(bell.wait(heard, if commits { LONG } else { SHORT }), commits);
    }
}

#[test]
fn a_listener_whose_connection_breaks_rings_when_it_listens_again() {
    // A server of its own: no other listener is cut off.
    let cluster = Cluster::new(&["-c", "fsync=off"]);
    let pool = Pool::on(runtime(), &cluster.address()).unwrap();
    block_on(format::migrate(&pool, "tripartite")).unwrap();
    let bell = Arc::new(Bell::default());
    let heard = bell.heard();
    let _listener = Listener::on(runtime(), &cluster.address(), Arc::clone(&bell)).unwrap();
    assert!(bell.wait(heard, LONG));
    let heard = bell.heard();
    let others = "pid <> pg_backend_pid() AND query LIKE '%::regclass::oid::text'";
    let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}");
    Sql::at(&cluster.address()).run(&cut);
    assert!(bell.wait(heard, LONG), "what was stored meanwhile rings nothing else");
    let heard = bell.heard();
    let queue = Queue::new(block_on(PostgresJobStore::open(pool)).unwrap());
    assert_eq!(ask(&queue, "a"), Outcome::Enqueued);
    assert!(bell.wait(heard, LONG));
}
