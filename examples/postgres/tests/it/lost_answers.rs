//! A connection that breaks at the commit: before the server has heard of it, and before its answer arrives.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::plan::plan_creation;
use tripartite::schema::Policy;
use tripartite::source::RemoteRecord;
use tripartite::store::{Batch, OpOutcome, RecordStore};
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::{Database, PostgresStore};
use tripartite_sql::Settings;

use crate::bench::SCHEMA;
use crate::proxy::{Fate, proxy};
use crate::server::{Cluster, Sql, runtime};

fn creation(settings: &Settings, id: &str) -> Batch {
    let policy = Policy::new(settings.schema.clone());
    let record = settings.schema.record(&json!({"name": "Áine"})).unwrap();
    let op = plan_creation(&policy, &RemoteRecord::new(id.parse().unwrap(), record)).unwrap();
    tripartite::decide::batch(&policy, "run".parse().unwrap(), chrono::DateTime::UNIX_EPOCH, vec![op], None)
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_out() {
    let cluster = Cluster::new(&["-c", "fsync=off"]);
    let of_commit = Arc::new(Mutex::new(Fate::Heard));
    let next = Arc::clone(&of_commit);
    let port = proxy(cluster.socket(), move |said| match said.windows(7).any(|word| word == b"COMMIT\0") {
        true => std::mem::replace(&mut *next.lock().unwrap(), Fate::Heard),
        false => Fate::Heard,
    });
    let pool = Pool::on(runtime(), &format!("host=127.0.0.1 port={port} user=postgres dbname=postgres")).unwrap();
    let database = Database::of(pool);
    block_on(database.migrate()).unwrap();
    let settings = || Settings { schema: serde_json::from_str(SCHEMA).unwrap(), id_field: "id".to_owned() };
    let store = block_on(PostgresStore::new(database, settings())).unwrap();
    let count = || Sql::at(&cluster.address()).value("SELECT count(*) FROM tripartite.members");

    *of_commit.lock().unwrap() = Fate::Unheard;
    let error = block_on(store.commit(&creation(&settings(), "M1"))).unwrap_err();
    assert_eq!(error.failure(), Failure::Retry { after: None }, "{error}");
    assert_eq!(count().as_deref(), Some("0"));

    *of_commit.lock().unwrap() = Fate::Unanswered;
    let outcomes = block_on(store.commit(&creation(&settings(), "M1"))).unwrap();
    assert!(matches!(outcomes[..], [OpOutcome::Applied { .. }]), "{outcomes:?}");
    assert_eq!(count().as_deref(), Some("1"));
}
