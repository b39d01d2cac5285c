//! The workload in the crate's own representation.

use std::ops::Range;

use tripartite::detect::Sides;
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::value::{Record, RecordBuilder};

use crate::people::{FIELDS, Person, SEED, Versions};

/// How many people are gone through before the next contender has its turn: three versions of so many fit into no cache.
pub(crate) const SEGMENT: u64 = 50_000;

/// Base, local and remote.
pub(crate) type Triple = [Record; 3];

/// So many people.
pub(crate) struct Crowd {
    pub(crate) policy: Policy,
    pub(crate) triples: Vec<Triple>,
}

impl Crowd {
    pub(crate) fn of(people: u64) -> Self {
        let triples = (0..people).map(|number| Versions::of(SEED, number).all().map(record)).collect();
        Self { policy: Policy::new(schema()), triples }
    }

    pub(crate) fn schema(&self) -> &Schema {
        self.policy.schema()
    }
}

/// The segments of so many people.
pub(crate) fn segments(people: u64) -> Vec<Range<usize>> {
    let starts = (0..people).step_by(SEGMENT as usize);
    starts.map(|start| start as usize..people.min(start + SEGMENT) as usize).collect()
}

pub(crate) fn sides([base, local, remote]: &Triple) -> Sides<'_> {
    Sides { base, local, remote }
}

pub(crate) fn schema() -> Schema {
    let region = "IE".parse().expect("Ireland has phones");
    let kinds = [Kind::Name, Kind::Name, Kind::DATE, Kind::Email, Kind::Phone { region }, Kind::Address];
    let fields = FIELDS.into_iter().zip(kinds).map(|(name, kind)| Field::new(name, kind));
    fields.fold(Schema::builder(), |schema, field| schema.field(field)).build().expect("six names, six kinds")
}

pub(crate) fn record(person: &Person) -> Record {
    let mut row = RecordBuilder::new(FIELDS.len());
    for (position, text) in person.texts().into_iter().enumerate() {
        row.set_text(position, text).expect("a short text at its own position");
    }
    row.finish()
}
