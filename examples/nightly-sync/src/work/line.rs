//! What is told of the work, for people.

use chrono::{DateTime, SecondsFormat, Utc};
use tripartite::id::SyncKey;
use tripartite::matching::FEW;
use tripartite::notice::What;
use tripartite::queue::{Outcome, Refusal};
use tripartite::run::RunOutcome;

use super::{Commands, ShiftEvent};
use crate::store::Register;

/// One event, for people.
pub fn line(told: &ShiftEvent, at: DateTime<Utc>, commands: &Commands<'_>) -> String {
    let at = time(at);
    match told {
        ShiftEvent::Fired(key, came) => format!("{at} {} scheduled: {}", Register::of(key), outcome(came)),
        ShiftEvent::Expired(key, came) => format!("{at} {} lost its worker: {}", Register::of(key), outcome(came)),
        ShiftEvent::Attempted(attempted) => {
            let counts = attempted.report.as_ref().map(|report| {
                if report.outcome == RunOutcome::Blocked {
                    return format!("; nothing was written (run {})", report.run);
                }
                let counts = report.counts;
                let aside = match counts.quarantined {
                    0 => String::new(),
                    some => format!("{some} set aside, "),
                };
                let unanswered = match counts.unanswered {
                    0 => String::new(),
                    some => format!("{some} not answered for, "),
                };
                let linked = match counts.linked {
                    0 => String::new(),
                    some => format!("{some} linked, "),
                };
                format!(
                    "; {} processed, {aside}{unanswered}{linked}{} created, {} updated, {} deactivated, {} conflicts open (run {})",
                    counts.processed,
                    counts.created,
                    counts.updated,
                    counts.deactivated,
                    counts.conflicts_open,
                    report.run
                )
            });
            let (key, number) = (Register::of(&attempted.key), attempted.attempt);
            let why = attempted.message.as_ref().filter(|_| !matches!(attempted.outcome, Outcome::Died(_)));
            let why = why.map(|why| reason(&attempted.outcome, why)).unwrap_or_default();
            let came = match (&attempted.outcome, &attempted.report) {
                (Outcome::Completed { follow_up }, Some(report)) if report.outcome == RunOutcome::Partial => {
                    let again = match (follow_up, report.counts.unanswered) {
                        (false, _) => "",
                        (true, 0) => ", and runs once more",
                        (true, _) => ", and a run of all follows",
                    };
                    format!("completed in part{again}")
                }
                (came, _) => outcome(came),
            };
            format!("{at} {key} attempt {number}: {why}{came}{}", counts.unwrap_or_default())
        }
        ShiftEvent::Notice(notice) => {
            format!("{at} {}: {}", Register::of(&notice.key), told_of(&notice.what, &notice.key, commands))
        }
        ShiftEvent::Broken(key, problem) => {
            format!("{at} {} cannot be read, and is left alone: {problem}", key.as_str())
        }
        ShiftEvent::Trouble(error) => format!("{at} {error}; trying again"),
    }
}

/// Why it came to that.
fn reason(outcome: &Outcome, why: &str) -> String {
    match outcome {
        Outcome::Snoozed { .. } => format!("{why}; "),
        _ => format!("failed: {why}; "),
    }
}

/// What an attempt that completed in part has left, for people.
pub fn left(left: u64, unanswered: u64) -> String {
    let rest = left.saturating_sub(unanswered);
    match (rest, unanswered) {
        (_, 0) => format!("{rest} set aside or not written"),
        (0, some) => format!("{some} not answered for by the source"),
        (_, some) => format!("{rest} set aside or not written, {some} not answered for by the source"),
    }
}

/// What came of a command, for people.
pub fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Enqueued => "it waits for a worker".to_owned(),
        Outcome::Merged => "it was waiting already, and does this as well".to_owned(),
        Outcome::FollowUp => "it is running, and runs once more afterwards".to_owned(),
        Outcome::Completed { follow_up: false } => "completed".to_owned(),
        Outcome::Completed { follow_up: true } => "completed, and runs once more".to_owned(),
        Outcome::Blocked { follow_up: false } => "blocked by a guard, and held for a person".to_owned(),
        Outcome::Blocked { follow_up: true } => "blocked by a guard, held for a person, and runs once more".to_owned(),
        Outcome::Retrying { at } => format!("tried again at {}", time(*at)),
        Outcome::Died(death) => format!("{death}; it is not tried again until somebody asks for it"),
        Outcome::Snoozed { until } => format!("given back until {}", time(*until)),
        Outcome::Cancelled => "cancelled".to_owned(),
        Outcome::CancelRequested => "it is running, and asked to stop".to_owned(),
        Outcome::Fenced => "the lease was lost; another worker does it".to_owned(),
        Outcome::Refused(Refusal::Idle) => "it has no job".to_owned(),
        Outcome::Refused(refusal) => refusal.to_string(),
        _ => "done".to_owned(),
    }
}

/// What people must hear about.
fn told_of(what: &What, key: &SyncKey, commands: &Commands<'_>) -> String {
    match what {
        What::JobDied { .. } => {
            format!("a person must look at it; {} tries it again", commands.about("redrive", key))
        }
        What::ConnectorOpened { failures, next_probe } => {
            let probe = next_probe.map(|at| format!(" until {}", time(at))).unwrap_or_default();
            format!("the source failed {failures} times in a row, and is left alone{probe}")
        }
        What::ConnectorRecovered => "the source answers again".to_owned(),
        What::NeedsOperator => {
            format!("the source refuses the credential: renew it, then {}", commands.about("reset", key))
        }
        What::PlanBlocked { why } => {
            let pass = commands.pass_now(key);
            format!("the run wrote nothing: {why}; what it held back stays wanted; {pass}")
        }
        What::ConflictsWaiting { waiting } => {
            let waits = match waiting {
                1 => "a conflict waits for a decision".to_owned(),
                some => format!("{some} conflicts wait for a decision"),
            };
            format!("{waits}; {} --values lists them with the commands that decide", commands.about("conflicts", key))
        }
        What::CrowdedRules { rules } => format!(
            "match rule {} found no member for records that share a value with more than {FEW} records",
            rules.join(", ")
        ),
        What::TimesAhead { until } => format!(
            "its times are from the future ({}): a clock was ahead, and nothing happens until then; {} sets them \
             back for all organisations of this source",
            time(*until),
            commands.about("reset", key)
        ),
        What::SchemaDrift { undeclared, unstated, unread } => {
            let told = [
                ("only the source has", undeclared),
                ("no record states", unstated),
                ("not every value can be read of", unread),
            ];
            let told = told.iter().filter(|(_, fields)| !fields.is_empty());
            let told =
                told.map(|(what, fields)| format!("{what} {}", fields.join(", "))).collect::<Vec<_>>().join("; ");
            format!("{told}; {} shows what the schema could have", commands.reading("schema", key))
        }
        other => format!("{other:?}"),
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
