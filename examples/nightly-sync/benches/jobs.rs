//! The work column in SQLite, against its floor: a bare `UPDATE` of a row of the same size, in a transaction of the same
//! length, on a connection of the same settings.

use std::env;
use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::process;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nightly_sync::jobs::SqliteJobStore;
use rusqlite::{Connection, TransactionBehavior, params};
use tripartite::backoff::Fraction;
use tripartite::drive::block_on;
use tripartite::host::{JobStore, Row, Shard, StoreKey, Stored, Swap, SwapOf, Version};
use tripartite::id::{Nonce, WorkerId};
use tripartite::queue::{Command, Outcome, Rules, Scope, Slot, Token, Trigger};

const KEYS: usize = 1000;
/// One job from its trigger to its history: trigger, claim, heartbeat, complete, flushed.
const COMMANDS: u64 = 5;
const BATCHES: [usize; 3] = [1, 10, 100];

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + seconds)
}

fn keys() -> Vec<StoreKey> {
    (0..KEYS).map(|no| StoreKey::of("slot", ["org", no.to_string().as_str()])).collect()
}

fn row_of(slot: &Slot) -> Row {
    let bytes = serde_json::to_vec(slot).expect("a slot is JSON");
    Row { bytes, due: slot.due(), shard: Shard(0) }
}

/// A waiting slot, different each time: what is written over itself, SQLite does not write.
fn waiting(count: i64) -> Row {
    let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    row_of(&Slot::new(at(0)).step(&Rules::default(), None, trigger, at(count), Fraction::ONE).next)
}

/// So many that no row is given to the same key twice in a row.
fn rows() -> Vec<Row> {
    (0..1009).map(waiting).collect()
}

/// A file that goes with the bench.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let dir = env::temp_dir().join(format!("nightly-sync-bench-{}-{name}", process::id()));
        fs::create_dir_all(&dir).expect("a directory can be made");
        Self(dir)
    }

    fn file(&self) -> PathBuf {
        self.0.join("members.db")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A table with nothing but keys and bytes.
fn floor(place: &Place, synchronous: &str, keys: &[StoreKey], bytes: &[u8]) -> rusqlite::Result<Connection> {
    let mut conn = Connection::open(place.file())?;
    conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", synchronous)?;
    conn.execute_batch("CREATE TABLE floor (key TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID")?;
    let tx = conn.transaction()?;
    for key in keys {
        tx.execute("INSERT INTO floor (key, bytes) VALUES (?1, ?2)", params![key.as_str(), bytes])?;
    }
    tx.commit()?;
    Ok(conn)
}

fn update(conn: &mut Connection, keys: &[StoreKey], bytes: &[u8]) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut statement = tx.prepare_cached("UPDATE floor SET bytes = ?2 WHERE key = ?1")?;
        for key in keys {
            statement.execute(params![key.as_str(), bytes])?;
        }
    }
    tx.commit()
}

/// A store in which every key has a row, and the versions of all.
fn filled(place: &Place, keys: &[StoreKey], row: &Row) -> (SqliteJobStore, Vec<Version>) {
    let store = SqliteJobStore::open(&place.file()).expect("a file of its own can be opened");
    let create = |key: &StoreKey| SwapOf { key: key.clone(), expect: None, next: Some(row.clone()) };
    let versions = swap_many(&store, &keys.iter().map(create).collect::<Vec<_>>());
    (store, versions)
}

fn applied(swap: Swap) -> Version {
    match swap {
        Swap::Applied(version) => version,
        Swap::Conflict => panic!("nobody else writes"),
    }
}

fn swap_many(store: &SqliteJobStore, swaps: &[SwapOf]) -> Vec<Version> {
    let answers = block_on(store.swap_many(swaps)).expect("the store is there");
    answers.into_iter().map(applied).collect()
}

fn get(store: &SqliteJobStore, key: &StoreKey) -> Stored {
    block_on(store.get(key)).expect("the store is there").expect("every key has a row")
}

fn floors(c: &mut Criterion) {
    let (keys, rows) = (keys(), rows());
    for synchronous in ["full", "normal"] {
        let mut group = c.benchmark_group(format!("jobs/floor_{synchronous}"));
        for size in BATCHES {
            let place = Place::new(&format!("floor-{synchronous}-{size}"));
            let mut conn = floor(&place, synchronous, &keys, &rows[0].bytes).expect("a file of its own can be used");
            let mut batches = rows.iter().cycle().zip(keys.chunks(size).cycle());
            group.throughput(Throughput::Elements(size as u64));
            group.bench_function(size.to_string(), |b| {
                b.iter(|| {
                    let (row, keys) = batches.next().expect("they go round");
                    update(&mut conn, keys, &row.bytes).expect("a row is there for each key");
                });
            });
        }
        group.finish();
    }
}

fn swaps(c: &mut Criterion) {
    let (keys, rows) = (keys(), rows());
    let mut group = c.benchmark_group("jobs/swap_many");
    for size in BATCHES {
        let place = Place::new(&format!("swap-{size}"));
        let (store, mut versions) = filled(&place, &keys, &rows[0]);
        let mut batches = rows.iter().cycle().zip((0..KEYS).step_by(size).cycle());
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(size.to_string(), |b| {
            b.iter(|| {
                let (row, first) = batches.next().expect("they go round");
                let batch = first..first + size;
                let one =
                    |no: usize| SwapOf { key: keys[no].clone(), expect: Some(versions[no]), next: Some(row.clone()) };
                let answers = swap_many(&store, &batch.clone().map(one).collect::<Vec<_>>());
                versions[batch].copy_from_slice(&answers);
            });
        });
    }
    group.finish();
}

fn reads(c: &mut Criterion) {
    let (keys, row) = (keys(), waiting(0));
    let place = Place::new("reads");
    let (store, _) = filled(&place, &keys, &row);
    let mut group = c.benchmark_group("jobs/reads");
    let mut cycle = keys.iter().cycle();
    group.bench_function("get", |b| b.iter(|| cycle.next().map(|key| get(&store, key))));
    group.throughput(Throughput::Elements(100));
    group.bench_function("due_100", |b| b.iter(|| block_on(store.due(Shard(0), at(0), None, 100))));
    group.finish();
}

/// The commands of a job whose claim gets this token.
fn job(token: Token) -> [Command; COMMANDS as usize] {
    let lease = Duration::from_secs(60);
    let worker = WorkerId::new("worker-1").expect("a short text is an id");
    let nonce = Nonce::new(format!("nonce-{}", token.0)).expect("a short text is an id");
    [
        Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false },
        Command::Claim { worker, nonce, lease },
        Command::Heartbeat { token, lease },
        Command::Complete { token, result: None },
        Command::Flushed { through: token },
    ]
}

/// What a driver does for each command: get, read, step, write, swap.
fn drive(store: &SqliteJobStore, rules: &Rules, key: &StoreKey, command: Command, seconds: i64) {
    let stored = get(store, key);
    let slot: Slot = serde_json::from_slice(&stored.row.bytes).expect("a slot was stored");
    let decision = slot.step(rules, None, command, at(seconds), Fraction::ONE);
    assert!(!matches!(decision.outcome, Outcome::Refused(_) | Outcome::Fenced), "{:?}", decision.outcome);
    let next = row_of(&decision.next);
    let swap = block_on(store.compare_and_swap(key, Some(stored.version), Some(&next)));
    black_box(applied(swap.expect("the store is there")));
}

fn jobs(c: &mut Criterion) {
    let (keys, rules) = (keys(), Rules::default());
    let place = Place::new("jobs");
    let (store, _) = filled(&place, &keys, &row_of(&Slot::new(at(0))));
    let mut group = c.benchmark_group("jobs/get_step_swap");
    group.throughput(Throughput::Elements(COMMANDS));
    // Every key is taken in turn, and every round of them is the next token.
    let mut turns = (1..).flat_map(|round| keys.iter().map(move |key| (Token(round), key)));
    group.bench_function("trigger_claim_heartbeat_complete_flushed", |b| {
        b.iter(|| {
            let Some((token, key)) = turns.next() else { return };
            for (seconds, command) in (0..).zip(job(token)) {
                drive(&store, &rules, key, command, seconds);
            }
        });
    });
    group.finish();
}

criterion_group!(benches, floors, swaps, reads, jobs);
criterion_main!(benches);
