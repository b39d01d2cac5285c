//! What nights and jobs cost, on a server that waits for the disk. `cargo bench -p tripartite-postgres` prints it, in some
//! minutes. `RECORDS` is how many records a night has, else 100,000.

#![expect(clippy::unwrap_used, reason = "what cannot be measured has failed")]

#[path = "../tests/it/server.rs"]
#[expect(dead_code, reason = "tests need more of it")]
mod server;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tripartite::drive::{block_on, drive_blocking};
use tripartite::gate::Limits;
use tripartite::id::{ExternalId, Incarnation};
use tripartite::jobs::{AppendOf, JobStore, Row, Shard, StoreKey, Swap, SwapOf, Taken, Version, forward_job_store};
use tripartite::memory::{Listing, MemoryStore};
use tripartite::queue::{Command, Scope, Trigger};
use tripartite::run::{Done, Run};
use tripartite::schema::{Policy, Schema};
use tripartite::source::{Item, RemoteRecord};
use tripartite::store::RecordStore;
use tripartite::work::{Handler, Job, Queue, Session, Settings as WorkSettings, Worker};
use tripartite_postgres::format;
use tripartite_postgres::jobs::{JobsError, PostgresJobStore};
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::{Database, PostgresStore};
use tripartite_sql::{HostTable, Register, Settings};

use self::server::{Cluster, Sql, runtime};

fn main() {
    // `cargo bench -p tripartite-postgres -- jobs` prints those figures alone.
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let is_asked = |what: &str| asked.is_empty() || asked.iter().any(|arg| arg == what);
    if is_asked("nights") {
        nights();
    }
    if is_asked("jobs") {
        jobs();
    }
}

const SCHEMA: &str = r#"{"fields": {"name": {"kind": "name"}, "email": {"kind": "email"}, "town": {"kind": "text"},
    "born": {"kind": "date"}, "member": {"kind": "boolean"}}}"#;

#[expect(clippy::disallowed_methods, reason = "what is printed is what time it takes")]
fn now() -> Instant {
    Instant::now()
}

fn listing(schema: &Schema, records: u32, night: u32) -> Listing {
    let item = |number: u32| {
        let changed = if number.is_multiple_of(50) { night } else { 0 };
        let fields = serde_json::json!({"name": format!("Áine Ní Bhriain {number}"), "email": format!("aine{number}@example.org"),
            "town": format!("Ballybeg {changed}"), "born": "1990-01-02", "member": true});
        Item::Record(RemoteRecord::new(
            ExternalId::new(format!("M{number:07}")).unwrap(),
            schema.record(&fields).unwrap(),
        ))
    };
    Listing::new((0..records).map(item).collect()).pages_of(1000)
}

fn night<S: RecordStore>(schema: &Schema, store: &S, what: &str, records: u32, night: u32) {
    let listing = listing(schema, records, night);
    let run =
        Run::new(Policy::new(schema.clone()), format!("{what} {night}").parse().unwrap(), chrono::DateTime::UNIX_EPOCH);
    let from = now();
    let done = drive_blocking(run.start(), &listing, store).unwrap_or_else(|error| panic!("{error}"));
    println!("{what}: {:.2} s, {:?}", from.elapsed().as_secs_f64(), done.report.outcome);
}

fn nights() {
    let records = std::env::var("RECORDS").ok().and_then(|number| number.parse().ok()).unwrap_or(100_000);
    let cluster = Cluster::new(&[]);
    let (pool, sql) = (Pool::on(runtime(), &cluster.address()).unwrap(), Sql::at(&cluster.address()));
    let schema: Schema = serde_json::from_str(SCHEMA).unwrap();
    block_on(format::migrate(&pool, "tripartite")).unwrap();
    let settings = || Settings { schema: schema.clone(), id_field: "id".to_owned() };
    let database = Database::of(pool);
    let own = block_on(PostgresStore::new(database.clone(), settings())).unwrap();
    sql.run("CREATE TABLE people(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, email text, town text, born date, member boolean)");
    let register: Register = "ballybeg/federation".parse().unwrap();
    let host = HostTable::new("people", "id").in_schema("public");
    let host = schema.fields().iter().fold(host, |host, field| host.column(field.name(), field.name()));
    block_on(database.attach(&register, &host, &settings())).unwrap();
    let host = block_on(PostgresStore::of(register, database, settings())).unwrap();
    let memory = MemoryStore::new(schema.clone());
    for (number, what) in [(1, "import"), (1, "unchanged"), (2, "2 % changed")] {
        night(&schema, &memory, &format!("in memory, {what}"), records, number);
        night(&schema, &own, &format!("own table, {what}"), records, number);
        night(&schema, &host, &format!("host's table, {what}"), records, number);
    }
    sql.run(
        "CREATE TABLE plain(external_id text PRIMARY KEY, name text, email text, town text, born date, member boolean)",
    );
    for what in ["import", "unchanged"] {
        let from = now();
        for first in (0..records).step_by(1000) {
            sql.run(&format!(
                "INSERT INTO plain SELECT 'M' || n, 'Áine Ní Bhriain ' || n, 'aine' || n || '@example.org', 'Ballybeg 1', '1990-01-02', true
                 FROM generate_series({first}, {}) n ON CONFLICT (external_id) DO UPDATE SET name = EXCLUDED.name,
                 email = EXCLUDED.email, town = EXCLUDED.town, born = EXCLUDED.born, member = EXCLUDED.member",
                first + 999
            ));
        }
        println!("bulk upsert by a thousand, {what}: {:.2} s", from.elapsed().as_secs_f64());
    }
}

fn jobs() {
    const KEYS: usize = 1000;
    let cluster = Cluster::new(&[]);
    let place = |schema: String, connections: usize| {
        let pool = Pool::on(runtime(), &cluster.address()).unwrap().at_most(connections);
        block_on(format::migrate(&pool, &schema)).unwrap();
        block_on(PostgresJobStore::open_in(pool, &schema)).unwrap()
    };
    for workers in [1, 2, 4, 8] {
        let floor = floor(&place(format!("floor{workers}"), workers), workers, KEYS);
        println!("{workers} workers, floor of 1 get and 2 swaps: {floor:.0} jobs/s");
        let one_by_one = skip_locked(&cluster.address(), workers, KEYS);
        println!("{workers} workers, SKIP LOCKED one by one: {one_by_one:.0} jobs/s");
        let taken = takes(&place(format!("takes{workers}"), workers), workers, KEYS);
        println!("{workers} workers, one of eight taken and one swap: {taken:.0} jobs/s");
        for (sources, what) in [(KEYS, "a source for each key"), (1, "one source")] {
            let store = Counting::new(place(format!("ticks{workers}_{sources}"), workers));
            let rate = ticks(&store, workers, KEYS, sources);
            let share = 100.0 * rate / floor;
            println!("{workers} workers, {what}: {rate:.0} jobs/s, {share:.0} % of the floor; {}", store.of_each(KEYS));
        }
    }
}

fn floor(store: &PostgresJobStore, workers: usize, keys: usize) -> f64 {
    let from = now();
    std::thread::scope(|scope| {
        for worker in 0..workers {
            scope.spawn(move || {
                for number in 0..keys / workers {
                    let key = StoreKey::of("floor", [format!("{worker} {number}").as_str()]);
                    let row = Row::new(vec![b'x'; 500], Shard(0));
                    assert_eq!(block_on(store.get(&key)).unwrap(), None);
                    let Swap::Applied(first) =
                        block_on(store.compare_and_swap(&SwapOf::new(key.clone(), None, Some(row.clone())))).unwrap()
                    else {
                        panic!("nobody else has it")
                    };
                    let second =
                        block_on(store.compare_and_swap(&SwapOf::new(key.clone(), Some(first), Some(row.clone()))))
                            .unwrap();
                    assert!(matches!(second, Swap::Applied(_)));
                }
            });
        }
    });
    keys as f64 / from.elapsed().as_secs_f64()
}

/// A table of nothing but jobs: each is locked by one statement that passes over the others' locks, and deleted by another.
fn skip_locked(address: &str, workers: usize, keys: usize) -> f64 {
    let (sql, table) = (Sql::at(address), format!("skip_locked_{workers}"));
    sql.run(&format!(
        "CREATE TABLE {table}(id bigint PRIMARY KEY, due timestamptz NOT NULL, held boolean NOT NULL, body bytea NOT NULL);
         CREATE INDEX ON {table}(due, id) WHERE NOT held;
         INSERT INTO {table} SELECT n, now(), false, decode(repeat('78', 500), 'hex') FROM generate_series(1, {keys}) n"
    ));
    let take = format!(
        "UPDATE {table} SET held = true WHERE id = (
            SELECT id FROM {table} WHERE NOT held ORDER BY due, id LIMIT 1 FOR UPDATE SKIP LOCKED
         ) RETURNING id, body"
    );
    let delete = format!("DELETE FROM {table} WHERE id = $1");
    let clients: Vec<_> = (0..workers).map(|_| client(address)).collect();
    let from = now();
    std::thread::scope(|scope| {
        for client in &clients {
            let (take, delete) = (&*take, &*delete);
            scope.spawn(move || {
                let (take, delete) =
                    (block_on(client.prepare(take)).unwrap(), block_on(client.prepare(delete)).unwrap());
                while let Some(row) = block_on(client.query_opt(&take, &[])).unwrap() {
                    let id: i64 = row.get(0);
                    assert_eq!(block_on(client.execute(&delete, &[&id])).unwrap(), 1);
                }
            });
        }
    });
    keys as f64 / from.elapsed().as_secs_f64()
}

fn client(address: &str) -> tokio_postgres::Client {
    let config: tokio_postgres::Config = address.parse().unwrap();
    let open = runtime().spawn(async move {
        let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        Ok::<_, tokio_postgres::Error>(client)
    });
    block_on(open).unwrap().unwrap()
}

/// Workers that go through the same jobs in the same order: each takes one of the next eight, and deletes it.
fn takes(store: &PostgresJobStore, workers: usize, keys: usize) -> f64 {
    let row = || Row::new(vec![b'x'; 500], Shard(0)).due(chrono::DateTime::UNIX_EPOCH);
    let all: Vec<_> = (0..keys).map(|number| StoreKey::of("take", [number.to_string().as_str()])).collect();
    let create: Vec<_> = all.iter().map(|key| SwapOf::new(key.clone(), None, Some(row()))).collect();
    let versions: Vec<Version> =
        create.chunks(500).flat_map(|some| block_on(store.swap_many(some)).unwrap()).map(applied).collect();
    let claims: Vec<_> =
        all.iter().zip(versions).map(|(key, version)| SwapOf::new(key.clone(), Some(version), Some(row()))).collect();
    let (done, from) = (AtomicUsize::new(0), now());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (claims, done) = (&claims, &done);
            scope.spawn(move || {
                let mut first = 0;
                while first < keys {
                    let offered = &claims[first..keys.min(first + 8)];
                    let Some(taken) = block_on(store.take(offered)).unwrap() else {
                        first += offered.len();
                        continue;
                    };
                    let end = SwapOf::new(offered[taken.at].key.clone(), Some(taken.version), None);
                    let _ = applied(block_on(store.compare_and_swap(&end)).unwrap());
                    done.fetch_add(1, Ordering::Relaxed);
                    first += taken.at + 1;
                }
            });
        }
    });
    assert_eq!(done.into_inner(), keys);
    keys as f64 / from.elapsed().as_secs_f64()
}

fn applied(swap: Swap) -> Version {
    match swap {
        Swap::Applied(version) => version,
        Swap::Conflict => panic!("nobody else has it"),
    }
}

/// Counts the calls of a store, and the conflicts among them.
struct Counting {
    store: PostgresJobStore,
    calls: Mutex<BTreeMap<String, usize>>,
}

impl Counting {
    fn new(store: PostgresJobStore) -> Self {
        Self { store, calls: Mutex::default() }
    }

    fn within(&self) -> &PostgresJobStore {
        &self.store
    }

    async fn around<T>(
        &self,
        call: &str,
        _: &StoreKey,
        does: impl Future<Output = Result<T, JobsError>>,
    ) -> Result<T, JobsError> {
        self.count(call.to_owned());
        does.await
    }

    fn count(&self, what: String) {
        *self.calls.lock().unwrap().entry(what).or_default() += 1;
    }

    fn conflict(&self, key: &StoreKey) {
        self.count(format!("conflict of a {}", key.parts()[0]));
    }

    /// How many of each there were for a job.
    fn of_each(&self, jobs: usize) -> String {
        let calls = self.calls.lock().unwrap();
        let each = |count: &usize| *count as f64 / jobs as f64;
        let round_trips: usize = calls.iter().filter(|(call, _)| !call.contains(' ')).map(|(_, count)| count).sum();
        let told: Vec<_> = calls.iter().map(|(call, count)| format!("{call} {:.2}", each(count))).collect();
        format!("{:.2} calls a job ({})", each(&round_trips), told.join(", "))
    }
}

impl JobStore for Counting {
    type Error = JobsError;

    forward_job_store!(get, due, append, read, prune, swap_many, get_many, due_many);

    async fn compare_and_swap(&self, swap: &SwapOf) -> Result<Swap, JobsError> {
        self.count("swap".to_owned());
        let done = self.store.compare_and_swap(swap).await?;
        if done == Swap::Conflict {
            self.conflict(&swap.key);
        }
        Ok(done)
    }

    async fn take(&self, swaps: &[SwapOf]) -> Result<Option<Taken>, JobsError> {
        self.count("take".to_owned());
        let taken = self.store.take(swaps).await?;
        if taken.is_none() {
            self.count("conflict of a take".to_owned());
        }
        Ok(taken)
    }

    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, JobsError> {
        self.count("swap_chain".to_owned());
        let answers = self.store.swap_chain(swaps, entries).await?;
        // A chain that conflicts is taken back as a whole: whatever was to be changed first is the likely cause.
        if let Some(first) = swaps.first().filter(|_| answers.contains(&Swap::Conflict)) {
            self.count(format!("conflict of a chain from a {}", first.key.parts()[0]));
        }
        Ok(answers)
    }
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
fn ticks(store: &Counting, workers: usize, keys: usize, sources: usize) -> f64 {
    let queue = Queue::new(store);
    let at = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000);
    for number in 0..keys {
        let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
        let key = format!("org{number}/c{}", number % sources).parse().unwrap();
        let _ = block_on(queue.apply(&key, None, trigger, at)).unwrap();
    }
    store.calls.lock().unwrap().clear();
    let (done, from) = (AtomicUsize::new(0), now());
    std::thread::scope(|scope| {
        for number in 0..workers {
            let (queue, done) = (&queue, &done);
            scope.spawn(move || {
                let random = std::array::from_fn(|at| u8::try_from(at * 7 + number + 1).unwrap());
                let incarnation = Incarnation::new(random).unwrap();
                let handler = Nothing(serde_json::from_str(SCHEMA).unwrap());
                let settings = WorkSettings::default().gate(Limits::new(100, Duration::ZERO));
                let mut worker = Worker::new("w".parse().unwrap(), incarnation, settings);
                while done.load(Ordering::Relaxed) < keys {
                    let tick = worker.tick_blocking(queue, &handler, &|| at).unwrap();
                    done.fetch_add(usize::from(tick.attempt.is_some()), Ordering::Relaxed);
                }
            });
        }
    });
    keys as f64 / from.elapsed().as_secs_f64()
}
