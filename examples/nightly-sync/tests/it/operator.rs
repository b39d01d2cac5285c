//! What an operator sees and does: status and history that only read, records that cannot be read, clocks that were wrong.

use std::time::Duration;

use chrono::TimeDelta;
use nightly_sync::app::now;
use nightly_sync::work;
use tripartite::drive::block_on;
use tripartite::id::SyncKey;
use tripartite::queue::{Command, Extent, Scope, Token, Trigger};

use crate::bench::{Bench, members};
use crate::work::events;

const KEY: &str = "ballybeg/federation";

fn key() -> SyncKey {
    SyncKey { org: "ballybeg".parse().unwrap(), connector: "federation".parse().unwrap() }
}

fn trigger() -> Command {
    Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false }
}

/// All that the file system has of the database.
fn trace(bench: &Bench) -> (Vec<String>, Vec<u8>) {
    (bench.files(), bench.bytes())
}

#[test]
fn status_and_history_change_no_byte() {
    let bench = Bench::in_step(KEY, &members(1..=3));
    // A worker that vanished right after it had completed: the slot has the attempt, and the history does not yet.
    {
        let queue = work::queue(bench.db()).unwrap();
        let give = |command| block_on(queue.apply(&key(), None, command, now())).unwrap().outcome;
        let _ = give(trigger());
        let lease = Duration::from_secs(60);
        let _ = give(Command::Claim { worker: "w".parse().unwrap(), nonce: "n".parse().unwrap(), lease });
        let _ = give(Command::Complete { token: Token(2), result: None, extent: Extent::default() });
    }
    let before = trace(&bench);
    for _ in 0..2 {
        assert_eq!(bench.status().len(), 1);
        assert_eq!(bench.history(KEY).len(), 2, "also what the slot still has");
        assert_eq!(bench.tell(&["history", "--format", "csv"]).lines().count(), 3);
        assert_eq!(trace(&bench), before);
    }
    // A worker appends it, and then it stands there once.
    assert_eq!(events(bench.work(&["--until-idle"]), "attempted").len(), 0);
    assert_ne!(trace(&bench), before);
    assert_eq!(bench.history(KEY).len(), 2);
}

#[test]
fn status_and_history_of_a_database_without_jobs_make_none() {
    let bench = Bench::synced(&members(1..=3));
    let before = trace(&bench);
    assert!(bench.tell(&["status"]).contains("no organisation is enrolled"));
    assert_eq!(bench.tell(&["history"]), "");
    assert_eq!(trace(&bench), before);
}

#[test]
fn who_is_enrolled_shows_before_anything_was_asked_for() {
    let bench = Bench::enrolled(KEY, &members(1..=3));
    bench.enrol("dunmore/federation", &members(1..=3));
    assert!(bench.tell(&["status"]).contains(&format!("{KEY}: idle, and never asked for anything")));
    assert_eq!(bench.tell(&["status", "--org", "dunmore"]).lines().count(), 1);
    bench.tell(&["trigger", "--key", KEY]);
    let status = bench.status();
    assert_eq!((&status[KEY]["wanted"], &status["dunmore/federation"]["wanted"]), (&1.into(), &0.into()));
    assert_eq!(status["dunmore/federation"]["doing"], "idle");
}

#[test]
fn who_is_not_there_is_told_with_who_is() {
    let bench = Bench::in_step(KEY, &members(1..=3));
    for args in [
        &["conflicts"] as &[_],
        &["conflicts", "--key", "dunmore/federation"],
        &["schema", "--key", "dunmore/federation"],
        &["history", "--key", "dunmore/federation"],
        &["status", "--org", "dunmore"],
    ] {
        let ran = bench.on(args);
        assert!(ran.stderr.contains(KEY), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn a_listing_that_is_not_there_is_enrolled_with_a_warning() {
    let bench = Bench::new();
    let later = bench.path("later.jsonl");
    let ran = bench.on(&["schedule", "--key", KEY, "--remote", &later]);
    assert!(ran.status == 0 && ran.stderr.contains("later.jsonl cannot be read: No such file"), "{}", ran.stderr);
    bench.write("later.jsonl", members(1..=3));
    let ran = bench.on(&["schedule", "--key", KEY, "--remote", &later]);
    assert!(ran.status == 0 && ran.stderr.is_empty(), "{}", ran.stderr);
}

#[test]
fn a_record_that_cannot_be_read_is_told_and_keeps_nobody_at_work() {
    for kind in ["gate/federation", "health/ballybeg/federation", "slot/ballybeg/federation"] {
        let bench = Bench::enrolled(KEY, &members(1..=3));
        bench.enrol("ballybeg/school", &members(1..=2));
        bench.tell(&["trigger", "--key", KEY]);
        assert_eq!(events(bench.work(&["--until-idle"]), "attempted").len(), 1);
        bench.tell(&["trigger", "--key", KEY]);
        bench.tell(&["trigger", "--key", "ballybeg/school"]);
        let later = "UPDATE tripartite_jobs SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"format\":1', '\"format\":99') \
                     AS BLOB) WHERE key = ";
        bench.edit(&format!("{later}'{kind}'"));
        let output = bench.work(&["--until-idle"]).wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{kind}");
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(told.lines().any(|line| line.contains("\"broken\"") && line.contains(kind)), "{kind}: {told}");
        assert_eq!(bench.count("ballybeg/school"), "2", "{kind}: everything else goes on");
        bench.edit(&format!("{}'{kind}'", later.replace("1', '\"format\":99", "99', '\"format\":1")));
        assert_eq!(events(bench.work(&["--until-idle"]), "attempted").len(), 1, "{kind}");
    }
}

#[test]
fn times_of_a_clock_that_was_years_ahead_are_set_right_by_reset() {
    let bench = Bench::enrolled(KEY, &members(1..=3));
    {
        let queue = work::queue(bench.db()).unwrap();
        let ahead = now() + TimeDelta::days(3650);
        let connector = "federation".parse().unwrap();
        assert_eq!(block_on(queue.fire(&connector, ahead)).unwrap().len(), 1);
    }
    let next = || bench.tell(&["schedule", "--key", KEY]).rsplit(' ').next().unwrap().to_owned();
    assert!(next() > (now() + TimeDelta::days(3000)).to_rfc3339());
    bench.tell(&["reset", "--key", KEY]);
    assert!(next() < (now() + TimeDelta::days(2)).to_rfc3339());
    assert_eq!(events(bench.work(&["--until-idle"]), "attempted").len(), 1);
    assert_eq!(bench.count(KEY), "3");
}

#[test]
fn a_clock_that_was_ahead_is_told_ends_work_and_is_healed_for_the_whole_source_by_one_reset() {
    let bench = Bench::new();
    let keys = [KEY, "kilmore/federation"];
    for key in keys {
        bench.enrol(key, &members(1..=3));
    }
    {
        let queue = work::queue(bench.db()).unwrap();
        let fired = block_on(queue.fire(&"federation".parse().unwrap(), now() + TimeDelta::days(365))).unwrap();
        assert_eq!(fired.len(), 2);
    }
    let (_, told) = bench.ask(&["work", "--until-idle", "--workers", "2"]);
    assert_eq!(told.matches("nightly-sync reset").count(), 1, "one notice for the source, with what heals it: {told}");
    assert_eq!(events(bench.work(&["--until-idle"]), "notice").len(), 0, "it was told, ends, and waits no year");
    assert!(bench.history(KEY).is_empty());
    assert_eq!(bench.ask(&["status"]).1.matches("its times are from the future").count(), 2);
    bench.tell(&["reset", "--key", KEY]);
    assert_eq!(bench.ask(&["status"]).1.matches("its times are from the future").count(), 0);
    assert_eq!(events(bench.work(&["--until-idle"]), "attempted").len(), 2);
    assert_eq!(keys.map(|key| bench.count(key)), ["3", "3"]);
}

#[test]
fn a_schedule_that_one_organisation_switches_off_goes_on_for_the_others() {
    let bench = Bench::new();
    for key in [KEY, "kilmore/federation"] {
        bench.enrol(key, &members(1..=3));
    }
    assert!(bench.tell(&["schedule", "--key", KEY, "--off"]).contains("is switched off"));
    assert!(bench.tell(&["schedule", "--key", "kilmore/federation"]).contains("runs next at"));
    let fired = |days| {
        let queue = work::queue(bench.db()).unwrap();
        let fired = block_on(queue.fire(&"federation".parse().unwrap(), now() + TimeDelta::days(days))).unwrap();
        fired.into_iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(fired(2), ["kilmore/federation"]);
    assert!(bench.tell(&["schedule", "--key", KEY, "--on"]).contains("runs next at"));
    assert_eq!(fired(4), [KEY, "kilmore/federation"]);
    for key in [KEY, "kilmore/federation"] {
        assert!(bench.tell(&["schedule", "--key", key, "--off"]).contains("is switched off"));
    }
    assert!(fired(6).is_empty());
    bench.enrol("dunmore/federation", &members(1..=3));
    assert_eq!(fired(8), ["dunmore/federation"], "who is new begins, though the others are off");
}

/// What a declaration changes, keeps and drops is said, each time.
#[test]
fn a_schedule_says_what_it_keeps_and_what_it_drops() {
    let bench = Bench::enrolled(KEY, &members(1..=3));
    let declare = |more: &[&str]| bench.tell(&[&["schedule", "--key", KEY], more].concat());
    // As if nobody had worked for three days.
    let nobody_works = || {
        let queue = work::queue(bench.db()).unwrap();
        block_on(queue.repair_clock_skew(&key(), now() - TimeDelta::days(3))).unwrap();
    };
    assert!(declare(&["--every", "60"]).contains("runs next at"));
    assert!(declare(&["--every", "60"]).contains("is unchanged and runs next at"));
    assert!(declare(&["--at", "03:00"]).contains(", no longer at "));
    nobody_works();
    let told = declare(&["--every", "90"]);
    assert!(told.contains("is due since ") && told.contains("under the schedule before still runs"), "{told}");
    let told = declare(&["--off"]);
    assert!(told.contains("is switched off; its run that was due at ") && told.contains(" is dropped"), "{told}");
    assert!(!declare(&["--off"]).contains("dropped"));
    assert!(declare(&["--on"]).contains("runs next at"));
    bench.tell(&["trigger", "--key", KEY]);
    let told = declare(&["--off"]);
    assert!(told.contains("does not take place") && told.contains("has a job that waits"), "{told}");
    assert_eq!(events(bench.work(&["--until-idle"]), "attempted").len(), 1, "and it is done");
}

#[test]
fn a_slot_that_cannot_be_read_keeps_no_health_from_being_reset() {
    let bench = Bench::in_step(KEY, &members(1..=3));
    let edit = |key: &str, from: &str, to: &str| {
        bench.edit(&format!(
            "UPDATE tripartite_jobs SET bytes = CAST(replace(CAST(bytes AS TEXT), '{from}', '{to}') AS BLOB) \
             WHERE key = '{key}/{KEY}'"
        ));
    };
    let failures =
        || bench.value(&format!("SELECT bytes ->> '$.failures' FROM tripartite_jobs WHERE key = 'health/{KEY}'"));
    edit("health", "\"failures\":0", "\"failures\":3");
    edit("slot", "\"format\":1", "\"format\":99");
    assert_eq!(failures().as_deref(), Some("3"));
    let (status, told) = bench.ask(&["reset", "--key", KEY]);
    assert_eq!((status, told.contains("format 99")), (1, true), "{told}");
    assert_eq!(failures().as_deref(), Some("0"));
}
