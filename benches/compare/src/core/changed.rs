//! Nights on which everything is written: every record changed in two fields, or is new. What such a plan holds.
//!
//! The host's side is made page by page, and gone when the page is done: what is counted is what the run keeps.

use allocation_counter::measure;
use tripartite::id::{ExternalId, LocalId, RunId};
use tripartite::run::{Done, Run, RunOutcome, Step};
use tripartite::schema::Policy;
use tripartite::source::{Cursor, Item, Next, Page, RemoteRecord};
use tripartite::store::{
    Base, Batch, IndexEntry, IndexPage, LoadRequest, Loaded, OpOutcome, Records, Revision, Synced,
};
use tripartite::value::Record;

use super::crowd;
use crate::effort::Effort;
use crate::people::{Person, SEED, Versions, id};
use crate::row::{Measured, Row, Target};

const TABLE: &str = "A night on which everything changes, the core alone";

/// Records on a page, of the index and of the listing.
const PAGE: u64 = 1000;

/// What a plan may hold of a record beyond its values.
const MOST: f64 = 250.0;

/// What happens in a night.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Night {
    /// Everybody has a new e-mail address and a new telephone number.
    Changed,
    /// Nobody was here before.
    New,
}

/// A register and its source.
struct World {
    policy: Policy,
    people: u64,
    night: Night,
}

pub(crate) fn rows(effort: &Effort) -> Result<Vec<Row>, String> {
    let nights = [
        (Night::Changed, false, "written"),
        (Night::Changed, true, "only planned (a dry run)"),
        (Night::New, true, "a first import, only planned (a dry run)"),
    ];
    let rows = nights.map(|(night, dry, name)| {
        let world = World { policy: Policy::new(crowd::schema()), people: effort.people(), night };
        let mut done = Err(String::new());
        let peak = measure(|| done = world.run(dry)).bytes_max as f64 / world.people as f64;
        done?;
        let values = world.values() as f64 / world.people as f64;
        let row = |what: &str, bytes, target: Option<f64>| Row {
            table: TABLE,
            name: format!("{name}: {what}"),
            measured: Measured::Bytes(bytes),
            against: None,
            target: target.map(Target::AtMost),
        };
        let beyond = row("peak a record, beyond its values", peak - values, Some(MOST));
        Ok([row("peak of what a run holds, a record", peak, None), beyond])
    });
    let rows: Vec<[Row; 2]> = rows.into_iter().collect::<Result<_, String>>()?;
    Ok(rows.into_iter().flatten().collect())
}

impl World {
    fn base(&self, number: u64) -> Person {
        Versions::of(SEED, number).base
    }

    fn remote(&self, number: u64) -> Person {
        let base = self.base(number);
        match self.night {
            Night::Changed => base.moved(),
            Night::New => base,
        }
    }

    /// The bytes of all texts that a plan is about: what the source has, and what it overwrites.
    fn values(&self) -> usize {
        let of = |number| {
            let (base, remote) = (self.base(number), self.remote(number));
            let both = base.texts().into_iter().zip(remote.texts());
            both.map(|(base, remote)| remote.len() + if base == remote { 0 } else { base.len() }).sum::<usize>()
        };
        (0..self.people).map(of).sum()
    }

    fn run(&self, dry: bool) -> Result<Done, String> {
        let run = RunId::new("night").map_err(|error| error.to_string())?;
        let run = Run::new(self.policy.clone(), run, chrono::DateTime::UNIX_EPOCH);
        let mut step = if dry { run.dry() } else { run }.start();
        loop {
            step = match step {
                Step::Indexing(step) => {
                    let page = self.index(at(step.request()));
                    step.resume(page)
                }
                Step::Fetching(step) => {
                    let page = self.listing(at(step.request()));
                    step.resume(page)
                }
                Step::Loading(step) => {
                    let records = self.load(step.request());
                    step.resume(records)
                }
                Step::Committing(step) => {
                    let outcomes = commit(step.request());
                    step.resume(outcomes)
                }
                Step::Done(done) if done.report.outcome == RunOutcome::Succeeded => {
                    let counts = done.report.counts;
                    let all = counts.updated + counts.created == self.people;
                    return if all { Ok(done) } else { Err(format!("not everything was written: {counts:?}")) };
                }
                other => return Err(format!("everything was to be written, and the run came to {other:?}")),
            };
        }
    }

    fn synced(&self, base: &Record) -> Synced {
        Synced::new(Revision(1), base.fingerprint(), self.policy.fingerprint())
    }

    fn index(&self, from: u64) -> IndexPage {
        let people = if self.night == Night::New { 0 } else { self.people };
        let entry = |number| {
            IndexEntry::new(external(number), Revision(1)).synced(self.synced(&crowd::record(&self.base(number))))
        };
        let to = people.min(from + PAGE);
        IndexPage::new((from..to).map(entry).collect(), cursor(to, people))
    }

    fn listing(&self, from: u64) -> Page {
        let item = |number| {
            let record = crowd::record(&self.remote(number));
            Item::Record(RemoteRecord::new(external(number), record))
        };
        let to = self.people.min(from + PAGE);
        let next = cursor(to, self.people).map_or(Next::Complete { total: None }, Next::More);
        Page::new((from..to).map(item).collect(), next)
    }

    fn load(&self, wanted: &LoadRequest) -> Records {
        if self.night == Night::New {
            return Records::default();
        }
        let loaded = |external: &ExternalId| {
            let number = external.as_str().trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(0);
            let base = crowd::record(&self.base(number));
            Loaded::new(external.clone(), Revision(1), base.clone())
                .synced(self.synced(&base))
                .base(Base::new(base, self.policy.schema().fingerprint()))
        };
        wanted.ids.iter().map(loaded).collect::<Vec<_>>().into()
    }
}

fn commit(batch: &Batch) -> Vec<OpOutcome> {
    let local = LocalId::new("1").expect("a short text is an id");
    batch.ops.iter().map(|_| OpOutcome::Applied { local: local.clone() }).collect()
}

fn external(number: u64) -> ExternalId {
    ExternalId::new(id(number)).expect("a short text is an id")
}

fn at(cursor: Option<&Cursor>) -> u64 {
    cursor.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0)
}

fn cursor(at: u64, people: u64) -> Option<Cursor> {
    (at < people).then(|| Cursor(at.to_string()))
}
