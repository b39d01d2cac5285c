//! A job store in memory that counts its calls.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tripartite::jobs::{
    AppendOf, DueOf, DuePage, JobStore, StoreKey, Stored, Swap, SwapAll, SwapOf, forward_job_store,
};
use tripartite::memory::MemoryJobStore;

/// Notes every call, by its kind and what it is about.
#[derive(Debug, Default)]
pub(super) struct Counting {
    pub(super) inner: MemoryJobStore,
    calls: Mutex<Vec<String>>,
    /// How many due keys were read.
    pub(super) due_keys: AtomicUsize,
    /// The keys whose swaps took effect in chains, and by themselves.
    changes: Mutex<Vec<StoreKey>>,
    /// What one reading of its slot is, after so many others.
    pub(super) stale: Mutex<Option<(usize, Stored)>>,
}

impl Counting {
    fn note(&self, call: &str, key: &StoreKey) {
        self.calls.lock().unwrap().push(format!("{call} {}", key.parts()[0]));
    }

    fn within(&self) -> &MemoryJobStore {
        &self.inner
    }

    async fn around<T>(
        &self,
        call: &str,
        key: &StoreKey,
        does: impl Future<Output = Result<T, Never>>,
    ) -> Result<T, Never> {
        self.note(call, key);
        does.await
    }

    fn stale(&self, key: &StoreKey) -> Option<Stored> {
        let mut stale = self.stale.lock().unwrap();
        let (others, _) = stale.as_mut().filter(|_| key.parts()[0] == "slot")?;
        match others.checked_sub(1) {
            Some(left) => {
                *others = left;
                None
            }
            None => stale.take().map(|(_, stored)| stored),
        }
    }

    /// How often records of a kind were changed, as far as swaps and chains of them say.
    pub(super) fn changes_of(&self, kind: &str) -> usize {
        self.changes.lock().unwrap().iter().filter(|key| key.parts()[0] == kind).count()
    }

    /// The calls since the last look.
    pub(super) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }
}

type Never = std::convert::Infallible;

impl JobStore for Counting {
    type Error = Never;

    async fn get(&self, key: &StoreKey) -> Result<Option<Stored>, Never> {
        self.note("get", key);
        if let Some(stale) = self.stale(key) {
            return Ok(Some(stale));
        }
        self.inner.get(key).await
    }

    forward_job_store!(due, append, read, prune, swap_many);

    async fn due_many(&self, pages: &[DueOf]) -> Result<Vec<DuePage>, Never> {
        self.note("due_many", &StoreKey::of("page", []));
        let read = self.inner.due_many(pages).await?;
        self.due_keys.fetch_add(read.iter().map(|page| page.keys.len()).sum(), Ordering::Relaxed);
        Ok(read)
    }

    async fn compare_and_swap(&self, swap: &SwapOf) -> Result<Swap, Never> {
        self.note("swap", &swap.key);
        let done = self.inner.compare_and_swap(swap).await?;
        self.changes.lock().unwrap().extend((done != Swap::Conflict).then(|| swap.key.clone()));
        Ok(done)
    }

    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, Never> {
        self.note("swap_chain", &StoreKey::of("page", []));
        let answers = self.inner.swap_chain(swaps, entries).await?;
        let applied = swaps.iter().zip(&answers).filter(|(_, answer)| **answer != Swap::Conflict);
        self.changes.lock().unwrap().extend(applied.map(|(swap, _)| swap.key.clone()));
        Ok(answers)
    }

    async fn swap_all(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<SwapAll, Never> {
        self.note("swap_all", &StoreKey::of("page", []));
        let answer = self.inner.swap_all(swaps, entries).await?;
        if let SwapAll::Applied(_) = answer {
            self.changes.lock().unwrap().extend(swaps.iter().map(|swap| swap.key.clone()));
        }
        Ok(answer)
    }

    async fn get_many(&self, keys: &[StoreKey]) -> Result<Vec<Option<Stored>>, Never> {
        // What one call is about, as a reader of the counts wants to see it.
        let kinds: Vec<_> = keys.iter().map(|key| key.parts().swap_remove(0)).collect();
        self.calls.lock().unwrap().push(format!("get_many {}", kinds.join(" ")));
        let mut all = self.inner.get_many(keys).await?;
        for (stored, key) in all.iter_mut().zip(keys) {
            *stored = self.stale(key).or(stored.take());
        }
        Ok(all)
    }
}
