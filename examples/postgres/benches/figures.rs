//! What nights cost, in a table of the store's own and in one of the host's, on a server that waits for the disk.
//! `cargo bench -p tripartite-postgres` prints it, in some minutes. `RECORDS` is how many records a night has, else 100,000.
//!
//! `compare` measures the store's own table and the jobs, each beside its floors.

#![expect(clippy::unwrap_used, reason = "what cannot be measured has failed")]

#[path = "../tests/it/server.rs"]
#[expect(dead_code, reason = "tests need more of it")]
mod server;

use std::time::Instant;

use tripartite::drive::{block_on, drive_blocking};
use tripartite::id::ExternalId;
use tripartite::memory::{Listing, MemoryStore};
use tripartite::run::Run;
use tripartite::schema::{Policy, Schema};
use tripartite::source::{Item, RemoteRecord};
use tripartite::store::RecordStore;
use tripartite_postgres::format;
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::{Database, PostgresStore};
use tripartite_sql::{HostTable, Register, Settings};

use self::server::{Cluster, Sql, runtime};

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

fn main() {
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
