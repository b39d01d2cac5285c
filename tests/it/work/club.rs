//! A club with a clock that stands where it is put, and a source that does what it is told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde_json::json;
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite::id::{CommandId, ConnectorId, OrgId, PolicyRef, RunId, SyncKey, WorkerId};
use tripartite::memory::{Listing, MemoryJobStore, MemoryStore};
use tripartite::queue::{Command, Outcome, Scope, Trigger};
use tripartite::run::{Done, Report, Run};
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::source::{Connector, Cursor, Next, Page};
use tripartite::work::{Attempted, Clock, Handler, Job, Queue, Session, Settings, Tick, Worker};

use crate::queue_support::incarnation;

pub(super) fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

fn whole(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::seconds(1)).unwrap()
}

pub(super) fn key(text: &str) -> SyncKey {
    let (org, connector) = text.split_once('/').unwrap();
    SyncKey { org: OrgId::new(org).unwrap(), connector: ConnectorId::new(connector).unwrap() }
}

/// The time, as the test sets it; each look at it takes a nanosecond.
#[derive(Clone)]
pub(super) struct Watch(Arc<Mutex<DateTime<Utc>>>);

impl Watch {
    pub(super) fn wait(&self, span: TimeDelta) {
        *self.0.lock().unwrap() += span;
    }

    pub(super) fn set(&self, at: DateTime<Utc>) {
        *self.0.lock().unwrap() = at;
    }
}

impl Clock for Watch {
    fn time(&self) -> DateTime<Utc> {
        let mut now = self.0.lock().unwrap();
        *now += TimeDelta::nanoseconds(1);
        *now
    }
}

#[derive(Debug, Clone, thiserror::Error)]
#[error("the source says no")]
pub(super) struct No(pub(super) Failure);

impl Classify for No {
    fn failure(&self) -> Failure {
        self.0
    }
}

type Answer = dyn Fn(&Job) -> Result<(), No> + Send + Sync;

/// One member, after whatever the test wants to happen first.
pub(super) struct Source {
    job: Job,
    answer: Arc<Answer>,
    listing: Listing,
    breaks_off: bool,
}

impl Connector for Source {
    type Error = No;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, No> {
        (self.answer)(&self.job)?;
        let Ok(mut page) = self.listing.fetch(after).await;
        if self.breaks_off {
            page.next = Next::BrokenOff { problem: "the connection ended".into() };
        }
        Ok(page)
    }
}

/// All that a test needs, for any number of workers.
pub(super) struct Club {
    schema: Schema,
    pub(super) queue: Queue<MemoryJobStore>,
    pub(super) watch: Watch,
    stores: Mutex<BTreeMap<SyncKey, Arc<MemoryStore>>>,
    answer: Mutex<Arc<Answer>>,
    /// Whom the source lists.
    pub(super) members: Mutex<Vec<&'static str>>,
    /// What it states of each of them besides.
    pub(super) also: Mutex<Vec<&'static str>>,
    pub(super) opened: Mutex<Vec<Job>>,
    pub(super) closed: Mutex<Vec<(Job, Report)>>,
    /// How many ops a batch has.
    pub(super) batch: AtomicUsize,
    /// Whether the source's listings end before they are whole.
    pub(super) breaks_off: AtomicBool,
    /// Whether its process was asked to end.
    pub(super) leaving: Arc<AtomicBool>,
}

impl Handler for Club {
    type Connector = Source;
    type Store = Arc<MemoryStore>;
    type Error = No;

    async fn open(&self, job: &Job) -> Result<Session<Source, Arc<MemoryStore>>, No> {
        self.opened.lock().unwrap().push(job.clone());
        let run = RunId::new(format!("{}-{}", job.key, job.token.0)).unwrap();
        let step = Run::new(Policy::new(self.schema.clone()), run, self.watch.time());
        let step = step.batch(self.batch.load(Ordering::Relaxed));
        let step = match &job.scope {
            Scope::All => step.start(),
            Scope::Only(ids) => step.only(ids.iter().cloned()).start(),
        };
        let listing = self.listing();
        let breaks_off = self.breaks_off.load(Ordering::Relaxed);
        let connector = Source { job: job.clone(), answer: self.answer.lock().unwrap().clone(), listing, breaks_off };
        Ok(Session::new(step, connector, self.store(&job.key)))
    }

    async fn close(&self, job: &Job, _: &Arc<MemoryStore>, done: &Done) -> Result<(), No> {
        self.closed.lock().unwrap().push((job.clone(), done.report.clone()));
        Ok(())
    }

    fn is_shutting_down(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }
}

impl Club {
    pub(super) fn new() -> Self {
        Self {
            schema: Schema::builder().field(Field::new("name", Kind::Name)).build().unwrap(),
            queue: Queue::new(MemoryJobStore::default()),
            watch: Watch(Arc::new(Mutex::new("2026-11-24T02:15:00Z".parse().unwrap()))),
            stores: Mutex::default(),
            answer: Mutex::new(Arc::new(|_| Ok(()))),
            members: Mutex::new(vec!["7"]),
            also: Mutex::default(),
            opened: Mutex::default(),
            closed: Mutex::default(),
            batch: AtomicUsize::new(tripartite::run::BATCH),
            breaks_off: AtomicBool::new(false),
            leaving: Arc::default(),
        }
    }

    /// What the source does from now on, before it gives its page.
    pub(super) fn source(&self, answer: impl Fn(&Job) -> Result<(), No> + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Arc::new(answer);
    }

    fn listing(&self) -> Listing {
        let members = self.members.lock().unwrap();
        let mut fields = json!({"name": "Áine"});
        self.also.lock().unwrap().iter().for_each(|field| fields[field] = json!(1));
        Listing::of(&self.schema, members.iter().map(|id| (*id, fields.clone()))).unwrap()
    }

    /// The time, in whole seconds.
    pub(super) fn now(&self) -> DateTime<Utc> {
        whole(self.watch.time())
    }

    pub(super) fn store(&self, key: &SyncKey) -> Arc<MemoryStore> {
        let store = || Arc::new(MemoryStore::new(self.schema.clone()));
        self.stores.lock().unwrap().entry(key.clone()).or_insert_with(store).clone()
    }

    pub(super) fn apply(&self, name: &str, command: Command) -> Outcome {
        block_on(self.queue.apply(&key(name), None, command, self.now())).unwrap().outcome
    }

    /// Asks for a run, whatever that comes to.
    pub(super) fn ask(&self, name: &str) {
        self.give(name, trigger(None));
    }

    /// Gives a command that takes effect.
    pub(super) fn give(&self, name: &str, command: Command) {
        let outcome = self.apply(name, command);
        assert!(!matches!(outcome, Outcome::Refused(_) | Outcome::Fenced), "{outcome:?}");
    }

    pub(super) fn apply_once(&self, name: &str, id: &str, command: Command) -> Outcome {
        let id = CommandId::new(id).unwrap();
        block_on(self.queue.apply(&key(name), Some(&id), command, self.now())).unwrap().outcome
    }

    pub(super) fn trigger(&self, name: &str) -> Outcome {
        self.apply(name, trigger(None))
    }

    /// A tick, with what is next in whole seconds.
    pub(super) fn tick(&self, worker: &mut Worker) -> Tick {
        let mut tick = worker.tick_blocking(&self.queue, self, &self.watch).unwrap();
        tick.next = tick.next.map(whole);
        tick
    }

    pub(super) fn attempt(&self, worker: &mut Worker) -> Option<Attempted> {
        self.tick(worker).attempt
    }

    /// How the attempts of a key ended, as its history has it.
    pub(super) fn history(&self, name: &str) -> Vec<(u64, String)> {
        let all = DateTime::<Utc>::MIN_UTC..DateTime::<Utc>::MAX_UTC;
        let entries = block_on(self.queue.history(&key(name), all, None, 1000)).unwrap();
        let ended = |json: serde_json::Value| match json {
            serde_json::Value::String(name) => name,
            other => other.as_object().unwrap().keys().next().unwrap().clone(),
        };
        let told = entries.into_iter().map(|entry| entry.attempt);
        told.map(|attempt| (attempt.token.0, ended(serde_json::to_value(&attempt.ended).unwrap()))).collect()
    }
}

pub(super) fn trigger(policy: Option<&str>) -> Command {
    let policy = policy.map(|policy| PolicyRef::new(policy).unwrap());
    Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy, force: false }
}

/// A worker without a minute between two starts.
pub(super) fn worker(name: &str) -> Worker {
    let mut settings = Settings::default();
    settings.gate.spacing = std::time::Duration::ZERO;
    // As in life, no two are the same, whatever they are called.
    static BORN: AtomicU64 = AtomicU64::new(1);
    let incarnation = incarnation(BORN.fetch_add(1, Ordering::Relaxed));
    Worker::new(WorkerId::new(name).unwrap(), incarnation, settings)
}
