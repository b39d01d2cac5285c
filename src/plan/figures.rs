//! Figures: what a plan comes to, counted for the guards.

use std::collections::{BTreeMap, BTreeSet};

use super::dropped::{Dropped, dropped, marked};
use crate::audit::Situation;
use crate::id::ExternalId;
use crate::schema::{Field, Kind, Schema};
use crate::source::RemoteRecord;
use crate::store::{Action, Op};
use crate::value::{Fingerprint, Record};

/// How many records a count names.
const NAMED: usize = 5;

/// A number of records, and the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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

/// So many records, of which none is named.
impl From<u64> for Tally {
    fn from(count: u64) -> Self {
        Self { count, first: Vec::new() }
    }
}

/// What a plan comes to in one field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldFigures {
    /// The field.
    pub field: String,
    /// Whether it holds a name of somebody or something, which seldom changes.
    pub name: bool,
    /// In which records it would be written; of whoever may be [somebody else](Situation::Replaced) by now, who they are.
    pub changed: Tally,
    /// Of which records the source says nothing in it any more, where it used to say something: whether or not that
    /// clears the field here. A list or an object that holds nothing says nothing, in every kind. What a person has
    /// approved counts no more, until the source says something there again.
    pub emptied: Tally,
    /// The same of each place inside an object that still says something, by its JSON Pointer (RFC 6901).
    pub emptied_inside: BTreeMap<String, Tally>,
}

impl FieldFigures {
    fn has_any(&self) -> bool {
        self.changed.count + self.emptied.count > 0 || !self.emptied_inside.is_empty()
    }
}

/// The figures of a plan that the guards judge, each a number of records.
///
/// ```
/// use tripartite::plan::{Figures, Guards};
/// let figures = Figures {
///     population: 320,
///     listed: 320,
///     deactivations: 0.into(),
///     ..Figures::default()
/// };
/// assert!(Guards::default().judge(&figures).is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// How many linked records were active before.
    pub population: u64,
    /// How many records the listing has.
    pub listed: u64,
    /// Which would be deactivated.
    pub deactivations: Tally,
    /// Which would be created.
    pub creations: Tally,
    /// Which would be linked to a record here that had no external id.
    pub links: Tally,
    /// Of which a field would be written.
    pub updates: Tally,
    /// Which were set aside; of those whose id cannot be read the number only. What only waits for a person to say that it
    /// was found rightly is none of them.
    pub quarantined: Tally,
    /// Which say that they are somebody whom another record gives up being in the same run, by all their names and dates:
    /// ids that were mixed up. Whom somebody here has entered as such already is left out.
    pub takeovers: Tally,
    /// Field by field, those in which something happens.
    pub fields: Vec<FieldFigures>,
}

/// What the guards must know of a run's records that its ops do not say, noted while it plans.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    /// By a field's position, what the source says nothing in any more.
    emptied: Vec<Emptied>,
    /// Which records are somebody else from now on.
    renamed: Vec<Renamed>,
    /// What the bases say on that the source has stopped to say.
    pub(crate) dropped: Dropped,
}

/// Of which records the source says nothing any more in a field, and in each place inside it.
#[derive(Debug, Clone, Default)]
struct Emptied {
    whole: Tally,
    inside: BTreeMap<String, Tally>,
}

/// A record whose source says that it is somebody else.
#[derive(Debug)]
struct Renamed {
    id: ExternalId,
    from: Fingerprint,
    to: Fingerprint,
}

impl Noted {
    /// Notes a record that is not as it was.
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
        let identity = |record| identity(schema, record);
        if let (Some(from), Some(to)) = (identity(base), identity(&remote.record))
            && from != to
            && identity(local) != Some(to)
        {
            self.renamed.push(Renamed { id: remote.id.clone(), from, to });
        }
    }

    /// Which records take over an identity that another one gives up.
    fn takeovers(&self) -> Tally {
        let given_up: BTreeSet<_> = self.renamed.iter().map(|renamed| renamed.from).collect();
        let mut tally = Tally::default();
        for renamed in self.renamed.iter().filter(|renamed| given_up.contains(&renamed.to)) {
            tally.add(&renamed.id);
        }
        tally
    }
}

/// Who somebody is: all fields of identity of a record; nobody, while fewer than two of them are known.
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

    /// Of a run of some records, in a register of so many active ones.
    pub(crate) fn within(self, active: u64) -> Self {
        let population = self.population.max(active);
        // What was set aside is measured by the listing, and here that is what was asked for.
        Self { population, listed: self.listed.max(population), ..self }
    }

    /// What is held for a person to decide is no less a change of who somebody is: of a listing that mixes up everybody,
    /// nobody is to be asked about each.
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
