//! What an earlier version wrote is read, and goes on from there. The rows under `tests/data/earlier` were written before plans
//! stated what they were made from, `plan_2` before their ids were digests of rows. They are never written anew.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use tripartite::audit::AuditEntry;
use tripartite::backoff::{Backoff, Jitter};
use tripartite::drive::drive_blocking;
use tripartite::failure::Failure;
use tripartite::gate::{Admission, Gate, Limits};
use tripartite::health::{self, Health, Permit};
use tripartite::id::{Nonce, RunId};
use tripartite::memory::{Listing, MemoryStore};
use tripartite::notice::Notice;
use tripartite::plan::{Plan, PlanError};
use tripartite::queue::{Ended, Outcome, Slot, Token};
use tripartite::rate::{self, Allowance, Rate};
use tripartite::registry::{Connection, Enrolment};
use tripartite::run::{Report, Run, RunOutcome, Scope};
use tripartite::schedule::{Fire, Missed, Schedule};
use tripartite::schema::{Policy, SchemaBuilder};
use tripartite::tombstone::Tombstones;

use crate::queue_support::{Key, claim, complete, heartbeat, minute, trigger, under};

macro_rules! earlier {
    ($name:literal) => {
        include_str!(concat!("../data/earlier/", $name, ".json"))
    };
}

fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

/// Whether everything that stood in a row stands in what is written of it now.
fn holds(now: &Json, before: &Json) -> bool {
    match (now, before) {
        (Json::Object(now), Json::Object(before)) => {
            before.iter().all(|(name, value)| now.get(name).is_some_and(|now| holds(now, value)))
        }
        (Json::Array(now), Json::Array(before)) => {
            now.len() == before.len() && now.iter().zip(before).all(|(now, before)| holds(now, before))
        }
        (now, before) => now == before,
    }
}

#[track_caller]
fn keeps<T: serde::Serialize>(read: &T, text: &str) {
    let (now, before) = (serde_json::to_value(read).unwrap(), serde_json::from_str(text).unwrap());
    assert!(holds(&now, &before), "{now}\n{before}");
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn key(text: &str) -> Key {
    let slot: Slot = read(text);
    slot.check().unwrap();
    keeps(&slot, text);
    let mut key = Key::new();
    (key.slot, key.now) = (slot, minute(120));
    key
}

#[test]
fn a_slot_of_an_earlier_version_goes_on_in_every_state() {
    let mut idle = key(earlier!("slot_idle"));
    assert_eq!(idle.send(trigger()), Outcome::Merged, "it was asked about a record");
    let mut never = key(earlier!("slot_never_asked"));
    assert_eq!(never.send(under("strict")), Outcome::Enqueued);
    // A dead one that was asked again waits anew.
    for mut waits in [idle, never, key(earlier!("slot_backing_off")), key(earlier!("slot_dead"))] {
        let claim = waits.claim("b");
        assert!(matches!(waits.send(complete(claim.token.0)), Outcome::Completed { .. }));
        assert!(matches!(waits.slot.unflushed.last().map(|attempt| &attempt.ended), Some(Ended::Completed { .. })));
    }
    for mut still in [key(earlier!("slot_paused")), key(earlier!("slot_denied"))] {
        assert!(!matches!(still.send(claim("b", "b-9")), Outcome::Claimed(_)));
        still.slot.check().unwrap();
    }
    let mut running = key(earlier!("slot_stopping_asked_again"));
    running.now = minute(61);
    assert!(!matches!(running.send(heartbeat(2)), Outcome::Fenced), "its worker is still its worker");
    assert!(matches!(running.send(heartbeat(1)), Outcome::Fenced));
    let _: Vec<Ended> = read(earlier!("slot_endings"));
}

#[test]
fn a_gate_of_an_earlier_version_holds_and_releases_its_tickets() {
    let (gate, limits): (Gate, Limits) = read(earlier!("gate"));
    gate.check().unwrap();
    let (first, other) = (gate.running(minute(1)).next().unwrap().clone(), crate::gate::key(2, 0));
    assert_eq!(first.nonce, Nonce::new("nonce-1").unwrap());
    let one = Limits::new(1, limits.spacing);
    let nonce = Nonce::new("nonce-2").unwrap();
    let admit = |gate: &Gate| gate.admit(&one, &other, &nonce, minute(2), minute(12)).admission;
    assert_eq!(admit(&gate), Admission::Full { until: first.until });
    assert_eq!(admit(&gate.release(&first.key, &first.nonce, minute(2))), Admission::Admitted { until: minute(12) });
}

#[test]
fn the_health_of_an_earlier_version_goes_on_in_every_circuit() {
    let (all, _, rules): (Vec<Health>, Json, health::HealthRules) = read(earlier!("health"));
    assert_eq!(all.len(), 4);
    for health in &all {
        health.check().unwrap();
        let next = health.judge(&rules, Token(100), Err(Failure::Retry { after: None }), minute(1));
        assert_eq!(next.judged(), Token(100));
    }
    assert_eq!(all[0].permit(Token(9), minute(1), minute(2)).1, Permit::Go);
    assert!(matches!(all[1].permit(Token(9), minute(1), minute(2)).1, Permit::Wait { .. }));
}

#[test]
fn the_registry_of_an_earlier_version_fires() {
    let text = earlier!("connection");
    let connection: Connection = read(text);
    keeps(&connection, text);
    let stored = json!({"connection": connection, "through": "2023-11-14T22:13:20Z"});
    let enrolment: Enrolment = serde_json::from_value(stored.clone()).unwrap();
    enrolment.check().unwrap();
    assert!(holds(&serde_json::to_value(&enrolment).unwrap(), &stored));
    let (fires, next) = enrolment.fire(at("2023-11-14T22:20:00Z")).unwrap();
    assert_eq!(fires.iter().map(|fire| fire.at).collect::<Vec<_>>(), [at("2023-11-14T22:15:00Z")]);
    assert_eq!(next.due().unwrap(), Some(at("2023-11-14T23:15:00Z")));
    let (schedules, missed, fire): (Vec<Schedule>, Vec<Missed>, Fire) = read(earlier!("schedules"));
    assert_eq!((schedules.len(), missed.len(), fire.at), (8, 3, at("2026-11-23T02:15:00Z")));
    keeps(&(schedules, missed, fire), earlier!("schedules"));
}

#[test]
fn rates_and_backoffs_of_an_earlier_version_go_on() {
    let (rate, limit): (Rate, rate::RateLimit) = read(earlier!("rate"));
    rate.check().unwrap();
    let taken = (0..150).fold((rate, 0), |(rate, passed), _| {
        let (rate, allowance) = rate.take(&limit, minute(0));
        (rate, passed + u32::from(allowance == Allowance::Allowed))
    });
    assert_eq!(taken.1, 99, "one of a hundred was taken before");
    let (backoff, jitters): (Backoff, Vec<Jitter>) = read(earlier!("backoff"));
    assert_eq!(backoff, Backoff::default());
    assert_eq!((jitters.len(), backoff.delay(1, tripartite::backoff::Fraction::ONE)), (4, Duration::from_secs(120)));
}

#[test]
fn history_and_notices_of_an_earlier_version_are_read() {
    let text = earlier!("history");
    let entries: Vec<Json> = read(text);
    for entry in &entries {
        let read = tripartite::history::HistoryEntry::from_json(entry.to_string().as_bytes()).unwrap();
        keeps(&read, &entry.to_string());
        let mut line = String::new();
        read.csv_line(&mut line);
        assert!(line.starts_with("ballybeg,federation,"), "{line}");
    }
    assert_eq!(entries.len(), 9);
    let notices: Vec<Notice> = read(earlier!("notices"));
    keeps(&notices, earlier!("notices"));
}

#[test]
fn reports_audits_and_schemas_of_an_earlier_version_are_read() {
    for (text, outcome) in
        [(earlier!("report"), RunOutcome::Partial), (earlier!("blocked_report"), RunOutcome::Blocked)]
    {
        let report: Report = read(text);
        keeps(&report, text);
        assert_eq!((report.outcome, &report.scope), (outcome, &Scope::All));
    }
    let entries: Vec<AuditEntry> = read(earlier!("audit"));
    keeps(&entries, earlier!("audit"));
    let schema = read::<SchemaBuilder>(earlier!("schema")).build().unwrap();
    assert_eq!(schema.fingerprint().to_string(), "f88b09a807fa298ad3cda824183beb75", "its records stay in step");
}

/// Such a plan does not say what it was made from, so nobody can tell how old it is.
#[test]
fn a_plan_of_an_earlier_version_is_refused_with_what_to_do() {
    let schema = read::<SchemaBuilder>(earlier!("schema")).build().unwrap();
    let error = Plan::read(&schema, &mut serde_json::Deserializer::from_str(earlier!("plan"))).unwrap_err();
    assert_eq!(error, PlanError::Outdated { found: 1 });
    assert!(error.to_string().ends_with("plan once more"), "{error}");
}

/// What a later version has stored is refused with both formats, whatever it is.
#[test]
fn a_record_of_a_later_format_is_refused_by_its_format() {
    fn later<T: DeserializeOwned>(mut record: Json) -> T {
        record["format"] = 99.into();
        serde_json::from_value(record).unwrap()
    }
    let first = |text: &str| read::<Vec<Json>>(text).remove(0);
    let [mut connection, mut entry] = [read(earlier!("connection")), first(earlier!("history"))];
    (connection["format"], entry["format"]) = (99.into(), 99.into());
    let enrolment = json!({"connection": connection, "through": "2023-11-14T22:13:20Z"});
    let enrolment: Enrolment = serde_json::from_value(enrolment).unwrap();
    let health = first(earlier!("health"))[0].take();
    for refused in [
        later::<Slot>(read(earlier!("slot_idle"))).check().unwrap_err().to_string(),
        later::<Gate>(first(earlier!("gate"))).check().unwrap_err().to_string(),
        later::<Health>(health).check().unwrap_err().to_string(),
        later::<Rate>(first(earlier!("rate"))).check().unwrap_err().to_string(),
        later::<Tombstones>(first(earlier!("tombstones"))).check().unwrap_err().to_string(),
        enrolment.check().unwrap_err().to_string(),
        tripartite::history::HistoryEntry::from_json(entry.to_string().as_bytes()).unwrap_err().to_string(),
    ] {
        assert!(refused.ends_with(" format 99, this version reads up to 1"), "{refused}");
    }
}

/// A person may have approved the id that such a plan states: it is the same plan, also when it is stored again.
#[test]
fn a_plan_of_format_2_keeps_its_id_and_is_applied() {
    let schema = read::<SchemaBuilder>(earlier!("schema")).build().unwrap();
    let read_plan = |text: &str| Plan::read(&schema, &mut serde_json::Deserializer::from_str(text));
    let plan = read_plan(earlier!("plan_2")).unwrap();
    assert_eq!(plan.id().to_string(), "a25ce396311c18df8eb1cf698b4258b1fb3d7c6a8e8553e3e081198753ea6987");
    keeps(&plan, earlier!("plan_2"));
    assert_eq!(read_plan(&serde_json::to_string(&plan).unwrap()).map(|again| again.id()), Ok(plan.id()));
    let altered = earlier!("plan_2").replace("Se\u{e1}n", "Sean");
    assert!(matches!(read_plan(&altered), Err(PlanError::Altered { .. })));
    let latest = earlier!("plan_2").replace("\"format\": 2", "\"format\": 3");
    assert!(matches!(read_plan(&latest), Err(PlanError::Altered { .. })), "its id is of another kind");
    let (approved, store) = (plan.id(), MemoryStore::new(schema.clone()));
    let run = Run::new(Policy::new(schema.clone()), RunId::new("apply").unwrap(), at("2026-03-01T00:00:00Z"));
    let done = drive_blocking(run.apply(plan), &Listing::new(Vec::new()), &store).unwrap();
    assert_eq!((done.report.plan_id, done.report.counts.created), (approved, 1));
}

#[test]
fn tombstones_of_an_earlier_version_are_read() {
    let (tombstones, seen): (Tombstones, Json) = read(earlier!("tombstones"));
    tombstones.check().unwrap();
    keeps(&(&tombstones, seen), earlier!("tombstones"));
    assert_eq!(tombstones.iter().count(), 2);
}

#[cfg(feature = "webhook")]
#[test]
fn messages_and_shapes_of_an_earlier_version_are_read() {
    use tripartite::webhook::{Seen, Shape};
    let (tombstones, seen): (Tombstones, Seen) = read(earlier!("tombstones"));
    keeps(&(tombstones, &seen), earlier!("tombstones"));
    assert_eq!(seen.until() - seen.at(), chrono::TimeDelta::minutes(10));
    let shape: Shape = read(earlier!("shapes"));
    keeps(&shape, earlier!("shapes"));
}
