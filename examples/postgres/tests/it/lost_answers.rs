//! A connection that breaks at the commit: before the server has heard of it, and before its answer arrives.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
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
use crate::server::{Cluster, Sql, runtime};

const NEVER: u8 = 0;
const BEFORE: u8 = 1;
const AFTER: u8 = 2;

/// Hands on what both sides say, until a commit breaks the connection.
async fn between(mut client: TcpStream, mut server: UnixStream, breaks: Arc<AtomicU8>) -> std::io::Result<()> {
    let (mut from_client, mut from_server) = ([0; 65_536], [0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let said = &from_client[..read?];
                let commits = said.windows(7).any(|word| word == b"COMMIT\0");
                let breaks = if commits { breaks.swap(NEVER, Ordering::SeqCst) } else { NEVER };
                if said.is_empty() || breaks == BEFORE {
                    return Ok(());
                }
                server.write_all(said).await?;
                if breaks == AFTER {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    return Ok(());
                }
            }
            read = server.read(&mut from_server) => {
                let said = &from_server[..read?];
                if said.is_empty() {
                    return Ok(());
                }
                client.write_all(said).await?;
            }
        }
    }
}

/// A port at which a server on a socket is reached.
fn proxy(socket: std::path::PathBuf, breaks: Arc<AtomicU8>) -> u16 {
    let listen = runtime().spawn(async { TcpListener::bind("127.0.0.1:0").await.unwrap() });
    let listener = block_on(listen).unwrap();
    let port = listener.local_addr().unwrap().port();
    runtime().spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = UnixStream::connect(&socket).await.unwrap();
            tokio::spawn(between(client, server, Arc::clone(&breaks)));
        }
    });
    port
}

fn creation(settings: &Settings, id: &str) -> Batch {
    let policy = Policy::new(settings.schema.clone());
    let record = settings.schema.record(&json!({"name": "Áine"})).unwrap();
    let op = plan_creation(&policy, &RemoteRecord::new(id.parse().unwrap(), record)).unwrap();
    tripartite::decide::batch(&policy, "run".parse().unwrap(), chrono::DateTime::UNIX_EPOCH, vec![op], None)
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_out() {
    let cluster = Cluster::new(&["-c", "fsync=off"]);
    let breaks = Arc::new(AtomicU8::new(NEVER));
    let port = proxy(cluster.socket(), Arc::clone(&breaks));
    let pool = Pool::on(runtime(), &format!("host=127.0.0.1 port={port} user=postgres dbname=postgres")).unwrap();
    let database = Database::of(pool);
    block_on(database.migrate()).unwrap();
    let settings = || Settings { schema: serde_json::from_str(SCHEMA).unwrap(), id_field: "id".to_owned() };
    let store = block_on(PostgresStore::new(database, settings())).unwrap();
    let count = || Sql::at(&cluster.address()).value("SELECT count(*) FROM tripartite.members");

    breaks.store(BEFORE, Ordering::SeqCst);
    let error = block_on(store.commit(&creation(&settings(), "M1"))).unwrap_err();
    assert_eq!(error.failure(), Failure::Retry { after: None }, "{error}");
    assert_eq!(count().as_deref(), Some("0"));

    breaks.store(AFTER, Ordering::SeqCst);
    let outcomes = block_on(store.commit(&creation(&settings(), "M1"))).unwrap();
    assert!(matches!(outcomes[..], [OpOutcome::Applied { .. }]), "{outcomes:?}");
    assert_eq!(count().as_deref(), Some("1"));
}
