//! The transition function under check. Each of its steps is taken once: a slot is given a number, which stands for it.

use std::hash::BuildHasherDefault;
use std::time::Duration;

use chrono::{DateTime, Utc};
use hashbrown::HashMap;
use tripartite::backoff::{Backoff, Fraction};
use tripartite::failure::Failure;
use tripartite::id::CommandId;
use tripartite::queue::{
    Command, Death, Ended, Extent, Outcome, QueueRules, Refusal, Scope, Slot, State, Token, Trigger,
};
use xxhash_rust::xxh3::xxh3_128;

use super::law;
use super::search::Plain;
use crate::queue_support::{bytes, minute, only, policy, worker};

/// How many ticks a lease lasts, unless it is extended.
pub(super) const LEASE: u8 = 1;
/// How many ticks the other side asks for in a `Retry-After`.
pub(super) const RETRY_AFTER: u8 = 2;
/// How many ticks the back-off takes, by the number of the failure; written out, as an oracle for [`rules`].
pub(super) const BACKOFF: [u8; 4] = [0, 1, 2, 4];
pub(super) const MAX_RETRIES: u8 = 1;
pub(super) const MAX_RESCUES: u8 = 1;
/// The scope of everything, among sets of ids.
pub(super) const ALL: u8 = 0x80;

fn tick(ticks: u8) -> Duration {
    Duration::from_secs(60 * u64::from(ticks))
}

fn rules() -> QueueRules {
    QueueRules::default()
        .backoff(Backoff::new(tick(1), tick(4)))
        .max_retries(u32::from(MAX_RETRIES))
        .max_rescues(u32::from(MAX_RESCUES))
        .unflushed(2)
}

/// A trigger, as a client sends it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    pub(super) name: &'static str,
    /// Which ids, one bit each, or [`ALL`].
    pub(super) scope: u8,
    /// Which policy; 0 is none.
    pub(super) policy: u8,
    pub(super) force: bool,
}

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Say {
    Trigger(u8),
    Claim {
        worker: u8,
        nonce: u8,
    },
    Heartbeat(u8),
    Complete(u8),
    CompleteAll(u8),
    /// It is done, and has carried out the plan of an earlier attempt.
    Carry {
        token: u8,
        of: u8,
    },
    Block(u8),
    Fail(u8),
    FailAfter(u8),
    Die(u8),
    Snooze(u8),
    Stop(u8),
    Expire,
    Cancel,
    Pause,
    Resume,
    Redrive,
    Flushed(u8),
}

impl Say {
    /// The token of a command that only the holder of an attempt may give.
    pub(super) fn token(self) -> Option<u8> {
        match self {
            Self::Heartbeat(token) => Some(token),
            _ => self.ends(),
        }
    }

    /// The token of a command that ends an attempt.
    fn ends(self) -> Option<u8> {
        match self {
            Self::Complete(token)
            | Self::CompleteAll(token)
            | Self::Carry { token, .. }
            | Self::Block(token)
            | Self::Fail(token)
            | Self::FailAfter(token)
            | Self::Die(token)
            | Self::Snooze(token)
            | Self::Stop(token) => Some(token),
            _ => None,
        }
    }

    fn code(self) -> u64 {
        let (kind, of) = match self {
            Self::Trigger(which) => (0, which),
            Self::Claim { worker, nonce } => (1, worker << 6 | nonce),
            Self::Heartbeat(token) => (2, token),
            Self::Complete(token) => (3, token),
            Self::Fail(token) => (4, token),
            Self::FailAfter(token) => (5, token),
            Self::Die(token) => (6, token),
            Self::Snooze(token) => (7, token),
            Self::Stop(token) => (8, token),
            Self::Expire => (9, 0),
            Self::Cancel => (10, 0),
            Self::Pause => (11, 0),
            Self::Resume => (12, 0),
            Self::Redrive => (13, 0),
            Self::Flushed(token) => (14, token),
            Self::CompleteAll(token) => (15, token),
            Self::Carry { token, of } => (16, token << 4 | of),
            Self::Block(token) => (17, token),
        };
        kind << 8 | u64::from(of)
    }

    fn id(self) -> Option<CommandId> {
        let name = match self {
            Self::Trigger(which) => format!("trigger-{which}"),
            _ => format!("end-{}", self.ends()?),
        };
        CommandId::new(name).ok()
    }

    fn command(self, asks: &[Ask], now: u8) -> Command {
        let fail = |token, failure| Command::Fail { token: Token(u64::from(token)), failure, message: "503".into() };
        let of = |token: u8| Token(u64::from(token));
        let done = |token, whole, plan: Option<u8>| {
            let extent = Extent::default().whole(whole).plan(plan.map(|of| format!("p{of}")));
            Command::Complete { token: of(token), result: None, extent }
        };
        match self {
            Self::Trigger(which) => trigger(&asks[usize::from(which)]),
            // Twins: the name tells nobody who it is.
            Self::Claim { nonce, .. } => {
                Command::Claim { worker: worker("w"), nonce: format!("n{nonce}").parse().unwrap(), lease: tick(LEASE) }
            }
            Self::Heartbeat(token) => Command::Heartbeat { token: of(token), lease: tick(LEASE) },
            Self::Complete(token) => done(token, false, None),
            Self::CompleteAll(token) => done(token, true, None),
            Self::Carry { token, of } => done(token, false, Some(of)),
            Self::Block(token) => Command::Block { token: of(token), plan: format!("p{token}"), why: "-".into() },
            Self::Fail(token) => fail(token, Failure::Retry { after: None }),
            Self::FailAfter(token) => fail(token, Failure::Retry { after: Some(tick(RETRY_AFTER)) }),
            Self::Die(token) => fail(token, Failure::Fatal),
            Self::Snooze(token) => Command::Snooze { token: of(token), until: at(now + 1), why: "-".into() },
            Self::Stop(token) => Command::Stop { token: of(token) },
            Self::Expire => Command::Expire,
            Self::Cancel => Command::Cancel,
            Self::Pause => Command::Pause,
            Self::Resume => Command::Resume,
            Self::Redrive => Command::Redrive,
            Self::Flushed(token) => Command::Flushed { through: of(token) },
        }
    }
}

fn trigger(ask: &Ask) -> Command {
    let ids: Vec<&str> =
        ["x", "y"].into_iter().enumerate().filter(|(n, _)| ask.scope & 1 << n != 0).map(|x| x.1).collect();
    let scope = if ask.scope == ALL { Scope::All } else { only(&ids) };
    let policy = if ask.policy == 0 { None } else { policy(&format!("p{}", ask.policy)) };
    Command::Trigger { by: Trigger::Manual, scope, policy, force: ask.force }
}

fn at(ticks: u8) -> DateTime<Utc> {
    minute(i64::from(ticks))
}

fn ticks(at: DateTime<Utc>) -> u8 {
    u8::try_from((at - minute(0)).num_minutes()).unwrap()
}

/// What came of a command, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Enqueued,
    Merged,
    FollowUp,
    Claimed { token: u8, attempt: u8 },
    Extended,
    Completed,
    Blocked,
    Retrying(u8),
    Died,
    Snoozed(u8),
    Cancelled,
    CancelRequested,
    Done,
    Fenced,
    NotCancelled,
    Refused,
}

impl Answer {
    fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Enqueued => Self::Enqueued,
            Outcome::Merged => Self::Merged,
            Outcome::FollowUp => Self::FollowUp,
            Outcome::Claimed(claim) => Self::Claimed { token: small(claim.token.0), attempt: small(claim.attempt) },
            Outcome::Extended { .. } => Self::Extended,
            Outcome::Completed { .. } => Self::Completed,
            Outcome::Blocked { .. } => Self::Blocked,
            Outcome::Retrying { at } => Self::Retrying(ticks(*at)),
            Outcome::Died(_) => Self::Died,
            Outcome::Snoozed { until } => Self::Snoozed(ticks(*until)),
            Outcome::Cancelled => Self::Cancelled,
            Outcome::CancelRequested => Self::CancelRequested,
            Outcome::Done => Self::Done,
            Outcome::Fenced => Self::Fenced,
            Outcome::Refused(Refusal::NotCancelled) => Self::NotCancelled,
            Outcome::Refused(_) => Self::Refused,
            other => panic!("the model does not know {other:?}"),
        }
    }
}

/// A scope as a set: one bit for each id, or [`ALL`].
fn bits(scope: &Scope) -> u8 {
    match scope {
        Scope::All => ALL,
        Scope::Only(ids) => ids.iter().map(|id| if id.as_str() == "x" { 1 } else { 2 }).sum(),
    }
}

/// Whether one such set holds another.
pub(super) fn covers(scope: u8, other: u8) -> bool {
    scope == ALL || (other != ALL && other & !scope == 0)
}

fn small(number: impl TryInto<u8>) -> u8 {
    number.try_into().unwrap_or_else(|_| panic!("a count of the model fits a byte"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    Idle,
    Pending,
    Running,
    Dead,
}

/// What the model needs to know of a slot.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) doing: Doing,
    /// When it is due, or its lease is over.
    pub(super) at: u8,
    pub(super) token: u8,
    pub(super) nonce: u8,
    pub(super) paused: bool,
    /// About which ids it runs or waits.
    pub(super) scope: u8,
    pub(super) policy: u8,
    /// About which ids a guard held something back, and the plan of which attempt it was last; 0: nothing.
    pub(super) held: u8,
    pub(super) plan: u8,
    /// The tokens whose attempts wait to be appended, one bit each.
    pub(super) waits: u8,
    pub(super) updated: u8,
    pub(super) wanted: u8,
    pub(super) covered: u8,
}

impl View {
    fn of(slot: &Slot) -> Self {
        let (doing, at, work) = match &slot.state {
            State::Idle => (Doing::Idle, 0, None),
            State::Pending { due_at, work } => (Doing::Pending, ticks(*due_at), Some(work)),
            State::Running { lease_until, work, .. } => (Doing::Running, ticks(*lease_until), Some(work)),
            State::Dead { work, .. } => (Doing::Dead, 0, Some(work)),
        };
        let number = |text: &str| text[1..].parse().unwrap();
        Self {
            doing,
            at,
            token: small(slot.token.0),
            nonce: slot.nonce.as_ref().map_or(0, |nonce| number(nonce.as_str())),
            paused: slot.paused,
            scope: work.map_or(0, |work| bits(&work.scope)),
            held: slot.held.as_ref().map_or(0, |held| bits(&held.work.scope)),
            plan: slot.held.as_ref().map_or(0, |held| number(&held.plan)),
            policy: work.and_then(|work| work.policy.as_ref()).map_or(0, |policy| number(policy.as_str())),
            waits: slot.unflushed.iter().map(|attempt| 1 << attempt.token.0).sum(),
            updated: ticks(slot.updated_at),
            wanted: small(slot.wanted),
            covered: small(slot.covered),
        }
    }
}

/// A step: to which slot it leads, what it answers, and which law it broke.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stepped {
    pub(super) next: u32,
    pub(super) answer: Answer,
    pub(super) broken: Option<&'static str>,
}

/// All slots that were met, and all steps that were taken.
pub(super) struct Real {
    rules: QueueRules,
    pub(super) asks: &'static [Ask],
    slots: Vec<Slot>,
    views: Vec<View>,
    numbers: HashMap<u128, u32, BuildHasherDefault<Plain>>,
    steps: HashMap<u64, Stepped, BuildHasherDefault<Plain>>,
}

impl Real {
    /// With the slot of number 0: one that was never asked for anything.
    pub(super) fn new(asks: &'static [Ask], since: u8) -> Self {
        let (numbers, steps) = Default::default();
        let mut real = Self { rules: rules(), asks, slots: Vec::new(), views: Vec::new(), numbers, steps };
        real.number(Slot::new(at(since)));
        real
    }

    pub(super) fn view(&self, slot: u32) -> View {
        self.views[slot as usize]
    }

    /// How many different slots were met, and how many different steps were taken.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.slots.len(), self.steps.len())
    }

    pub(super) fn step(&mut self, slot: u32, say: Say, now: u8) -> Stepped {
        let key = u64::from(slot) << 32 | say.code() << 8 | u64::from(now);
        if let Some(stepped) = self.steps.get(&key) {
            return *stepped;
        }
        let before = &self.slots[slot as usize];
        let command = say.command(self.asks, now);
        let decision = before.step(&self.rules, say.id().as_ref(), command, at(now), Fraction::ONE);
        let broken = broken(before, &decision.next, &decision.outcome, now);
        let answer = Answer::of(&decision.outcome);
        let next = if decision.next == *before { slot } else { self.number(decision.next) };
        let stepped = Stepped { next, answer, broken };
        self.steps.insert(key, stepped);
        stepped
    }

    fn number(&mut self, slot: Slot) -> u32 {
        let next = self.slots.len() as u32;
        let number = *self.numbers.entry(xxh3_128(&bytes(&slot))).or_insert(next);
        if number == next {
            self.views.push(View::of(&slot));
            self.slots.push(slot);
        }
        number
    }
}

/// The laws of one step.
fn broken(before: &Slot, next: &Slot, outcome: &Outcome, now: u8) -> Option<&'static str> {
    if matches!(outcome, Outcome::Fenced | Outcome::Refused(_)) && next != before {
        return Some(law::NO_EFFECT);
    }
    if next.check().is_err() {
        return Some(law::I5);
    }
    let time = at(now).max(before.updated_at);
    let grows = next.token >= before.token && next.wanted >= before.wanted && next.covered >= before.covered;
    if !grows || (next != before && next.updated_at != time) {
        return Some(law::I6);
    }
    let dead = u32::from(matches!(next.state, State::Dead { .. }));
    if next.failures > u32::from(MAX_RETRIES) + dead || next.rescues > u32::from(MAX_RESCUES) + dead {
        return Some(law::I8);
    }
    let early = match &before.state {
        State::Pending { due_at, .. } => next.token != before.token && *due_at > time,
        _ => next.token != before.token,
    };
    if early {
        return Some(law::I9);
    }
    (!recorded(before, next, outcome, time)).then_some(law::I11)
}

/// Whether what waits for the history is what waited, and the attempt that this step ended, if it ended one.
fn recorded(before: &Slot, next: &Slot, outcome: &Outcome, time: DateTime<Utc>) -> bool {
    let kept = next.unflushed.iter().filter(|attempt| before.unflushed.contains(attempt)).count();
    let State::Running { worker, work, started_at, .. } = &before.state else {
        return kept == next.unflushed.len();
    };
    if matches!(next.state, State::Running { .. }) {
        return kept == next.unflushed.len();
    }
    let Some(last) = next.unflushed.last() else { return false };
    let whose = last.token == before.token && last.worker == *worker && last.work == *work;
    let when = last.started_at == *started_at && last.ended_at == time && last.number == before.attempt();
    let ended = match (&last.ended, outcome) {
        (Ended::Completed { .. }, Outcome::Completed { .. })
        | (Ended::Blocked { .. }, Outcome::Blocked { .. })
        | (Ended::Cancelled, Outcome::Cancelled) => true,
        (Ended::Died(death), Outcome::Died(reason)) => {
            death == reason && !matches!(death, Death::Exhausted { failures: 0, .. } | Death::Poisoned { rescues: 0 })
        }
        (Ended::Failed { retry_at: at, .. } | Ended::Expired { retry_at: at }, Outcome::Retrying { at: told }) => {
            at == told
        }
        (Ended::Snoozed { until, .. }, Outcome::Snoozed { until: told }) => until == told,
        _ => false,
    };
    whose && when && ended && kept == before.unflushed.len() && kept + 1 == next.unflushed.len()
}
