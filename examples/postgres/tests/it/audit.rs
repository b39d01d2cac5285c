//! The audit is stored packed, and is to everybody one table.

use chrono::{DateTime, Utc};
use tripartite::drive::{block_on, drive_blocking};
use tripartite::memory::Listing;
use tripartite::run::Run;
use tripartite::schema::Policy;
use tripartite_postgres::store::PostgresStore;

use crate::bench::Bench;
use crate::shared::items;

const LISTED: &str = "{\"id\": \"M1\", \"name\": \"Áine\", \"email\": \"aine@example.org\"}\n\
                      {\"id\": \"M2\", \"name\": \"Seán\", \"email\": \"sean@example.org\"}";

/// The entries that the store hands out of a run, or of all.
fn told(store: &PostgresStore) -> Vec<(i64, String)> {
    let mut rows = Vec::new();
    let each = |row: tripartite_sql::AuditRow| {
        rows.push((row.seq, format!("{} {} {:?}", row.run, row.external_id, row.entry)));
        true
    };
    block_on(store.audit(None, each)).unwrap();
    rows
}

/// A night at a day of 2001.
fn night(bench: &Bench, store: &PostgresStore, day: u32, listed: &str) {
    let at: DateTime<Utc> = format!("2001-02-{day:02}T03:00:00Z").parse().unwrap();
    let run = Run::new(Policy::new(bench.schema.clone()), format!("night-{day}").parse().unwrap(), at);
    drive_blocking(run.start(), &Listing::new(items(&bench.schema, listed)), store).unwrap();
}

#[test]
fn whatever_sql_does_to_the_audit_it_is_as_one_table() {
    let bench = Bench::new();
    let store = bench.store();
    night(&bench, &store, 1, LISTED);
    night(&bench, &store, 2, &LISTED.replace("Seán", "Shane").replace("aine@", "anna@"));
    bench.sql.run("CREATE TABLE plain AS SELECT * FROM audit");
    let columns = "register, run, at, external_id, subject, field, verdict, detail, decision, entry";
    for sql in [
        &format!("INSERT INTO {{}}(seq, {columns}) SELECT seq + 1000, {columns} FROM {{}} WHERE field = 'email'"),
        "UPDATE {} SET run = 'another', at = at - interval '1 day' WHERE external_id = 'M2'",
        "UPDATE {} SET detail = NULL, entry = '{\"said\": 1}' WHERE field = 'name'",
        "DELETE FROM {} WHERE subject = 'record' AND external_id = 'M1'",
        "DELETE FROM {}",
    ] {
        for table in ["audit", "plain"] {
            bench.sql.run(&sql.replace("{}", table));
        }
        let all = |table: &str| bench.sql.value(&format!("SELECT json_agg(t ORDER BY seq) FROM {table} t"));
        assert_eq!(all("audit"), all("plain"), "{sql}");
    }
}

/// Old entries go, their kinds with them, and a run whose kinds went while it was writing goes on.
#[test]
fn what_is_pruned_is_gone_and_what_is_written_meanwhile_is_not() {
    let bench = Bench::new();
    let store = bench.store();
    night(&bench, &store, 1, LISTED);
    night(&bench, &store, 3, &LISTED.replace("Seán", "Shane"));
    let before = told(&store);
    let pruned = |day: u32| {
        let before: DateTime<Utc> = format!("2001-02-{day:02}T00:00:00Z").parse().unwrap();
        block_on(store.prune_audit(before)).unwrap()
    };
    assert_eq!(pruned(1), 0);
    assert_eq!(pruned(2), 2);
    assert_eq!(told(&store), before[2..]);
    assert_eq!(bench.sql.value("SELECT count(*) FROM kinds").as_deref(), Some("1"));
    // The store knows the kind of night 3 as stored, and it is stored no longer.
    assert_eq!(pruned(9), 1);
    night(&bench, &store, 3, &LISTED.replace("Seán", "Sean O'Shea"));
    assert_eq!(told(&store).len(), 1);
    assert_eq!(bench.sql.value("SELECT count(*) FROM kinds").as_deref(), Some("1"));
}

#[test]
fn entries_about_whole_records_share_a_text() {
    let bench = Bench::new();
    let store = bench.store();
    let lines: Vec<String> = (0..1200).map(|n| format!("{{\"id\": \"M{n:04}\", \"name\": \"N{n}\"}}")).collect();
    night(&bench, &store, 1, &lines.join("\n"));
    assert_eq!(bench.sql.value("SELECT count(*) || ' ' || count(entry) FROM entries").as_deref(), Some("3 0"));
    assert_eq!(bench.sql.value("SELECT count(*) || ' ' || count(entry) FROM kinds").as_deref(), Some("1 1"));
    let told = told(&store);
    assert_eq!(told.len(), 1200);
    assert!(told.is_sorted_by(|one, next| one.0 < next.0));
    assert!((0..1200).all(|n| told[n].1.starts_with(&format!("night-1 M{n:04} "))));
    let mut now = block_on(store.snapshot()).unwrap();
    let (first, count) = block_on(now.of_action("night-1", "create", 2)).unwrap();
    assert_eq!((first, count), (vec!["M0000".to_owned(), "M0001".to_owned()], 1200));
    let page = block_on(now.changed("night-1", 0)).unwrap();
    assert!(page.records.is_empty(), "who is new is told of elsewhere");
    assert_eq!(page.next, Some(told[999].0 - 1));
    assert_eq!(block_on(now.changed("night-1", told[999].0 - 1)).unwrap().next, None);
    drop(now);
    assert!(block_on(store.was_created(&"M0777".parse().unwrap())).unwrap());
    assert!(block_on(store.overwritten(told[777].0)).unwrap().is_none(), "it is about a record as a whole");
    assert_eq!(block_on(store.prune_audit("2002-01-01T00:00:00Z".parse().unwrap())).unwrap(), 1200);
}

/// Whoever writes at the same time takes numbers in between.
#[test]
fn entries_whose_numbers_do_not_follow_each_other_have_rows_of_their_own() {
    let bench = Bench::new();
    let store = bench.store();
    bench.sql.run("ALTER SEQUENCE entries_seq_seq INCREMENT 2");
    let lines: Vec<String> = (0..20).map(|n| format!("{{\"id\": \"M{n:02}\", \"name\": \"N{n}\"}}")).collect();
    night(&bench, &store, 1, &lines.join("\n"));
    assert_eq!(bench.sql.value("SELECT count(*) || ' ' || count(others) FROM entries").as_deref(), Some("20 0"));
    assert!((0..20).all(|n| told(&store)[n].1.starts_with(&format!("night-1 M{n:02} "))));
}
