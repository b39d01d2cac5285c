//! The report as one JSON object: the crate's own, with what stopped a run that failed.

use serde::Serialize;
use tripartite::run::{Counts, Report, RunOutcome};

#[derive(Debug, Serialize)]
struct Reported<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// A run that could not begin has an outcome and counts, but no plan.
#[derive(Debug, Serialize)]
struct Unbegun<'a> {
    outcome: RunOutcome,
    plan_id: Option<&'a str>,
    #[serde(flatten)]
    counts: Counts,
    error: &'a str,
}

/// The report of a run, with what stopped it if it failed.
pub fn report(report: &Report, error: Option<&str>) -> String {
    text(&Reported { report, error })
}

/// The report of a run that could not begin.
pub fn failure(error: &str) -> String {
    text(&Unbegun { outcome: RunOutcome::Failed, plan_id: None, counts: Counts::default(), error })
}

/// Why a command could not be carried out.
pub fn error(error: &str) -> String {
    serde_json::json!({"error": error}).to_string()
}

/// Names as keys and plain values: that always has a JSON form.
fn text(reported: &impl Serialize) -> String {
    serde_json::to_string(reported).unwrap_or_default()
}
