//! What jobs cost on a cluster of three nodes of one machine. `cargo bench -p tripartite-etcd` prints it, in a few minutes. With
//! `TRIPARTITE_ETCD_DIR=DIR` the nodes wait for the disk of that directory; else they are in memory, if there is such a place.

#![expect(clippy::unwrap_used, reason = "what cannot be measured has failed")]

#[path = "../tests/it/server.rs"]
#[expect(dead_code, reason = "tests need more of it")]
mod server;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tripartite::drive::block_on;
use tripartite::gate::Limits;
use tripartite::id::Incarnation;
use tripartite::jobs::{JobStore, ReadOf, Row, Shard, StoreKey, Swap, SwapOf, forward_job_store};
use tripartite::memory::{Listing, MemoryStore};
use tripartite::queue::{Command, Scope, Trigger};
use tripartite::run::{Done, Run};
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::work::{Handler, Job, Queue, Session, Settings, Worker};
use tripartite_etcd::jobs::{EtcdJobStore, JobsError};

use self::server::{Cluster, begin, open};

/// How many jobs are done each time.
const KEYS: usize = 300;

fn main() {
    let cluster = Cluster::new(3, &[]);
    for workers in [1, 4, 16] {
        let floor = floor(&open(&cluster.address()), workers);
        println!("{workers} workers, floor of 1 get and 2 swaps: {floor:.0} jobs/s");
        for (sources, what) in [(KEYS, "a source for each key"), (20, "20 sources"), (1, "one source")] {
            let store = Counting { store: open(&cluster.address()), calls: Mutex::default() };
            let rate = ticks(&store, workers, sources);
            let share = 100.0 * rate / floor;
            println!("{workers} workers, {what}: {rate:.0} jobs/s, {share:.0} % of the floor; {}", store.of_each());
            sizes(&store.store);
        }
    }
}

/// How large the records of a key are that has run once.
fn sizes(store: &EtcdJobStore) {
    for kind in ["slot", "gate", "health", "told"] {
        let keys = block_on(store.keys(&StoreKey::of(kind, []), None, KEYS)).unwrap();
        let stored = block_on(store.get_many(&keys)).unwrap();
        let bytes: usize = stored.iter().flatten().map(|stored| stored.row.bytes.len()).sum();
        print!("  {kind}: {} of {} bytes", keys.len(), bytes.checked_div(keys.len()).unwrap_or(0));
    }
    let range = chrono::DateTime::<chrono::Utc>::MIN_UTC..chrono::DateTime::<chrono::Utc>::MAX_UTC;
    let history =
        block_on(store.read(&ReadOf::new(StoreKey::of("history", ["org0", "c0"]), range, 10))).unwrap().entries;
    println!("  entry of the history: {} bytes", history.first().map_or(0, |entry| entry.bytes.len()));
}

/// What two workers can do at least: they read a record and change it twice.
fn floor(store: &EtcdJobStore, workers: usize) -> f64 {
    let from = begin();
    std::thread::scope(|scope| {
        for worker in 0..workers {
            scope.spawn(move || {
                for number in 0..KEYS / workers {
                    let key = StoreKey::of("floor", [format!("{worker} {number}").as_str()]);
                    let row = Row::new(vec![b'x'; 500], Shard(0));
                    assert_eq!(block_on(store.get(&key)).unwrap(), None);
                    let Swap::Applied(first) =
                        block_on(store.compare_and_swap(&SwapOf::new(key.clone(), None, Some(row.clone())))).unwrap()
                    else {
                        panic!("nobody else has it")
                    };
                    let swap = tripartite::jobs::SwapOf::new(key, Some(first), Some(row.clone())).former(row.mark());
                    assert!(matches!(block_on(store.compare_and_swap(&swap)).unwrap(), Swap::Applied(_)));
                }
            });
        }
    });
    KEYS as f64 / from.elapsed().as_secs_f64()
}

/// Counts the calls of a store. Each is one round trip.
struct Counting {
    store: EtcdJobStore,
    calls: Mutex<BTreeMap<String, usize>>,
}

impl Counting {
    fn within(&self) -> &EtcdJobStore {
        &self.store
    }

    async fn around<T>(
        &self,
        call: &str,
        _: &StoreKey,
        does: impl Future<Output = Result<T, JobsError>>,
    ) -> Result<T, JobsError> {
        *self.calls.lock().unwrap().entry(call.to_owned()).or_default() += 1;
        does.await
    }

    fn of_each(&self) -> String {
        let calls = self.calls.lock().unwrap();
        let each = |count: usize| count as f64 / KEYS as f64;
        let told: Vec<_> = calls.iter().map(|(call, count)| format!("{call} {:.2}", each(*count))).collect();
        format!("{:.2} calls a job ({})", each(calls.values().sum()), told.join(", "))
    }
}

impl JobStore for Counting {
    type Error = JobsError;

    forward_job_store!(
        get,
        compare_and_swap,
        due,
        append,
        read,
        prune,
        swap_many,
        get_many,
        due_many,
        swap_chain,
        swap_all
    );
}

/// A source of one record, and a store that forgets.
struct Nothing(Schema);

impl Handler for Nothing {
    type Connector = Listing;
    type Store = MemoryStore;
    type Error = Infallible;

    async fn open(&self, job: &Job) -> Result<Session<Listing, MemoryStore>, Infallible> {
        let id = format!("run-{}", job.token.0).parse().unwrap();
        let run = Run::new(Policy::new(self.0.clone()), id, chrono::DateTime::UNIX_EPOCH);
        let records = [("7", serde_json::json!({"name": "Áine"}))];
        Ok(Session::new(run.start(), Listing::of(&self.0, records).unwrap(), MemoryStore::new(self.0.clone())))
    }

    async fn close(&self, _: &Job, _: &MemoryStore, _: &Done) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Jobs that create one record, by workers on threads of their own.
fn ticks(store: &Counting, workers: usize, sources: usize) -> f64 {
    let queue = Queue::new(store);
    let at = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000);
    for number in 0..KEYS {
        let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
        let key = format!("org{number}/c{}", number % sources).parse().unwrap();
        let _ = block_on(queue.apply(&key, None, trigger, at)).unwrap();
    }
    store.calls.lock().unwrap().clear();
    let (done, from) = (AtomicUsize::new(0), begin());
    std::thread::scope(|scope| {
        for number in 0..workers {
            let (queue, done) = (&queue, &done);
            scope.spawn(move || {
                let random = std::array::from_fn(|at| u8::try_from(at * 7 + number + 1).unwrap());
                let handler = Nothing(Schema::builder().field(Field::new("name", Kind::Name)).build().unwrap());
                let settings = Settings::default().gate(Limits::new(100, Duration::ZERO));
                let mut worker = Worker::new("w".parse().unwrap(), Incarnation::new(random).unwrap(), settings);
                while done.load(Ordering::Relaxed) < KEYS {
                    let tick = worker.tick_blocking(queue, &handler, &|| at).unwrap();
                    done.fetch_add(usize::from(tick.attempt.is_some()), Ordering::Relaxed);
                }
            });
        }
    });
    KEYS as f64 / from.elapsed().as_secs_f64()
}
