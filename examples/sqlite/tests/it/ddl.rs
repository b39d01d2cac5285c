//! The files of definitions that the README shows are what a database has.

use std::path::Path;
use std::{env, fs};

use tripartite_sql::{HostTable, Register};
use tripartite_sqlite::jobs::SqliteJobStore;
use tripartite_sqlite::store::{Access, Database};

use crate::bench::{Bench, SCHEMA, settings};

/// The definitions of a database, each as it was made. `UPDATE_DDL=1` writes the file anew.
fn check(bench: &Bench, file: &str) {
    let sql = "SELECT group_concat(trim(sql, char(10)) || ';', char(10) || char(10)) FROM
        (SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid)";
    let found = bench.value(sql).unwrap() + "\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if env::var_os("UPDATE_DDL").is_some() {
        fs::write(&file, &found).unwrap();
    }
    assert!(fs::read_to_string(&file).unwrap() == found, "{} differs: {found}", file.display());
}

#[test]
fn the_tables_of_the_unnamed_register_are_those_of_the_file() {
    let bench = Bench::new();
    drop(bench.store(Access::Write));
    check(&bench, "sql/records.sql");
}

#[test]
fn the_tables_of_jobs_are_those_of_the_file() {
    let bench = Bench::new();
    drop(SqliteJobStore::open(&bench.db()).unwrap());
    check(&bench, "sql/jobs.sql");
}

#[test]
fn what_is_added_to_a_table_of_the_hosts_is_what_the_file_says() {
    let bench = Bench::new();
    bench.edit("CREATE TABLE people(id INTEGER PRIMARY KEY, full_name TEXT, tel TEXT)");
    let database = Database::open_host(&bench.db(), Access::Write).unwrap();
    let table = HostTable::new("people", "id").column("name", "full_name").column("phone", "tel");
    database.attach(&Register::default(), &table, &settings(SCHEMA)).unwrap();
    check(&bench, "sql/attached.sql");
}
