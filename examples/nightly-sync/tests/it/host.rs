//! A club joins with the table that it has.

use crate::bench::{Bench, counts};

const CLUB: &str = "
CREATE TABLE members(id INTEGER PRIMARY KEY, full_name TEXT NOT NULL, born TEXT, email TEXT, paid REAL DEFAULT 0);
INSERT INTO members VALUES (1, 'Áine Byrne', '1990-05-04', 'aine@example.org', 12.5);
INSERT INTO members VALUES (2, 'Una Daly', '1970-03-03', 'una@example.org', 0);
CREATE TABLE fees(member INTEGER REFERENCES members, paid REAL);
";

const SCHEMA: &str = r#"{
    "fields": {"name": {"kind": "name"}, "born": {"kind": "date"}, "email": {"kind": "email"}},
    "match": [{"name": "e-mail and birthday", "fields": ["email", "born"], "trust": "trusted"}]
}"#;

const LISTING: &str = r#"{"id": "F1", "name": "Áine Byrne", "born": "1990-05-04", "email": "aine@example.org"}
{"id": "F2", "name": "Niamh Kelly", "born": "2001-07-08", "email": "niamh@example.org"}
"#;

const TABLE: [&str; 4] = ["--table", "members", "--columns", "name=full_name"];

fn club() -> (Bench, String, String) {
    let bench = Bench::new();
    bench.edit(CLUB);
    let (listing, schema) = (bench.listing(LISTING), bench.write("schema.json", SCHEMA));
    (bench, listing, schema)
}

#[test]
fn the_first_night_names_the_table_and_the_next_ones_know_it() {
    let (bench, listing, schema) = club();
    let before = bench.bytes();
    let refused = bench.run(&listing, &["--schema", &schema]);
    assert!(
        refused.status == 1 && refused.stderr.contains("a table of the host's own is attached first"),
        "{}",
        refused.stderr
    );
    let first = [&TABLE[..], &["--schema", &schema]].concat();
    let dry = bench.run(&listing, &[&first[..], &["--dry-run"]].concat());
    assert_eq!(counts(&dry.json(), ["linked", "created"]), [1, 1], "{}", dry.stderr);
    assert!(bench.bytes() == before, "a dry run looks at a copy");

    let ran = bench.run(&listing, &first);
    assert_eq!(counts(&ran.json(), ["linked", "created", "deactivated"]), [1, 1, 0], "{}", ran.stderr);
    let names = "SELECT group_concat(full_name || ' ' || ifnull(tripartite_id, '-'), ', ') FROM members";
    assert_eq!(bench.value(names).as_deref(), Some("Áine Byrne F1, Una Daly -, Niamh Kelly F2"));
    assert_eq!(bench.value("SELECT group_concat(paid, ' ') FROM members").as_deref(), Some("12.5 0.0 0.0"));

    bench.edit("UPDATE members SET email = 'a.byrne@example.org' WHERE id = 1");
    let moved = bench.listing(LISTING.replace("Niamh", "Neasa"));
    assert_eq!(counts(&bench.run(&moved, &[]).json(), ["updated", "conflicts_detected"]), [1, 0]);
    let page = bench.path("page.html");
    assert_eq!(bench.program(&["report", "--db", &bench.path("members.db"), "--html", &page]).status, 0);
    assert!(std::fs::read_to_string(page).unwrap().contains("Neasa Kelly"), "names are read from the club's column");
    assert_eq!(counts(&bench.run(&moved, &TABLE).json(), ["unchanged"]), [2], "to name it again is nothing");
    let db = bench.path("members.db");
    for command in [&["audit"][..], &["conflicts"], &["quarantine"], &["matches"], &["schema"]] {
        let ran = bench.program(&[command, &["--db", &db]].concat());
        assert_eq!(ran.status, 0, "{command:?}: {}", ran.stderr);
    }
}

#[test]
fn nobody_is_entered_twice_for_want_of_rules() {
    let (bench, listing, _) = club();
    let before = bench.bytes();
    let ran = bench.run(&listing, &TABLE);
    assert!(ran.status == 1 && ran.stderr.contains("2 members are in `members` already"), "{}", ran.stderr);
    assert!(bench.bytes() == before, "nothing was written");
    bench.edit("ALTER TABLE members ADD COLUMN fed TEXT; UPDATE members SET fed = 'F1' WHERE id = 1");
    let ran = bench.run(&listing, &[&TABLE[..], &["--id-column", "fed"]].concat());
    assert_eq!(counts(&ran.json(), ["created", "unchanged"]), [1, 1], "{}", ran.stderr);
}

#[test]
fn workers_sync_a_table_that_a_first_run_attached() {
    let (bench, listing, schema) = club();
    let (db, key) = (bench.path("members.db"), "ballybeg/federation");
    let ran = bench.run(&listing, &[&TABLE[..], &["--schema", &schema, "--key", key]].concat());
    assert_eq!(counts(&ran.json(), ["linked", "created"]), [1, 1], "{}", ran.stderr);
    let run = |args: &[&str]| {
        let ran = bench.program(&[args, &["--db", &db]].concat());
        assert_eq!(ran.status, 0, "{args:?}: {}{}", ran.stdout, ran.stderr);
    };
    run(&["schedule", "--key", key, "--remote", &listing, "--at", "02:15"]);
    bench.listing(LISTING.replace("Niamh", "Neasa"));
    run(&["trigger", "--key", key]);
    run(&["work", "--until-idle", "--spacing", "0"]);
    let name = "SELECT full_name FROM members WHERE tripartite_id = 'F2'";
    assert_eq!(bench.value(name).as_deref(), Some("Neasa Kelly"));
}

#[test]
fn what_is_blocked_is_approved_with_the_table() {
    let (bench, listing, schema) = club();
    let db = bench.path("members.db");
    let args = ["run", "--db", &db, "--remote", &listing, "--schema", &schema, "--guards", "links=0", "--dry-run"];
    let ran = bench.program(&[&args[..], &TABLE].concat());
    assert_eq!(ran.status, 4, "{}{}", ran.stdout, ran.stderr);
    let told = ran.stdout + &ran.stderr;
    assert!(told.contains("--table members --table-key id --columns name=full_name"), "{told}");
    let usage = bench.program(&["run", "--db", &db, "--remote", &listing, "--columns", "a=b"]);
    assert!(usage.status == 2 && usage.stderr.contains("--table <NAME>"), "{}", usage.stderr);
}

#[test]
fn a_server_has_side_tables_and_a_file_says_that_it_has_none() {
    let (bench, listing, schema) = club();
    let ran = bench.run(&listing, &[&TABLE[..], &["--schema", &schema, "--side-table"]].concat());
    if !bench.path("members.db").starts_with("postgres") {
        assert!(
            ran.status == 1 && ran.stderr.contains("`members` cannot have its columns beside it"),
            "{}",
            ran.stderr
        );
        assert_eq!(
            bench.value("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'tripartite%'").as_deref(),
            Some("0")
        );
        return;
    }
    assert_eq!(counts(&ran.json(), ["linked", "created"]), [1, 1], "{}", ran.stderr);
    bench.edit("UPDATE members SET email = 'a.byrne@example.org' WHERE id = 1");
    let moved = bench.listing(LISTING.replace("Niamh", "Neasa"));
    assert_eq!(counts(&bench.run(&moved, &[]).json(), ["updated", "conflicts_detected"]), [1, 0]);
    let names = "SELECT group_concat(full_name || ' ' || email, ', ') FROM members WHERE id <> 2";
    let all = "Áine Byrne a.byrne@example.org, Neasa Kelly niamh@example.org";
    assert_eq!(bench.value(names).as_deref(), Some(all));
}
