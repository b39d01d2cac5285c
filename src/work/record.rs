//! The records of a job store: how each is read, and how it is changed.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::WorkError;
use super::lane::Lane;
use crate::gate::Gate;
use crate::health::Health;
use crate::jobs::{JobStore, Mark, Row, Shard, SlotStore, StoreKey, Stored, Swap, SwapOf, Taken, Version};
use crate::queue::Slot;
use crate::registry::Enrolment;
use crate::tombstone::Tombstones;

/// How often a swap is tried before the key is called contended. Each conflict means that somebody else's swap
/// succeeded, or that the reading was stale.
pub(super) const TRIES: usize = 1000;

/// What is stored under a key, as JSON.
pub(super) trait Record: Serialize + DeserializeOwned + PartialEq {
    /// Whether this version can read it.
    fn check(&self) -> Result<(), String>;

    /// When a worker should look at it.
    fn due(&self) -> Option<DateTime<Utc>> {
        None
    }

    /// In which shard it is listed, of a queue with so many.
    fn shard(&self, key: &StoreKey, shards: u16) -> Shard {
        Lane::Ungated.shard(key, shards)
    }

    /// The row to store under a key.
    ///
    /// # Errors
    /// What is wrong, for a record that cannot be written.
    fn to_row(&self, key: &StoreKey, shards: u16) -> Result<Row, String> {
        let bytes = serde_json::to_vec(self).map_err(|error| error.to_string())?;
        Ok(Row { bytes, due: self.due(), shard: self.shard(key, shards) })
    }
}

impl Record for Slot {
    fn check(&self) -> Result<(), String> {
        Self::check(self).map_err(|broken| broken.to_string())
    }

    fn due(&self) -> Option<DateTime<Utc>> {
        Self::due(self)
    }

    fn shard(&self, key: &StoreKey, shards: u16) -> Shard {
        Lane::of(self).shard(key, shards)
    }
}

/// Records that are never due.
macro_rules! records {
    ($($record:ty),+) => {$(
        impl Record for $record {
            fn check(&self) -> Result<(), String> {
                Self::check(self).map_err(|broken| broken.to_string())
            }
        }
    )+};
}

records! { Gate, Health, Tombstones }

impl Record for Enrolment {
    fn check(&self) -> Result<(), String> {
        Self::check(self).map_err(|broken| broken.to_string())
    }

    /// A schedule that this build cannot read never fires. Storing it returned an error.
    fn due(&self) -> Option<DateTime<Utc>> {
        Self::due(self).ok().flatten()
    }
}

/// A record and its version. Both are `None` when there is no record.
#[derive(Debug, Clone)]
pub(super) struct Versioned<T> {
    pub(super) record: Option<T>,
    pub(super) version: Option<Version>,
    /// What the store has indexed of it, if that is known.
    pub(super) mark: Option<Mark>,
    /// Whether it was read or written some time ago: a swap may be tried on it, but nothing is answered by it.
    pub(super) remembered: bool,
}

impl<T> Versioned<T> {
    /// There is no record.
    pub(super) fn nothing() -> Self {
        Self { record: None, version: None, mark: None, remembered: false }
    }

    /// A record that has just been stored.
    pub(super) fn stored(record: T, version: Version, mark: Option<Mark>) -> Self {
        Self { record: Some(record), version: Some(version), mark, remembered: false }
    }

    /// Keeps it for later. Somebody else may change the record until then.
    pub(super) fn remember(self) -> Self {
        Self { remembered: true, ..self }
    }
}

impl<T: Record> Versioned<T> {
    /// What is stored, as it was read.
    ///
    /// # Errors
    /// What is wrong with it, if it cannot be read.
    pub(super) fn of_stored(stored: Option<Stored>) -> Result<Self, String> {
        let Some(Stored { row, version }) = stored else { return Ok(Self::nothing()) };
        let record: T = serde_json::from_slice(&row.bytes).map_err(|error| error.to_string())?;
        record.check()?;
        Ok(Self::stored(record, version, Some(row.mark())))
    }
}

/// A job store, and the number of shards in which its due keys are listed.
#[derive(Debug)]
pub(super) struct Records<S> {
    pub(super) store: S,
    pub(super) shards: u16,
}

impl<S: JobStore + Sync> Records<S> {
    /// Reads several records in one round trip, in the order of their keys.
    pub(super) async fn get_many(&self, keys: Vec<StoreKey>) -> Result<Vec<Option<Stored>>, WorkError<S::Error>> {
        let (count, mut stored) = (keys.len(), self.store.get_many(&keys).await.map_err(WorkError::Store)?);
        stored.resize(count, None);
        for (stored, key) in stored.iter_mut().zip(&keys) {
            if let Some(former) = key.former()
                && let Some(there) = self.store.get(&former).await.map_err(WorkError::Store)?
            {
                *stored = Some(there);
            }
        }
        Ok(stored)
    }
}

impl<S: JobStore + Sync> Records<S> {
    /// Stores the first of several records in place of what is known of each. Returns its place and what is stored. If the
    /// answer was lost, it looks for what was to be stored.
    pub(super) async fn take<T: Record + Clone>(
        &self,
        candidates: &[(StoreKey, Versioned<T>, T)],
    ) -> Result<Option<(usize, Versioned<T>)>, WorkError<S::Error>> {
        let mut swaps = Vec::with_capacity(candidates.len());
        for (key, before, next) in candidates {
            let broken = |problem: String| WorkError::Broken { key: key.clone(), problem };
            let row = next.to_row(key, self.shards).map_err(broken)?;
            swaps.push(SwapOf { key: key.clone(), expect: before.version, next: Some(row), former: before.mark });
        }
        let taken = match self.store.take(&swaps).await {
            Ok(taken) => taken,
            Err(error) => {
                let keys: Vec<_> = swaps.iter().map(|swap| swap.key.clone()).collect();
                let Ok(stored) = self.store.get_many(&keys).await else { return Err(WorkError::Store(error)) };
                let wanted = |(at, stored): (usize, Option<Stored>)| {
                    let stored = stored?;
                    let is_wanted = swaps.get(at)?.next.as_ref()?.bytes == stored.row.bytes;
                    is_wanted.then_some(Taken { at, version: stored.version })
                };
                let taken = stored.into_iter().enumerate().find_map(wanted);
                Some(taken.ok_or(WorkError::Store(error))?)
            }
        };
        Ok(taken.and_then(|Taken { at, version }| {
            let mark = swaps.get(at)?.next.as_ref().map(Row::mark);
            Some((at, Versioned::stored(candidates.get(at)?.2.clone(), version, mark)))
        }))
    }
}

impl<S: SlotStore> Records<S> {
    /// Reads a record.
    pub(super) async fn read<T: Record>(&self, key: &StoreKey) -> Result<Option<T>, WorkError<S::Error>> {
        Ok(self.load(key).await?.record)
    }

    /// Where the record of a key is. An earlier version let a key end in a dot, and a record that it stored under such a
    /// key stays there: moved, it would be at neither key or at both after a crash. No other key costs a call.
    async fn home<'k>(&self, key: &'k StoreKey) -> Result<Cow<'k, StoreKey>, WorkError<S::Error>> {
        if let Some(former) = key.former()
            && self.store.get(&former).await.map_err(WorkError::Store)?.is_some()
        {
            return Ok(Cow::Owned(former));
        }
        Ok(Cow::Borrowed(key))
    }

    /// Reads a record that is to be changed.
    pub(super) async fn load<T: Record>(&self, key: &StoreKey) -> Result<Versioned<T>, WorkError<S::Error>> {
        self.load_at(&*self.home(key).await?).await
    }

    async fn load_at<T: Record>(&self, key: &StoreKey) -> Result<Versioned<T>, WorkError<S::Error>> {
        let stored = self.store.get(key).await.map_err(WorkError::Store)?;
        Versioned::of_stored(stored).map_err(|problem| WorkError::Broken { key: key.clone(), problem })
    }

    /// Changes a record by compare-and-swap, again and again until nobody was in between. `change` sees what is stored.
    /// It returns what to store, if anything, and what to answer once that is stored.
    pub(super) async fn change<T: Record, R>(
        &self,
        key: &StoreKey,
        change: impl FnMut(Option<&T>) -> (Option<T>, R),
    ) -> Result<R, WorkError<S::Error>> {
        self.change_from(key, None, |_| true, change).await.map(|(answer, _)| answer)
    }

    /// As [`change`](Self::change), for a caller who knows something of the record:
    ///
    /// * `known` spares the first reading. If somebody has changed the record since, it is read.
    /// * A reading that is not `current` is from before something that the caller knows, and the record is read again. So
    ///   an answer that stores nothing never rests on a stale reading.
    ///
    /// Returns the answer, and what is stored then.
    pub(super) async fn change_from<T: Record, R>(
        &self,
        key: &StoreKey,
        mut known: Option<Versioned<T>>,
        current: impl Fn(Option<&T>) -> bool,
        mut change: impl FnMut(Option<&T>) -> (Option<T>, R),
    ) -> Result<(R, Versioned<T>), WorkError<S::Error>> {
        let key = &*self.home(key).await?;
        for _ in 0..TRIES {
            let before = match known.take() {
                Some(known) => known,
                None => self.load_at::<T>(key).await?,
            };
            if !current(before.record.as_ref()) {
                continue;
            }
            let (next, answer) = change(before.record.as_ref());
            let Some(next) = next.filter(|next| before.record.as_ref() != Some(next)) else {
                if before.remembered {
                    continue;
                }
                return Ok((answer, before));
            };
            if let Some((version, mark)) = self.swap(key, &before, &next).await? {
                return Ok((answer, Versioned::stored(next, version, Some(mark))));
            }
        }
        Err(WorkError::Contended { key: key.clone() })
    }

    /// The version and the mark of what is stored then; none on a conflict.
    async fn swap<T: Record>(
        &self,
        key: &StoreKey,
        before: &Versioned<T>,
        next: &T,
    ) -> Result<Option<(Version, Mark)>, WorkError<S::Error>> {
        let broken = |problem: String| WorkError::Broken { key: key.clone(), problem };
        let row = next.to_row(key, self.shards).map_err(broken)?;
        let mark = row.mark();
        let swap = SwapOf { key: key.clone(), expect: before.version, next: Some(row), former: before.mark };
        match self.store.compare_and_swap(&swap).await {
            Ok(Swap::Applied(version)) => Ok(Some((version, mark))),
            Ok(Swap::Conflict) => Ok(None),
            Err(error) => match self.applied(&swap).await {
                Some(version) => Ok(Some((version, mark))),
                None => Err(WorkError::Store(error)),
            },
        }
    }

    /// The version of a swap that failed and has taken effect all the same: what it wanted to store is what is stored.
    async fn applied(&self, swap: &SwapOf) -> Option<Version> {
        let stored = self.store.get(&swap.key).await.ok().flatten()?;
        swap.next.as_ref().is_some_and(|row| stored.row.bytes == row.bytes).then_some(stored.version)
    }

    /// Reads a record. If it is listed in another shard than its own, an earlier version of this crate has written it,
    /// and its row is moved. Another change in between lists it in its own shard, too.
    pub(super) async fn relist<T: Record>(&self, key: &StoreKey) -> Result<Versioned<T>, WorkError<S::Error>> {
        let key = &*self.home(key).await?;
        let stored = self.store.get(key).await.map_err(WorkError::Store)?;
        let Some(Stored { row, .. }) = &stored else { return Ok(Versioned::nothing()) };
        let (mut row, broken) = (row.clone(), |problem: String| WorkError::Broken { key: key.clone(), problem });
        let mut read = Versioned::<T>::of_stored(stored).map_err(broken)?;
        let shard = read.record.as_ref().map_or(row.shard, |record| record.shard(key, self.shards));
        if row.shard != shard {
            row.shard = shard;
            let mark = row.mark();
            let swap = SwapOf { key: key.clone(), expect: read.version, next: Some(row), former: read.mark };
            if let Swap::Applied(version) = self.store.compare_and_swap(&swap).await.map_err(WorkError::Store)? {
                (read.version, read.mark) = (Some(version), Some(mark));
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::block_on;
    use crate::health::HealthRules;
    use crate::memory::MemoryJobStore;
    use crate::queue::Token;

    #[test]
    fn what_is_remembered_may_be_swapped_and_answers_nothing() {
        let records = Records { store: MemoryJobStore::default(), shards: 1 };
        let (key, at) = (StoreKey::of("health", ["ballybeg", "federation"]), DateTime::UNIX_EPOCH);
        let judge = |token| {
            move |health: Option<&Health>| {
                let before = health.cloned().unwrap_or_else(|| Health::new(at));
                (Some(before.judge(&HealthRules::default(), Token(token), Ok(()), at)), ())
            }
        };
        let ((), known) = block_on(records.change_from(&key, None, |_| true, judge(1))).unwrap();
        let known = known.remember();
        block_on(records.change(&key, judge(2))).unwrap();
        let look = |health: Option<&Health>| (None, health.map(Health::judged));
        let (newest, _) = block_on(records.change_from(&key, Some(known.clone()), |_| true, look)).unwrap();
        assert_eq!(newest, Some(Token(2)), "somebody else was in between");
        let ((), after) = block_on(records.change_from(&key, Some(known), |_| true, judge(3))).unwrap();
        assert_eq!(after.record.map(|health| health.judged()), Some(Token(3)), "the swap is tried again");
    }
}
