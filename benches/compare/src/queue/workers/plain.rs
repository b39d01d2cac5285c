//! A queue of two statements.

use tripartite_postgres::tokio_postgres::{Client, Statement};

use std::time::Duration;

use tripartite::drive::block_on;

use super::at_once::AtOnce;
use super::server::Database;
use crate::postgres::server::runtime;
use crate::postgres::{Problem, client};

/// A table of nothing but jobs, with bodies as long as a slot.
const TABLE: &str = "
CREATE TABLE jobs(id bigint PRIMARY KEY, due timestamptz NOT NULL, held boolean NOT NULL, body bytea NOT NULL);
CREATE INDEX ON jobs(due, id) WHERE NOT held";

const TAKE: &str = "
UPDATE jobs SET held = true WHERE id = (
    SELECT id FROM jobs WHERE NOT held ORDER BY due, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id, body";

const DELETE: &str = "DELETE FROM jobs WHERE id = $1";

struct Worker {
    client: Client,
    take: Statement,
    delete: Statement,
}

pub(super) fn jobs(database: &Database, workers: usize, jobs: usize) -> Result<Duration, Problem> {
    database.run(TABLE)?;
    let fill = "SELECT n, now(), false, decode(repeat('78', 268), 'hex') FROM generate_series(1, ";
    database.run(&format!("INSERT INTO jobs {fill}{jobs}) n"))?;
    let worker = |_| {
        let client = client(runtime(), &database.address)?;
        let (take, delete) = (block_on(client.prepare(TAKE))?, block_on(client.prepare(DELETE))?);
        Ok(Worker { client, take, delete })
    };
    let workers: Vec<Worker> = (0..workers).map(worker).collect::<Result<_, Problem>>()?;
    database.analyse()?;
    Ok(AtOnce::Tasks.run(workers.into_iter().map(work)))
}

async fn work(Worker { client, take, delete }: Worker) {
    while let Some(row) = client.query_opt(&take, &[]).await.expect("the server answers") {
        let id: i64 = row.get(0);
        let deleted = client.execute(&delete, &[&id]).await.expect("the server answers");
        assert_eq!(deleted, 1, "nobody else has the row");
    }
}
