//! The report as one JSON object: the counts stand beside the outcome, and what was set aside under `set_aside`, because
//! `quarantined` is the count.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tripartite::exchange::Quarantined;
use tripartite::failure::Failure;
use tripartite::plan::{Blocked, PlanId};
use tripartite::run::{Counts, Report, RunOutcome, Unwritten};

#[derive(Debug, Serialize)]
struct Reported<'a> {
    outcome: RunOutcome,
    plan_id: Option<PlanId>,
    #[serde(flatten)]
    counts: Counts,
    #[serde(flatten)]
    details: Option<Details<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// What only a run that began has.
#[derive(Debug, Serialize)]
struct Details<'a> {
    run: &'a str,
    at: DateTime<Utc>,
    dry_run: bool,
    withheld: u64,
    blocked: &'a [Blocked],
    set_aside: &'a [Quarantined],
    unwritten: &'a [Unwritten],
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

/// The report of a run, with what stopped it if it failed.
pub fn report(report: &Report, error: Option<&str>) -> String {
    let details = Details {
        run: report.run.as_str(),
        at: report.at,
        dry_run: report.dry_run,
        withheld: report.withheld,
        blocked: &report.blocked,
        set_aside: &report.quarantined,
        unwritten: &report.unwritten,
        failure: report.failure,
    };
    let Report { outcome, plan_id, counts, .. } = *report;
    text(&Reported { outcome, plan_id: Some(plan_id), counts, details: Some(details), error })
}

/// The report of a run that could not begin.
pub fn failure(error: &str) -> String {
    let (outcome, counts) = (RunOutcome::Failed, Counts::default());
    text(&Reported { outcome, plan_id: None, counts, details: None, error: Some(error) })
}

/// Names as keys and plain values: that always has a JSON form.
fn text(reported: &Reported<'_>) -> String {
    serde_json::to_string(reported).unwrap_or_default()
}
