//! The worker: one tick takes one job from claim to end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::attempt::{Attempted, Claiming, Ending, Start};
use super::clock_skew::SkewLook;
use super::due_queue::{Due, DueQueue};
use super::queue::number;
use super::record::Known;
use super::{Clock, Handler, Queue, WorkError};
use crate::backoff::Fraction;
use crate::drive::block_on;
use crate::gate::{Gate, Limits, Turn};
use crate::health;
use crate::id::{ConnectorId, Incarnation, SyncKey, WorkerId};
use crate::jobs::{JobStore, StoreKey};
use crate::notice::Notice;
use crate::queue::{Command, Outcome, Slot, State};

/// For how long it does not ask again after a connector that is left alone: somebody may reset it.
const PATIENCE: TimeDelta = TimeDelta::seconds(60);

/// What a worker keeps to.
///
/// ```
/// use std::time::Duration;
/// use tripartite::work::Settings;
/// let settings: Settings = serde_json::from_str(r#"{"lease": {"secs": 60, "nanos": 0}}"#)?;
/// assert_eq!(settings, Settings { lease: Duration::from_secs(60), ..Settings::default() });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// For how long a claim lasts, unless it is extended. It is extended between two steps of a run: it must be longer
    /// than the longest of them, a page of the listing or a batch of writes.
    pub lease: Duration,
    /// How many runs of one connector there are at a time, and how far apart they start.
    pub gate: Limits,
    /// When a connector that fails is left alone.
    pub health: health::HealthRules,
    /// For how long the history is kept, counted back from the success before the newest one: a clock that is far ahead for
    /// one run removes nothing.
    pub history: Duration,
}

impl Default for Settings {
    /// A lease of five minutes; five runs at a time, a minute apart; thirty days of history.
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(5 * 60),
            gate: Limits::default(),
            health: health::HealthRules::default(),
            history: Duration::from_secs(30 * 24 * 60 * 60),
        }
    }
}

/// Somebody who takes jobs: plain data, without a thread, a timer or a store of its own. For several jobs at a time,
/// have several workers.
///
/// The module has [an example](crate::work).
#[derive(Debug)]
pub struct Worker {
    pub(super) id: WorkerId,
    pub(super) incarnation: Incarnation,
    pub(super) settings: Settings,
    /// How many claims it has asked for: makes each nonce a new one.
    pub(super) claims: u64,
    /// The claim it has asked for, until there is an answer.
    pub(super) claiming: Option<Claiming>,
    /// What it has to say of an attempt, and could not, because the store failed.
    pub(super) unsaid: Option<Ending>,
    /// What people must hear about, until a tick returns.
    pub(super) notices: Vec<Notice>,
    due_queue: DueQueue,
    /// Whose connector is left alone, until when; none: until a person has seen to it.
    deferred: BTreeMap<SyncKey, Option<DateTime<Utc>>>,
    patient_until: Option<DateTime<Utc>>,
    pub(super) skew: SkewLook,
}

/// What a tick did.
///
/// A refused credential ends the job at once, and the key's attempts until a person has seen to it:
///
/// ```
/// # use std::sync::Arc;
/// # use chrono::{DateTime, Utc};
/// # use tripartite::drive::block_on;
/// # use tripartite::id::{Incarnation, SyncKey};
/// # use tripartite::memory::{Listing, MemoryJobStore, MemoryStore};
/// # use tripartite::queue::{Command, Outcome, Scope, Trigger};
/// # use tripartite::run::Done;
/// # use tripartite::work::{Handler, Job, Queue, Session, Settings, Worker};
/// use tripartite::failure::{Classify, Failure};
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("401 Unauthorized")]
/// struct Refused;
///
/// impl Classify for Refused {
///     fn failure(&self) -> Failure {
///         Failure::Denied
///     }
/// }
///
/// struct Club;
///
/// impl Handler for Club {
/// #   type Connector = Listing;
/// #   type Store = Arc<MemoryStore>;
///     type Error = Refused;
///
///     async fn open(&self, _: &Job) -> Result<Session<Listing, Arc<MemoryStore>>, Refused> {
///         Err(Refused)
///     }
/// #   async fn close(&self, _: &Job, _: &Arc<MemoryStore>, _: &Done) -> Result<(), Refused> {
/// #       Ok(())
/// #   }
/// }
///
/// # let queue = Queue::new(MemoryJobStore::default());
/// # let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
/// # let clock = || DateTime::<Utc>::UNIX_EPOCH;
/// # let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
/// # let _ = block_on(queue.apply(&key, None, trigger, clock()))?;
/// # let mut random = [0; 16];
/// # getrandom::fill(&mut random)?;
/// let mut worker = Worker::new("w1".parse()?, Incarnation::new(random)?, Settings::default());
/// let tick = worker.tick_blocking(&queue, &Club, &clock)?;
/// let attempt = tick.attempt.ok_or("there was a job")?;
/// assert!(matches!(attempt.outcome, Outcome::Died(_)));
/// assert_eq!(attempt.report, None); // no run began, and `close` was not called
/// let ids: Vec<_> = tick.notices.iter().map(|notice| notice.id.as_str()).collect();
/// assert_eq!(ids, ["job_died/ballybeg/federation/1", "needs_operator/ballybeg/federation/1"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
#[must_use = "the notices in it are told nowhere else"]
pub struct Tick {
    /// The attempt it made, if there was one to make.
    pub attempt: Option<Attempted>,
    /// Schedules that fired, and what came of each trigger.
    pub fired: Vec<(SyncKey, Outcome)>,
    /// Jobs whose worker had vanished, and what became of them.
    pub expired: Vec<(SyncKey, Outcome)>,
    /// What people must hear about.
    pub notices: Vec<Notice>,
    /// Records that cannot be read, and are left as they are; everything else goes on.
    pub broken: Vec<(StoreKey, String)>,
    /// When there is something to do next, as far as is known; a trigger may come before. None: what waits, if anything
    /// does, waits for a person or a trigger.
    pub next: Option<DateTime<Utc>>,
}

/// What a tick has seen.
#[derive(Default)]
struct Seen {
    /// The gates that it has read; none: one lets nobody in, or cannot be read.
    gates: BTreeMap<ConnectorId, Option<Known<Gate>>>,
    /// Whose connector it has found to be left alone.
    unwell: BTreeSet<SyncKey>,
}

impl Worker {
    /// A worker. Its id is a name for people, and another worker may have it. Its incarnation is random, drawn anew for
    /// each worker that is made: by it a worker recognises its own claim when the answer was lost, and no other's.
    ///
    /// The module has [an example](crate::work).
    pub fn new(id: WorkerId, incarnation: Incarnation, settings: Settings) -> Self {
        Self {
            id,
            incarnation,
            settings,
            claims: 0,
            claiming: None,
            unsaid: None,
            notices: Vec::new(),
            due_queue: DueQueue::new(number(&incarnation.to_string())),
            deferred: BTreeMap::new(),
            patient_until: None,
            skew: SkewLook::default(),
        }
    }

    /// Says what is still to be said of the last attempt, and ends there if there was something. Else it fires
    /// schedules, gives up jobs whose worker has vanished, and takes the first job that is due and may run from its
    /// claim to its end.
    ///
    /// A host calls it again and again: at once after an attempt, otherwise at [`Tick::next`] or when it hears of a
    /// trigger. Dropping the future in the middle is a crash, which is survived: the lease runs out.
    ///
    /// The module has [an example](crate::work).
    ///
    /// # Errors
    /// [`WorkError`], when the job store failed. What was under way is said at the next tick, or else its lease runs
    /// out.
    pub async fn tick<S: JobStore, H: Handler>(
        &mut self,
        queue: &Queue<S>,
        handler: &H,
        clock: &impl Clock,
    ) -> Result<Tick, WorkError<S::Error>> {
        let mut tick = Tick::default();
        match self.finish(queue, handler, clock).await {
            Ok(attempt) => tick.attempt = attempt,
            Err(error) => self.pass_over(error, &mut tick)?,
        }
        if tick.attempt.is_none() {
            self.take(queue, handler, clock, &mut tick).await?;
        }
        if self.look_for_skew(queue, clock.time(), &mut tick).await.is_err() {
            // The store failed. What this tick did must be told all the same, so the next one looks.
            self.skew.look_again();
        }
        if tick.attempt.is_some() {
            tick.next = Some(clock.time());
        }
        tick.notices.append(&mut self.notices);
        Ok(tick)
    }

    /// A record that cannot be read is told, and everything else goes on.
    pub(super) fn pass_over<E: std::error::Error>(
        &mut self,
        error: WorkError<E>,
        tick: &mut Tick,
    ) -> Result<(), WorkError<E>> {
        if !matches!(error, WorkError::Store(_)) {
            self.claiming = None;
        }
        match error {
            WorkError::Broken { key, problem } => {
                tick.broken.push((key, problem));
                Ok(())
            }
            error => Err(error),
        }
    }

    /// What the store's failure left unfinished: an end that could not be said, a claim whose answer was lost.
    async fn finish<S: JobStore, H: Handler>(
        &mut self,
        queue: &Queue<S>,
        handler: &H,
        clock: &impl Clock,
    ) -> Result<Option<Attempted>, WorkError<S::Error>> {
        if let Some(ending) = self.unsaid.take() {
            return self.end(queue, clock, ending).await.map(Some);
        }
        let Some(claiming) = self.claiming.clone() else { return Ok(None) };
        match self.claim(queue, handler, clock, claiming, None).await? {
            Taken::Attempted(attempted) => Ok(Some(*attempted)),
            _ => Ok(None),
        }
    }

    /// Goes through what is due until there was a job to take.
    async fn take<S: JobStore, H: Handler>(
        &mut self,
        queue: &Queue<S>,
        handler: &H,
        clock: &impl Clock,
        tick: &mut Tick,
    ) -> Result<(), WorkError<S::Error>> {
        let now = clock.time();
        self.be_patient(now);
        let mut whole = self.due_queue.look(queue, now, false).await?;
        let mut seen = Seen::default();
        loop {
            while let Some(due) = self.due_queue.others.pop_front() {
                if let Err(error) = self.other(queue, clock, due, tick).await {
                    self.pass_over(error, tick)?;
                }
            }
            self.due_queue.arrange();
            while let Some((key, kind)) = self.choose(queue, now, &mut seen, tick).await? {
                match self.start(queue, handler, clock, (key, kind), &mut seen, tick).await {
                    Ok(true) => return Ok(()),
                    Ok(false) => {}
                    Err(error) => self.pass_over(error, tick)?,
                }
            }
            if whole {
                tick.next = self.due_queue.ended(queue, now, tick.next);
                return Ok(());
            }
            // Earlier ticks have passed over some of what is due: what is next is known only after a look at all of it.
            whole = self.due_queue.look(queue, now, true).await?;
        }
    }

    /// For a while it asks no more after connectors that are left alone.
    fn be_patient(&mut self, now: DateTime<Utc>) {
        if self.patient_until.is_none_or(|until| until <= now || until > now + PATIENCE) {
            self.deferred.clear();
            self.patient_until = Some(now + PATIENCE);
        }
    }

    /// The next job whose gate lets one in and whose kind has its turn there. A gate is read once, its keys not at all
    /// while it is shut.
    async fn choose<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        now: DateTime<Utc>,
        seen: &mut Seen,
        tick: &mut Tick,
    ) -> Result<Option<(SyncKey, Turn)>, WorkError<S::Error>> {
        while let Some((key, kind)) = self.due_queue.next() {
            if let Some(at) = self.deferred.get(&key).filter(|at| at.is_none_or(|at| at > now)) {
                if !seen.unwell.contains(&key) {
                    // Somebody may have reset it.
                    tick.next = earlier(tick.next, at.or(self.patient_until));
                }
                self.due_queue.tries(&key, kind);
                continue;
            }
            let Some(turn) = self.open(queue, now, &key, seen, tick).await? else {
                self.due_queue.set_aside(key, kind);
                continue;
            };
            if turn != kind && self.due_queue.other_waits(&key.connector, kind) {
                self.due_queue.put_off(key, kind);
                continue;
            }
            if self.due_queue.read_on(queue, now).await? {
                self.due_queue.give_back(key, kind);
                continue;
            }
            self.due_queue.tries(&key, kind);
            return Ok(Some((key, kind)));
        }
        Ok(None)
    }

    /// Whose turn it is at a gate; none, while it lets nobody in.
    async fn open<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        now: DateTime<Utc>,
        key: &SyncKey,
        seen: &mut Seen,
        tick: &mut Tick,
    ) -> Result<Option<Turn>, WorkError<S::Error>> {
        let connector = &key.connector;
        if !seen.gates.contains_key(connector) {
            let known = match queue.known_gate(connector.as_str()).await {
                Ok(known) => Some(known),
                Err(error) => {
                    self.pass_over(error, tick)?;
                    None
                }
            };
            let shut = known.as_ref().and_then(|known| known.record.as_ref()?.refusal(&self.settings.gate, now));
            if let Some(until) = shut.map(|shut| shut.until()) {
                tick.next = earlier(tick.next, Some(until));
                if let Err(error) = self.look_at_gate(queue, key, until, now).await {
                    self.pass_over(error, tick)?;
                }
            }
            seen.gates.insert(connector.clone(), known.filter(|_| shut.is_none()));
        }
        let known = seen.gates.get(connector).and_then(Option::as_ref);
        Ok(known.map(|known| known.record.as_ref().map_or(Turn::Urgent, Gate::turn)))
    }

    /// One job that may start; whether it did.
    async fn start<S: JobStore, H: Handler>(
        &mut self,
        queue: &Queue<S>,
        handler: &H,
        clock: &impl Clock,
        (key, kind): (SyncKey, Turn),
        seen: &mut Seen,
        tick: &mut Tick,
    ) -> Result<bool, WorkError<S::Error>> {
        let known = queue.known_slot(&key).await?;
        let Some(slot) = known.record.clone() else { return Ok(false) };
        let taken = match waits(&slot, clock.time()) {
            Ok(kind) => {
                let gate = seen.gates.get(&key.connector).cloned().flatten();
                let other_waits = self.due_queue.other_waits(&key.connector, kind);
                let start = Start { slot_time: slot.updated_at, slot: known, gate, other_waits };
                self.attempt(queue, handler, clock, &key, kind, start).await
            }
            Err(taken) => Ok(taken),
        };
        let now = clock.time();
        match taken? {
            Taken::Attempted(attempted) => {
                self.due_queue.started(&key, kind);
                tick.attempt = Some(*attempted);
                return Ok(true);
            }
            Taken::Nothing => {}
            Taken::Wait(at) => tick.next = earlier(tick.next, Some(at)),
            Taken::Shut(at) => {
                tick.next = earlier(tick.next, Some(at));
                seen.gates.insert(key.connector.clone(), None);
                self.due_queue.set_aside(key, kind);
            }
            Taken::Unwell(at) => {
                let at = at.map(|at| at.min(now + PATIENCE));
                tick.next = earlier(tick.next, at);
                seen.unwell.insert(key.clone());
                self.deferred.insert(key, at);
            }
        }
        Ok(false)
    }

    /// [`tick`](Self::tick), on the calling thread.
    ///
    /// The module has [an example](crate::work).
    ///
    /// # Errors
    /// As [`tick`](Self::tick).
    pub fn tick_blocking<S: JobStore, H: Handler>(
        &mut self,
        queue: &Queue<S>,
        handler: &H,
        clock: &impl Clock,
    ) -> Result<Tick, WorkError<S::Error>> {
        block_on(self.tick(queue, handler, clock))
    }

    /// What no gate keeps waiting: schedules, leases, attempts for the history. A job that waits is listed in its lane.
    async fn other<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        clock: &impl Clock,
        due: Due,
        tick: &mut Tick,
    ) -> Result<(), WorkError<S::Error>> {
        match due {
            Due::Connection(connector) => {
                let now = clock.time();
                let (fired, broken) = queue.fire_readable(&connector, now).await?;
                tick.next = earlier(tick.next, (!fired.is_empty()).then_some(now));
                tick.fired.extend(fired);
                tick.broken.extend(broken);
            }
            Due::Unknown(key) => tick.broken.push((key, "no record that this version knows".to_owned())),
            Due::Slot(key) => self.slot(queue, clock, key, tick).await?,
        }
        Ok(())
    }

    /// What there is to do about one slot, but for starting its job.
    async fn slot<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        clock: &impl Clock,
        key: SyncKey,
        tick: &mut Tick,
    ) -> Result<(), WorkError<S::Error>> {
        let known = queue.listed_slot(&key).await?;
        let Some(slot) = known.record.clone() else { return Ok(()) };
        let now = clock.time();
        queue.append(&key, known, now).await?;
        match (waits(&slot, now), &slot.state) {
            (Ok(kind), _) => self.due_queue.add(key, kind),
            (_, State::Running { lease_until, .. }) if *lease_until <= now => {
                let next = self.expire(queue, &key, now, clock.fraction(), tick).await?;
                tick.next = earlier(tick.next, next);
            }
            (Err(Taken::Wait(at)), _) => tick.next = earlier(tick.next, Some(at)),
            (Err(_), _) => {}
        }
        Ok(())
    }

    /// A job whose worker has vanished; when there is something to do about it next.
    async fn expire<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        key: &SyncKey,
        now: DateTime<Utc>,
        fraction: Fraction,
        tick: &mut Tick,
    ) -> Result<Option<DateTime<Utc>>, WorkError<S::Error>> {
        let applied = queue.apply_with(key, None, Command::Expire, now, fraction).await?;
        self.notices.extend(applied.notice);
        let next = match applied.outcome {
            Outcome::Refused(_) => return Ok(None),
            Outcome::Retrying { at } => Some(at),
            // What was asked for after the cancel is due at once.
            Outcome::Cancelled => Some(now),
            _ => None,
        };
        tick.expired.push((key.clone(), applied.outcome));
        queue.flush(key, now).await?;
        Ok(next)
    }
}

/// Of which kind a slot's job is that may begin now, or what else becomes of it.
fn waits(slot: &Slot, now: DateTime<Utc>) -> Result<Turn, Taken> {
    match &slot.state {
        // The slot's time does not go back: what is due for it is due.
        State::Pending { due_at, .. } if !slot.paused && *due_at > now.max(slot.updated_at) => {
            Err(Taken::Wait(*due_at))
        }
        State::Pending { .. } if !slot.paused && slot.is_urgent() => Ok(Turn::Urgent),
        State::Pending { .. } if !slot.paused => Ok(Turn::Scheduled),
        State::Running { lease_until, .. } => Err(Taken::Wait(*lease_until)),
        State::Idle | State::Pending { .. } | State::Dead { .. } => Err(Taken::Nothing),
    }
}

/// What became of a look at a slot.
#[derive(Debug)]
pub(super) enum Taken {
    Nothing,
    Attempted(Box<Attempted>),
    /// Not before.
    Wait(DateTime<Utc>),
    /// Its gate let nobody in any more, until then.
    Shut(DateTime<Utc>),
    /// The connector is left alone until then; none: until a person has seen to it.
    Unwell(Option<DateTime<Utc>>),
}

/// The earlier of two, as far as there are any.
fn earlier(one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    one.into_iter().chain(other).min()
}
