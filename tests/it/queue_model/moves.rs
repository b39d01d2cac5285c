//! What can happen next: each worker takes a step of its protocol or crashes, a client or an operator asks for something,
//! or time goes on.

use super::law;
use super::note::{Write, check, note};
use super::real::{Answer, Ask, Doing, Real, Say, Stepped};
use super::search::{self, System};
use super::world::{At, NONE, Worker, World};

/// How far a configuration goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) asks: &'static [Ask],
    /// What a worker may do about an attempt it holds.
    pub(super) endings: &'static [At],
    pub(super) operator: &'static [Say],
    /// Whether nobody comes between a worker's read and its swap. With a compare-and-swap that is no loss: whoever is
    /// overtaken reads again.
    pub(super) whole: bool,
    /// The last tick.
    pub(super) clock: u8,
    /// Claims that are asked for.
    pub(super) nonces: u8,
    pub(super) crashes: u8,
    /// Swaps that apply and report failure.
    pub(super) answers: u8,
    /// Reads of what was stored before.
    pub(super) stale: u8,
}

/// What of the protocol is switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Off {
    Nothing,
    /// A worker says what it has to say with the token that it reads, not with its own.
    Fencing,
    /// A write does not look at the version.
    Swap,
    /// A trigger of what waits or runs is answered, and not recorded.
    Coalescing,
    /// A claim is repeated under another nonce.
    Nonce,
    /// Nonces are made of the worker's name and a counter, and the workers are twins.
    Incarnation,
    /// A run that a guard stopped says that it is done.
    Blocking,
    /// A run that did a part of what was wanted says that it did all of it.
    Parts,
    /// The history takes an entry as often as it comes.
    PutIfAbsent,
}

/// Something that happens.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Tick,
    Asked(Say, Answer),
    Ignored(Say),
    Read { who: usize, at: At, stale: bool },
    Wrote { who: usize, say: Say, answer: Answer, lost: bool },
    Answered { who: usize, say: Say, answer: Answer },
    Conflict { who: usize, say: Say },
    Appended { who: usize, token: u8 },
    Crash { who: usize },
}

pub(super) type Edge = search::Edge<Model>;

pub(super) struct Model {
    pub(super) real: Real,
    pub(super) bounds: Bounds,
    pub(super) off: Off,
    /// From how many states it was checked that everything ends well without faults.
    pub(super) settled: usize,
}

/// From every how-many-th state everything must end well once faults stop.
const SETTLES: usize = 16;

impl System for Model {
    type World = World;
    type Act = Act;

    fn fingerprint(world: &World) -> u128 {
        world.fingerprint()
    }

    fn check(&mut self, world: &World, number: usize) -> Option<&'static str> {
        let broken = check(&self.real, world);
        if broken.is_some() || self.off != Off::Nothing || !number.is_multiple_of(SETTLES) {
            return broken;
        }
        self.settled += 1;
        self.settles(world)
    }

    fn words(&self, world: &World, act: &Act) -> String {
        let ahead = |skew: i8| if skew == 0 { String::new() } else { format!(" {skew:+}") };
        let [a, b] = world.skew.map(ahead);
        let clocks = if a.is_empty() && b.is_empty() { a } else { format!(" (a{a}, b{b})") };
        format!("{}{clocks}: {}", world.clock, act.words(&self.bounds))
    }

    fn edges(&mut self, world: &World, out: &mut Vec<Edge>) {
        if world.clock < self.bounds.clock {
            out.push(Edge { act: Act::Tick, next: World { clock: world.clock + 1, ..*world }, broken: None });
        }
        self.ask(world, out);
        for who in 0..2 {
            match world.workers[who] {
                Worker { at: At::Rest, .. } => self.look(world, who, out),
                Worker { at: At::Work, .. } => {
                    for &at in self.bounds.endings {
                        self.reads(world, who, at, out);
                    }
                }
                Worker { at: At::Append, .. } => self.append(world, who, out),
                Worker { at, read: NONE, .. } => self.reads(world, who, at, out),
                _ => self.attempt(world, who, out),
            }
            if world.workers[who].at != At::Rest && world.spent.crashes < self.bounds.crashes {
                let mut next = *world;
                next.spent.crashes += 1;
                next.ghost.orphan |= self.leaves(world, who);
                next.workers[who] = Worker::REST;
                out.push(Edge { act: Act::Crash { who }, next, broken: None });
            }
        }
    }
}

impl Model {
    pub(super) fn new(bounds: Bounds, off: Off) -> Self {
        Self { real: Real::new(bounds.asks, START), bounds, off, settled: 0 }
    }

    /// What clients and operators may ask.
    fn ask(&mut self, world: &World, out: &mut Vec<Edge>) {
        for which in 0..self.bounds.asks.len() as u8 {
            self.asked(world, Say::Trigger(which), out);
        }
        for (bit, &say) in self.bounds.operator.iter().enumerate() {
            if world.spent.operator & 1 << bit == 0 {
                let mut spent = *world;
                spent.spent.operator |= 1 << bit;
                self.asked(&spent, say, out);
            }
        }
    }

    fn asked(&mut self, world: &World, say: Say, out: &mut Vec<Edge>) {
        let again = matches!(say, Say::Trigger(which) if world.ghost.known & 1 << which != 0);
        let view = self.real.view(world.slot);
        if self.off == Off::Coalescing
            && matches!(say, Say::Trigger(_))
            && matches!(view.doing, Doing::Pending | Doing::Running)
        {
            let mut next = *world;
            next.ghost.known(say);
            if !again {
                out.push(Edge { act: Act::Ignored(say), next, broken: None });
            }
            return;
        }
        let Stepped { next: slot, answer, broken } = self.real.step(world.slot, say, world.clock);
        if again && slot != world.slot && self.off == Off::Nothing {
            out.push(Edge { act: Act::Asked(say, answer), next: *world, broken: Some(law::TWICE) });
        }
        if again || slot == world.slot {
            return;
        }
        let write = Write { say, answer, now: world.clock, who: None, to: slot };
        let (next, noted) = note(&self.real, world, write);
        out.push(Edge { act: Act::Asked(say, answer), next, broken: broken.or(noted) });
    }

    /// A worker that has nothing to do looks at the slot. History comes first.
    fn look(&mut self, world: &World, who: usize, out: &mut Vec<Edge>) {
        let view = self.real.view(world.slot);
        let now = world.now(who).max(view.updated);
        match view.doing {
            _ if view.waits != 0 => self.reads(world, who, At::Append, out),
            Doing::Pending if !view.paused && view.at <= now && world.spent.nonces < self.bounds.nonces => {
                let mut begun = *world;
                begun.spent.nonces += 1;
                // One that has just started, and counts from one.
                let of_the_name = self.off == Off::Incarnation;
                begun.workers[who].nonce = if of_the_name { 1 } else { begun.spent.nonces };
                self.reads(&begun, who, At::Claim, out);
            }
            Doing::Running if view.at <= world.now(who) => self.reads(world, who, At::Expire, out),
            _ => {}
        }
    }

    fn reads(&mut self, world: &World, who: usize, at: At, out: &mut Vec<Edge>) {
        for stale in [false, true] {
            if stale && (world.before == world.slot || world.spent.stale >= self.bounds.stale) {
                continue;
            }
            let mut next = *world;
            next.spent.stale += u8::from(stale);
            let read = if stale { world.before } else { world.slot };
            let me = &mut next.workers[who];
            if me.at != at {
                me.now = world.now(who);
            }
            (me.at, me.read, me.fresh) = (at, read, !stale);
            if at == At::Append {
                me.left = self.real.view(read).waits;
                if me.left == 0 {
                    continue;
                }
            }
            if self.bounds.whole && at != At::Append {
                self.attempt(&next, who, out);
            } else {
                out.push(Edge { act: Act::Read { who, at, stale }, next, broken: None });
            }
        }
    }

    fn say(&self, world: &World, who: usize) -> Say {
        let me = world.workers[who];
        let token = if self.off == Off::Fencing { self.real.view(me.read).token } else { me.token };
        match me.at {
            At::Claim => Say::Claim { worker: who as u8, nonce: me.nonce },
            At::Heartbeat => Say::Heartbeat(token),
            At::Complete => Say::Complete(token),
            At::CompleteAll => Say::CompleteAll(token),
            At::CarryFirst => Say::Carry { token, of: 1 },
            At::CarrySecond => Say::Carry { token, of: 2 },
            At::Block => Say::Block(token),
            At::Fail => Say::Fail(token),
            At::FailAfter => Say::FailAfter(token),
            At::Die => Say::Die(token),
            At::Snooze => Say::Snooze(token),
            At::Stop => Say::Stop(token),
            At::Flush => Say::Flushed(me.left),
            At::Expire | At::Append | At::Rest | At::Work => Say::Expire,
        }
    }

    /// A worker decides by what it has read, and swaps if there is something to write.
    fn attempt(&mut self, world: &World, who: usize, out: &mut Vec<Edge>) {
        let me = world.workers[who];
        let say = self.say(world, who);
        let said = match (self.off, say) {
            (Off::Blocking, Say::Block(token)) => Say::Complete(token),
            (Off::Parts, Say::Complete(token)) => Say::CompleteAll(token),
            _ => say,
        };
        let Stepped { next: to, answer, broken } = self.real.step(me.read, said, me.now);
        if to == me.read {
            let next = self.answered(world, who, answer);
            out.push(Edge { act: Act::Answered { who, say, answer }, next, broken });
            return;
        }
        if !me.fresh && self.off != Off::Swap {
            let mut next = *world;
            next.workers[who].read = NONE;
            out.push(Edge { act: Act::Conflict { who, say }, next, broken });
            return;
        }
        let (wrote, noted) = note(&self.real, world, Write { say, answer, now: me.now, who: Some(who), to });
        let broken = broken.or(noted);
        let next = self.answered(&wrote, who, answer);
        out.push(Edge { act: Act::Wrote { who, say, answer, lost: false }, next, broken });
        if world.spent.answers < self.bounds.answers {
            let mut next = wrote;
            next.spent.answers += 1;
            (next.workers[who].read, next.workers[who].fresh) = (NONE, false);
            if self.off == Off::Nonce && me.at == At::Claim {
                next.spent.nonces += 1;
                next.workers[who].nonce = next.spent.nonces;
            }
            out.push(Edge { act: Act::Wrote { who, say, answer, lost: true }, next, broken });
        }
    }

    /// What a worker does with an answer.
    fn answered(&self, world: &World, who: usize, answer: Answer) -> World {
        let mut next = *world;
        let me = world.workers[who];
        let work = Worker { at: At::Work, read: NONE, fresh: false, now: 0, ..me };
        next.workers[who] = match answer {
            Answer::Claimed { token, .. } => Worker { token, ..work },
            Answer::Extended | Answer::NotCancelled => work,
            _ => Worker::REST,
        };
        if next.workers[who].at == At::Rest {
            next.ghost.orphan |= !me.fresh && self.leaves(world, who);
        }
        next
    }

    /// Whether the attempt under way is this worker's.
    fn leaves(&self, world: &World, who: usize) -> bool {
        let view = self.real.view(world.slot);
        view.doing == Doing::Running && view.nonce == world.workers[who].nonce
    }

    fn append(&mut self, world: &World, who: usize, out: &mut Vec<Edge>) {
        let mut next = *world;
        let me = &mut next.workers[who];
        let token = me.left.trailing_zeros() as u8;
        me.left &= me.left - 1;
        if me.left == 0 {
            let through = self.real.view(me.read).waits.ilog2() as u8;
            *me = Worker { at: At::Flush, left: through, now: me.now, ..Worker::REST };
        }
        let twice = self.off == Off::PutIfAbsent && next.ghost.logged & 1 << token != 0;
        next.ghost.logged |= 1 << token;
        let broken = if twice { Some(law::I3) } else { None };
        out.push(Edge { act: Act::Appended { who, token }, next, broken });
    }
}

/// The first tick: a clock may be one behind it.
pub(super) const START: u8 = 1;
