//! The worker, which a host makes and ticks.

use super::active_tick::ActiveTick;
use super::admission::HeldTicket;
use super::context::Context;
use super::error::WorkError;
use super::handler::{Clock, Handler};
use super::memory::Memory;
use super::queue::Queue;
use super::settings::Settings;
use super::tick::Tick;
use crate::drive::block_on;
use crate::id::{Incarnation, WorkerId};
use crate::jobs::JobStore;

/// A worker takes one job at a time. It is plain data, without a thread, a timer or a store of its own. For several
/// jobs at a time, have several workers.
///
/// The module has [an example](crate::work).
#[derive(Debug)]
pub struct Worker {
    id: WorkerId,
    settings: Settings,
    memory: Memory,
}

impl Worker {
    /// A worker. Its id is a name for people, and another worker may have it. Its incarnation is random, drawn anew for
    /// each worker that is made: a worker recognises its own claim by it when the answer was lost.
    ///
    /// The module has [an example](crate::work).
    pub fn new(id: WorkerId, incarnation: Incarnation, settings: Settings) -> Self {
        Self { id, settings, memory: Memory::new(incarnation) }
    }

    /// Stores the end of the last attempt if that failed before, and does nothing else then. Otherwise it fires
    /// schedules, gives up jobs whose worker has vanished, and carries the first job that is due and may run from its
    /// claim to its end.
    ///
    /// A host calls it again and again: at once after an attempt, otherwise at [`Tick::next`] or when it hears of a
    /// trigger. Dropping the future in the middle has the effect of a crash: the lease runs out.
    ///
    /// The module has [an example](crate::work).
    ///
    /// # Errors
    /// [`WorkError`], when the job store failed. What was under way is stored at the next tick, or else its lease runs
    /// out.
    pub async fn tick<S: JobStore + Sync, H: Handler>(
        &mut self,
        queue: &Queue<S>,
        handler: &H,
        clock: &impl Clock,
    ) -> Result<Tick, WorkError<S::Error>> {
        let Self { id, settings, memory } = self;
        let cx = Context { queue, handler, clock, worker: id, settings };
        ActiveTick::new(cx, memory).run().await
    }

    /// Gives back the ticket that the worker keeps for its next job, if it keeps one. A host calls it when it stops ticking
    /// a worker while jobs may still wait. Otherwise the place at the gate is free once the ticket ends: at most a lease
    /// and a minute later.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::drive::block_on;
    /// use tripartite::id::Incarnation;
    /// use tripartite::memory::MemoryJobStore;
    /// use tripartite::work::{Queue, Settings, Worker};
    /// let queue = Queue::new(MemoryJobStore::default());
    /// let mut worker =
    ///     Worker::new("w1".parse()?, Incarnation::new([7; 16])?, Settings::default());
    /// // It has run nothing, so there is nothing to give back.
    /// block_on(worker.leave(&queue, &|| DateTime::UNIX_EPOCH))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WorkError`], when the job store failed or the gate cannot be read. The ticket ends by itself then.
    pub async fn leave<S: JobStore + Sync>(
        &mut self,
        queue: &Queue<S>,
        clock: &impl Clock,
    ) -> Result<(), WorkError<S::Error>> {
        let Some(kept) = self.memory.kept.take() else { return Ok(()) };
        let (key, ticket) = (kept.key().clone(), HeldTicket { nonce: kept.nonce().clone(), kept: Some(kept) });
        queue.release_ticket(&key, &ticket, None, clock.time()).await.map(drop)
    }

    /// [`tick`](Self::tick), on the calling thread.
    ///
    /// The module has [an example](crate::work).
    ///
    /// # Errors
    /// As [`tick`](Self::tick).
    pub fn tick_blocking<S: JobStore + Sync, H: Handler>(
        &mut self,
        queue: &Queue<S>,
        handler: &H,
        clock: &impl Clock,
    ) -> Result<Tick, WorkError<S::Error>> {
        block_on(self.tick(queue, handler, clock))
    }
}
