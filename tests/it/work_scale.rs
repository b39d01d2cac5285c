//! Many keys: workers on one store, some of which die between any two calls, bring all that was asked for to its end, one at
//! a time for each key.
//!
//! In CI there are some thousand keys. `SIM_KEYS=1000000 cargo test --release -p tripartite --all-features --test it --
//! work_scale` has more.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::drive::block_on;
use tripartite::gate::Limits;
use tripartite::id::SyncKey;
use tripartite::jobs::{AppendOf, DueOf, DuePage, JobStore, StoreKey, Swap, SwapAll, SwapOf, Taken, forward_job_store};
use tripartite::memory::{Listing, MemoryJobStore, MemoryStore};
use tripartite::queue::{Command, Ended, Outcome, Scope, State, Trigger};
use tripartite::run::{Done, Run};
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::work::{Handler, Job, Queue, Session, Settings, Tick, Worker, sync_key};

use crate::queue_support::{incarnation, second};
use crate::support::dice::Dice;

const WORKERS: usize = 8;
/// How many sources the keys share.
const SOURCES: usize = 20;
/// In how many of a hundred thousand steps a worker dies.
const DEATHS: u32 = 60;

/// A store in memory, each call of which waits once, so that everybody else may be in between.
#[derive(Default)]
struct Paused {
    inner: MemoryJobStore,
    /// How many changes of a slot came too late.
    conflicts: AtomicUsize,
    /// How many calls there were, and how many due keys they have read.
    calls: AtomicUsize,
    keys_read: AtomicUsize,
}

impl Paused {
    fn within(&self) -> &MemoryJobStore {
        &self.inner
    }

    /// Notes whether a slot was to be changed, and somebody else was faster.
    fn changed(&self, swaps: &[SwapOf], conflicts: bool) {
        let of_a_slot = conflicts && swaps.iter().any(|swap| sync_key(&swap.key).is_some());
        self.conflicts.fetch_add(usize::from(of_a_slot), Ordering::Relaxed);
    }

    async fn around<T>(
        &self,
        _: &str,
        _: &StoreKey,
        call: impl Future<Output = Result<T, Infallible>>,
    ) -> Result<T, Infallible> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let mut first = true;
        poll_fn(|_| if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }).await;
        call.await
    }
}

impl JobStore for Paused {
    type Error = Infallible;

    forward_job_store!(get, due, append, read, prune, swap_many, get_many);

    async fn due_many(&self, pages: &[DueOf]) -> Result<Vec<DuePage>, Infallible> {
        let read = self.around("due_many", &StoreKey::of("page", []), self.inner.due_many(pages)).await?;
        self.keys_read.fetch_add(read.iter().map(|page| page.keys.len()).sum(), Ordering::Relaxed);
        Ok(read)
    }

    async fn compare_and_swap(&self, swap: &SwapOf) -> Result<Swap, Infallible> {
        let done = self.around("swap", &swap.key, self.inner.compare_and_swap(swap)).await?;
        self.changed(std::slice::from_ref(swap), done == Swap::Conflict);
        Ok(done)
    }

    async fn take(&self, swaps: &[SwapOf]) -> Result<Option<Taken>, Infallible> {
        let taken = self.around("take", &StoreKey::of("page", []), self.inner.take(swaps)).await?;
        self.changed(swaps, taken.is_none());
        Ok(taken)
    }

    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, Infallible> {
        let done = self.around("swap_chain", &StoreKey::of("page", []), self.inner.swap_chain(swaps, entries)).await?;
        let stopped = done.iter().position(|swap| *swap == Swap::Conflict);
        self.changed(&swaps[stopped.unwrap_or(0)..][..1.min(swaps.len())], stopped.is_some());
        Ok(done)
    }

    async fn swap_all(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<SwapAll, Infallible> {
        let done = self.around("swap_all", &StoreKey::of("page", []), self.inner.swap_all(swaps, entries)).await?;
        self.changed(swaps, done == SwapAll::Conflict);
        Ok(done)
    }
}

/// What is going on: the time, and who carries out which key.
struct Ground {
    now: DateTime<Utc>,
    running: BTreeMap<SyncKey, usize>,
    runs: usize,
}

/// A worker's host.
struct Host<'g> {
    ground: &'g Mutex<Ground>,
    schema: &'g Schema,
    who: usize,
}

impl Host<'_> {
    fn ground(&self) -> MutexGuard<'_, Ground> {
        self.ground.lock().unwrap()
    }
}

impl Handler for Host<'_> {
    type Connector = Listing;
    type Store = MemoryStore;
    type Error = Infallible;

    async fn open(&self, job: &Job) -> Result<Session<Listing, MemoryStore>, Infallible> {
        let mut ground = self.ground();
        let other = ground.running.insert(job.key.clone(), self.who);
        assert_eq!(other, None, "{} is carried out twice at a time", job.key);
        ground.runs += 1;
        let id = format!("run-{}", job.token.0).parse().unwrap();
        let run = Run::new(Policy::new(self.schema.clone()), id, ground.now);
        let listing = Listing::of(self.schema, [("7", serde_json::json!({"name": "Áine"}))]).unwrap();
        Ok(Session::new(run.start(), listing, MemoryStore::new(self.schema.clone())))
    }

    async fn close(&self, job: &Job, _: &MemoryStore, _: &Done) -> Result<(), Infallible> {
        assert_eq!(self.ground().running.remove(&job.key), Some(self.who));
        Ok(())
    }
}

type Ticking<'g> = Pin<Box<dyn Future<Output = (Box<Worker>, Tick)> + 'g>>;

/// What a worker is doing.
enum Seat<'g> {
    Asleep(Box<Worker>, Option<DateTime<Utc>>),
    Ticking(Ticking<'g>),
}

fn worker(number: u64) -> Box<Worker> {
    // So many at once that workers meet, and keep their tickets. A place of a worker that died is free after five seconds: by
    // then there are ten such, of 80 places.
    let settings = Settings::default().lease(Duration::from_secs(5)).gate(Limits::new(4, Duration::ZERO));
    Box::new(Worker::new("w".parse().unwrap(), incarnation(number), settings))
}

fn ticking<'g>(
    mut worker: Box<Worker>,
    queue: &'g Queue<&'g Paused>,
    (ground, schema, who): (&'g Mutex<Ground>, &'g Schema, usize),
) -> Ticking<'g> {
    Box::pin(async move {
        let clock = || ground.lock().unwrap().now;
        let tick = worker.tick(queue, &Host { ground, schema, who }, &clock).await;
        let Ok(tick) = tick else { panic!("the store does not fail") };
        (worker, tick)
    })
}

fn keys(count: usize) -> impl Iterator<Item = SyncKey> {
    (0..count).map(|number| format!("org{number}/c{}", number % SOURCES).parse().unwrap())
}

/// Lets the workers go on, one call at a time, until none of them has anything left to do. Says how many have died.
fn carry_out(queue: &Queue<&Paused>, ground: &Mutex<Ground>, schema: &Schema, keys: usize) -> usize {
    let (mut dice, mut born, mut deaths) = (Dice(7), WORKERS as u64, 0);
    let mut seats: Vec<_> = (0..born).map(|number| Seat::Asleep(worker(number), Some(second(0)))).collect();
    loop {
        let who = dice.below(WORKERS);
        let now = ground.lock().unwrap().now;
        let dies = ground.lock().unwrap().runs < keys * 9 / 10 && dice.hits(DEATHS);
        let seat = std::mem::replace(&mut seats[who], Seat::Asleep(worker(born), Some(now)));
        seats[who] = match seat {
            Seat::Ticking(_) if dies => {
                (born, deaths) = (born + 1, deaths + 1);
                ground.lock().unwrap().running.retain(|_, runs| *runs != who);
                continue;
            }
            Seat::Ticking(mut tick) => match tick.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready((worker, tick)) => Seat::Asleep(worker, tick.next),
                Poll::Pending => Seat::Ticking(tick),
            },
            Seat::Asleep(worker, Some(until)) if until <= now => {
                Seat::Ticking(ticking(worker, queue, (ground, schema, who)))
            }
            asleep => asleep,
        };
        let until = seats.iter().map(|seat| match seat {
            Seat::Asleep(_, until) => *until,
            Seat::Ticking(_) => Some(now),
        });
        match until.flatten().min() {
            None => return deaths,
            Some(first) => ground.lock().unwrap().now = first.max(now + TimeDelta::microseconds(100)),
        }
    }
}

#[test]
fn all_that_was_asked_for_is_done_once_at_a_time_however_many_keys_there_are() {
    let count = std::env::var("SIM_KEYS").ok().and_then(|count| count.parse().ok()).unwrap_or(2000);
    let schema = Schema::builder().field(Field::new("name", Kind::Name)).build().unwrap();
    let ground = Mutex::new(Ground { now: second(0), running: BTreeMap::new(), runs: 0 });
    let store = Paused::default();
    let asked = Queue::new(&store.inner);
    for (number, key) in keys(count).enumerate() {
        // A few are urgent.
        let by = if number % 1000 == 0 { Trigger::Manual } else { Trigger::Scheduled };
        let trigger = Command::Trigger { by, scope: Scope::All, policy: None, force: false };
        assert_eq!(block_on(asked.apply(&key, None, trigger, second(0))).unwrap().outcome, Outcome::Enqueued);
    }
    let deaths = carry_out(&Queue::new(&store), &ground, &schema, count);
    for key in keys(count) {
        let slot = block_on(asked.slot(&key)).unwrap().unwrap();
        assert_eq!((&slot.state, slot.covered, slot.unflushed.len()), (&State::Idle, slot.wanted, 0), "{key}");
        let all = DateTime::<Utc>::MIN_UTC..DateTime::<Utc>::MAX_UTC;
        let history = block_on(asked.history(&key, all, None, 100)).unwrap();
        let completed = history.iter().filter(|entry| matches!(entry.attempt.ended, Ended::Completed { .. })).count();
        assert_eq!(completed, 1, "{key}: {history:?}");
    }
    let runs = ground.lock().unwrap().runs;
    assert!(runs >= count && deaths > 0, "{runs} runs, {deaths} deaths");
    let conflicts = store.conflicts.into_inner();
    let (calls, read) = (store.calls.into_inner(), store.keys_read.into_inner());
    println!("{calls} calls, {read} due keys read");
    println!("{count} keys, {runs} runs, {deaths} deaths, {conflicts} conflicts");
    // Workers that meet go out of each other's way.
    assert!(conflicts * 4 < runs, "{conflicts} conflicts of slots in {runs} runs");
}
