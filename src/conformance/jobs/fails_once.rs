//! A job store that fails at one chosen call, for the cases and for a host's own tests.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::failure::{Classify, Failure};
use crate::jobs::{
    AppendOf, DueOf, DuePage, JobStore, StoreKey, Stored, Swap, SwapAll, SwapOf, Taken, forward_job_store, one_by_one,
};

/// A job store that fails at one of its calls, before or after the call took effect. All other calls go to the inner
/// store.
///
/// ```
/// use tripartite::conformance::jobs::FailsOnce;
/// use tripartite::drive::block_on;
/// use tripartite::jobs::{JobStore, Row, Shard, StoreKey, SwapOf};
/// use tripartite::memory::MemoryJobStore;
/// let store = FailsOnce::new(MemoryJobStore::default(), 0).with_effect();
/// let (key, row) = (
///     StoreKey::of("case", ["a"]),
///     Row::new(b"one".to_vec(), Shard(0)),
/// );
/// let swap = SwapOf::new(key.clone(), None, Some(row.clone()));
/// assert!(block_on(store.compare_and_swap(&swap)).is_err());
/// let stored = block_on(store.get(&key))?;
/// assert!(stored.is_some_and(|stored| stored.row == row)); // it took effect
/// assert_eq!(store.calls(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FailsOnce<S> {
    inner: S,
    calls: AtomicUsize,
    at: usize,
    effect: bool,
    together: bool,
    class: Failure,
}

/// Why a call of a [`FailsOnce`] failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FailsOnceError<E: std::error::Error> {
    /// This was the call that fails.
    #[error("the job store fails at this call")]
    Here(Failure),
    /// The inner store failed.
    #[error("{0}")]
    Within(E),
}

impl<E: std::error::Error + Classify> Classify for FailsOnceError<E> {
    fn failure(&self) -> Failure {
        match self {
            Self::Here(class) => *class,
            Self::Within(error) => error.failure(),
        }
    }
}

impl<S> FailsOnce<S> {
    /// A store that fails at the call number `at`, counted from 0. The call takes no effect, and the failure is
    /// classified as retriable.
    ///
    /// [`FailsOnce`] has an example.
    pub fn new(inner: S, at: usize) -> Self {
        Self {
            inner,
            calls: AtomicUsize::new(0),
            at,
            effect: false,
            together: false,
            class: Failure::Retry { after: None },
        }
    }

    /// Lets the call take effect and loses only its answer.
    ///
    /// [`FailsOnce`] has an example.
    #[must_use]
    pub fn with_effect(mut self) -> Self {
        self.effect = true;
        self
    }

    /// Lets several reads, several pages or a chain of swaps count as one call each, which fails as a whole. Otherwise
    /// they are so many calls, and the failure comes in between. What cannot come in between is not done then:
    /// [`swap_all`](JobStore::swap_all) is unable.
    ///
    /// ```
    /// use tripartite::conformance::jobs::FailsOnce;
    /// use tripartite::drive::block_on;
    /// use tripartite::jobs::{JobStore, StoreKey};
    /// use tripartite::memory::MemoryJobStore;
    /// let keys = [StoreKey::of("case", ["a"]), StoreKey::of("case", ["b"])];
    /// let calls = |store: FailsOnce<MemoryJobStore>| {
    ///     let _ = block_on(store.get_many(&keys));
    ///     store.calls()
    /// };
    /// let at = usize::MAX; // at no call
    /// assert_eq!(calls(FailsOnce::new(MemoryJobStore::default(), at)), 2);
    /// assert_eq!(calls(FailsOnce::new(MemoryJobStore::default(), at).together()), 1);
    /// ```
    #[must_use]
    pub fn together(mut self) -> Self {
        self.together = true;
        self
    }

    /// How the failure is classified.
    ///
    /// ```
    /// use tripartite::conformance::jobs::FailsOnce;
    /// use tripartite::drive::block_on;
    /// use tripartite::failure::{Classify, Failure};
    /// use tripartite::jobs::{JobStore, StoreKey};
    /// let store = FailsOnce::new(tripartite::memory::MemoryJobStore::default(), 0)
    ///     .class(Failure::Fatal);
    /// let failed = block_on(store.get(&StoreKey::of("case", ["a"]))).unwrap_err();
    /// assert_eq!(failed.failure(), Failure::Fatal);
    /// ```
    #[must_use]
    pub fn class(mut self, class: Failure) -> Self {
        self.class = class;
        self
    }

    /// How many calls there were.
    ///
    /// [`FailsOnce`] has an example.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// The inner store, which does not fail.
    ///
    /// ```
    /// use tripartite::conformance::jobs::FailsOnce;
    /// use tripartite::drive::block_on;
    /// use tripartite::jobs::{JobStore, StoreKey};
    /// let store = FailsOnce::new(tripartite::memory::MemoryJobStore::default(), 0);
    /// // reading the inner store does not count as a call
    /// assert_eq!(block_on(store.inner().get(&StoreKey::of("case", ["a"])))?, None);
    /// assert_eq!(store.calls(), 0);
    /// # Ok::<(), std::convert::Infallible>(())
    /// ```
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn within(&self) -> &S {
        &self.inner
    }

    async fn around<T, E: std::error::Error + fmt::Debug>(
        &self,
        _: &str,
        _: &StoreKey,
        does: impl Future<Output = Result<T, E>>,
    ) -> Result<T, FailsOnceError<E>> {
        let here = self.calls.fetch_add(1, Ordering::Relaxed) == self.at;
        if here && !self.effect {
            return Err(FailsOnceError::Here(self.class));
        }
        let answer = does.await.map_err(FailsOnceError::Within)?;
        if here { Err(FailsOnceError::Here(self.class)) } else { Ok(answer) }
    }
}

impl<S: JobStore + Sync> JobStore for FailsOnce<S> {
    type Error = FailsOnceError<S::Error>;

    forward_job_store!(get, compare_and_swap, due, append, read, prune);

    async fn take(&self, swaps: &[SwapOf]) -> Result<Option<Taken>, Self::Error> {
        if !self.together {
            return one_by_one::take(self, swaps).await;
        }
        self.around("take", &StoreKey::of("page", []), self.inner.take(swaps)).await
    }

    async fn get_many(&self, keys: &[StoreKey]) -> Result<Vec<Option<Stored>>, Self::Error> {
        if !self.together {
            return one_by_one::get_many(self, keys).await;
        }
        self.around("get_many", &StoreKey::of("page", []), self.inner.get_many(keys)).await
    }

    async fn due_many(&self, pages: &[DueOf]) -> Result<Vec<DuePage>, Self::Error> {
        if !self.together {
            return one_by_one::due_many(self, pages).await;
        }
        self.around("due_many", &StoreKey::of("page", []), self.inner.due_many(pages)).await
    }

    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, Self::Error> {
        if !self.together {
            return one_by_one::swap_chain(self, swaps, entries).await;
        }
        self.around("swap_chain", &StoreKey::of("page", []), self.inner.swap_chain(swaps, entries)).await
    }

    async fn swap_all(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<SwapAll, Self::Error> {
        if !self.together {
            return Ok(SwapAll::Unable);
        }
        self.around("swap_all", &StoreKey::of("page", []), self.inner.swap_all(swaps, entries)).await
    }
}
