//! The records on PostgreSQL, against the least that could be done on the same server.
//!
//! | row | what runs | its floor |
//! |---|---|---|
//! | first import | a run of `PostgresStore` into tables that are empty | reads the listing, parses each line into a struct, and upserts the members alone, in transactions of as many records |
//! | unchanged records | a run on the listing that was imported | reads and parses the listing, and reads members and links by a cursor |
//! | 2 % change | a run on a listing in which every fiftieth has another e-mail address and telephone number | upserts the whole listing, as whoever does not know what changed |
//! | everything changes | a run on a listing in which everybody has | updates the same members, links and bases, and inserts the entries of the audit, prepared, without triggers |
//!
//! The server is one of this program's own, in a directory that goes with it, and waits for the disk. Where PostgreSQL is not
//! installed, the part is left out, and says so. Everything runs in this process, by the clock on the wall: floor, host,
//! floor, host.

mod floor;
mod lines;
#[expect(dead_code, reason = "the tests need more of it")]
#[expect(clippy::unwrap_used, reason = "without a server there is nothing to measure")]
#[path = "../../../examples/postgres/tests/it/server.rs"]
pub(crate) mod server;

use std::path::Path;
use std::time::Duration;

use tripartite::drive::{block_on, drive_blocking};
use tripartite::run::{Run, RunOutcome};
use tripartite::schema::{Policy, Schema};
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::{Database, PostgresStore};
use tripartite_postgres::tokio_postgres::{Client, Config, Error, NoTls};
use tripartite_sql::Settings;

use self::floor::Floor;
use self::lines::Lines;
use self::server::{Cluster, Sql, runtime};
use crate::effort::Effort;
use crate::host::place::Place;
use crate::rounds::{Times, elapsed};
use crate::row::{Measured, Row, Target};

/// From so many people on a target is judged.
const JUDGED: u64 = 100_000;

/// As often each night is repeated at most.
const NIGHTS: usize = 5;

/// What a server is started with that says what it was busy with.
pub(crate) const STATISTICS: [&str; 2] = ["-c", "shared_preload_libraries=pg_stat_statements"];

pub(crate) type Problem = Box<dyn std::error::Error>;

/// The rows of the tables about PostgreSQL; none where there is no server.
pub(crate) fn rows(effort: &Effort) -> Result<Vec<Row>, String> {
    if server::programs().is_none() {
        eprintln!("== LEFT OUT: PostgreSQL is not installed, so nothing of it is measured.");
        return Ok(Vec::new());
    }
    measured(effort).map_err(|problem| format!("PostgreSQL: {problem}"))
}

/// A night: the listing of it, and what the host and its floor took.
#[derive(Default)]
struct Night {
    floor: Times,
    host: Times,
}

impl Night {
    fn add(&mut self, people: u64, floor: Duration, host: Duration) {
        for (times, took) in [(&mut self.floor, floor), (&mut self.host, host)] {
            times.start();
            times.add(people as usize, took);
        }
    }

    fn rows(&self, effort: &Effort, table: &'static str, floor: &str, most: f64) -> [Row; 2] {
        let target = (effort.people() >= JUDGED).then_some(Target::AtMost(most));
        let row = |name: &str, times: &Times| Row {
            table,
            name: name.to_owned(),
            measured: times.measured(),
            against: None,
            target: None,
        };
        let against = Some(self.host.against("the floor", &self.floor));
        [
            row(&format!("floor: {floor}"), &self.floor),
            Row { against, target, ..row("a run of `PostgresStore`", &self.host) },
        ]
    }
}

fn measured(effort: &Effort) -> Result<Vec<Row>, Problem> {
    let place = Place::new(effort.people())?;
    place.write_some(effort.people())?;
    let cluster = Cluster::new(&STATISTICS);
    let client = Sql::at(&cluster.address());
    client.try_run("CREATE EXTENSION pg_stat_statements")?;
    let database = Database::of(Pool::on(runtime(), &cluster.address())?);
    let [mut import, mut unchanged, mut some, mut all] = [(); 4].map(|()| Night::default());
    let mut bytes = 0;
    for _ in 0..effort.rounds.min(NIGHTS) {
        client.try_run("DROP SCHEMA IF EXISTS tripartite CASCADE; DROP SCHEMA IF EXISTS floor CASCADE")?;
        block_on(database.migrate())?;
        let host = Host::new(&database, &place)?;
        let floor = Floor::new(&cluster.address())?;
        let people = effort.people();
        let (listing, moved, few) = (place.listing(), place.moved(), place.some());
        import.add(people, timed(|| floor.upsert(&listing))?, timed(|| host.night(&listing, "import"))?);
        let night = allocation_counter::measure(|| drop(host.night(&listing, "warm")));
        bytes = night.bytes_max;
        unchanged.add(people, timed(|| floor.read(&listing))?, timed(|| host.night(&listing, "unchanged"))?);
        some.add(people, timed(|| floor.upsert(&few))?, timed(|| host.night(&few, "some"))?);
        floor.copy()?;
        all.add(people, timed(|| floor.change(&moved))?, timed(|| host.night(&moved, "all"))?);
    }
    busy(&client, "query LIKE '%tripartite%'");
    let memory = Row {
        table: "PostgreSQL, unchanged records",
        name: "peak memory of the run, a record".to_owned(),
        measured: Measured::Bytes(bytes as f64 / effort.people() as f64),
        against: None,
        target: (effort.people() >= 1_000_000).then_some(Target::AtMost(64.0)),
    };
    let mut rows = Vec::from(import.rows(effort, "PostgreSQL, first import", "bulk upsert of the members alone", 2.0));
    rows.extend(unchanged.rows(effort, "PostgreSQL, unchanged records", "the listing and the index read", 1.5));
    rows.push(memory);
    rows.extend(some.rows(effort, "PostgreSQL, 2 % change", "bulk upsert of the whole listing", 2.0));
    let floor = "the same updates, links, bases and entries, prepared, without triggers";
    rows.extend(all.rows(effort, "PostgreSQL, everything changes", floor, 2.0));
    Ok(rows)
}

/// Says what the server was busy with, of the statements for which a condition holds.
pub(crate) fn busy(client: &Sql, condition: &str) {
    let statements = format!(
        "SELECT string_agg(format('%s ms, %s calls: %s', round(time), calls, query), E'\\n') FROM (
            SELECT sum(total_exec_time) AS time, sum(calls) AS calls, left(regexp_replace(query, '\\s+', ' ', 'g'), 100) AS query
            FROM pg_stat_statements WHERE toplevel AND {condition} GROUP BY 3 ORDER BY 1 DESC LIMIT 8
        ) s"
    );
    if let Some(told) = client.value(&statements) {
        eprintln!("PostgreSQL, what the server was busy with:\n{told}");
    }
}

/// A connection that knows nothing of the crate.
pub(crate) fn client(address: &str) -> Result<Client, Problem> {
    let config: Config = address.parse()?;
    let open = runtime().spawn(async move {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok::<_, Error>(client)
    });
    Ok(block_on(open)??)
}

fn timed(work: impl FnOnce() -> Result<(), Problem>) -> Result<Duration, Problem> {
    let (took, done) = elapsed(work);
    done.map(|()| took)
}

/// The host: its store, and runs of it.
struct Host {
    schema: Schema,
    store: PostgresStore,
}

impl Host {
    fn new(database: &Database, place: &Place) -> Result<Self, Problem> {
        let schema: Schema = serde_json::from_str(&std::fs::read_to_string(place.schema())?)?;
        let settings = Settings { schema: schema.clone(), id_field: "id".to_owned() };
        let store = block_on(PostgresStore::new(database.clone(), settings))?;
        Ok(Self { schema, store })
    }

    fn night(&self, listing: &Path, name: &str) -> Result<(), Problem> {
        let source = Lines::new(self.schema.clone(), listing.to_owned());
        let run = Run::new(Policy::new(self.schema.clone()), name.parse()?, chrono::DateTime::UNIX_EPOCH);
        let done = drive_blocking(run.start(), &source, &self.store)?;
        match done.report.outcome {
            RunOutcome::Succeeded => Ok(()),
            other => Err(format!("the night {name} ended {other:?}").into()),
        }
    }
}
