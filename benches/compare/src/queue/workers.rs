//! Jobs that do nothing, by 1, 2, 4 and 8 workers at once, on a server that waits for the disk.
//!
//! | row | what a job is |
//! |---|---|
//! | the floor | one read and two swaps of a record that no other worker wants, by our store |
//! | a tick | a `Worker` finds and claims it, runs it on a record that is in step, and stores the end |
//! | a take | a page of due records is read at a time; one of the next eight is taken, and deleted |
//! | plain SQL | one statement marks the next row that is free (`SKIP LOCKED`); another deletes it |
//! | peers | what `graphile_worker` and `apalis-postgres` do, as they are without further settings |
//!
//! The rules are the same for all. The jobs are there, and the statistics of the tables made, before the clock starts.
//! Each worker is a task with a connection of its own, all of them in one process. Each contender has a database of its
//! own, on one server with `fsync` and `synchronous_commit` on. The clock, that on the wall, stops when the last end is
//! stored. SQLite is for comparison: its workers are threads.

mod at_once;
mod ours;
mod peers;
mod plain;
mod server;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tripartite::work::Queue;
use tripartite_sqlite::jobs::SqliteJobStore;

use self::at_once::AtOnce;
use self::peers::{Peer, Peers};
use self::server::{Database, Server};
use super::jobs::Filled;
use super::sqlite::Place;
use crate::effort::Effort;
use crate::postgres::{Problem, server::programs};
use crate::rounds::Times;
use crate::row::{Row, Target};

/// How many workers there are, and the table of it.
const TABLES: [(usize, &str); 4] =
    [(1, "Jobs, 1 worker"), (2, "Jobs, 2 workers"), (4, "Jobs, 4 workers"), (8, "Jobs, 8 workers")];

const GROWTH: &str = "Jobs, twice as many workers";

/// As often each contender has its turn at most.
const ROUNDS: usize = 3;

/// So many workers do what is done before the clock starts.
const BEFORE: usize = 8;

/// From so many people on, the targets are judged.
const JUDGED: u64 = 100_000;

/// Who does the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Contender {
    Floor,
    Tick,
    OneSource,
    Plain,
    Peer(Peer),
    Take,
    SqliteFloor,
    SqliteTick,
}

use Contender::{Floor, OneSource, Plain, SqliteFloor, SqliteTick, Take, Tick};

const CONTENDERS: [Contender; 9] = [
    Floor,
    Tick,
    OneSource,
    Plain,
    Contender::Peer(Peer::Graphile),
    Contender::Peer(Peer::Apalis),
    Take,
    SqliteFloor,
    SqliteTick,
];

impl Contender {
    fn name(self) -> &'static str {
        match self {
            Floor => "one read and two swaps (the floor)",
            Tick => "a tick of a `Worker`, a source for each key",
            OneSource => "a tick of a `Worker`, all keys of one source",
            Plain => "plain SQL: `SKIP LOCKED`, one by one",
            Self::Peer(Peer::Graphile) => "`graphile_worker`, one by one",
            Self::Peer(Peer::Apalis) => "`apalis-postgres`, by ten",
            Take => "a take of one of eight, and a swap",
            SqliteFloor => "SQLite in a file: one read and two swaps",
            SqliteTick => "SQLite in a file: a tick of a `Worker`",
        }
    }

    /// Whom it is held against, and what must hold.
    fn against(self, workers: usize) -> Option<(Self, Option<Target>)> {
        match self {
            Floor | Plain | SqliteFloor => None,
            Tick => Some((Floor, (workers == 1).then_some(Target::AtMost(2.0)))),
            OneSource => Some((Floor, None)),
            Self::Peer(_) => Some((Plain, None)),
            Take => Some((Self::Peer(Peer::Graphile), Some(Target::AtMost(1.0)))),
            SqliteTick => Some((SqliteFloor, None)),
        }
    }
}

/// The rows of the tables about workers; none where there is no server.
pub(super) fn rows(effort: &Effort) -> Result<Vec<Row>, String> {
    if programs().is_none() {
        eprintln!("== LEFT OUT: PostgreSQL is not installed, so no workers are measured.");
        return Ok(Vec::new());
    }
    measured(effort).map_err(|problem| format!("jobs by workers: {problem}"))
}

/// What each contender took, with so many workers.
type Measured = BTreeMap<(Contender, usize), Times>;

fn measured(effort: &Effort) -> Result<Vec<Row>, Problem> {
    let peers = if effort.foreign { Peers::build() } else { None };
    // The number can be divided by that of the workers.
    let jobs = (effort.people() / 200).clamp(25, 500) as usize * 8;
    let bench = Bench { server: Server::new()?, place: Place::new()?, peers, jobs };
    let mut all = Measured::new();
    for _ in 0..effort.rounds.min(ROUNDS) {
        for (workers, _) in TABLES {
            for contender in CONTENDERS {
                if let Some(took) = bench.took(contender, workers)? {
                    let times = all.entry((contender, workers)).or_default();
                    times.start();
                    times.add(jobs, took);
                }
            }
        }
    }
    bench.server.tell("tick_1_%");
    let mut rows: Vec<Row> = TABLES.iter().flat_map(|(workers, table)| table_rows(&all, *workers, table)).collect();
    rows.extend(growth(&all));
    if effort.people() < JUDGED {
        rows.iter_mut().for_each(|row| row.target = None);
    }
    Ok(rows)
}

fn table_rows(all: &Measured, workers: usize, table: &'static str) -> Vec<Row> {
    let row = |contender: Contender| {
        let times = all.get(&(contender, workers))?;
        let (against, target) = match contender.against(workers) {
            Some((other, target)) => (all.get(&(other, workers)).map(|of| times.against(other.name(), of)), target),
            None => (None, None),
        };
        let target = target.filter(|_| against.is_some());
        Some(Row { table, name: contender.name().to_owned(), measured: times.rate(), against, target })
    };
    CONTENDERS.into_iter().filter_map(row).collect()
}

/// Whether more workers do more.
fn growth(all: &Measured) -> Vec<Row> {
    let row = |contender: Contender, workers: usize| {
        let (times, fewer) = (all.get(&(contender, workers))?, all.get(&(contender, workers / 2))?);
        let target = (contender == Tick && workers <= 4).then_some(Target::TimesFaster(1.0));
        let name = format!("{}, {workers} workers", contender.name());
        let against = Some(times.against(format!("{} of them", workers / 2), fewer));
        Some(Row { table: GROWTH, name, measured: times.rate(), against, target })
    };
    let pairs = [Floor, Tick, Take].into_iter().flat_map(|contender| [2, 4, 8].map(|workers| (contender, workers)));
    pairs.filter_map(|(contender, workers)| row(contender, workers)).collect()
}

/// What the jobs are done on.
struct Bench {
    server: Server,
    place: Place,
    peers: Option<Peers>,
    jobs: usize,
}

impl Bench {
    /// How long the jobs take; none, if the contender is not there.
    fn took(&self, contender: Contender, workers: usize) -> Result<Option<Duration>, Problem> {
        let jobs = self.jobs;
        let database = |name: &str| self.server.database(&format!("{name}_{workers}"));
        Ok(Some(match contender {
            Floor => self.floor(&database("floor")?, workers)?,
            Tick => self.ticks("tick", workers, jobs)?,
            OneSource => self.ticks("one_source", workers, 1)?,
            Take => {
                let database = database("take")?;
                let Filled { store, .. } = Filled::new(database.store()?, jobs);
                drop(store);
                let stores = (0..workers).map(|_| database.store()).collect::<Result<_, _>>()?;
                database.analyse()?;
                ours::takes(stores, jobs)
            }
            Plain => plain::jobs(&database("plain")?, workers, jobs)?,
            Contender::Peer(peer) => {
                let Some(peers) = &self.peers else { return Ok(None) };
                peers.jobs(peer, &database(peer.name())?, workers, jobs)?
            }
            SqliteFloor => {
                let stores = self.sqlite_stores("workers-floor", workers)?;
                let keys = Filled::new(&stores[0], jobs).keys;
                ours::floor(AtOnce::Threads, stores, &keys)
            }
            SqliteTick => {
                let queues = self.sqlite_stores("workers-tick", workers)?.into_iter().map(queue).collect::<Vec<_>>();
                ours::enqueue(AtOnce::Threads, &queues, jobs, jobs);
                ours::ticks(AtOnce::Threads, &queues, jobs);
                ours::enqueue(AtOnce::Threads, &queues, jobs, jobs);
                ours::ticks(AtOnce::Threads, &queues, jobs)
            }
        }))
    }

    fn floor(&self, database: &Database, workers: usize) -> Result<Duration, Problem> {
        let keys = Filled::new(database.store()?, self.jobs).keys;
        let stores = (0..workers).map(|_| database.store()).collect::<Result<_, _>>()?;
        database.analyse()?;
        Ok(ours::floor(AtOnce::Tasks, stores, &keys))
    }

    fn ticks(&self, name: &str, workers: usize, sources: usize) -> Result<Duration, Problem> {
        let database = self.server.database(&format!("{name}_{workers}"))?;
        let queues = |workers| (0..workers).map(|_| database.store().map(queue)).collect::<Result<Vec<_>, _>>();
        // Each key has run before, as it has each night but the first.
        let before = queues(BEFORE)?;
        ours::enqueue(AtOnce::Tasks, &before, self.jobs, sources);
        ours::ticks(AtOnce::Tasks, &before, self.jobs);
        ours::enqueue(AtOnce::Tasks, &before, self.jobs, sources);
        database.analyse()?;
        Ok(ours::ticks(AtOnce::Tasks, &queues(workers)?, self.jobs))
    }

    /// Connections to a file that is new.
    fn sqlite_stores(&self, name: &str, workers: usize) -> Result<Vec<SqliteJobStore>, Problem> {
        let file = self.place.fresh(name)?;
        let stores = (0..workers).map(|_| SqliteJobStore::open(&file)).collect::<Result<_, _>>()?;
        self.place.grow_journal(name)?;
        Ok(stores)
    }
}

fn queue<S: tripartite::jobs::JobStore>(store: S) -> Arc<Queue<S>> {
    Arc::new(Queue::new(store))
}
