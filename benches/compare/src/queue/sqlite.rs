//! The store of the example host, against bare statements of the same effect.

use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs};

use rusqlite::{Connection, TransactionBehavior, params};
use tripartite::drive::block_on;
use tripartite::jobs::{DueOf, JobStore, Shard, StoreKey, SwapOf};
use tripartite::queue::Token;
use tripartite::work::Queue;
use tripartite_sqlite::jobs::SqliteJobStore;

use super::jobs::{COMMANDS, Filled, KEYS, at, driven, sync_keys, waiting};
use super::{BATCHES, row};
use crate::effort::Effort;
use crate::rounds::{Times, elapsed, timed};
use crate::row::Row;

/// Where the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// In memory: what the processor has to do.
    InMemory,
    /// In a file: each transaction waits for the disk.
    OnDisk,
}

impl Kept {
    fn name(self) -> &'static str {
        match self {
            Self::InMemory => "SQLite in memory",
            Self::OnDisk => "SQLite in a file",
        }
    }

    /// How long some work takes; where it waits for the disk, by the clock on the wall.
    fn timed(self, work: impl FnOnce()) -> Duration {
        match self {
            Self::InMemory => timed(work),
            Self::OnDisk => elapsed(work).0,
        }
    }

    /// How many keys: a disk takes a few hundred transactions a second.
    fn keys(self) -> usize {
        match self {
            Self::InMemory => KEYS,
            Self::OnDisk => 100,
        }
    }
}

pub(super) fn rows(effort: &Effort, kept: Kept) -> Result<Vec<Row>, String> {
    let told = |error: &dyn std::error::Error| format!("SQLite: {error}");
    let place = Place::new().map_err(|error| told(&error))?;
    measured(effort, kept, &place).map_err(|error| told(error.as_ref()))
}

type Problem = Box<dyn std::error::Error>;

/// One length of transactions: the bare statements, and the store.
struct Pair {
    size: usize,
    floor: Connection,
    filled: Filled<SqliteJobStore>,
    floor_times: Times,
    times: Times,
}

fn measured(effort: &Effort, kept: Kept, place: &Place) -> Result<Vec<Row>, Problem> {
    let keys = sync_keys(kept.keys());
    let mut pairs = Vec::new();
    for size in BATCHES {
        let filled = Filled::new(store(kept, place, &format!("store-{size}"))?, kept.keys());
        let floor = floor(kept, place, &format!("floor-{size}"), kept.keys())?;
        pairs.push(Pair { size, floor, filled, floor_times: Times::default(), times: Times::default() });
    }
    let queue = Queue::new(store(kept, place, "queue")?);
    let [mut drive, mut gets, mut dues] = [(); 3].map(|()| Times::default());
    for round in 1..=effort.rounds as u64 {
        for pair in &mut pairs {
            pair.round(kept, round as i64)?;
        }
        drive.start();
        drive.add(keys.len() * COMMANDS, kept.timed(|| driven(&queue, &keys, Token(round))));
        let Filled { store, keys, .. } = &pairs[0].filled;
        gets.start();
        gets.add(keys.len(), kept.timed(|| keys.iter().for_each(|key| drop(block_on(store.get(key))))));
        dues.start();
        let due = |limit| block_on(store.due(&DueOf::new(Shard(0), at(i64::from(u32::MAX)), limit)));
        dues.add(100, kept.timed(|| assert_eq!(due(100).map_or(0, |page| page.keys.len()), 100)));
    }
    let mut rows = Vec::new();
    let named = |what: &str| format!("{}: {what}", kept.name());
    for Pair { size, floor_times, times, .. } in &pairs {
        let floor = named(&format!("bare UPDATEs by {size}"));
        rows.push(row(format!("{floor} (the floor)"), floor_times, None));
        rows.push(row(named(&format!("swaps by {size}")), times, Some(times.against(floor, floor_times))));
    }
    let floor = &pairs[0].floor_times;
    for (what, times) in [("get, step, swap", &drive), ("get", &gets), ("due, a key of a page of 100", &dues)] {
        rows.push(row(named(what), times, Some(times.against(named("bare UPDATEs by 1"), floor))));
    }
    Ok(rows)
}

impl Pair {
    fn round(&mut self, kept: Kept, round: i64) -> Result<(), Problem> {
        let batches = self.filled.batches(self.size, &waiting(round));
        let mut updated = Ok(());
        self.floor_times.start();
        let took = kept.timed(|| updated = update(&mut self.floor, &batches, round));
        self.floor_times.add(self.filled.keys.len(), took);
        self.times.start();
        self.times.add(self.filled.keys.len(), kept.timed(|| self.filled.swap(&batches)));
        Ok(updated?)
    }
}

fn store(kept: Kept, place: &Place, name: &str) -> Result<SqliteJobStore, Problem> {
    Ok(match kept {
        Kept::InMemory => SqliteJobStore::in_memory()?,
        Kept::OnDisk => {
            let store = SqliteJobStore::open(&place.file(name))?;
            place.grow_journal(name)?;
            store
        }
    })
}

/// A table with nothing but keys, versions and bytes, all of the first version.
fn floor(kept: Kept, place: &Place, name: &str, keys: usize) -> Result<Connection, Problem> {
    let mut conn = match kept {
        Kept::InMemory => Connection::open_in_memory()?,
        Kept::OnDisk => Connection::open(place.file(name))?,
    };
    conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.execute_batch(
        "CREATE TABLE floor (key TEXT PRIMARY KEY, version INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID",
    )?;
    let (tx, first) = (conn.transaction()?, waiting(0));
    for no in 0..keys {
        let key = StoreKey::of("bare", [no.to_string().as_str()]);
        tx.execute("INSERT INTO floor (key, version, bytes) VALUES (?1, 1, ?2)", params![key.as_str(), first.bytes])?;
    }
    tx.commit()?;
    if kept == Kept::OnDisk {
        place.grow_journal(name)?;
    }
    Ok(conn)
}

/// The same swaps, as bare statements.
fn update(conn: &mut Connection, batches: &[Vec<SwapOf>], version: i64) -> rusqlite::Result<()> {
    for batch in batches {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let sql = "UPDATE floor SET bytes = ?2, version = version + 1 WHERE key = ?1 AND version = ?3";
            let mut statement = tx.prepare_cached(sql)?;
            for SwapOf { key, next, .. } in batch {
                let bytes = next.as_ref().map(|row| row.bytes.as_slice());
                assert_eq!(statement.execute(params![key.as_str(), bytes, version])?, 1, "nobody else writes");
            }
        }
        tx.commit()?;
    }
    Ok(())
}

/// A directory that goes with the measurement.
pub(super) struct Place(PathBuf);

impl Place {
    /// Beside the program: where temporary files are, there may be no disk to wait for.
    pub(super) fn new() -> std::io::Result<Self> {
        let dir = env::current_exe()?.with_file_name(format!("compare-queue-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        Ok(Self(dir))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.db"))
    }

    /// The file of a database that is not there.
    pub(super) fn fresh(&self, name: &str) -> std::io::Result<PathBuf> {
        for end in ["db", "db-wal", "db-shm"] {
            match fs::remove_file(self.0.join(format!("{name}.{end}"))) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(self.file(name))
    }

    /// Lets the journal of a database that is open grow beyond the size at which it is used again from its beginning:
    /// until then, a transaction costs twice as much.
    pub(super) fn grow_journal(&self, name: &str) -> rusqlite::Result<()> {
        let grow = "CREATE TABLE grown(bytes); INSERT INTO grown VALUES (zeroblob(8000000)); DROP TABLE grown;";
        let conn = Connection::open(self.file(name))?;
        conn.execute_batch(grow)?;
        conn.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
