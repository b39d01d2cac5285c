//! Work: several organisations and sources in one database, by processes that come, go and are killed.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::bench::{Bench, members};

const QUICK: [&str; 4] = ["--spacing", "0", "--backoff", "1"];

impl Bench {
    /// A command on this database, that is expected to succeed.
    pub(crate) fn tell(&self, args: &[&str]) -> String {
        let ran = self.ask(args);
        assert_eq!(ran.0, 0, "{args:?}: {}", ran.1);
        ran.1
    }

    pub(crate) fn ask(&self, args: &[&str]) -> (i32, String) {
        let db = self.path("members.db");
        let ran = self.program(&[&args[..1], &["--db", &db], &args[1..]].concat());
        (ran.status, format!("{}{}", ran.stdout, ran.stderr))
    }

    pub(crate) fn enrol(&self, key: &str, listing: &str) {
        let file = self.write(&format!("{}.jsonl", key.replace('/', "-")), listing);
        self.tell(&["schedule", "--key", key, "--remote", &file]);
    }

    /// One whose only register is enrolled with a listing.
    pub(crate) fn enrolled(key: &str, listing: &str) -> Self {
        let bench = Self::new();
        bench.enrol(key, listing);
        bench
    }

    /// The same, synced once.
    pub(crate) fn in_step(key: &str, listing: &str) -> Self {
        let bench = Self::enrolled(key, listing);
        bench.tell(&["trigger", "--key", key]);
        assert_eq!(events(bench.work(&["--until-idle"]), "attempted").len(), 1);
        bench
    }

    pub(crate) fn work(&self, more: &[&str]) -> Child {
        self.work_leased("1", more)
    }

    /// A worker whose leases are so many seconds long.
    fn work_leased(&self, lease: &str, more: &[&str]) -> Child {
        let db = self.path("members.db");
        let args = [&["work", "--db", &db, "--json", "--lease", lease], &QUICK[..], more].concat();
        let program = env!("CARGO_BIN_EXE_nightly-sync");
        Command::new(program).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn status(&self) -> BTreeMap<String, Value> {
        let lines = self.tell(&["status", "--json"]);
        let read = |line: &str| -> (String, Value) {
            let line: Value = serde_json::from_str(line).unwrap();
            let key = &line["key"];
            (format!("{}/{}", key["org"].as_str().unwrap(), key["connector"].as_str().unwrap()), line["status"].clone())
        };
        lines.lines().map(read).collect()
    }

    pub(crate) fn history(&self, key: &str) -> Vec<Value> {
        let lines = self.tell(&["history", "--key", key]);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn count(&self, key: &str) -> String {
        self.value(&format!("SELECT count(*) FROM \"members/{key}\"")).unwrap()
    }
}

/// The events of a kind that a process has told of, once it has ended by itself.
pub(crate) fn events(child: Child, kind: &str) -> Vec<Value> {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let read = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    read.filter(|event| event["event"] == kind).collect()
}

#[test]
fn several_organisations_and_sources_work_in_one_database() {
    let bench = Bench::enrolled("ballybeg/federation", &members(1..=30));
    bench.enrol("dunmore/federation", &members(1..=20));
    bench.enrol("dunmore/school", "{\"id\": \"M1\", \"class\": \"4b\"}\n");
    for key in ["ballybeg/federation", "dunmore/federation", "dunmore/school"] {
        assert!(bench.tell(&["trigger", "--key", key]).contains("waits for a worker"));
    }
    assert!(bench.tell(&["trigger", "--key", "dunmore/school"]).contains("was waiting already"));
    let ran = events(bench.work(&["--until-idle"]), "attempted");
    assert_eq!(ran.len(), 3);
    let counts = ["ballybeg/federation", "dunmore/federation", "dunmore/school"].map(|key| bench.count(key));
    assert_eq!(counts, ["30", "20", "1"]);
    let status = bench.status();
    assert_eq!(status["dunmore/school"]["doing"], "idle");
    assert_eq!((&status["dunmore/school"]["wanted"], &status["dunmore/school"]["covered"]), (&2.into(), &2.into()));
    assert_eq!(bench.history("dunmore/school").len(), 1, "one run did both");
    let csv = bench.tell(&["history", "--format", "csv"]);
    assert_eq!(csv.lines().count(), 4);
    assert!(csv.starts_with("org,connector,token,"));
    // An edit in one register is nobody else's business, and stays.
    bench.edit("UPDATE \"members/dunmore/federation\" SET phone = 'edited' WHERE external_id = 'M1'");
    bench.tell(&["trigger", "--key", "ballybeg/federation"]);
    bench.tell(&["trigger", "--key", "dunmore/federation"]);
    assert_eq!(events(bench.work(&["--until-idle"]), "attempted").len(), 2);
    let phone = |key: &str| bench.value(&format!("SELECT phone FROM \"members/{key}\" WHERE external_id = 'M1'"));
    assert_eq!(phone("dunmore/federation").as_deref(), Some("edited"));
    assert_eq!(phone("ballybeg/federation").as_deref(), Some("p1"));
}

#[test]
fn what_cannot_be_is_said() {
    let bench = Bench::new();
    assert!(bench.ask(&["status"]).1.contains("there is no such file"));
    assert!(bench.ask(&["work", "--until-idle"]).1.contains("there is no such file"));
    bench.enrol("ballybeg/federation", &members(1..=3));
    for (args, problem) in [
        (vec!["trigger", "--key", "ballybeg/fed"], "ballybeg/fed is not connected"),
        (vec!["schedule", "--key", "dunmore/federation"], "dunmore/federation is new here, so --remote is missing"),
        (vec!["schedule", "--key", "ballybeg/federation", "--cron", "61 * * * *"], "is not a cron expression"),
        (
            vec!["schedule", "--key", "ballybeg/federation", "--at", "02:15", "--zone", "Europe/Ballybeg"],
            "no time zone is called",
        ),
        (vec!["cancel", "--key", "ballybeg/federation"], "it has no job"),
        (vec!["redrive", "--key", "ballybeg/federation"], "not dead"),
    ] {
        let (status, said) = bench.ask(&args);
        assert_eq!(status, 1, "{said}");
        assert!(said.contains(problem), "{said}");
    }
    assert_eq!(events(bench.work(&["--until-idle"]), "attempted").len(), 0);
}

#[test]
fn a_listing_that_stays_away_kills_the_job_until_it_is_redriven() {
    let bench = Bench::enrolled("ballybeg/federation", &members(1..=3));
    let file = bench.path("ballybeg-federation.jsonl");
    std::fs::rename(&file, bench.path("away")).unwrap();
    bench.tell(&["trigger", "--key", "ballybeg/federation"]);
    let (status, told) = bench.ask(&["work", "--until-idle", "--json", "--spacing", "0", "--backoff", "0"]);
    assert_eq!((status, told.lines().filter(|line| line.contains("job_died")).count()), (1, 1), "{told}");
    assert!(bench.status()["ballybeg/federation"]["doing"]["dead"].is_object());
    std::fs::rename(bench.path("away"), &file).unwrap();
    bench.tell(&["redrive", "--key", "ballybeg/federation"]);
    assert_eq!(events(bench.work(&["--until-idle"]), "attempted").len(), 1);
    assert_eq!(bench.count("ballybeg/federation"), "3");
}

#[test]
fn pause_holds_a_job_back_and_cancel_takes_it_out() {
    let bench = Bench::enrolled("ballybeg/federation", &members(1..=3));
    let key = ["--key", "ballybeg/federation"];
    bench.tell(&["trigger", key[0], key[1]]);
    bench.tell(&["pause", key[0], key[1]]);
    assert_eq!(events(bench.work(&["--until-idle"]), "attempted").len(), 0);
    assert_eq!(bench.status()["ballybeg/federation"]["paused"], true);
    bench.tell(&["resume", key[0], key[1]]);
    assert!(bench.tell(&["cancel", key[0], key[1]]).contains("cancelled"));
    assert_eq!(events(bench.work(&["--until-idle"]), "attempted").len(), 0);
}

/// Who was deleted at the source, and is only asked for by id, is not answered for: that is said, and a run of all follows.
#[test]
fn whom_the_source_does_not_answer_for_is_said_and_looked_for_by_a_run_of_all() {
    let key = "ballybeg/federation";
    let bench = Bench::in_step(key, &members(1..=40));
    bench.enrol(key, &members(4..=40));
    for gone in ["M1", "M2", "M3"] {
        bench.tell(&["trigger", "--key", key, "--only", gone]);
    }
    let (status, told) = bench.ask(&["work", "--until-idle", "--spacing", "0"]);
    assert_eq!(status, 3, "something was left to another run: {told}");
    assert!(told.contains("completed in part, and a run of all follows; 0 processed, 3 not answered for"), "{told}");
    assert!(told.contains("3 deactivated"), "{told}");
    let history = bench.history(key);
    assert_eq!(history[1]["ended"]["completed_in_part"]["unanswered"], 3);
    assert_eq!((history.len(), &history[2]["work"]["scope"]), (3, &Value::from("all")));
    let inactive = bench.value(&format!("SELECT count(*) FROM \"members/{key}\" WHERE active = 0"));
    assert_eq!(inactive.as_deref(), Some("3"));
}

/// What a guard held back of a job is let pass by the very command that `work` and `status` print.
#[test]
fn the_command_that_lets_a_blocked_job_pass_is_printed_and_does() {
    let key = "ballybeg/federation";
    let bench = Bench::in_step(key, &members(1..=40));
    bench.enrol(key, &members(1..=3));
    bench.tell(&["trigger", "--key", key]);
    let (status, told) = bench.ask(&["work", "--until-idle", "--spacing", "0"]);
    assert_eq!(status, 4, "{told}");
    let command = |told: &str| {
        let from = told.find("nightly-sync run --db ").expect("a command is printed");
        let command = told[from..].split(" lets exactly this plan pass").next().unwrap().to_owned();
        command.split(' ').map(|word| word.trim_matches('\'').to_owned()).collect::<Vec<_>>()
    };
    let words = command(&told);
    assert_eq!(words, command(&bench.tell(&["status"])));
    let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let ran = bench.program(&words);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    let inactive = bench.value(&format!("SELECT count(*) FROM \"members/{key}\" WHERE active = 0"));
    assert_eq!(inactive.as_deref(), Some("37"));
    bench.tell(&["trigger", "--key", key]);
    assert_eq!(bench.ask(&["work", "--until-idle", "--spacing", "0"]).0, 0);
    assert!(bench.status()[key]["held"].is_null(), "a run of all settles it");
}

/// The strategy of a trigger is that of its run, and of no other.
#[test]
fn a_trigger_brings_its_strategy() {
    let key = "ballybeg/federation";
    let bench = Bench::in_step(key, &members(1..=3));
    for (number, strategy) in [(2, "local_wins"), (3, "remote_wins")] {
        bench.edit(&format!("UPDATE \"members/{key}\" SET phone = 'here {number}' WHERE external_id = 'M1'"));
        let listing = members(1..=3).replace("p1", &format!("there {number}"));
        bench.enrol(key, &listing);
        bench.tell(&["trigger", "--key", key, "--strategy", strategy]);
        events(bench.work(&["--until-idle"]), "attempted");
        let phone = bench.value(&format!("SELECT phone FROM \"members/{key}\" WHERE external_id = 'M1'")).unwrap();
        let expected = if strategy == "local_wins" { "here 2" } else { "there 3" };
        assert_eq!(phone, expected);
    }
}

#[test]
fn two_processes_share_the_work_and_do_nothing_twice() {
    let bench = Bench::new();
    let keys: Vec<String> = (0..16).map(|org| format!("o{org}/federation")).collect();
    for key in &keys {
        bench.enrol(key, &members(1..=200));
        bench.tell(&["trigger", "--key", key]);
    }
    let more = ["--until-idle", "--running", "64", "--lease", "60"];
    let db = bench.path("members.db");
    let start = || {
        let args = [&["work", "--db", &db, "--json", "--spacing", "0", "--backoff", "1"], &more[..]].concat();
        let program = env!("CARGO_BIN_EXE_nightly-sync");
        Command::new(program).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let (one, two) = (start(), start());
    let (one, two) = (events(one, "attempted"), events(two, "attempted"));
    let mut handed = BTreeMap::new();
    for event in one.iter().chain(&two) {
        assert!(event["outcome"]["completed"].is_object(), "{event}");
        *handed.entry((event["key"]["org"].as_str().unwrap().to_owned(), event["token"].as_u64())).or_insert(0) += 1;
    }
    assert_eq!(handed.len(), 16);
    assert!(handed.values().all(|times| *times == 1));
    assert!(keys.iter().all(|key| bench.count(key) == "200"));
}

/// Kills a process in the middle of a run, twice at different moments, while a second one goes on.
#[test]
fn a_killed_process_loses_nothing_and_no_key_runs_twice_at_a_time() {
    const MEMBERS: u32 = 6000;
    // Long enough that only who was killed loses one, however busy the machine is.
    const LEASE: &str = "5";
    let bench = Bench::new();
    let key = "ballybeg/federation";
    bench.enrol(key, &members(1..=MEMBERS));
    bench.tell(&["trigger", "--key", key]);
    let mut killed = 0;
    for pause in [5, 150] {
        let mut child = bench.work_leased(LEASE, &[]);
        // A worker's name begins with its process.
        let name = format!("{}-", child.id());
        let running = || {
            let status = bench.status();
            status[key]["doing"]["running"]["worker"].as_str().is_some_and(|worker| worker.starts_with(&name))
        };
        while !running() {
            wait(2);
        }
        wait(pause);
        child.kill().unwrap();
        child.wait().unwrap();
        killed += u32::from(running());
        // What was asked for while nobody worked is not lost either.
        bench.tell(&["trigger", "--key", key]);
    }
    assert!(killed > 0, "the kills came too late to matter");
    let [one, two] = [(); 2].map(|()| bench.work_leased(LEASE, &["--until-idle"]));
    let (one, two) = (events(one, "attempted"), events(two, "attempted"));
    assert!(!one.is_empty() || !two.is_empty());
    let status = &bench.status()[key];
    assert_eq!((&status["doing"], &status["wanted"], &status["covered"]), (&"idle".into(), &3.into(), &3.into()));
    assert_eq!(bench.count(key), MEMBERS.to_string());
    assert_eq!(
        bench.value(&format!("SELECT count(DISTINCT external_id) FROM \"members/{key}\"")),
        Some(MEMBERS.to_string())
    );
    // One entry for each token, and each attempt began after the one before had ended.
    let history = bench.history(key);
    let tokens: Vec<u64> = history.iter().map(|entry| entry["token"].as_u64().unwrap()).collect();
    assert_eq!(tokens, (1..=history.len() as u64).collect::<Vec<_>>());
    let expired = history.iter().filter(|entry| entry["ended"]["expired"].is_object()).count();
    assert_eq!(expired, killed as usize);
    for pair in history.windows(2) {
        assert!(pair[0]["ended_at"].as_str() <= pair[1]["started_at"].as_str());
    }
    // The next run has nothing left to do.
    bench.tell(&["trigger", "--key", key]);
    let last = events(bench.work(&["--until-idle"]), "attempted");
    assert_eq!(last[0]["report"]["unchanged"], MEMBERS);
}

#[expect(clippy::disallowed_methods, reason = "the test waits for another process")]
fn wait(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}
