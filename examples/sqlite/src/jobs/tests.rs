//! What only the inside can show: the settings of the connection, the plans of the queries, and how errors come about.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::jobs::{LogEntry, LogPosition, Row, Shard};

use super::*;

/// A file that goes with the test.
struct Place(PathBuf);

impl Place {
    fn new(test: &str) -> Self {
        let place = Self(std::env::temp_dir().join(format!("tripartite-sqlite-jobs-{}-{test}", std::process::id())));
        fs::create_dir_all(&place.0).unwrap();
        place
    }

    fn file(&self) -> PathBuf {
        self.0.join("members.db")
    }

    fn open(&self) -> SqliteJobStore {
        SqliteJobStore::open(&self.file()).unwrap()
    }

    fn sql(&self, sql: &str) {
        Connection::open(self.file()).unwrap().execute_batch(sql).unwrap();
    }

    fn refused(&self) -> JobsError {
        SqliteJobStore::open(&self.file()).unwrap_err()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn key(name: &str) -> StoreKey {
    StoreKey::of("slot", [name])
}

fn row(bytes: impl Into<Vec<u8>>) -> Row {
    Row::new(bytes.into(), Shard(0)).due(at(5))
}

fn create(name: &str, bytes: impl Into<Vec<u8>>) -> SwapOf {
    SwapOf::new(key(name), None, Some(row(bytes)))
}

fn fails(error: &JobsError, failure: Failure, told: &str) {
    assert_eq!((error.failure(), error.to_string()), (failure, told.to_owned()));
}

#[test]
fn a_commit_waits_for_the_disk() {
    let place = Place::new("settings");
    let store = place.open();
    let text = |name| store.conn().pragma_query_value(None, name, |row| row.get::<_, String>(0)).unwrap();
    let number = |name| store.conn().pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((text("journal_mode"), number("synchronous")), ("wal".to_owned(), 2));
}

thread_local! {
    /// Somebody else, in the middle of a transaction.
    static OTHER: Cell<Option<Connection>> = const { Cell::new(None) };
}

#[test]
fn a_journal_that_others_are_at_is_changed_when_they_have_finished() {
    let place = Place::new("journal");
    place.sql("CREATE TABLE members (name TEXT)");
    let [mut conn, other] = [(); 2].map(|()| Connection::open(place.file()).unwrap());
    other.execute_batch("BEGIN IMMEDIATE; INSERT INTO members VALUES ('Aoife')").unwrap();
    OTHER.set(Some(other));
    // While one waits, the other one finishes.
    let waits = |_| OTHER.take().is_some_and(|other| other.execute_batch("COMMIT").is_ok());
    conn.busy_handler(Some(waits)).unwrap();
    tables::write_ahead(&conn).unwrap();
    let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_journal_that_others_do_not_let_go_of_is_tried_again_later() {
    let place = Place::new("reader");
    place.sql("CREATE TABLE members (name TEXT)");
    let [conn, other] = [(); 2].map(|()| Connection::open(place.file()).unwrap());
    other.execute_batch("BEGIN; SELECT count(*) FROM members").unwrap();
    conn.busy_timeout(Duration::ZERO).unwrap();
    assert_eq!(tables::write_ahead(&conn).unwrap_err().failure(), Failure::Retry { after: None });
}

/// How SQLite goes about a query, whatever its parameters.
fn plan(store: &SqliteJobStore, sql: &str) -> String {
    let conn = store.conn();
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let steps = statement.raw_query().mapped(|row| row.get::<_, String>("detail")).collect::<Result<Vec<_>, _>>();
    steps.unwrap().join("\n")
}

#[test]
fn every_list_is_one_range_of_one_index() {
    let store = SqliteJobStore::in_memory().unwrap();
    assert_eq!(
        [record::DUE, record::KEYS, log::READ].map(|sql| plan(&store, sql)),
        [
            "SEARCH tripartite_jobs USING COVERING INDEX tripartite_jobs_due (shard=? AND (due,key)>(?,?) AND due<?)",
            "SEARCH tripartite_jobs USING PRIMARY KEY (key>? AND key<?)",
            "SEARCH tripartite_log USING PRIMARY KEY (log=? AND (at,id)>(?,?) AND at<?)",
        ]
    );
}

#[test]
fn a_busy_file_is_tried_again_and_nothing_has_changed() {
    let place = Place::new("busy");
    let (store, other) = (place.open(), place.open());
    let versions = block_on(store.swap_many(&[create("a", "first")])).unwrap();
    store.conn().busy_timeout(Duration::ZERO).unwrap();
    other.conn().execute_batch("BEGIN IMMEDIATE").unwrap();
    let told = "the database is in use by another program, which did not finish in time; try again later";
    let retry = Failure::Retry { after: None };
    let entry = LogEntry::new(LogPosition::new(at(1), "1".to_owned()), vec![]);
    fails(&block_on(store.swap_many(&[create("b", "second")])).unwrap_err(), retry, told);
    fails(
        &block_on(store.compare_and_swap(&SwapOf::new(key("c"), None, Some(row("third"))))).unwrap_err(),
        retry,
        told,
    );
    fails(&block_on(store.append(&AppendOf::new(key("log"), entry.clone()))).unwrap_err(), retry, told);
    fails(&block_on(store.prune(&PruneOf::new(key("log"), at(2), 1))).unwrap_err(), retry, told);
    // Who only reads waits for nobody.
    let stored = block_on(store.get(&key("a"))).unwrap().unwrap();
    assert_eq!((Swap::Applied(stored.version), stored.row), (versions[0], row("first")));
    other.conn().execute_batch("ROLLBACK").unwrap();
    for name in ["b", "c"] {
        assert_eq!(block_on(store.get(&key(name))).unwrap(), None);
    }
    assert!(block_on(store.append(&AppendOf::new(key("log"), entry.clone()))).unwrap(), "it was not there");
}

#[test]
fn a_full_disk_is_final_and_nothing_has_changed() {
    let place = Place::new("full");
    let store = place.open();
    store.conn().execute_batch("PRAGMA max_page_count = 64").unwrap();
    let batch = [create("a", "small"), create("b", vec![0; 1 << 20])];
    fails(&block_on(store.swap_many(&batch)).unwrap_err(), Failure::Fatal, "the disk is full");
    assert_eq!(block_on(store.get(&key("a"))).unwrap(), None);
    // What fits still goes in.
    assert!(matches!(block_on(store.swap_many(&batch[..1])).unwrap()[..], [Swap::Applied(_)]));
}

#[test]
fn what_is_no_database_is_final() {
    let place = Place::new("foreign");
    fs::write(place.file(), "not a database, but long enough that nobody takes it for a blank one").unwrap();
    fails(&place.refused(), Failure::Fatal, "the file is no SQLite database");
}

#[test]
fn tables_of_another_version_are_left_alone() {
    let place = Place::new("format");
    drop(place.open());
    place.sql("UPDATE tripartite_jobs_meta SET format = 2");
    fails(&place.refused(), Failure::Fatal, "the work tables have format 2, this version reads format 1");
}

#[test]
fn texts_that_are_not_in_the_order_of_their_bytes_are_refused() {
    let place = Place::new("encoding");
    place.sql("PRAGMA encoding = 'UTF-16le'; CREATE TABLE tripartite_mine (name TEXT)");
    fails(&place.refused(), Failure::Fatal, "the database keeps its texts as UTF-16le, and UTF-8 is needed");
}

#[test]
fn what_a_person_wrote_into_a_table_is_no_panic() {
    let store = SqliteJobStore::in_memory().unwrap();
    let _ = block_on(store.swap_many(&[create("a", "a")])).unwrap();
    store.conn().execute_batch("UPDATE tripartite_jobs SET due = 9223372036854775807").unwrap();
    let told = "`due` of `tripartite_jobs` holds 9223372036854775807, which is no point in time";
    fails(&block_on(store.get(&key("a"))).unwrap_err(), Failure::Fatal, told);
    assert_eq!(block_on(store.due(&DueOf::new(Shard(0), at(9), 10))).unwrap().keys, []);
    for sql in ["UPDATE tripartite_jobs SET shard = 65536", "UPDATE tripartite_jobs SET version = 0"] {
        store.conn().execute_batch(sql).unwrap_err();
    }
}
