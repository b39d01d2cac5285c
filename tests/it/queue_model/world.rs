//! A state of the model: what is stored, what each worker holds in memory, and what an observer has noted.

use xxhash_rust::xxh3::xxh3_128;

/// Nothing read.
pub(super) const NONE: u32 = u32::MAX;

/// What a worker is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum At {
    Rest,
    /// It holds a token, and does what that is for.
    Work,
    Claim,
    Heartbeat,
    Complete,
    /// It has looked at all that it is for.
    CompleteAll,
    /// It has carried out the plan of the first attempt, which was blocked.
    CarryFirst,
    /// It has carried out the plan of the second one.
    CarrySecond,
    Block,
    Fail,
    FailAfter,
    Die,
    Snooze,
    Stop,
    Expire,
    /// It appends to the history what it has read.
    Append,
    Flush,
}

/// The memory of a worker. A crash takes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worker {
    pub(super) at: At,
    /// The token of its claim; 0: none.
    pub(super) token: u8,
    /// The nonce of its claim; 0: none.
    pub(super) nonce: u8,
    /// The slot it has read.
    pub(super) read: u32,
    /// Whether what it has read is still what is stored.
    pub(super) fresh: bool,
    /// What its clock said when it began the call.
    pub(super) now: u8,
    /// The tokens it has still to append, one bit each; then, up to which it has appended.
    pub(super) left: u8,
}

impl Worker {
    pub(super) const REST: Self = Self { at: At::Rest, token: 0, nonce: 0, read: NONE, fresh: false, now: 0, left: 0 };
}

/// What an observer has noted. Sets of triggers and of tokens have one bit each.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ghost {
    /// Triggers that took effect or were answered.
    pub(super) known: u8,
    /// How many were known before each.
    pub(super) rank: [u8; 3],
    /// Triggers that a completed attempt served which began after them, or that were cancelled.
    pub(super) done: u8,
    /// Triggers that the attempt under way serves.
    pub(super) taken: u8,
    /// Triggers that were known when the attempt under way was asked to stop.
    pub(super) dropped: u8,
    /// Triggers that a guard held back.
    pub(super) held: u8,
    /// The token of the attempt that was blocked last.
    pub(super) plan: u8,
    /// What that attempt was about.
    pub(super) planned: u8,
    /// Tokens whose attempt has ended.
    pub(super) ended: u8,
    /// Tokens in the history.
    pub(super) logged: u8,
    /// No claim before this tick.
    pub(super) not_before: u8,
    /// How many attempts of this job failed.
    pub(super) failed: u8,
    /// How many attempts of this job were lost.
    pub(super) lost: u8,
    /// Whether the attempt under way was left by its worker.
    pub(super) orphan: bool,
}

/// What of the bounds is used up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    pub(super) nonces: u8,
    pub(super) crashes: u8,
    pub(super) answers: u8,
    pub(super) stale: u8,
    /// Operators' commands, one bit each.
    pub(super) operator: u8,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct World {
    /// What is stored.
    pub(super) slot: u32,
    /// What was stored before: a stale read gives it.
    pub(super) before: u32,
    pub(super) clock: u8,
    /// By how many ticks each worker's clock is ahead.
    pub(super) skew: [i8; 2],
    pub(super) workers: [Worker; 2],
    pub(super) ghost: Ghost,
    pub(super) spent: Spent,
}

impl World {
    pub(super) fn new(clock: u8, skew: [i8; 2]) -> Self {
        let (ghost, spent) = Default::default();
        Self { slot: 0, before: 0, clock, skew, workers: [Worker::REST; 2], ghost, spent }
    }

    /// What a worker's clock says.
    pub(super) fn now(&self, who: usize) -> u8 {
        self.clock.saturating_add_signed(self.skew[who])
    }

    pub(super) fn fingerprint(&self) -> u128 {
        let Self { ghost: g, spent: s, workers: [a, b], .. } = self;
        let [p, q, r, t] = self.slot.to_le_bytes();
        let [u, v, w, x] = self.before.to_le_bytes();
        let [c, d, e, f] = a.read.to_le_bytes();
        let [h, i, j, k] = b.read.to_le_bytes();
        let skew = (self.skew[0] + 4) as u8 | ((self.skew[1] + 4) as u8) << 4;
        let flags = u8::from(a.fresh) | u8::from(b.fresh) << 1 | u8::from(g.orphan) << 2;
        let ranks = g.rank[0] | g.rank[1] << 2 | g.rank[2] << 4;
        xxh3_128(&[
            p,
            q,
            r,
            t,
            u,
            v,
            w,
            x,
            c,
            d,
            e,
            f,
            h,
            i,
            j,
            k,
            a.at as u8,
            a.token,
            a.nonce,
            a.now,
            a.left,
            b.at as u8,
            b.token,
            b.nonce,
            b.now,
            b.left,
            self.clock,
            skew,
            flags,
            ranks,
            g.known,
            g.done,
            g.taken,
            g.dropped,
            g.held,
            g.plan,
            g.planned,
            g.ended,
            g.logged,
            g.not_before,
            g.failed,
            g.lost,
            s.nonces,
            s.crashes,
            s.answers,
            s.stale,
            s.operator,
        ])
    }
}
