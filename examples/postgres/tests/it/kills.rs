//! Workers and the server are killed at any moment, and every job that was asked for is done, no two at a time.
//!
//! Four processes work on sixteen keys, each key with its own register, while somebody triggers them without end. What the queue
//! says of itself proves little, so every execution is written down beside it: a lock of the operating system for each key, which
//! goes with its process, and a file to which each process appends a line.
//!
//! | line | when |
//! |---|---|
//! | `T key number` | before a trigger is stored |
//! | `A key number` | once it is acknowledged |
//! | `B key token` | a job begins, with the lock of its key |
//! | `E key token` | its run has ended |
//! | `V key token` | a job begins, and somebody else holds the lock of its key |
//! | `F …` | a worker meets an error that does not pass |
//!
//! `cargo test --release -p tripartite-postgres --test it kills -- --ignored --exact --nocapture kills::fifty_times` is the long
//! form.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Program, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

use chrono::{DateTime, Utc};
use rustix::fs::{FlockOperation, flock};
use tripartite::backoff::Backoff;
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::gate::Limits;
use tripartite::id::{Incarnation, SyncKey, WorkerId};
use tripartite::memory::Listing;
use tripartite::queue::{Command, QueueRules, Scope, State, Trigger};
use tripartite::run::Done;
use tripartite::schema::{Policy, Schema};
use tripartite::source::{Connector, Cursor, Page};
use tripartite::work::{Handler, Job, Queue, Session, Settings as Work, Worker, slot_key};
use tripartite_postgres::format;
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::{Database, PostgresStore, StoreError};
use tripartite_sql::{Register, Settings};

use crate::bench::SCHEMA;
use crate::server::{Cluster, Sql, runtime};

/// What tells a process that it is a worker, and where.
const ADDRESS: &str = "TRIPARTITE_KILLS_ADDRESS";
const PLACE: &str = "TRIPARTITE_KILLS_PLACE";

const WORKERS: usize = 4;
const KEYS: usize = 16;
/// The lease is over after this long, and a vanished worker's job is somebody else's.
const LEASE: Duration = Duration::from_secs(5);

/// A few kills, each time the tests run.
#[test]
fn a_few_times() {
    let told = Ground::new().kill(12, 3);
    println!("{told}");
}

/// Fifty kills of the server, and two hundred of workers.
#[test]
#[ignore = "takes minutes: the long form"]
fn fifty_times() {
    let told = Ground::new().kill(250, 50);
    println!("{told}");
}

/// A process of the other tests.
#[test]
#[ignore = "is a process of the other tests"]
fn worker() {
    let (Ok(address), Ok(place)) = (env::var(ADDRESS), env::var(PLACE)) else { return };
    work(&address, Path::new(&place));
}

fn key(number: usize) -> SyncKey {
    format!("org-{number}/federation").parse().unwrap()
}

fn schema() -> Schema {
    serde_json::from_str(SCHEMA).unwrap()
}

fn rules() -> QueueRules {
    let mut rules = QueueRules::default().backoff(Backoff::new(Duration::from_millis(50), Duration::from_millis(200)));
    (rules.max_retries, rules.max_rescues) = (100_000, 100_000);
    rules
}

#[expect(clippy::disallowed_methods, reason = "leases of several processes need a clock")]
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}

#[expect(clippy::disallowed_methods, reason = "it is measured")]
fn begin() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the test waits for other processes")]
fn pause(span: Duration) {
    thread::sleep(span);
}

/// The file in which everybody writes down what happens.
struct Book(File);

impl Book {
    fn open(place: &Path) -> Self {
        Self(OpenOptions::new().create(true).append(true).open(place.join("book")).unwrap())
    }

    /// One call: whoever is killed has written the line, or not.
    fn write(&self, line: &str) {
        (&self.0).write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

/// A listing that is read under the lock of its key.
struct Locked {
    listing: Listing,
    _lock: File,
}

impl Connector for Locked {
    type Error = <Listing as Connector>::Error;

    async fn fetch(&self, cursor: Option<&Cursor>) -> Result<Page, Self::Error> {
        self.listing.fetch(cursor).await
    }
}

struct Registers {
    database: Database,
    place: PathBuf,
    book: Book,
}

impl Handler for Registers {
    type Connector = Locked;
    type Store = PostgresStore;
    type Error = StoreError;

    async fn open(&self, job: &Job) -> Result<Session<Locked, PostgresStore>, StoreError> {
        let lock = OpenOptions::new().create(true).append(true).open(self.place.join(job.key.org.as_str())).unwrap();
        let is_alone = flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok();
        self.book.write(&format!("{} {} {}", if is_alone { 'B' } else { 'V' }, job.key, job.token.0));
        // Two members: what changes half of a register is no question to anybody.
        let member = serde_json::json!({"name": "Aine", "email": format!("m{}@example.org", job.token.0)});
        let listing = Listing::of(&schema(), ["1", "2"].map(|id| (id, &member))).unwrap();
        let settings = Settings { schema: schema(), id_field: "id".to_owned() };
        let store = PostgresStore::of(Register::of(&job.key), self.database.clone(), settings).await?;
        let store = store.fenced(job.token.0, slot_key(&job.key));
        let run = store.run(Policy::new(schema()), now()).await?;
        Ok(Session::new(run.start(), Locked { listing, _lock: lock }, store))
    }

    async fn close(&self, job: &Job, store: &PostgresStore, done: &Done) -> Result<(), StoreError> {
        store.remember(&done.report).await?;
        self.book.write(&format!("E {} {}", job.key, job.token.0));
        Ok(())
    }
}

/// Works until it is killed.
fn work(address: &str, place: &Path) {
    let book = Book::open(place);
    let pool = Pool::on(runtime(), address).unwrap().at_most(3);
    let store = loop {
        match block_on(PostgresJobStore::open(pool.clone())) {
            Ok(store) => break store,
            Err(_) => pause(Duration::from_millis(50)),
        }
    };
    let queue = Queue::new(store).rules(rules());
    let registers = Registers { database: Database::of(pool), place: place.to_owned(), book: Book::open(place) };
    let mut bytes = [0; 16];
    let mut random = File::open("/dev/urandom").unwrap();
    std::io::Read::read_exact(&mut random, &mut bytes).unwrap();
    let mut gate = Limits::default();
    (gate.running, gate.spacing) = (KEYS, Duration::ZERO);
    let settings = Work::default().lease(LEASE).gate(gate);
    let name = WorkerId::new(format!("w{}", std::process::id())).unwrap();
    let mut worker = Worker::new(name, Incarnation::new(bytes).unwrap(), settings);
    loop {
        match worker.tick_blocking(&queue, &registers, &now) {
            Ok(tick) if tick.attempt.is_none() => pause(Duration::from_millis(5)),
            Ok(_) => {}
            Err(error) if matches!(error.failure(), Failure::Retry { .. }) => pause(Duration::from_millis(20)),
            Err(error) => {
                book.write(&format!("F {error}"));
                return;
            }
        }
    }
}

/// A server, and a directory in which everything is written down.
struct Ground {
    cluster: Cluster,
    place: PathBuf,
    children: Vec<Child>,
}

impl Drop for Ground {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.place);
    }
}

impl Ground {
    fn new() -> Self {
        // What the server answered is on the disk.
        let cluster = Cluster::new(&["-c", "fsync=on", "-c", "synchronous_commit=on"]);
        let pool = Pool::on(runtime(), &cluster.address()).unwrap();
        block_on(format::migrate(&pool, "tripartite")).unwrap();
        let place =
            env::temp_dir().join(format!("tripartite-kills-{}-{}", std::process::id(), now().timestamp_micros()));
        fs::create_dir(&place).unwrap();
        let mut ground = Self { cluster, place, children: Vec::new() };
        ground.children = (0..WORKERS).map(|_| ground.worker()).collect();
        ground
    }

    fn worker(&self) -> Child {
        let mut program = Program::new(env::current_exe().unwrap());
        program.args(["--ignored", "--exact", "kills::worker"]);
        program.env(ADDRESS, self.cluster.address()).env(PLACE, &self.place);
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// So many kills, of which so many are of the server; then everything must come to rest.
    fn kill(&mut self, kills: usize, of_server: usize) -> String {
        let (over, asked, begun) = (AtomicBool::new(false), AtomicU64::new(0), begin());
        let (address, place) = (self.cluster.address(), self.place.clone());
        thread::scope(|scope| {
            scope.spawn(|| ask(&address, &place, &over, &asked));
            let every = kills / of_server;
            for number in 1..=kills {
                // Sums of a few primes hit every phase of a job in time.
                pause(Duration::from_millis(20 + (number as u64 * 7919) % 331));
                match number % every {
                    0 if (number / every).is_multiple_of(2) => {
                        self.cluster.stop_at_once();
                        self.cluster.start();
                    }
                    0 => {
                        self.cluster.kill();
                        self.cluster.start();
                    }
                    _ => {
                        let victim = number % WORKERS;
                        self.children[victim].kill().unwrap();
                        self.children[victim].wait().unwrap();
                        self.children[victim] = self.worker();
                    }
                }
            }
            over.store(true, Ordering::SeqCst);
        });
        self.rest();
        let told = self.check();
        format!("{kills} kills, {of_server} of the server, in {:.0?}: {told}", begun.elapsed())
    }

    fn queue(&self) -> Queue<PostgresJobStore> {
        let pool = Pool::on(runtime(), &self.cluster.address()).unwrap();
        Queue::new(block_on(PostgresJobStore::open(pool)).unwrap())
    }

    /// Waits until nothing runs, and nothing waits to.
    fn rest(&self) {
        let (queue, begun) = (self.queue(), begin());
        let waits = |number| {
            let slot = block_on(queue.slot(&key(number))).unwrap();
            slot.is_some_and(|slot| slot.state != State::Idle || slot.covered < slot.wanted)
        };
        while let Some(number) = (0..KEYS).find(|number| waits(*number)) {
            let slot = block_on(queue.slot(&key(number))).unwrap();
            assert!(begun.elapsed() < LEASE * 24, "{} is left: {slot:?}", key(number));
            pause(Duration::from_millis(50));
        }
    }

    /// Holds what was written down against what was asked for.
    fn check(&self) -> String {
        let book = fs::read_to_string(self.place.join("book")).unwrap();
        let mut asked: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let (mut acknowledged, mut begun, mut done) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        for (line, text) in book.lines().enumerate() {
            let mut words = text.splitn(3, ' ');
            let (what, key, number) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap_or_default());
            match what {
                "T" => drop(asked.insert((key, number), line)),
                "A" => acknowledged.push((key, number)),
                "B" => assert_eq!(begun.insert((key, number), line), None, "token {number} of {key} was given twice"),
                "E" => drop(done.insert((key, number))),
                _ => panic!("line {line}: {text}"),
            }
        }
        for trigger in &acknowledged {
            let since = asked[trigger];
            let is_done = done.iter().any(|job| job.0 == trigger.0 && begun[job] > since);
            assert!(is_done, "{trigger:?} was acknowledged, and nothing was done for it");
        }
        let sql = Sql::at(&self.cluster.address());
        for number in 0..KEYS {
            let key = key(number).to_string();
            let last = begun.keys().filter(|job| job.0 == key).map(|job| job.1.parse::<u64>().unwrap()).max().unwrap();
            let email = format!("SELECT string_agg(email, ' ') FROM tripartite.\"members/{key}\"");
            let last = format!("m{last}@example.org m{last}@example.org");
            assert_eq!(sql.value(&email), Some(last), "{key}: what the last job wrote stands");
        }
        let cut = begun.len() - done.len();
        format!("{} triggers, {} executions, {cut} of them cut short", acknowledged.len(), begun.len())
    }
}

/// Triggers one key after another, without end.
fn ask(address: &str, place: &Path, over: &AtomicBool, asked: &AtomicU64) {
    let (book, pool) = (Book::open(place), Pool::on(runtime(), address).unwrap());
    let queue = loop {
        match block_on(PostgresJobStore::open(pool.clone())) {
            Ok(store) => break Queue::new(store).rules(rules()),
            Err(_) => pause(Duration::from_millis(20)),
        }
    };
    while !over.load(Ordering::SeqCst) {
        let number = asked.fetch_add(1, Ordering::SeqCst);
        let key = key((number as usize * 7) % KEYS);
        book.write(&format!("T {key} {number}"));
        let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: true };
        match block_on(queue.apply(&key, None, trigger, now())) {
            Ok(_) => book.write(&format!("A {key} {number}")),
            Err(error) => assert!(matches!(error.failure(), Failure::Retry { .. }), "{error}"),
        }
        pause(Duration::from_millis(5));
    }
}
