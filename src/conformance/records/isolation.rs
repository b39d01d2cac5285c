//! What holds for all methods: organisations are isolated, later calls see a commit, and a broken run is made up for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::near::rules;
use super::probe::Probe;
use super::seen::{Fields, Seen, text_of};
use super::world::{at, create, deactivate, full, id, noted, reactivate, record, run, touch, update};
use super::{Fixture, schema};
use crate::drive::{DriveError, drive};
use crate::failure::{Classify, Failure};
use crate::id::ExternalId;
use crate::memory::Listing;
use crate::plan::{Guards, Limit};
use crate::run::Run;
use crate::schema::{Fallback, Policy, Strategy};
use crate::source::{Cursor, Item, RemoteRecord};
use crate::store::{Batch, IndexPage, LoadRequest, OpOutcome, Presence, RecordStore, Records};

/// When a call fails: before it took effect, or after, so that only its answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    Before(usize),
    After(usize),
    Never,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
enum Broken<E: std::error::Error> {
    #[error("the suite broke the connection")]
    ByTheSuite,
    #[error(transparent)]
    Store(E),
}

impl<E: std::error::Error + Classify> Classify for Broken<E> {
    fn failure(&self) -> Failure {
        match self {
            Self::ByTheSuite => Failure::Retry { after: None },
            Self::Store(error) => error.failure(),
        }
    }
}

/// A store whose connection breaks at one call.
struct Breaking<'s, S> {
    store: &'s S,
    calls: AtomicUsize,
    breaks: Break,
}

impl<S: RecordStore + Sync> Breaking<'_, S> {
    async fn call<T>(&self, work: impl Future<Output = Result<T, S::Error>> + Send) -> Result<T, Broken<S::Error>> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        if self.breaks == Break::Before(number) {
            return Err(Broken::ByTheSuite);
        }
        let done = work.await.map_err(Broken::Store)?;
        if self.breaks == Break::After(number) { Err(Broken::ByTheSuite) } else { Ok(done) }
    }
}

impl<S: RecordStore + Sync> RecordStore for Breaking<'_, S> {
    type Error = Broken<S::Error>;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, Self::Error> {
        self.call(self.store.index(after)).await
    }

    async fn load(&self, wanted: &LoadRequest) -> Result<Records, Self::Error> {
        self.call(self.store.load(wanted)).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, Self::Error> {
        self.call(self.store.commit(batch)).await
    }
}

/// A run of a listing; how many calls it took, or `None` when it broke off.
#[track_caller]
fn night<F: Fixture>(probe: &Probe<'_, F>, listing: &Listing, breaks: Break) -> Option<usize> {
    let merge = Strategy::Merge { fallback: Fallback::Review };
    let policy = match Policy::new(probe.schema.clone()).strategy(merge) {
        Ok(policy) => policy,
        Err(error) => panic!("the suite's policy: {error}"),
    };
    let store = Breaking { store: probe.fixture.store(), calls: AtomicUsize::new(0), breaks };
    // The suite's register is small, and most of it moves in a night.
    let guards = Guards::default().deactivations(Limit::NONE).names(Limit::NONE);
    let guards = guards.emptied(Limit::NONE).quarantined(Limit::NONE);
    let run = match Run::new(policy, run("night"), at()).guards(guards).batch(2).matching(rules()) {
        Ok(run) => run,
        Err(error) => panic!("the suite's rules: {error}"),
    };
    match probe.fixture.block_on(drive(run.start(), listing, &store)) {
        Ok(_) => Some(store.calls.into_inner()),
        Err(DriveError::Store { error: Broken::ByTheSuite, .. }) => None,
        Err(error) => probe.broken(&format!("a run failed: {error}")),
    }
}

fn listing<const N: usize>(records: [(&str, crate::value::Record); N]) -> Listing {
    let item = |(name, record)| Item::Record(RemoteRecord::new(id(name), record));
    Listing::new(records.into_iter().map(item).collect()).pages_of(3)
}

/// A host's records, in step but for what users did since: an edit of their own, one that collides with the source,
/// one that agrees with it, two records of their own, one of them without an id, and one that they deleted.
#[track_caller]
fn evening<F: Fixture>(probe: &Probe<'_, F>) {
    let all = ["edited", "collides", "agrees", "left", "stays", "deleted", "changes", "back"];
    let first = all.map(|name| (name, full(1)));
    night(probe, &listing(first.clone()), Break::Never);
    let without = |gone: &str| first.iter().filter(|(name, _)| *name != gone).cloned().collect::<Vec<_>>();
    let item = |(name, record): (&str, _)| Item::Record(RemoteRecord::new(id(name), record));
    night(probe, &Listing::new(without("back").into_iter().map(item).collect()), Break::Never);
    probe.edit(&id("edited"), &noted("a user's"));
    probe.edit(&id("collides"), &noted("a user's"));
    probe.edit(&id("agrees"), &noted("the source's"));
    probe.delete(&id("deleted"));
    probe.fixture.enter(Some(&id("by hand")), &noted("a user's"));
    probe.fixture.enter(None, &full(9));
}

/// The listing of the next run.
fn morning() -> Listing {
    let moved = record(&json!({"note": "the source's", "extras": {"shoe": 2}, "tags": ["player"]}));
    listing([
        ("edited", full(1)),
        ("collides", moved.clone()),
        ("agrees", moved.clone()),
        ("stays", full(1)),
        ("deleted", moved.clone()),
        ("changes", moved.clone()),
        ("back", full(1)),
        ("new", full(3)),
        ("found", patched(9, "the source's")),
        ("by hand", moved),
    ])
}

/// A record with another note.
fn patched(number: usize, note: &str) -> crate::value::Record {
    let mut fields = serde_json::to_value(schema().named(&full(number))).unwrap_or_default();
    fields["note"] = json!(note);
    record(&fields)
}

/// The state of a record without revisions, which count writes and not states.
type Becomes = (Presence, Fields, Option<Fields>, bool, Vec<String>);

#[track_caller]
fn state<F: Fixture>(probe: &Probe<'_, F>) -> (BTreeMap<ExternalId, Becomes>, Vec<String>) {
    let (_, seen, _) = probe.all();
    let becomes = |seen: Seen| {
        let in_step = seen.synced.is_some_and(|synced| synced.revision == seen.revision);
        (seen.presence, seen.local, seen.base.map(|base| base.fields), in_step, seen.open)
    };
    let mut audit: Vec<_> = probe.fixture.audit().iter().map(|(_, of, entry)| text_of(&(of, entry))).collect();
    audit.sort();
    (seen.into_iter().map(|(id, seen)| (id, becomes(seen))).collect(), audit)
}

promises! { $ __conformance_records_isolation in records::isolation:
    /// Show to every later call what a commit stored.
    fn shown_from_then_on(probe) {
        let one = id("1");
        for number in 1..20 {
            let (created, at) = match probe.find(&one) {
                Some(seen) => (false, seen.revision),
                None => (true, crate::store::Revision(0)),
            };
            let op = if created { create(&one, &full(number)) } else { update(&one, at, &full(number)) };
            probe.applied(op);
            let (listed, seen) = (probe.listed(&one), probe.see(&one));
            probe.equal("the fields", &seen.local, &super::seen::of_local(&probe.schema, &full(number)));
            probe.equal("the index's revision", &listed.revision, &seen.revision);
            probe.equal("when it was in step", &listed.synced, &seen.synced);
        }
    }

    /// Keep what was answered, over a crash of the process.
    fn kept_over_a_crash(probe) {
        let [one, two] = ["1", "2"].map(id);
        let probe = probe.anew();
        let at = probe.create(&one, &full(1)).revision;
        probe.fixture.enter(Some(&two), &full(2));
        probe.applied(update(&one, at, &full(3)));
        let before = probe.all();
        let probe = probe.reopened();
        let after = probe.all();
        probe.equal("the records", &after.1, &before.1);
        probe.equal("the index", &after.0, &before.0);
        probe.equal("the audit", &after.2, &before.2);
        probe.applied(touch(&one, probe.revision(&one)));
    }

    /// Let the next run make up for one that broke off at any call, whether that call took effect or not.
    fn broken_run_is_made_up_for(probe) {
        evening(probe);
        let calls = night(probe, &morning(), Break::Never).unwrap_or_default();
        night(probe, &morning(), Break::Never);
        let promised = state(probe);
        for breaks in (0..calls).flat_map(|call| [Break::Before(call), Break::After(call)]) {
            let anew = probe.anew();
            evening(&anew);
            probe.equal("whether the run broke off", &night(&anew, &morning(), breaks), &None);
            let anew = anew.reopened();
            night(&anew, &morning(), Break::Never);
            let (records, audit) = state(&anew);
            for (id, seen) in &records {
                let promised = promised.0.get(id);
                probe.equal(&format!("{id}, when it broke off {breaks:?}"), &Some(seen), &promised);
            }
            probe.equal("how many records there are", &records.len(), &promised.0.len());
            probe.equal(&format!("the audit, when it broke off {breaks:?}"), &audit, &promised.1);
        }
    }

    /// Keep the records of other organisations as they are, in the same backend too.
    fn organisations_apart(probe) {
        let (one, hand) = (id("1"), id("by hand"));
        let other = probe.with(probe.fixture.neighbour());
        let at = probe.create(&one, &full(1)).revision;
        probe.fixture.enter(Some(&hand), &full(2));
        probe.equal("what the other lists", &other.index(), &BTreeMap::new());
        probe.equal("what the other loads", &other.load(&[one.clone(), hand.clone()]).len(), &0);
        probe.equal("the other's audit", &other.fixture.audit().len(), &0);
        other.stale(update(&one, at, &full(3)));
        let theirs = other.create(&one, &full(4));
        other.fixture.enter(Some(&hand), &full(5));
        let kept = other.all();
        // The same ids, and everything that can happen to them.
        probe.edit(&one, &noted("edited"));
        probe.applied(update(&one, probe.revision(&one), &full(6)));
        probe.applied(deactivate(&one, probe.revision(&one)));
        probe.applied(reactivate(&one, probe.revision(&one), &full(7)));
        probe.deactivate(&hand);
        probe.delete(&one);
        probe.equal("the other's records", &other.all(), &kept);
        other.applied(touch(&one, theirs.revision));
        probe.equal("one's own", &probe.see(&one).presence, &Presence::Removed);
    }
}
