//! What the tests of the queue share: short words for commands, and a key that is driven by hand.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::backoff::Fraction;
use tripartite::failure::Failure;
use tripartite::id::{CommandId, ExternalId, Incarnation, Nonce, PolicyRef, WorkerId};
use tripartite::queue::{Claim, Command, Extent, Outcome, Progress, QueueRules, Scope, Slot, State, Token, Trigger};

/// How long a lease lasts, where a test does not say otherwise.
pub(crate) const LEASE: Duration = Duration::from_secs(5 * 60);

/// A point in time, in minutes after the tests' beginning.
pub(crate) fn minute(minutes: i64) -> DateTime<Utc> {
    second(minutes * 60)
}

pub(crate) fn second(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

pub(crate) fn worker(name: &str) -> WorkerId {
    WorkerId::new(name).unwrap()
}

/// Some number's own, as a host would have drawn it.
pub(crate) fn incarnation(number: u64) -> Incarnation {
    let (high, low) = ((number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15), number + 1);
    Incarnation::new((u128::from(high) << 64 | u128::from(low)).to_be_bytes()).unwrap()
}

pub(crate) fn policy(name: &str) -> Option<PolicyRef> {
    Some(PolicyRef::new(name).unwrap())
}

pub(crate) fn command_id(name: &str) -> CommandId {
    CommandId::new(name).unwrap()
}

pub(crate) fn only(ids: &[&str]) -> Scope {
    Scope::only(ids.iter().map(|id| ExternalId::new(*id).unwrap()))
}

pub(crate) fn trigger() -> Command {
    Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false }
}

pub(crate) fn about(id: &str) -> Command {
    Command::Trigger { by: Trigger::Webhook, scope: only(&[id]), policy: None, force: false }
}

pub(crate) fn under(name: &str) -> Command {
    Command::Trigger { by: Trigger::Scheduled, scope: Scope::All, policy: policy(name), force: false }
}

pub(crate) fn forced() -> Command {
    Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: true }
}

pub(crate) fn claim(who: &str, nonce: &str) -> Command {
    Command::Claim { worker: worker(who), nonce: Nonce::new(nonce).unwrap(), lease: LEASE }
}

pub(crate) fn heartbeat(token: u64) -> Command {
    Command::Heartbeat { token: Token(token), lease: LEASE }
}

pub(crate) fn progress(token: u64) -> Command {
    Command::Progress { token: Token(token), progress: Progress::default().done(7).of(Some(9)) }
}

pub(crate) fn complete(token: u64) -> Command {
    Command::Complete { token: Token(token), result: None, extent: Extent::default() }
}

pub(crate) fn fail(token: u64) -> Command {
    fail_as(token, Failure::Retry { after: None })
}

pub(crate) fn fail_after(token: u64, after: Duration) -> Command {
    fail_as(token, Failure::Retry { after: Some(after) })
}

pub(crate) fn fail_as(token: u64, failure: Failure) -> Command {
    Command::Fail { token: Token(token), failure, message: "503".into() }
}

pub(crate) fn snooze(token: u64, until: DateTime<Utc>) -> Command {
    Command::Snooze { token: Token(token), until, why: "the process ends".into() }
}

pub(crate) fn stop(token: u64) -> Command {
    Command::Stop { token: Token(token) }
}

pub(crate) fn flushed(through: u64) -> Command {
    Command::Flushed { through: Token(through) }
}

/// A key that is driven by hand: a slot, the rules and a clock.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) slot: Slot,
    pub(crate) rules: QueueRules,
    pub(crate) now: DateTime<Utc>,
}

impl Key {
    /// One that was never asked for anything, at minute 0.
    pub(crate) fn new() -> Self {
        Self { slot: Slot::new(minute(0)), rules: QueueRules::default(), now: minute(0) }
    }

    /// One that a command was sent to.
    pub(crate) fn asked(command: Command) -> Self {
        let mut key = Self::new();
        let _ = key.send(command);
        key
    }

    /// One whose job, after a command, a worker has claimed.
    pub(crate) fn claimed(command: Command) -> Self {
        let mut key = Self::asked(command);
        key.claim("a");
        key
    }

    /// Sets the clock, also back.
    pub(crate) fn at(&mut self, minutes: i64) -> &mut Self {
        self.now = minute(minutes);
        self
    }

    pub(crate) fn send(&mut self, command: Command) -> Outcome {
        self.deliver(None, command)
    }

    /// Takes a step, and checks what every step must keep to.
    pub(crate) fn deliver(&mut self, id: Option<&str>, command: Command) -> Outcome {
        let id = id.map(command_id);
        let before = self.slot.clone();
        let decision = before.step(&self.rules, id.as_ref(), command, self.now, Fraction::ONE);
        decision.next.check().unwrap();
        assert!(decision.next.token >= before.token && decision.next.wanted >= before.wanted);
        assert!(decision.next.updated_at >= before.updated_at);
        if matches!(decision.outcome, Outcome::Fenced | Outcome::Refused(_)) {
            assert_eq!(bytes(&decision.next), bytes(&before), "what takes no effect leaves no trace");
        }
        self.slot = decision.next;
        decision.outcome
    }

    /// Claims, and expects to get it.
    pub(crate) fn claim(&mut self, who: &str) -> Claim {
        let nonce = format!("{who}-{}", self.slot.token.0 + 1);
        match self.send(claim(who, &nonce)) {
            Outcome::Claimed(claim) => claim,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn due_at(&self) -> DateTime<Utc> {
        match &self.slot.state {
            State::Pending { due_at, .. } => *due_at,
            other => panic!("not pending: {other:?}"),
        }
    }

    pub(crate) fn lease_until(&self) -> DateTime<Utc> {
        match &self.slot.state {
            State::Running { lease_until, .. } => *lease_until,
            other => panic!("not running: {other:?}"),
        }
    }
}

pub(crate) fn bytes(slot: &Slot) -> Vec<u8> {
    serde_json::to_vec(slot).unwrap()
}

pub(crate) fn state_name(state: &State) -> &'static str {
    match state {
        State::Idle => "idle",
        State::Pending { .. } => "pending",
        State::Running { .. } => "running",
        State::Dead { .. } => "dead",
    }
}

pub(crate) fn outcome_name(outcome: &Outcome) -> String {
    use tripartite::queue::Refusal::*;
    let name = match outcome {
        Outcome::Enqueued => "enqueued",
        Outcome::Merged => "merged",
        Outcome::FollowUp => "follow-up",
        Outcome::Claimed(_) => "claimed",
        Outcome::Extended { cancel: false, .. } => "extended",
        Outcome::Extended { cancel: true, .. } => "extended: stop",
        Outcome::Completed { follow_up: false } => "completed",
        Outcome::Completed { follow_up: true } => "completed: again",
        Outcome::Retrying { .. } => "retrying",
        Outcome::Died(_) => "died",
        Outcome::Snoozed { .. } => "snoozed",
        Outcome::Cancelled => "cancelled",
        Outcome::CancelRequested => "cancel requested",
        Outcome::Done => "done",
        Outcome::Fenced => "fenced",
        Outcome::Refused(refusal) => match refusal {
            Idle => "refused: idle",
            NotDue { .. } => "refused: not due",
            AlreadyRunning { .. } => "refused: running",
            Paused => "refused: paused",
            Dead => "refused: dead",
            NotDead => "refused: not dead",
            NotCancelled => "refused: not cancelled",
            Unflushed => "refused: unflushed",
            _ => "refused",
        },
        _ => "something new",
    };
    name.to_owned()
}

/// The name a command has in the tables and in the diagram.
pub(crate) fn command_name(command: &Command) -> &'static str {
    match command {
        Command::Trigger { .. } => "trigger",
        Command::Claim { .. } => "claim",
        Command::Heartbeat { .. } => "heartbeat",
        Command::Progress { .. } => "progress",
        Command::Complete { .. } => "complete",
        Command::Fail { .. } => "fail",
        Command::Snooze { .. } => "snooze",
        Command::Stop { .. } => "stop",
        Command::Expire => "expire",
        Command::Cancel => "cancel",
        Command::Pause => "pause",
        Command::Resume => "resume",
        Command::Redrive => "redrive",
        Command::Flushed { .. } => "flushed",
        _ => "something new",
    }
}
