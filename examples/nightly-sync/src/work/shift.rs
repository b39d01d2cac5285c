//! One process at work: its workers, each on a thread with connections of its own, until there is nothing left or for
//! ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::id::{INCARNATION_LEN, Incarnation, SyncKey, WorkerId};
use tripartite::jobs::StoreKey;
use tripartite::notice::Notice;
use tripartite::queue::{Outcome, QueueRules};
use tripartite::work::{Attempted, Queue, Settings, Tick, WorkError, Worker};

use super::listening::Listening;
use super::{Bell, Registers, busy, queue};
use crate::store::{Jobs, JobsError, Place};
use crate::telemetry;

/// The longest sleep: a trigger of another process is seen after this long, unless a server tells of it.
const NAP: Duration = Duration::from_millis(500);

/// What a process is to do.
#[derive(Debug, Clone)]
pub struct Shift {
    /// The database.
    pub db: Place,
    /// How many workers it has.
    pub workers: usize,
    /// Whether it ends when nothing runs, and nothing waits to.
    pub until_idle: bool,
    /// What each worker keeps to.
    pub settings: Settings,
    /// How failures are tried again; all processes at work on a database have the same.
    pub rules: QueueRules,
    /// What wakes its workers, and ends them.
    pub bell: Arc<Bell>,
    /// The clock.
    pub now: fn() -> DateTime<Utc>,
}

/// What is told of the work.
#[derive(Debug)]
#[non_exhaustive]
pub enum ShiftEvent {
    /// A schedule fired for a key.
    Fired(SyncKey, Outcome),
    /// The worker of a job had vanished.
    Expired(SyncKey, Outcome),
    /// An attempt ended.
    Attempted(Box<Attempted>),
    /// Somebody must hear of this.
    Notice(Notice),
    /// A record cannot be read, and is left as it is.
    Broken(StoreKey, String),
    /// The database could not be used for a moment.
    Trouble(WorkError<JobsError>),
}

impl ShiftEvent {
    /// Whether hooks may have something to tell after it.
    pub fn is_news(&self) -> bool {
        matches!(self, Self::Attempted(_) | Self::Expired(..) | Self::Notice(_))
    }
}

impl Shift {
    /// Works, and tells of it.
    ///
    /// # Errors
    /// [`WorkError`], when the database cannot be used and will not come back by itself.
    pub fn work(&self, mut tell: impl FnMut(ShiftEvent)) -> Result<(), WorkError<JobsError>> {
        let (told, hear): (Sender<ShiftEvent>, Receiver<ShiftEvent>) = channel();
        let over = AtomicBool::new(false);
        let mut result = Ok(());
        // What another process triggers is begun at once. Where nobody can listen, the workers look by themselves.
        let _listening = Listening::of(&self.db, &self.bell);
        thread::scope(|scope| {
            let workers: Vec<_> = (0..self.workers.max(1))
                .map(|number| {
                    let (told, over) = (told.clone(), &over);
                    scope.spawn(move || {
                        let result = self.one(number, &told, over);
                        over.fetch_or(result.is_err(), Ordering::Relaxed);
                        result
                    })
                })
                .collect();
            drop(told);
            hear.iter().for_each(&mut tell);
            for worker in workers {
                match worker.join() {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => result = Err(error),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        result
    }

    fn one(&self, number: usize, told: &Sender<ShiftEvent>, over: &AtomicBool) -> Result<(), WorkError<JobsError>> {
        let queue = queue(&self.db).map_err(WorkError::Store)?.rules(self.rules);
        let handler = Registers { db: &self.db, queue: &queue, bell: &self.bell, now: self.now };
        let mut worker = Worker::new(name(number), incarnation(), self.settings);
        while !over.load(Ordering::Relaxed) && !self.bell.ended() {
            let (heard, begun) = (self.bell.heard(), telemetry::begin());
            let span = tracing::debug_span!("tick", worker = number);
            let tick = match span.in_scope(|| worker.tick_blocking(&queue, &handler, &self.now)) {
                Ok(tick) => tick,
                Err(error) if matches!(error.failure(), Failure::Retry { .. }) => {
                    telemetry::ticked("failed");
                    tracing::warn!(%error, "the database could not be used");
                    let _ = told.send(ShiftEvent::Trouble(error));
                    self.bell.pause(NAP);
                    continue;
                }
                Err(error) => return Err(error),
            };
            measured(&tick, begun.elapsed());
            if self.told(&queue, tick, told, heard)? {
                break;
            }
        }
        // If the database cannot be used now, the ticket ends by itself.
        let _ = block_on(worker.leave(&queue, &self.now));
        Ok(())
    }

    /// Tells of a tick, sleeps if there was nothing in it, and says whether that was all.
    fn told(
        &self,
        queue: &Queue<Jobs>,
        tick: Tick,
        told: &Sender<ShiftEvent>,
        heard: u64,
    ) -> Result<bool, WorkError<JobsError>> {
        let Tick { attempt, fired, expired, notices, broken, next, .. } = tick;
        let idle = attempt.is_none() && fired.is_empty() && expired.is_empty();
        let fired = fired.into_iter().map(|(key, outcome)| ShiftEvent::Fired(key, outcome));
        let expired = expired.into_iter().map(|(key, outcome)| ShiftEvent::Expired(key, outcome));
        let attempt = attempt.into_iter().map(|attempt| ShiftEvent::Attempted(Box::new(attempt)));
        let notices = notices.into_iter().map(ShiftEvent::Notice);
        let broken = broken.into_iter().map(|(key, problem)| ShiftEvent::Broken(key, problem));
        for tell in fired.chain(expired).chain(attempt).chain(notices).chain(broken) {
            // Nobody hears it only if the process is going down.
            let _ = told.send(tell);
        }
        if !idle {
            return Ok(false);
        }
        let now = (self.now)();
        if self.until_idle && !busy(queue, now)? {
            return Ok(true);
        }
        let wait = next.map_or(NAP, |next| (next - now).to_std().unwrap_or(Duration::ZERO));
        self.bell.wait(heard, wait.clamp(Duration::from_millis(1), NAP));
        Ok(false)
    }
}

fn measured(tick: &Tick, took: Duration) {
    let is_idle = tick.attempt.is_none() && tick.fired.is_empty() && tick.expired.is_empty();
    telemetry::ticked(if is_idle { "idle" } else { "worked" });
    if let Some(attempt) = &tick.attempt {
        telemetry::attempted(attempt, took);
    }
}

/// What people call a worker of this process.
fn name(number: usize) -> WorkerId {
    WorkerId::new(format!("{}-{number}", std::process::id())).expect("two numbers are an id")
}

/// A new worker's own, which none has had before.
pub fn incarnation() -> Incarnation {
    loop {
        let mut random = [0; INCARNATION_LEN];
        // Whoever cannot draw must not go on: two with the same bytes would run one job twice.
        getrandom::fill(&mut random).expect("the system has random bytes");
        if let Ok(incarnation) = Incarnation::new(random) {
            return incarnation;
        }
    }
}
