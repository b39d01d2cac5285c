//! The demonstration's two nights, against the table in demo/README.md.

use crate::bench::{Bench, counts, demo};

fn first_night(bench: &Bench) {
    let schema = demo("schema.json").display().to_string();
    let ran = bench.run(&demo("night-1.jsonl").display().to_string(), &["--schema", &schema]);
    let report = ran.json();
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(report["outcome"], "succeeded");
    assert_eq!(counts(&report, ["processed", "created", "updated", "unchanged"]), [320, 320, 0, 0]);
}

fn second_night(bench: &Bench, more: &[&str]) -> crate::bench::Ran {
    bench.run(&demo("night-2.jsonl").display().to_string(), more)
}

const ALL: [&str; 13] = [
    "processed",
    "created",
    "updated",
    "unchanged",
    "deactivated",
    "reactivated",
    "conflicts_detected",
    "conflicts_resolved",
    "conflicts_open",
    "invalid_fields",
    "quarantined",
    "skipped",
    "failed",
];

#[test]
fn two_nights_come_to_what_the_readme_says() {
    let bench = Bench::new();
    first_night(&bench);
    bench.edit(&std::fs::read_to_string(demo("edits.sql")).unwrap());

    let dry = second_night(&bench, &["--dry-run"]);
    let ran = second_night(&bench, &[]);
    assert_eq!((dry.status, ran.status), (3, 3), "{}", ran.stderr);
    let report = ran.json();
    assert_eq!(report["outcome"], "partial");
    assert_eq!(counts(&report, ALL), [322, 5, 29, 286, 3, 0, 12, 5, 7, 1, 2, 0, 0]);
    assert_eq!(dry.json()["plan_id"], report["plan_id"], "what was applied is the plan of the dry run");
    assert_eq!(counts(&dry.json(), ALL), counts(&report, ALL));

    for (id, field, expected) in [
        ("FED-10033", "phone", Some("087 555 0888")),
        ("FED-10076", "email", Some("grainne@mail.example.org")),
        ("FED-10183", "email", None),
        ("FED-10277", "tags", Some(r#"["timekeeper","first-aider","referee"]"#)),
        ("FED-10345", "active", Some("1")),
        ("FED-10363", "active", Some("1")),
        ("FED-10427", "last_name", Some("Keane")),
        ("FED-10477", "club", Some("Dunmorrow Harriers Juniors")),
        ("FED-10529", "phone", Some("087 555 0151")),
        ("FED-10573", "licence_no", Some("LIC-00911")),
        ("FED-10618", "active", Some("0")),
        ("FED-10633", "date_of_birth", Some("1994-02-20")),
    ] {
        let value = bench.value(&format!("SELECT {field} FROM members WHERE external_id = '{id}'"));
        assert_eq!(value.as_deref(), expected, "{id} {field}");
    }

    let (members, audit) = (bench.dump("members"), bench.dump("tripartite_audit"));
    let again = second_night(&bench, &[]);
    let report = again.json();
    assert_eq!(counts(&report, ALL), [322, 0, 0, 320, 0, 0, 0, 0, 7, 0, 2, 0, 0]);
    assert_eq!(bench.dump("members"), members, "no row changes");
    assert_eq!(bench.dump("tripartite_audit"), audit, "nothing is told twice");
}

#[test]
fn nothing_that_is_printed_shows_contact_data() {
    let bench = Bench::new();
    first_night(&bench);
    bench.edit(&std::fs::read_to_string(demo("edits.sql")).unwrap());
    let (db, remote) = (bench.path("members.db"), demo("night-2.jsonl").display().to_string());
    let json = second_night(&bench, &["--dry-run"]);
    let dry = bench.program(&["run", "--db", &db, "--remote", &remote, "--dry-run"]);
    let ran = bench.program(&["run", "--db", &db, "--remote", &remote]);
    assert!(ran.stdout.contains("Both sides changed email, differently"), "{}", ran.stdout);
    for text in [json.stdout, json.stderr, dry.stdout, dry.stderr, ran.stdout, ran.stderr] {
        for trace in ["@", "555", "Co. ", "1987", "Orla"] {
            assert!(!text.contains(trace), "{trace} in {text}");
        }
    }
}

#[test]
fn the_demonstration_tells_both_nights_and_leaves_the_database() {
    let bench = Bench::new();
    let ran = bench.program(&[]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for part in
        ["created    320", "updated              29", "conflicts open        7", "Orla Keane-Murphy", "0 rows written"]
    {
        assert!(ran.stdout.contains(part), "{part}");
    }
    let db = ran.stdout.lines().find_map(|line| line.strip_prefix("the database is ")).unwrap();
    let conn = rusqlite::Connection::open(db).unwrap();
    let members: i64 = conn.query_row("SELECT count(*) FROM members", [], |row| row.get(0)).unwrap();
    assert_eq!(members, 325);
    drop(conn);
    std::fs::remove_dir_all(std::path::Path::new(db).parent().unwrap()).unwrap();
}
