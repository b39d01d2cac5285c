//! Receives webhooks for a queue: the steps of a request, and its effects in their order.

use chrono::{DateTime, Utc};

use super::error::WorkError;
use super::queue::Queue;
use super::record::Record;
use crate::jobs::{DueOf, JobStore, Shard, StoreKey, Swap, SwapOf};
use crate::rate::Rate;
use crate::tombstone::Tombstones;
use crate::webhook::{Endpoint, ReceiveStep, Received, Request, Seen, SideEffect, StoreTombstones};

/// The shard in which remembered messages are listed until they may be deleted. No worker reads it.
const FORGETTABLE: Shard = Shard(u16::MAX);
/// How many expired messages are deleted when a new one is remembered.
const FORGOTTEN: usize = 4;

impl Record for Rate {
    fn check(&self) -> Result<(), String> {
        Self::check(self).map_err(|broken| broken.to_string())
    }
}

impl Record for Seen {
    /// Only its presence matters, so every format can be read.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    fn due(&self) -> Option<DateTime<Utc>> {
        Some(self.until())
    }

    fn shard(&self, _: &StoreKey, _: u16) -> Shard {
        FORGETTABLE
    }
}

impl<S: JobStore> Queue<S> {
    /// Receives a webhook: checks whether the message is new, charges the rate, and stores its effects one after the
    /// other, each durable before the next begins. Once this returns, the answer may be sent.
    ///
    /// The caller checks first whether a connection serves the address ([`serves`](crate::webhook::serves)).
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use tripartite::drive::block_on;
    /// use tripartite::id::SyncKey;
    /// use tripartite::memory::MemoryJobStore;
    /// use tripartite::queue::Scope;
    /// use tripartite::registry::Secret;
    /// use tripartite::webhook::{
    ///     Endpoint, EventKind, MessageId, Request, Shape, SigningSecret, Standard,
    /// };
    /// use tripartite::work::Queue;
    /// let (now, key) = (
    ///     DateTime::<Utc>::UNIX_EPOCH,
    ///     SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? },
    /// );
    /// let standard = Standard::new([SigningSecret::new(&Secret::new(
    ///     "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    /// ))?])?;
    /// let body = br#"{"type": "member.updated", "id": "FED-7"}"#;
    /// let signed = standard.sign(&MessageId::new("msg_1")?, now, body);
    /// let headers = signed.each_ref().map(|(name, value)| (*name, value.as_bytes()));
    /// let updated = [("member.updated", EventKind::Updated)];
    /// let shape = Shape::builder("/type", "/id", updated).build()?;
    /// let endpoint = Endpoint::new(key.clone(), "members".parse()?, standard, shape);
    ///
    /// let queue = Queue::new(MemoryJobStore::default());
    /// let receive =
    ///     || block_on(queue.receive(&endpoint, &Request::new(&headers, body), now));
    /// // the second delivery is recognised
    /// assert_eq!([receive()?.answer.status, receive()?.answer.status], [202, 200]);
    /// assert_eq!(block_on(queue.slot(&key))?.ok_or("it waits")?.wanted, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// It needs the feature `webhook`.
    ///
    /// # Errors
    /// [`WorkError`]. The message is not accepted then: the answer is
    /// [`Response::unavailable`](crate::webhook::HttpResponse::unavailable), and the message comes again.
    pub async fn receive(
        &self,
        endpoint: &Endpoint,
        request: &Request<'_>,
        now: DateTime<Utc>,
    ) -> Result<Received, WorkError<S::Error>> {
        let mut step = endpoint.receive(request, now);
        let received = loop {
            step = match step {
                ReceiveStep::Deduplicate(lookup) => {
                    let seen: Option<Seen> = self.records.read(&lookup.key()).await?;
                    lookup.resume(seen.as_ref())
                }
                ReceiveStep::RateCheck(check) => {
                    let charge = |rate: Option<&Rate>| {
                        let (next, allowance) = check.take(rate);
                        (Some(next), allowance)
                    };
                    let allowance = self.records.change(&check.key(), charge).await?;
                    check.resume(allowance)
                }
                ReceiveStep::StoreTombstones(deletions) => ReceiveStep::Done(self.store_tombstones(&deletions).await?),
                ReceiveStep::Done(received) => break received,
            };
        };
        for effect in &received.effects {
            match effect {
                // The tombstones are stored already, in the step that made them.
                SideEffect::Tombstone { .. } => {}
                SideEffect::Trigger { key, id, command } => {
                    let _ = self.apply(key, id.as_ref(), command.clone(), now).await?;
                }
                SideEffect::Remember { key, seen } => {
                    let remember = |known: Option<&Seen>| (known.is_none().then(|| seen.clone()), ());
                    self.records.change(key, remember).await?;
                    self.forget_seen(now).await?;
                }
            }
        }
        Ok(received)
    }

    /// Stores the tombstones of a message before anything else of it.
    async fn store_tombstones(&self, deletions: &StoreTombstones<'_>) -> Result<Received, WorkError<S::Error>> {
        let store = |stored: Option<&Tombstones>| {
            let received = deletions.resume(stored);
            let next = received.effects.iter().find_map(|effect| match effect {
                SideEffect::Tombstone { next, .. } => Some(next.clone()),
                _ => None,
            });
            (next, received)
        };
        self.records.change(&deletions.key(), store).await
    }

    /// Deletes some messages whose time is over. A late deletion only costs space.
    async fn forget_seen(&self, now: DateTime<Utc>) -> Result<(), WorkError<S::Error>> {
        let due = self.store().due(&DueOf::new(FORGETTABLE, now, FORGOTTEN)).await.map_err(WorkError::Store)?;
        for (_, key) in due.keys {
            let Some(stored) = self.store().get(&key).await.map_err(WorkError::Store)? else { continue };
            let deletion = SwapOf::new(key, Some(stored.version), None).former(stored.row.mark());
            match self.store().compare_and_swap(&deletion).await.map_err(WorkError::Store)? {
                // On a conflict another process has deleted it.
                Swap::Applied(_) | Swap::Conflict => {}
            }
        }
        Ok(())
    }
}
