//! What a tick did, as the host is told.

use chrono::{DateTime, Utc};

use super::ending::Attempted;
use crate::id::SyncKey;
use crate::jobs::StoreKey;
use crate::notice::Notice;
use crate::queue::Outcome;

/// What a tick did.
///
/// A refused credential ends the job at once. The key has no further attempt until a person has reset its health:
///
/// ```
/// # use std::sync::Arc;
/// # use chrono::{DateTime, Utc};
/// # use tripartite::drive::block_on;
/// # use tripartite::id::{Incarnation, SyncKey};
/// # use tripartite::memory::{Listing, MemoryJobStore, MemoryStore};
/// # use tripartite::queue::{Command, Outcome, Scope, Trigger};
/// # use tripartite::run::Done;
/// # use tripartite::work::{Handler, Job, Queue, Session, Settings, Worker};
/// use tripartite::failure::{Classify, Failure};
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("401 Unauthorized")]
/// struct Refused;
///
/// impl Classify for Refused {
///     fn failure(&self) -> Failure {
///         Failure::Denied
///     }
/// }
///
/// struct Club;
///
/// impl Handler for Club {
/// #   type Connector = Listing;
/// #   type Store = Arc<MemoryStore>;
///     type Error = Refused;
///
///     async fn open(&self, _: &Job) -> Result<Session<Listing, Arc<MemoryStore>>, Refused> {
///         Err(Refused)
///     }
/// #   async fn close(&self, _: &Job, _: &Arc<MemoryStore>, _: &Done) -> Result<(), Refused> {
/// #       Ok(())
/// #   }
/// }
///
/// # let queue = Queue::new(MemoryJobStore::default());
/// # let key = SyncKey { org: "ballybeg".parse()?, connector: "federation".parse()? };
/// # let clock = || DateTime::<Utc>::UNIX_EPOCH;
/// # let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
/// # let _ = block_on(queue.apply(&key, None, trigger, clock()))?;
/// # let mut random = [0; 16];
/// # getrandom::fill(&mut random)?;
/// let mut worker =
///     Worker::new("w1".parse()?, Incarnation::new(random)?, Settings::default());
/// let tick = worker.tick_blocking(&queue, &Club, &clock)?;
/// let attempt = tick.attempt.ok_or("there was a job")?;
/// assert!(matches!(attempt.outcome, Outcome::Died(_)));
/// assert_eq!(attempt.report, None); // no run began, and `close` was not called
/// let ids: Vec<_> = tick.notices.iter().map(|notice| notice.id.as_str()).collect();
/// assert_eq!(
///     ids,
///     ["job_died/ballybeg/federation/1", "needs_operator/ballybeg/federation/1"]
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
#[must_use = "the notices in it are told nowhere else"]
#[non_exhaustive]
pub struct Tick {
    /// The attempt it made, if there was one to make.
    pub attempt: Option<Attempted>,
    /// The keys that schedules have triggered, with what came of each trigger.
    pub fired: Vec<(SyncKey, Outcome)>,
    /// The jobs whose worker had vanished, with what came of each.
    pub expired: Vec<(SyncKey, Outcome)>,
    /// What people must be told.
    pub notices: Vec<Notice>,
    /// Records that cannot be read, and what is wrong with each. They stay as they are, and everything else goes on.
    pub broken: Vec<(StoreKey, String)>,
    /// When there is something to do next, as far as is known. `None`: nothing waits, or what waits needs a person or a
    /// trigger. A trigger may come before that time, or while the tick was under way, which has then passed it. So a
    /// host that hears of a trigger calls `tick` again at once, also if a later time is given here.
    pub next: Option<DateTime<Utc>>,
}
