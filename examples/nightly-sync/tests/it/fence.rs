//! A worker whose claim is over writes nothing.

use std::time::Duration;

use chrono::TimeDelta;
use nightly_sync::app::now;
use nightly_sync::listing;
use nightly_sync::progress::Progress;
use nightly_sync::sync::drive;
use nightly_sync::term::Console;
use tripartite::drive::{DriveError, block_on};
use tripartite::failure::{Classify, Failure};
use tripartite::id::{ConnectorId, Nonce, OrgId, SyncKey, WorkerId};
use tripartite::jobs::StoreKey;
use tripartite::queue::{Command, Outcome, Progress as Far, Scope, Slot, State, Token, Trigger, Work};
use tripartite::run::{Done, Run, Step};
use tripartite::schema::Policy;
use tripartite::store::RecordStore;
use tripartite::work::{Queue, slot_key as slot_key_of};
use tripartite_sql::Register;
use tripartite_sqlite::jobs::SqliteJobStore;
use tripartite_sqlite::store::{Access, Database, SqliteStore, StoreError};

use crate::bench::{Bench, looked, members};

const MOVED: &str = "{\"id\": \"M1\", \"name\": \"N1\", \"phone\": \"moved\"}\n";

fn key() -> SyncKey {
    SyncKey { org: OrgId::new("Ballybeg").unwrap(), connector: ConnectorId::new("federation").unwrap() }
}

fn slot_key() -> StoreKey {
    slot_key_of(&key())
}

fn slot(token: u64, running: bool) -> Slot {
    let mut slot = Slot::new(now());
    slot.token = Token(token);
    let work = serde_json::json!({"scope": "all", "policy": null, "by": "manual", "expedited": false, "upto": 1});
    let work: Work = serde_json::from_value(work).unwrap();
    slot.state = match running {
        false => State::Pending { due_at: now(), work },
        true => State::Running {
            worker: WorkerId::new("w").unwrap(),
            work,
            started_at: now(),
            // Over at once: a lease that nobody took is still the worker's.
            lease_until: now(),
            cancel: None,
            progress: Far::default(),
        },
    };
    slot
}

/// A register with one member, and the table of the jobs, still empty.
fn bench() -> Bench {
    let bench = Bench::new();
    let ran = bench.run(&bench.listing(members(1..=1)), &["--key", "Ballybeg/federation"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    bench.edit(
        "CREATE TABLE tripartite_jobs(key TEXT PRIMARY KEY, bytes BLOB, due INTEGER, shard INTEGER, version INTEGER)",
    );
    bench
}

fn put(bench: &Bench, key: &StoreKey, bytes: &[u8]) {
    let sql = "INSERT OR REPLACE INTO tripartite_jobs(key, bytes, shard, version) VALUES (?1, ?2, 0, 1)";
    bench.sql().execute(sql, (key.as_str(), bytes)).unwrap();
}

fn hold(bench: &Bench, key: &StoreKey, slot: &Slot) {
    put(bench, key, &serde_json::to_vec(slot).unwrap());
}

fn store(bench: &Bench, token: u64) -> SqliteStore {
    store_under(bench, token, slot_key())
}

fn store_under(bench: &Bench, token: u64, slot: StoreKey) -> SqliteStore {
    let register: Register = "Ballybeg/federation".parse().unwrap();
    let database = Database::open(&bench.db(), Access::Write).unwrap();
    let settings = database.settings(&register).unwrap().unwrap();
    SqliteStore::of(register, database, settings).unwrap().fenced(token, slot)
}

type Night = Result<Done, Box<DriveError<nightly_sync::listing::ListingError, StoreError>>>;

fn night(store: &SqliteStore) -> Night {
    let source = listing::records(listing::text("listing", MOVED).unwrap(), store.schema().clone(), "id").unwrap();
    let at = now();
    let step = Run::new(Policy::new(store.schema().clone()), store.next_run(&at).unwrap(), at).start();
    drive(step, &source, store, None, &mut Progress::of(&Console::std())).map_err(Box::new)
}

fn phone(bench: &Bench) -> String {
    bench.value("SELECT phone FROM \"members/=42allybeg/federation\"").unwrap()
}

fn error_of(night: Night) -> (String, Failure) {
    match night.map_err(|error| *error) {
        Err(DriveError::Store { error, .. }) => (error.to_string(), error.failure()),
        other => panic!("expected an error of the store, found {other:?}"),
    }
}

#[test]
fn the_holder_of_the_claim_writes() {
    let bench = bench();
    hold(&bench, &slot_key(), &slot(3, true));
    let store = store(&bench, 3);
    let done = night(&store).unwrap();
    store.remember(&done.report).unwrap();
    assert_eq!((done.report.counts.updated, phone(&bench).as_str()), (1, "moved"));
}

/// An earlier version let a key end in a dot, and its slot is still there.
#[test]
fn a_slot_under_a_key_of_before_fences() {
    let connector = ConnectorId::new("federation.").unwrap();
    let dotted = slot_key_of(&SyncKey { connector, ..key() });
    for (held, writes) in [(slot(3, true), true), (slot(4, true), false)] {
        let bench = bench();
        hold(&bench, &dotted.former().unwrap(), &held);
        assert_eq!(night(&store_under(&bench, 3, dotted.clone())).is_ok(), writes);
    }
}

#[test]
fn without_the_claim_nothing_is_written() {
    let fenced = "claim 3 of `slot/Ballybeg/federation` no longer holds, so nothing was written";
    let other = StoreKey::of("slot", ["Ballybeg", "gym"]);
    for (key, held, why) in [
        (slot_key(), slot(4, true), "somebody else claimed it"),
        (slot_key(), slot(2, true), "a claim that never was"),
        (slot_key(), slot(3, false), "it was given back or expired"),
        (slot_key(), Slot::new(now()), "it is done"),
        (other, slot(3, true), "it is another key's"),
    ] {
        let bench = bench();
        let before = bench.dump("\"tripartite_audit/=42allybeg/federation\"");
        hold(&bench, &key, &held);
        let store = store(&bench, 3);
        assert_eq!(error_of(night(&store)), (fenced.to_owned(), Failure::Retry { after: None }), "{why}");
        assert_eq!(phone(&bench), "p1", "{why}");
        assert_eq!(bench.dump("\"tripartite_audit/=42allybeg/federation\""), before, "{why}");
    }
}

#[test]
fn neither_a_report_nor_a_schema_gets_past_the_fence() {
    let bench = bench();
    let register: Register = "Ballybeg/federation".parse().unwrap();
    hold(&bench, &slot_key(), &slot(3, true));
    let report = night(&store(&bench, 3)).unwrap().report;
    hold(&bench, &slot_key(), &slot(4, true));
    let before = bench.bytes();
    let database = Database::open(&bench.db(), Access::Write).unwrap();
    let mut settings = database.settings(&register).unwrap().unwrap();
    settings.schema = serde_json::from_str(r#"{"fields": {"new": {"kind": "text"}}}"#).unwrap();
    let stale = SqliteStore::of(register, database, settings).unwrap().fenced(3, slot_key());
    assert!(matches!(stale.remember(&report), Err(StoreError::Fenced { token: 3, .. })));
    assert!(matches!(stale.settle(), Err(StoreError::Fenced { token: 3, .. })));
    drop(stale);
    assert_eq!(bench.bytes(), before);
}

#[test]
fn a_claim_that_is_lost_between_two_batches_stops_the_second() {
    let bench = bench();
    hold(&bench, &slot_key(), &slot(3, true));
    let store = store(&bench, 3);
    let listing = members(1..=3).replace("p1", "moved");
    let text: &'static str = listing.leak();
    let source = listing::records(listing::text("listing", text).unwrap(), store.schema().clone(), "id").unwrap();
    let at = now();
    let run = Run::new(Policy::new(store.schema().clone()), store.next_run(&at).unwrap(), at).batch(1);
    let mut step = run.start();
    let mut batches = 0;
    let error = loop {
        step = match step {
            Step::Committing(s) => match block_on(store.commit(s.request())) {
                Ok(outcomes) => {
                    batches += 1;
                    hold(&bench, &slot_key(), &slot(4, true));
                    s.resume(outcomes)
                }
                Err(error) => break error,
            },
            Step::Stopped(_) | Step::Done(_) => panic!("the second batch was written"),
            other => looked(other, &source, &store),
        };
    };
    assert!(matches!(error, StoreError::Fenced { .. }), "{error}");
    assert_eq!(batches, 1, "the first was");
}

#[test]
fn a_slot_that_cannot_be_read_is_no_permission() {
    let bench = bench();
    let later = serde_json::to_string(&slot(3, true)).unwrap().replacen("\"format\":1", "\"format\":99", 1);
    for bytes in ["{\"token\": 3}", &later] {
        put(&bench, &slot_key(), bytes.as_bytes());
        let (error, failure) = error_of(night(&store(&bench, 3)));
        assert_eq!(error, "`tripartite_jobs` holds something unreadable for slot/Ballybeg/federation");
        assert_eq!((failure, phone(&bench).as_str()), (Failure::Fatal, "p1"));
    }
}

#[test]
fn a_worker_that_slept_over_its_lease_is_fenced_off_by_the_one_that_took_over() {
    let bench = Bench::new();
    bench.run(&bench.listing(members(1..=1)), &["--key", "Ballybeg/federation"]);
    let queue = Queue::new(SqliteJobStore::open(&bench.db()).unwrap());
    let (begin, lease) = (now(), Duration::from_secs(300));
    let apply = |command, minutes| {
        block_on(queue.apply(&key(), None, command, begin + TimeDelta::minutes(minutes))).unwrap().outcome
    };
    let claim = |nonce: &str, minutes| {
        let (worker, nonce) = (WorkerId::new("w").unwrap(), Nonce::new(nonce).unwrap());
        match apply(Command::Claim { worker, nonce, lease }, minutes) {
            Outcome::Claimed(claim) => claim.token.0,
            other => panic!("expected a claim, found {other:?}"),
        }
    };
    let _ = apply(Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false }, 0);
    let slow = store(&bench, claim("one", 0));
    let _ = apply(Command::Expire, 10);
    let second = claim("two", 60);
    assert!(error_of(night(&slow)).0.contains("no longer holds"));
    assert_eq!(phone(&bench), "p1", "nobody had touched the record");
    assert_eq!(night(&store(&bench, second)).unwrap().report.counts.updated, 1);
}
