//! Figures: what a plan comes to, counted for the guards.

use crate::exchange::{Action, Op};
use crate::id::ExternalId;
use crate::normalize::text::is_blank;
use crate::schema::{Field, Kind, Schema};
use crate::value::{FieldRef, Record};

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
    /// In which records it would be written.
    pub changed: Tally,
    /// Of which records the source says nothing in it any more, where it used to say something: whether or not that
    /// clears the field here.
    pub emptied: Tally,
}

/// The figures of a plan that the guards judge, each a number of records.
///
/// ```
/// use tripartite::plan::{Figures, Guards};
/// let figures = Figures { population: 320, listed: 320, deactivations: 0.into(), ..Figures::default() };
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
    /// Of which a field would be written.
    pub updates: Tally,
    /// Which were set aside; of those whose id cannot be read the number only.
    pub quarantined: Tally,
    /// Field by field, those in which something happens.
    pub fields: Vec<FieldFigures>,
}

/// Of which records the source says nothing in a field any more, by the field's position: counted while a run plans, since
/// an op does not say what its base was.
#[derive(Debug, Default)]
pub(crate) struct Emptied(Vec<Tally>);

impl Emptied {
    pub(crate) fn add(&mut self, id: &ExternalId, base: &Record, remote: &Record) {
        self.0.resize_with(self.0.len().max(base.len()), Tally::default);
        for (position, tally) in self.0.iter_mut().enumerate().take(base.len()) {
            if is_empty(remote.field(position)) && !is_empty(base.field(position)) {
                tally.add(id);
            }
        }
    }
}

impl Figures {
    /// The figures of ops.
    pub(crate) fn of<'a>(schema: &Schema, ops: impl IntoIterator<Item = &'a Op>, emptied: &Emptied) -> Self {
        let field = |(position, field): (usize, &Field)| FieldFigures {
            field: field.name().to_owned(),
            name: matches!(field.kind(), Kind::Name),
            emptied: emptied.0.get(position).cloned().unwrap_or_default(),
            changed: Tally::default(),
        };
        let fields = schema.fields().iter().enumerate().map(field).collect();
        let mut figures = Self { fields, ..Self::default() };
        for op in ops {
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
        figures.fields.retain(|field| field.changed.count + field.emptied.count > 0);
        figures
    }

    fn written(&mut self, id: &ExternalId, patch: &Record) {
        for (figures, field) in self.fields.iter_mut().zip(patch.fields()) {
            if !field.is_missing() {
                figures.changed.add(id);
            }
        }
    }
}

/// Whether a field says nothing.
fn is_empty(field: FieldRef<'_>) -> bool {
    field.is_missing() || field.is_null() || field.text().is_some_and(is_blank)
}
