//! How much a run may change without approval: by default, as stated for one run, and as the schema says.

use crate::bench::{Bench, members};

#[test]
fn more_than_half_of_a_small_club_is_asked_about() {
    for (members_now, left, status) in [(9, 5, 0), (9, 4, 4), (9, 1, 4), (5, 2, 4), (3, 1, 0)] {
        let bench = Bench::synced(&members(1..=members_now));
        let ran = bench.run(&bench.listing(members(1..=left)), &[]);
        assert_eq!(ran.status, status, "{left} of {members_now}: {}", ran.stderr);
        if status == 4 {
            assert!(ran.stderr.contains("at most half may be without approval"), "{}", ran.stderr);
        }
    }
}

#[test]
fn limits_are_stated_for_one_run() {
    let bench = Bench::synced(&members(1..=100));
    let file = bench.listing(members(1..=94));
    assert_eq!(bench.run(&file, &["--dry-run", "--guards", "deactivations=5%"]).status, 4, "6 % leave");
    assert_eq!(bench.run(&file, &["--dry-run", "--guards", "names=none,deactivations=5"]).status, 4, "6 leave");
    assert_eq!(bench.run(&file, &["--guards=deactivations=6"]).status, 0);
    let halved = bench.listing(members(1..=40));
    assert_eq!(bench.run(&halved, &["--dry-run"]).status, 4, "of the next run nothing was said");
    assert_eq!(bench.run(&halved, &["--guards", "deactivations=none"]).status, 0);
    for (wrong, found) in
        [("deletions=5", "deletions=5"), ("names", "names"), ("names=101%", "101"), ("names=", "names=")]
    {
        let ran = bench.run(&halved, &["--guards", wrong]);
        assert_eq!(ran.status, 2, "{wrong}");
        assert!(ran.stderr.contains("expected NAME=LIMIT") && ran.stderr.contains(found), "{}", ran.stderr);
    }
    assert!(bench.run(&halved, &["--guards", "names=1,names=2"]).stderr.contains("`names` is stated twice"));
}

#[test]
fn limits_in_the_schema_are_remembered_and_printed() {
    let bench = Bench::new();
    let db = bench.path("members.db");
    let schema = |guards: &str| format!(r#"{{"fields": {{"name": {{"kind": "name"}}}}, "guards": {guards}}}"#);
    let strict = bench.write("strict.json", schema(r#"{"deactivations": {"percent": 5, "at_least": 10}}"#));
    let listing = |n: usize| bench.write(&format!("{n}.jsonl"), lines(n));
    assert_eq!(bench.program(&["run", "--db", &db, "--remote", &listing(100), "--schema", &strict]).status, 0);
    let night = |n: usize| bench.program(&["run", "--db", &db, "--remote", &listing(n)]);
    assert_eq!((night(94).status, night(95).status), (4, 0), "remembered");
    let printed = bench.program(&["schema", "--db", &db]).stdout;
    assert!(printed.contains(r#""guards""#) && printed.contains(r#""percent": 5"#), "{printed}");
    let again = bench.write("printed.json", printed);
    assert_eq!(bench.program(&["run", "--db", &db, "--remote", &listing(90), "--schema", &again]).status, 4);

    let typo = bench.write("typo.json", schema(r#"{"fields": {"nmae": {"changed": {"absolute": 1}}}}"#));
    let ran = bench.program(&["run", "--db", &db, "--remote", &listing(90), "--schema", &typo]);
    assert!(ran.status != 0 && ran.stderr.contains("guards: there is no field `nmae`"), "{}", ran.stderr);
}

fn lines(n: usize) -> String {
    (1..=n).map(|n| format!("{{\"id\": \"M{n}\", \"name\": \"Member {n}\"}}\n")).collect()
}

/// A job that was asked for some records says how many of the register they are.
#[test]
fn deletions_told_one_by_one_are_measured_against_the_register() {
    let bench = Bench::new();
    let (db, key) = (bench.path("jobs.db"), "ballybeg/federation");
    let listing = bench.write("listing.jsonl", lines(100));
    bench.program(&["schedule", "--db", &db, "--key", key, "--remote", &listing]);
    assert_eq!(bench.program(&["run", "--db", &db, "--key", key, "--remote", &listing]).status, 0);
    let renamed =
        (1..=12).fold(lines(100), |text, n| text.replace(&format!("\"Member {n}\""), &format!("\"Other {n}\"")));
    bench.write("listing.jsonl", renamed);
    for n in 1..=12 {
        bench.program(&["trigger", "--db", &db, "--key", key, "--only", &format!("M{n}")]);
    }
    let worked = bench.program(&["work", "--db", &db, "--until-idle", "--spacing", "0"]);
    assert_eq!(worked.status, 0, "{}", worked.stderr);
    assert!(worked.stdout.contains("12 updated"), "12 names of 100 may change: {}", worked.stdout);
}
