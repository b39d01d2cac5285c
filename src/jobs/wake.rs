//! Waking: how a host hears at once that a job waits, instead of at its next look.

use std::future::{Future, poll_fn};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use super::{AppendOf, JobStore, Row, Swap, SwapAll, SwapOf, Taken, Version, forward_job_store};

/// Rings when a job has begun to wait, so that a host that sleeps ticks a worker at once.
///
/// A ring is only a hint: it may be lost, and it may be heard for nothing. A host keeps looking from time to time, so a
/// ring that is lost costs the time until its next look. Who rings is for the store to say: a [`WakingStore`] rings for
/// what is stored through it, in one process. A store on a server rings the bells of all processes by what the server has
/// for it, such as `LISTEN` and `NOTIFY`.
///
/// A host asks what it has [heard](Self::heard) *before* it ticks a worker, and waits for what comes after that. So it
/// misses no ring in between:
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use chrono::DateTime;
/// use tripartite::drive::block_on;
/// use tripartite::jobs::{Bell, WakingStore};
/// use tripartite::memory::MemoryJobStore;
/// use tripartite::queue::{Command, Scope, Trigger};
/// use tripartite::work::Queue;
///
/// let bell = Arc::new(Bell::default());
/// let queue = Queue::new(WakingStore::new(MemoryJobStore::default(), bell.clone()));
/// let heard = bell.heard();
/// // Here the host ticks its worker, which finds nothing to do. Meanwhile somebody asks for a job:
/// let key = "ballybeg/federation".parse()?;
/// let trigger =
///     Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
/// let _ = block_on(queue.apply(&key, None, trigger, DateTime::UNIX_EPOCH))?;
/// // It does not sleep for an hour, but ticks again at once.
/// assert!(bell.wait(heard, Duration::from_secs(3600)));
/// // Nothing has come since: it waits for as long as it would have slept without a bell.
/// assert!(!bell.wait(bell.heard(), Duration::from_millis(1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Bell {
    state: Mutex<State>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct State {
    rings: u64,
    /// Whoever waits without a thread.
    wakers: Vec<Waker>,
}

/// How often a bell had rung when somebody asked.
///
/// [`Bell`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rings(u64);

impl Bell {
    /// Wakes all who wait.
    ///
    /// ```
    /// use tripartite::jobs::Bell;
    /// let bell = Bell::default();
    /// let before = bell.heard();
    /// bell.ring();
    /// assert_ne!(bell.heard(), before);
    /// ```
    pub fn ring(&self) {
        let wakers = {
            let mut state = self.state();
            state.rings += 1;
            std::mem::take(&mut state.wakers)
        };
        self.rung.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// What was rung until now.
    ///
    /// [`Bell`] has an example.
    pub fn heard(&self) -> Rings {
        Rings(self.state().rings)
    }

    /// Blocks the thread until the bell rings once more than was heard, and for a span at most. Returns whether it rang.
    ///
    /// [`Bell`] has an example.
    pub fn wait(&self, heard: Rings, at_most: Duration) -> bool {
        let silent = |state: &mut State| state.rings == heard.0;
        let waited = self.rung.wait_timeout_while(self.state(), at_most, silent);
        waited.unwrap_or_else(PoisonError::into_inner).0.rings != heard.0
    }

    /// Is ready once the bell has rung more than was heard. An asynchronous host races it against its own timer.
    ///
    /// ```
    /// use tripartite::drive::block_on;
    /// use tripartite::jobs::Bell;
    /// let bell = Bell::default();
    /// let heard = bell.heard();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| bell.ring());
    ///     block_on(bell.rung(heard));
    /// });
    /// block_on(bell.rung(heard)); // it has rung already
    /// ```
    pub fn rung(&self, heard: Rings) -> impl Future<Output = ()> + Send + '_ {
        poll_fn(move |context| {
            let mut state = self.state();
            if state.rings != heard.0 {
                return Poll::Ready(());
            }
            if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                state.wakers.push(context.waker().clone());
            }
            Poll::Pending
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A count and a list are whole, whatever panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A job store that rings a [`Bell`] when a job that waits is stored through it: one that was asked for, and one that is
/// tried again. Leases, schedules and what is done ring nothing.
///
/// It is for stores that one process uses alone, such as the store in memory or a file. What another process stores rings
/// nothing here. [`Bell`] has an example.
#[derive(Debug)]
pub struct WakingStore<S, B> {
    store: S,
    bell: B,
}

impl<S, B: AsRef<Bell>> WakingStore<S, B> {
    /// A store, and the bell that it rings, for example an `Arc<Bell>`.
    ///
    /// [`Bell`] has an example.
    pub fn new(store: S, bell: B) -> Self {
        Self { store, bell }
    }

    /// The store within.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use tripartite::drive::block_on;
    /// use tripartite::jobs::{Bell, JobStore, StoreKey, WakingStore};
    /// use tripartite::memory::MemoryJobStore;
    /// let store = WakingStore::new(MemoryJobStore::default(), Arc::new(Bell::default()));
    /// assert_eq!(block_on(store.store().get(&StoreKey::of("slot", ["a", "f"])))?, None);
    /// # Ok::<(), std::convert::Infallible>(())
    /// ```
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Rings if a row may have been stored that somebody should hear of. After an error it may have been, too.
    fn ring_for<'r, E>(&self, rows: impl IntoIterator<Item = (Option<&'r Row>, Result<Swap, E>)>) {
        let mut stored = rows.into_iter().filter(|(_, answer)| !matches!(answer, Ok(Swap::Conflict)));
        if stored.any(|(row, _)| row.is_some_and(Row::is_waiting_job)) {
            self.bell.as_ref().ring();
        }
    }

    fn within(&self) -> &S {
        &self.store
    }

    fn ring_for_all<E>(&self, swaps: &[SwapOf], answers: &Result<Vec<Swap>, E>) {
        let answer = |at: usize| match answers {
            Ok(answers) => Ok(answers.get(at).copied().unwrap_or(Swap::Conflict)),
            Err(_) => Err(()),
        };
        self.ring_for(swaps.iter().enumerate().map(|(at, swap)| (swap.next.as_ref(), answer(at))));
    }
}

impl<S: JobStore + Sync, B: AsRef<Bell> + Sync> JobStore for WakingStore<S, B> {
    type Error = S::Error;

    forward_job_store!(plain: get, due, append, read, prune, get_many, due_many);

    async fn compare_and_swap(&self, swap: &SwapOf) -> Result<Swap, S::Error> {
        let answer = self.store.compare_and_swap(swap).await;
        self.ring_for([(swap.next.as_ref(), answer.as_ref().copied().map_err(drop))]);
        answer
    }

    async fn swap_many(&self, swaps: &[SwapOf]) -> Result<Vec<Swap>, S::Error> {
        let answers = self.store.swap_many(swaps).await;
        self.ring_for_all(swaps, &answers);
        answers
    }

    async fn take(&self, swaps: &[SwapOf]) -> Result<Option<Taken>, S::Error> {
        let taken = self.store.take(swaps).await;
        let done = |at: usize| match &taken {
            Ok(taken) if taken.is_none_or(|taken| taken.at != at) => Ok(Swap::Conflict),
            Ok(_) => Ok(Swap::Applied(Version(0))),
            Err(_) => Err(()),
        };
        self.ring_for(swaps.iter().enumerate().map(|(at, swap)| (swap.next.as_ref(), done(at))));
        taken
    }

    async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, S::Error> {
        let answers = self.store.swap_chain(swaps, entries).await;
        self.ring_for_all(swaps, &answers);
        answers
    }

    async fn swap_all(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<SwapAll, S::Error> {
        let answer = self.store.swap_all(swaps, entries).await;
        let is_done = !matches!(answer, Ok(SwapAll::Conflict | SwapAll::Unable));
        let done = if is_done { Swap::Applied(Version(0)) } else { Swap::Conflict };
        self.ring_for(swaps.iter().map(|swap| (swap.next.as_ref(), Ok::<_, ()>(done))));
        answer
    }
}
