//! Many workers at one file: threads and processes, each with a store of its own, and the crate's own queue on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::sync::Barrier;
use std::time::Duration;
use std::{env, thread};

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::backoff::Fraction;
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::id::{CommandId, Nonce, WorkerId};
use tripartite::jobs::{
    AppendOf, DueOf, JobStore, LogEntry, LogPosition, ReadOf, Row, Shard, StoreKey, Stored, Swap, SwapOf,
};
use tripartite::queue::{Claim, Command, Extent, Outcome, QueueRules, Scope, Slot, State, Token, Trigger};
use tripartite_sqlite::jobs::{JobsError, SqliteJobStore};

use crate::bench::Bench;

const KEYS: usize = 200;
/// How often each key runs.
const RUNS: u64 = 3;
const THREADS: usize = 16;
const PROCESSES: usize = 4;
/// How often a write that others get in the way of is repeated.
const TRIES: usize = 10_000;
/// Tells a process of ours where the file is.
const FILE: &str = "TRIPARTITE_SQLITE_TEST_JOBS";

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000)
}

fn slots() -> impl Iterator<Item = StoreKey> {
    (0..KEYS).map(|no| StoreKey::of("slot", [format!("org-{no}").as_str(), "federation"]))
}

fn history() -> StoreKey {
    StoreKey::of("history", [])
}

/// The first of several attempts that is no conflict and meets nobody in the way.
fn persist<T>(mut attempt: impl FnMut() -> Result<Option<T>, JobsError>) -> T {
    let answer = (0..TRIES).find_map(|_| match attempt() {
        Ok(answer) => answer,
        Err(error) if matches!(error.failure(), Failure::Retry { .. }) => None,
        Err(error) => panic!("{error}"),
    });
    answer.expect("a write gets through in the end")
}

fn slot_of(stored: &Stored) -> Slot {
    serde_json::from_slice(&stored.row.bytes).unwrap()
}

/// What a driver does for a command: get, step, swap, and again when somebody else was faster.
fn drive(store: &SqliteJobStore, key: &StoreKey, id: Option<&CommandId>, command: &Command) -> Outcome {
    persist(|| {
        let stored = block_on(store.get(key))?;
        let slot = stored.as_ref().map_or_else(|| Slot::new(now()), slot_of);
        let decision = slot.step(&QueueRules::default(), id, command.clone(), now(), Fraction::ONE);
        if decision.next == slot {
            return Ok(Some(decision.outcome));
        }
        let bytes = serde_json::to_vec(&decision.next).unwrap();
        let row = Row::new(bytes, Shard(0)).due(decision.next.due());
        let swap = block_on(store.compare_and_swap(&SwapOf::new(
            key.clone(),
            stored.map(|stored| stored.version),
            Some(row.clone()),
        )))?;
        Ok(matches!(swap, Swap::Applied(_)).then_some(decision.outcome))
    })
}

fn trigger() -> Command {
    Command::Trigger { by: Trigger::Webhook, scope: Scope::All, policy: None, force: false }
}

/// Claims whatever is due until every key has run as often as it should, and says what it got.
fn work(file: &Path, name: &str) -> Vec<(String, u64)> {
    let store = persist(|| SqliteJobStore::open(file).map(Some));
    // Every worker is told of the same events, and hands each on.
    let told = CommandId::new("the first event").unwrap();
    for key in slots() {
        let _ = drive(&store, &key, Some(&told), &trigger());
    }
    let mut claimed = Vec::new();
    for round in 0..TRIES {
        let due = block_on(store.due(&DueOf::new(Shard(0), now(), 7))).unwrap().keys;
        if due.is_empty() && is_finished(&store) {
            return claimed;
        }
        claimed.extend(due.iter().filter_map(|(_, key)| run(&store, key, name, round)));
        thread::yield_now();
    }
    panic!("{name} saw no end")
}

/// Claims a key and does what it asks for, unless somebody else is at it.
fn run(store: &SqliteJobStore, key: &StoreKey, name: &str, round: usize) -> Option<(String, u64)> {
    let nonce = Nonce::new(format!("{name}/{round}/{}", key.as_str())).unwrap();
    let claim = Command::Claim { worker: WorkerId::new(name).unwrap(), nonce, lease: Duration::from_secs(60) };
    let Outcome::Claimed(Claim { token, .. }) = drive(store, key, None, &claim) else { return None };
    let follow_up = token.0 < RUNS;
    if follow_up {
        assert_eq!(drive(store, key, None, &trigger()), Outcome::FollowUp);
    }
    let complete = Command::Complete { token, result: None, extent: Extent::default() };
    assert_eq!(drive(store, key, None, &complete), Outcome::Completed { follow_up });
    let position = LogPosition::new(now(), format!("{} {}", key.as_str(), token.0));
    let entry = LogEntry::new(position, name.into());
    assert!(persist(|| block_on(store.append(&AppendOf::new(history(), entry.clone()))).map(Some)));
    assert_eq!(drive(store, key, None, &Command::Flushed { through: token }), Outcome::Done);
    Some((key.as_str().to_owned(), token.0))
}

fn is_finished(store: &SqliteJobStore) -> bool {
    let keys = store.keys(&StoreKey::of("slot", []), None, KEYS + 1).unwrap();
    keys.len() == KEYS && keys.iter().all(|key| idle_after(store, key) == Some(RUNS))
}

/// The token of an idle slot.
fn idle_after(store: &SqliteJobStore, key: &StoreKey) -> Option<u64> {
    let stored = block_on(store.get(key)).unwrap()?;
    let Slot { state: State::Idle, token: Token(token), .. } = slot_of(&stored) else { return None };
    Some(token)
}

/// Lets threads begin at the same moment, and gives all that they got.
fn workers(threads: usize, file: &Path, name: &str) -> Vec<(String, u64)> {
    let start = Barrier::new(threads);
    let begin = |no: usize| {
        start.wait();
        work(file, &format!("{name}-{no}"))
    };
    thread::scope(|scope| {
        let begin = &begin;
        let threads: Vec<_> = (0..threads).map(|no| scope.spawn(move || begin(no))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

fn each_was_handed_out_once(file: &Path, claimed: Vec<(String, u64)>) {
    let store = SqliteJobStore::open(file).unwrap();
    let logged = block_on(store.read(&ReadOf::new(history(), now()..now() + TimeDelta::seconds(1), usize::MAX)))
        .unwrap()
        .entries;
    assert_eq!(logged.len(), claimed.len());
    let mut times: BTreeMap<_, usize> =
        slots().flat_map(|key| (1..=RUNS).map(move |token| ((key.as_str().to_owned(), token), 0))).collect();
    for claim in claimed {
        *times.entry(claim).or_default() += 1;
    }
    times.retain(|_, times| *times != 1);
    assert!(times.is_empty(), "not once: {times:?}");
}

#[test]
fn threads_get_each_key_and_token_once() {
    let bench = Bench::new();
    each_was_handed_out_once(&bench.db(), workers(THREADS, &bench.db(), "thread"));
}

#[test]
fn processes_get_each_key_and_token_once() {
    let bench = Bench::new();
    let start = |no: usize| {
        let mut process = Process::new(env::current_exe().unwrap());
        process.args(["--exact", "jobs_race::a_process_of_the_race", "--nocapture"]);
        process.env(FILE, bench.db()).env("TRIPARTITE_SQLITE_TEST_NAME", format!("process-{no}"));
        process.stdout(Stdio::piped()).spawn().unwrap()
    };
    let processes: Vec<_> = (0..PROCESSES).map(start).collect();
    let claimed = processes.into_iter().flat_map(|process| {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", output.status);
        let text = String::from_utf8(output.stdout).unwrap();
        let claims: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("claimed ")).map(claim_of).collect();
        claims
    });
    each_was_handed_out_once(&bench.db(), claimed.collect());
}

fn claim_of(line: &str) -> (String, u64) {
    let (token, key) = line.split_once(' ').unwrap();
    (key.to_owned(), token.parse().unwrap())
}

/// One of the processes, when it is started as that; otherwise there is nothing to do.
#[test]
fn a_process_of_the_race() {
    let Some(file) = env::var_os(FILE).map(PathBuf::from) else { return };
    let name = env::var("TRIPARTITE_SQLITE_TEST_NAME").unwrap();
    println!();
    for (key, token) in workers(THREADS / PROCESSES, &file, &name) {
        println!("claimed {token} {key}");
    }
}

#[test]
fn several_open_a_blank_file_at_once() {
    for _ in 0..20 {
        let bench = Bench::new();
        let start = Barrier::new(THREADS);
        let open = |no: usize| {
            start.wait();
            let store = SqliteJobStore::open(&bench.db())?;
            let row = Row::new(vec![], Shard(0));
            block_on(store.compare_and_swap(&SwapOf::new(
                StoreKey::of("case", [no.to_string().as_str()]),
                None,
                Some(row.clone()),
            )))
        };
        let answers: Vec<_> = thread::scope(|scope| {
            let open = &open;
            let threads: Vec<_> = (0..THREADS).map(|no| scope.spawn(move || open(no))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(answers.iter().all(|answer| matches!(answer, Ok(Swap::Applied(_)))), "{answers:?}");
    }
}
