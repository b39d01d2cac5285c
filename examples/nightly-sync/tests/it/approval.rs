//! What an approval holds for: the plan, what is left of it after a run was cut off, and what a listing says wrongly night
//! after night.

use std::process::Command;

use crate::bench::{Bench, Ran, counts, members};

/// Far more than one batch.
const MEMBERS: u32 = 6000;

fn count(bench: &Bench, active: bool) -> u64 {
    let sql = format!("SELECT count(*) FROM members WHERE active = {}", u8::from(active));
    bench.value(&sql).unwrap().parse().unwrap()
}

/// A register of which half is gone from the listing, which a person has approved; the run of it was killed after some
/// batches. The id of the plan.
fn cut_off(bench: &Bench) -> (String, String) {
    bench.sync(&members(1..=MEMBERS));
    let half = bench.write("half.jsonl", members(1..=MEMBERS / 2));
    let blocked = bench.run(&half, &[]);
    assert_eq!(blocked.status, 4, "{}", blocked.stderr);
    let id = blocked.json()["plan_id"].as_str().unwrap().to_owned();
    // The kernel kills whoever writes beyond this size: the log of the database grows by each batch.
    let limited = r#"ulimit -f 1024; exec "$0" "$@""#;
    let args = ["run", "--db", &bench.path("members.db"), "--remote", &half, "--approve", &id];
    let ran = Command::new("sh").args(["-c", limited, env!("CARGO_BIN_EXE_nightly-sync")]).args(args).output().unwrap();
    assert!(!ran.status.success(), "{ran:?}");
    let done = count(bench, false);
    assert!(done > 0 && done < u64::from(MEMBERS / 2), "{done} were written before it was killed");
    (half, id)
}

fn blocked(ran: &Ran, told: &str) {
    assert_eq!(ran.status, 4, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

#[test]
fn a_run_that_was_approved_and_cut_off_goes_on_under_the_same_approval() {
    let bench = Bench::new();
    let (half, id) = cut_off(&bench);
    let before = count(&bench, false);
    assert_eq!(bench.run(&half, &[]).status, 4, "without an approval it is asked about");
    let ran = bench.run(&half, &["--approve", &id]);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("this run does what was left of it"), "{}", ran.stderr);
    assert_eq!(counts(&ran.json(), ["deactivated"]), [u64::from(MEMBERS / 2) - before]);
    assert_eq!(count(&bench, true), u64::from(MEMBERS / 2));
    // It is carried out, and approves nothing any more.
    bench.sync(&members(1..=MEMBERS));
    blocked(&bench.run(&half, &["--approve", &id]), "this is another one");
}

#[test]
fn an_approval_that_was_cut_off_lets_nothing_pass_that_nobody_has_approved() {
    let bench = Bench::new();
    let (_, id) = cut_off(&bench);
    let fewer = bench.write("fewer.jsonl", members(2..=MEMBERS / 2));
    let before = count(&bench, false);
    blocked(&bench.run(&fewer, &["--approve", &id]), "not all a part of it, so it is asked about again");
    assert_eq!(count(&bench, false), before);
}

#[test]
fn an_approval_of_another_plan_says_so() {
    let bench = Bench::synced(&members(1..=100));
    let half = bench.write("half.jsonl", members(1..=50));
    blocked(&bench.run(&half, &["--approve", &"0".repeat(64)]), "this is another one: the listing");
}

/// Members of whom some cannot be read: half of them are torn, and of half of those not even the id can be read.
fn torn(numbers: impl Fn(u32) -> bool, phone: &str) -> String {
    let line = |n: u32| match numbers(n) {
        true if n.is_multiple_of(2) => format!("{{\"id\": \"M{n}\", \"name\": \n"),
        true => format!("{{\"name\": \"N{n}\"}}\n"),
        false => format!("{{\"id\": \"M{n}\", \"name\": \"N{n}\", \"phone\": \"{phone}\"}}\n"),
    };
    (1..=100).map(line).collect()
}

#[test]
fn a_listing_of_which_a_part_cannot_be_read_is_asked_about_once() {
    let bench = Bench::new();
    let night = |listing: String, more: &[&str]| bench.run(&bench.listing(listing), more);
    let sound = |n: u32| format!("{{\"id\": \"M{n}\", \"name\": \"N{n}\", \"phone\": \"1\"}}\n");
    bench.sync(&(1..=100).map(sound).collect::<String>());
    let is_torn = |n: u32| n <= 30;
    let first = night(torn(is_torn, "2"), &[]);
    blocked(&first, "30 of 100 records of the listing were set aside");
    let id = first.json()["plan_id"].as_str().unwrap().to_owned();
    assert_eq!(night(torn(is_torn, "2"), &["--approve", &id]).status, 3);
    // Other lines elsewhere are another plan, and nothing that nobody was asked about.
    let second = night(format!("\n{}", torn(is_torn, "3")), &[]);
    assert_eq!((second.status, counts(&second.json(), ["quarantined", "updated"])), (3, [30, 70]), "{}", second.stderr);
    // Twenty more may be set aside, unasked; beyond that it is asked about again.
    assert_eq!(night(torn(|n| n <= 50, "4"), &[]).status, 3);
    blocked(&night(torn(|n| n <= 52, "5"), &[]), "22 of 100 records of the listing were set aside");
    // Once all can be read, it is as if nobody had been asked.
    assert_eq!(night(torn(|_| false, "6"), &[]).status, 0);
    assert_eq!(night(torn(is_torn, "7"), &[]).status, 4);
}

#[test]
fn a_plan_in_a_file_approves_what_it_sets_aside() {
    let bench = Bench::new();
    let sound = |n: u32| format!("{{\"id\": \"M{n}\", \"name\": \"N{n}\", \"phone\": \"1\"}}\n");
    bench.sync(&(1..=100).map(sound).collect::<String>());
    let (db, out) = (bench.path("members.db"), bench.path("plan.json"));
    let file = bench.listing(torn(|n| n <= 30, "2"));
    let planned = bench.program(&["plan", "--db", &db, "--remote", &file, "--out", &out, "--json"]);
    let id = planned.json()["plan_id"].as_str().unwrap().to_owned();
    assert_eq!(planned.status, 4);
    assert_eq!(bench.program(&["approve", "--db", &db, "--plan", &out, "--id", &id]).status, 3);
    assert_eq!(bench.run(&bench.listing(torn(|n| n <= 30, "3")), &[]).status, 3);
}

#[test]
fn an_approval_of_one_record_leaves_what_was_approved_of_all() {
    let bench = Bench::new();
    let is_torn = |n: u32| n <= 30;
    bench.sync(&torn(|_| false, "1"));
    let file = bench.listing(torn(is_torn, "2"));
    let approve = |file: &str, more: &[&str]| {
        let asked = bench.run(file, more);
        assert_eq!(asked.status, 4, "{}{}", asked.stdout, asked.stderr);
        let id = asked.json()["plan_id"].as_str().unwrap().to_owned();
        bench.run(file, &[more, &["--approve", &id]].concat()).status
    };
    assert_eq!(approve(&file, &[]), 3);
    assert_eq!(approve(&bench.listing(torn(|_| false, "3")), &["--only", "M99", "--guards", "updates=0"]), 0);
    assert_eq!(bench.run(&bench.listing(torn(is_torn, "4")), &[]).status, 3, "the thirty are not asked about again");
}
