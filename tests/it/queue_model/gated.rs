//! Two keys behind one gate that lets one run at a time, and two workers who take whichever is due.
//!
//! A worker takes a ticket, claims under the same nonce unless the lease would outlive the ticket, extends the ticket
//! before the lease, and gives it back at the end. What the history does is no matter here.

use std::hash::BuildHasherDefault;
use std::time::Duration;

use hashbrown::HashMap;
use tripartite::gate::{Admission, Gate, Limits};
use tripartite::id::{Nonce, SyncKey};
use xxhash_rust::xxh3::xxh3_128;

use super::law;
use super::moves::START;
use super::real::{ALL, Answer, Ask, Doing, LEASE, Real, Say, Stepped};
use super::search::{Edge, Plain, System};
use crate::queue_support::minute;

const ASKS: &[Ask] = &[
    Ask { name: "plain", scope: ALL, policy: 0, force: false },
    Ask { name: "by a clock that is ahead", scope: ALL, policy: 0, force: false },
];
const CLOCK: u8 = 3;
const NONCES: u8 = 2;
const CRASHES: u8 = 1;
const ANSWERS: u8 = 1;

/// In which order a worker does things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// As it should.
    Right,
    /// The lease is extended before the ticket.
    LeaseFirst,
    /// A claim does not look at how long its ticket lasts.
    Unchecked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum At {
    Rest,
    /// It has claimed, and the answer was lost.
    Unsure,
    /// It has a ticket, and claims.
    Claim,
    Work,
    /// It has extended its ticket, and extends its lease.
    Beat,
    GiveBack,
    /// It gives its ticket back.
    Release,
}

#[derive(Debug, Clone, Copy)]
struct Hand {
    at: At,
    key: u8,
    nonce: u8,
    token: u8,
    /// Until when its ticket and its lease last, as far as it knows.
    ticket: u8,
    lease: u8,
    now: u8,
}

const REST: Hand = Hand { at: At::Rest, key: 0, nonce: 0, token: 0, ticket: 0, lease: 0, now: 0 };

#[derive(Debug, Clone, Copy)]
pub(super) struct World {
    slots: [u32; 2],
    gate: u32,
    clock: u8,
    skew: [i8; 2],
    hands: [Hand; 2],
    /// What was asked already, one bit for each key and trigger.
    asked: u8,
    nonces: u8,
    crashes: u8,
    answers: u8,
}

impl World {
    pub(super) fn new(skew: [i8; 2]) -> Self {
        let (slots, hands) = ([0; 2], [REST; 2]);
        Self { slots, gate: 0, clock: START, skew, hands, asked: 0, nonces: 0, crashes: 0, answers: 0 }
    }

    fn now(&self, who: usize) -> u8 {
        self.clock.saturating_add_signed(self.skew[who])
    }
}

/// What happened: who did what to which key, and what came of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    Tick,
    Asked { key: usize, which: u8 },
    Admit { who: usize, key: usize, until: Option<u8> },
    Say { who: usize, key: usize, say: Say, answer: Answer, lost: bool },
    TooLong { who: usize },
    Release { who: usize },
    Crash { who: usize },
}

#[derive(Debug, Clone, Copy)]
struct Tickets {
    /// Nonce and end, by key.
    of: [(u8, u8); 2],
    updated: u8,
}

pub(super) struct Gated {
    real: Real,
    order: Order,
    gates: Vec<Gate>,
    tickets: Vec<Tickets>,
    numbers: HashMap<u128, u32, BuildHasherDefault<Plain>>,
    admitted: HashMap<u64, (u32, Option<u8>), BuildHasherDefault<Plain>>,
}

fn key(number: usize) -> SyncKey {
    SyncKey { org: format!("org-{number}").parse().unwrap(), connector: "c".parse().unwrap() }
}

fn nonce(number: u8) -> Nonce {
    format!("n{number}").parse().unwrap()
}

fn ticks(at: chrono::DateTime<chrono::Utc>) -> u8 {
    u8::try_from((at - minute(0)).num_minutes()).unwrap()
}

/// A request to a gate, as one number; one without an end gives the ticket back.
fn asked(gate: u32, hand: Hand, now: u8, until: u8) -> u64 {
    [hand.key, hand.nonce, now, until].into_iter().fold(u64::from(gate), |sum, one| sum << 8 | u64::from(one))
}

impl Gated {
    pub(super) fn new(order: Order) -> Self {
        let (numbers, admitted) = Default::default();
        let (gates, tickets) = Default::default();
        let mut new = Self { real: Real::new(ASKS, START), order, gates, tickets, numbers, admitted };
        new.number(Gate::new(minute(i64::from(START))));
        new
    }

    fn number(&mut self, gate: Gate) -> u32 {
        let bytes = serde_json::to_vec(&gate).unwrap();
        let next = self.gates.len() as u32;
        let number = *self.numbers.entry(xxh3_128(&bytes)).or_insert(next);
        if number == next {
            let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            let updated = ticks(serde_json::from_value(json["updated_at"].clone()).unwrap());
            let mut of = [(0, 0); 2];
            for ticket in gate.running(minute(0)) {
                let which = usize::from(ticket.key == key(1));
                of[which] = (ticket.nonce.as_str()[1..].parse().unwrap(), ticks(ticket.until));
            }
            self.gates.push(gate);
            self.tickets.push(Tickets { of, updated });
        }
        number
    }

    /// Asks for a ticket: until when it lasts, if there is one.
    fn admit(&mut self, gate: u32, hand: Hand, now: u8, until: u8) -> (u32, Option<u8>) {
        let asked = asked(gate, hand, now, until);
        if let Some(known) = self.admitted.get(&asked) {
            return *known;
        }
        let limits = Limits::new(1, Duration::ZERO);
        let (now, until) = (minute(i64::from(now)), minute(i64::from(until)));
        let before = &self.gates[gate as usize];
        let decision = before.admit(&limits, &key(usize::from(hand.key)), &nonce(hand.nonce), now, until);
        let answer = match decision.admission {
            Admission::Admitted { until } => Some(ticks(until)),
            _ => None,
        };
        let come = (self.number(decision.next), answer);
        self.admitted.insert(asked, come);
        come
    }

    fn released(&mut self, gate: u32, hand: Hand, now: u8) -> u32 {
        let asked = asked(gate, hand, now, u8::MAX);
        if let Some((known, _)) = self.admitted.get(&asked) {
            return *known;
        }
        let before = &self.gates[gate as usize];
        let next = before.release(&key(usize::from(hand.key)), &nonce(hand.nonce), minute(i64::from(now)));
        let next = self.number(next);
        self.admitted.insert(asked, (next, None));
        next
    }

    fn rest(&mut self, world: &World, who: usize, out: &mut Vec<Edge<Self>>) {
        for of in 0..2 {
            let view = self.real.view(world.slots[of]);
            let now = world.now(who);
            let said = |say| Hand { key: of as u8, now, ..REST }.says(who, say);
            match view.doing {
                _ if view.waits != 0 => {
                    out.extend(self.say(world, said(Say::Flushed(view.waits.ilog2() as u8))).map(|x| x.0))
                }
                Doing::Pending if view.at <= now.max(view.updated) && world.nonces < NONCES => {
                    let mut next = *world;
                    next.nonces += 1;
                    let hand = Hand { key: of as u8, nonce: next.nonces, now, ..REST };
                    next.hands[who] = hand;
                    self.ticket(&next, who, At::Claim, At::Rest, now.max(view.updated) + LEASE, out);
                }
                Doing::Running if view.at <= now => out.extend(self.say(world, said(Say::Expire)).map(|x| x.0)),
                _ => {}
            }
        }
    }

    /// Asks for a ticket, or a longer one, and goes on to one thing or another.
    fn ticket(&mut self, world: &World, who: usize, yes: At, no: At, until: u8, out: &mut Vec<Edge<Self>>) {
        let mut next = *world;
        let hand = world.hands[who];
        let (gate, until) = self.admit(world.gate, hand, hand.now, until);
        next.gate = gate;
        if until.is_none() && no == At::Rest && hand.at == At::Rest {
            return;
        }
        let after = Hand { at: if until.is_some() { yes } else { no }, ticket: until.unwrap_or(0), ..hand };
        next.hands[who] = if after.at == At::Rest { REST } else { after };
        out.push(Edge { act: Act::Admit { who, key: usize::from(hand.key), until }, next, broken: None });
    }

    /// Gives a command, and writes what comes of it; also until when the lease lasts then.
    fn say(&mut self, world: &World, (who, hand, say): (usize, Hand, Say)) -> Option<(Edge<Self>, u8)> {
        let of = usize::from(hand.key);
        let Stepped { next: slot, answer, broken } = self.real.step(world.slots[of], say, hand.now);
        let mut next = *world;
        next.slots[of] = slot;
        let act = Act::Say { who, key: of, say, answer, lost: false };
        (next.slots != world.slots || hand.at != At::Rest)
            .then(|| (Edge { act, next, broken }, self.real.view(slot).at))
    }

    fn claim(&mut self, world: &World, who: usize, out: &mut Vec<Edge<Self>>) {
        let hand = world.hands[who];
        let said = hand.says(who, Say::Claim { worker: who as u8, nonce: hand.nonce });
        let Some((mut edge, lease)) = self.say(world, said) else { return };
        let Act::Say { answer: Answer::Claimed { token, .. }, .. } = edge.act else {
            edge.next.hands[who].at = At::Release;
            out.push(edge);
            return;
        };
        if lease > hand.ticket && self.order != Order::Unchecked {
            let mut next = *world;
            next.hands[who].at = At::Release;
            out.push(Edge { act: Act::TooLong { who }, next, broken: None });
            return;
        }
        if world.answers < ANSWERS {
            let mut next = edge.next;
            next.answers += 1;
            next.hands[who].at = At::Unsure;
            let Act::Say { key, say, answer, .. } = edge.act else { return };
            out.push(Edge { act: Act::Say { who, key, say, answer, lost: true }, next, broken: None });
        }
        edge.next.hands[who] = Hand { at: At::Work, token, lease, ..hand };
        out.push(edge);
    }

    fn beat(&mut self, world: &World, who: usize, out: &mut Vec<Edge<Self>>) {
        let hand = world.hands[who];
        let Some((mut edge, lease)) = self.say(world, hand.says(who, Say::Heartbeat(hand.token))) else { return };
        let extended = matches!(edge.act, Act::Say { answer: Answer::Extended, .. });
        if extended && lease > hand.ticket && self.order != Order::LeaseFirst {
            // The slot's time is ahead: a longer ticket first.
            return self.ticket(world, who, At::Beat, At::GiveBack, lease, out);
        }
        edge.next.hands[who] = match extended {
            true => Hand { at: At::Work, lease, ..hand },
            false => Hand { at: At::Release, ..hand },
        };
        out.push(edge);
    }

    fn work(&mut self, world: &World, who: usize, out: &mut Vec<Edge<Self>>) {
        let mut now = *world;
        now.hands[who].now = world.now(who);
        let hand = now.hands[who];
        if self.order == Order::LeaseFirst {
            self.beat(&now, who, out);
        } else {
            let until = (hand.now + LEASE).max(hand.lease);
            self.ticket(&now, who, At::Beat, At::GiveBack, until, out);
        }
        self.end(&now, who, Say::Complete(hand.token), out);
    }

    fn end(&mut self, world: &World, who: usize, say: Say, out: &mut Vec<Edge<Self>>) {
        if let Some((mut edge, _)) = self.say(world, world.hands[who].says(who, say)) {
            edge.next.hands[who].at = At::Release;
            out.push(edge);
        }
    }

    fn release(&mut self, world: &World, who: usize, out: &mut Vec<Edge<Self>>) {
        let hand = world.hands[who];
        let mut next = World { gate: self.released(world.gate, hand, world.now(who)), ..*world };
        next.hands[who] = REST;
        out.push(Edge { act: Act::Release { who }, next, broken: None });
    }
}

impl Hand {
    /// What of its memory is used again.
    fn remembered(self) -> Self {
        let Self { at, key, nonce, .. } = self;
        match at {
            At::Rest => REST,
            At::Claim => Self { token: 0, lease: 0, ..self },
            At::Unsure => Self { token: 0, lease: 0, now: 0, ..self },
            At::Work => Self { ticket: 0, now: 0, ..self },
            At::Beat => self,
            At::GiveBack => Self { ticket: 0, lease: 0, ..self },
            At::Release => Self { at, key, nonce, ..REST },
        }
    }

    fn says(self, who: usize, say: Say) -> (usize, Self, Say) {
        (who, self, say)
    }
}

impl System for Gated {
    type World = World;
    type Act = Act;

    fn fingerprint(world: &World) -> u128 {
        let hands = world.hands.map(Hand::remembered);
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&world.slots[0].to_le_bytes());
        bytes[4..8].copy_from_slice(&world.slots[1].to_le_bytes());
        bytes[8..12].copy_from_slice(&world.gate.to_le_bytes());
        bytes[12] = world.clock;
        bytes[13] = (world.skew[0] + 4) as u8 | ((world.skew[1] + 4) as u8) << 4;
        bytes[14] = world.asked;
        bytes[15] = world.nonces;
        bytes[16] = world.crashes;
        bytes[17] = world.answers;
        for (hand, bytes) in hands.iter().zip(bytes[18..].chunks_mut(7)) {
            bytes.copy_from_slice(&[
                hand.at as u8,
                hand.key,
                hand.nonce,
                hand.token,
                hand.ticket,
                hand.lease,
                hand.now,
            ]);
        }
        xxh3_128(&bytes)
    }

    fn edges(&mut self, world: &World, out: &mut Vec<Edge<Self>>) {
        if world.clock < CLOCK {
            out.push(Edge { act: Act::Tick, next: World { clock: world.clock + 1, ..*world }, broken: None });
        }
        for (bit, (of, which)) in [(0, 0), (0, 1), (1, 0)].into_iter().enumerate() {
            if world.asked & 1 << bit == 0 {
                let Stepped { next: slot, broken, .. } =
                    self.real.step(world.slots[of], Say::Trigger(which), world.clock + which);
                let mut next = *world;
                next.asked |= 1 << bit;
                next.slots[of] = slot;
                out.push(Edge { act: Act::Asked { key: of, which }, next, broken });
            }
        }
        for who in 0..2 {
            match world.hands[who].at {
                At::Rest => self.rest(world, who, out),
                At::Unsure => {
                    let mut next = *world;
                    next.hands[who].now = world.now(who);
                    self.ticket(&next, who, At::Claim, At::Rest, world.hands[who].ticket, out);
                }
                At::Claim => self.claim(world, who, out),
                At::Work => self.work(world, who, out),
                At::Beat => self.beat(world, who, out),
                At::GiveBack => self.end(world, who, Say::Snooze(world.hands[who].token), out),
                At::Release => self.release(world, who, out),
            }
            if world.hands[who].at != At::Rest && world.crashes < CRASHES {
                let mut next = World { crashes: world.crashes + 1, ..*world };
                next.hands[who] = REST;
                out.push(Edge { act: Act::Crash { who }, next, broken: None });
            }
        }
    }

    fn check(&mut self, world: &World, _: usize) -> Option<&'static str> {
        let tickets = self.tickets[world.gate as usize];
        let mut running = 0;
        for (slot, (nonce, until)) in world.slots.into_iter().zip(tickets.of) {
            let view = self.real.view(slot);
            if view.doing == Doing::Running && view.at > tickets.updated {
                running += 1;
                if view.nonce != nonce || view.at > until {
                    return Some(law::I10);
                }
            }
        }
        (running > 1).then_some(law::I7)
    }

    fn words(&self, world: &World, act: &Act) -> String {
        format!("{}: {}", world.clock, act.words(ASKS))
    }
}
