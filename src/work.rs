//! Workers: they claim the jobs that are due and may run, in a fair order, run them with heartbeats, and end them.
//!
//! Here the two columns meet. A [`Queue`] gives commands to the slots that a [`JobStore`](crate::jobs::JobStore) keeps.
//! A [`Worker`] takes jobs from it and drives their runs. Neither has a thread, a timer or a clock. A host calls
//! [`tick`](Worker::tick) again and again, from as many workers as it likes, in one process or in many.
//!
//! | one tick | and if it fails or the worker dies there |
//! |---|---|
//! | stores the end of its last attempt, if that failed before | the next tick stores it |
//! | fires the schedules that are due | fires again; each fire has an id, and triggers once |
//! | appends finished attempts to the history | appends again; each has an id, and stands there once |
//! | gives up the job of a worker that vanished | somebody else does |
//! | asks the connector's health for a permit | a probe that never came back is waited for, until its time is over |
//! | asks the gate for a ticket | the ticket ends by itself |
//! | claims: state, token and lease in one swap | asked again by the same nonce, it is the same claim |
//! | opens the run, and carries it step by step | the lease runs out, and the job is tried again |
//! | extends the ticket, then the lease, between two steps | a lease that is lost stops the run before its next step |
//! | keeps the report, then ends the attempt by its token | ended twice, it counts once |
//! | gives the ticket back, or keeps it for its next job; judges the connector | done again, nothing changes |
//!
//! # A whole host
//!
//! ```
//! use std::convert::Infallible;
//! use std::sync::Arc;
//!
//! use chrono::{DateTime, Utc};
//! use tripartite::drive::block_on;
//! use tripartite::id::{ConnectorId, Incarnation, OrgId, RunId, SyncKey, WorkerId};
//! use tripartite::memory::{Listing, MemoryJobStore, MemoryStore};
//! use tripartite::queue::{Command, Outcome, Scope, Trigger};
//! use tripartite::run::{Done, Run};
//! use tripartite::schema::{Field, Kind, Policy, Schema};
//! use tripartite::work::{Handler, Job, Queue, Session, Settings, Worker};
//!
//! struct Club(Schema, Arc<MemoryStore>);
//!
//! impl Handler for Club {
//!     type Connector = Listing;
//!     type Store = Arc<MemoryStore>;
//!     type Error = Infallible;
//!
//!     async fn open(
//!         &self,
//!         job: &Job,
//!     ) -> Result<Session<Listing, Arc<MemoryStore>>, Infallible> {
//!         let id =
//!             RunId::new(format!("run-{}", job.token.0)).expect("short, and not empty");
//!         let step = Run::new(Policy::new(self.0.clone()), id, DateTime::<Utc>::UNIX_EPOCH)
//!             .start();
//!         let members = [("7", serde_json::json!({"name": "Áine"}))];
//!         let connector = Listing::of(&self.0, members).expect("a name");
//!         Ok(Session::new(step, connector, self.1.clone()))
//!     }
//!
//!     async fn close(
//!         &self,
//!         _: &Job,
//!         _: &Arc<MemoryStore>,
//!         _: &Done,
//!     ) -> Result<(), Infallible> {
//!         Ok(()) // a host that keeps reports keeps this one
//!     }
//! }
//!
//! let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
//! let club = Club(schema.clone(), Arc::new(MemoryStore::new(schema)));
//! let queue = Queue::new(MemoryJobStore::default());
//! let key =
//!     SyncKey { org: OrgId::new("ballybeg")?, connector: ConnectorId::new("federation")? };
//! let clock = || DateTime::<Utc>::UNIX_EPOCH; // a host's own asks the system
//! let trigger = Command::Trigger {
//!     by: Trigger::Manual,
//!     scope: Scope::All,
//!     policy: None,
//!     force: false,
//! };
//! assert_eq!(
//!     block_on(queue.apply(&key, None, trigger, clock()))?.outcome,
//!     Outcome::Enqueued
//! );
//!
//! let mut random = [0; 16];
//! // drawn anew for each worker: another one may have the same name
//! getrandom::fill(&mut random)?;
//! let mut worker =
//!     Worker::new(WorkerId::new("w1")?, Incarnation::new(random)?, Settings::default());
//! let tick = worker.tick_blocking(&queue, &club, &clock)?;
//! let attempt = tick.attempt.ok_or("there was a job")?;
//! assert_eq!(attempt.outcome, Outcome::Completed { follow_up: false });
//! assert_eq!(attempt.report.ok_or("it ran")?.counts.created, 1);
//! assert_eq!(worker.tick_blocking(&queue, &club, &clock)?.next, None); // nothing is waiting
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Questions
//!
//! *What stops a worker that has lost its lease, and does not know yet?* Its next heartbeat does, and there is one
//! before the first write. In between, its writes are still compare-and-sets on each record, so it overwrites nobody. A
//! store can close this gap: it checks the job's token in the transaction of each write ([`slot_key`] says where the
//! token is).
//!
//! *What if the job store fails during a run?* The run goes on while its lease lasts. If it is about to begin to write,
//! or the lease is over, the worker gives the job back, for a failure of any class. That costs no attempt, and does not
//! count against the connector's health. The next tick stores what could not be stored, or else the lease runs out. A
//! failure of the *records*' store ends the run and counts as an attempt, so a full disk ends in a dead job and a
//! notice. It does not count against the connector either.
//!
//! *When does a cancel take effect?* Before the next batch of writes, since the worker reads the slot before each.
//! While the run reads, within a second or a step, whichever is longer. The history has what was written until then.
//!
//! *How does a run keep its lease during a long page of the listing?* It does not: there is no heartbeat within a step.
//! The [lease](Settings::lease) must be longer than the longest step.
//!
//! *How does a process end in order?* Its [`Handler::is_shutting_down`] returns true. The worker cuts the run between
//! two steps and gives the job back, due at once and at the cost of no attempt. A host that stops between two ticks calls
//! [`Worker::leave`]. What the run has committed stays, and
//! is not done again. If two new records share what a [match rule](crate::matching) compares and the cut falls between
//! their creations, a person is asked about the second.
//!
//! *Are notices lost in a crash?* A notice that a tick was about to return is lost. What it told of is not lost: the
//! [status](Queue::status) and the history have it.
//!
//! *How soon does a job start that somebody asks for?* When a worker looks next, at [`Tick::next`] or as often as its host
//! ticks it; at once if the host sleeps on a [`Bell`](crate::jobs::Bell) that the job store rings.
//!
//! # In what order
//!
//! A job that a person or a message asks for is **urgent**, and goes before one that only a schedule asks for. Neither
//! kind waits for ever: where both wait at one gate, three urgent jobs start, then a scheduled one. The gate's record
//! keeps the count, so all workers share it.
//!
//! | of the starts at one gate, from when a job may begin | |
//! |---|---|
//! | the n-th urgent one is among the next | n + n/3 + 1 |
//! | the n-th scheduled one is among the next | 4 n |
//!
//! Where the limits have no spacing, workers [keep](crate::gate#a-ticket-for-several-runs) their tickets, and each ticket
//! counts by itself. With `p` tickets kept at a time, the n-th urgent job is among the next n + n/3 + p starts, and the
//! n-th scheduled one among the next 4 n + 3 p.
//!
//! So an urgent job that waits alone is the next to start, or the one after that. With starts a minute apart, that is
//! two minutes, however many organisations the night has. Starts that were under way when it was asked for come before
//! it. A scheduled job that came within the last five seconds may not be counted yet, nor an urgent one that came within the last
//! tenth of a second. A worker that serves several
//! gates does the same among them: three urgent jobs, then a scheduled one where one may start. Within each kind
//! organisations take turns, and the job of an organisation that has been due for longest comes first. Where workers
//! meet, they choose among the next 64.
//!
//! An urgent trigger makes the job urgent that it joins, and the job that it must follow. A retry stays as urgent as it
//! was. [`KeyStatus::wait`](crate::history::KeyStatus::wait) says since when a job waits, whether it is urgent, and why
//! its gate lets nobody in.
//!
//! # What a tick costs
//!
//! A call of the store is a round trip, if the store has its own [`get_many`](crate::jobs::JobStore::get_many),
//! [`due_many`](crate::jobs::JobStore::due_many), [`swap_chain`](crate::jobs::JobStore::swap_chain) and
//! [`swap_all`](crate::jobs::JobStore::swap_all). With the provided ones it is as many as there are records, pages or swaps in
//! it.
//!
//! | call | of a job that has one record to write |
//! |---|---|
//! | `due_many` | a page of each shard and of each lane of waiting jobs |
//! | `get_many` | the gates of the next jobs |
//! | `get_many` | the job's slot, health, tombstones, and what people were told; its gate once more, if it keeps no ticket |
//! | `swap_chain` | the ticket, then the claim; under a kept ticket `compare_and_swap`, the claim alone |
//! | `compare_and_swap` | the lease is confirmed before the first write; a job with nothing to write has no such call |
//! | `swap_all` | the end and its entry of the history, health, what people were told, the ticket unless it is kept |
//!
//! A store that is unable to do the last one together gets a `swap_chain` of the same, with the attempt in the slot, and then
//! a `compare_and_swap` that takes it out. The first way stores a job by two commits, the second one by three.
//!
//! The gates of the next 32 jobs of each kind are read in one call. The worker goes by them for a second: a job whose gate was
//! open reads it once more, together with its own records, and a swap finds what has changed since. Under a kept ticket the
//! gate is read once a second.
//!
//! Where jobs are short, the records of the next jobs are read together with those of one: of two, of four, up to sixteen, as
//! long as they are of use within a second. While it knows its next job, a worker looks for urgent ones every tenth of a second,
//! else at each tick. So of many jobs that have nothing to do, one costs its claim, its end and little more. Where
//! jobs take longer, nothing is read ahead.
//!
//! A run of more than a second reads its gate before the end, since other runs of the source have changed it. The first
//! success of a day removes old history. A change by somebody else costs two more calls: one to read what may have changed, and
//! the rest of the chain once more. A fire of a schedule costs two calls for each 256 organisations, and three for its
//! connection.
//!
//! Workers that go on in the same order would meet at each job. So one that finds that somebody else has started what it
//! tries chooses among the next two jobs from then on, then four, up to 64, and among one fewer for each job that it starts.
//! It reads the records of sixteen at a time, wherever it has chosen, and those that others have started are tried no more. Under
//! a ticket that it keeps, it offers [`take`](crate::jobs::JobStore::take) claims of up to eight of them, and gets the first that
//! is free in one call. While nobody is met, nothing of this happens.
//!
//! Workers meet in the records of a job only if they try the same job, and in a gate when one of them begins or ends to
//! work for its source. Nothing else is changed by two of them: the last success of a connection is that of its healths.
//!
//! A worker does not read a job that cannot start. A tick that starts nothing asks for a page (500) of due keys of each
//! shard and of each lane of waiting jobs. It reads the gate of each connector on those pages once, and none of the
//! jobs behind a gate that is shut. With one source that is 2 calls of the store, behind 10 waiting jobs or 20,000.
//!
//! Leases, schedules and attempts for the history are listed apart, so a worker finds them at once, however many jobs
//! wait. If a page is full and nothing on it may start, [`Tick::next`] asks for another tick at once, which goes on
//! behind that page. So a job of another source is found within one tick for each 500 that wait in front of it in its
//! lane. If something may start, a worker reads on, to ten thousand jobs, so that organisations can take turns. In jobs
//! beyond those, an organisation has its turn only once the worker reads them.
//!
//! A worker holds the jobs that it has read until it has tried them, also while their gate is shut. It reads a list from its
//! beginning again only where that costs at most eight keys for each job that it has tried since, or a page for each five
//! seconds once it has reached the end. In between it reads the first 64 urgent jobs, and every five seconds, or where nothing may
//! start, the last page of each lane, for what has become due. So the keys that are read for a job do not grow with those that
//! wait.
//!
//! About once an hour a tick also reads what is due far from now, and looks for times that a wrong clock has left.
//!
//! An attempt remembers the records that it has read or swapped, and reads one again only if somebody has changed it, or
//! if an answer would otherwise rest on its memory. It hears of a cancel by one read of the slot before each batch of
//! writes, and by about one a second while the run reads.
//!
//! Jobs that an earlier version stored are listed with the leases and schedules. A worker finds them there, reads each
//! once, and lists it in its own lane. A worker of an earlier version finds no job that a later one has listed, so
//! upgrade all workers together.
//!
//! # The files
//!
//! Each file imports only from the rows above its own:
//!
//! | file | holds |
//! |---|---|
//! | `error` `handler` `keys` `lane` `settings` | what can go wrong; what a host gives; where each record is kept, and where it is listed |
//! | `record` | how a record is read and changed |
//! | `chain` | how several are changed by one chain of swaps |
//! | `queue` | commands to slots |
//! | `admission` `clock_skew` `connections` `history` `notified_state` `receive` `status` `stored_tombstones` `with_tombstones` | the other records, one idea each |
//! | `context` `job_records` | what a tick is given; the records of a job |
//! | `lookahead` | those of the jobs that come next |
//! | `due_queue` | in which order what is due is tried |
//! | `claim` | the permit, the ticket and the claim |
//! | `ending` | the end of an attempt, and what follows from it |
//! | `attempt` `memory` `tick` | a run with its heartbeats, where a lease is renewed; what a worker remembers; what it returns |
//! | `active_tick` | one tick |
//! | `worker` | the worker |

mod active_tick;
mod admission;
mod attempt;
mod chain;
mod claim;
mod clock_skew;
mod connections;
mod context;
mod due_queue;
mod ending;
mod error;
mod handler;
mod history;
mod job_records;
mod keys;
mod lane;
mod lookahead;
mod memory;
mod notified_state;
mod queue;
#[cfg(feature = "webhook")]
mod receive;
mod record;
mod settings;
mod status;
mod stored_tombstones;
mod tick;
mod with_tombstones;
mod worker;

pub use ending::Attempted;
pub use error::{ConnectError, WorkError};
pub use handler::{Clock, Handler, Job, Session};
pub use keys::{slot_key, sync_key};
pub use queue::{Applied, Queue};
pub use settings::Settings;
pub use tick::Tick;
pub use with_tombstones::WithTombstones;
pub use worker::Worker;
