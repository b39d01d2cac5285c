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
//! installed, the part is left out, and says so. Every night is a process of its own, which counts no allocations, and is timed
//! by the clock on the wall once it has a connection: floor, host, floor, host.

mod nights;
#[expect(dead_code, reason = "the tests need more of it")]
#[expect(clippy::unwrap_used, reason = "without a server there is nothing to measure")]
#[path = "../../../examples/postgres/tests/it/server.rs"]
pub(crate) mod server;

use std::path::Path;
use std::time::Duration;

use tripartite::drive::block_on;
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::Database;

use self::nights::Host;
pub(crate) use self::nights::{Problem, client};
use self::server::{Cluster, Sql, runtime};
use crate::effort::Effort;
use crate::host::place::Place;
use crate::host::process;
use crate::rounds::Times;
use crate::row::{Measured, Row, Target};

/// From so many people on a target is judged.
const JUDGED: u64 = 100_000;

/// As often each night is repeated at most.
const NIGHTS: usize = 5;

/// What a server is started with that says what it was busy with.
pub(crate) const STATISTICS: [&str; 2] = ["-c", "shared_preload_libraries=pg_stat_statements"];

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
    process::build()?;
    let (address, people) = (cluster.address(), effort.people());
    let database = Database::of(Pool::on(runtime(), &address)?);
    let run = |what, listing: &Path| process::postgres(what, &address, listing, &place.schema());
    let prepare = |what| run(what, &place.listing()).map(drop);
    let took =
        |what, listing: &Path| run(what, listing)?.ok_or_else(|| format!("{what} does not say how long it took"));
    let [mut import, mut unchanged, mut some, mut all] = [(); 4].map(|()| Night::default());
    let mut bytes = 0;
    for _ in 0..effort.rounds.min(NIGHTS) {
        client.try_run("DROP SCHEMA IF EXISTS tripartite CASCADE; DROP SCHEMA IF EXISTS floor CASCADE")?;
        block_on(database.migrate())?;
        let (listing, moved, few) = (place.listing(), place.moved(), place.some());
        prepare("create")?;
        import.add(people, took("upsert", &listing)?, took("import", &listing)?);
        let host = Host::new(runtime(), &address, &place.schema())?;
        let night = allocation_counter::measure(|| drop(host.night(&listing, "warm")));
        bytes = night.bytes_max;
        unchanged.add(people, took("read", &listing)?, took("unchanged", &listing)?);
        some.add(people, took("upsert", &few)?, took("some", &few)?);
        prepare("copy")?;
        all.add(people, took("change", &moved)?, took("all", &moved)?);
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
