//! `graphile_worker` as it is without further settings: a job is claimed by one statement, and its end stored by
//! another.

use std::time::{Duration, Instant};

use graphile_worker::{IntoTaskHandlerResult, RawJobSpec, TaskHandler, WorkerContext, WorkerOptions};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::{Asked, Problem};

#[derive(Serialize, Deserialize)]
struct Nothing {
    number: usize,
}

impl TaskHandler for Nothing {
    const IDENTIFIER: &'static str = "nothing";

    async fn run(self, _: WorkerContext) -> impl IntoTaskHandlerResult {}
}

pub(crate) async fn jobs(asked: &Asked) -> Result<Duration, Problem> {
    let pool = asked.connection().await?;
    let mut workers = Vec::new();
    for _ in 0..asked.workers {
        let options = WorkerOptions::default().concurrency(1).define_job::<Nothing>();
        workers.push(options.pg_pool(asked.connection().await?).init().await?);
    }
    let job = |number| RawJobSpec {
        identifier: Nothing::IDENTIFIER.to_owned(),
        payload: serde_json::json!({ "number": number }),
        spec: graphile_worker::JobSpec::default(),
    };
    let all: Vec<_> = (0..asked.jobs).map(job).collect();
    workers[0].create_utils().add_raw_jobs(&all).await?;
    asked.analyse(&pool).await?;

    let (mut running, from) = (JoinSet::new(), Instant::now());
    for worker in workers {
        running.spawn(async move { worker.run_once().await });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    let took = from.elapsed();
    // What is done is deleted.
    let done = format!("SELECT {} - count(*) FROM graphile_worker._private_jobs", asked.jobs);
    asked.check(&pool, done.leak()).await?;
    Ok(took)
}
