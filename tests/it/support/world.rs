//! A small world: a store that counts and breaks, and nights to run in it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard};

use serde_json::{Value as Json, json};
use tripartite::audit::AuditEntry;
use tripartite::drive::{DriveError, block_on, drive_blocking};
use tripartite::failure::{Classify, Failure};
use tripartite::id::ExternalId;
use tripartite::memory::{Kept, Listing, MemoryStore};
use tripartite::run::{Done, Run, Step};
use tripartite::schema::{Policy, Schema};
use tripartite::source::{Connector, Cursor};
use tripartite::store::{Batch, IndexPage, LoadRequest, OpOutcome, Presence, RecordStore, Records, Revision};

use super::{at, ext, run_id};

/// What a store was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Index,
    Load(usize),
    Commit(usize),
}

/// When a store breaks: before it did what it was asked, or after, when only its answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Break {
    Before(usize),
    After(usize),
    Never,
}

#[derive(Debug, thiserror::Error)]
#[error("the store broke")]
pub(crate) struct Broken;

impl Classify for Broken {
    fn failure(&self) -> Failure {
        Failure::Retry { after: None }
    }
}

/// A store that remembers what it was asked, and breaks at one call.
pub(crate) struct Watched<'a> {
    store: &'a MemoryStore,
    calls: Mutex<Vec<Call>>,
    breaks: Break,
}

impl<'a> Watched<'a> {
    pub(crate) fn new(store: &'a MemoryStore, breaks: Break) -> Self {
        Self { store, calls: Mutex::default(), breaks }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.log().clone()
    }

    fn log(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap()
    }

    async fn watch<T>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, Infallible>> + Send,
    ) -> Result<T, Broken> {
        let number = {
            let mut log = self.log();
            log.push(call);
            log.len() - 1
        };
        if self.breaks == Break::Before(number) {
            return Err(Broken);
        }
        let Ok(done) = work.await;
        if self.breaks == Break::After(number) { Err(Broken) } else { Ok(done) }
    }
}

impl RecordStore for Watched<'_> {
    type Error = Broken;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, Broken> {
        self.watch(Call::Index, self.store.index(after)).await
    }

    async fn load(&self, wanted: &LoadRequest) -> Result<Records, Broken> {
        self.watch(Call::Load(wanted.ids.len()), self.store.load(wanted)).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, Broken> {
        self.watch(Call::Commit(batch.ops.len()), self.store.commit(batch)).await
    }
}

pub(crate) fn run(policy: &Policy, name: &str) -> Run {
    Run::new(policy.clone(), run_id(name), at())
}

/// One night, undisturbed.
pub(crate) fn night(policy: &Policy, store: &MemoryStore, listing: &Listing) -> Done {
    drive_blocking(run(policy, "night").start(), listing, store).unwrap()
}

/// One night in which the store breaks, perhaps.
pub(crate) fn broken_night(
    run: Run,
    store: &Watched<'_>,
    listing: &Listing,
) -> Result<Done, DriveError<Infallible, Broken>> {
    drive_blocking(run.start(), listing, store)
}

/// Reads what a step asks for; any other step is as it was.
pub(crate) fn looked(step: Step, listing: &Listing, store: &MemoryStore) -> Step {
    match step {
        Step::Indexing(s) => {
            let Ok(page) = block_on(store.index(s.request()));
            s.resume(page)
        }
        Step::Fetching(s) => {
            let Ok(page) = block_on(listing.fetch(s.request()));
            s.resume(page)
        }
        Step::Loading(s) => {
            let Ok(loaded) = block_on(store.load(s.request()));
            s.resume(loaded)
        }
        other => other,
    }
}

/// Takes the steps by hand, up to the end or a guard; `before` is called with each step before it is carried out.
pub(crate) fn by_hand(mut step: Step, listing: &Listing, store: &MemoryStore, mut before: impl FnMut(&Step)) -> Step {
    loop {
        before(&step);
        step = match step {
            Step::Committing(s) => {
                let Ok(outcomes) = block_on(store.commit(s.request()));
                s.resume(outcomes)
            }
            end @ (Step::Stopped(_) | Step::Done(_)) => return end,
            other => looked(other, listing, store),
        };
    }
}

/// What a run has done that is over, or that a guard has stopped.
pub(crate) fn finish(step: Step) -> Done {
    match step {
        Step::Done(done) => done,
        Step::Stopped(stopped) => stopped.finish(),
        _ => panic!("the run is not over"),
    }
}

pub(crate) fn listing(schema: &Schema, records: &[(&str, Json)]) -> Listing {
    Listing::of(schema, records.iter().map(|(id, json)| (*id, json))).unwrap()
}

/// What a host's users see of a record, and the base and open conflicts behind it; without revisions, which count
/// writes and not states.
pub(crate) fn state(schema: &Schema, store: &MemoryStore) -> BTreeMap<String, Json> {
    store.records().into_iter().map(|(id, kept)| (id.to_string(), look(schema, &kept))).collect()
}

fn look(schema: &Schema, kept: &Kept) -> Json {
    let named = |record| serde_json::to_value(schema.named(record)).unwrap();
    // A field that was never stated and one that is null are both empty here.
    let mut local = named(&kept.local);
    local.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    json!({
        "local": local,
        "base": kept.base.as_ref().map(|base| named(&base.record)),
        "presence": kept.presence,
        "open": kept.open,
    })
}

/// The audit without its runs, as sorted texts.
pub(crate) fn audit(store: &MemoryStore) -> Vec<String> {
    let text = |(_, id, entry): (_, ExternalId, AuditEntry)| format!("{id} {}", serde_json::to_string(&entry).unwrap());
    let mut lines: Vec<String> = store.audit().into_iter().map(text).collect();
    lines.sort();
    lines
}

/// Another store in the same state, to the revision.
pub(crate) fn copy(schema: &Schema, store: &MemoryStore) -> MemoryStore {
    let copy = MemoryStore::new(schema.clone());
    for (id, mut kept) in store.records() {
        copy.insert(id.clone(), kept.local.clone());
        kept.revision = Revision(kept.revision.0 - 1); // a change makes it larger by one
        copy.change(&id, |it| *it = kept).unwrap();
    }
    copy
}

pub(crate) fn local(schema: &Schema, store: &MemoryStore, id: &str) -> Json {
    serde_json::to_value(schema.named(&store.get(&ext(id)).unwrap().local)).unwrap()
}

pub(crate) fn presence(store: &MemoryStore, id: &str) -> Presence {
    store.get(&ext(id)).unwrap().presence
}
