//! A night on which nothing happened: the run's own work, the index and the fingerprints, against hashing the records.
//!
//! Pages are made before they are handed in, and what a host would spend on them is not counted: only the run's steps
//! are timed. The floor hashes the records of the same pages, made in the same way just before.

use std::time::Duration;

use allocation_counter::measure;
use tripartite::id::{ExternalId, RunId};
use tripartite::run::{Run, RunOutcome, Step};
use tripartite::source::{Cursor, Item, Next, Page, RemoteRecord};
use tripartite::store::{IndexEntry, IndexPage, Revision, Synced};
use xxhash_rust::xxh3::xxh3_128;

use super::crowd::Crowd;
use crate::effort::Effort;
use crate::people::{Person, SEED, Versions, id};
use crate::rounds::{Times, timed};
use crate::row::{Measured, Row, Target};

const TABLE: &str = "A run over unchanged records, the core alone";

/// Records on a page, of the index and of the listing.
const PAGE: usize = 1000;

/// In which order the source lists its records; the index is in ascending order.
#[derive(Clone, Copy)]
enum Order {
    Same,
    Shuffled,
}

impl Order {
    /// The person in a place of the listing. A prime that is no factor of the number of people visits each once.
    fn person(self, place: usize, people: usize) -> usize {
        match self {
            Self::Same => place,
            Self::Shuffled => (place * 7_368_787) % people,
        }
    }
}

pub(crate) fn rows(effort: &Effort) -> Result<Vec<Row>, String> {
    let crowd = Crowd::of(effort.people());
    let texts = Texts::of(effort.people());
    let (mut flat, mut cold) = <(Times, Times)>::default();
    let mut nights = [Order::Same, Order::Shuffled].map(|order| (order, Times::default(), Times::default()));
    for _ in 0..effort.rounds {
        flat.start();
        flat.add(crowd.triples.len(), timed(|| texts.hash()));
        cold.start();
        cold.add(crowd.triples.len(), timed(|| fingerprints(&crowd)));
        for (order, floor, times) in &mut nights {
            floor.start();
            floor.add(crowd.triples.len(), hashed(&crowd, *order));
            times.start();
            times.add(crowd.triples.len(), night(&crowd, *order, |work| timed(work))?);
        }
    }
    let row = |name: &str, times: &Times, against, target| Row {
        table: TABLE,
        name: name.to_owned(),
        measured: times.measured(),
        against,
        target,
    };
    let mut rows = vec![
        row("hashing their texts, one behind the other", &flat, None, None),
        row("hashing the same records where they lie in memory", &cold, None, None),
    ];
    for ((_, floor, times), target) in nights.iter().zip([Some(Target::AtMost(3.0)), None]) {
        let order = if target.is_some() { "in the order of the index" } else { "in another order" };
        rows.push(row(&format!("hashing the records of the pages, {order}: the floor"), floor, None, None));
        rows.push(row(&format!("a run, listed {order}"), times, Some(times.against("the floor", floor)), target));
    }
    for (name, order) in [("the same order", Order::Same), ("another order", Order::Shuffled)] {
        let mut outcome = Ok(Duration::ZERO);
        // Where allocations are to be counted, no time is taken.
        let counted = |work: &mut dyn FnMut()| {
            work();
            Duration::ZERO
        };
        let peak = measure(|| outcome = night(&crowd, order, counted)).bytes_max;
        outcome?;
        rows.push(Row {
            table: TABLE,
            name: format!("peak of what a run holds, {name}, a record"),
            measured: Measured::Bytes(peak as f64 / crowd.triples.len() as f64),
            against: None,
            target: Some(Target::AtMost(64.0)),
        });
    }
    Ok(rows)
}

/// The records' texts, one record after the other: the same bytes, without anything around them.
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    fn of(people: u64) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for number in 0..people {
            let base: Person = Versions::of(SEED, number).base;
            base.texts().iter().for_each(|text| bytes.extend_from_slice(text.as_bytes()));
            ends.push(bytes.len());
        }
        Self { bytes, ends }
    }

    fn hash(&self) {
        let mut start = 0;
        for &end in &self.ends {
            std::hint::black_box(xxh3_128(&self.bytes[start..end]));
            start = end;
        }
    }
}

fn fingerprints(crowd: &Crowd) {
    for [base, ..] in &crowd.triples {
        std::hint::black_box(base.fingerprint());
    }
}

/// How long it takes to hash the records of a listing's pages.
fn hashed(crowd: &Crowd, order: Order) -> Duration {
    let pages = (0..crowd.triples.len()).step_by(PAGE).map(|from| listed_page(crowd, from, order));
    let hash = |page: &Page| {
        for item in &page.items {
            if let Item::Record(remote) = item {
                std::hint::black_box(remote.fingerprint());
            }
        }
    };
    pages.map(|page| timed(|| hash(&page))).sum()
}

/// Carries a run through its steps by `timed`, and says how long those took.
fn night(crowd: &Crowd, order: Order, timed: impl Fn(&mut dyn FnMut()) -> Duration) -> Result<Duration, String> {
    let run = RunId::new("night").map_err(|error| error.to_string())?;
    let mut step = Run::new(crowd.policy.clone(), run, chrono::DateTime::UNIX_EPOCH).start();
    let mut took = Duration::ZERO;
    loop {
        step = match step {
            Step::Indexing(indexing) => {
                let page = index_page(crowd, at(indexing.request()));
                resumed(&mut took, &timed, || indexing.resume(page))
            }
            Step::Fetching(fetching) => {
                let page = listed_page(crowd, at(fetching.request()), order);
                resumed(&mut took, &timed, || fetching.resume(page))
            }
            Step::Done(done) if done.report.outcome == RunOutcome::Succeeded => {
                let unchanged = done.report.counts.unchanged as usize == crowd.triples.len();
                return if unchanged { Ok(took) } else { Err("a record changed that did not".to_owned()) };
            }
            other => return Err(format!("nothing was to be done, and the run came to {other:?}")),
        };
    }
}

fn resumed(took: &mut Duration, timed: impl Fn(&mut dyn FnMut()) -> Duration, resume: impl FnOnce() -> Step) -> Step {
    let (mut resume, mut step) = (Some(resume), None);
    *took += timed(&mut || step = resume.take().map(|resume| resume()));
    step.expect("what is timed is carried out, once")
}

fn at(cursor: Option<&Cursor>) -> usize {
    cursor.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0)
}

fn cursor(at: usize, people: usize) -> Option<Cursor> {
    (at < people).then(|| Cursor(at.to_string()))
}

fn external(number: usize) -> ExternalId {
    ExternalId::new(id(number as u64)).expect("a short text is an id")
}

fn index_page(crowd: &Crowd, from: usize) -> IndexPage {
    let people = crowd.triples.len();
    let entry = |number: usize| {
        IndexEntry::new(external(number), Revision(1)).synced(Synced::new(
            Revision(1),
            crowd.triples[number][0].fingerprint(),
            crowd.policy.fingerprint(),
        ))
    };
    let to = people.min(from + PAGE);
    IndexPage::new((from..to).map(entry).collect(), cursor(to, people))
}

fn listed_page(crowd: &Crowd, from: usize, order: Order) -> Page {
    let people = crowd.triples.len();
    let item = |place| {
        let number = order.person(place, people);
        let record = crowd.triples[number][0].clone();
        Item::Record(RemoteRecord::new(external(number), record))
    };
    let to = people.min(from + PAGE);
    let next = cursor(to, people).map_or(Next::Complete { total: None }, Next::More);
    Page::new((from..to).map(item).collect(), next)
}
