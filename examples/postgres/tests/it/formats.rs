//! The version of the tables: who may use them, and what a program is told that may not.

use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::id::ExternalId;
use tripartite_postgres::format::{self, FORMAT};
use tripartite_postgres::jobs::PostgresJobStore;

use crate::bench::Bench;
use crate::server::pool;

#[test]
fn a_schema_without_tables_says_who_makes_them() {
    let error = block_on(PostgresJobStore::open_in(pool(1), "nowhere")).unwrap_err();
    assert!(error.to_string().contains("calls `migrate` once"), "{error}");
    assert_eq!(error.failure(), Failure::Fatal);
    let error = block_on(format::migrate(&pool(1), &"x".repeat(64))).unwrap_err();
    assert!(error.to_string().contains("is no name of a schema"), "{error}");
}

#[test]
fn a_later_format_is_used_if_it_allows_it_and_else_refused_by_a_program_that_runs_too() {
    let bench = Bench::new();
    let (store, id) = (bench.store(), ExternalId::new("M1").unwrap());
    bench.sql.run(&format!("UPDATE meta SET format = {}", FORMAT + 1));
    assert!(block_on(store.record(&id)).is_ok());
    assert!(block_on(format::migrate(&bench.place.pool, &bench.place.schema)).is_ok());
    bench.sql.run(&format!("UPDATE meta SET oldest = {}", FORMAT + 1));
    let told = format!("have format {}, this version uses format {FORMAT}; use a later version", FORMAT + 1);
    for error in [
        block_on(store.record(&id)).unwrap_err().to_string(),
        block_on(format::migrate(&bench.place.pool, &bench.place.schema)).unwrap_err().to_string(),
        block_on(PostgresJobStore::open_in(bench.place.pool.clone(), &bench.place.schema)).unwrap_err().to_string(),
    ] {
        assert!(error.contains(&told), "{error}");
    }
}

#[test]
fn several_migrate_at_once() {
    let schema = format!("m{}", std::process::id());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| block_on(format::migrate(&pool(1), &schema)).unwrap());
        }
    });
}
