//! Many organisations and sources in one database: none of them moves another.

use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::Connection;
use tripartite::id::{ConnectorId, OrgId, SyncKey};
use tripartite_sql::Register;
use tripartite_sqlite::store::{Access, Database, SqliteStore, table_name};

use crate::bench::{Bench, counts, members};

/// Two organisations whose names differ in case only, two sources, and an id with all that needs care.
const KEYS: [&str; 4] = ["ballybeg/federation", "Ballybeg/federation", "ballybeg/gym", "o'\"x {members}=3D=2F/gym"];

/// A schema of its own for each.
const FIELDS: [&str; 4] = [
    r#""name": {"kind": "name"}, "phone": {"kind": "text"}"#,
    r#""phone": {"kind": "text", "strategy": "enforced"}"#,
    r#""telephone": {"kind": "text", "aliases": ["phone"]}, "{links}": {"kind": "text", "aliases": ["name"]}"#,
    r#""name": {"kind": "name"}, "phone": {"kind": "text"}, "Email": {"kind": "email"}"#,
];

const TABLES: [&str; 8] = [
    "members",
    "tripartite_links",
    "tripartite_conflicts",
    "tripartite_audit",
    "tripartite_entries",
    "tripartite_kinds",
    "tripartite_runs",
    "tripartite_meta",
];

fn register(key: &str) -> Register {
    key.parse().unwrap()
}

/// A database with all four, each with members M1 to M3.
fn four() -> (Bench, String) {
    let bench = Bench::new();
    let file = bench.listing(members(1..=3));
    for (key, fields) in KEYS.iter().zip(FIELDS) {
        let schema = bench.write("s.json", format!("{{\"fields\": {{{fields}}}}}"));
        let ran = bench.run(&file, &["--key", key, "--schema", &schema]);
        assert_eq!((ran.status, &ran.json()["created"]), (0, &3.into()), "{key}: {}", ran.stderr);
    }
    (bench, file)
}

fn quoted(register: &Register, table: &str) -> String {
    format!("\"{}\"", table_name(register, table))
}

/// All that a register holds.
fn all(bench: &Bench, key: &str) -> Vec<Vec<String>> {
    TABLES.iter().map(|table| bench.dump(&quoted(&register(key), table))).collect()
}

fn others(bench: &Bench, key: &str) -> Vec<Vec<Vec<String>>> {
    KEYS.iter().filter(|other| **other != key).map(|other| all(bench, other)).collect()
}

#[test]
fn an_edit_or_a_run_in_one_register_moves_no_other() {
    let (bench, _) = four();
    let moved = bench.write("moved.jsonl", members(1..=4).replace("p2", "q2"));
    for key in KEYS {
        let before = others(&bench, key);
        let table = quoted(&register(key), "members");
        bench.edit(&format!(
            "UPDATE {table} SET active = 0 WHERE external_id = 'M1';
            DELETE FROM {table} WHERE external_id = 'M2';
            REPLACE INTO {table}(external_id) VALUES ('M3');"
        ));
        assert_eq!(others(&bench, key), before, "the triggers of {key}");
        let ran = bench.run(&moved, &["--key", key, "--strategy", "merge"]);
        assert_eq!((ran.status, &ran.json()["created"]), (0, &1.into()), "{key}: {}", ran.stderr);
        assert_eq!(others(&bench, key), before, "a run of {key}");
    }
}

#[test]
fn an_edit_counts_in_its_own_register() {
    let (bench, _) = four();
    let moved = bench.write("moved.jsonl", members(1..=3).replace("p1", "q1"));
    bench.edit("UPDATE \"members/ballybeg/federation\" SET phone = 'hers' WHERE external_id = 'M1'");
    let detected =
        KEYS.map(|key| counts(&bench.run(&moved, &["--key", key]).json(), ["updated", "conflicts_detected"]));
    assert_eq!(detected, [[1, 1], [1, 0], [1, 0], [1, 0]]);
}

#[test]
fn a_run_needs_no_table_of_another_register() {
    for key in KEYS {
        let (bench, file) = four();
        for other in KEYS.iter().filter(|other| **other != key) {
            for table in TABLES {
                let kind = if table == "tripartite_audit" { "VIEW" } else { "TABLE" };
                bench.edit(&format!("DROP {kind} {}", quoted(&register(other), table)));
            }
        }
        bench.edit(&format!("UPDATE {} SET active = active", quoted(&register(key), "members")));
        let schema = bench.write("s.json", r#"{"fields": {"nickname": {"kind": "text", "aliases": ["phone"]}}}"#);
        let ran = bench.run(&file, &["--key", key, "--schema", &schema]);
        assert_eq!(counts(&ran.json(), ["processed", "failed"]), [3, 0], "{key}: {}", ran.stderr);
        let audit = bench.program(&["audit", "--db", &bench.path("members.db"), "--key", key]);
        assert_eq!(audit.status, 0, "{key}: {}", audit.stderr);
    }
}

#[test]
fn the_registers_of_a_database_are_listed_and_a_table_named_otherwise_is_none() {
    let (bench, _) = four();
    bench.sync(&members(1..=2));
    bench.edit("CREATE TABLE \"tripartite_meta/two/many/parts\"(a); CREATE TABLE \"tripartite_meta/Big/b\"(a)");
    let database = Database::open(&bench.db(), Access::Read).unwrap();
    let listed: Vec<String> =
        SqliteStore::registers(&database).unwrap().iter().map(|key| Register::of(key).to_string()).collect();
    assert_eq!(listed, [KEYS[1], KEYS[0], KEYS[2], KEYS[3]], "in order, as they are typed");
}

#[test]
fn a_key_that_is_not_there_is_a_precise_error_and_a_new_one_is_said() {
    let (bench, file) = four();
    let db = bench.path("members.db");
    let audit = |args: &[&str]| bench.program(&[&["audit", "--db", &db], args].concat());
    let ran = audit(&["--key", "balybeg/federation"]);
    assert_eq!(ran.status, 1);
    let listed = "members.db: balybeg/federation is not in it; it has Ballybeg/federation, ballybeg/federation, ";
    assert!(ran.stderr.contains(listed), "{}", ran.stderr);
    assert!(
        audit(&[]).stderr.contains("members.db: the unnamed register is not in it; it has"),
        "{}",
        audit(&[]).stderr
    );
    let one = audit(&["--key", "ballybeg/gym"]);
    assert_eq!((one.status, one.stdout.lines().count()), (0, 3), "its own three entries, not all twelve");

    let before = bench.bytes();
    let dry = bench.run(&file, &["--key", "balybeg/federation", "--dry-run"]);
    assert!(dry.stderr.contains("register: balybeg/federation would be new in "), "{}", dry.stderr);
    assert_eq!((dry.json()["created"].as_u64(), bench.bytes() == before), (Some(3), true));
    let ran = bench.run(&file, &["--key", "balybeg/federation"]);
    assert!(ran.stderr.contains("register: balybeg/federation is new in "), "{}", ran.stderr);
    let again = bench.run(&file, &["--key", "balybeg/federation"]);
    assert!(!again.stderr.contains("register:"), "{}", again.stderr);
}

#[test]
fn a_blocked_run_is_approved_for_its_own_register() {
    let bench = Bench::new();
    let (db, file) = (bench.path("members.db"), bench.listing(members(1..=100)));
    let run =
        |more: &[&str]| bench.program(&[&["run", "--db", &db, "--remote", &file, "--key", "a b/c"], more].concat());
    let first = run(&[]);
    assert!(first.stdout.ends_with(&format!("database {db}, register a b/c\n")), "{}", first.stdout);
    bench.listing("");
    let blocked = run(&[]);
    let expected = format!("  nightly-sync run --db {db} --remote {file} --key 'a b/c' --approve ");
    let command = blocked.stdout.lines().find(|line| line.contains("--approve")).unwrap();
    assert!(command.starts_with(&expected), "{command}");
    assert_eq!(run(&["--approve", command.strip_prefix(&expected).unwrap()]).status, 0);
}

/// What the first version wrote: three members, one edited since.
const UNNAMED: &[u8] = include_bytes!("../../../sqlite/tests/data/unnamed.sqlite");

fn objects(conn: &Connection) -> Vec<String> {
    let mut statement =
        conn.prepare("SELECT name || ': ' || sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY 1").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_database_of_the_first_version_goes_on_and_takes_registers_beside_its_own() {
    let bench = Bench::of(UNNAMED);
    let before = objects(&bench.sql());
    let report = bench.sync(&members(1..=3).replace("p2", "q2"));
    assert_eq!(counts(&report, ["created", "updated", "unchanged", "conflicts_detected"]), [0, 1, 2, 1]);
    let file = bench.listing(members(1..=3));
    assert_eq!(bench.run(&file, &["--key", "ballybeg/federation"]).json()["created"], 3);
    assert_eq!(bench.sync(&members(1..=3).replace("p2", "q2"))["unchanged"], 3);
    let after = objects(&bench.sql());
    // The trigger on activity forgot whom a sync had made inactive, the one on edits gave a revision that a deleted record had;
    // the links and the runs have columns that were added; the audit is packed.
    let grown = ["CREATE TABLE tripartite_links", "CREATE TABLE tripartite_runs"];
    let has_grown = |object: &&String| grown.iter().any(|table| object.contains(table));
    let packed = |object: &&String| object.contains("tripartite_audit");
    let mended = |object: &&String| ["members_activity", "members_updated"].iter().any(|name| object.contains(name));
    let changed = |object: &&String| mended(object) || has_grown(object) || packed(object);
    let mut kept = before.iter().filter(|object| !changed(object));
    assert!(kept.all(|object| after.contains(object)), "its other tables and triggers are as they were");

    let new = Bench::new();
    new.sync(&members(1..=3));
    let new = objects(&new.sql());
    let mut rest = new.iter().filter(|object| !has_grown(object));
    assert!(rest.all(|object| after.contains(object)), "and what a new one has, this one has by now");
    let columns = |bench: &Bench| bench.value("SELECT group_concat(name) FROM pragma_table_info('tripartite_links')");
    let newer = Bench::new();
    newer.sync(&members(1..=1));
    assert_eq!(columns(&bench), columns(&newer));
}

/// What the version before wrote: an unnamed register with an open conflict, a user's edits and somebody who left; and four
/// scheduled ones, of which one was blocked, one failed, one is paused and one waits for a worker.
const EARLIER: &[u8] = include_bytes!("../../../sqlite/tests/data/earlier.sqlite");

fn earlier() -> Bench {
    let bench = Bench::of(EARLIER);
    let text = format!("replace(CAST(bytes AS TEXT), 'LISTING', '{}')", bench.path("listing.jsonl"));
    bench.edit(&format!("UPDATE tripartite_jobs SET bytes = CAST({text} AS BLOB)"));
    bench
}

fn said(n: u32, phone: &str) -> String {
    format!("{{\"id\": \"M{n}\", \"name\": \"N{n}\", \"phone\": \"{phone}\", \"clubs\": [\"A\"]}}\n")
}

#[test]
fn members_bases_and_conflicts_of_the_version_before_go_on() {
    let bench = earlier();
    let db = bench.path("members.db");
    let phone = |id: &str| bench.value(&format!("SELECT phone FROM members WHERE external_id = '{id}'")).unwrap();
    let open = || bench.program(&["conflicts", "--db", &db, "--json"]).stdout.lines().count();
    assert_eq!(open(), 2);
    let phones = |n| {
        if n == 2 {
            "theirs".to_owned()
        } else if n == 3 {
            "q3".to_owned()
        } else {
            format!("p{n}")
        }
    };
    let listing: String = (1..=12).map(|n| said(n, &phones(n))).collect();
    let report = bench.sync(&listing);
    assert_eq!(counts(&report, ["created", "updated", "reactivated", "deactivated"]), [0, 0, 1, 0]);
    assert_eq!([phone("M2"), phone("M3"), phone("M4")], ["ours", "q3", "ours"], "edits stay as they were");
    let decided = bench.program(&["decide", "--db", &db, "--id", "M2", "--field", "phone", "--remote"]);
    assert_eq!((decided.status, phone("M2").as_str()), (0, "theirs"), "{}", decided.stderr);
    assert_eq!(bench.sync(&listing)["unchanged"], 12);
    let audit = bench.program(&["audit", "--db", &db]);
    assert!(audit.stdout.contains("2024-11-29T") && audit.status == 0, "{}", audit.stderr);
}

#[test]
fn jobs_schedules_and_history_of_the_version_before_go_on() {
    let bench = earlier();
    let db = bench.path("members.db");
    bench.listing((1..=11).map(|n| said(n, "new")).collect::<String>());
    let before = bench.program(&["status", "--db", &db]);
    assert_eq!(before.status, 0, "{}", before.stderr);
    for words in ["paused", "failures in a row", "1 of 2 triggers are done"] {
        assert!(before.stdout.contains(words), "{words}: {}", before.stdout);
    }
    let history = || {
        let lines = bench.program(&["history", "--db", &db]).stdout;
        lines.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(history().iter().filter(|line| line.contains("2024-11-29T")).count(), 6);
    let work = bench.program(&["work", "--db", &db, "--until-idle", "--spacing", "0"]);
    assert_eq!(work.status, 0, "{}{}", work.stdout, work.stderr);
    let updated =
        |org: &str| bench.value(&format!("SELECT count(*) FROM \"members/{org}/federation\" WHERE phone = 'new'"));
    for (org, count) in [("athlone", "11"), ("ballybeg", "11"), ("cashel", "11"), ("kilmore", "0")] {
        assert_eq!(updated(org).as_deref(), Some(count), "{org}: {}", work.stdout);
    }
    assert_eq!(bench.program(&["resume", "--db", &db, "--key", "kilmore/federation"]).status, 0);
    assert_eq!(bench.program(&["work", "--db", &db, "--until-idle", "--spacing", "0"]).status, 0);
    assert_eq!(updated("kilmore").as_deref(), Some("11"));
    // One run may be of a clock that is ahead: the history goes after thirty days by the success before it.
    assert_eq!(history().len(), 10, "the first run forgets nothing");
    // The history goes once a day, so the first run was yesterday.
    bench.edit(
        "UPDATE tripartite_jobs SET bytes = CAST(replace(CAST(bytes AS TEXT), date('now'), date('now', '-1 day')) AS BLOB)
         WHERE key LIKE 'health/%'",
    );
    for org in ["athlone", "ballybeg", "cashel", "kilmore"] {
        assert_eq!(bench.program(&["trigger", "--db", &db, "--key", &format!("{org}/federation")]).status, 0);
    }
    assert_eq!(bench.program(&["work", "--db", &db, "--until-idle", "--spacing", "0"]).status, 0);
    assert_eq!(history().len(), 8, "the next day's forgets what is two years old");
}

#[test]
fn a_database_that_holds_only_jobs_is_ours() {
    let bench = Bench::new();
    bench.edit("CREATE TABLE tripartite_jobs(key TEXT PRIMARY KEY, bytes BLOB)");
    assert_eq!(bench.sync(&members(1..=2))["created"], 2);
}

#[test]
fn a_register_of_a_later_version_is_refused() {
    let (bench, file) = four();
    bench.edit("UPDATE \"tripartite_meta/ballybeg/gym\" SET value = '5' WHERE key = 'format'");
    let ran = bench.run(&file, &["--key", "ballybeg/gym"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("it has format 5, this version reads format 4"), "{}", ran.stderr);
    assert_eq!(bench.run(&file, &["--key", "ballybeg/federation"]).status, 0, "the others are read");
}

/// Ids, most of them near each other.
fn id() -> impl Strategy<Value = String> {
    let near = vec(prop::sample::select(vec!["a", "A", "b", "/", "=", "=2f", "2f", "=61", "\"", "é", "É", "."]), 1..5);
    prop_oneof![near.prop_map(|parts| parts.concat()), "\\PC{1,12}"]
}

fn key() -> impl Strategy<Value = SyncKey> {
    (id(), id()).prop_filter_map("no id", |(org, connector)| {
        Some(SyncKey { org: OrgId::new(org).ok()?, connector: ConnectorId::new(connector).ok()? })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn different_keys_have_tables_that_sqlite_tells_apart(one in key(), other in key()) {
        for table in TABLES {
            let names = [&one, &other].map(|key| table_name(&Register::of(key), table).to_ascii_lowercase());
            prop_assert_eq!(names[0] == names[1], one == other);
            prop_assert!(!names.contains(&table.to_owned()), "nor is it the unnamed register's");
        }
    }

    #[test]
    fn a_register_is_read_as_it_is_shown(key in key()) {
        let register = Register::of(&key);
        prop_assert_eq!(register.to_string().parse::<Register>(), Ok(register.clone()));
        let name = table_name(&register, "members");
        prop_assert_eq!(name["members/".len()..].parse::<Register>(), Ok(register), "so do its tables' names");
    }
}
