//! Our stores, and our workers on them.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tripartite::drive::drive_blocking;
use tripartite::gate::Limits;
use tripartite::id::{Incarnation, SyncKey};
use tripartite::jobs::{DueOf, JobStore, Shard, StoreKey, SwapOf};
use tripartite::memory::{Listing, MemoryStore};
use tripartite::queue::{Command, Outcome, Scope, Trigger};
use tripartite::run::{Done, Run};
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::work::{Handler, Job, Queue, Session, Settings, Worker};

use super::at_once::AtOnce;
use crate::queue::jobs::{applied, at, waiting};

/// So many due records a worker reads at a time.
const PAGE: usize = 100;

/// So many it offers to take, as a [`Worker`] does.
const OFFERED: usize = 8;

/// When the lease of a claim ends, in seconds.
const LEASE: i64 = 3600;

/// One read and two swaps for each key, divided among the workers.
pub(super) fn floor<S: JobStore + Send + Sync + 'static>(
    at_once: AtOnce,
    stores: Vec<S>,
    keys: &[StoreKey],
) -> Duration {
    let parts = keys.chunks(keys.len().div_ceil(stores.len())).map(<[StoreKey]>::to_vec);
    at_once.run(stores.into_iter().zip(parts).map(|(store, keys)| swap_twice(store, keys)))
}

async fn swap_twice<S: JobStore>(store: S, keys: Vec<StoreKey>) {
    let rows = [waiting(LEASE), waiting(0).due(None)];
    for key in keys {
        let stored = store.get(&key).await.unwrap_or_else(|error| panic!("{error}"));
        let mut version = stored.map(|stored| stored.version);
        for row in &rows {
            let swap = SwapOf::new(key.clone(), version, Some(row.clone()));
            version = Some(applied(store.compare_and_swap(&swap).await.unwrap_or_else(|error| panic!("{error}"))));
        }
    }
}

/// Workers who take what is due, and delete it.
pub(super) fn takes<S: JobStore + Send + Sync + 'static>(stores: Vec<S>, jobs: usize) -> Duration {
    let done = Arc::new(AtomicUsize::new(0));
    let took = AtOnce::Tasks.run(stores.into_iter().map(|store| take_all(store, Arc::clone(&done))));
    assert_eq!(done.load(Ordering::Relaxed), jobs, "each record is taken once");
    took
}

async fn take_all<S: JobStore + Sync>(store: S, done: Arc<AtomicUsize>) {
    let due = DueOf::new(Shard(0), at(LEASE - 1), PAGE);
    loop {
        let page = store.due(&due).await.unwrap_or_else(|error| panic!("{error}"));
        if page.keys.is_empty() {
            return;
        }
        let keys: Vec<StoreKey> = page.keys.into_iter().map(|(_, key)| key).collect();
        let stored = store.get_many(&keys).await.unwrap_or_else(|error| panic!("{error}"));
        let claim = |(key, stored): (StoreKey, Option<_>)| {
            let tripartite::jobs::Stored { row, version, .. } = stored?;
            // Somebody has claimed it since the page was read.
            row.due.is_some_and(|due| due < at(LEASE)).then(|| SwapOf::new(key, Some(version), Some(waiting(LEASE))))
        };
        let claims: Vec<SwapOf> = keys.into_iter().zip(stored).filter_map(claim).collect();
        let mut left = claims.as_slice();
        while !left.is_empty() {
            let offered = &left[..left.len().min(OFFERED)];
            let taken = store.take(offered).await.unwrap_or_else(|error| panic!("{error}"));
            let Some(taken) = taken else {
                left = &left[offered.len()..];
                continue;
            };
            let end = SwapOf::new(offered[taken.at].key.clone(), Some(taken.version), None);
            let _ = applied(store.compare_and_swap(&end).await.unwrap_or_else(|error| panic!("{error}")));
            done.fetch_add(1, Ordering::Relaxed);
            left = &left[taken.at + 1..];
        }
    }
}

/// Triggers jobs of so many sources.
pub(super) fn enqueue<S>(at_once: AtOnce, queues: &[Arc<Queue<S>>], jobs: usize, sources: usize)
where
    S: JobStore<Error: Send> + Send + Sync + 'static,
{
    let key = |number: usize| format!("org{number}/source{}", number % sources).parse().expect("two plain ids");
    let keys: Vec<SyncKey> = (0..jobs).map(key).collect();
    let parts = keys.chunks(jobs.div_ceil(queues.len())).map(<[SyncKey]>::to_vec);
    at_once.run(queues.iter().zip(parts).map(|(queue, keys)| trigger(Arc::clone(queue), keys)));
}

async fn trigger<S: JobStore>(queue: Arc<Queue<S>>, keys: Vec<SyncKey>) {
    for key in keys {
        let trigger = Command::Trigger { by: Trigger::Scheduled, scope: Scope::All, policy: None, force: false };
        let applied = queue.apply(&key, None, trigger, at(0)).await.unwrap_or_else(|error| panic!("{error}"));
        assert!(matches!(applied.outcome, Outcome::Enqueued), "{:?}", applied.outcome);
    }
}

/// Workers who tick until all jobs are done.
pub(super) fn ticks<S>(at_once: AtOnce, queues: &[Arc<Queue<S>>], jobs: usize) -> Duration
where
    S: JobStore<Error: Send> + Send + Sync + 'static,
{
    let (handler, left) = (Arc::new(InStep::new()), Arc::new(AtomicUsize::new(jobs)));
    let worker = |queue: &Arc<Queue<S>>| work(Arc::clone(queue), Arc::clone(&handler), Arc::clone(&left));
    at_once.run(queues.iter().map(worker))
}

#[expect(clippy::disallowed_methods, reason = "a host has a clock")]
async fn work<S>(queue: Arc<Queue<S>>, handler: Arc<InStep>, left: Arc<AtomicUsize>)
where
    S: JobStore<Error: Send> + Send + Sync + 'static,
{
    // No two workers of a database have the same.
    static WORKERS: AtomicUsize = AtomicUsize::new(1);
    let number = WORKERS.fetch_add(1, Ordering::Relaxed);
    let random = std::array::from_fn(|at| (at * 7 + number) as u8);
    let incarnation = Incarnation::new(random).expect("it is not all zero");
    let settings = Settings::default().gate(Limits::new(100, Duration::ZERO));
    let mut worker = Worker::new("worker".parse().expect("a short text is an id"), incarnation, settings);
    let begun = Instant::now();
    let clock = || at(60) + TimeDelta::from_std(begun.elapsed()).unwrap_or_default();
    while left.load(Ordering::Relaxed) > 0 {
        let tick = worker.tick(&queue, &*handler, &clock).await.unwrap_or_else(|error| panic!("{error}"));
        if let Some(attempt) = tick.attempt {
            assert!(matches!(attempt.outcome, Outcome::Completed { .. }), "{:?}", attempt.outcome);
            left.fetch_sub(1, Ordering::Relaxed);
        }
    }
    worker.leave(&queue, &clock).await.unwrap_or_else(|error| panic!("{error}"));
}

/// A source whose one record is in step.
struct InStep {
    policy: Policy,
    listing: Listing,
    store: Arc<MemoryStore>,
}

impl InStep {
    fn new() -> Self {
        let schema = Schema::builder().field(Field::new("name", Kind::Name)).build().expect("one field is a schema");
        let records = [("7", serde_json::json!({"name": "Áine"}))];
        let listing = Listing::of(&schema, records).expect("the record has the schema's field");
        let (policy, store) = (Policy::new(schema.clone()), Arc::new(MemoryStore::new(schema)));
        let in_step = Self { policy, listing, store };
        drive_blocking(in_step.run("first").start(), &in_step.listing, &in_step.store).expect("memory does not fail");
        in_step
    }

    fn run(&self, id: &str) -> Run {
        Run::new(self.policy.clone(), id.parse().expect("a short text is an id"), at(0))
    }
}

impl Handler for InStep {
    type Connector = Listing;
    type Store = Arc<MemoryStore>;
    type Error = Infallible;

    async fn open(&self, job: &Job) -> Result<Session<Listing, Arc<MemoryStore>>, Infallible> {
        let run = self.run(&format!("run-{}", job.token.0));
        Ok(Session::new(run.start(), self.listing.clone(), Arc::clone(&self.store)))
    }

    async fn close(&self, _: &Job, _: &Arc<MemoryStore>, _: &Done) -> Result<(), Infallible> {
        Ok(())
    }
}
