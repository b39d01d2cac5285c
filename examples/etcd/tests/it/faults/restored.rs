//! A snapshot of a cluster at work, restored: what is there then, and what is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{env, mem};

use tripartite::drive::block_on;
use tripartite::jobs::{JobStore, StoreKey, Swap, SwapOf};
use tripartite::queue::{Slot, State, Token};
use tripartite::work::{Queue, slot_key};
use tripartite_etcd::address::Address;
use tripartite_etcd::jobs::{EtcdJobStore, JobsError, renew};

use super::LEASE;
use super::labour::{KEYS, ask, books, key, now, rules, trigger};
use super::worker::Orders;
use crate::history::{Book, Recorded, is_linearizable, nanoseconds};
use crate::server::{Cluster, open, pause, runtime, until};

const LONG: Duration = Duration::from_secs(60);

/// Workers, and perhaps somebody who triggers, and what they wrote down.
struct Era {
    place: PathBuf,
    over: Arc<AtomicBool>,
    asker: Option<JoinHandle<()>>,
    workers: Child,
}

impl Era {
    fn new(address: &Address, place: PathBuf, is_asked: bool) -> Self {
        fs::create_dir_all(&place).unwrap();
        let orders = Orders { address: address.clone(), place: place.clone(), lease: LEASE, host: 0, threads: 4 };
        let mut program = Command::new(env::current_exe().unwrap());
        program.args(["--ignored", "--exact", "faults::worker::process"]).envs(orders.tell());
        let workers = program.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let over = Arc::<AtomicBool>::default();
        let asker = is_asked.then(|| {
            let store = Recorded { store: open(address), book: Book::open(&place.join("calls-asker")) };
            let (queue, book) = (Queue::new(store).rules(rules()), Book::open(&place.join("asked")));
            let over = Arc::clone(&over);
            #[expect(clippy::disallowed_methods, reason = "somebody asks while the test does something else")]
            thread::spawn(move || ask(&queue, &book, || over.load(Ordering::SeqCst)))
        });
        Self { place, over, asker, workers }
    }

    /// Nobody asks any more, and the workers are killed at whatever they do.
    fn end(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(asker) = mem::take(&mut self.asker) {
            asker.join().unwrap();
        }
        self.workers.kill().unwrap();
        self.workers.wait().unwrap();
    }

    fn books(&self, what: &str) -> Vec<String> {
        books(&self.place, what)
    }
}

impl Drop for Era {
    fn drop(&mut self) {
        let _ = self.workers.kill();
        let _ = self.workers.wait();
    }
}

fn slot(store: &EtcdJobStore, number: usize) -> Option<Slot> {
    block_on(Queue::new(store).slot(&key(number))).unwrap()
}

fn token(store: &EtcdJobStore) -> Token {
    slot(store, 0).map_or(Token(0), |slot| slot.token)
}

/// Writes down what stands there, as if it had just been stored.
fn note_all(store: &EtcdJobStore, place: &Path) {
    fs::create_dir_all(place).unwrap();
    let book = Book::open(&place.join("calls-restored"));
    for kind in ["slot", "gate", "health", "told", "told_skew", "tombstones"] {
        for key in block_on(store.keys(&StoreKey::of(kind, []), None, 10_000)).unwrap() {
            book.found(&key, &block_on(store.get(&key)).unwrap().unwrap());
        }
    }
}

/// Two numbers of the lines that begin with a letter, by what stands between.
fn lines(books: &[String], letter: char) -> impl Iterator<Item = (&str, u64, u64)> {
    let all = books.iter().flat_map(|book| book.lines()).filter(move |line| line.starts_with(letter));
    all.map(|line| {
        let words: Vec<_> = line.split(' ').collect();
        (words[1], words[2].parse().unwrap(), words[3].parse().unwrap())
    })
}

/// Whether an execution of a key has begun after a time, and ended.
fn is_done_after(jobs: &[String], key: &str, time: u64) -> bool {
    let begun = lines(jobs, 'B').filter(|(of, _, at)| *of == key && *at > time);
    let ended = |token| lines(jobs, 'E').any(|(of, ended, _)| of == key && ended == token);
    begun.map(|(_, token, _)| token).any(ended)
}

#[test]
fn what_was_there_at_the_snapshot_is_done_and_what_came_later_is_gone() {
    let mut cluster = Cluster::new(3, &[]);
    let (address, place) = (cluster.address(), env::temp_dir().join(format!("tripartite-restored-{}", nanoseconds())));
    let mut before = Era::new(&address, place.join("before"), true);
    let old = open(&address);
    until("jobs are done", LONG, || token(&old) > Token(2));
    pause(Duration::from_secs(1));
    let (snapshot, taken_at) = (place.join("snapshot"), nanoseconds());
    cluster.nodes[1].save(&snapshot);
    let at_snapshot = token(&old);
    until("jobs are done after the snapshot", LONG, || token(&old).0 > at_snapshot.0 + 2);
    before.end();
    let (late, queue) = ("late/late".parse().unwrap(), Queue::new(&old));
    let _ = block_on(queue.apply(&late, None, trigger(), now())).unwrap();
    let (last, held) = (token(&old), block_on(old.get(&slot_key(&key(0)))).unwrap().unwrap());

    cluster.restore(&snapshot);
    let again = address.clone();
    block_on(runtime().spawn(async move { renew(&again).await })).unwrap().unwrap();
    // A process that nobody has ended holds versions that are given again. It writes nothing.
    let swap =
        block_on(old.compare_and_swap(&SwapOf::new(slot_key(&key(0)), Some(held.version), Some(held.row.clone()))));
    assert!(!matches!(swap, Ok(Swap::Applied(_))), "{swap:?}");
    let create =
        block_on(old.compare_and_swap(&SwapOf::new(StoreKey::of("case", ["a"]), None, Some(held.row.clone()))));
    assert!(matches!(create, Err(JobsError::Renewed)), "{create:?}");
    let new = open(&address);
    assert!(token(&new) < last, "fencing tokens go back");
    assert_eq!(block_on(Queue::new(&new).slot(&late)).unwrap(), None, "it came after the snapshot");

    // Nobody asks any more: what waited at the snapshot is done, and what ran then is rescued.
    note_all(&new, &place.join("after"));
    let mut after = Era::new(&address, place.join("after"), false);
    for number in 0..KEYS {
        until(&format!("{} is done", key(number)), LONG, || {
            slot(&new, number).is_none_or(|slot| slot.state == State::Idle && slot.covered == slot.wanted)
        });
    }
    after.end();
    let calls = [&before, &after].map(|era| is_linearizable(&era.books("calls-")).unwrap());
    let (asked, jobs) = (before.books("asked"), [before.books("jobs-"), after.books("jobs-")]);
    let (mut kept, mut gone) = (0, 0);
    for (key, number, acknowledged_at) in lines(&asked, 'A') {
        let begins = |(of, asked, _): &(&str, u64, u64)| *of == key && *asked == number;
        let (_, _, asked_at) = lines(&asked, 'T').find(begins).unwrap();
        let is_done = jobs.iter().any(|jobs| is_done_after(jobs, key, asked_at));
        // Only what was acknowledged before the snapshot is promised.
        assert!(
            is_done || acknowledged_at > taken_at,
            "{key} was acknowledged before the snapshot, and nothing was done for it"
        );
        if is_done { kept += 1 } else { gone += 1 }
    }
    println!(
        "{kept} triggers were done, {gone} after the snapshot are gone; {calls:?} calls: linearizable before and after"
    );
    fs::remove_dir_all(&place).unwrap();
}
