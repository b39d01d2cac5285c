use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Outcome, Scope, Trigger};
use crate::clock_skew::{Ahead, left_behind};
use crate::failure::Failure;
use crate::id::{CommandId, Nonce, PolicyRef, WorkerId};
use crate::value::Value;

/// Which version of the persisted form this crate writes.
const FORMAT: u32 = 1;

/// A fencing token: the number of the claim, counted for ever.
///
/// ```
/// use tripartite::queue::{Slot, Token};
/// let slot = Slot::new(chrono::DateTime::UNIX_EPOCH);
/// assert_eq!(slot.token, Token(0)); // nobody holds it: the first claim gets 1
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub u64);

/// Everything about a key, as it is stored.
///
/// [`step`](Self::step) has an example. What a later version added to a stored slot is kept:
///
/// ```
/// use chrono::DateTime;
/// use tripartite::backoff::Fraction;
/// use tripartite::queue::{Command, QueueRules, Slot};
/// let mut json = serde_json::to_value(Slot::new(DateTime::UNIX_EPOCH))?;
/// json["colour"] = "green".into();
/// let slot: Slot = serde_json::from_value(json)?;
/// let paused = slot.step(&QueueRules::default(), None, Command::Pause, DateTime::UNIX_EPOCH, Fraction::ONE).next;
/// assert_eq!(serde_json::to_value(&paused)?["colour"], "green");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    format: u32,
    /// What it is doing.
    pub state: State,
    /// Whether claims are refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// The token of the newest claim. It never goes back, whatever happens to the rest.
    pub token: Token,
    /// The nonce of the newest claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
    /// How many attempts of this job failed.
    pub failures: u32,
    /// How many attempts of this job were lost with their lease.
    pub rescues: u32,
    /// How often this job was given back; that costs it no attempt.
    pub snoozes: u32,
    /// How often what was dead was tried again.
    pub redrives: u32,
    /// The newest generation that was asked for.
    pub wanted: u64,
    /// The newest generation that the newest claim covers.
    pub taken: u64,
    /// The newest generation that is done, or no longer wanted.
    pub covered: u64,
    /// What was asked for and must not join what waits or runs now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Work>,
    /// What a guard held back: it is wanted, and not covered, until a run has looked at all of it, or its plan was carried
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Finished attempts that are not appended to the history yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unflushed: Vec<Attempt>,
    /// The newest commands that carried an id, with what came of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<(CommandId, Outcome)>,
    /// When it last changed; time does not go back behind it.
    pub updated_at: DateTime<Utc>,
    /// What a later version of this crate wrote: it survives.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

/// What a key is doing.
///
/// ```
/// use tripartite::queue::{Slot, State};
/// assert_eq!(Slot::new(chrono::DateTime::UNIX_EPOCH).state, State::Idle); // paused is no state: any key can be
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing; everything that was wanted is covered.
    Idle,
    /// It waits.
    Pending {
        /// Until when.
        due_at: DateTime<Utc>,
        /// For what.
        work: Work,
    },
    /// A worker is at it.
    Running {
        /// Which.
        worker: WorkerId,
        /// On what.
        work: Work,
        /// Since when.
        started_at: DateTime<Utc>,
        /// Until when, unless it is extended.
        lease_until: DateTime<Utc>,
        /// Whether it is asked to stop, and which generation was the newest then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cancel: Option<u64>,
        /// How far it is.
        #[serde(default)]
        progress: Progress,
    },
    /// It will not be tried again unasked.
    Dead {
        /// What was to be done.
        work: Work,
        /// Why.
        reason: Death,
        /// Since when.
        at: DateTime<Utc>,
    },
}

/// What a run is for.
///
/// ```
/// use tripartite::queue::{Scope, Work};
/// let work: Work = serde_json::from_str(r#"{"scope": {"only": ["7"]}, "by": "webhook", "upto": 3}"#)?;
/// assert_eq!(work.policy, None); // the host's own
/// assert_ne!(work.scope, Scope::All);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// What about.
    pub scope: Scope,
    /// Under which policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// Who asked for it first.
    pub by: Trigger,
    /// Whether somebody [urgent](Trigger::is_urgent) has joined what a schedule asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expedited: bool,
    /// The newest generation it covers.
    pub upto: u64,
}

/// What a guard held back, for a person to look at.
///
/// ```
/// use std::time::Duration;
/// use chrono::DateTime;
/// use tripartite::backoff::Fraction;
/// use tripartite::id::ExternalId;
/// use tripartite::queue::{Command, Extent, QueueRules, Scope, Slot, Token, Trigger};
/// let (rules, now) = (QueueRules::default(), DateTime::UNIX_EPOCH);
/// let step = |slot: &Slot, command| slot.step(&rules, None, command, now, Fraction::ONE).next;
/// let ask = |scope| Command::Trigger { by: Trigger::Webhook, scope, policy: None, force: false };
/// let claim = |nonce: &str| {
///     let lease = Duration::from_secs(300);
///     Ok::<_, tripartite::id::IdError>(Command::Claim { worker: "w1".parse()?, nonce: nonce.parse()?, lease })
/// };
/// let one = |id| Ok::<_, tripartite::id::IdError>(ask(Scope::one(ExternalId::new(id)?)));
/// let running = step(&step(&Slot::new(now), one("7")?), claim("n1")?);
/// let block = Command::Block { token: Token(1), plan: "p".into(), why: "all would be deactivated".into() };
/// let held = step(&running, block);
/// assert_eq!((held.covered, held.wanted), (0, 1)); // nothing waits, and the trigger is not forgotten
/// // Another record's run leaves it open; a run of everything does it.
/// let other = step(&step(&held, one("8")?), claim("n2")?);
/// let done = |token| Command::Complete { token, result: None, extent: Extent { whole: true, plan: None } };
/// let other = step(&other, done(Token(2)));
/// assert!(other.held.is_some());
/// let full = step(&step(&other, ask(Scope::All)), claim("n3")?);
/// let full = step(&full, done(Token(3)));
/// assert_eq!((full.held.is_none(), full.covered, full.wanted), (true, 3, 3));
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What was to be done.
    pub work: Work,
    /// The attempt that was blocked last.
    pub token: Token,
    /// The id of that attempt's plan.
    pub plan: String,
    /// Whether more is held back than that attempt was for: another one was blocked before, about other records. Then
    /// carrying out the plan is not enough.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exceeds_plan: bool,
    /// What blocked it.
    pub why: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// How far an attempt is, in records.
///
/// ```
/// use tripartite::queue::Progress;
/// let progress: Progress = serde_json::from_str(r#"{"done": 3}"#)?; // the rest may be unknown
/// assert_eq!(progress, Progress { done: 3, ..Progress::default() });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// How many were looked at.
    pub done: u64,
    /// Of how many, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// What was counted, by name, such as `created`; a count of nothing is left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
}

/// Why a key is dead.
///
/// ```
/// use tripartite::queue::Death;
/// let death = Death::Exhausted { failures: 4, message: "503".into() }; // the first attempt, and three retries
/// assert_eq!(death.to_string(), "failed 4 times, last: 503");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Death {
    /// It failed in a way that trying again does not change.
    #[error("failed for good: {message}")]
    Failed {
        /// The class of the failure.
        failure: Failure,
        /// What went wrong.
        message: String,
    },
    /// It failed as often as it may.
    #[error("failed {failures} times, last: {message}")]
    Exhausted {
        /// How often.
        failures: u32,
        /// What went wrong last.
        message: String,
    },
    /// Its workers vanished as often as they may: the job itself may be what kills them.
    #[error("lost its worker {rescues} times")]
    Poisoned {
        /// How often.
        rescues: u32,
    },
}

/// How an attempt ended.
///
/// ```
/// use chrono::DateTime;
/// use tripartite::queue::Ended;
/// let ended = Ended::Expired { retry_at: DateTime::UNIX_EPOCH }; // nobody said so: the lease ran out
/// assert_eq!(serde_json::to_string(&ended)?, r#"{"expired":{"retry_at":"1970-01-01T00:00:00Z"}}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ended {
    /// It did what was wanted.
    Completed {
        /// What came of it, in the host's own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<String>,
    },
    /// It did what was wanted, but for some records.
    CompletedInPart {
        /// What came of it, in the host's own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<String>,
        /// How many were set aside, not written or not answered for.
        left: u64,
        /// How many of them the source did not answer for.
        #[serde(default, skip_serializing_if = "is_zero")]
        unanswered: u64,
    },
    /// A guard stopped it, and nothing was written.
    Blocked {
        /// The id of the plan.
        plan: String,
        /// What blocked it.
        why: String,
    },
    /// It failed, and is tried again.
    Failed {
        /// The class of the failure.
        failure: Failure,
        /// What went wrong.
        message: String,
        /// When it is tried again.
        retry_at: DateTime<Utc>,
    },
    /// It failed, and is not tried again unasked.
    Died(Death),
    /// Its lease ran out, and it is tried again.
    Expired {
        /// When it is tried again.
        retry_at: DateTime<Utc>,
    },
    /// It was given back.
    Snoozed {
        /// Until when.
        until: DateTime<Utc>,
        /// Why; none, in an entry from before this was told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// It was stopped.
    Cancelled,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// One finished attempt, as the history keeps it: exactly one for each token.
///
/// ```
/// use std::time::Duration;
/// use chrono::DateTime;
/// use tripartite::backoff::Fraction;
/// use tripartite::queue::{Command, Ended, QueueRules, Scope, Slot, Token, Trigger};
/// let (rules, now) = (QueueRules::default(), DateTime::UNIX_EPOCH);
/// let step = |slot: &Slot, command| slot.step(&rules, None, command, now, Fraction::ONE).next;
/// let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
/// let lease = Duration::from_secs(300);
/// let claim = Command::Claim { worker: "w1".parse()?, nonce: "n1".parse()?, lease };
/// let running = step(&step(&Slot::new(now), trigger), claim);
/// // Giving a job back ends an attempt, which stands in the history; it did not fail, so the next is the first again.
/// let why = "the process ends".to_owned();
/// let snoozed = step(&running, Command::Snooze { token: Token(1), until: now + lease, why: why.clone() });
/// assert_eq!(snoozed.unflushed[0].ended, Ended::Snoozed { until: now + lease, why: Some(why) });
/// assert_eq!(snoozed.attempt(), 1);
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The claim's token.
    pub token: Token,
    /// The worker.
    pub worker: WorkerId,
    /// What it was for.
    pub work: Work,
    /// Which attempt of its job it was, from 1.
    pub number: u32,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// How far it came.
    pub progress: Progress,
    /// How it ended.
    pub ended: Ended,
}

/// A stored slot that no sequence of commands leads to.
///
/// [`Slot::check`] has an example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSlot {
    /// It was written by a later version of this crate.
    #[error("this slot has format {found}, this version reads up to {FORMAT}")]
    Format {
        /// Its format.
        found: u32,
    },
    /// The generations are out of order.
    #[error("covered {covered}, taken {taken} and wanted {wanted} are not in this order")]
    Generations {
        /// What is done.
        covered: u64,
        /// What is under way.
        taken: u64,
        /// What was asked for.
        wanted: u64,
    },
    /// It does nothing, but something is wanted.
    #[error("idle, but {wanted} is wanted and {covered} covered")]
    Idle {
        /// What is done.
        covered: u64,
        /// What was asked for.
        wanted: u64,
    },
}

impl Slot {
    /// A slot that was never asked for anything.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::queue::Slot;
    /// assert_eq!(Slot::new(DateTime::UNIX_EPOCH).due(), None); // nothing to look at, so no need to store it
    /// ```
    pub fn new(at: DateTime<Utc>) -> Self {
        Self {
            format: FORMAT,
            state: State::Idle,
            paused: false,
            token: Token(0),
            nonce: None,
            failures: 0,
            rescues: 0,
            snoozes: 0,
            redrives: 0,
            wanted: 0,
            taken: 0,
            covered: 0,
            next: None,
            held: None,
            unflushed: Vec::new(),
            recent: Vec::new(),
            updated_at: at,
            rest: BTreeMap::new(),
        }
    }

    /// Checks a slot that came back from storage.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::queue::{InvalidSlot, Slot};
    /// let mut slot = Slot::new(DateTime::UNIX_EPOCH);
    /// slot.wanted = 1; // nobody waits, nobody runs: this trigger would be lost
    /// assert_eq!(slot.check(), Err(InvalidSlot::Idle { covered: 0, wanted: 1 }));
    /// ```
    ///
    /// # Errors
    /// [`InvalidSlot`], when it is of a later format or breaks an invariant.
    pub fn check(&self) -> Result<(), InvalidSlot> {
        let Self { covered, taken, wanted, .. } = *self;
        if self.format > FORMAT {
            return Err(InvalidSlot::Format { found: self.format });
        }
        if covered > taken || taken > wanted {
            return Err(InvalidSlot::Generations { covered, taken, wanted });
        }
        if self.state == State::Idle && covered != wanted && self.held.is_none() {
            return Err(InvalidSlot::Idle { covered, wanted });
        }
        Ok(())
    }

    /// When somebody should look at it: it is due, its lease is over, or its history waits to be appended.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::backoff::Fraction;
    /// use tripartite::queue::{Command, QueueRules, Scope, Slot, Trigger};
    /// let (rules, now) = (QueueRules::default(), DateTime::UNIX_EPOCH);
    /// let step = |slot: &Slot, command| slot.step(&rules, None, command, now, Fraction::ONE).next;
    /// let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    /// let pending = step(&Slot::new(now), trigger);
    /// assert_eq!(pending.due(), Some(now));
    /// assert_eq!(step(&pending, Command::Pause).due(), None); // it waits, and nobody needs to look
    /// ```
    pub fn due(&self) -> Option<DateTime<Utc>> {
        let by_state = match &self.state {
            State::Pending { due_at, .. } if !self.paused => Some(*due_at),
            State::Running { lease_until, .. } => Some(*lease_until),
            State::Idle | State::Pending { .. } | State::Dead { .. } => None,
        };
        let by_history = (!self.unflushed.is_empty()).then_some(self.updated_at);
        by_state.into_iter().chain(by_history).min()
    }

    /// The time that a clock which was ahead has left behind, if it is more than ten minutes from now: so far may right
    /// clocks disagree. Nothing happens to the key until then, unless it is [set back](Self::repair_clock_skew).
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::queue::Slot;
    /// let (now, ahead) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(365));
    /// assert_eq!(Slot::new(ahead).ahead(now), Some(ahead));
    /// assert_eq!(Slot::new(now + TimeDelta::minutes(10)).ahead(now), None);
    /// ```
    pub fn ahead(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        left_behind(self.updated_at, self.due(), now)
    }

    /// The slot with its times set back to a clock that is right: a clock that was once far ahead has changed it, and nothing
    /// would happen until that time has come. A wait that would last longer than 18 hours even so ends in ten minutes: it may
    /// come from a gate that was ahead. Any other slot that is not ahead stays as it is.
    ///
    /// | a time of it | becomes |
    /// |---|---|
    /// | something that has happened | now at the latest |
    /// | the end of a wait or a lease, up to 18 hours from now | itself: a right clock may have written it |
    /// | a later end | as much earlier as the slot is ahead, and now at the earliest |
    ///
    /// So none that a right clock wrote ends early, and what the other wrote last lasts as long as it would have, or 18 hours
    /// at most. What stands in the history stays as it was told.
    ///
    /// For people: between two workers whose clocks disagree, the slot's own time is what keeps them in order.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::backoff::Fraction;
    /// use tripartite::queue::{Command, QueueRules, Scope, Slot, Trigger};
    /// let (now, ahead) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(3650));
    /// let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    /// let slot = Slot::new(now).step(&QueueRules::default(), None, trigger, ahead, Fraction::ONE).next;
    /// assert_eq!(slot.due(), Some(ahead)); // nobody looks at it for ten years
    /// assert_eq!(slot.repair_clock_skew(now).due(), Some(now));
    /// assert_eq!(slot.repair_clock_skew(ahead), slot);
    /// ```
    #[must_use = "nothing has happened until the next slot is stored"]
    pub fn repair_clock_skew(&self, now: DateTime<Utc>) -> Self {
        let mut next = self.clone();
        let ahead = Ahead::of(self.updated_at, now);
        next.updated_at = ahead.happened(self.updated_at);
        match &mut next.state {
            State::Idle => {}
            State::Pending { due_at, .. } => *due_at = ahead.lasts(*due_at),
            State::Running { started_at, lease_until, .. } => {
                *started_at = ahead.happened(*started_at);
                *lease_until = ahead.lasts(*lease_until);
            }
            State::Dead { at, .. } => *at = ahead.happened(*at),
        }
        if let Some(held) = &mut next.held {
            held.since = ahead.happened(held.since);
        }
        next
    }

    /// Whether somebody waits for what waits: for the job itself, or for what must not join it and comes after it.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::backoff::Fraction;
    /// use tripartite::queue::{Command, QueueRules, Scope, Slot, Trigger};
    /// let (rules, now) = (QueueRules::default(), DateTime::UNIX_EPOCH);
    /// let ask = |slot: &Slot, by, policy: &str| {
    ///     let trigger = Command::Trigger { by, scope: Scope::All, policy: Some(policy.parse()?), force: false };
    ///     Ok::<_, tripartite::id::IdError>(slot.step(&rules, None, trigger, now, Fraction::ONE).next)
    /// };
    /// let nightly = ask(&Slot::new(now), Trigger::Scheduled, "strict")?;
    /// assert!(!nightly.is_urgent());
    /// // Under another policy it comes after the nightly one, which is therefore urgent, too.
    /// assert!(ask(&nightly, Trigger::Manual, "lenient")?.is_urgent());
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn is_urgent(&self) -> bool {
        let State::Pending { work, .. } = &self.state else { return false };
        work.is_urgent() || self.next.as_ref().is_some_and(Work::is_urgent)
    }

    /// Which attempt of its job the next claim is, from 1.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::queue::Slot;
    /// let mut slot = Slot::new(DateTime::UNIX_EPOCH);
    /// (slot.failures, slot.rescues, slot.snoozes) = (2, 1, 9);
    /// assert_eq!(slot.attempt(), 4); // a job that was given back has not failed
    /// ```
    pub fn attempt(&self) -> u32 {
        self.failures.saturating_add(self.rescues).saturating_add(1)
    }
}

impl Work {
    /// Whether somebody waits for it: a person or a message has asked for it, alone or beside a schedule. Retries stay so.
    ///
    /// ```
    /// use tripartite::queue::Work;
    /// let read = |json| serde_json::from_str::<Work>(json).map(|work| work.is_urgent());
    /// assert!(!read(r#"{"scope": "all", "by": "scheduled", "upto": 1}"#)?);
    /// assert!(read(r#"{"scope": "all", "by": "scheduled", "expedited": true, "upto": 2}"#)?); // a person joined it
    /// assert!(read(r#"{"scope": "all", "by": "webhook", "upto": 1}"#)?);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn is_urgent(&self) -> bool {
        self.expedited || self.by.is_urgent()
    }

    /// Whether a later request may join: it states no policy, or the same.
    pub(super) fn admits(&self, other: &Self) -> bool {
        other.policy.is_none() || other.policy == self.policy
    }

    /// Both in one; a policy that the later states is the one.
    pub(super) fn join(self, later: Self) -> Self {
        let expedited = self.expedited || (later.is_urgent() && !self.by.is_urgent());
        Self {
            scope: self.scope.merge(later.scope),
            policy: later.policy.or(self.policy),
            by: self.by,
            expedited,
            upto: self.upto.max(later.upto),
        }
    }
}
