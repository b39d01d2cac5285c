//! The law of turns: how many starts of the other kind a job may wait for.
//!
//! A start counts against a job that its worker has seen waiting, in whatever lane that stands; what was decided before is
//! nobody's fault.
//!
//! A start is the first ticket of a claim. The ticket of a run that was not scheduled for longer than its lease has ended
//! when it goes on; if there is room it gets another one, and nothing starts by that.

use std::collections::{BTreeMap, BTreeSet};

use tripartite::gate::Gate;
use tripartite::id::{Nonce, SyncKey};
use tripartite::jobs::{Shard, StoreKey, Stored};
use tripartite::queue::{Slot, State};
use tripartite::work::sync_key;

use super::ground::{Ground, read};

/// Who has looked where, and who has started what, since the laws were checked last; the number is that of the call.
#[derive(Debug, Default)]
pub(super) struct Watched {
    calls: u64,
    looked: BTreeMap<(usize, Shard), u64>,
    started: Vec<Start>,
    /// The claims that have had a ticket.
    claims: BTreeSet<Nonce>,
    /// Since when a key has no ticket any more. While the last attempt's is not given back, the next cannot begin.
    released: BTreeMap<SyncKey, u64>,
}

/// Somebody's first ticket for a claim: as whatever its job was when they read it.
#[derive(Debug)]
pub(super) struct Start {
    who: usize,
    key: SyncKey,
    urgent: bool,
}

impl Watched {
    pub(super) fn looked(&mut self, who: usize, shard: Shard) {
        self.calls += 1;
        self.looked.insert((who, shard), self.calls);
    }

    /// A swap took effect: whose ticket is its first, if it was of a gate; who has started under a kept ticket, if it was of
    /// a slot.
    pub(super) fn swapped(&mut self, who: usize, key: &StoreKey, before: Option<&Stored>, after: &Stored) {
        self.calls += 1;
        match (sync_key(key), &*key.parts()[0]) {
            (Some(key), _) => self.claimed(who, key, before, after),
            (None, "gate") => self.admitted(who, before, after),
            _ => {}
        }
    }

    fn admitted(&mut self, who: usize, before: Option<&Stored>, after: &Stored) {
        let tickets = |stored: &Stored| -> BTreeMap<Nonce, (SyncKey, bool)> {
            let all = read::<Gate>(stored).running(chrono::DateTime::UNIX_EPOCH).cloned().collect::<Vec<_>>();
            all.into_iter().map(|ticket| (ticket.nonce, (ticket.key, ticket.kept))).collect()
        };
        let (had, has) = (before.map(tickets).unwrap_or_default(), tickets(after));
        let gone = had.iter().filter(|(nonce, _)| !has.contains_key(*nonce));
        self.released.extend(gone.map(|(_, (key, _))| (key.clone(), self.calls)));
        let held = has.values().filter(|(_, kept)| !kept);
        self.released.extend(held.map(|(key, _)| (key.clone(), u64::MAX)));
        let claims = &mut self.claims;
        let new = has.into_iter().filter(|(nonce, _)| claims.insert(nonce.clone()));
        // A gate counts urgent starts since the last scheduled one, and leaves a count of none out.
        let urgent = read::<serde_json::Value>(after).get("urgent").is_some();
        self.started.extend(new.map(|(_, (key, _))| Start { who, key, urgent }));
    }

    /// The nonce of a claim under a kept ticket has that of the ticket in front of its own number.
    fn claimed(&mut self, who: usize, key: SyncKey, before: Option<&Stored>, after: &Stored) {
        let (before, after): (Option<Slot>, Slot) = (before.map(read), read(after));
        let Some(before) = before.filter(|before| before.token < after.token) else { return };
        if after.nonce.is_some_and(|nonce| nonce.as_str().matches('/').count() == 2) {
            self.started.push(Start { who, key, urgent: before.is_urgent() });
        }
    }

    pub(super) fn take_started(&mut self) -> Vec<Start> {
        std::mem::take(&mut self.started)
    }
}

/// A job that could begin, but for its turn and its gate.
#[derive(Debug)]
struct Waiting {
    since: u64,
    urgent: bool,
    shard: Shard,
    /// How many of its kind have started since.
    own: u32,
    /// How many of the other kind have, by workers that had seen it.
    other: u32,
}

#[derive(Debug)]
pub(super) struct Turns {
    /// How many count the turns of a gate: the gate itself, or each worker with a ticket that it keeps.
    counts: u32,
    waiting: BTreeMap<SyncKey, Waiting>,
    /// The longest wait there was, in starts of the other kind: of urgent ones, of scheduled ones.
    pub(super) longest: [u32; 2],
}

impl Turns {
    pub(super) fn new(kept: bool) -> Self {
        Self { counts: if kept { 2 } else { 1 }, waiting: BTreeMap::new(), longest: [0, 0] }
    }

    /// A slot has changed.
    pub(super) fn changed(&mut self, ground: &Ground, key: &SyncKey, slot: &Slot, shard: Shard) {
        let waits = match slot.state {
            State::Pending { due_at, .. } => due_at <= slot.updated_at && !slot.paused && slot.unflushed.is_empty(),
            _ => false,
        };
        let urgent = slot.is_urgent();
        let known = self.waiting.get(key).is_some_and(|known| (known.urgent, known.shard) == (urgent, shard));
        if !waits {
            self.waiting.remove(key);
        } else if !known {
            let since = ground.state().watched.calls;
            self.waiting.insert(key.clone(), Waiting { since, urgent, shard, own: 0, other: 0 });
        }
    }

    /// A worker has a new ticket.
    pub(super) fn started(&mut self, ground: &Ground, start: &Start) -> Result<(), String> {
        let Start { who, key, urgent } = start;
        self.waiting.remove(key);
        let same_gate = self.waiting.iter_mut().filter(|(other, _)| other.connector == key.connector);
        for (waits, waiting) in same_gate {
            let watched = &ground.state().watched;
            let looked = watched.looked.get(&(*who, waiting.shard)).copied();
            let since = waiting.since.max(watched.released.get(waits).copied().unwrap_or_default());
            if waiting.urgent == *urgent {
                waiting.own += 1;
            } else if looked > Some(since) {
                waiting.other += 1;
            }
            let most = if waiting.urgent { self.counts + waiting.own / 3 } else { 3 * (waiting.own + self.counts) };
            let longest = &mut self.longest[usize::from(!waiting.urgent)];
            *longest = (*longest).max(waiting.other);
            if waiting.other > most {
                let kind = if waiting.urgent { "urgent" } else { "scheduled" };
                return Err(format!("W: {kind} {waits} waits, and {key} starts by {who}: {waiting:?}"));
            }
        }
        Ok(())
    }
}
