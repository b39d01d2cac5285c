//! Figures: the counts of a plan that the guards judge.

use std::collections::{BTreeMap, BTreeSet};

use super::dropped::{Dropped, dropped, marked};
use crate::audit::Situation;
use crate::id::ExternalId;
use crate::schema::{Field, Kind, Schema};
use crate::setters::setters;
use crate::source::RemoteRecord;
use crate::store::{Action, Op};
use crate::value::{Fingerprint, Record};

/// How many records a count names.
const NAMED: usize = 5;

/// A number of records, and the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// The first five, by their ids.
    pub first: Vec<ExternalId>,
}

impl Tally {
    /// One of which the id may not be known.
    pub(super) fn add_aside(&mut self, id: Option<&ExternalId>) {
        match id {
            Some(id) => self.add(id),
            None => self.count += 1,
        }
    }

    pub(super) fn add(&mut self, id: &ExternalId) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(id.clone());
        }
    }
}

/// A count of records without their ids.
impl From<u64> for Tally {
    fn from(count: u64) -> Self {
        Self { count, first: Vec::new() }
    }
}

/// The counts of one field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct FieldFigures {
    /// The field.
    pub field: String,
    /// Whether it holds a name of a person or thing, which rarely changes.
    pub name: bool,
    /// The records in which it would be written. An identity field also counts the records that may be [another
    /// person](Situation::Replaced) by now.
    pub changed: Tally,
    /// The records in which the source used to state a value and no longer does, whether or not that clears the field
    /// here. An empty list or object counts as no value, in every kind. A record that a person has approved no longer
    /// counts, until the source states a value there again.
    pub emptied: Tally,
    /// The same for each place inside an object that is not empty itself, by its JSON Pointer (RFC 6901).
    pub emptied_inside: BTreeMap<String, Tally>,
}

impl FieldFigures {
    /// The counts of a field in which nothing would happen. [`Guards::field`](super::Guards::field) has an example.
    pub fn new(field: impl Into<String>) -> Self {
        Self { field: field.into(), ..Self::default() }
    }

    setters! {
        name: bool,
        changed: impl Into<Tally>,
        emptied: impl Into<Tally>,
        emptied_inside: BTreeMap<String, Tally>,
    }

    fn has_any(&self) -> bool {
        self.changed.count + self.emptied.count > 0 || !self.emptied_inside.is_empty()
    }
}

/// The figures of a plan that the guards judge, each a number of records.
///
/// ```
/// use tripartite::plan::{Figures, Guards};
/// let figures = Figures::new(320, 320);
/// assert!(Guards::default().judge(&figures).is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Figures {
    /// How many linked records were active before.
    pub population: u64,
    /// How many records the listing has.
    pub listed: u64,
    /// The records that would be deactivated.
    pub deactivations: Tally,
    /// The records that would be created.
    pub creations: Tally,
    /// The records that would be linked to a record here that had no external id.
    pub links: Tally,
    /// The records with a field that would be written.
    pub updates: Tally,
    /// The records that were set aside. One without a readable id is counted and not named. Records that only wait for
    /// a person to confirm a match do not count.
    pub quarantined: Tally,
    /// The records that take over the identity which another record gives up in the same run, by all names and dates:
    /// their ids may be mixed up. A record does not count if a user has already entered that identity here.
    pub takeovers: Tally,
    /// The figures of each field in which something happens.
    pub fields: Vec<FieldFigures>,
}

/// What the guards need to know about records and the ops do not state. It is noted during planning.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    /// The emptied fields, by their positions.
    emptied: Vec<Emptied>,
    /// The records whose identity changes.
    renamed: Vec<Renamed>,
    /// The values that the bases keep and the source no longer states.
    pub(crate) dropped: Dropped,
}

/// The records in which the source emptied a field, and each place inside it.
#[derive(Debug, Clone, Default)]
struct Emptied {
    whole: Tally,
    inside: BTreeMap<String, Tally>,
}

/// A record whose identity changes at the source.
#[derive(Debug)]
struct Renamed {
    id: ExternalId,
    from: Fingerprint,
    to: Fingerprint,
}

impl Noted {
    /// Notes a changed record.
    pub(crate) fn add(&mut self, schema: &Schema, remote: &RemoteRecord, base: &Record, local: &Record) {
        let marked = marked(schema, base);
        let mut dropped = dropped(schema, base, &remote.record);
        dropped.retain(|place| !marked.contains(place));
        self.emptied.resize_with(self.emptied.len().max(base.len()), Emptied::default);
        for (position, path) in &dropped {
            let Some(emptied) = self.emptied.get_mut(*position) else { continue };
            match path.is_empty() {
                true => emptied.whole.add(&remote.id),
                false => emptied.inside.entry(path.clone()).or_default().add(&remote.id),
            }
        }
        if !dropped.is_empty() {
            self.dropped.add(&remote.id, base, dropped);
        }
        // Most changes leave the identity alone, and reading it is dear.
        if schema.identity().all(|position| base.field(position) == remote.record.field(position)) {
            return;
        }
        let identity = |record| identity(schema, record);
        if let (Some(from), Some(to)) = (identity(base), identity(&remote.record))
            && from != to
            && identity(local) != Some(to)
        {
            self.renamed.push(Renamed { id: remote.id.clone(), from, to });
        }
    }

    /// The records that take over an identity that another one gives up.
    fn takeovers(&self) -> Tally {
        let given_up: BTreeSet<_> = self.renamed.iter().map(|renamed| renamed.from).collect();
        let mut tally = Tally::default();
        for renamed in self.renamed.iter().filter(|renamed| given_up.contains(&renamed.to)) {
            tally.add(&renamed.id);
        }
        tally
    }
}

/// The fingerprint of all identity fields of a record; `None` if fewer than two of them are known.
fn identity(schema: &Schema, record: &Record) -> Option<Fingerprint> {
    let mut known = Vec::new();
    for position in schema.identity() {
        let raw = record.field(position);
        if !schema.says_nothing(position, raw) {
            known.push((position, schema.canonical(position, raw).ok()?));
        }
    }
    let bytes = serde_json::to_vec(&known).ok().filter(|_| known.len() > 1)?;
    Some(Fingerprint::of(&bytes))
}

impl Figures {
    /// The figures of a night of this many linked records and this long a listing, on which nothing would happen.
    ///
    /// ```
    /// use tripartite::plan::{Figures, Guards};
    /// let empty = Figures::new(320, 0).deactivations(320);
    /// assert!(!Guards::default().judge(&empty).is_empty()); // an empty listing is asked about
    /// ```
    pub fn new(population: u64, listed: u64) -> Self {
        Self { population, listed, ..Self::default() }
    }

    setters! {
        deactivations: impl Into<Tally>,
        creations: impl Into<Tally>,
        links: impl Into<Tally>,
        updates: impl Into<Tally>,
        quarantined: impl Into<Tally>,
        takeovers: impl Into<Tally>,
        fields: Vec<FieldFigures>,
    }

    /// The figures of ops.
    pub(crate) fn of(schema: &Schema, ops: impl IntoIterator<Item = Op>, noted: &Noted) -> Self {
        let field = |(position, field): (usize, &Field)| {
            let Emptied { whole, inside } = noted.emptied.get(position).cloned().unwrap_or_default();
            FieldFigures {
                field: field.name().to_owned(),
                name: matches!(field.kind(), Kind::Name),
                changed: Tally::default(),
                emptied: whole,
                emptied_inside: inside,
            }
        };
        let fields = schema.fields().iter().enumerate().map(field).collect();
        let mut figures = Self { fields, takeovers: noted.takeovers(), ..Self::default() };
        for op in ops {
            if op.links() {
                figures.links.add(&op.id);
            }
            if op.situation == Situation::Replaced {
                figures.would_be_somebody_else(schema, &op.id);
            }
            match &op.action {
                Action::Create(_) => figures.creations.add(&op.id),
                Action::Deactivate => figures.deactivations.add(&op.id),
                Action::Update(patch) | Action::Reactivate(patch) => {
                    figures.updates.add(&op.id);
                    figures.written(&op.id, patch);
                }
                Action::Touch => {}
            }
        }
        figures.fields.retain(FieldFigures::has_any);
        figures
    }

    /// The figures of a run of some records, in a register with `active` active records.
    pub(crate) fn within(self, active: u64) -> Self {
        let population = self.population.max(active);
        // The guard compares quarantined records with the listing. Here the listing is only what was asked for, so the
        // register counts instead.
        Self { population, listed: self.listed.max(population), ..self }
    }

    /// Counts a changed identity although it only waits for a person: if a listing mixes up all records, a guard must
    /// stop it instead of asking about each.
    fn would_be_somebody_else(&mut self, schema: &Schema, id: &ExternalId) {
        for position in schema.identity() {
            self.fields[position].changed.add(id);
        }
    }

    fn written(&mut self, id: &ExternalId, patch: &Record) {
        for (figures, field) in self.fields.iter_mut().zip(patch.fields()) {
            if !field.is_missing() {
                figures.changed.add(id);
            }
        }
    }
}
