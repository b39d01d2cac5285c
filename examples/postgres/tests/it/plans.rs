//! How much a night reads, on a server that never analysed the tables.

use std::thread::sleep;
use std::time::Duration;

use tripartite::drive::{block_on, drive_blocking};
use tripartite::memory::Listing;
use tripartite::run::{Run, RunOutcome};
use tripartite::schema::Policy;
use tripartite_postgres::store::{Database, PostgresStore};

use crate::bench::Bench;
use crate::server::pool;
use crate::shared::items;

const RECORDS: u64 = 3000;

/// A listing in which every fiftieth record has the night in its name.
fn listing(bench: &Bench, night: u64) -> Listing {
    let line = |n: u64| {
        format!("{{\"id\": \"M{n:05}\", \"name\": \"Áine {}\"}}", if n.is_multiple_of(50) { night } else { 0 })
    };
    Listing::new(items(&bench.schema, &(0..RECORDS).map(line).collect::<Vec<_>>().join("\n"))).pages_of(100)
}

#[expect(clippy::disallowed_methods, reason = "a server's statistics come late")]
fn pause() {
    sleep(Duration::from_millis(400));
}

/// The rows that were read so far. A session says what it read when it ends.
fn read_so_far(bench: &Bench) -> u64 {
    let schema = &bench.place.schema;
    let sql = format!(
        "SELECT (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = '{schema}')
            + (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE schemaname = '{schema}')"
    );
    let value = || bench.sql.value(&sql).unwrap().parse::<f64>().unwrap();
    let mut last = value();
    loop {
        pause();
        match value() {
            same if same == last => return last as u64,
            more => last = more,
        }
    }
}

#[test]
fn a_change_is_looked_up_by_its_id_however_small_the_table_was_when_the_plan_was_made() {
    let bench = Bench::new();
    for table in ["links", "conflicts", "unkeyed"] {
        bench.sql.run(&format!("ALTER TABLE {table} SET (autovacuum_enabled = off)"));
    }
    let database = Database::of(pool(2)).in_schema(bench.place.schema.as_str());
    let store = block_on(PostgresStore::new(database, bench.settings())).unwrap();
    bench.sql.run("ALTER TABLE members SET (autovacuum_enabled = off)");
    let night = |night: u64| {
        let id = format!("night-{night}").parse().unwrap();
        let run = Run::new(Policy::new(bench.schema.clone()), id, chrono::DateTime::UNIX_EPOCH);
        let done = drive_blocking(run.start(), &listing(&bench, night), &store).unwrap();
        assert_eq!(done.report.outcome, RunOutcome::Succeeded);
        done.report.counts
    };
    assert_eq!(night(1).created, RECORDS);
    assert_eq!(night(2).updated, RECORDS / 50);
    drop(store);
    // An import and a night read the index once each, and some rows of each record. A join that reads the register for each
    // page reads it 60 times.
    let read = read_so_far(&bench);
    assert!(read < 16 * RECORDS, "{read} rows were read for {RECORDS} records");
}
