//! Workers who write down what they execute, on whatever store.
//!
//! | line | when |
//! |---|---|
//! | `B key token nanoseconds` | a job begins, with the lock of its key |
//! | `E key token nanoseconds` | its run has ended, and the lock is given back |
//! | `V key token nanoseconds` | a job begins, and somebody else holds the lock of its key |
//! | `F …` | a worker meets an error that does not pass |

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use std::{fs, thread};

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::{FlockOperation, flock};
use tripartite::backoff::Backoff;
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::gate::Limits;
use tripartite::id::{Incarnation, RunId, SyncKey, WorkerId};
use tripartite::jobs::JobStore;
use tripartite::memory::{Listing, MemoryStore};
use tripartite::queue::{Command, QueueRules, Scope, State, Trigger};
use tripartite::run::{Done, Run};
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::source::{Connector, Cursor, Page};
use tripartite::work::{Handler, Job, Queue, Session, Settings, Worker};

use super::{begin, pause, until};
use crate::history::{Book, Recorded, nanoseconds};

/// How many keys are triggered, each with a connector of its own.
pub(crate) const KEYS: usize = 20;
/// How long a job reads.
const READING: Duration = Duration::from_millis(20);

/// The file that says how many seconds the clock of a host is ahead.
pub(crate) fn clock_of(place: &Path, host: usize) -> PathBuf {
    place.join(format!("clock-{host}"))
}

#[expect(clippy::disallowed_methods, reason = "leases of several processes need a clock")]
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from(SystemTime::now())
}

pub(crate) fn rules() -> QueueRules {
    let mut rules = QueueRules::default().backoff(Backoff::new(Duration::from_millis(50), Duration::from_millis(200)));
    (rules.max_retries, rules.max_rescues) = (1_000_000, 1_000_000);
    rules
}

pub(crate) fn trigger() -> Command {
    Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: true }
}

pub(crate) fn key(number: usize) -> SyncKey {
    format!("org-{number}/source-{number}").parse().unwrap()
}

/// What all processes have written into their books of a kind.
pub(crate) fn books(place: &Path, what: &str) -> Vec<String> {
    let all = fs::read_dir(place).unwrap().flatten();
    let all = all.filter(|file| file.file_name().to_string_lossy().starts_with(what));
    all.map(|file| fs::read_to_string(file.path()).unwrap()).collect()
}

/// Asks for a job of a key that is new, and waits until it is done. How long that took.
pub(crate) fn is_lively<S>(queue: &Queue<Recorded<S>>, book: &Book, number: usize, at_most: Duration) -> Duration
where
    S: JobStore + Sync,
{
    let key: SyncKey = format!("probe-{number}/probe-{number}").parse().unwrap();
    let begun = begin();
    until("a trigger is taken", at_most, || {
        book.write(&format!("T {key} 0 {}\n", nanoseconds()));
        let asked = block_on(queue.apply(&key, None, trigger(), now()));
        if asked.is_ok() {
            book.write(&format!("A {key} 0 {}\n", nanoseconds()));
        }
        asked.is_ok()
    });
    until("a job is done", at_most, || {
        let slot = block_on(queue.slot(&key));
        slot.is_ok_and(|slot| slot.is_some_and(|slot| slot.state == State::Idle && slot.covered == slot.wanted))
    });
    begun.elapsed()
}

/// Triggers one key after another, until it is over.
pub(crate) fn ask<S>(queue: &Queue<Recorded<S>>, book: &Book, is_over: impl Fn() -> bool)
where
    S: JobStore + Sync,
    S::Error: Classify,
{
    for number in 0.. {
        if is_over() {
            return;
        }
        let key = key((number * 7) % KEYS);
        book.write(&format!("T {key} {number} {}\n", nanoseconds()));
        match block_on(queue.apply(&key, None, trigger(), now())) {
            Ok(_) => book.write(&format!("A {key} {number} {}\n", nanoseconds())),
            Err(error) => assert!(matches!(error.failure(), Failure::Retry { .. }), "{error}"),
        }
        pause(Duration::from_millis(35));
    }
}

/// Works for as long as the process lives.
pub(crate) fn work<S>(store: S, place: &Path, lease: Duration, host: usize)
where
    S: JobStore + Sync,
    S::Error: Classify,
{
    let book =
        |what: &str| Book::open(&place.join(format!("{what}-{}-{:?}", std::process::id(), thread::current().id())));
    let store = Recorded { store, book: book("calls") };
    let queue = Queue::new(store).rules(rules());
    let handler = Host { place: place.to_owned(), book: book("jobs"), lock: Arc::default() };
    let mut bytes = [0; 16];
    File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    let mut gate = Limits::default();
    (gate.running, gate.spacing) = (1000, Duration::ZERO);
    let settings = Settings::default().lease(lease).gate(gate);
    let name = WorkerId::new(format!("w{}", std::process::id())).unwrap();
    let mut worker = Worker::new(name, Incarnation::new(bytes).unwrap(), settings);
    let clock_file = clock_of(place, host);
    let clock = || {
        let ahead = fs::read_to_string(&clock_file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        now() + TimeDelta::seconds(ahead)
    };
    loop {
        match worker.tick_blocking(&queue, &handler, &clock) {
            Ok(tick) if tick.attempt.is_none() => pause(Duration::from_millis(20)),
            Ok(_) => {}
            Err(error) if matches!(error.failure(), Failure::Retry { .. }) => pause(Duration::from_millis(50)),
            Err(error) => {
                handler.book.write(&format!("F {error}\n"));
                return;
            }
        }
    }
}

struct Host {
    place: PathBuf,
    book: Book,
    /// The lock of the job under way.
    lock: Arc<Mutex<Option<File>>>,
}

/// A listing that takes its time. The lock goes with it, also where the job is given up.
pub(crate) struct Slow(Listing, Arc<Mutex<Option<File>>>);

impl Drop for Slow {
    fn drop(&mut self) {
        *self.1.lock().unwrap() = None;
    }
}

impl Connector for Slow {
    type Error = <Listing as Connector>::Error;

    async fn fetch(&self, cursor: Option<&Cursor>) -> Result<Page, Self::Error> {
        pause(READING);
        self.0.fetch(cursor).await
    }
}

impl Handler for Host {
    type Connector = Slow;
    type Store = MemoryStore;
    type Error = std::convert::Infallible;

    async fn open(&self, job: &Job) -> Result<Session<Slow, MemoryStore>, Self::Error> {
        let name = job.key.to_string().replace('/', "-");
        let lock = OpenOptions::new().create(true).append(true).open(self.place.join(format!("lock-{name}"))).unwrap();
        let is_alone = flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok();
        *self.lock.lock().unwrap() = Some(lock);
        self.book.write(&format!(
            "{} {} {} {}\n",
            if is_alone { 'B' } else { 'V' },
            job.key,
            job.token.0,
            nanoseconds()
        ));
        let schema = Schema::builder().field(Field::new("name", Kind::Name)).build().unwrap();
        let run = RunId::new(format!("run-{}", job.token.0)).unwrap();
        let listing = Listing::of(&schema, [("1", serde_json::json!({"name": format!("N{}", job.token.0)}))]).unwrap();
        let step = Run::new(Policy::new(schema.clone()), run, now()).start();
        Ok(Session::new(step, Slow(listing, Arc::clone(&self.lock)), MemoryStore::new(schema)))
    }

    async fn close(&self, job: &Job, _: &MemoryStore, _: &Done) -> Result<(), Self::Error> {
        self.book.write(&format!("E {} {} {}\n", job.key, job.token.0, nanoseconds()));
        *self.lock.lock().unwrap() = None;
        Ok(())
    }
}
