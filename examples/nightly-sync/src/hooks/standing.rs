//! How a register stands, as far as anybody is told of it.

use tripartite::health::HealthStatus;
use tripartite::history::{Doing, KeyStatus};
use tripartite::queue::Ended;
use tripartite::run::{Report, RunOutcome};

use crate::config::Event;

/// How a register stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Why it fails, and does not go on by itself.
    pub failing: Option<String>,
    /// Whether its last sync succeeded, perhaps in part.
    pub has_succeeded: bool,
    /// Why a guard stopped it.
    pub blocked: Option<String>,
    /// How many questions wait for a person.
    pub waiting: u64,
    /// The commands that answer, by the event they are about.
    pub commands: Vec<(Event, String)>,
}

impl Standing {
    /// After a run by hand.
    pub fn of_report(report: &Report) -> Self {
        let failed = report.outcome == RunOutcome::Failed;
        let reasons: Vec<String> = report.blocked.iter().map(ToString::to_string).collect();
        Self {
            failing: failed.then(|| "the run broke off".to_owned()),
            has_succeeded: matches!(report.outcome, RunOutcome::Succeeded | RunOutcome::Partial),
            blocked: (!reasons.is_empty()).then(|| reasons.join("; ")),
            waiting: waiting(report),
            commands: Vec::new(),
        }
    }

    /// Of a job, after its last attempt; the report is that of its register's last run.
    pub fn of_job(status: &KeyStatus, report: Option<&Report>) -> Self {
        let dead = match &status.doing {
            Doing::Dead { reason, .. } => Some(reason.to_string()),
            _ => None,
        };
        let ill = status.health.as_ref().and_then(|health| match health.status {
            HealthStatus::NeedsOperator => Some("the source refuses the credential".to_owned()),
            HealthStatus::Open => Some(format!("the source failed {} times in a row", health.failures)),
            _ => None,
        });
        let has_succeeded =
            matches!(status.last, Some(Ended::Completed { .. } | Ended::CompletedInPart { .. })) && dead.is_none();
        Self {
            failing: dead.or(ill),
            has_succeeded,
            blocked: status.held.as_ref().map(|held| held.why.clone()),
            waiting: report.map_or(0, waiting),
            commands: Vec::new(),
        }
    }

    /// What a person reads of an event.
    pub(super) fn text(&self, register: &str, event: Event) -> String {
        let told = match event {
            Event::Failed => {
                let why = self.failing.as_deref().unwrap_or_default();
                format!("the sync failed, and is not tried again by itself: {why}")
            }
            Event::Blocked => {
                let why = self.blocked.as_deref().unwrap_or_default();
                format!("a guard stopped the sync, and nothing was written: {why}")
            }
            Event::Questions if self.waiting == 1 => "a question waits for a person".to_owned(),
            Event::Questions => format!("{} questions wait for a person", self.waiting),
            Event::Recovered => "the sync succeeds again".to_owned(),
        };
        let commands = self.commands.iter().filter(|(about, _)| *about == event);
        let commands: String = commands.map(|(_, command)| format!("\n{command}")).collect();
        format!("{register}: {told}{commands}")
    }
}

/// How many questions a run left to people.
fn waiting(report: &Report) -> u64 {
    let matches = report.set_aside.iter().filter(|aside| aside.matched.is_some()).count() as u64;
    report.counts.conflicts_open + matches
}
