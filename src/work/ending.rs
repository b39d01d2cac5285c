//! The end of an attempt: the slot's transition, and what follows from it. All of it may be done twice.

use chrono::{DateTime, TimeDelta, Utc};

use super::context::Context;
use super::error::WorkError;
use super::handler::{Clock, Job};
use super::keys::slot_key;
use super::record::Versioned;
use crate::failure::Failure;
use crate::gate::Gate;
use crate::health::Health;
use crate::id::{CommandId, ExternalId, Nonce, SyncKey};
use crate::jobs::JobStore;
use crate::notice::Notice;
use crate::queue::{Command, Outcome, Progress, Slot, State, Token};
use crate::run::{Counts, Report, RunOutcome};
use crate::tombstone::Tombstones;

/// An attempt that a worker made.
///
/// [`Tick`](crate::work::Tick) has an example.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Attempted {
    /// The key.
    pub key: SyncKey,
    /// The token of its claim.
    pub token: Token,
    /// Which attempt of its job it was, from 1.
    pub attempt: u32,
    /// How it ended. [`Fenced`](Outcome::Fenced) means that its lease was lost: nothing that it did counts, and another
    /// attempt does it again.
    pub outcome: Outcome,
    /// Why it failed or was given back. `None` for any other end.
    pub message: Option<String>,
    /// The run's report, as far as the run got. `None` if it did not begin.
    pub report: Option<Report>,
}

/// An attempt that is over, and whose end is to be stored.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) job: Job,
    pub(super) nonce: Nonce,
    pub(super) command: Command,
    pub(super) report: Option<Report>,
    /// What it says about the connector.
    pub(super) verdict: Option<Result<(), Failure>>,
    /// The tombstones that it read at its beginning.
    pub(super) tombstones: Tombstones,
    pub(super) slot: Option<Versioned<Slot>>,
    pub(super) gate: Option<Versioned<Gate>>,
    pub(super) health: Option<Versioned<Health>>,
}

impl Ending {
    pub(super) fn into_attempted(self, outcome: Outcome) -> Attempted {
        let message = match self.command {
            Command::Fail { message, .. } | Command::Snooze { why: message, .. } => Some(message),
            _ => None,
        };
        let Job { key, token, attempt, .. } = self.job;
        Attempted { key, token, attempt, outcome, message, report: self.report }
    }

    /// Whether a slot was read after the claim, and after the heartbeat that has seen a cancel. A slot from before the
    /// cancel would refuse the stop.
    fn is_current(&self, slot: Option<&Slot>) -> bool {
        let Some(slot) = slot else { return false };
        let uncancelled = slot.token == self.job.token && matches!(slot.state, State::Running { cancel: None, .. });
        slot.token >= self.job.token && !(uncancelled && matches!(self.command, Command::Stop { .. }))
    }
}

impl<S: JobStore, H, C: Clock> Context<'_, S, H, C> {
    /// Stores the end of an attempt, and does what follows from it. Notices are added as they come, also before an
    /// error.
    pub(super) async fn finish(
        &self,
        ending: &mut Ending,
        notices: &mut Vec<Notice>,
    ) -> Result<Outcome, WorkError<S::Error>> {
        let now = self.time();
        let (outcome, notice, slot) = self.end_slot(ending, now).await?;
        notices.extend(notice);
        self.queue.append(&ending.job.key, slot, now).await?;
        self.queue.release_ticket(&ending.job.key, &ending.nonce, ending.gate.take(), now).await?;
        if outcome == Outcome::Fenced {
            return Ok(outcome);
        }
        let (notice, last_success) = self.judge_health(ending, &outcome, now).await?;
        notices.extend(notice);
        self.settle_run(ending, &outcome, now, notices).await?;
        // A clock that is a year ahead for one run must not remove the whole history.
        let kept = TimeDelta::from_std(self.settings.history).unwrap_or(TimeDelta::MAX);
        if let Some(before) = last_success.and_then(|at| at.min(now).checked_sub_signed(kept)) {
            let _ = self.queue.prune(&ending.job.key, before).await?;
        }
        Ok(outcome)
    }

    /// Gives the slot the last progress and the command that ends the attempt.
    async fn end_slot(
        &self,
        ending: &mut Ending,
        now: DateTime<Utc>,
    ) -> Result<(Outcome, Option<Notice>, Versioned<Slot>), WorkError<S::Error>> {
        let known = ending.slot.take();
        let (rules, fraction) = (&self.queue.rules, self.clock.fraction());
        let Ending { job: Job { key, token, .. }, command, report, .. } = &*ending;
        let id = CommandId::new(format!("tripartite/end-{}", token.0)).ok();
        let progress =
            report.as_ref().map(|report| Command::Progress { token: *token, progress: progress(&report.written()) });
        let end = |slot: Option<&Slot>| {
            let before = slot.cloned().unwrap_or_else(|| Slot::new(now));
            let advanced = progress.clone().map(|progress| before.step(rules, None, progress, now, fraction).next);
            let last = advanced.as_ref().unwrap_or(&before);
            let transition = last.step(rules, id.as_ref(), command.clone(), now, fraction);
            let notice = Notice::of_slot(key, &before, &transition.next);
            (slot.map(|_| transition.next), (transition.outcome, notice))
        };
        let current = |slot: Option<&Slot>| ending.is_current(slot);
        let ended = self.queue.records.change_from(&slot_key(key), known, current, end).await?;
        let ((outcome, notice), slot) = ended;
        Ok((outcome, notice, slot))
    }

    /// Judges the connector by the attempt's verdict, if it has one. Returns the notice about it, and the time of the
    /// last success before this attempt.
    async fn judge_health(
        &self,
        ending: &mut Ending,
        outcome: &Outcome,
        now: DateTime<Utc>,
    ) -> Result<(Option<Notice>, Option<DateTime<Utc>>), WorkError<S::Error>> {
        let Some(verdict) = ending.verdict else { return Ok((None, None)) };
        let (Job { key, token, .. }, rules) = (&ending.job, &self.settings.health);
        let judge = |health: &Health| {
            let next = match outcome {
                Outcome::Blocked { .. } => health.answered(*token, now),
                _ => health.judge(rules, *token, verdict, now),
            };
            let last_success = health.view().last_success.filter(|_| next != *health);
            let notice = Notice::of_health(key, health, &next);
            (next, (notice, last_success))
        };
        self.queue.change_health(key, ending.health.take(), now, judge).await.map(|(judged, _)| judged)
    }

    /// Forgets the tombstones that a finished run has applied, and collects the notices about it.
    async fn settle_run(
        &self,
        ending: &Ending,
        outcome: &Outcome,
        now: DateTime<Utc>,
        notices: &mut Vec<Notice>,
    ) -> Result<(), WorkError<S::Error>> {
        let finished = matches!(outcome, Outcome::Completed { .. } | Outcome::Blocked { .. });
        let Some(report) = ending.report.as_ref().filter(|_| finished) else { return Ok(()) };
        let Job { key, token, .. } = &ending.job;
        let wrote = report.outcome != RunOutcome::Blocked;
        if wrote {
            let applied = ending.tombstones.only(|id| !is_left(report, id));
            self.queue.forget_tombstones(key, &applied).await?;
        }
        notices.extend(self.queue.notify(key, *token, report, now).await?);
        if wrote {
            self.queue.note_success(key, now).await?;
        }
        Ok(())
    }
}

/// Whether a run has left a record as it was.
fn is_left(report: &Report, id: &ExternalId) -> bool {
    report.held_ends.contains(id)
        || report.unwritten.iter().any(|unwritten| unwritten.id == *id)
        || report.set_aside.iter().any(|aside| aside.id.as_ref() == Some(id))
}

/// How far a run came.
fn progress(counts: &Counts) -> Progress {
    let named = counts.named().map(|(name, count)| (name.to_owned(), count));
    Progress { done: counts.processed, of: None, counts: named.collect() }
}
