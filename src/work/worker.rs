//! The worker: one tick takes one job from claim to end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::attempt::{Attempted, Ending};
use super::clock_skew::SkewLook;
use super::queue::{connector, number, sync_key};
use super::{Clock, Handler, Queue, WorkError};
use crate::backoff::Fraction;
use crate::drive::block_on;
use crate::gate::{Limits, fair};
use crate::health;
use crate::host::{JobStore, StoreKey};
use crate::id::{ConnectorId, Incarnation, Nonce, OrgId, SyncKey, WorkerId};
use crate::notice::Notice;
use crate::queue::{Command, Outcome, State};

/// How many due keys are asked for in one call.
const PAGE: usize = 500;
/// How many due keys a worker keeps in mind at a time.
const AGENDA: usize = 10_000;
/// How long it trusts them.
const TRUST: TimeDelta = TimeDelta::seconds(5);
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
    pub health: health::Rules,
    /// For how long the history is kept.
    pub history: Duration,
}

impl Default for Settings {
    /// A lease of five minutes; five runs at a time, a minute apart; thirty days of history.
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(5 * 60),
            gate: Limits::default(),
            health: health::Rules::default(),
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
    pub(super) claiming: Option<(SyncKey, Nonce)>,
    /// What it has to say of an attempt, and could not, because the store failed.
    pub(super) unsaid: Option<Ending>,
    /// What people must hear about, until a tick returns.
    pub(super) notices: Vec<Notice>,
    agenda: VecDeque<Due>,
    read_at: Option<DateTime<Utc>>,
    served: Option<OrgId>,
    /// Whose connector is left alone, until when; none: until a person has seen to it.
    patient: BTreeMap<SyncKey, Option<DateTime<Utc>>>,
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
/// # use tripartite::work::{Handler, Job, Opened, Queue, Settings, Worker};
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
///     async fn open(&self, _: &Job) -> Result<Opened<Listing, Arc<MemoryStore>>, Refused> {
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

#[derive(Debug)]
enum Due {
    Slot(SyncKey),
    Connection(ConnectorId),
    /// No record of ours, or one of a later version.
    Unknown(StoreKey),
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
            agenda: VecDeque::new(),
            read_at: None,
            served: None,
            patient: BTreeMap::new(),
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
        self.look_for_skew(queue, clock.time(), tick.attempt.is_none()).await?;
        if tick.attempt.is_some() {
            tick.next = Some(clock.time());
        }
        tick.notices.append(&mut self.notices);
        Ok(tick)
    }

    /// A record that cannot be read is told, and everything else goes on.
    fn pass_over<E: std::error::Error>(&mut self, error: WorkError<E>, tick: &mut Tick) -> Result<(), WorkError<E>> {
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
        let Some((key, nonce)) = self.claiming.clone() else { return Ok(None) };
        match self.claim(queue, handler, clock, &key, nonce, None).await? {
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
        let mut whole = self.look(queue, now).await?;
        let mut full = BTreeSet::new();
        loop {
            while let Some(due) = self.agenda.pop_front() {
                let taken = match due {
                    Due::Slot(key) => self.due(queue, handler, clock, key, &mut full, tick).await,
                    due => self.other(queue, due, now, tick).await.map(|()| false),
                };
                match taken {
                    Ok(true) => return Ok(()),
                    Ok(false) => {}
                    Err(error) => self.pass_over(error, tick)?,
                }
            }
            self.read_at = None;
            if whole {
                return self.foresee(queue, now, tick).await;
            }
            // Earlier ticks have passed over some of what is due: what is next is known only after a look at all of it.
            whole = self.look(queue, now).await?;
        }
    }

    /// One slot of the agenda; whether there was a job to take.
    async fn due<S: JobStore, H: Handler>(
        &mut self,
        queue: &Queue<S>,
        handler: &H,
        clock: &impl Clock,
        key: SyncKey,
        full: &mut BTreeSet<ConnectorId>,
        tick: &mut Tick,
    ) -> Result<bool, WorkError<S::Error>> {
        let now = clock.time();
        if let Some(at) = self.patient.get(&key).filter(|at| at.is_none_or(|at| at > now)) {
            // Somebody may have reset it.
            tick.next = earlier(tick.next, at.or(self.patient_until));
            return Ok(false);
        }
        match self.slot(queue, handler, clock, &key, full, tick).await? {
            Taken::Attempted(attempted) => {
                self.served = Some(key.org);
                tick.attempt = Some(*attempted);
                return Ok(true);
            }
            Taken::Nothing => {}
            Taken::Wait(at) => tick.next = earlier(tick.next, Some(at)),
            Taken::Unwell(at) => {
                let at = at.map(|at| at.min(now + PATIENCE));
                tick.next = earlier(tick.next, at);
                self.patient.insert(key, at);
            }
            Taken::Full(at) => {
                self.look_at_gate(queue, &key, at, now).await?;
                tick.next = earlier(tick.next, Some(at));
                full.insert(key.connector);
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

    /// Reads what is due, unless it knows that well enough. Whether it did.
    async fn look<S: JobStore>(&mut self, queue: &Queue<S>, now: DateTime<Utc>) -> Result<bool, WorkError<S::Error>> {
        if self.patient_until.is_none_or(|until| until <= now || until > now + PATIENCE) {
            self.patient.clear();
            self.patient_until = Some(now + PATIENCE);
        }
        let fresh = self.read_at.is_some_and(|at| at <= now && now - at < TRUST);
        if fresh && !self.agenda.is_empty() {
            return Ok(false);
        }
        let mut slots = Vec::new();
        self.agenda.clear();
        for shard in queue.shards_from(number(&self.incarnation.to_string())) {
            let mut after = None;
            loop {
                let page = queue.store.due(shard, now, after.as_ref(), PAGE).await.map_err(WorkError::Store)?;
                after = page.keys.last().cloned();
                for (_, key) in page.keys {
                    match (sync_key(&key), connector(&key)) {
                        (Some(key), _) => slots.push(key),
                        (None, Some(connector)) => self.agenda.push_back(Due::Connection(connector)),
                        (None, None) => self.agenda.push_back(Due::Unknown(key)),
                    }
                }
                if !page.more || slots.len() >= AGENDA {
                    break;
                }
            }
        }
        if self.served.is_none() && !slots.is_empty() {
            // Workers that begin together begin at different organisations.
            self.served = Some(slots[number(&self.incarnation.to_string()) as usize % slots.len()].org.clone());
        }
        self.agenda.extend(fair(slots, |key| key, self.served.as_ref()).into_iter().map(Due::Slot));
        self.read_at = Some(now);
        Ok(true)
    }

    async fn other<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        due: Due,
        now: DateTime<Utc>,
        tick: &mut Tick,
    ) -> Result<(), WorkError<S::Error>> {
        match due {
            Due::Connection(connector) => {
                let (fired, broken) = queue.fire_readable(&connector, now).await?;
                tick.next = earlier(tick.next, (!fired.is_empty()).then_some(now));
                tick.fired.extend(fired);
                tick.broken.extend(broken);
            }
            Due::Unknown(key) => tick.broken.push((key, "no record that this version knows".to_owned())),
            Due::Slot(_) => {}
        }
        Ok(())
    }

    /// What there is to do about one slot.
    async fn slot<S: JobStore, H: Handler>(
        &mut self,
        queue: &Queue<S>,
        handler: &H,
        clock: &impl Clock,
        key: &SyncKey,
        full: &BTreeSet<ConnectorId>,
        tick: &mut Tick,
    ) -> Result<Taken, WorkError<S::Error>> {
        let Some(slot) = queue.slot(key).await? else { return Ok(Taken::Nothing) };
        let now = clock.time();
        queue.append(key, slot.unflushed.clone(), now).await?;
        match slot.state {
            State::Pending { due_at, .. } if !slot.paused => {
                // The slot's time does not go back: what is due for it is due.
                if due_at > now.max(slot.updated_at) {
                    return Ok(Taken::Wait(due_at));
                }
                if full.contains(&key.connector) {
                    return Ok(Taken::Nothing);
                }
                self.attempt(queue, handler, clock, key, &slot).await
            }
            State::Running { lease_until, .. } if lease_until <= now => {
                self.expire(queue, key, now, clock.fraction(), tick).await
            }
            State::Running { lease_until, .. } => Ok(Taken::Wait(lease_until)),
            State::Idle | State::Pending { .. } | State::Dead { .. } => Ok(Taken::Nothing),
        }
    }

    async fn expire<S: JobStore>(
        &mut self,
        queue: &Queue<S>,
        key: &SyncKey,
        now: DateTime<Utc>,
        fraction: Fraction,
        tick: &mut Tick,
    ) -> Result<Taken, WorkError<S::Error>> {
        let applied = queue.apply_with(key, None, Command::Expire, now, fraction).await?;
        self.notices.extend(applied.notice);
        let taken = match applied.outcome {
            Outcome::Refused(_) => return Ok(Taken::Nothing),
            Outcome::Retrying { at } => Taken::Wait(at),
            // What was asked for after the cancel is due at once.
            Outcome::Cancelled => Taken::Wait(now),
            _ => Taken::Nothing,
        };
        tick.expired.push((key.clone(), applied.outcome));
        queue.flush(key, now).await?;
        Ok(taken)
    }

    /// When the next key is due that is not due yet.
    async fn foresee<S: JobStore>(
        &self,
        queue: &Queue<S>,
        now: DateTime<Utc>,
        tick: &mut Tick,
    ) -> Result<(), WorkError<S::Error>> {
        // Nothing sorts behind this one among those that are due now.
        let behind = (now, StoreKey::of("zz", []));
        for shard in queue.shards_from(0) {
            let far = DateTime::<Utc>::MAX_UTC;
            let page = queue.store.due(shard, far, Some(&behind), 1).await.map_err(WorkError::Store)?;
            let at = page.keys.first().map(|(at, _)| *at).filter(|at| *at > now);
            tick.next = earlier(tick.next, at);
        }
        Ok(())
    }
}

/// What became of a look at a slot.
#[derive(Debug)]
pub(super) enum Taken {
    Nothing,
    Attempted(Box<Attempted>),
    /// Not before.
    Wait(DateTime<Utc>),
    /// The connector is left alone until then; none: until a person has seen to it.
    Unwell(Option<DateTime<Utc>>),
    /// Its group has no room until then.
    Full(DateTime<Utc>),
}

/// The earlier of two, as far as there are any.
fn earlier(one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    one.into_iter().chain(other).min()
}
