//! The invariants, checked after every event on what has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::backoff::Fraction;
use tripartite::failure::Failure;
use tripartite::gate::{Gate, Ticket};
use tripartite::history::HistoryEntry;
use tripartite::id::{ConnectorId, Nonce, SyncKey};
use tripartite::jobs::{LogEntry, StoreKey, Version};
use tripartite::queue::{Attempt, Ended, QueueRules, Slot, State, Token};
use tripartite::registry::Enrolment;
use tripartite::work::sync_key;

use super::ground::{Ground, read};
use super::held::{declared, held};
use super::turns::Turns;
use super::world::WORKERS;

/// What has been seen so far.
#[derive(Debug)]
pub(super) struct Laws {
    rules: QueueRules,
    slots: BTreeMap<SyncKey, Slot>,
    versions: BTreeMap<StoreKey, Version>,
    /// Each attempt that ended, once.
    ended: BTreeMap<(SyncKey, Token), Attempt>,
    appended: BTreeSet<(SyncKey, Token)>,
    opened: BTreeMap<(SyncKey, Token), usize>,
    enrolments: BTreeMap<ConnectorId, Enrolment>,
    /// The ids of the triggers that were acknowledged.
    pub(super) acknowledged: BTreeMap<SyncKey, BTreeSet<String>>,
    pub(super) effects: usize,
    pub(super) stale: usize,
    /// The tickets that each gate has given.
    given: BTreeMap<ConnectorId, BTreeSet<Nonce>>,
    /// The time of each gate, and the claims whose tickets were cut when it was last set back.
    repair_clock_skew: BTreeMap<ConnectorId, (DateTime<Utc>, BTreeSet<Nonce>)>,
    /// How long jobs wait for their turn; none, where what goes wrong may make them wait.
    pub(super) turns: Option<Turns>,
}

pub(super) type Checked = Result<(), String>;

pub(super) fn law(holds: bool, broken: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(broken()) }
}

impl Laws {
    pub(super) fn new(rules: QueueRules, kept: bool, turns: bool) -> Self {
        Self {
            rules,
            given: BTreeMap::new(),
            slots: BTreeMap::new(),
            versions: BTreeMap::new(),
            ended: BTreeMap::new(),
            appended: BTreeSet::new(),
            opened: BTreeMap::new(),
            enrolments: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            effects: 0,
            stale: 0,
            repair_clock_skew: BTreeMap::new(),
            turns: turns.then(|| Turns::new(kept)),
        }
    }

    pub(super) fn attempts(&self) -> usize {
        self.ended.len()
    }

    /// Takes what is there as it is, also where times went back.
    pub(super) fn begin_anew(&mut self, ground: &Ground) {
        for (key, _) in std::mem::take(&mut ground.state().changed) {
            let Some(stored) = ground.stored(&key) else { continue };
            self.versions.insert(key.clone(), stored.version);
            if let Some(key) = sync_key(&key) {
                self.slots.insert(key, read(&stored));
            } else if key.parts()[0] == "connection" {
                self.enrolments.insert(key.parts()[1].parse().unwrap(), read(&stored));
            }
        }
    }

    /// Looks at whatever has changed since the last look.
    pub(super) fn check(&mut self, ground: &Ground) -> Checked {
        let (changed, mut appended, opened, effects) = {
            let state = &mut *ground.state();
            let take = (&mut state.changed, &mut state.appended, &mut state.opened, &mut state.effects);
            (std::mem::take(take.0), std::mem::take(take.1), std::mem::take(take.2), std::mem::take(take.3))
        };
        let together = std::mem::take(&mut ground.state().together);
        for (key, token, who) in opened {
            let before = self.opened.insert((key.clone(), token), who);
            law(before.is_none(), || format!("I2: {key} was opened twice by token {}", token.0))?;
        }
        self.starts(ground)?;
        for (key, who) in changed {
            let Some(stored) = ground.stored(&key) else { return Err(format!("{} is gone", key.as_str())) };
            let before = self.versions.insert(key.clone(), stored.version);
            law(before < Some(stored.version), || format!("I6: the version of {} goes back", key.as_str()))?;
            let parts = key.parts();
            if let Some(key) = sync_key(&key) {
                let slot: Slot = read(&stored);
                if let Some(turns) = &mut self.turns {
                    turns.changed(ground, &key, &slot, stored.row.shard);
                }
                if together.iter().any(|entry| entry.key() == key) {
                    let now =
                        appended.extract_if(.., |(_, entry)| history_entry(entry).key() == key).collect::<Vec<_>>();
                    self.ended_together(ground, &key, &slot, &together, &now)?;
                }
                self.slot(&key, slot, ground)?;
                self.tickets(ground, &key.connector, None)?;
            } else if parts[0] == "connection" {
                let connector: ConnectorId = parts[1].parse().unwrap();
                let before = self.enrolments.insert(connector.clone(), read(&stored));
                before.map_or(Ok(()), |before| declared(&connector, &before, &stored, who >= WORKERS))?;
            } else if parts[0] == "gate" {
                self.tickets(ground, &parts[1].parse().unwrap(), Some(who))?;
            }
        }
        for (log, entry) in appended {
            self.append(&entry, ground.state().pruned.contains(&log))?;
        }
        for effect in effects {
            self.effects += 1;
            self.stale += usize::from(effect.stale);
            law(!effect.stale || ground.fenced, || {
                format!("I1: {} was written by token {}, which is not its slot's", effect.key, effect.token.0)
            })?;
        }
        Ok(())
    }

    /// An attempt ended, and the history has it, both at once. That is as if the slot had held it first.
    fn ended_together(
        &mut self,
        ground: &Ground,
        key: &SyncKey,
        slot: &Slot,
        together: &[HistoryEntry],
        appended: &[(StoreKey, LogEntry)],
    ) -> Checked {
        let mut holding = slot.clone();
        holding
            .unflushed
            .extend(together.iter().filter(|entry| entry.key() == *key).map(|entry| entry.attempt.clone()));
        self.slot(key, holding, ground)?;
        appended.iter().try_for_each(|(log, entry)| self.append(entry, ground.state().pruned.contains(log)))
    }

    fn starts(&mut self, ground: &Ground) -> Checked {
        let started = ground.state().watched.take_started();
        let Some(turns) = &mut self.turns else { return Ok(()) };
        started.iter().try_for_each(|start| turns.started(ground, start))
    }

    fn append(&mut self, entry: &LogEntry, pruned: bool) -> Checked {
        let entry = history_entry(entry);
        let (key, attempt) = (entry.key(), entry.attempt);
        let known = self.ended.get(&(key.clone(), attempt.token)) == Some(&attempt);
        law(known, || format!("I11: the history of {key} has {attempt:?}, which did not end so"))?;
        let new = self.appended.insert((key.clone(), attempt.token));
        // What clocks that are a year ahead have removed may be appended once more by a stale reading of its slot.
        law(new || pruned, || format!("I3: the history of {key} has token {} twice", attempt.token.0))
    }

    fn slot(&mut self, key: &SyncKey, slot: Slot, ground: &Ground) -> Checked {
        slot.check().map_err(|broken| format!("I4, I5: {key}: {broken}"))?;
        let acknowledged = self.acknowledged.get(key).map_or(0, BTreeSet::len) as u64;
        law(acknowledged <= slot.wanted, || {
            format!("I4: {key} knows {} triggers, and {acknowledged} were acknowledged", slot.wanted)
        })?;
        let limits = slot.failures <= self.rules.max_retries + 1 && slot.rescues <= self.rules.max_rescues + 1;
        law(limits, || format!("I8: {key}: {} failures, {} rescues", slot.failures, slot.rescues))?;
        let before = self.slots.get(key).cloned().unwrap_or_else(|| Slot::new(slot.updated_at));
        let grows = slot.wanted >= before.wanted && slot.taken >= before.taken && slot.covered >= before.covered;
        law(grows && slot.updated_at >= before.updated_at, || format!("I5: {key} goes back: {before:?} to {slot:?}"))?;
        self.token(key, &before, &slot)?;
        self.history(key, &before, &slot)?;
        self.times(key, &before, &slot)?;
        held(key, &before, &slot, &ground.state().known)?;
        self.slots.insert(key.clone(), slot);
        Ok(())
    }

    fn token(&self, key: &SyncKey, before: &Slot, slot: &Slot) -> Checked {
        let claimed = matches!((&before.state, &slot.state), (State::Pending { .. }, State::Running { .. }));
        let next = before.token.0 + u64::from(claimed);
        law(slot.token.0 == next, || {
            format!("I6: the token of {key} goes from {} to {}", before.token.0, slot.token.0)
        })?;
        let holder = |slot: &Slot| match &slot.state {
            State::Running { worker, .. } => Some((worker.clone(), slot.nonce.clone())),
            _ => None,
        };
        let (was, is) = (holder(before), holder(slot));
        let same = was.is_none() || is.is_none() || was == is;
        law(same, || format!("I2: token {} of {key} goes from {was:?} to {is:?}", slot.token.0))
    }

    /// What the slot has still to append, and what it has appended, is each attempt once.
    fn history(&mut self, key: &SyncKey, before: &Slot, slot: &Slot) -> Checked {
        for attempt in &slot.unflushed {
            let known = self.ended.entry((key.clone(), attempt.token)).or_insert_with(|| attempt.clone());
            law(known == attempt, || format!("I3: {key} ended twice: {known:?} and {attempt:?}"))?;
            // The host's own failures say nothing but "no".
            let of_the_store = serde_json::to_string(&attempt.ended).unwrap().contains("the store does not answer");
            let given_back = matches!(attempt.ended, Ended::Snoozed { .. });
            law(!of_the_store || given_back, || {
                format!("GB: the job store's failure is counted as {key}'s: {attempt:?}")
            })?;
            law(attempt.token <= slot.token, || format!("I3: {key} ended by {attempt:?} before its claim"))?;
        }
        for attempt in &before.unflushed {
            let kept = slot.unflushed.contains(attempt) || self.appended.contains(&(key.clone(), attempt.token));
            law(kept, || format!("I11: {key} lost {attempt:?}"))?;
        }
        let tokens = self.ended.range((key.clone(), Token(0))..=(key.clone(), slot.token)).count() as u64;
        let running = u64::from(matches!(slot.state, State::Running { .. }));
        law(tokens + running == slot.token.0, || {
            format!("I11: {key} has token {}, and {tokens} of them ended", slot.token.0)
        })
    }

    fn times(&self, key: &SyncKey, before: &Slot, slot: &Slot) -> Checked {
        match (&before.state, &slot.state) {
            (State::Pending { due_at, .. }, State::Running { started_at, .. }) => {
                law(due_at <= started_at, || format!("I9: {key}, due at {due_at}, began at {started_at}"))?;
                law(!before.paused, || format!("{key} began while it was paused"))
            }
            (State::Pending { due_at: was, .. }, State::Pending { due_at, .. }) => {
                let forced = slot.wanted > before.wanted || slot.covered > before.covered;
                law(was <= due_at || forced, || format!("I9: {key} goes from {was} to {due_at}"))
            }
            (State::Running { lease_until: was, .. }, State::Running { lease_until, .. }) => {
                law(was <= lease_until, || format!("the lease of {key} goes back from {was} to {lease_until}"))
            }
            (State::Running { .. }, State::Pending { due_at, .. }) => {
                let last = slot.unflushed.last().ok_or_else(|| format!("I11: {key} ended without an entry"))?;
                self.back_off(key, last, *due_at)
            }
            _ => Ok(()),
        }
    }

    fn back_off(&self, key: &SyncKey, last: &Attempt, due_at: DateTime<Utc>) -> Checked {
        let least = self.rules.backoff.delay(1, Fraction::ZERO);
        let (least, retry_at) = match &last.ended {
            Ended::Failed { failure: Failure::Retry { after }, retry_at, .. } => {
                (least.max(after.unwrap_or(Duration::ZERO)), *retry_at)
            }
            Ended::Expired { retry_at } => (least, *retry_at),
            Ended::Snoozed { until, .. } => (Duration::ZERO, *until),
            _ => return Ok(()),
        };
        let waits = retry_at >= last.ended_at + TimeDelta::from_std(least).unwrap() && due_at == retry_at;
        law(waits, || format!("I9: {key} is due again at {due_at}, after {last:?}"))
    }

    /// As many tickets as there may be, and none that ends before its lease. Each is for one run at a time.
    fn tickets(&mut self, ground: &Ground, connector: &ConnectorId, by: Option<usize>) -> Checked {
        let stored = ground.stored(&StoreKey::of("gate", [connector.as_str()]));
        let gate = stored.map(|stored| {
            let time = read::<serde_json::Value>(&stored)["updated_at"].as_str().unwrap().parse::<DateTime<Utc>>();
            (read::<Gate>(&stored), time.unwrap())
        });
        if let Some((gate, now)) = &gate {
            let running: BTreeSet<_> = gate.running(*now).map(|ticket| ticket.nonce.clone()).collect();
            let count = running.len();
            let given = self.given.insert(connector.clone(), running.clone()).unwrap_or_default();
            // Whoever gets a ticket keeps to their own limits; a ticket that was given under others may last.
            let limits = by.filter(|by| *by < WORKERS).map(|by| ground.state().limits[by]);
            let within = limits.is_none_or(|limits| running.is_subset(&given) || count <= limits.running);
            law(within, || format!("I7: {count} run at the gate {connector}"))?;
        }
        if let Some((gate, now)) = &gate {
            let (time, cut) =
                self.repair_clock_skew.entry(connector.clone()).or_insert_with(|| (*now, BTreeSet::new()));
            if *now < *time {
                // By a person. A ticket that was given just before ends too early by as much as the person's look at the
                // clock is old, and its claim does not know. A lease that is set back lasts its own length once more, while
                // the ticket of a worker that died may be over. Both find out at the next heartbeat, or never write.
                let runs = |slot: &Slot| matches!(slot.state, State::Running { .. });
                let running = self.slots.iter().filter(|(key, slot)| key.connector == *connector && runs(slot));
                let nonces = running.filter_map(|(_, slot)| slot.nonce.clone());
                *cut = gate.running(*now).map(|ticket| ticket.nonce.clone()).chain(nonces).collect();
            }
            *time = *now;
        }
        let cut = self.repair_clock_skew.get(connector).map(|(_, cut)| cut);
        let mut runs = BTreeSet::new();
        for (key, slot) in self.slots.iter().filter(|(key, _)| key.connector == *connector) {
            let is_cut = |nonce: &Nonce| cut.is_some_and(|cut| cut.iter().any(|ticket| is_under(nonce, ticket)));
            if slot.nonce.as_ref().is_some_and(is_cut) {
                continue;
            }
            let State::Running { lease_until, .. } = slot.state else { continue };
            let Some((gate, now)) = &gate else { return Err(format!("I10: {key} runs without a gate")) };
            // By the gate's time the lease may be over.
            if lease_until <= *now {
                continue;
            }
            let is_its =
                |ticket: &Ticket, nonce: &Nonce| is_under(nonce, &ticket.nonce) && (ticket.kept || ticket.key == *key);
            let ticket = |nonce: &Nonce| gate.running(*now).find(|ticket| is_its(ticket, nonce));
            let ticket = slot.nonce.as_ref().and_then(ticket).filter(|ticket| lease_until <= ticket.until);
            let Some(ticket) = ticket else {
                return Err(format!("I10: {key} runs until {lease_until}, without a ticket: {gate:?}"));
            };
            law(runs.insert(ticket.nonce.clone()), || format!("I7: {key} is the second run under {ticket:?}"))?;
        }
        Ok(())
    }
}

/// Whether a claim is the first one under a ticket, or a later one.
fn is_under(claim: &Nonce, ticket: &Nonce) -> bool {
    claim.as_str().strip_prefix(ticket.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn history_entry(entry: &LogEntry) -> HistoryEntry {
    HistoryEntry::from_json(&entry.bytes).unwrap()
}
