//! Everything that compares three versions of a person.

use std::hint::black_box;
use std::ops::Range;

use tripartite::detect::detect;
use tripartite::id::ExternalId;
use tripartite::plan::plan_linked;
use tripartite::resolve::resolve;
use tripartite::source::RemoteRecord;
use tripartite::store::{Base, Loaded, Revision, Synced};

use super::crowd::{Crowd, Triple, sides};
use super::naive::{self, Happened, Phones};
use super::peers::{self, Jsons, Persons};
use crate::people::{Person, SEED, Versions, id};

/// One of those that are compared.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    work: Work,
    /// It has its turn on one segment of so many a round.
    pub(crate) one_in: usize,
}

/// What a contender does, and what it works on.
enum Work {
    Records(fn(&Crowd, &[Triple]) -> usize),
    Loaded(fn(&Crowd, &[(RemoteRecord, Loaded)]) -> usize),
    Persons(fn(&[Persons]) -> usize),
    Jsons(fn(&[Jsons]) -> usize),
}

pub(crate) const FIELDS: &str = "raw fields, equality twice: the floor";
pub(crate) const DETECT: &str = "detect";
pub(crate) const ROWS: &str = "raw rows, equality twice";
pub(crate) const STRUCTS: &str = "structs of strings, equality twice";
pub(crate) const JSON: &str = "serde_json, equality twice";
pub(crate) const SERDE_DIFF: &str = "serde-diff twice";
pub(crate) const PATCH: &str = "json-patch, diff twice";
pub(crate) const TREEDIFF: &str = "treediff, diff twice";
pub(crate) const PLAN: &str = "fingerprint, detect, resolve and plan";
pub(crate) const NAIVE: &str = "the naive way: normalise all, compare";
pub(crate) const FASTER: &str = "the naive way, phones by the faster parser";

#[rustfmt::skip]
pub(crate) const CONTENDERS: [Contender; 12] = [
    Contender { name: FIELDS, work: Work::Records(raw_fields), one_in: 1 },
    Contender { name: ROWS, work: Work::Records(raw_rows), one_in: 1 },
    Contender { name: DETECT, work: Work::Records(detected), one_in: 1 },
    Contender { name: "detect and resolve", work: Work::Records(resolved), one_in: 1 },
    Contender { name: PLAN, work: Work::Loaded(planned), one_in: 1 },
    Contender { name: STRUCTS, work: Work::Persons(peers::struct_equality), one_in: 1 },
    Contender { name: SERDE_DIFF, work: Work::Persons(peers::serde_diff), one_in: 1 },
    Contender { name: JSON, work: Work::Jsons(peers::json_equality), one_in: 1 },
    Contender { name: TREEDIFF, work: Work::Jsons(peers::treediff), one_in: 1 },
    Contender { name: PATCH, work: Work::Jsons(peers::json_patch), one_in: 1 },
    Contender { name: FASTER, work: Work::Records(naively_but_faster), one_in: 10 },
    Contender { name: NAIVE, work: Work::Records(naively), one_in: 10 },
];

/// A segment of the workload in the representations that are made for its turn only.
pub(crate) struct Made {
    loaded: Vec<(RemoteRecord, Loaded)>,
    persons: Vec<Persons>,
    jsons: Vec<Jsons>,
}

impl Made {
    pub(crate) fn of(segment: &Range<usize>, crowd: &Crowd) -> Self {
        let numbers = || segment.clone().map(|number| number as u64);
        let versions = || numbers().map(|number| Versions::of(SEED, number));
        let json = |person: &Person| serde_json::to_value(person).expect("six texts are an object");
        let triples = &crowd.triples[segment.clone()];
        Self {
            loaded: numbers().zip(triples).map(|(number, triple)| loaded(crowd, number, triple)).collect(),
            persons: versions().map(|versions| versions.all().map(Clone::clone)).collect(),
            jsons: versions().map(|versions| versions.all().map(json)).collect(),
        }
    }
}

/// A person as a store would have loaded them.
fn loaded(crowd: &Crowd, number: u64, [base, local, remote]: &Triple) -> (RemoteRecord, Loaded) {
    let id = ExternalId::new(id(number)).expect("a short text is an id");
    let seen = base.fingerprint();
    let revision = Revision(if local == base { 1 } else { 2 });
    let loaded = Loaded::new(id.clone(), revision, local.clone())
        .base(Base::new(base.clone(), crowd.schema().fingerprint()))
        .synced(Synced::new(Revision(1), seen, crowd.policy.fingerprint()));
    (RemoteRecord::new(id, remote.clone()), loaded)
}

impl Contender {
    /// Goes over a segment: over `records`, or over what was made of another one for those that work on something else.
    /// Says how many people that were.
    pub(crate) fn turn(&self, crowd: &Crowd, records: &[Triple], made: &Made) -> usize {
        black_box(match self.work {
            Work::Records(work) => work(crowd, black_box(records)),
            Work::Loaded(work) => work(crowd, black_box(&made.loaded)),
            Work::Persons(work) => work(black_box(&made.persons)),
            Work::Jsons(work) => work(black_box(&made.jsons)),
        });
        if matches!(self.work, Work::Records(_)) { records.len() } else { made.loaded.len() }
    }
}

pub(super) fn raw_fields(_: &Crowd, people: &[Triple]) -> usize {
    let equal = |[base, local, remote]: &&Triple| {
        (0..6).all(|at| base.field(at) == local.field(at) && base.field(at) == remote.field(at))
    };
    people.iter().filter(equal).count()
}

pub(super) fn raw_rows(_: &Crowd, people: &[Triple]) -> usize {
    people.iter().filter(|[base, local, remote]| base == local && base == remote).count()
}

pub(super) fn detected(crowd: &Crowd, people: &[Triple]) -> usize {
    people.iter().map(|triple| detect(crowd.schema(), sides(triple)).changes().len()).sum()
}

fn resolved(crowd: &Crowd, people: &[Triple]) -> usize {
    let resolutions = |triple| resolve(&crowd.policy, &detect(crowd.schema(), sides(triple)), None).resolutions.len();
    people.iter().map(resolutions).sum()
}

fn planned(crowd: &Crowd, people: &[(RemoteRecord, Loaded)]) -> usize {
    people.iter().filter_map(|(remote, loaded)| plan_linked(&crowd.policy, remote, loaded)).count()
}

fn naively(_: &Crowd, people: &[Triple]) -> usize {
    people.iter().map(|triple| changes(triple, naive::common)).sum()
}

fn naively_but_faster(_: &Crowd, people: &[Triple]) -> usize {
    people.iter().map(|triple| changes(triple, naive::faster)).sum()
}

fn changes(triple: &Triple, phones: Phones) -> usize {
    naive::happened(triple, phones).into_iter().filter(|happened| *happened != Happened::Nothing).count()
}
