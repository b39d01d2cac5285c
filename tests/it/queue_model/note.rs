//! The observer: notes what every write means, by its own reckoning, and says which law it breaks.

use super::law;
use super::real::{ALL, Answer, BACKOFF, Doing, MAX_RESCUES, MAX_RETRIES, RETRY_AFTER, Real, Say, View, covers};
use super::world::{At, Ghost, World};

/// A write that took effect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Write {
    pub(super) say: Say,
    pub(super) answer: Answer,
    /// What the writer's clock said.
    pub(super) now: u8,
    /// Which worker wrote it; none: a client or an operator.
    pub(super) who: Option<usize>,
    pub(super) to: u32,
}

/// The world after a write, and the law it broke.
pub(super) fn note(real: &Real, world: &World, write: Write) -> (World, Option<&'static str>) {
    let (before, after) = (real.view(world.slot), real.view(write.to));
    let mut next = World { slot: write.to, before: world.slot, ..*world };
    for worker in &mut next.workers {
        worker.fresh = false;
    }
    if let Some(who) = write.who {
        // Its own read was of what it wrote over.
        next.workers[who].fresh = world.workers[who].fresh;
    }
    let now = write.now.max(before.updated);
    let broken = effect(world, &before, &after, write)
        .or_else(|| terminal(&mut next.ghost, &before, &after))
        .or_else(|| fold(real, &mut next.ghost, &before, &after, write, now));
    (next, broken)
}

/// Who may write what.
fn effect(world: &World, before: &View, after: &View, write: Write) -> Option<&'static str> {
    if let (Some(who), Some(_)) = (write.who, write.say.token())
        && (before.doing != Doing::Running || before.token != world.workers[who].token)
    {
        return Some(law::I1);
    }
    let grows = after.token >= before.token
        && after.wanted >= before.wanted
        && after.covered >= before.covered
        && after.updated >= before.updated;
    (!grows).then_some(law::I6)
}

/// What is to be appended to the history, and what of it may be forgotten.
fn terminal(ghost: &mut Ghost, before: &View, after: &View) -> Option<&'static str> {
    let new = after.waits & !before.waits;
    if new & ghost.ended != 0 {
        return Some(law::I3);
    }
    let ends = before.doing == Doing::Running && after.doing != Doing::Running;
    let due = if ends { 1 << before.token } else { 0 };
    let forgotten = before.waits & !after.waits;
    ghost.ended |= new;
    (new != due || forgotten & !ghost.logged != 0).then_some(law::I11)
}

/// What the answer means for triggers, attempts and back-off.
fn fold(real: &Real, ghost: &mut Ghost, before: &View, after: &View, write: Write, now: u8) -> Option<&'static str> {
    let Write { say, answer, .. } = write;
    ghost.known(say);
    match answer {
        // Whatever it said instead.
        Answer::Blocked | Answer::Completed if matches!(say, Say::Block(_)) => {
            ghost.hold_back(before);
            None
        }
        Answer::Claimed { attempt, .. } if before.doing == Doing::Pending => {
            ghost.orphan = false;
            if ghost.open() == 0 {
                return Some(law::UNASKED);
            }
            ghost.taken = served(real, ghost, after);
            if now < ghost.not_before {
                return Some(law::I9);
            }
            (attempt != 1 + ghost.failed + ghost.lost).then_some(law::I8)
        }
        Answer::Retrying(at) => retrying(ghost, before, say, at, now),
        Answer::Snoozed(until) => {
            ghost.not_before = until;
            (ghost.taken, ghost.dropped) = (0, 0);
            None
        }
        Answer::Died => {
            (ghost.taken, ghost.dropped) = (0, 0);
            (!was_last(ghost, say)).then_some(law::I8)
        }
        Answer::Completed => {
            if did_what_was_held(real, ghost, before, say) {
                ghost.settle_held();
            }
            ghost.over(ghost.taken | ghost.dropped);
            None
        }
        Answer::Cancelled => {
            if before.doing == Doing::Idle {
                ghost.settle_held();
            }
            let all = if before.doing == Doing::Running { ghost.taken | ghost.dropped } else { ghost.known };
            ghost.over(all);
            None
        }
        Answer::CancelRequested => {
            ghost.dropped = ghost.known;
            None
        }
        Answer::Enqueued => {
            ghost.over(0);
            None
        }
        Answer::Merged => {
            if matches!(say, Say::Trigger(which) if real.asks[usize::from(which)].force) {
                ghost.not_before = ghost.not_before.min(now);
            }
            None
        }
        _ => None,
    }
}

fn retrying(ghost: &mut Ghost, before: &View, say: Say, at: u8, now: u8) -> Option<&'static str> {
    let least = if say == Say::Expire {
        ghost.lost += 1;
        BACKOFF[usize::from(ghost.lost)]
    } else {
        ghost.failed += 1;
        BACKOFF[usize::from(ghost.failed)].max(if matches!(say, Say::FailAfter(_)) { RETRY_AFTER } else { 0 })
    };
    ghost.not_before = now + least;
    (ghost.taken, ghost.dropped) = (0, 0);
    if ghost.failed > MAX_RETRIES || ghost.lost > MAX_RESCUES {
        return Some(law::I8);
    }
    let early = say == Say::Expire && now < before.at;
    (early || at < ghost.not_before).then_some(law::I9)
}

/// Whether a job may die of what was said.
fn was_last(ghost: &Ghost, say: Say) -> bool {
    match say {
        Say::Expire => ghost.lost == MAX_RESCUES,
        Say::Die(_) => true,
        _ => ghost.failed == MAX_RETRIES,
    }
}

/// What the triggers ask for that a guard held back.
fn held_scope(real: &Real, ghost: &Ghost) -> u8 {
    let held = real.asks.iter().enumerate().filter(|(which, _)| ghost.held & 1 << which != 0);
    held.fold(0, |all, (_, ask)| if all == ALL || ask.scope == ALL { ALL } else { all | ask.scope })
}

/// Whether an attempt that completed has done what was held back.
fn did_what_was_held(real: &Real, ghost: &Ghost, attempt: &View, say: Say) -> bool {
    let held = held_scope(real, ghost);
    match say {
        Say::CompleteAll(_) => covers(attempt.scope, held),
        Say::Carry { of, .. } if of == ghost.plan => covers(attempt.scope, held) || covers(ghost.planned, held),
        _ => false,
    }
}

/// Whether a slot holds back what the triggers ask for that were held back, and counts none of them as done.
fn holds(real: &Real, ghost: &Ghost, view: &View) -> bool {
    if ghost.held == 0 {
        return view.held == 0;
    }
    let oldest =
        (0..ghost.rank.len()).filter(|which| ghost.held & 1 << which != 0).map(|which| ghost.rank[which]).min();
    let wanted = oldest.is_some_and(|rank| view.covered <= rank);
    wanted && view.plan == ghost.plan && view.held != 0 && covers(view.held, held_scope(real, ghost))
}

/// The triggers that an attempt serves which begins now: it does what they ask, under the policy they state, or under one
/// that was stated after them.
fn served(real: &Real, ghost: &Ghost, attempt: &View) -> u8 {
    let asks = || real.asks.iter().enumerate().filter(|(which, _)| ghost.known & 1 << which != 0);
    let serves = |which: usize| {
        let ask = &real.asks[which];
        let scope = attempt.scope == ALL || ask.scope & !attempt.scope == 0;
        let stated = asks().any(|(other, later)| {
            later.policy == attempt.policy && (other == which || ghost.rank[other] > ghost.rank[which])
        });
        scope && (ask.policy == 0 || stated)
    };
    asks().filter(|(which, _)| serves(*which)).map(|(which, _)| 1 << which).sum()
}

impl Ghost {
    /// Notes a trigger.
    pub(super) fn known(&mut self, say: Say) {
        if let Say::Trigger(which) = say
            && self.known & 1 << which == 0
        {
            self.rank[usize::from(which)] = self.known.count_ones() as u8;
            self.known |= 1 << which;
        }
    }

    /// The triggers that a run is still to serve, unasked.
    pub(super) fn open(&self) -> u8 {
        self.known & !self.done & !self.held
    }

    /// A guard stopped the attempt under way.
    fn hold_back(&mut self, attempt: &View) {
        self.held |= self.taken & !self.done;
        (self.plan, self.planned) = (attempt.token, attempt.scope);
        self.over(self.dropped);
    }

    /// What was held back is done, or no longer wanted.
    fn settle_held(&mut self) {
        self.done |= self.held;
        (self.held, self.plan, self.planned) = (0, 0, 0);
    }

    /// A job is over, and another may begin. What is held back is not done by that.
    fn over(&mut self, done: u8) {
        self.done |= done & !self.held;
        (self.taken, self.dropped, self.not_before, self.failed, self.lost) = (0, 0, 0, 0, 0);
    }
}

/// The laws of a state.
pub(super) fn check(real: &Real, world: &World) -> Option<&'static str> {
    let view = real.view(world.slot);
    let ghost = &world.ghost;
    let running = view.doing == Doing::Running;
    let [a, b] = &world.workers;
    if a.token != 0 && a.token == b.token {
        return Some(law::I2);
    }
    if running && !ghost.orphan && a.nonce != view.nonce && b.nonce != view.nonce {
        return Some(law::NONCE);
    }
    for worker in [a, b] {
        let holds = worker.token != 0 && worker.token == view.token && running;
        if holds && worker.nonce != view.nonce || worker.at == At::Work && worker.token > view.token {
            return Some(law::I2);
        }
    }
    if !holds(real, ghost, &view) {
        return Some(law::HELD);
    }
    if view.doing == Doing::Idle && ghost.open() != 0 {
        return Some(law::I4);
    }
    // Every claim but the one under way has ended; its end is in the history, or waits to be appended.
    let claims = ((1_u16 << (view.token + 1)) - 2) as u8;
    let ended = if running { claims & !(1 << view.token) } else { claims };
    (ghost.ended != ended || ended & !(view.waits | ghost.logged) != 0).then_some(law::I11)
}
