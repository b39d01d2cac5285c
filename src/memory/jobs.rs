//! A job store in memory: the records, the list of due keys, and the logs, under one lock.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::jobs::{
    AppendOf, DueOf, DuePage, JobStore, LogEntry, LogPage, LogPosition, PruneOf, ReadOf, Row, Shard, StoreKey, Stored,
    Swap, SwapAll, SwapOf, Taken, Version,
};

/// Keeps the work column's records in memory: the reference of what a job store does.
///
/// One lock makes every method atomic; one counter gives all versions, so that none is ever given twice.
///
/// ```
/// use tripartite::drive::block_on;
/// use tripartite::jobs::{JobStore, Row, Shard, StoreKey, Swap, SwapOf};
/// use tripartite::memory::MemoryJobStore;
///
/// let store = MemoryJobStore::default();
/// let key = StoreKey::of("slot", ["ballybeg", "federation"]);
/// let row = Row::new(b"{}".to_vec(), Shard(0));
/// let swap = |expect, next| {
///     block_on(store.compare_and_swap(&SwapOf::new(key.clone(), expect, next)))
/// };
/// let Ok(Swap::Applied(first)) = swap(None, Some(row.clone())) else { panic!() };
/// // Deleted and created again: a worker that still holds the first version cannot swap.
/// let _ = swap(Some(first), None);
/// let _ = swap(None, Some(row.clone()));
/// assert_eq!(swap(Some(first), Some(row)), Ok(Swap::Conflict));
/// ```
#[derive(Debug, Default)]
pub struct MemoryJobStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    versions: u64,
    records: BTreeMap<StoreKey, Stored>,
    due: BTreeMap<Shard, BTreeSet<(DateTime<Utc>, StoreKey)>>,
    logs: BTreeMap<StoreKey, Log>,
}

#[derive(Debug, Default)]
struct Log {
    entries: BTreeMap<LogPosition, Vec<u8>>,
    ids: BTreeSet<String>,
}

impl MemoryJobStore {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JobStore for MemoryJobStore {
    type Error = Infallible;

    async fn get(&self, key: &StoreKey) -> Result<Option<Stored>, Infallible> {
        Ok(self.state().records.get(key).cloned())
    }

    async fn compare_and_swap(&self, swap: &SwapOf) -> Result<Swap, Infallible> {
        Ok(self.state().swap(swap))
    }

    async fn due(&self, page: &DueOf) -> Result<DuePage, Infallible> {
        Ok(self.state().due(page))
    }

    async fn append(&self, append: &AppendOf) -> Result<bool, Infallible> {
        Ok(self.state().append(append))
    }

    async fn read(&self, page: &ReadOf) -> Result<LogPage, Infallible> {
        let state = self.state();
        let behind = page.after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let entries =
            state.logs.get(&page.log).into_iter().flat_map(|log| log.entries.range((behind, Bound::Unbounded)));
        let ranged = entries.filter(|(position, _)| page.range.contains(&position.at));
        page.page(ranged.map(|(position, bytes)| Ok(entry(position, bytes))))
    }

    async fn prune(&self, PruneOf { log, before, limit }: &PruneOf) -> Result<u64, Infallible> {
        let mut state = self.state();
        let Some(log) = state.logs.get_mut(log) else { return Ok(0) };
        let mut pruned = 0;
        while pruned < *limit
            && let Some(oldest) = log.entries.first_entry().filter(|oldest| oldest.key().at < *before)
        {
            log.ids.remove(&oldest.remove_entry().0.id);
            pruned += 1;
        }
        Ok(pruned as u64)
    }

    async fn swap_many(&self, swaps: &[SwapOf]) -> Result<Vec<Swap>, Infallible> {
        let mut state = self.state();
        Ok(swaps.iter().map(|swap| state.swap(swap)).collect())
    }

    async fn take(&self, swaps: &[SwapOf]) -> Result<Option<Taken>, Infallible> {
        let mut state = self.state();
        let mut done = swaps.iter().map(|swap| state.swap(swap)).enumerate();
        Ok(done.find_map(|(at, swap)| match swap {
            Swap::Applied(version) => Some(Taken { at, version }),
            Swap::Conflict => None,
        }))
    }

    async fn get_many(&self, keys: &[StoreKey]) -> Result<Vec<Option<Stored>>, Infallible> {
        let state = self.state();
        Ok(keys.iter().map(|key| state.records.get(key).cloned()).collect())
    }

    async fn due_many(&self, pages: &[DueOf]) -> Result<Vec<DuePage>, Infallible> {
        let state = self.state();
        Ok(pages.iter().map(|page| state.due(page)).collect())
    }

    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, Infallible> {
        let mut state = self.state();
        let mut answers = vec![Swap::Conflict; swaps.len()];
        for (answer, swap) in answers.iter_mut().zip(swaps) {
            *answer = state.swap(swap);
            if *answer == Swap::Conflict {
                return Ok(answers);
            }
        }
        for entry in entries {
            state.append(entry);
        }
        Ok(answers)
    }

    async fn swap_all(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<SwapAll, Infallible> {
        let keys: BTreeSet<_> = swaps.iter().map(|swap| &swap.key).collect();
        if keys.len() < swaps.len() {
            return Ok(SwapAll::Unable);
        }
        let mut state = self.state();
        if !swaps.iter().all(|swap| state.is_expected(swap)) {
            return Ok(SwapAll::Conflict);
        }
        let versions = swaps.iter().map(|swap| state.put(&swap.key, swap.next.as_ref())).collect();
        for entry in entries {
            state.append(entry);
        }
        Ok(SwapAll::Applied(versions))
    }
}

impl State {
    fn is_expected(&self, SwapOf { key, expect, .. }: &SwapOf) -> bool {
        self.records.get(key).map(|stored| stored.version) == *expect
    }

    fn swap(&mut self, swap: &SwapOf) -> Swap {
        if self.is_expected(swap) { Swap::Applied(self.put(&swap.key, swap.next.as_ref())) } else { Swap::Conflict }
    }

    fn due(&self, DueOf { shard, until, after, limit }: &DueOf) -> DuePage {
        let behind = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let listed = self.due.get(shard).into_iter().flat_map(|due| due.range((behind, Bound::Unbounded)));
        let mut rest = listed.take_while(|(at, _)| at <= until);
        let keys = rest.by_ref().take(*limit).cloned().collect();
        DuePage { keys, more: rest.next().is_some() }
    }

    fn append(&mut self, AppendOf { log, entry }: &AppendOf) -> bool {
        let log = self.logs.entry(log.clone()).or_default();
        let new = log.ids.insert(entry.position.id.clone());
        if new {
            log.entries.insert(entry.position.clone(), entry.bytes.clone());
        }
        new
    }

    /// Stores or deletes a record, and keeps the list of due keys in step with it.
    fn put(&mut self, key: &StoreKey, next: Option<&Row>) -> Version {
        self.versions += 1;
        let version = Version(self.versions);
        let before = match next {
            Some(row) => self.records.insert(key.clone(), Stored { row: row.clone(), version }),
            None => self.records.remove(key),
        };
        if let Some(Row { due: Some(at), shard, .. }) = before.map(|stored| stored.row)
            && let Some(due) = self.due.get_mut(&shard)
        {
            due.remove(&(at, key.clone()));
        }
        if let Some(Row { due: Some(at), shard, .. }) = next {
            self.due.entry(*shard).or_default().insert((*at, key.clone()));
        }
        version
    }
}

fn entry(position: &LogPosition, bytes: &[u8]) -> LogEntry {
    LogEntry { position: position.clone(), bytes: bytes.to_vec() }
}
