//! Jobs that do nothing, by a job queue that is not ours: `compare-queues QUEUE SOCKET DATABASE WORKERS JOBS` prints how
//! many nanoseconds they took. `compare` starts it; nobody types it.
//!
//! The jobs are there, and the statistics of the tables made, before the clock starts. Each worker is a task of its own,
//! with a connection of its own. The clock stops when the last worker has stored the end of its last job.

mod apalis;
mod graphile;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

type Problem = Box<dyn Error + Send + Sync>;

/// The database, and what is asked for.
struct Asked {
    database: PgConnectOptions,
    workers: usize,
    jobs: usize,
}

impl Asked {
    fn new(socket: &str, database: &str, workers: &str, jobs: &str) -> Result<Self, Problem> {
        let options = PgConnectOptions::new_without_pgpass().socket(Path::new(socket)).username("postgres");
        Ok(Self { database: options.database(database), workers: workers.parse()?, jobs: jobs.parse()? })
    }

    /// The one connection of a worker.
    async fn connection(&self) -> Result<PgPool, Problem> {
        Ok(PgPoolOptions::new().max_connections(1).connect_with(self.database.clone()).await?)
    }

    /// As if the queue had been in use for a while.
    async fn analyse(&self, pool: &PgPool) -> Result<(), Problem> {
        sqlx::query("VACUUM ANALYZE").execute(pool).await?;
        Ok(())
    }

    /// # Errors
    /// When this query finds that another number of jobs is done.
    async fn check(&self, pool: &PgPool, done: &'static str) -> Result<(), Problem> {
        let done: i64 = sqlx::query_scalar(done).fetch_one(pool).await?;
        let is_all = usize::try_from(done).is_ok_and(|done| done == self.jobs);
        is_all.then_some(()).ok_or_else(|| format!("{done} of {} jobs are done", self.jobs).into())
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Problem> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [queue, socket, database, workers, jobs] = args.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return Err("QUEUE SOCKET DATABASE WORKERS JOBS are asked for".into());
    };
    let asked = Asked::new(socket, database, workers, jobs)?;
    let took: Duration = match queue {
        "graphile_worker" => graphile::jobs(&asked).await?,
        "apalis" => apalis::jobs(&asked).await?,
        other => return Err(format!("{other} is no queue").into()),
    };
    println!("{}", took.as_nanos());
    Ok(())
}
