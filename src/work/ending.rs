//! The end of an attempt: the slot's transition, and what follows from it. All of it may be done twice.

use std::mem::discriminant;

use chrono::{DateTime, TimeDelta, Utc};

use super::admission::HeldTicket;
use super::chain::{Draft, Link};
use super::context::Context;
use super::error::WorkError;
use super::handler::{Clock, Job};
use super::job_records::Beside;
use super::keys::{health_key, slot_key};
use super::notified_state::NotifiedState;
use super::queue::Queue;
use super::record::Versioned;
use crate::failure::Failure;
use crate::gate::Gate;
use crate::health::Health;
use crate::id::{CommandId, ExternalId, SyncKey};
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
    pub(super) ticket: HeldTicket,
    /// Whether the worker keeps the ticket for its next run.
    pub(super) keep: bool,
    pub(super) command: Command,
    pub(super) report: Option<Report>,
    /// What it says about the connector.
    pub(super) verdict: Option<Result<(), Failure>>,
    /// The tombstones that it read at its beginning.
    pub(super) tombstones: Tombstones,
    pub(super) known: Known,
}

/// The records as the attempt has last read or swapped them.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) slot: Option<Versioned<Slot>>,
    pub(super) others: KnownOthers,
}

/// The records beside the slot.
#[derive(Debug, Default)]
pub(super) struct KnownOthers {
    pub(super) gate: Option<Versioned<Gate>>,
    pub(super) health: Option<Versioned<Health>>,
    pub(super) beside: Beside,
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

impl<S: JobStore + Sync, H, C: Clock> Context<'_, S, H, C> {
    /// Stores the end of an attempt and what follows from it, in one chain, the end first. Notices are added as they
    /// come, also before an error.
    pub(super) async fn finish(
        &self,
        ending: &mut Ending,
        notices: &mut Vec<Notice>,
    ) -> Result<Outcome, WorkError<S::Error>> {
        let now = self.time();
        let Known { slot, others } = std::mem::take(&mut ending.known);
        let mut others = Some(others);
        let (ending, records) = (&*ending, &self.queue.records);
        let mut end = self.draft_end(ending, slot, now);
        let drafted = end.drafted().map(|(slot, (outcome, _))| (outcome.clone(), slot.clone()));
        let (mut follows, mut appended) = (None, false);
        if let Some((outcome, slot)) = &drafted {
            let follow = follows.insert(self.draft_what_follows(ending, outcome, now, others.take()));
            match self.store_end(&ending.job.key, slot, &mut end, follow, now).await {
                Ok(all) => appended = all,
                // If the end is stored, the rest is tried again.
                Err(error) if !end.is_over() => return Err(error),
                Err(_) => {}
            }
        }
        records.chain(&mut [&mut end], &[]).await?;
        let contended = || WorkError::Contended { key: slot_key(&ending.job.key) };
        let ((outcome, notice), slot) = end.into_done()?.ok_or_else(contended)?;
        notices.extend(notice);
        // Somebody has changed the slot meanwhile, and the attempt has ended in another way.
        let same = drafted.is_some_and(|(drafted, _)| discriminant(&drafted) == discriminant(&outcome));
        let mut follows = match follows.filter(|_| same) {
            Some(follows) => follows,
            None => self.draft_what_follows(ending, &outcome, now, others.take()),
        };
        let settled = records.chain(&mut follows.links(), &[]).await;
        let history = self.settle_history(&ending.job.key, slot, appended, now).await;
        let last_success = follows.tell(notices)?;
        settled?;
        history?;
        self.prune(ending, last_success, now).await?;
        Ok(outcome)
    }

    /// Tries once to store an end with its entry of the history and what follows from it. Returns whether the entry was
    /// appended, and the slot still has the attempt. A store that does all of it or nothing gets a slot without it.
    async fn store_end<'e>(
        &self,
        key: &SyncKey,
        slot: &Slot,
        end: &mut Draft<'e, Slot, (Outcome, Option<Notice>)>,
        follows: &mut Follows<'e>,
        now: DateTime<Utc>,
    ) -> Result<bool, WorkError<S::Error>> {
        let records = &self.queue.records;
        let entries = Queue::<S>::entries_to_chain(key, slot)?;
        let flushed = self.queue.flushed(slot, now).filter(|_| !entries.is_empty());
        if let Some(unflushed) = flushed.and_then(|flushed| end.redirect(flushed)) {
            let tried = records.try_all(&mut follows.links_behind(end), &entries).await?;
            // What somebody has changed meanwhile is drafted anew, with the attempt in the slot.
            if tried.is_some() {
                return Ok(false);
            }
            end.redirect(unflushed);
        }
        let all = records.try_chain(&mut follows.links_behind(end), &entries).await?;
        Ok(all && !entries.is_empty())
    }

    /// The last progress and the command that ends the attempt.
    fn draft_end<'e>(
        &'e self,
        ending: &'e Ending,
        known: Option<Versioned<Slot>>,
        now: DateTime<Utc>,
    ) -> Draft<'e, Slot, (Outcome, Option<Notice>)> {
        let (rules, fraction) = (&self.queue.rules, self.clock.fraction());
        let Ending { job: Job { key, token, .. }, command, report, .. } = ending;
        let id = CommandId::new(format!("tripartite/end-{}", token.0)).ok();
        let progress =
            report.as_ref().map(|report| Command::Progress { token: *token, progress: progress(&report.written()) });
        let end = move |slot: Option<&Slot>| {
            let before = slot.cloned().unwrap_or_else(|| Slot::new(now));
            let advanced = progress.clone().map(|progress| before.step(rules, None, progress, now, fraction).next);
            let last = advanced.as_ref().unwrap_or(&before);
            let transition = last.step(rules, id.as_ref(), command.clone(), now, fraction);
            let notice = Notice::of_slot(key, &before, &transition.next);
            (slot.map(|_| transition.next), (transition.outcome, notice))
        };
        Draft::current(slot_key(key), known, |slot| ending.is_current(slot), end)
    }

    /// The changes that follow from an end: the ticket goes back, the connector is judged, and if the run has finished,
    /// the tombstones that it has applied go, and people are told.
    fn draft_what_follows<'e>(
        &'e self,
        ending: &'e Ending,
        outcome: &Outcome,
        now: DateTime<Utc>,
        known: Option<KnownOthers>,
    ) -> Follows<'e> {
        let KnownOthers { gate, health, beside } = known.unwrap_or_default();
        let Ending { job: Job { key, token, .. }, ticket, keep, .. } = ending;
        let release = !keep || *outcome == Outcome::Fenced;
        let gate = release.then(|| Queue::<S>::draft_release(key, ticket, gate, now));
        let mut follows = Follows { gate, health: None, tombstones: None, notified: None };
        if *outcome == Outcome::Fenced {
            return follows;
        }
        follows.health = ending.verdict.map(|verdict| self.draft_judgement(ending, verdict, outcome, health, now));
        let finished = matches!(outcome, Outcome::Completed { .. } | Outcome::Blocked { .. });
        let Some(report) = ending.report.as_ref().filter(|_| finished) else { return follows };
        follows.notified = Some(Queue::<S>::draft_notices(key, *token, report, beside.notified, now));
        if report.outcome != RunOutcome::Blocked {
            let applied = ending.tombstones.only(|id| !is_left(report, id));
            follows.tombstones =
                (!applied.is_empty()).then(|| Queue::<S>::draft_forgetting(key, applied, beside.tombstones));
        }
        follows
    }

    /// Judges the connector by the attempt's verdict. The answer is the notice about it, and the time of the last success
    /// before this attempt.
    fn draft_judgement<'e>(
        &'e self,
        ending: &'e Ending,
        verdict: Result<(), Failure>,
        outcome: &Outcome,
        known: Option<Versioned<Health>>,
        now: DateTime<Utc>,
    ) -> Draft<'e, Health, Judged> {
        let (Job { key, token, .. }, rules) = (&ending.job, &self.settings.health);
        let blocked = matches!(outcome, Outcome::Blocked { .. });
        Draft::new(health_key(key), known, move |health: Option<&Health>| {
            let health = health.cloned().unwrap_or_else(|| Health::new(now));
            let next = if blocked { health.answered(*token, now) } else { health.judge(rules, *token, verdict, now) };
            let last_success = health.view().last_success.filter(|_| next != health);
            let notice = Notice::of_health(key, &health, &next);
            // A connector that was never tried needs no record.
            (Some(next).filter(|next| *next != health), (notice, last_success))
        })
    }

    /// Appends the attempt to the history if the chain has not, and takes it out of the slot.
    async fn settle_history(
        &self,
        key: &SyncKey,
        slot: Versioned<Slot>,
        appended: bool,
        now: DateTime<Utc>,
    ) -> Result<(), WorkError<S::Error>> {
        if appended { self.queue.mark_flushed(key, slot, now).await } else { self.queue.append(key, slot, now).await }
    }

    /// Removes what is too old from the history, after the first success of a day.
    async fn prune(
        &self,
        ending: &Ending,
        last_success: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), WorkError<S::Error>> {
        let Some(last) = last_success.filter(|last| last.date_naive() != now.date_naive()) else { return Ok(()) };
        // A clock that is a year ahead for one run must not remove the whole history.
        let kept = TimeDelta::from_std(self.settings.history).unwrap_or(TimeDelta::MAX);
        if let Some(before) = last.min(now).checked_sub_signed(kept).filter(|_| ending.verdict == Some(Ok(()))) {
            let _ = self.queue.prune(&ending.job.key, before).await?;
        }
        Ok(())
    }
}

/// The notice about a connector, and the time of its last success before an attempt.
type Judged = (Option<Notice>, Option<DateTime<Utc>>);

/// The changes that follow from the end of an attempt.
struct Follows<'e> {
    gate: Option<Draft<'e, Gate, ()>>,
    health: Option<Draft<'e, Health, Judged>>,
    tombstones: Option<Draft<'e, Tombstones, ()>>,
    notified: Option<Draft<'e, NotifiedState, Vec<Notice>>>,
}

impl Follows<'_> {
    /// The links of a chain that begins with the end.
    fn links_behind<'l>(&'l mut self, end: &'l mut dyn Link) -> Vec<&'l mut dyn Link> {
        let mut links = vec![end];
        links.extend(self.links());
        links
    }

    /// The links of a chain. Those that others of the same connector change are last, since a conflict stops the rest.
    fn links(&mut self) -> Vec<&mut dyn Link> {
        let Self { gate, health, tombstones, notified } = self;
        let mut links: Vec<&mut dyn Link> = Vec::with_capacity(4);
        links.extend(health.as_mut().map(|link| link as &mut dyn Link));
        links.extend(tombstones.as_mut().map(|link| link as &mut dyn Link));
        links.extend(notified.as_mut().map(|link| link as &mut dyn Link));
        links.extend(gate.as_mut().map(|link| link as &mut dyn Link));
        links
    }

    /// Adds the notices of what is stored. Returns the time of the last success before this attempt.
    ///
    /// # Errors
    /// When a record cannot be read.
    fn tell<E: std::error::Error>(self, notices: &mut Vec<Notice>) -> Result<Option<DateTime<Utc>>, WorkError<E>> {
        let Self { gate, health, tombstones, notified } = self;
        let judged = health.map_or(Ok(None), Draft::into_done);
        let told = notified.map_or(Ok(None), Draft::into_done);
        let mut last_success = None;
        if let Ok(Some(((notice, last), _))) = &judged {
            last_success = *last;
            notices.extend(notice.clone());
        }
        if let Ok(Some((told, _))) = &told {
            notices.extend(told.iter().cloned());
        }
        gate.map_or(Ok(None), Draft::into_done)?;
        judged?;
        tombstones.map_or(Ok(None), Draft::into_done)?;
        told?;
        Ok(last_success)
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
