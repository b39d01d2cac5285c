//! The audit is stored packed, and is to everybody the table that it was.

use rusqlite::Connection;
use tripartite_sql::Register;
use tripartite_sqlite::store::{Access, Database, SqliteStore};

use crate::bench::{Bench, Ran, counts, members};

/// What the version before wrote: a first night, edits, and a night with a conflict, an update and somebody who left.
const BEFORE: &[u8] = include_bytes!("../../../sqlite/tests/data/whole-entries.sqlite");

fn ask(bench: &Bench, what: &[&str]) -> Ran {
    let ran = bench.program(&[what, &["--db", &bench.path("members.db")]].concat());
    assert_eq!(ran.status, 0, "{what:?}: {}", ran.stderr);
    ran
}

/// The runs that the audit knows, and what it tells of each.
fn told(bench: &Bench) -> Vec<String> {
    let conn = bench.sql();
    let mut statement = conn.prepare("SELECT DISTINCT run FROM tripartite_audit ORDER BY 1").unwrap();
    let runs: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let of_run = |run: &String| ask(bench, &["audit", "--run", run]).stdout;
    let whole = [&["audit"][..], &["audit", "--format", "csv"]].map(|what| ask(bench, what).stdout);
    runs.iter().map(of_run).chain(whole).collect()
}

/// No kind without an entry, none twice, and each knows between which numbers its entries are.
fn is_packed(conn: &Connection) -> bool {
    let wrong = "SELECT count(*) FROM tripartite_kinds k
        LEFT JOIN (SELECT kind, min(seq) AS low, max(seq) AS high FROM tripartite_entries GROUP BY kind) e ON e.kind = k.id
        WHERE e.kind IS NULL OR low NOT BETWEEN first AND last OR high NOT BETWEEN first AND last";
    let orphans = "SELECT count(*) FROM tripartite_entries WHERE kind NOT IN (SELECT id FROM tripartite_kinds)";
    let twice = "SELECT count(*) - (SELECT count(*) FROM (
        SELECT DISTINCT run, at, subject, field, verdict, detail, decision FROM tripartite_kinds)) FROM tripartite_kinds";
    [wrong, orphans, twice].iter().all(|sql| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() == 0)
}

#[test]
fn an_audit_of_the_version_before_is_read_as_it_is_and_packed_with_the_first_write() {
    let bench = Bench::of(BEFORE);
    let told_in_full = || {
        ask(&bench, &["report", "--html", &bench.path("page.html"), "--run", "2026-11-29T13:06:49Z-2"]);
        let page = std::fs::read_to_string(bench.path("page.html")).unwrap();
        (told(&bench), page, bench.dump("tripartite_audit"))
    };
    let before = told_in_full();
    let listing = bench.listing(members(1..=6).replace("p2", "q2").replace("p3", "q3").replace("\"p5\"", "5e400"));
    let bytes = bench.bytes();
    assert_eq!(bench.run(&listing, &["--dry-run"]).status, 0);
    assert_eq!(bench.bytes(), bytes, "a dry run changes nothing");
    let database = Database::open(&bench.db(), Access::Write).unwrap();
    let settings = database.settings(&Register::default()).unwrap().unwrap();
    SqliteStore::new(database, settings).unwrap().settle().unwrap();
    assert_eq!(bench.value("SELECT value FROM tripartite_meta WHERE key = 'format'").as_deref(), Some("3"));
    assert!(is_packed(&bench.sql()));
    assert_eq!(told_in_full(), before, "all is told as it was");
    let first = "SELECT count(*) FROM tripartite_entries WHERE entry IS NULL AND seq <= 6";
    assert_eq!(bench.value(first).as_deref(), Some("6"), "what entries have alike is stored once");
    let ran = bench.run(&listing, &[]);
    assert_eq!(counts(&ran.json(), ["reactivated", "unchanged"]), [1, 5], "{}", ran.stderr);
    assert!(is_packed(&bench.sql()));
    ask(&bench, &["restore", "--audit", "7"]);
    assert_eq!(bench.value("SELECT phone FROM members WHERE external_id = 'M2'").as_deref(), Some("hers"));
    ask(&bench, &["prune-audit", "--before", "2026-11-30"]);
    assert_eq!(bench.value("SELECT count(*) FROM tripartite_kinds WHERE at < '2026-11-30'").as_deref(), Some("0"));
}

#[test]
fn whatever_sql_does_to_the_audit_it_is_as_one_table() {
    let bench = Bench::synced(&members(1..=4));
    bench.edit("UPDATE members SET phone = 'mine' WHERE external_id = 'M3'");
    bench.sync(&members(1..=3).replace("p2", "q2").replace("p3", "q3"));
    bench.edit(
        "CREATE TABLE plain(seq INTEGER PRIMARY KEY, run, at, external_id, subject, field, verdict, detail, decision, entry);
         INSERT INTO plain SELECT * FROM tripartite_audit",
    );
    for sql in [
        "DELETE FROM {} WHERE external_id = 'M2'",
        "INSERT INTO {}(run, at, external_id, subject, verdict, decision, entry)
         VALUES ('r', 't', 'M9', 'record', 'x', 'y', '[1]'), ('r', 't', 'M8', 'record', 'x', 'y', '[]')",
        "UPDATE {} SET run = '2099' || substr(run, 5) WHERE subject = 'field'",
        "INSERT INTO {} SELECT 1000, run, at, external_id, subject, field, verdict, detail, decision, entry FROM {}
         WHERE subject = 'field' LIMIT 1",
        "UPDATE {} SET seq = 500 WHERE seq = 1000",
        "DELETE FROM {} WHERE run = 'r' AND external_id = 'M9'",
        "DELETE FROM {} WHERE seq < 4",
        "UPDATE {} SET entry = replace(entry, 'source', 'SOURCE'), detail = NULL",
        "DELETE FROM {}",
    ] {
        bench.edit(&sql.replace("{}", "tripartite_audit"));
        bench.edit(&sql.replace("{}", "plain"));
        assert_eq!(bench.dump("tripartite_audit"), bench.dump("plain"), "{sql}");
        assert!(is_packed(&bench.sql()), "{sql}");
    }
    assert_eq!(bench.value("SELECT count(*) FROM tripartite_kinds").as_deref(), Some("0"));
}

#[test]
fn an_op_that_is_refused_leaves_the_entries_of_the_others_to_be_found() {
    let bench = Bench::synced(&members(1..=1));
    bench.edit(
        "CREATE TRIGGER refuses BEFORE INSERT ON members WHEN NEW.external_id IN ('M2', 'M4')
         BEGIN SELECT raise(ABORT, 'not these'); END;
         CREATE TRIGGER keeps BEFORE UPDATE ON members WHEN NEW.phone = 'x1' BEGIN SELECT raise(ABORT, 'nor this'); END",
    );
    let ran = bench.run(&bench.listing(members(1..=5).replace("p1", "x1")), &[]);
    assert_eq!(counts(&ran.json(), ["created", "updated", "failed"]), [2, 0, 3], "{}", ran.stderr);
    let run = ran.json()["run"].as_str().unwrap().to_owned();
    let told = ask(&bench, &["audit", "--run", &run]).stdout;
    let is_told = |id: &str| told.contains(&format!("\"{id}\""));
    assert_eq!(["M1", "M2", "M3", "M4", "M5"].map(is_told), [false, false, true, false, true], "{told}");
    assert!(is_packed(&bench.sql()));
}
