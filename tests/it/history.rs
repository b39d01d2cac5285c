//! History entries, their exports, and the status of a key.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::json;
use tripartite::backoff::Fraction;
use tripartite::failure::Failure;
use tripartite::health::Health;
use tripartite::history::{CSV_HEADER, Doing, HistoryEntry, KeyStatus};
use tripartite::id::{ConnectorId, ExternalId, Nonce, OrgId, SyncKey, WorkerId};
use tripartite::queue::{Attempt, Command, Death, Ended, QueueRules, Scope, Slot, Token, Trigger};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn key() -> SyncKey {
    SyncKey { org: OrgId::new("ballybeg").unwrap(), connector: ConnectorId::new("federation").unwrap() }
}

fn attempt(token: u64, ended: Ended) -> Attempt {
    let attempt = json!({
        "token": token,
        "worker": "w1",
        "work": {"scope": "all", "policy": "members", "by": "scheduled", "expedited": false, "upto": token},
        "number": 1,
        "started_at": at(0),
        "ended_at": at(60),
        "progress": {"done": 120, "of": 120, "counts": {"created": 3, "updated": 1}},
        "ended": ended,
    });
    serde_json::from_value(attempt).unwrap()
}

/// One of every way an attempt ends.
fn every_end() -> Vec<HistoryEntry> {
    let message = || "503, \"busy\"\nlater".to_owned();
    let failure = Failure::Retry { after: Some(Duration::from_secs(120)) };
    let mut ends: Vec<_> = [
        Ended::Completed { result: Some("run-7".into()) },
        Ended::Completed { result: None },
        Ended::CompletedInPart { result: Some("run-8".into()), left: 14, unanswered: 12 },
        Ended::Blocked { plan: "plan-9".into(), why: "all would be deactivated".into() },
        Ended::Failed { failure, message: message(), retry_at: at(180) },
        Ended::Died(Death::Failed { failure: Failure::Denied, message: "=HYPERLINK(\"x\")".into() }),
        Ended::Died(Death::Exhausted { failures: 4, message: message() }),
        Ended::Died(Death::Poisoned { rescues: 4 }),
        Ended::Expired { retry_at: at(180) },
        Ended::Snoozed { until: at(3600), why: Some("the job store failed".into()) },
        Ended::Cancelled,
    ]
    .into_iter()
    .zip(1..)
    .map(|(ended, token)| attempt(token, ended))
    .collect();
    ends[10].work.scope = Scope::only(["a", "b"].map(|id| ExternalId::new(id).unwrap()));
    ends[10].work.policy = None;
    ends[10].progress.of = None;
    ends.into_iter().map(|attempt| HistoryEntry::new(&key(), attempt)).collect()
}

#[test]
fn the_persisted_form_is_pinned() {
    insta::assert_json_snapshot!(every_end());
    for entry in every_end() {
        assert_eq!(HistoryEntry::from_json(&entry.to_json().unwrap()).unwrap(), entry);
        assert_eq!(entry.key(), key());
    }
}

#[test]
fn the_csv_export_is_pinned() {
    let mut export = String::from(CSV_HEADER);
    every_end().iter().for_each(|entry| entry.csv_line(&mut export));
    insta::assert_snapshot!(export);
}

#[test]
fn ids_sort_as_tokens_do() {
    let id = |token| HistoryEntry::new(&key(), attempt(token, Ended::Cancelled)).id();
    let tokens = [0, 9, 10, 99, 1 << 40, u64::MAX];
    assert!(tokens.map(id).is_sorted());
}

/// A reader of RFC 4180 that knows nothing of the writer.
fn read_csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted && chars.peek() == Some(&'\n') => {
                chars.next();
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            other => field.push(other),
        }
    }
    assert!(!quoted && field.is_empty() && row.is_empty(), "the last row has an end");
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_is_one_harmless_field(text in "[=+@＝－﹫\u{200b}\u{a0}\t\r\n\",'a-c -]{0,12}|\\PC{0,20}", worker in "[=+@a-c -]{1,9}") {
        let mut attempt = attempt(7, Ended::Completed { result: Some(text.clone()) });
        attempt.worker = WorkerId::new(worker.clone()).unwrap();
        let entry = HistoryEntry::new(&key(), attempt);
        let mut export = String::from(CSV_HEADER);
        entry.csv_line(&mut export);
        entry.csv_line(&mut export);
        let rows = read_csv(&export);
        prop_assert_eq!(rows.len(), 3);
        let column = |name: &str| rows[0].iter().position(|column| column == name).unwrap();
        for (name, text) in [("result", &text), ("worker", &worker)] {
            let found = &rows[2][column(name)];
            // What a spreadsheet is given is the text, perhaps behind an apostrophe; and it is no formula.
            prop_assert!(found == text || found.strip_prefix('\'') == Some(text), "{:?}", found);
            let blank = |c: char| c.is_whitespace() || c.is_control() || "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}".contains(c);
            prop_assert!(!found.trim_start_matches(blank).starts_with(|c| "=+-@＝＋－＠﹦﹢﹣﹫".contains(c)), "{:?}", found);
            prop_assert!(!found.starts_with(['\t', '\r', '\n']), "{:?}", found);
            prop_assert!(found == text || !text.starts_with(|c: char| c.is_alphanumeric()), "{:?}", found);
        }
        prop_assert!(rows.iter().all(|row| row.len() == rows[0].len()));

        let mut lines = String::new();
        entry.json_line(&mut lines).unwrap();
        entry.json_line(&mut lines).unwrap();
        prop_assert_eq!(lines.split_terminator('\n').count(), 2);
        prop_assert_eq!(HistoryEntry::from_json(lines.split('\n').next().unwrap().as_bytes()).unwrap(), entry);
    }
}

#[test]
fn a_status_at_every_stage_is_pinned() {
    let step =
        |slot: &Slot, command, now| slot.step(&QueueRules::default(), None, command, at(now), Fraction::ONE).next;
    let trigger = || Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    let claim = |nonce: &str| Command::Claim {
        worker: WorkerId::new("w1").unwrap(),
        nonce: Nonce::new(nonce).unwrap(),
        lease: Duration::from_secs(60),
    };
    let idle = Slot::new(at(0));
    let pending = step(&idle, trigger(), 0);
    let running = step(&step(&pending, claim("n1"), 1), trigger(), 2);
    let stopping = step(&running, Command::Cancel, 3);
    let failure = Failure::Retry { after: None };
    let fail = |slot: &Slot, failure, now| {
        step(slot, Command::Fail { token: slot.token, failure, message: "busy".into() }, now)
    };
    let retrying = fail(&running, failure, 5);
    let dead = fail(&step(&retrying, claim("n2"), 200), Failure::Gone, 201);
    let health = Health::new(at(0)).judge(&Default::default(), Token(1), Err(failure), at(5));
    let statuses =
        [idle, pending, running, stopping, retrying, dead].map(|slot| KeyStatus::of(&slot, None, Some(&health)));
    insta::assert_json_snapshot!(statuses);
}

#[test]
fn the_newest_attempt_is_the_last_one_wherever_it_is() {
    let mut slot = Slot::new(at(0));
    slot.unflushed = vec![attempt(4, Ended::Cancelled)];
    let flushed = |token| attempt(token, Ended::Snoozed { until: at(9), why: Some("the job store failed".into()) });
    assert_eq!(KeyStatus::of(&slot, Some(&flushed(3)), None).last, Some(Ended::Cancelled));
    assert_eq!(
        KeyStatus::of(&slot, Some(&flushed(5)), None).last,
        Some(Ended::Snoozed { until: at(9), why: Some("the job store failed".into()) })
    );
    slot.unflushed.clear();
    let status = KeyStatus::of(&slot, Some(&flushed(3)), None);
    assert_eq!((status.doing, status.last_at), (Doing::Idle, Some(at(0) + TimeDelta::seconds(60))));
}
