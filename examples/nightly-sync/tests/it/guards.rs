//! What a run does not do unasked, and what it does not do at all.

use std::fs;

use crate::bench::{Bench, counts, members};

#[test]
fn an_empty_or_halved_listing_is_blocked_until_exactly_that_plan_is_approved() {
    let empty = ["the listing is complete but empty, while 100 records are active here"];
    let halved = [
        "50 of 100 records would be deactivated, because the listing no longer has them; at most 20 % may be without approval",
        "among them M100, M51, M52, M53, M54 and 45 more",
    ];
    for (listing, said) in [(String::new(), &empty[..]), (members(1..=50), &halved[..])] {
        let bench = Bench::synced(&members(1..=100));
        let before = bench.dump("members");
        let file = bench.listing(&listing);
        let ran = bench.run(&file, &[]);
        let report = ran.json();
        assert_eq!((ran.status, &report["outcome"]), (4, &"blocked".into()));
        assert_eq!(bench.dump("members"), before, "a blocked plan changes nobody");
        assert!(ran.stderr.contains("--approve"), "{}", ran.stderr);
        for words in said {
            assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
        }

        let other =
            bench.run(&file, &["--approve", "0000000000000000000000000000000000000000000000000000000000000000"]);
        assert_eq!(other.status, 4, "another plan is not approved");

        let plan = report["plan_id"].as_str().unwrap();
        let approved = bench.run(&file, &["--approve", plan]);
        assert_eq!(approved.status, 0, "{}", approved.stderr);
        assert_eq!(counts(&approved.json(), ["deactivated"]), counts(&report, ["deactivated"]));
    }
}

/// A page asks about it, until another run has ended.
#[test]
fn a_plan_that_stopped_a_run_by_hand_is_kept_until_the_next_one() {
    let bench = Bench::new();
    let kept = "SELECT value FROM tripartite_meta WHERE key = 'host:held_plan'";
    bench.sync(&members(1..=100));
    assert_eq!(bench.value(kept), None);
    let ran = bench.run(&bench.listing(members(1..=50)), &[]);
    let plan = ran.json()["plan_id"].as_str().unwrap().to_owned();
    assert_eq!((ran.status, bench.value(kept)), (4, Some(plan)));
    bench.sync(&members(1..=100));
    assert_eq!(bench.value(kept), None);
}

#[test]
fn the_command_to_approve_is_printed_as_a_shell_reads_it() {
    let bench = Bench::synced(&members(1..=100));
    let (db, file) = (bench.path("members.db"), bench.write("an empty list.jsonl", ""));
    let ran = bench.program(&["run", "--db", &db, "--remote", &file, "--strategy", "merge"]);
    assert_eq!(ran.status, 4);
    let command = ran.stdout.lines().find(|line| line.contains("--approve")).unwrap();
    let expected = format!("  nightly-sync run --db {db} --remote '{file}' --strategy merge --approve ");
    assert!(command.starts_with(&expected), "{command}");
}

#[test]
fn a_partial_listing_deactivates_nobody() {
    let bench = Bench::synced(&members(1..=100));
    let ran = bench.run(&bench.listing(members(1..=2).replace("p1", "p9")), &["--partial"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(counts(&ran.json(), ["deactivated", "updated"]), [0, 1]);
}

#[test]
fn a_dry_run_changes_no_byte() {
    let bench = Bench::new();
    let first = bench.listing(members(1..=20));
    let ran = bench.run(&first, &["--dry-run"]);
    assert_eq!((ran.status, &ran.json()["created"]), (0, &20.into()), "{}", ran.stderr);
    assert_eq!(bench.files(), ["listing.jsonl"], "a first import, dry, makes no database");

    bench.run(&first, &[]);
    let (before, at) = (bench.bytes(), fs::metadata(bench.db()).unwrap().modified().unwrap());
    let other = bench.write("schema.json", r#"{"fields": {"name": {"kind": "name"}, "new": {"kind": "text"}}}"#);
    let ran = bench.run(&bench.listing(members(1..=19).replace("p1", "x")), &["--dry-run", "--schema", &other]);
    assert_eq!((ran.status, &ran.json()["deactivated"]), (0, &1.into()), "{}", ran.stderr);
    assert_eq!(bench.bytes(), before);
    assert_eq!(fs::metadata(bench.db()).unwrap().modified().unwrap(), at);
    assert_eq!(bench.files(), ["listing.jsonl", "members.db", "schema.json"], "nor a file beside it");
}

#[test]
fn a_dry_run_beside_an_open_client_leaves_its_journal_alone() {
    let bench = Bench::synced(&members(1..=20));
    let client = bench.sql();
    client.execute_batch("UPDATE members SET phone = 'hers' WHERE external_id = 'M1'").unwrap();
    let journal = fs::read(bench.path("members.db-wal")).unwrap();
    let before = bench.bytes();
    let ran = bench.run(&bench.listing(members(1..=20)), &["--dry-run"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!((bench.bytes(), fs::read(bench.path("members.db-wal")).unwrap()), (before, journal));
}

#[test]
fn a_dry_run_says_what_would_be_done_to_whom() {
    let bench = Bench::synced(&members(1..=50));
    let (db, file) = (bench.path("members.db"), bench.listing(members(2..=80).replace("p2\"", "x\"")));
    let ran = bench.program(&["run", "--db", &db, "--remote", &file, "--dry-run"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for part in ["what would be done (32)", "M2   update phone", "… and 12 more", "nothing was written"] {
        assert!(ran.stdout.contains(part), "{part} in {}", ran.stdout);
    }
}

#[test]
fn usage_errors_are_status_2_and_failures_1() {
    let bench = Bench::new();
    let file = bench.listing(members(1..=2));
    let db = bench.path("members.db");
    for args in [
        &["run", "--db", &db][..],
        &["run", "--db", &db, "--remote", &file, "--strategy", "remote_win"],
        &["run", "--db", &db, "--remote", &file, "--what"],
        &["walk"],
        &["audit"],
        &["audit", "--db", &db, "--format", "xml"],
    ] {
        let ran = bench.program(args);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{args:?}");
        assert!(!ran.stderr.is_empty());
    }
    assert_eq!(bench.program(&["--help"]).status, 0);

    let nowhere = bench.path("nowhere.jsonl");
    let ran = bench.run(&nowhere, &[]);
    assert_eq!((ran.status, &ran.json()["outcome"]), (1, &"failed".into()));
    assert!(ran.stderr.contains("nowhere.jsonl"), "{}", ran.stderr);
    let foreign = bench.write("foreign.db", "this is no database, only a text that is long enough to be taken for one");
    let ran = bench.program(&["run", "--db", &foreign, "--remote", &file]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("no SQLite database"), "{}", ran.stderr);
    assert_eq!(bench.program(&["audit", "--db", &nowhere]).status, 1);
    assert_eq!(bench.files(), ["foreign.db", "listing.jsonl"], "nothing was left behind");
}

#[test]
fn a_database_that_cannot_be_used_is_refused_and_not_touched() {
    for (made, told) in [
        ("CREATE TABLE members(id)", "no database of tripartite"),
        ("PRAGMA encoding = 'UTF-16'; CREATE TABLE tripartite_mine(x)", "its texts are UTF-16"),
    ] {
        let bench = Bench::new();
        bench.edit(made);
        let before = bench.bytes();
        let ran = bench.run(&bench.listing(members(1..=2)), &[]);
        assert!(ran.status == 1 && ran.stderr.contains(told), "{}", ran.stderr);
        assert_eq!(bench.bytes(), before);
    }
}

#[test]
fn a_thousand_conflicts_are_counted_and_the_first_told() {
    let bench = Bench::synced(&members(1..=1000));
    bench.edit("UPDATE members SET phone = 'hers'");
    let (db, file) = (bench.path("members.db"), bench.listing(members(1..=1000).replace(": \"p", ": \"q")));
    let run = |more: &str| bench.program(&["run", "--db", &db, "--remote", &file, "--strategy", "merge", more]);
    let dry = run("--dry-run");
    assert!(dry.stdout.contains("wait for a person, new (1000)"), "{}", dry.stdout);
    let ran = run("--partial");
    assert!(ran.stdout.contains("wait for a person, new (1000)"), "{}", ran.stdout);
    assert!(ran.stdout.contains("… and 960 more"), "{}", ran.stdout);
    let again = run("--partial");
    assert!(again.stdout.contains("still wait for a person (1000)"), "{}", again.stdout);
}

#[test]
fn a_plan_in_a_file_is_carried_out_as_it_is_and_not_where_somebody_was_faster() {
    let bench = Bench::synced(&members(1..=100));
    let before = bench.bytes();
    let (db, out) = (bench.path("members.db"), bench.path("plan.json"));
    let file = bench.listing(members(1..=70).replace("p7\"", "p7 new\"").replace("p8\"", "p8 new\""));
    let planned = bench.program(&["plan", "--db", &db, "--remote", &file, "--out", &out, "--json"]);
    let report = planned.json();
    assert_eq!((planned.status, &report["outcome"]), (4, &"blocked".into()), "{}", planned.stderr);
    assert_eq!(bench.bytes(), before, "nothing but the plan is written");
    assert!(planned.stderr.contains("nightly-sync approve --db"), "{}", planned.stderr);

    let id = report["plan_id"].as_str().unwrap();
    let approve = |id: &str| bench.program(&["approve", "--db", &db, "--plan", &out, "--id", id, "--json"]);
    let other = approve(&"0".repeat(64));
    assert_eq!(other.status, 1);
    assert!(other.stderr.contains(&format!("holds plan {id}")), "{}", other.stderr);
    assert_eq!(bench.bytes(), before);

    // Meanwhile the listing has changed again, which is nobody's approval, and somebody has edited a member.
    bench.listing("");
    bench.edit("UPDATE members SET phone = 'mine' WHERE external_id = 'M7'");
    let ran = approve(id);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(counts(&ran.json(), ["deactivated", "updated"]), [30, 2]);
    // The edit and the source collide: the record was planned anew, by the rule.
    let phone = |id| bench.value(&format!("SELECT phone FROM members WHERE external_id = '{id}'"));
    assert_eq!([phone("M7"), phone("M8")].map(Option::unwrap), ["p7 new", "p8 new"]);
    let audit = bench.program(&["audit", "--db", &db]).stdout;
    assert!(audit.contains("\"mine\""), "what was overwritten is in the audit");
    assert_eq!(approve(id).status, 0, "again: there is nothing left to do");
    assert_eq!(bench.value("SELECT count(*) FROM members WHERE active = 0").as_deref(), Some("30"));
}

/// A plan waits, and the source takes back what it said; the runs meanwhile find everybody as they are here.
#[test]
fn a_plan_is_old_once_a_newer_run_has_looked() {
    let bench = Bench::synced(&members(1..=100));
    let (db, out) = (bench.path("members.db"), bench.path("plan.json"));
    let plan = |text: &str| {
        let planned = bench.program(&["plan", "--db", &db, "--remote", &bench.listing(text), "--out", &out, "--json"]);
        planned.json()["plan_id"].as_str().unwrap().to_owned()
    };
    let approve = |id: &str| bench.program(&["approve", "--db", &db, "--plan", &out, "--id", id, "--json"]);
    let changed = members(1..=101).replace("p7\"", "new\"").replace("p8\"", "new\"");
    let phone = |id| bench.value(&format!("SELECT phone FROM members WHERE external_id = '{id}'")).unwrap();

    let id = plan(&changed);
    bench.sync(&members(1..=100));
    let before = bench.dump("members");
    let old = approve(&id);
    assert_eq!((old.status, counts(&old.json(), ["updated", "created", "skipped"])), (3, [0, 0, 3]));
    assert!(old.stdout.contains("plan once more"), "{}", old.stdout);
    assert_eq!(bench.dump("members"), before);

    // A run of one member is no word on the others, and a plan is approved as before.
    let id = plan(&changed);
    assert_eq!(bench.run(&bench.listing(members(1..=100)), &["--only", "M7"]).status, 0);
    let ran = approve(&id);
    assert_eq!((ran.status, counts(&ran.json(), ["updated", "created", "skipped"])), (3, [1, 1, 1]), "{}", ran.stderr);
    assert_eq!([phone("M7"), phone("M8")], ["p7", "new"]);

    // Made anew, it is of today, and the same plan twice is no newer word either.
    let id = plan(&changed);
    for updated in [1, 0] {
        let ran = approve(&id);
        assert_eq!((ran.status, counts(&ran.json(), ["updated", "skipped"])), (0, [updated, 0]), "{}", ran.stderr);
    }
}

/// The first plan of all is as old as any other once a run was there.
#[test]
fn a_first_plan_creates_nobody_twice() {
    let bench = Bench::new();
    let schema = bench.write("schema.json", r#"{"fields": {"name": {"kind": "text"}, "phone": {"kind": "text"}}}"#);
    bench.run(&bench.listing(members(1..=3)), &["--schema", &schema, "--only", "M9"]);
    let (db, out) = (bench.path("members.db"), bench.path("plan.json"));
    bench.edit("DELETE FROM tripartite_runs");
    let planned =
        bench.program(&["plan", "--db", &db, "--remote", &bench.path("listing.jsonl"), "--out", &out, "--json"]);
    let id = planned.json()["plan_id"].as_str().unwrap().to_owned();
    assert_eq!(bench.run(&bench.path("listing.jsonl"), &[]).status, 0);
    bench.edit("UPDATE members SET external_id = 'other' WHERE external_id = 'M2'; DELETE FROM tripartite_links WHERE external_id = 'M2'");
    let ran = bench.program(&["approve", "--db", &db, "--plan", &out, "--id", &id, "--json"]);
    assert_eq!((ran.status, counts(&ran.json(), ["created", "skipped"])), (3, [0, 1]), "{}", ran.stderr);
}

/// What blocked a run is approved by its id, also when single members were synced meanwhile.
#[test]
fn a_blocked_run_is_approved_after_runs_of_other_members() {
    let bench = Bench::synced(&members(1..=100));
    let halved = bench.write("halved.jsonl", members(1..=60));
    let blocked = bench.run(&halved, &[]);
    assert_eq!(blocked.status, 4);
    assert_eq!(bench.run(&halved, &["--only", "M7"]).status, 0);
    let id = blocked.json()["plan_id"].as_str().unwrap().to_owned();
    let ran = bench.run(&halved, &["--approve", &id]);
    assert_eq!((ran.status, counts(&ran.json(), ["deactivated"])), (0, [40]), "{}", ran.stderr);
}

#[test]
fn a_blanked_column_is_stopped_with_a_sentence_a_stranger_understands() {
    let bench = Bench::synced(&members(1..=100));
    let before = bench.dump("members");
    let blank = |n: u32| format!("{{\"id\": \"M{n}\", \"name\": \"N{n}\", \"phone\": \"\"}}\n");
    let (db, file) = (bench.path("members.db"), bench.listing((1..=100).map(blank).collect::<String>()));
    let ran = bench.program(&["run", "--db", &db, "--remote", &file]);
    assert_eq!(ran.status, 4);
    let said =
        "`phone` is empty in 100 of 100 records where the source used to fill it; at most 20 % may be without approval";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    assert_eq!(bench.dump("members"), before);
}

/// What a person let pass stays so while the column is away, whatever else happens to the records.
#[test]
fn a_dropped_column_is_asked_about_once() {
    let phone = |said: &str| format!(", \"phone\": {said}");
    for (dropped, strategy) in [
        (String::new(), "remote_wins"),
        (phone("null"), "remote_wins"),
        (phone("\"\""), "local_wins"),
        (String::new(), "merge"),
        (phone("null"), "merge"),
    ] {
        let bench = Bench::new();
        let line = |n: u32, phone: &str, note: &str| {
            format!("{{\"id\": \"M{n}\", \"name\": \"N{n}\", \"note\": \"{note}\"{phone}}}\n")
        };
        let night = |phone: &str, note: &str| (1..=40).map(|n| line(n, phone, note)).collect::<String>();
        let run = |listing: &str, more: &[&str]| {
            bench.run(&bench.listing(listing), &[&["--strategy", strategy], more].concat())
        };
        bench.sync(&night(&phone("\"1\""), "first"));
        bench.edit("UPDATE members SET phone = 'mine'");
        let gone = night(&dropped, "first");
        let blocked = run(&gone, &[]);
        assert_eq!(blocked.status, 4, "{strategy} {dropped}: {}", blocked.stdout);
        let id = blocked.json()["plan_id"].as_str().unwrap().to_owned();
        assert_eq!(run(&gone, &["--approve", &id]).status, 0);
        assert_eq!(run(&night(&dropped, "second"), &[]).status, 0, "{strategy} {dropped}: asked again");
        bench.edit("UPDATE members SET phone = 'mine again'");
        assert_eq!(run(&night(&dropped, "third"), &[]).status, 0, "{strategy} {dropped}: asked again after an edit");
        assert_eq!(run(&night(&phone("\"2\""), "third"), &[]).status, 0);
        assert_eq!(
            run(&night(&dropped, "third"), &[]).status,
            4,
            "{strategy} {dropped}: it was back, and is away again"
        );
    }
}

/// Two members whose ids the source has mixed up: one exchange among a hundred is enough.
#[test]
fn two_exchanged_ids_are_stopped_with_a_sentence_a_stranger_understands() {
    let bench = Bench::new();
    let schema = r#"{"fields": {"name": {"kind": "name"}, "born": {"kind": "date"}, "phone": {"kind": "text"}}}"#;
    let schema = bench.write("schema.json", schema);
    let line = |id: u32, who: u32| {
        let born = format!("19{who:02}-03-04");
        format!("{{\"id\": \"M{id}\", \"name\": \"N{who}\", \"born\": \"{born}\", \"phone\": \"p{who}\"}}\n")
    };
    let straight: String = (0..=99).map(|n| line(n, n)).collect();
    assert_eq!(bench.run(&bench.listing(straight), &["--schema", &schema]).status, 0);
    let before = bench.dump("members");
    let swapped = (0..=99).map(|n| line(n, [8, 7].get(n.wrapping_sub(7) as usize).copied().unwrap_or(n)));
    let (db, file) = (bench.path("members.db"), bench.listing(swapped.collect::<String>()));
    let ran = bench.program(&["run", "--db", &db, "--remote", &file]);
    assert_eq!(ran.status, 4, "{}{}", ran.stdout, ran.stderr);
    let said = "2 of 100 records would take over the identity of another record here, as if ids were mixed up";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("M7") && ran.stdout.contains("M8") && ran.stdout.contains("--approve"),
        "{}",
        ran.stdout
    );
    assert_eq!(bench.dump("members"), before, "nothing was written");
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_a_plan() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::synced(&members(1..=2));
    let (db, out, file) = (bench.path("members.db"), bench.path("plan.json"), bench.listing(members(1..=3)));
    assert_eq!(bench.program(&["plan", "--db", &db, "--remote", &file, "--out", &out]).status, 0);
    assert_eq!(fs::metadata(out).unwrap().permissions().mode() & 0o777, 0o600);
}
