//! Conflicts as work for people, on the command line.

use std::process::Command;

use serde_json::Value as Json;

use crate::bench::{Bench, Ran, counts, members};

const SCHEMA: &str = r#"{"strategy": "merge", "fields": {
    "name": {"kind": "name"}, "phone": {"kind": "text", "sensitive": true}, "tags": {"kind": "set", "of": "text"},
    "street": {"kind": "text"}, "town": {"kind": "text"}
}, "groups": {"address": ["street", "town"]}}"#;

fn line(n: u32, phone: &str, street: &str) -> String {
    format!(
        "{{\"id\": \"M{n}\", \"name\": \"N{n}\", \"phone\": \"{phone}\", \"tags\": [\"x\"], \
         \"street\": \"{street}\", \"town\": \"Ballybeg\"}}\n"
    )
}

fn both(phone: &str, street: &str) -> String {
    line(1, phone, street) + &line(2, phone, street)
}

/// Two members; somebody edited the phone of both and the street of the first, and the source changed all of them.
fn disputed() -> Bench {
    let bench = Bench::new();
    let schema = bench.write("schema.json", SCHEMA);
    let ran = bench.run(&bench.listing(both("p1", "s1")), &["--schema", &schema]);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    bench.edit("UPDATE members SET phone = 'ours'; UPDATE members SET street = 'our street' WHERE external_id = 'M1'");
    assert_eq!(counts(&bench.sync(&both("p2", "s2")), ["conflicts_open"]), [3]);
    bench
}

fn ask(bench: &Bench, command: &str, args: &[&str]) -> Ran {
    bench.program(&[&[command, "--db", &bench.path("members.db")], args].concat())
}

fn phone(bench: &Bench, id: &str) -> Option<String> {
    bench.value(&format!("SELECT phone FROM members WHERE external_id = '{id}'"))
}

fn open(bench: &Bench) -> Vec<(String, String)> {
    let ran = ask(bench, "conflicts", &["--json"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let text = |line: &Json, key: &str| line[key].as_str().unwrap().to_owned();
    let lines = ran.stdout.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    lines.map(|line| (text(&line, "external_id"), text(&line, "unit"))).collect()
}

#[test]
fn conflicts_are_listed_and_their_values_shown_when_asked() {
    let bench = disputed();
    let listed = ask(&bench, "conflicts", &[]);
    assert!(listed.status == 0 && listed.stderr.starts_with("3 open\nanswer each with --local"), "{}", listed.stderr);
    assert!(listed.stdout.contains("M1  phone  Both sides changed phone, differently"), "{}", listed.stdout);
    assert!(!listed.stdout.contains("ours") && !listed.stdout.contains("p2"), "{}", listed.stdout);
    bench.edit("UPDATE members SET phone = 'ours again' WHERE external_id = 'M1'");
    let shown = ask(&bench, "conflicts", &["--field", "phone", "--values", "--json"]);
    let first: Json = serde_json::from_str(shown.stdout.lines().next().unwrap()).unwrap();
    let sides = ["base", "local", "remote", "now"].map(|side| first[side].as_str().unwrap());
    assert_eq!(sides, ["p1", "ours", "p2", "ours again"]);
    assert_eq!((shown.stdout.lines().count(), &first["edited"]), (2, &Json::Bool(true)));
    let one = ask(&bench, "conflicts", &["--field", "town"]).stderr;
    assert!(one.starts_with("1 open\n"), "a field finds its group: {one}");
}

#[test]
fn a_decision_closes_the_conflict_and_lasts() {
    let bench = disputed();
    let decided = ask(&bench, "decide", &["--id", "M1", "--field", "phone", "--local", "--by", "Nuala"]);
    assert_eq!((decided.status, decided.stdout.as_str()), (0, "decided\n"), "{}", decided.stderr);
    assert_eq!(ask(&bench, "decide", &["--id", "M2", "--field", "phone", "--value", "our own"]).status, 0);
    let street = r#"{"street": "a third", "town": "Ballybeg"}"#;
    assert_eq!(ask(&bench, "decide", &["--id", "M1", "--field", "street", "--value", street]).status, 0);
    assert!(open(&bench).is_empty());
    for _ in 0..2 {
        assert_eq!(counts(&bench.sync(&both("p2", "s2")), ["updated", "conflicts_open"]), [0, 0]);
    }
    assert_eq!(phone(&bench, "M1").as_deref(), Some("ours"));
    assert_eq!(phone(&bench, "M2").as_deref(), Some("our own"));
    assert_eq!(bench.value("SELECT street FROM members WHERE external_id = 'M1'").as_deref(), Some("a third"));
    let audit = ask(&bench, "audit", &[]).stdout;
    let lines = audit.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    let by: Vec<_> = lines.filter(|line| line["rule"] == "person: take_local").map(|line| line["by"].clone()).collect();
    assert_eq!(by, ["Nuala"]);
    let again = ask(&bench, "decide", &["--id", "M1", "--field", "phone", "--local"]);
    assert_eq!(
        (again.status, again.stderr.as_str()),
        (1, "nightly-sync: M1: there is no open conflict about `phone`\n")
    );
    assert_eq!(counts(&bench.sync(&both("p3", "s2")), ["conflicts_open"]), [2], "the source moved on");
}

#[test]
fn many_are_decided_by_a_filter() {
    let bench = disputed();
    let decided = ask(&bench, "decide", &["--all", "--field", "phone", "--remote"]);
    assert_eq!((decided.status, decided.stdout.as_str()), (0, "2 decided, 1 not meant, 0 left open\n"));
    assert_eq!([phone(&bench, "M1"), phone(&bench, "M2")].map(Option::unwrap), ["p2", "p2"]);
    assert_eq!(open(&bench), [("M1".to_owned(), "address".to_owned())]);
    let none = ask(&bench, "decide", &["--all", "--clash", "NoBase", "--id", "M1,M2", "--local"]);
    assert_eq!((none.status, none.stdout.as_str()), (0, "0 decided, 1 not meant, 0 left open\n"));
}

#[test]
fn an_overwritten_value_is_restored_from_the_audit() {
    let bench = disputed();
    assert_eq!(ask(&bench, "decide", &["--all", "--remote"]).status, 0);
    let seq = |field: &str| {
        let sql = "SELECT max(seq) FROM tripartite_audit WHERE external_id = 'M1' AND field = ";
        bench.value(&format!("{sql}'{field}'")).unwrap()
    };
    let restored = ask(&bench, "restore", &["--audit", &seq("phone")]);
    assert_eq!((restored.status, restored.stdout.as_str()), (0, "M1: restored phone\n"), "{}", restored.stderr);
    // Any entry of a group brings back all of it.
    let group = ask(&bench, "restore", &["--audit", &seq("town"), "--by", "Nuala"]);
    assert_eq!((group.status, group.stdout.as_str()), (0, "M1: restored town, street\n"), "{}", group.stderr);
    bench.sync(&both("p2", "s2"));
    assert_eq!(phone(&bench, "M1").as_deref(), Some("ours"));
    assert_eq!(bench.value("SELECT street FROM members WHERE external_id = 'M1'").as_deref(), Some("our street"));
    let none = ask(&bench, "restore", &["--audit", "99999"]);
    assert_eq!(none.stderr, "nightly-sync: there is no entry 99999 in the audit that is about a field\n");
}

#[test]
fn what_was_set_aside_is_listed() {
    let bench = Bench::new();
    assert_eq!(bench.run(&bench.listing(line(1, "p1", "s1") + "{\"id\": \"M2\", \n"), &[]).status, 3);
    let aside = ask(&bench, "quarantine", &[]);
    assert_eq!(aside.status, 0, "{}", aside.stderr);
    assert!(aside.stdout.contains("line 2") && aside.stderr.starts_with("1 set aside by run "), "{}", aside.stdout);
    let json: Json = serde_json::from_str(&ask(&bench, "quarantine", &["--json"]).stdout).unwrap();
    assert_eq!(json["situation"], "Malformed");
    bench.sync(&line(1, "p1", "s1"));
    assert_eq!(ask(&bench, "quarantine", &[]).stdout, "", "the cause is gone");
}

#[test]
fn old_entries_are_forgotten_in_many_transactions() {
    let bench = disputed();
    let count = || bench.value("SELECT count(*) FROM tripartite_audit").unwrap().parse::<usize>().unwrap();
    let kept = count();
    bench.edit(
        "INSERT INTO tripartite_audit(run, at, external_id, subject, verdict, decision, entry)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
         SELECT 'old', '2001-02-03T04:05:06Z', 'M1', 'record', 'x', 'x', '{}' FROM n",
    );
    let pruned = ask(&bench, "prune-audit", &["--before", "2001-02-03"]);
    assert_eq!(pruned.stdout, "0 entries from before 2001-02-03T00:00:00Z forgotten\n", "{}", pruned.stderr);
    let pruned = ask(&bench, "prune-audit", &["--before", "2001-02-03T06:05:07+02:00"]);
    assert_eq!(pruned.stdout, "2500 entries from before 2001-02-03T04:05:07Z forgotten\n", "{}", pruned.stderr);
    assert_eq!(count(), kept);
    let wrong = ask(&bench, "prune-audit", &["--before", "yesterday"]);
    assert_eq!(wrong.status, 2);
    assert!(wrong.stderr.contains("'yesterday' for '--before <DATE>': expected a day"), "{}", wrong.stderr);
}

const PRIVATE: &str = r#"{"strategy": "merge", "fields": {
    "name": {"kind": "text", "sensitive": "redacted"}, "phone": {"kind": "text", "sensitive": "hashed"}
}}"#;

/// Everything that a run, a decision, a restoration and their errors print, over values that hold a mark.
#[test]
fn no_output_shows_a_value() {
    let bench = Bench::new();
    let (schema, db) = (bench.write("schema.json", PRIVATE), bench.path("members.db"));
    let of = |n: u32| {
        let line = |id: u32| format!("{{\"id\": \"M{id}\", \"name\": \"mark{n}\", \"phone\": \"mark{n}{n}\"}}\n");
        line(1) + &line(2) + "{\"id\": \"M3\", \"name\": {\"a\": \"mark\"}}\n{\"id\": \"M4\", \"name\": mark}\n"
    };
    let mut printed = Vec::new();
    let mut run = |args: &[&str]| {
        let ran = bench.program(args);
        printed.push(format!("{args:?}\n{}{}", ran.stdout, ran.stderr));
    };
    run(&["run", "--db", &db, "--remote", &bench.listing(of(1)), "--schema", &schema]);
    bench.edit("UPDATE members SET name = 'mark ours', phone = 'mark ours'");
    let listing = bench.listing(of(2));
    run(&["run", "--db", &db, "--remote", &listing, "--dry-run"]);
    run(&["plan", "--db", &db, "--remote", &listing, "--out", &bench.path("plan.json")]);
    run(&["run", "--db", &db, "--remote", &listing, "--json"]);
    run(&["conflicts", "--db", &db]);
    run(&["conflicts", "--db", &db, "--json"]);
    run(&["decide", "--db", &db, "--id", "M1", "--field", "phone", "--remote"]);
    run(&["decide", "--db", &db, "--id", "M1", "--field", "phone", "--remote"]);
    run(&["decide", "--db", &db, "--all", "--remote"]);
    run(&["restore", "--db", &db, "--audit", "1"]);
    run(&["restore", "--db", &db, "--audit", &bench.value("SELECT max(seq) FROM tripartite_audit").unwrap()]);
    run(&["quarantine", "--db", &db]);
    run(&["run", "--db", &db, "--remote", &bench.listing(of(3)), "--strategy", "remote_wins"]);
    // The audit shows what it keeps, and of these fields that is no value.
    run(&["audit", "--db", &db]);
    run(&["audit", "--db", &db, "--format", "csv"]);
    let page = bench.path("page.html");
    run(&["report", "--db", &db, "--html", &page]);
    run(&["approve", "--db", &db, "--plan", &bench.path("plan.json"), "--id", &"0".repeat(64)]);
    // The same as a job.
    let (key, jobs) = ("ballybeg/federation", bench.path("jobs.db"));
    let listings = [1, 2].map(|n| bench.write(&format!("job-{n}.jsonl"), of(n)));
    run(&["schedule", "--db", &jobs, "--key", key, "--remote", &listings[0], "--schema", &schema]);
    for listing in &listings {
        run(&["schedule", "--db", &jobs, "--key", key, "--remote", listing]);
        run(&["trigger", "--db", &jobs, "--key", key]);
        run(&["work", "--db", &jobs, "--until-idle", "--json", "--spacing", "0"]);
        let members: String = rusqlite::Connection::open(&jobs)
            .unwrap()
            .query_row("SELECT name FROM sqlite_schema WHERE name LIKE '%members%' AND type = 'table'", [], |row| {
                row.get(0)
            })
            .unwrap();
        let edit = format!("UPDATE \"{members}\" SET name = 'mark ours', phone = 'mark ours'");
        rusqlite::Connection::open(&jobs).unwrap().execute_batch(&edit).unwrap();
    }
    run(&["work", "--db", &jobs, "--until-idle", "--spacing", "0"]);
    run(&["status", "--db", &jobs]);
    run(&["status", "--db", &jobs, "--json"]);
    run(&["history", "--db", &jobs, "--key", key]);
    run(&["history", "--db", &jobs, "--key", key, "--format", "csv"]);
    run(&["conflicts", "--db", &jobs, "--key", key]);
    let other = bench.path("job.html");
    run(&["report", "--db", &jobs, "--key", key, "--html", &other]);
    for page in [&page, &other] {
        let page = std::fs::read_to_string(page).unwrap();
        // It marks where two values differ by an element of this name, and says of a bar that it does.
        let body = page.split_once("<body>").unwrap().1;
        let values = body.replace("<mark>", "").replace("</mark>", "").replace("a column marks this one", "");
        printed.push(values);
    }
    assert!(printed.iter().any(|text| text.contains("(not shown)")), "a conflict is on a page");
    for text in &printed {
        assert!(!text.contains("mark"), "{text}");
    }
    let all = printed.concat();
    assert!(all.contains("the audit keeps `") && all.contains("redacted, so there is no value to restore"), "{all}");
}

#[test]
fn a_hash_needs_the_key_and_tells_equal_values() {
    let bench = Bench::new();
    let (schema, db) = (bench.write("schema.json", PRIVATE), bench.path("members.db"));
    let keyed = |name: &str, phone: &str| {
        let text = format!("{{\"id\": \"M1\", \"name\": \"n\", \"phone\": \"{phone}\"}}\n");
        let output = Command::new(env!("CARGO_BIN_EXE_nightly-sync"))
            .args(["run", "--db", &db, "--remote", &bench.listing(text), "--schema", &schema])
            .env("NIGHTLY_SYNC_AUDIT_KEY_FILE", bench.path(name))
            .output()
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    bench.write("short", "secret");
    let (status, problem) = keyed("short", "a");
    assert!(status == 1 && problem.contains("an audit key has at least 32 bytes, this one has 6"), "{problem}");
    assert!(keyed("none", "a").1.contains("cannot be used"));
    bench.write("key", [7; 32]);
    for phone in ["a", "b", "a"] {
        assert_eq!(keyed("key", phone).0, 0);
    }
    let kept = bench.value(
        "SELECT group_concat((entry ->> '$.field.local') || ' ' || (entry ->> '$.field.remote'), ' ' ORDER BY seq)
         FROM tripartite_audit WHERE field = 'phone' AND verdict = 'RemoteOnly'",
    );
    let kept = kept.unwrap();
    let hashes: Vec<&str> = kept.split(' ').collect();
    let [a, b, b_again, a_again] = hashes[..] else { panic!("{kept}") };
    assert!(a.starts_with("hmac-sha256:") && a == a_again && b == b_again && a != b, "{kept}");
}

/// A record field of which a run merged one part and left the other to a person.
fn half_merged() -> Bench {
    let bench = Bench::new();
    let schema = r#"{"strategy": "merge", "fields": {"contact": {"kind": "record",
        "fields": {"phone": {"kind": "text"}, "relation": {"kind": "text"}}}}}"#;
    let line = |phone: &str, relation: &str| {
        format!("{{\"id\": \"M'1\", \"contact\": {{\"phone\": \"{phone}\", \"relation\": \"{relation}\"}}}}\n")
    };
    let schema = bench.write("schema.json", schema);
    assert_eq!(bench.run(&bench.listing(line("1", "father")), &["--schema", &schema]).status, 0);
    bench.edit(r#"UPDATE members SET contact = '{"phone": "2", "relation": "father"}'"#);
    bench.listing(line("3", "guardian"));
    bench
}

fn told(bench: &Bench, args: &[&str]) -> String {
    let db = bench.path("members.db");
    let ran = bench.program(&[&args[..1], &["--db", &db], &args[1..]].concat());
    assert_eq!(ran.status, 0, "{args:?}: {}", ran.stderr);
    ran.stdout
}

/// The first question of a page.
fn question(bench: &Bench) -> String {
    let out = bench.path("page.html");
    told(bench, &["report", "--html", &out]);
    let page = std::fs::read_to_string(out).unwrap();
    let question = page.split("<article class=\"conflict\">").nth(1).unwrap();
    question.split("</article>").next().unwrap().to_owned()
}

#[test]
fn what_the_run_merged_is_no_edit_of_somebody_and_is_not_marked() {
    let bench = half_merged();
    told(&bench, &["run", "--remote", &bench.path("listing.jsonl")]);
    let edited = "Somebody edited it here since.";
    let values = told(&bench, &["conflicts", "--values"]);
    assert!(!values.contains(edited) && values.contains(r#"local  {"phone":"2","relation":"guardian"}"#), "{values}");
    let page = question(&bench);
    let here = page.split(">here<").nth(1).unwrap().split("</tr>").next().unwrap();
    assert!(here.contains("guardian") && !here.contains("father") && !page.contains(edited), "{here}");
    let marked: Vec<_> = page.split("<mark>").skip(1).map(|rest| rest.split("</mark>").next().unwrap()).collect();
    assert!(marked.iter().all(|part| !part.contains("guardian") && !part.contains("father")), "{marked:?}");
    bench.edit(r#"UPDATE members SET contact = '{"phone": "2", "relation": "aunt"}'"#);
    assert!(!told(&bench, &["conflicts"]).contains(edited), "the relation is not in dispute");
    bench.edit(r#"UPDATE members SET contact = '{"phone": "4", "relation": "aunt"}'"#);
    assert!(told(&bench, &["conflicts"]).contains(edited));
    let page = question(&bench);
    assert!(page.contains(edited) && page.contains("relation: aunt"), "{page}");
    assert!(page.contains("<mark>4</mark>") && page.contains("<mark>3</mark>"), "{page}");
}

/// A conflict of an earlier version has the value from before the run merged the rest.
#[test]
fn a_conflict_that_was_stored_before_it_was_merged_reads_as_one_after() {
    let bench = half_merged();
    told(&bench, &["run", "--remote", &bench.path("listing.jsonl")]);
    let earlier = "json_set(conflict, '$.local.relation', 'father')";
    bench.edit(&format!("UPDATE tripartite_conflicts SET conflict = {earlier}"));
    assert!(!told(&bench, &["conflicts"]).contains("Somebody edited it here since."));
    let page = question(&bench);
    let here = page.split(">here<").nth(1).unwrap().split("</tr>").next().unwrap();
    assert!(here.contains("guardian"), "{here}");
}

#[test]
fn a_run_the_list_and_the_page_name_the_command_that_answers_and_it_does() {
    let bench = half_merged();
    let db = bench.path("members.db");
    let command = format!("nightly-sync decide --db {db} --id 'M'\\''1' --field contact");
    let run = told(&bench, &["run", "--remote", &bench.path("listing.jsonl")]);
    assert!(run.contains(&command) && run.contains("--local (the value here stays)"), "{run}");
    assert!(run.contains(&format!("nightly-sync conflicts --db {db} --values")), "{run}");
    assert!(told(&bench, &["conflicts"]).contains(&command));
    let page = question(&bench).replace("&#39;", "'");
    assert!(page.contains(&command), "{page}");
    let line = command.replacen("nightly-sync", env!("CARGO_BIN_EXE_nightly-sync"), 1);
    let shell = |line: &str| std::process::Command::new("sh").args(["-c", line]).output().unwrap().status.code();
    assert_eq!(shell(&line), Some(2), "without an answer it does nothing");
    assert_eq!(shell(&format!("{line} --remote")), Some(0));
    assert_eq!(told(&bench, &["conflicts"]), "");
    let again = told(&bench, &["run", "--remote", &bench.path("listing.jsonl")]);
    assert!(!again.contains("nightly-sync decide"), "{again}");
}

/// What a removed record is asked about has no value.
#[test]
fn a_question_about_a_whole_record_names_its_command() {
    let bench = Bench::synced(&members(1..=3));
    bench.edit("DELETE FROM members WHERE external_id = 'M1'");
    let run = told(&bench, &["run", "--remote", &bench.listing(members(1..=3).replace("p1", "p9"))]);
    assert!(run.contains(" --id M1 --record") && run.contains("with --local (it stays as it is here)"), "{run}");
    assert!(question(&bench).contains(" --id M1 --record"));
}

/// A row that is gone cannot be filled, and nothing else says so: the record stays in question.
#[test]
fn a_row_that_was_deleted_is_not_taken_back() {
    let bench = Bench::synced(&members(1..=3));
    bench.edit("DELETE FROM members WHERE external_id = 'M1'");
    bench.sync(&members(1..=3).replace("p1", "p9"));
    let refused = ask(&bench, "decide", &["--id", "M1", "--record", "--remote"]);
    let says = "nightly-sync: M1: its row was deleted; enter it anew with its external id, and the next run fills it\n";
    assert_eq!((refused.status, refused.stderr.as_str()), (1, says));
    assert_eq!(open(&bench).len(), 1);
    bench.edit("INSERT INTO members(external_id, name) VALUES ('M1', 'N1')");
    let report = bench.sync(&members(1..=3).replace("p1", "p9"));
    assert_eq!(counts(&report, ["updated", "conflicts_open"]), [1, 0]);
    assert_eq!(bench.value("SELECT phone FROM members WHERE external_id = 'M1'").as_deref(), Some("p9"));
}
