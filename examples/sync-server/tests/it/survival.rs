//! What was accepted is covered by a run, whatever happens to the server.

use std::thread;

use crate::bench::{Bench, members, wait};

/// How many events a burst has: a few by default, more by `BURST`.
fn burst() -> u32 {
    std::env::var("BURST").ok().and_then(|count| count.parse().ok()).unwrap_or(300)
}

#[test]
fn an_event_brings_its_member_up_to_date() {
    let bench = Bench::new(&members(20, 1), 1000);
    let server = bench.serve(&[]);
    bench.write("listing.jsonl", &members(20, 2));
    assert_eq!(server.tell("m1", "updated", "M7").unwrap().status, 202);
    bench.settle();
    let phone = |id: &str| {
        bench.value(&format!("SELECT phone FROM \"members/ballybeg/federation\" WHERE external_id = '{id}'"))
    };
    assert_eq!(phone("M7").as_deref(), Some("p7-2"));
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_member_that_is_said_to_be_gone_is_marked_inactive_and_comes_back_when_it_is_listed() {
    let bench = Bench::new(&members(20, 1), 1000);
    let server = bench.serve(&[]);
    let active = |id: &str| {
        bench.value(&format!("SELECT active FROM \"members/ballybeg/federation\" WHERE external_id = '{id}'"))
    };
    // The source still has 7: it was asked after the event, and knows better. It has no 20 any more.
    bench.write("listing.jsonl", &members(19, 1));
    assert_eq!(server.tell("m1", "deleted", "M7").unwrap().status, 202);
    assert_eq!(server.tell("m2", "deleted", "M20").unwrap().status, 202);
    bench.settle();
    assert_eq!((active("M7").as_deref(), active("M20").as_deref()), (Some("1"), Some("0")));
    // It is forgotten when the end of the job is stored, so a little later.
    let stored = || bench.value("SELECT bytes FROM tripartite_jobs WHERE key = 'tombstones/ballybeg/federation'");
    let forgotten = |_| stored().is_some_and(|stored| stored.contains("\"records\":{}"));
    assert!((0..200).inspect(|_| wait(20)).any(forgotten), "a tombstone is believed once");
    bench.write("listing.jsonl", &members(20, 2));
    assert_eq!(server.tell("m3", "created", "M20").unwrap().status, 202);
    bench.settle();
    assert_eq!(active("M20").as_deref(), Some("1"));
    server.kill();
}

/// What a run of the server's own workers leaves to people is told by its hooks.
#[test]
fn a_question_that_an_event_brings_is_told_by_a_hook() {
    let bench = Bench::new(&members(20, 1), 1000);
    let heard = bench.path("heard");
    let hook = format!(r#"command = ["sh", "-c", "echo $NIGHTLY_SYNC_EVENT >> '{heard}'"]"#);
    bench.write("club.toml", &format!("[[hook]]\nname = \"file\"\n{hook}\n"));
    let server = bench.serve(&["--hooks", &bench.path("club.toml")]);
    // Somebody here removes a member whom the source then changes.
    bench.edit("DELETE FROM \"members/ballybeg/federation\" WHERE external_id = 'M7'");
    bench.write("listing.jsonl", &members(20, 2));
    assert_eq!(server.tell("m1", "updated", "M7").unwrap().status, 202);
    bench.settle();
    let told = || std::fs::read_to_string(&heard).unwrap_or_default();
    assert!(
        (0..500).any(|_| !told().is_empty() || {
            wait(20);
            false
        }),
        "nobody was told"
    );
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(told(), "questions\n");
}

#[test]
fn a_burst_during_a_sync_is_followed_by_few_runs_and_loses_nothing() {
    const MEMBERS: u32 = 50;
    let bench = Bench::new(&members(MEMBERS, 1), 1_000_000);
    let server = bench.serve(&[]);
    let count = burst();
    bench.write("listing.jsonl", &members(MEMBERS, 2));
    let before = bench.slot().token.0;
    thread::scope(|scope| {
        for sender in 0..4 {
            let server = &server;
            scope.spawn(move || {
                for n in (sender..count).step_by(4) {
                    let answer = server.tell(&format!("b{n}"), "updated", &format!("M{}", n % MEMBERS + 1));
                    assert_eq!(answer.unwrap().status, 202);
                }
            });
        }
    });
    let slot = bench.settle();
    assert_eq!(slot.wanted, u64::from(count) + 1, "each is counted");
    assert!(slot.token.0 - before < u64::from(count), "and not each is a run of its own");
    let late = bench.value("SELECT count(*) FROM \"members/ballybeg/federation\" WHERE phone NOT LIKE '%-2'");
    assert_eq!(late.as_deref(), Some("0"));
    server.kill();
}

#[test]
fn what_was_accepted_survives_a_kill_at_any_moment() {
    const MEMBERS: u32 = 30;
    let bench = Bench::new(&members(MEMBERS, 1), 1_000_000);
    let more = ["--lease", "1", "--backoff", "0"];
    let (mut accepted, mut sent) = (Vec::new(), 0);
    for round in 0..4 {
        let generation = round + 2;
        bench.write("listing.jsonl", &members(MEMBERS, generation));
        let server = bench.serve(&more);
        let told = thread::scope(|scope| {
            let sender = scope.spawn(|| {
                let mut told = Vec::new();
                for n in 0..40 {
                    let member = format!("M{}", n % MEMBERS + 1);
                    let answer = server.tell(&format!("r{round}-{n}"), "updated", &member);
                    if answer.is_none_or(|answer| answer.status != 202) {
                        break;
                    }
                    told.push(member);
                }
                told
            });
            wait(20 + u64::from(round) * 60);
            // Whoever is still sending is cut off.
            let pid = server.pid();
            assert!(std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
            sender.join().unwrap()
        });
        server.kill();
        sent += told.len();
        accepted.extend(told.into_iter().map(|member| (member, generation)));
    }
    assert!(sent > 0, "some were accepted");
    let server = bench.serve(&more);
    let slot = bench.settle();
    assert_eq!(slot.wanted, slot.covered);
    assert!(slot.covered > accepted.len() as u64, "with the first import, and what was stored and not answered");
    for (member, generation) in accepted {
        let sql = format!("SELECT phone FROM \"members/ballybeg/federation\" WHERE external_id = '{member}'");
        let phone = bench.value(&sql).unwrap();
        let seen: u32 = phone.rsplit('-').next().unwrap().parse().unwrap();
        assert!(seen >= generation, "{member} was told of in generation {generation}, and is of {seen}");
    }
    assert_eq!(server.terminate(), Some(0));
}
