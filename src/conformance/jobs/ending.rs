//! The end of a job over a store that fails: a worker ends its job once, wherever one call fails.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use super::Fixture;
use super::fails_once::FailsOnce;
use super::probe::{Probe, always};
use crate::id::{CommandId, ConnectorId, Incarnation, OrgId, RunId, SyncKey, WorkerId};
use crate::memory::{Listing, MemoryStore};
use crate::queue::{Command, Ended, Scope, Slot, State, Token, Trigger};
use crate::run::{Done, Run};
use crate::schema::{Field, Kind, Policy, Schema};
use crate::source::{Connector, Cursor, Page};
use crate::work::{Handler, Job, Queue, Session, Settings, Worker};

/// How often a worker looks for its job: a store may list it late.
const TICKS: usize = 300;
/// More calls than a job needs.
const MOST_CALLS: usize = 1000;

/// Seconds since the epoch, which pass when the case says so.
#[derive(Debug, Clone, Default)]
struct Watch(Arc<AtomicI64>);

impl Watch {
    fn wait(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    fn time(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(self.0.load(Ordering::Relaxed))
    }
}

/// One record, which takes so long to read that the worker must extend its lease before it writes.
struct Slow {
    listing: Listing,
    watch: Watch,
}

impl Connector for Slow {
    type Error = Infallible;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, Infallible> {
        self.watch.wait(60);
        self.listing.fetch(after).await
    }
}

/// One organisation, and its records.
struct Host {
    schema: Schema,
    store: Arc<MemoryStore>,
    watch: Watch,
}

impl Host {
    fn new(watch: &Watch) -> Self {
        let schema = Schema::builder().field(Field::new("name", Kind::Text)).build().expect("one field is a schema");
        Self { store: Arc::new(MemoryStore::new(schema.clone())), schema, watch: watch.clone() }
    }
}

impl Handler for Host {
    type Connector = Slow;
    type Store = Arc<MemoryStore>;
    type Error = Infallible;

    async fn open(&self, job: &Job) -> Result<Session<Slow, Arc<MemoryStore>>, Infallible> {
        let run = RunId::new(format!("run-{}", job.token.0)).expect("a number is short, and plain");
        let step = Run::new(Policy::new(self.schema.clone()), run, self.watch.time()).start();
        let fields = BTreeMap::from([("name", "A")]);
        let listing = Listing::of(&self.schema, [("7", fields)]).expect("the schema has the field");
        Ok(Session::new(step, Slow { listing, watch: self.watch.clone() }, Arc::clone(&self.store)))
    }

    async fn close(&self, _: &Job, _: &Arc<MemoryStore>, _: &Done) -> Result<(), Infallible> {
        Ok(())
    }
}

/// The state of a job when nothing is left to do.
#[derive(Debug, PartialEq)]
struct Stand {
    slot: Option<Slot>,
    /// Which attempts the history has, in their order.
    tokens: Vec<Token>,
    completed: usize,
}

impl Stand {
    fn of<F: Fixture>(probe: &Probe<'_, F>, key: &SyncKey) -> Self {
        let queue = Queue::new(probe.store());
        let slot = probe.reads_job(probe.block_on(queue.slot(key)));
        let entries = probe.reads_job(probe.block_on(queue.history(key, always(), None, 1000)));
        let completed = entries.iter().filter(|entry| matches!(entry.attempt.ended, Ended::Completed { .. })).count();
        Self { slot, tokens: entries.iter().map(|entry| entry.attempt.token).collect(), completed }
    }

    /// Whether it ended once: nothing is left to do, each attempt stands in the history once, and one of them did it.
    fn is_ended_once(&self) -> bool {
        let Some(slot) = &self.slot else { return false };
        let idle = slot.state == State::Idle && slot.covered == slot.wanted && slot.unflushed.is_empty();
        let mut tokens = self.tokens.clone();
        tokens.sort();
        idle && self.completed == 1 && tokens.into_iter().eq((1..=slot.token.0).map(Token))
    }
}

/// Runs a job over a store that fails at one call. Returns whether there was such a call.
fn job<F: Fixture>(probe: &Probe<'_, F>, at: usize, effect: bool, together: bool) -> bool {
    let name = format!("{at}-{}-{}", if effect { "after" } else { "before" }, if together { "many" } else { "one" });
    // Each has a source of its own, so that no gate is between them.
    let key = SyncKey {
        org: OrgId::new(name.clone()).expect("a number is an id"),
        connector: ConnectorId::new(name).expect("a number is an id"),
    };
    let failing = FailsOnce::new(probe.store(), at);
    let failing = if together { failing.together() } else { failing };
    let queue = Queue::new(if effect { failing.with_effect() } else { failing });
    let watch = Watch::default();
    let (host, clock) = (Host::new(&watch), || watch.time());
    let delivery = CommandId::new("delivery").expect("a word is an id");
    let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    // The caller repeats the request until it is acknowledged.
    let _ = probe.persist(|| probe.block_on(queue.apply(&key, Some(&delivery), trigger.clone(), watch.time())).ok());
    let incarnation = Incarnation::new((u128::MAX / 3 - at as u128).to_be_bytes()).expect("no half of it is zero");
    let id = WorkerId::new("worker").expect("a word is an id");
    let mut worker = Worker::new(id, incarnation, Settings::default());
    for _ in 0..TICKS {
        let _ = probe.block_on(worker.tick(&queue, &host, &clock));
        watch.wait(60);
        if Stand::of(probe, &key).is_ended_once() {
            break;
        }
    }
    // A last tick finds nothing to do.
    let _ = probe.block_on(worker.tick(&queue, &host, &clock));
    let stand = Stand::of(probe, &key);
    let call = format!("call {at} failed {} it took effect", if effect { "after" } else { "before" });
    probe.holds(stand.is_ended_once(), || format!("{call}, and the job stands at {stand:?}"));
    probe.holds(host.store.records().len() == 1, || format!("{call}, and nothing was written"));
    queue.store().calls() > at
}

cases! { $ __conformance_jobs_ending in ending:
    /// Bring a job to its end once, also where a call fails before or after it took effect.
    fn one_end(probe) {
        for (effect, together) in [(false, false), (true, false), (false, true), (true, true)] {
            let calls = (0..MOST_CALLS).take_while(|at| job(probe, *at, effect, together)).count();
            probe.holds(calls > 8 && calls < MOST_CALLS, || format!("{calls} calls for a job"));
        }
    }
}
