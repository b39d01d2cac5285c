//! Runs and attempts stand in the order in which they were carried out, whatever the clock said.

use std::time::Duration;

use chrono::TimeDelta;
use nightly_sync::app::now;
use nightly_sync::work;
use tripartite::drive::block_on;
use tripartite::id::SyncKey;
use tripartite::queue::{Command, Extent, Outcome, Scope, Token, Trigger};

use crate::bench::{Bench, counts, members};
use crate::work::events;

const KEY: &str = "ballybeg/federation";

/// The runs so far were made by a clock that was years ahead.
fn clock_was_ahead(bench: &Bench) {
    bench.edit(
        "UPDATE tripartite_runs SET run = '2099' || substr(run, 5), at = '2099' || substr(at, 5);
         UPDATE tripartite_audit SET run = '2099' || substr(run, 5), at = '2099' || substr(at, 5);",
    );
}

#[test]
fn the_newest_run_is_the_last_one_also_after_the_clock_was_set_back() {
    let bench = Bench::synced(&members(1..=3));
    clock_was_ahead(&bench);
    let newest = bench.sync(&members(1..=4));
    let newest = newest["run"].as_str().unwrap();
    let (db, page) = (bench.path("members.db"), bench.path("page.html"));
    assert_eq!(bench.program(&["report", "--db", &db, "--html", &page]).status, 0);
    assert!(std::fs::read_to_string(&page).unwrap().contains(newest), "the page is about the newest run");
    let unknown = bench.program(&["audit", "--db", &db, "--run", "nobody"]);
    assert!(unknown.stderr.contains(&format!("the last one is {newest}")), "{}", unknown.stderr);
}

#[test]
fn a_plan_is_old_once_a_newer_run_has_looked_by_a_clock_that_was_set_back() {
    let bench = Bench::synced(&members(1..=100));
    clock_was_ahead(&bench);
    let (db, out) = (bench.path("members.db"), bench.path("plan.json"));
    let changed = bench.write("changed.jsonl", members(1..=100).replace("p7\"", "new\""));
    let planned = bench.program(&["plan", "--db", &db, "--remote", &changed, "--out", &out, "--json"]);
    let id = planned.json()["plan_id"].as_str().unwrap().to_owned();
    bench.sync(&members(1..=100));
    let old = bench.program(&["approve", "--db", &db, "--plan", &out, "--id", &id, "--json"]);
    assert_eq!((old.status, counts(&old.json(), ["updated", "skipped"])), (3, [0, 1]), "{}", old.stderr);
}

#[test]
fn runs_of_an_earlier_version_are_older_than_those_of_this_one() {
    let bench = Bench::synced(&members(1..=3));
    clock_was_ahead(&bench);
    bench.edit("ALTER TABLE tripartite_runs DROP COLUMN seq");
    let (db, page) = (bench.path("members.db"), bench.path("page.html"));
    assert_eq!(bench.program(&["report", "--db", &db, "--html", &page]).status, 0, "it is read as it is");
    let newest = bench.sync(&members(1..=4));
    assert_eq!(bench.program(&["report", "--db", &db, "--html", &page]).status, 0);
    assert!(std::fs::read_to_string(&page).unwrap().contains(newest["run"].as_str().unwrap()));
}

#[test]
fn the_newest_attempt_is_the_last_one_also_after_times_were_set_back() {
    let bench = Bench::enrolled(KEY, &members(1..=3));
    let key = SyncKey { org: "ballybeg".parse().unwrap(), connector: "federation".parse().unwrap() };
    let (queue, now) = (work::queue(bench.db()).unwrap(), now());
    let attempt = |at, token: u64| {
        let give = |command| block_on(queue.apply(&key, None, command, at)).unwrap().outcome;
        let _ = give(Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false });
        let (worker, nonce) = ("w".parse().unwrap(), format!("n{token}").parse().unwrap());
        let _ = give(Command::Claim { worker, nonce, lease: Duration::from_secs(60) });
        give(Command::Complete { token: Token(token), result: None, extent: Extent::default() })
    };
    assert_eq!(attempt(now + TimeDelta::days(365), 1), Outcome::Completed { follow_up: false });
    block_on(queue.repair_clock_skew(&key, now)).unwrap();
    assert_eq!(attempt(now, 2), Outcome::Completed { follow_up: false });
    assert_eq!(events(bench.work(&["--until-idle"]), "attempted").len(), 0, "what is done stands in the history now");
    let tokens: Vec<u64> = bench.history(KEY).iter().map(|entry| entry["token"].as_u64().unwrap()).collect();
    assert_eq!(tokens, [1, 2]);
}
