//! The program with its members in a file, and its jobs on a cluster.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../etcd/tests/it/server.rs"]
#[expect(dead_code, reason = "the tests of the store need more of it")]
mod server;

use std::fs;
use std::path::PathBuf;
use std::process::Command as Program;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use nightly_sync::store::{JOBS, Jobs, Place};
use nightly_sync::work::{Bell, Listening};
use tripartite::drive::block_on;
use tripartite::id::SyncKey;
use tripartite::jobs::JobStore;
use tripartite::queue::{Command, Outcome, Scope, Slot, Token, Trigger};
use tripartite::work::{Queue, slot_key};
use tripartite_sqlite::jobs::SqliteJobStore;

use self::server::{one, open};

struct Bench(PathBuf);

impl Bench {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("nightly-sync-etcd-{}-{name}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn workers_find_on_the_cluster_what_was_asked_for_and_write_into_the_file() {
    let (bench, address) = (Bench::new("work"), one().address());
    let (db, listing) = (bench.file("club.db"), bench.file("members.jsonl"));
    fs::write(&listing, "{\"id\": \"1\", \"name\": \"Aine\"}\n").unwrap();
    let run = |jobs: Option<String>, arguments: &[&str]| {
        let mut program = Program::new(env!("CARGO_BIN_EXE_nightly-sync"));
        program.args(arguments).env_remove(JOBS).envs(jobs.map(|jobs| (JOBS, jobs)));
        let done = program.output().unwrap();
        let told = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        assert!(done.status.success(), "{arguments:?}: {told}");
        told
    };
    let there = || Some(format!("etcd://{}/{}", address.nodes().join(","), address.namespace()));
    let key = "ballybeg/federation";
    run(there(), &["schedule", "--db", &db, "--key", key, "--remote", &listing]);
    run(there(), &["trigger", "--db", &db, "--key", key]);
    let named = there().unwrap();
    run(None, &["work", "--db", &db, "--jobs", &named, "--until-idle", "--spacing", "0"]);
    let history =
        run(Some("etcd://nobody.invalid".to_owned()), &["history", "--db", &db, "--jobs", &named, "--key", key]);
    assert!(history.contains("completed"), "{history}");
    assert!(!run(None, &["history", "--db", &db, "--key", key]).contains("completed"), "the history is on the cluster");
    let slots = block_on(open(&address).keys(&"slot".parse().unwrap(), None, 10)).unwrap();
    assert_eq!(slots, [slot_key(&key.parse().unwrap())]);
}

/// It would sleep for as long as this test waits if nobody told it.
#[test]
fn workers_hear_what_another_process_stores_on_the_cluster() {
    let (bench, address) = (Bench::new("hear"), one().address());
    let place = Place::File(bench.file("club.db").into()).with_jobs_on(address.clone());
    let bell = Arc::<Bell>::default();
    let mut heard = bell.heard();
    let _listening = Listening::of(&place, &bell).unwrap();
    let mut rings = || {
        bell.wait(heard, Duration::from_secs(3600));
        heard = bell.heard();
    };
    rings(); // It listens.
    let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: true };
    let queue = Queue::new(open(&address));
    let _ =
        block_on(queue.apply(&"ballybeg/federation".parse().unwrap(), None, trigger, DateTime::UNIX_EPOCH)).unwrap();
    rings();
    let file = Place::File(bench.file("club.db").into());
    assert!(Listening::of(&file, &bell).is_none(), "a file tells nobody");
}

/// The database of members refuses whoever is no longer at work, though the slot is on the cluster.
#[test]
fn a_database_sees_the_token_of_the_cluster_and_never_an_older_one() {
    let (bench, key): (_, SyncKey) = (Bench::new("mirror"), "ballybeg/federation".parse().unwrap());
    let place = Place::File(bench.file("club.db").into());
    let address = one().address();
    let queue = Queue::new(open(&address));
    let at = |second| DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
    let apply = |command, second| block_on(queue.apply(&key, None, command, at(second))).unwrap().outcome;
    let jobs = Jobs::Cluster(open(&address));
    let seen = || {
        let own = SqliteJobStore::open(place.file().unwrap()).unwrap();
        let stored = block_on(own.get(&slot_key(&key))).unwrap().unwrap();
        (Slot::from_bytes(&stored.row.bytes).unwrap(), stored.row.due)
    };
    jobs.mirror(&place, &key).unwrap(); // There is nothing yet.
    for token in [1, 2] {
        let _ =
            apply(Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: true }, 1000 * token);
        let nonce = format!("n{token}").parse().unwrap();
        let claim = Command::Claim { worker: "w".parse().unwrap(), nonce, lease: Duration::from_secs(10) };
        assert!(matches!(apply(claim, 1000 * token), Outcome::Claimed(_)));
        jobs.mirror(&place, &key).unwrap();
        let (slot, due) = seen();
        let token = Token(u64::try_from(token).unwrap());
        assert!(slot.permits(token) && !slot.permits(Token(token.0 - 1)) && due.is_none(), "{slot:?}");
        let complete = Command::Complete { token, result: None, extent: tripartite::queue::Extent::default() };
        let done = apply(complete, 1000 * i64::try_from(token.0).unwrap() + 1);
        assert!(matches!(done, Outcome::Completed { .. }), "{done:?}");
    }
    // A cluster that was restored from an older snapshot gives tokens again: what the database has seen stays.
    let restored = Jobs::Cluster(open(&one().address()));
    let Jobs::Cluster(store) = &restored else { panic!() };
    let again = Queue::new(store.clone());
    let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: true };
    let _ = block_on(again.apply(&key, None, trigger, at(5000))).unwrap();
    restored.mirror(&place, &key).unwrap();
    assert_eq!(seen().0.token, Token(2));
}
