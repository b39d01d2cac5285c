//! The history of a key: its finished attempts are appended, read and removed.

use std::ops::Range;

use chrono::{DateTime, Utc};

use super::error::WorkError;
use super::keys::{history_key, slot_key};
use super::queue::Queue;
use super::record::Versioned;
use crate::backoff::Fraction;
use crate::history::HistoryEntry;
use crate::id::SyncKey;
use crate::jobs::{AppendOf, JobStore, LogEntry, LogPage, LogPosition, PruneOf, ReadOf, StoreKey};
use crate::queue::{Attempt, Command, Slot, Token};

/// How many entries are removed in one call.
const PAGE: usize = 256;

impl<S: JobStore> Queue<S> {
    /// Where the history of a key is. An earlier version let a key end in a dot, and a history that it began under such a
    /// key goes on there. No other key costs a call.
    async fn log(&self, key: &SyncKey) -> Result<StoreKey, WorkError<S::Error>> {
        let log = history_key(key);
        let Some(former) = log.former() else { return Ok(log) };
        let all = DateTime::<Utc>::MIN_UTC..DateTime::<Utc>::MAX_UTC;
        let first = ReadOf::new(former.clone(), all, 1);
        let begun = self.records.store.read(&first).await.map_err(WorkError::Store)?;
        Ok(if begun.entries.is_empty() { log } else { former })
    }

    /// A page of a key's history: finished attempts in a range of time (its end excluded), the oldest first, behind a
    /// position, at most `limit`.
    ///
    /// [`flush`](Self::flush) has an example.
    ///
    /// # Errors
    /// [`WorkError`], when the store failed. An entry that cannot be read is [`WorkError::Broken`], and the page is not
    /// returned.
    pub async fn history(
        &self,
        key: &SyncKey,
        range: Range<DateTime<Utc>>,
        after: Option<&LogPosition>,
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, WorkError<S::Error>> {
        let log = self.log(key).await?;
        let mut asked = ReadOf::new(log.clone(), range, limit).after(after.cloned());
        let mut history = Vec::new();
        loop {
            let LogPage { entries, more } = self.records.store.read(&asked).await.map_err(WorkError::Store)?;
            asked.after = entries.last().map(|entry| entry.position.clone());
            asked.limit -= entries.len().min(asked.limit);
            for entry in entries {
                let broken = |problem: String| WorkError::Broken { key: log.clone(), problem };
                history.push(HistoryEntry::from_json(&entry.bytes).map_err(|error| broken(error.to_string()))?);
            }
            if !more || asked.limit == 0 || asked.after.is_none() {
                return Ok(history);
            }
        }
    }

    /// Removes the attempts that ended before a point in time from a key's history, and returns how many. The slot,
    /// with its token, stays.
    ///
    /// [`flush`](Self::flush) has an example.
    ///
    /// # Errors
    /// [`WorkError::Store`], when the store failed. Some attempts may have been removed.
    pub async fn prune(&self, key: &SyncKey, before: DateTime<Utc>) -> Result<u64, WorkError<S::Error>> {
        let old = PruneOf::new(self.log(key).await?, before, PAGE);
        let mut pruned = 0;
        loop {
            match self.records.store.prune(&old).await.map_err(WorkError::Store)? {
                0 => return Ok(pruned),
                some => pruned += some,
            }
        }
    }

    /// Appends the finished attempts that a slot still holds to the history. The history has an attempt once, however
    /// often this is called.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use chrono::{DateTime, TimeDelta};
    /// # use tripartite::drive::block_on;
    /// # use tripartite::jobs::LogPosition;
    /// # use tripartite::id::SyncKey;
    /// # use tripartite::memory::MemoryJobStore;
    /// # use tripartite::queue::{Command, Extent, Scope, Token, Trigger};
    /// # use tripartite::work::Queue;
    /// # let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// # let now = DateTime::UNIX_EPOCH;
    /// # let queue = Queue::new(MemoryJobStore::default());
    /// # let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    /// # let _ = block_on(queue.apply(&key, None, trigger, now))?;
    /// # let claim = Command::Claim { worker: "w1".parse()?, nonce: "n1".parse()?, lease: Duration::from_secs(300) };
    /// # let _ = block_on(queue.apply(&key, None, claim, now))?;
    /// let complete = Command::Complete {
    ///     token: Token(1),
    ///     result: Some("run-1".into()),
    ///     extent: Extent::default(),
    /// };
    /// let _ = block_on(queue.apply(&key, None, complete, now))?;
    /// let all = DateTime::UNIX_EPOCH..now + TimeDelta::days(1);
    /// // the slot still has it
    /// assert!(block_on(queue.history(&key, all.clone(), None, 10))?.is_empty());
    /// block_on(queue.flush(&key, now))?;
    /// block_on(queue.flush(&key, now))?;
    /// let page = block_on(queue.history(&key, all.clone(), None, 10))?;
    /// assert_eq!(page.len(), 1); // once
    /// // The next page is behind the last entry of this one.
    /// let last = LogPosition::new(page[0].at(), page[0].id());
    /// assert!(block_on(queue.history(&key, all, Some(&last), 10))?.is_empty());
    /// // What ended exactly then is not older.
    /// assert_eq!(block_on(queue.prune(&key, now))?, 0);
    /// assert_eq!(block_on(queue.prune(&key, now + TimeDelta::seconds(1)))?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkError`], when the store failed or the slot cannot be read. The slot then keeps its attempts.
    pub async fn flush(&self, key: &SyncKey, now: DateTime<Utc>) -> Result<(), WorkError<S::Error>> {
        let slot = self.load_slot(key).await?;
        self.append(key, slot, now).await
    }

    /// As [`flush`](Self::flush), for a slot that was read or written just now.
    pub(super) async fn append(
        &self,
        key: &SyncKey,
        slot: Versioned<Slot>,
        now: DateTime<Utc>,
    ) -> Result<(), WorkError<S::Error>> {
        let Some(unflushed) = slot.record.as_ref().filter(|slot| !slot.unflushed.is_empty()) else { return Ok(()) };
        let log = self.log(key).await?;
        for entry in Self::entries(key, &log, unflushed)? {
            self.records.store.append(&entry).await.map_err(WorkError::Store)?;
        }
        self.mark_flushed(key, slot, now).await
    }

    /// The entries of the finished attempts that a slot still holds, for a chain that stores the slot. There are none if
    /// it is not known where the history is.
    pub(super) fn entries_to_chain(key: &SyncKey, slot: &Slot) -> Result<Vec<AppendOf>, WorkError<S::Error>> {
        let log = history_key(key);
        if log.former().is_some() { Ok(Vec::new()) } else { Self::entries(key, &log, slot) }
    }

    fn entries(key: &SyncKey, log: &StoreKey, slot: &Slot) -> Result<Vec<AppendOf>, WorkError<S::Error>> {
        let entry = |attempt: &Attempt| {
            let entry = HistoryEntry::new(key, attempt.clone());
            let broken = |problem: String| WorkError::Broken { key: log.clone(), problem };
            let bytes = entry.to_json().map_err(|error| broken(error.to_string()))?;
            let entry = LogEntry { position: LogPosition { at: entry.at(), id: entry.id() }, bytes };
            Ok(AppendOf { log: log.clone(), entry })
        };
        slot.unflushed.iter().map(entry).collect()
    }

    /// Takes out of a slot the attempts that were appended to the history.
    pub(super) async fn mark_flushed(
        &self,
        key: &SyncKey,
        slot: Versioned<Slot>,
        now: DateTime<Utc>,
    ) -> Result<(), WorkError<S::Error>> {
        let Some(through) = slot.record.as_ref().and_then(newest_unflushed) else { return Ok(()) };
        let flush = |slot: Option<&Slot>| (slot.map(|slot| self.flushed_through(slot, through, now)), ());
        self.records.change_from(&slot_key(key), Some(slot), |_| true, flush).await.map(|(done, _)| done)
    }

    /// A slot without the attempts that it still holds. `None`: it holds none.
    pub(super) fn flushed(&self, slot: &Slot, now: DateTime<Utc>) -> Option<Slot> {
        newest_unflushed(slot).map(|through| self.flushed_through(slot, through, now))
    }

    fn flushed_through(&self, slot: &Slot, through: Token, now: DateTime<Utc>) -> Slot {
        slot.step(&self.rules, None, Command::Flushed { through }, now, Fraction::ONE).next
    }
}

/// The greatest token of the attempts that a slot still holds.
fn newest_unflushed(slot: &Slot) -> Option<Token> {
    slot.unflushed.iter().map(|attempt| attempt.token).max()
}
