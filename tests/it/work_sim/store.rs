//! A store that does what its contract allows, and with a mutation what it does not.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tripartite::failure::{Classify, Failure};
use tripartite::history::HistoryEntry;
use tripartite::jobs::{
    AppendOf, DueOf, DuePage, JobStore, LogPage, PruneOf, ReadOf, Row, Shard, StoreKey, Stored, Swap, SwapAll, SwapOf,
    Taken,
};
use tripartite::queue::{Slot, State as Doing};
use tripartite::work::sync_key;

use super::ground::{Ground, Mutation, at_once, pause, read};
use super::world::WORKERS;

/// The store as one of its callers has it.
#[derive(Debug)]
pub(super) struct Faulty {
    pub(super) ground: Arc<Ground>,
    pub(super) who: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("the store does not answer")]
pub(super) struct Silent(Failure);

impl Classify for Silent {
    fn failure(&self) -> Failure {
        self.0
    }
}

impl Faulty {
    /// Of any class: a store may take its own failures for final.
    fn silent(&self) -> Silent {
        let classes = [Failure::Retry { after: None }, Failure::Fatal, Failure::Denied, Failure::Gone];
        Silent(classes[self.ground.state().dice.below(classes.len())])
    }

    /// Waits for its turn, and fails without effect now and then.
    async fn turn(&self, what: &str, key: &StoreKey) -> Result<(), Silent> {
        pause().await;
        if self.ground.hits(|faults| faults.fail) {
            self.ground.note(|| format!("{}: {what} {} fails", self.who, key.as_str()));
            return Err(self.silent());
        }
        Ok(())
    }

    /// After a call took effect: time for a crash, and the answer may be lost.
    async fn answer<T>(&self, what: &str, key: &StoreKey, answer: T) -> Result<T, Silent> {
        if self.ground.state().dice.hits(30_000) {
            pause().await;
        }
        if self.ground.hits(|faults| faults.lost) {
            self.ground.note(|| format!("{}: {what} {} is done, and its answer lost", self.who, key.as_str()));
            return Err(self.silent());
        }
        Ok(answer)
    }

    /// The slot as whoever lost it wants to see it: with its own token.
    fn fitted(&self, key: &StoreKey, stored: Option<Stored>) -> Option<Stored> {
        let mut stored = stored?;
        if self.ground.mutation == Mutation::UrgentOnesStarveTheNight && key.parts()[0] == "gate" {
            let mut gate: serde_json::Value = serde_json::from_slice(&stored.row.bytes).unwrap();
            gate.as_object_mut().unwrap().remove("urgent");
            stored.row.bytes = serde_json::to_vec(&gate).unwrap();
        }
        let held = self.ground.state().held.get(&(self.who, key.clone())).copied();
        if let (Mutation::UncheckedToken, Some(token)) = (self.ground.mutation, held) {
            let mut slot: Slot = read(&stored);
            if slot.token > token && matches!(slot.state, Doing::Running { .. }) {
                slot.token = token;
                stored.row.bytes = serde_json::to_vec(&slot).unwrap();
            }
        }
        Some(stored)
    }

    /// A record as a store or driver writes it that does not keep it as it was.
    fn bent(&self, key: &StoreKey, row: &Row, known: bool) -> Row {
        let mut row = row.clone();
        match self.ground.mutation {
            Mutation::ForgetsHeld if sync_key(key).is_some() && self.ground.state().dice.hits(10_000) => {
                let mut slot: Slot = serde_json::from_slice(&row.bytes).unwrap();
                if slot.held.take().is_some() {
                    slot.covered = slot.taken;
                    row.bytes = serde_json::to_vec(&slot).unwrap();
                }
            }
            Mutation::DeclaresAnew if key.parts()[0] == "connection" && known && self.who >= WORKERS => {
                let mut json: serde_json::Value = serde_json::from_slice(&row.bytes).unwrap();
                json["through"] = serde_json::to_value(self.ground.state().now).unwrap();
                row.bytes = serde_json::to_vec(&json).unwrap();
            }
            // Urgent jobs stand in the even shards from above, scheduled ones in the odd ones.
            Mutation::UrgentOnesWaitForTheNight if row.shard.0 > u16::MAX / 2 && row.shard.0.is_multiple_of(2) => {
                row.shard.0 -= 1;
            }
            _ => {}
        }
        row
    }

    fn swap_now(&self, SwapOf { key, expect, next, .. }: &SwapOf) -> Swap {
        let now = self.ground.stored(key);
        let next = next.as_ref().map(|row| self.bent(key, row, now.is_some()));
        let expect = match self.ground.mutation {
            Mutation::BlindWrite => now.as_ref().map(|stored| stored.version),
            _ => *expect,
        };
        let Ok(swap) = at_once(self.ground.inner.compare_and_swap(&SwapOf::new(key.clone(), expect, next.clone())));
        if let (Swap::Applied(version), Some(row)) = (swap, &next) {
            let state = &mut *self.ground.state();
            state.watched.swapped(self.who, key, now.as_ref(), &Stored::new(row.clone(), version));
            state.remember(key, Stored::new(row.clone(), version));
            state.changed.push((key.clone(), self.who));
            if self.ground.mutation == Mutation::LosesDue && state.dice.hits(300) {
                state.lost_due.insert(key.clone());
            }
        }
        swap
    }

    fn append_now(&self, append: &AppendOf) -> bool {
        let Ok(new) = at_once(self.ground.inner.append(append));
        if new || self.ground.mutation == Mutation::AppendsTwice {
            self.ground.state().appended.push((append.log.clone(), append.entry.clone()));
        }
        new
    }

    /// A chain as one call. A store may roll back what came before a conflict.
    fn chain_now(&self, swaps: &[SwapOf], entries: &[AppendOf], rolls_back: bool) -> Vec<Swap> {
        let mut answers = vec![Swap::Conflict; swaps.len()];
        let fits = |swap: &SwapOf| self.ground.stored(&swap.key).map(|stored| stored.version) == swap.expect;
        if rolls_back && !swaps.iter().all(fits) {
            return answers;
        }
        let skips = self.ground.mutation == Mutation::ChainsGoOn;
        for (answer, swap) in answers.iter_mut().zip(swaps) {
            *answer = self.swap_now(swap);
            if *answer == Swap::Conflict && !skips {
                return answers;
            }
        }
        for append in entries {
            self.append_now(append);
        }
        answers
    }

    fn false_hints(&self, shard: Shard, until: DateTime<Utc>, page: &mut DuePage) {
        let state = &mut *self.ground.state();
        let rate = state.faults.hints;
        page.keys.retain(|(_, key)| !state.lost_due.contains(key));
        if rate == 0 {
            return;
        }
        page.keys.retain(|_| !state.dice.hits(rate));
        if state.dice.hits(rate) && !state.past.is_empty() {
            let skip = state.dice.below(state.past.len());
            let (key, past) = state.past.iter().nth(skip).unwrap();
            let row = past.back().map(|stored| &stored.row).filter(|row| row.shard == shard);
            if row.is_some() && page.keys.iter().all(|(_, listed)| listed != key) {
                page.keys.push((until.min(state.now), key.clone()));
            }
        }
    }
}

impl JobStore for Faulty {
    type Error = Silent;

    async fn get(&self, key: &StoreKey) -> Result<Option<Stored>, Silent> {
        self.turn("get", key).await?;
        let stored = self.fitted(key, self.ground.stored(key));
        let state = &mut *self.ground.state();
        let rate = state.faults.stale;
        if stored.is_some() && state.dice.hits(rate) {
            let older = state.dice.below(7);
            let past = state.past.get(key).and_then(|past| past.iter().rev().nth(older)).cloned();
            // At most as many older values as are kept; before the first there was nothing.
            state.note(format!("{}: get {} is stale by {older}", self.who, key.as_str()));
            return Ok(past);
        }
        Ok(stored)
    }

    async fn compare_and_swap(&self, swap: &SwapOf) -> Result<Swap, Silent> {
        self.turn("swap", &swap.key).await?;
        self.answer("swap", &swap.key, self.swap_now(swap)).await
    }

    async fn due(&self, page: &DueOf) -> Result<DuePage, Silent> {
        self.turn("due", &StoreKey::of("shard", [])).await?;
        let Ok(mut listed) = at_once(self.ground.inner.due(page));
        self.false_hints(page.shard, page.until, &mut listed);
        self.ground.state().watched.looked(self.who, page.shard);
        Ok(listed)
    }

    async fn append(&self, append: &AppendOf) -> Result<bool, Silent> {
        self.turn("append", &append.log).await?;
        self.answer("append", &append.log, self.append_now(append)).await
    }

    async fn read(&self, page: &ReadOf) -> Result<LogPage, Silent> {
        self.turn("read", &page.log).await?;
        let Ok(entries) = at_once(self.ground.inner.read(page));
        Ok(entries)
    }

    /// As one call, or as so many. One call may pass over what somebody is changing, who is not to be seen here.
    async fn take(&self, swaps: &[SwapOf]) -> Result<Option<Taken>, Silent> {
        let together = self.ground.state().dice.below(2) == 0;
        if together {
            let page = StoreKey::of("take", []);
            self.turn("take", &page).await?;
            let free = |(at, swap): (usize, &SwapOf)| {
                if self.ground.state().dice.hits(3000) {
                    return None;
                }
                match self.swap_now(swap) {
                    Swap::Applied(version) => Some(Taken { at, version }),
                    Swap::Conflict => None,
                }
            };
            let taken = swaps.iter().enumerate().find_map(free);
            return self.answer("take", &page, taken).await;
        }
        for (at, swap) in swaps.iter().enumerate() {
            if let Swap::Applied(version) = self.compare_and_swap(swap).await? {
                return Ok(Some(Taken { at, version }));
            }
        }
        Ok(None)
    }

    /// As one call, or as so many, with all that may come between two of them: others, a failure, a crash.
    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, Silent> {
        let way = self.ground.state().dice.below(4);
        if way < 2 {
            let page = StoreKey::of("chain", []);
            self.turn("chain", &page).await?;
            return self.answer("chain", &page, self.chain_now(swaps, entries, way == 0)).await;
        }
        let mut answers = vec![Swap::Conflict; swaps.len()];
        for (answer, swap) in answers.iter_mut().zip(swaps) {
            *answer = self.compare_and_swap(swap).await?;
            if *answer == Swap::Conflict && self.ground.mutation != Mutation::ChainsGoOn {
                return Ok(answers);
            }
        }
        for append in entries {
            self.append(append).await?;
        }
        Ok(answers)
    }

    /// Now and then it is unable.
    async fn swap_all(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<SwapAll, Silent> {
        if self.ground.state().dice.below(2) == 0 {
            return Ok(SwapAll::Unable);
        }
        let page = StoreKey::of("all", []);
        self.turn("all", &page).await?;
        let fits = |swap: &SwapOf| self.ground.stored(&swap.key).map(|stored| stored.version) == swap.expect;
        if !swaps.iter().all(fits) {
            return self.answer("all", &page, SwapAll::Conflict).await;
        }
        let applied = swaps.iter().map(|swap| match self.swap_now(swap) {
            Swap::Applied(version) => Some(version),
            Swap::Conflict => None,
        });
        let done = applied.collect::<Option<_>>().map_or(SwapAll::Conflict, SwapAll::Applied);
        if self.ground.mutation == Mutation::AppendsApart {
            pause().await;
        } else {
            let read = entries.iter().map(|append| HistoryEntry::from_json(&append.entry.bytes).unwrap());
            self.ground.state().together.extend(read);
        }
        for append in entries {
            self.append_now(append);
        }
        self.answer("all", &page, done).await
    }

    async fn prune(&self, old: &PruneOf) -> Result<u64, Silent> {
        self.turn("prune", &old.log).await?;
        let Ok(pruned) = at_once(self.ground.inner.prune(old));
        if pruned > 0 {
            self.ground.state().pruned.insert(old.log.clone());
        }
        self.answer("prune", &old.log, pruned).await
    }
}

/// Marks a record as one of a later version, or takes the mark back.
pub(super) fn rewrite(ground: &Ground, key: &StoreKey, from: &str, to: &str) {
    let Some(Stored { mut row, version, .. }) = ground.stored(key) else { return };
    let text = String::from_utf8(row.bytes).unwrap();
    row.bytes = text.replacen(from, to, 1).into_bytes();
    let Ok(swap) = at_once(ground.inner.compare_and_swap(&SwapOf::new(key.clone(), Some(version), Some(row.clone()))));
    let Swap::Applied(version) = swap else { return };
    let kind = sync_key(key).map_or("record", |_| "slot");
    let state = &mut *ground.state();
    state.remember(key, Stored::new(row, version));
    state.note(format!("{kind} {} is rewritten from {from} to {to}", key.as_str()));
}
