//! Work that is asked to end: a process in the middle of a listing, which is kept waiting by another writer.

use std::io::{BufRead, BufReader, Lines};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::time::Duration;

use nightly_sync::listing::PAGE;
use rusqlite::Connection;
use serde_json::Value;

use crate::bench::{Bench, members};
use crate::work::events;

const KEY: &str = "ballybeg/federation";
const SIGTERM: i32 = 15;

/// A process in the middle of a long listing, which cannot write: neither what it read, nor that it gives the job back.
struct Midway {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    writer: Connection,
}

impl Midway {
    fn new(bench: &Bench) -> Self {
        bench.enrol(KEY, &members(1..=PAGE as u32 * 40));
        bench.tell(&["trigger", "--key", KEY]);
        let mut child = bench.work(&[]);
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        while !bench.status()[KEY]["doing"]["running"].is_object() {
            wait(5);
        }
        let writer = bench.sql();
        writer.execute_batch("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE").unwrap();
        assert_eq!(bench.count(KEY), "3", "it is still reading");
        Self { child, said, writer }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Whether it goes on for a moment, in which it could have ended.
    fn goes_on(&mut self) -> bool {
        wait(300);
        self.child.try_wait().unwrap().is_none()
    }

    /// How it ends, within half a minute.
    fn ends(&mut self) -> ExitStatus {
        for _ in 0..600 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            wait(50);
        }
        panic!("it did not end")
    }
}

impl Drop for Midway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the test waits for another process")]
fn wait(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

/// A register in step with its source.
fn enrolled() -> Bench {
    Bench::in_step(KEY, &members(1..=3))
}

/// The source answers as usual again, and the job is done.
#[track_caller]
fn done_in_the_end(bench: &Bench, ended: &[&str]) {
    bench.enrol(KEY, &members(1..=20));
    let ran = events(bench.work(&["--until-idle"]), "attempted");
    assert_eq!(ran.len(), 1);
    assert_eq!(bench.count(KEY), "20");
    let history = bench.history(KEY);
    let name = |entry: &Value| entry["ended"].as_object().unwrap().keys().next().unwrap().clone();
    assert_eq!(history.iter().map(name).collect::<Vec<_>>(), ended);
    let status = &bench.status()[KEY];
    assert_eq!((&status["doing"], &status["wanted"]), (&"idle".into(), &status["covered"]));
}

#[test]
fn asked_to_end_it_gives_the_job_back_and_no_attempt_is_lost() {
    for signal in ["TERM", "INT"] {
        let bench = enrolled();
        let mut midway = Midway::new(&bench);
        midway.signal(signal);
        assert!(midway.goes_on(), "a step is never cut off");
        midway.writer.execute_batch("ROLLBACK").unwrap();
        assert_eq!(midway.ends().code(), Some(0), "{signal}");
        let told: Vec<Value> = midway.said.by_ref().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
        let attempted = told.iter().find(|event| event["event"] == "attempted").unwrap();
        assert!(attempted["outcome"]["snoozed"].is_object(), "{attempted}");
        let status = &bench.status()[KEY];
        assert!(status["doing"]["pending"].is_object() && status["attempt"] == 1, "{status}");
        assert_eq!(bench.count(KEY), "3", "nothing was written");
        done_in_the_end(&bench, &["completed", "snoozed", "completed"]);
        assert!(bench.history(KEY).iter().all(|entry| entry["number"] == 1), "each was the first attempt of its job");
    }
}

#[test]
fn asked_twice_it_ends_at_once_and_its_job_is_done_by_another() {
    let bench = enrolled();
    let mut midway = Midway::new(&bench);
    midway.signal("TERM");
    assert!(midway.goes_on());
    midway.signal("TERM");
    assert_eq!(midway.ends().signal(), Some(SIGTERM));
    midway.writer.execute_batch("ROLLBACK").unwrap();
    done_in_the_end(&bench, &["completed", "expired", "completed"]);
}

#[test]
fn asked_to_end_with_nothing_to_do_it_ends() {
    let bench = enrolled();
    let mut child = bench.work(&[]);
    // Once it has opened the database it listens; a signal before that ends it as well.
    wait(500);
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
