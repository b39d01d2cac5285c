//! Workers in processes of their own, who write down what they execute.
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
use std::{env, fs, thread};

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::{FlockOperation, flock};
use tripartite::backoff::Backoff;
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::gate::Limits;
use tripartite::id::{Incarnation, RunId, WorkerId};
use tripartite::memory::{Listing, MemoryStore};
use tripartite::queue::QueueRules;
use tripartite::run::{Done, Run};
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::source::{Connector, Cursor, Page};
use tripartite::work::{Handler, Job, Queue, Session, Settings, Worker};
use tripartite_etcd::address::Address;
use tripartite_etcd::jobs::EtcdJobStore;

use crate::history::{Book, Recorded, nanoseconds};
use crate::server::{pause, runtime};

/// What tells a process that it is one of workers: where the cluster is, where to write, how long a lease is.
const ADDRESS: &str = "TRIPARTITE_FAULTS_ADDRESS";
const PLACE: &str = "TRIPARTITE_FAULTS_PLACE";
const LEASE: &str = "TRIPARTITE_FAULTS_LEASE";
const HOST: &str = "TRIPARTITE_FAULTS_HOST";
const THREADS: &str = "TRIPARTITE_FAULTS_THREADS";
/// How long a job reads.
const READING: Duration = Duration::from_millis(20);

/// What a process is told.
pub(super) struct Orders {
    pub(super) address: Address,
    pub(super) place: PathBuf,
    pub(super) lease: Duration,
    pub(super) host: usize,
    pub(super) threads: usize,
}

impl Orders {
    pub(super) fn tell(&self) -> [(&'static str, String); 5] {
        let nodes = self.address.nodes().join(",");
        [
            (ADDRESS, format!("etcd://{nodes}/{}", self.address.namespace())),
            (PLACE, self.place.display().to_string()),
            (LEASE, self.lease.as_secs().to_string()),
            (HOST, self.host.to_string()),
            (THREADS, self.threads.to_string()),
        ]
    }

    fn hear() -> Option<Self> {
        let word = |name| env::var(name).ok();
        Some(Self {
            address: word(ADDRESS)?.parse().ok()?,
            place: PathBuf::from(word(PLACE)?),
            lease: Duration::from_secs(word(LEASE)?.parse().ok()?),
            host: word(HOST)?.parse().ok()?,
            threads: word(THREADS)?.parse().ok()?,
        })
    }
}

/// The file that says how many seconds the clock of a host is ahead.
pub(super) fn clock_of(place: &Path, host: usize) -> PathBuf {
    place.join(format!("clock-{host}"))
}

#[expect(clippy::disallowed_methods, reason = "leases of several processes need a clock")]
pub(super) fn now() -> DateTime<Utc> {
    DateTime::from(SystemTime::now())
}

pub(super) fn rules() -> QueueRules {
    let mut rules = QueueRules::default().backoff(Backoff::new(Duration::from_millis(50), Duration::from_millis(200)));
    (rules.max_retries, rules.max_rescues) = (1_000_000, 1_000_000);
    rules
}

/// A process of the tests.
#[test]
#[ignore = "is a process of the other tests"]
fn process() {
    let Some(orders) = Orders::hear() else { return };
    let store = loop {
        match block_on(EtcdJobStore::open_on(runtime(), &orders.address)) {
            Ok(store) => break store,
            Err(_) => pause(Duration::from_millis(100)),
        }
    };
    thread::scope(|scope| {
        for _ in 0..orders.threads {
            let (store, orders) = (store.clone(), &orders);
            scope.spawn(move || work(store, orders));
        }
        // It ends when its parent does, or closes the pipe.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        #[expect(clippy::exit, reason = "a worker never ends by itself")]
        std::process::exit(0);
    });
}

fn work(store: EtcdJobStore, orders: &Orders) {
    let book = |what: &str| {
        Book::open(&orders.place.join(format!("{what}-{}-{:?}", std::process::id(), thread::current().id())))
    };
    let store = Recorded { store, book: book("calls") };
    let queue = Queue::new(store).rules(rules());
    let host = Host { place: orders.place.clone(), book: book("jobs"), lock: Arc::default() };
    let mut bytes = [0; 16];
    File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    let mut gate = Limits::default();
    (gate.running, gate.spacing) = (1000, Duration::ZERO);
    let settings = Settings::default().lease(orders.lease).gate(gate);
    let name = WorkerId::new(format!("w{}", std::process::id())).unwrap();
    let mut worker = Worker::new(name, Incarnation::new(bytes).unwrap(), settings);
    let clock_file = clock_of(&orders.place, orders.host);
    let clock = || {
        let ahead = fs::read_to_string(&clock_file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        now() + TimeDelta::seconds(ahead)
    };
    loop {
        match worker.tick_blocking(&queue, &host, &clock) {
            Ok(tick) if tick.attempt.is_none() => pause(Duration::from_millis(20)),
            Ok(_) => {}
            Err(error) if matches!(error.failure(), Failure::Retry { .. }) => pause(Duration::from_millis(50)),
            Err(error) => {
                host.book.write(&format!("F {error}\n"));
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
pub(super) struct Slow(Listing, Arc<Mutex<Option<File>>>);

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
