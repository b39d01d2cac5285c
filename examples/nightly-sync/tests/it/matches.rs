//! Match rules on the command line: what the schema's file says, what people answer, and an index that keeps up with
//! whoever edits the table.

mod doubles;

use serde_json::{Value, json};
use tripartite::drive::block_on;
use tripartite::matching::MatchRules;
use tripartite::store::{CandidateQuery, LoadRequest, RecordStore};
use tripartite_sql::Register;
use tripartite_sqlite::store::{Access, Database, SqliteStore};

use crate::bench::{Bench, Ran, counts};

const RULES: &str = r#"[{"name": "e-mail", "fields": ["email", "born"], "trust": "trusted"},
    {"name": "birthday", "fields": ["name", "born"]}]"#;

fn schema(rules: &str) -> String {
    let fields = r#"{"name": {"kind": "name"}, "born": {"kind": "date"}, "email": {"kind": "email"}}"#;
    format!(r#"{{"match": {rules}, "fields": {fields}}}"#)
}

/// A club with these rules, and no members yet.
fn club(rules: &str) -> Bench {
    let bench = Bench::new();
    let file = bench.write("s.json", schema(rules));
    let ran = bench.run(&bench.listing(""), &["--schema", &file]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    bench
}

fn line(id: &str, name: &str, email: &str) -> String {
    json!({"id": id, "name": name, "born": "2001-05-04", "email": email}).to_string() + "\n"
}

impl Bench {
    fn enter(&self, name: &str, email: &str) {
        let values = format!("('{name}', '2001-05-04', '{email}')");
        self.edit(&format!("INSERT INTO members(name, born, email) VALUES {values}"));
    }

    /// A run of these lines, however it ends.
    fn night(&self, listing: &str) -> Value {
        self.run(&self.listing(listing), &[]).json()
    }

    fn people(&self, args: &[&str]) -> Ran {
        let db = self.path("members.db");
        self.program(&[&args[..1], &["--db", &db], &args[1..]].concat())
    }

    /// Who has which external id.
    fn links(&self) -> String {
        self.value("SELECT group_concat(local_id || '=' || external_id, ' ' ORDER BY local_id) FROM members")
            .unwrap_or_default()
    }
}

#[test]
fn people_say_who_is_who() {
    let bench = club(RULES);
    bench.enter("Áine", "aine@club.example");
    bench.enter("Seán", "sean@club.example");
    let listing = line("F1", "Áine", "aine@example.org") + &line("F2", "Seán", "sean@example.org");
    assert_eq!(counts(&bench.night(&listing), ["proposed", "created"]), [2, 0]);

    let told = bench.people(&["matches"]);
    assert_eq!(told.status, 0);
    assert!(told.stdout.contains("F1  may be record 1 here, by the match rule `birthday`"), "{}", told.stdout);
    assert!(told.stderr.contains("2 wait for a person"), "{}", told.stderr);
    let lines = bench.people(&["matches", "--json"]).stdout;
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["matched"], json!({"found": {"local": "1", "rule": "birthday", "trust": "propose"}}));
    assert_eq!(first["id"], "F1");

    let linked = bench.people(&["link", "--id", "F1", "--local", "1", "--by", "Nuala"]);
    assert_eq!((linked.status, &*linked.stdout), (0, "member 1 is F1; the next run merges the two\n"));
    let ruled_out = bench.people(&["unlike", "--id", "F2", "--local", "2", "--by", "Nuala"]);
    assert_eq!(
        (ruled_out.status, &*ruled_out.stdout),
        (0, "member 2 is not F2; nobody is asked about the two again\n")
    );
    assert_eq!(
        bench.people(&["unlike", "--id", "F2", "--local", "2"]).stdout,
        "member 2 is not F2; it was said before\n"
    );
    assert!(
        bench.people(&["matches"]).stderr.contains("0 wait for a person"),
        "what was answered is not asked any more"
    );

    let sql = "SELECT group_concat(external_id || ' ' || decision || ' ' || json_extract(entry, '$.record.by'), ', ') \
               FROM tripartite_audit";
    assert_eq!(bench.value(sql).as_deref(), Some("F1 link Nuala, F2 unlike Nuala"));
    assert_eq!(counts(&bench.sync(&listing), ["updated", "created", "unchanged"]), [1, 1, 0], "nobody waits any more");
    assert_eq!(bench.links(), "1=F1 3=F2");
    assert_eq!(counts(&bench.sync(&listing), ["unchanged"]), [2]);
}

/// Somebody has typed an id with a line break behind it, which no source has: whoever it is, is not entered again, and not
/// linked by a rule either; when a person has mended the id, it is linked.
#[test]
fn an_id_that_no_source_can_have_is_no_reason_to_enter_somebody_twice() {
    let bench = club(RULES);
    bench.enter("Áine", "aine@example.org");
    bench.edit("UPDATE members SET external_id = 'F1' || char(10)");
    let listing = line("F1", "Áine", "aine@example.org");
    for _ in 0..2 {
        assert_eq!(counts(&bench.night(&listing), ["proposed", "created", "linked"]), [1, 0, 0]);
    }
    let told = bench.people(&["matches"]).stdout;
    assert!(told.contains("F1  may be record 1 here, by the match rule `e-mail`"), "{told}");
    let refused = bench.people(&["link", "--id", "F1", "--local", "1"]);
    assert!(refused.status == 1 && refused.stderr.contains("member 1 is linked to F1"), "{}", refused.stderr);
    bench.edit("UPDATE members SET external_id = trim(external_id, char(10))");
    assert_eq!(counts(&bench.sync(&listing), ["processed", "created"]), [1, 0]);
    assert_eq!(bench.links(), "1=F1");
}

#[test]
fn what_people_say_that_cannot_be_is_refused() {
    let bench = club(RULES);
    bench.enter("Áine", "aine@example.org");
    bench.enter("Seán", "sean@example.org");
    bench.sync(&line("F1", "Áine", "aine@example.org"));
    for (args, status, why) in [
        (vec!["link", "--id", "F2", "--local", "1"], 1, "member 1 is linked to F1 already, and a link is never moved"),
        (vec!["link", "--id", "F1", "--local", "2"], 1, "F1 is linked to another member here already"),
        (vec!["link", "--id", "F2", "--local", "99"], 1, "there is no member 99 here"),
        (vec!["link", "--id", "F2", "--local", "x"], 1, "there is no member x here"),
        (vec!["unlike", "--id", "F1", "--local", "1"], 1, "member 1 is linked to F1 already"),
        (vec!["unlike", "--id", "F2", "--local", "99"], 1, "there is no member 99 here"),
        (vec!["link", "--id", "F2"], 2, "--local <LOCAL_ID>"),
        (vec!["unlike", "--local", "1"], 2, "--id <ID>"),
    ] {
        let ran = bench.people(&args);
        assert_eq!(ran.status, status, "{args:?}");
        assert!(ran.stderr.contains(why), "{args:?}: {}", ran.stderr);
    }
    assert_eq!(bench.links(), "1=F1");
}

/// People edit the table with plain SQL, and the keys follow.
#[test]
fn the_keys_keep_up_with_whoever_edits() {
    let bench = club(RULES);
    bench.enter("Áine", "first@example.org");
    assert_eq!(counts(&bench.night(&line("F1", "Una", "other@example.org")), ["created"]), [1]);
    let nobody = |bench: &Bench, email: &str| {
        let plan = bench.run(&bench.listing(line("F9", "Somebody", email)), &["--partial", "--dry-run"]).json();
        counts(&plan, ["linked", "created"])
    };
    let found = [("first", [1, 0]), ("second", [0, 1])];
    found.iter().for_each(|(email, is)| assert_eq!(nobody(&bench, &format!("{email}@example.org")), *is));
    for edit in [
        "UPDATE members SET email = 'second@example.org' WHERE local_id = 1",
        "REPLACE INTO members(local_id, name, born, email) VALUES (1, 'Áine', '2001-05-04', 'third@example.org')",
        "INSERT OR FAIL INTO members(local_id, name, born, email) VALUES (7, 'Seán', '2001-05-04', 'fourth@example.org')",
        "UPDATE OR ABORT members SET email = 'fifth@example.org', local_id = 8 WHERE local_id = 7",
        "DELETE FROM members WHERE local_id = 8",
        "INSERT INTO members(local_id, name, born, email) VALUES (8, 'Seán', '2001-05-04', 'sixth@example.org')",
    ] {
        bench.edit(edit);
    }
    for (email, is) in [("second", 0), ("third", 1), ("fourth", 0), ("fifth", 0), ("sixth", 1)] {
        let email = format!("{email}@example.org");
        assert_eq!(nobody(&bench, &email), [is, 1 - is], "{email}, in a dry run");
    }
    let listing = line("F3", "Somebody", "third@example.org") + &line("F6", "Somebody else", "sixth@example.org");
    let report = bench.run(&bench.listing(&listing), &["--partial"]).json();
    assert_eq!(counts(&report, ["linked", "created"]), [2, 0]);
    assert_eq!(bench.links(), "1=F3 2=F1 8=F6");
}

/// However many rows moved; and where none did, a load that looks for somebody writes nothing.
#[test]
fn keys_are_reckoned_once() {
    let bench = club(RULES);
    let many = "INSERT INTO members(name, born, email)
        WITH RECURSIVE n(at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < 2500)
        SELECT 'N' || at, '2001-05-04', 'n' || at || '@example.org' FROM n";
    bench.edit(many);
    let lines: String =
        [1, 1000, 1001, 2500].map(|at| line(&format!("F{at}"), "X", &format!("N{at}@example.org"))).concat();
    assert_eq!(counts(&bench.sync(&lines), ["linked", "created"]), [4, 0]);
    assert_eq!(bench.links(), "1=F1 1000=F1000 1001=F1001 2500=F2500");
    assert_eq!(bench.value("SELECT count(*) FROM tripartite_keys").as_deref(), Some("5000"), "two of each");

    let register = Register::default();
    let database = Database::open(&bench.db(), Access::Write).unwrap();
    let settings = database.settings(&register).unwrap().unwrap();
    let rules = MatchRules::new(&settings.schema, database.rules(&register).unwrap()).unwrap();
    let store = SqliteStore::new(database, settings).unwrap();
    let client = bench.sql();
    let version = || client.query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0)).unwrap();
    let near = || {
        let record = store.schema().record(&json!({"email": "n7@example.org", "born": "2001-05-04"})).unwrap();
        let near = CandidateQuery::new(rules.clone(), rules.keys(&record));
        let wanted = LoadRequest::of([]).near(near);
        block_on(store.load(&wanted)).unwrap().candidates.len()
    };
    assert_eq!(near(), 1, "what the last run itself has written is reckoned now");
    let before = version();
    assert_eq!((near(), version()), (1, before));
    bench.edit("UPDATE members SET email = NULL WHERE local_id = 7");
    assert_eq!(near(), 0);
    assert_eq!(bench.value("SELECT count(*) FROM tripartite_keys").as_deref(), Some("4999"));
}

/// A placeholder holds nobody back, and what it did not do is said without its value.
#[test]
fn a_placeholder_that_many_have_is_named_and_names_nobody() {
    let bench = club(r#"[{"name": "e-mail", "fields": ["email"], "trust": "trusted"}]"#);
    bench.enter("Áine", "none@example.org");
    let lines: String = (0..40).map(|at| line(&format!("F{at}"), &format!("N {at}"), "none@example.org")).collect();
    let listing = bench.listing(&lines);
    let report = bench.run(&listing, &["--dry-run"]).json();
    assert_eq!(counts(&report, ["created", "quarantined"]), [40, 0]);
    assert_eq!(report["crowded"], json!([{"rule": "e-mail", "keys": 1, "records": 40}]));
    let told = bench.program(&["run", "--db", &bench.path("members.db"), "--remote", &listing]);
    let said =
        "match rule e-mail: one value of its fields is on more than 10 records, so it named nobody for 40 listed";
    assert!(told.stdout.contains(said), "{}", told.stdout);
    assert!(!told.stdout.contains("none@"), "{}", told.stdout);
    assert_eq!(bench.value("SELECT count(*) FROM members").as_deref(), Some("41"));
}

/// Whoever is entered under a number that somebody had is nobody of whom anything was said.
#[test]
fn what_was_said_of_one_is_not_said_of_the_next() {
    let bench = club(RULES);
    bench.enter("Áine", "aine@example.org");
    bench.people(&["unlike", "--id", "F1", "--local", "1"]);
    let dry = || {
        counts(&bench.run(&bench.listing(line("F1", "Áine", "aine@example.org")), &["--dry-run"]).json(), ["linked"])
    };
    assert_eq!(dry(), [0]);
    bench.edit("DELETE FROM members");
    bench.enter("Áine", "aine@example.org");
    assert_eq!((dry(), bench.value("SELECT min(local_id) FROM members").as_deref()), ([1], Some("1")));
    bench.people(&["unlike", "--id", "F1", "--local", "1"]);
    bench
        .edit("REPLACE INTO members(local_id, name, born, email) VALUES (1, 'Áine', '2001-05-04', 'aine@example.org')");
    assert_eq!(dry(), [1]);
}

/// A dry run finds whom a run finds, and no byte of the file changes.
#[test]
fn a_dry_run_writes_no_keys() {
    let bench = club(RULES);
    bench.enter("Áine", "aine@example.org");
    let listing = bench.listing(line("F1", "Áine", "aine@example.org"));
    let (bytes, files) = (bench.bytes(), bench.files());
    let plan = bench.run(&listing, &["--dry-run"]).json();
    assert_eq!((counts(&plan, ["linked"]), bench.bytes() == bytes, bench.files()), ([1], true, files));
    let run = bench.run(&listing, &[]).json();
    assert_eq!((counts(&run, ["linked"]), &run["plan_id"]), ([1], &plan["plan_id"]));
}

/// Other rules find others at once, and nobody who is linked is looked at again.
#[test]
fn other_rules_hold_from_the_next_run() {
    let bench = club("[]");
    bench.enter("Áine", "aine@example.org");
    bench.enter("Seán", "sean@example.org");
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'tripartite_key*'";
    assert_eq!(counts(&bench.sync(&line("F1", "Una", "una@example.org")), ["created"]), [1]);
    assert_eq!(bench.value(tables).as_deref(), Some("0"), "without rules there is nothing to keep");
    let with = |rules: &str, listing: &str| {
        let file = bench.write("s.json", schema(rules));
        bench.run(&bench.listing(listing), &["--schema", &file]).json()
    };
    let two = line("F1", "Una", "una@example.org") + &line("F2", "Áine", "aine@club.example");
    let report = with(RULES, &two);
    assert_eq!(counts(&report, ["proposed", "unchanged", "created"]), [1, 1, 0]);
    let trusted = RULES.replace(r#""born"]}"#, r#""born"], "trust": "trusted"}"#);
    assert_ne!(trusted, RULES);
    assert_eq!(counts(&with(&trusted, &two), ["linked", "unchanged"]), [1, 1]);
    // Remembered with the database, and gone where a schema's file does not state them.
    let three = two.clone() + &line("F3", "Seán", "sean@club.example");
    let plan = bench.run(&bench.listing(&three), &["--dry-run"]).json();
    assert_eq!(counts(&plan, ["linked"]), [1]);
    let file = bench.write("s.json", schema("[]"));
    let plan = bench.run(&bench.listing(&three), &["--schema", &file, "--dry-run"]).json();
    assert_eq!(counts(&plan, ["linked", "created"]), [0, 1]);
}

#[test]
fn rules_that_cannot_be_are_told() {
    let bench = Bench::new();
    for (rules, why) in [
        (r#"[{"name": "a", "fields": ["mail"]}]"#, "match rule `a`: there is no field `mail`"),
        (r#"[{"name": "a", "fields": []}]"#, "match rule `a` names no field"),
        (r#"[{"name": "a", "fields": ["email"], "trust": "always"}]"#, "unknown variant `always`"),
        (r#"[{"name": "a", "fields": ["email"], "trusted": true}]"#, "unknown field `trusted`"),
        (r#"[], "match": []"#, "schema: `match` is stated twice"),
    ] {
        let file = bench.write("s.json", schema(rules));
        let ran =
            bench.program(&["run", "--db", &bench.path("m.db"), "--remote", &bench.listing(""), "--schema", &file]);
        assert_eq!(ran.status, 1, "{rules}");
        assert!(ran.stderr.contains(why) && ran.stderr.contains("s.json"), "{rules}: {}", ran.stderr);
    }
}

/// A plan with links waits in a file, and is carried out as it was approved.
#[test]
fn a_plan_with_links_is_approved() {
    let bench = club(RULES);
    bench.enter("Áine", "aine@example.org");
    bench.enter("Seán", "sean@example.org");
    let listing = bench.listing(line("F1", "Áine", "aine@example.org") + &line("F2", "Seán", "sean@example.org"));
    let (db, out) = (bench.path("members.db"), bench.path("plan.json"));
    let plan = bench.program(&["plan", "--db", &db, "--remote", &listing, "--out", &out, "--json"]).json();
    assert_eq!(counts(&plan, ["linked"]), [2]);
    bench.edit("UPDATE members SET name = 'Seán Óg' WHERE local_id = 2");
    let id = plan["plan_id"].as_str().unwrap();
    let ran = bench.program(&["approve", "--db", &db, "--plan", &out, "--id", id, "--json"]);
    assert_eq!((ran.status, counts(&ran.json(), ["linked", "updated"])), (0, [2, 1]), "{}", ran.stderr);
    assert_eq!(bench.links(), "1=F1 2=F2");
}

/// A worker goes by the rules that its register was enrolled with; and never finds anybody of another organisation.
#[test]
fn a_worker_finds_in_its_own_register() {
    let bench = Bench::new();
    let db = bench.path("members.db");
    let file = bench.write("s.json", schema(RULES));
    let listing = bench.write("l.jsonl", line("F1", "Áine", "aine@example.org"));
    let tell = |args: &[&str]| {
        let ran = bench.program(&[&args[..1], &["--db", &db], &args[1..]].concat());
        assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    };
    for key in ["ballybeg/federation", "ballymore/federation"] {
        tell(&["schedule", "--key", key, "--remote", &listing, "--schema", &file]);
    }
    let values = "VALUES ('Áine', '2001-05-04', 'aine@example.org')";
    bench.edit(&format!("INSERT INTO \"members/ballymore/federation\"(name, born, email) {values}"));
    for key in ["ballybeg/federation", "ballymore/federation"] {
        tell(&["trigger", "--key", key]);
    }
    tell(&["work", "--until-idle", "--spacing", "0"]);
    for key in ["ballybeg/federation", "ballymore/federation"] {
        let table = format!("\"members/{key}\"");
        assert_eq!(
            bench.value(&format!("SELECT group_concat(external_id) FROM {table}")).as_deref(),
            Some("F1"),
            "{key}"
        );
        let audit = format!("SELECT group_concat(verdict) FROM \"tripartite_audit/{key}\"");
        let how = if key.starts_with("ballymore") { "Found" } else { "Unmatched" };
        assert_eq!(bench.value(&audit).as_deref(), Some(how), "{key}");
    }
}

/// The page for people shows whom a rule linked, and who waits for them.
#[test]
fn the_page_tells_of_links_and_proposals() {
    let bench = club(RULES);
    bench.enter("Áine", "aine@example.org");
    bench.enter("Seán", "sean@club.example");
    bench.night(&(line("F1", "Áine W", "aine@example.org") + &line("F2", "Seán", "sean@example.org")));
    let page = bench.path("run.html");
    let ran = bench.people(&["report", "--html", &page]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let page = std::fs::read_to_string(page).unwrap();
    for text in ["linked to who was here", "A member here may be this one.", "may be record 2 here"] {
        assert!(page.contains(text), "{text}");
    }
}

/// Every question of who is who comes with the commands that answer it: in `run`, `matches`, `quarantine` and on the page.
#[test]
fn each_question_of_who_is_who_names_its_commands() {
    let bench = club(RULES);
    bench.enter("Áine", "aine@club.example");
    bench.enter("Seán", "sean@club.example");
    bench.enter("Seán", "s@club.example");
    let listing = line("F1", "Áine", "aine@example.org") + &line("F2", "Seán", "sean@example.org");
    let file = bench.listing(&listing);
    let db = bench.path("members.db");
    let ran = bench.program(&["run", "--db", &db, "--remote", &file]);
    let page = bench.path("run.html");
    assert_eq!(bench.people(&["report", "--html", &page]).status, 0);
    let told = [ran.stdout, bench.people(&["matches"]).stdout, bench.people(&["quarantine"]).stdout];
    for told in told.into_iter().chain([std::fs::read_to_string(page).unwrap()]) {
        for (command, id, local) in [("link", "F1", 1), ("unlike", "F1", 1), ("link", "F2", 2), ("unlike", "F2", 3)] {
            let command = format!("nightly-sync {command} --db {db} --id {id} --local {local}");
            assert!(told.contains(&command), "{command}: {told}");
        }
    }
    assert_eq!(bench.people(&["unlike", "--id", "F1", "--local", "1"]).status, 0);
    assert!(!bench.people(&["quarantine"]).stdout.contains("--id F1"), "it is answered");
}

/// The listing of a source that writes its ids otherwise from one night to the next, and of one that gives a person a new
/// id: `matches` names the commands that answer, and they answer.
#[test]
fn whether_who_has_a_new_id_is_the_same_is_answered_on_the_command_line() {
    for (rules, is) in [("[]", "f-1"), (RULES, "F-7")] {
        for same in [true, false] {
            let bench = club(rules);
            let listing = |id: &str| line(id, "Áine", "aine@example.org") + &line("F-2", "Seán", "sean@example.org");
            bench.sync(&listing("F-1"));
            for _ in 0..2 {
                let report = bench.night(&listing(is));
                assert_eq!(counts(&report, ["created", "deactivated", "quarantined", "proposed"]), [0, 0, 1, 1]);
            }
            let told = bench.people(&["matches"]).stdout;
            assert!(
                told.contains(&format!("nightly-sync link --db {} --id {is} --local 1", bench.path("members.db"))),
                "{told}"
            );
            let command = if same { "link" } else { "unlike" };
            let answered = bench.people(&[command, "--id", is, "--local", "1", "--by", "Nuala"]);
            assert_eq!(answered.status, 0, "{}", answered.stderr);
            assert!(bench.people(&["matches"]).stderr.contains("0 wait for a person"));
            let expected =
                if same { (format!("1={is} 2=F-2"), [0, 2]) } else { (format!("1=F-1 2=F-2 3={is}"), [1, 1]) };
            assert_eq!(counts(&bench.sync(&listing(is)), ["created", "unchanged"]), expected.1);
            assert_eq!(bench.links(), expected.0);
            let active = bench.value("SELECT active FROM members WHERE local_id = 1");
            assert_eq!(active.as_deref(), Some(if same { "1" } else { "0" }));
            assert_eq!(counts(&bench.sync(&listing(is)), ["unchanged"]), [2]);
        }
    }
}
