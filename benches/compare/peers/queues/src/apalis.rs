//! `apalis` on `apalis-postgres` as it is without further settings: a worker claims ten jobs by one statement, and stores
//! the ends of as many as there are by another.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use apalis::prelude::*;
use apalis_postgres::PostgresStorage;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::{Asked, Problem};

/// How many jobs are left. The semaphore is closed when none is.
struct Left {
    jobs: AtomicUsize,
    some: Semaphore,
}

async fn nothing(_: usize, left: Data<Arc<Left>>) -> Result<(), Infallible> {
    if left.jobs.fetch_sub(1, Ordering::Relaxed) == 1 {
        left.some.close();
    }
    Ok(())
}

pub(crate) async fn jobs(asked: &Asked) -> Result<Duration, Problem> {
    let pool = asked.connection().await?;
    PostgresStorage::setup(&pool).await?;
    PostgresStorage::<usize>::new(&pool).push_bulk((0..asked.jobs).collect()).await?;
    asked.analyse(&pool).await?;

    let left = Arc::new(Left { jobs: AtomicUsize::new(asked.jobs), some: Semaphore::new(0) });
    let mut workers = Vec::new();
    for number in 0..asked.workers {
        let backend = PostgresStorage::<usize>::new(&asked.connection().await?);
        let worker = WorkerBuilder::new(format!("worker-{number}")).backend(backend).data(Arc::clone(&left));
        workers.push(worker.build(nothing));
    }
    let (mut running, from) = (JoinSet::new(), Instant::now());
    for worker in workers {
        let left = Arc::clone(&left);
        let over = async move {
            let _ = left.some.acquire().await;
            Ok::<_, WorkerError>(())
        };
        running.spawn(worker.run_until(over));
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    let took = from.elapsed();
    asked.check(&pool, "SELECT count(*) FROM apalis.jobs WHERE status = 'Done'").await?;
    Ok(took)
}
