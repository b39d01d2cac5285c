//! What nights and jobs cost, on a server that waits for the disk. `cargo bench -p tripartite-postgres` prints it, in some
//! minutes. `RECORDS` is how many records a night has, else 100,000.

#![expect(clippy::unwrap_used, reason = "what cannot be measured has failed")]

#[path = "../tests/it/server.rs"]
#[expect(dead_code, reason = "tests need more of it")]
mod server;

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tripartite::drive::{block_on, drive_blocking};
use tripartite::id::{ExternalId, Incarnation};
use tripartite::jobs::{JobStore, Row, Shard, StoreKey, Swap};
use tripartite::memory::{Listing, MemoryStore};
use tripartite::queue::{Command, Scope, Trigger};
use tripartite::run::{Done, Run};
use tripartite::schema::{Policy, Schema};
use tripartite::source::{Item, RemoteRecord};
use tripartite::store::RecordStore;
use tripartite::work::{Handler, Job, Queue, Session, Settings as WorkSettings, Worker};
use tripartite_postgres::format;
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::{Database, HostTable, PostgresStore, Register, Settings};

use self::server::{Cluster, Sql, runtime};

fn main() {
    nights();
    jobs();
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
    for workers in [1, 2, 4] {
        let cluster = Cluster::new(&[]);
        let pool = Pool::on(runtime(), &cluster.address()).unwrap();
        block_on(format::migrate(&pool, "tripartite")).unwrap();
        let store = block_on(PostgresJobStore::open(pool)).unwrap();
        let from = now();
        std::thread::scope(|scope| {
            for worker in 0..workers {
                let store = &store;
                scope.spawn(move || {
                    for number in 0..KEYS / workers {
                        let key = StoreKey::of("floor", [format!("{worker} {number}").as_str()]);
                        let row = Row::new(vec![b'x'; 500], Shard(0));
                        assert_eq!(block_on(store.get(&key)).unwrap(), None);
                        let Swap::Applied(first) = block_on(store.compare_and_swap(&key, None, Some(&row))).unwrap()
                        else {
                            panic!("nobody else has it")
                        };
                        assert!(matches!(
                            block_on(store.compare_and_swap(&key, Some(first), Some(&row))).unwrap(),
                            Swap::Applied(_)
                        ));
                    }
                });
            }
        });
        println!(
            "{workers} workers, floor of 1 get and 2 swaps: {:.0} jobs/s",
            KEYS as f64 / from.elapsed().as_secs_f64()
        );
        ticks(&store, workers, KEYS);
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
fn ticks(store: &PostgresJobStore, workers: usize, keys: usize) {
    let queue = Queue::new(store.clone());
    let at = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000);
    for number in 0..keys {
        let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
        let _ = block_on(queue.apply(&format!("org{number}/c{number}").parse().unwrap(), None, trigger, at)).unwrap();
    }
    let (done, from) = (AtomicUsize::new(0), now());
    std::thread::scope(|scope| {
        for number in 0..workers {
            let (queue, done) = (&queue, &done);
            scope.spawn(move || {
                let random = std::array::from_fn(|at| u8::try_from(at * 7 + number + 1).unwrap());
                let incarnation = Incarnation::new(random).unwrap();
                let handler = Nothing(serde_json::from_str(SCHEMA).unwrap());
                let mut worker = Worker::new("w".parse().unwrap(), incarnation, WorkSettings::default());
                while done.load(Ordering::Relaxed) < keys {
                    let tick = worker.tick_blocking(queue, &handler, &|| at).unwrap();
                    done.fetch_add(usize::from(tick.attempt.is_some()), Ordering::Relaxed);
                }
            });
        }
    });
    println!(
        "{workers} workers, ticks that create one record: {:.0} jobs/s",
        keys as f64 / from.elapsed().as_secs_f64()
    );
}
