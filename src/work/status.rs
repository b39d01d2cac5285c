//! The status of a key, for people.

use chrono::{DateTime, TimeDelta, Utc};

use super::error::WorkError;
use super::queue::Queue;
use crate::history::KeyStatus;
use crate::id::SyncKey;
use crate::jobs::{JobStore, LogPosition};
use crate::queue::{Attempt, Slot, State, Token};

/// How many history entries are read in one call.
const PAGE: usize = 256;

impl<S: JobStore> Queue<S> {
    /// The status of a key. `None` if no command has ever changed its slot.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripartite::drive::block_on;
    /// # use tripartite::id::SyncKey;
    /// # use tripartite::memory::MemoryJobStore;
    /// # use tripartite::queue::{Command, Scope, Trigger};
    /// # use tripartite::work::Queue;
    /// # let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
    /// # let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    /// let queue = Queue::new(MemoryJobStore::default());
    /// assert_eq!(block_on(queue.status(&key))?, None);
    /// let _ = block_on(queue.apply(&key, None, trigger, DateTime::UNIX_EPOCH))?;
    /// let status = block_on(queue.status(&key))?.ok_or("it waits")?;
    /// // asked for, and never tried
    /// assert_eq!((status.wanted, status.covered, status.last), (1, 0, None));
    /// // a person asked: it goes before what a schedule wants
    /// assert!(status.wait.is_some_and(|wait| wait.urgent));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkError`], when the store failed, or the slot, an entry of its history or the health cannot be read.
    pub async fn status(&self, key: &SyncKey) -> Result<Option<KeyStatus>, WorkError<S::Error>> {
        let Some(slot) = self.slot(key).await? else { return Ok(None) };
        let last = if slot.token.0 == 0 { None } else { self.newest_attempt(key, &slot).await? };
        let health = self.health(key).await?;
        let status = KeyStatus::of(&slot, last.as_ref(), health.as_ref());
        if status.wait.is_none() {
            return Ok(Some(status));
        }
        match self.gate(key.connector.as_str()).await {
            Ok(Some(gate)) => Ok(Some(status.behind(&gate))),
            // Each tick tells of a gate that cannot be read. The rest of the status is known without it.
            Ok(None) | Err(WorkError::Broken { .. }) => Ok(Some(status)),
            Err(error) => Err(error),
        }
    }

    /// The attempt of the greatest token in the history: a clock that was ahead wrote later times under lesser tokens.
    ///
    /// It is looked for from the slot's last change backwards, in ever longer steps, until no greater token can be
    /// missing.
    async fn newest_attempt(&self, key: &SyncKey, slot: &Slot) -> Result<Option<Attempt>, WorkError<S::Error>> {
        let running = matches!(slot.state, State::Running { .. });
        let newest = Token(slot.token.0 - u64::from(running));
        let mut span = TimeDelta::hours(1);
        loop {
            let from = slot.updated_at.checked_sub_signed(span).unwrap_or(DateTime::<Utc>::MIN_UTC);
            let found = self.newest_attempt_since(key, from).await?;
            if found.as_ref().is_some_and(|attempt| attempt.token >= newest) || from == DateTime::<Utc>::MIN_UTC {
                return Ok(found);
            }
            span = span.checked_mul(8).unwrap_or(TimeDelta::MAX);
        }
    }

    async fn newest_attempt_since(
        &self,
        key: &SyncKey,
        from: DateTime<Utc>,
    ) -> Result<Option<Attempt>, WorkError<S::Error>> {
        let (mut newest, mut after) = (None, None);
        loop {
            let page = self.history(key, from..DateTime::<Utc>::MAX_UTC, after.as_ref(), PAGE).await?;
            let full = page.len() == PAGE;
            after = page.last().map(|entry| LogPosition { at: entry.at(), id: entry.id() });
            let attempts = page.into_iter().map(|entry| entry.attempt);
            newest = newest.into_iter().chain(attempts).max_by_key(|attempt: &Attempt| attempt.token);
            if !full {
                return Ok(newest);
            }
        }
    }
}
