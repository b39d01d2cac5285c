//! Doubles: a run created a record for a person who was here already. A person links the right one.

use super::{DecideError, known_base, link, touch};
use crate::audit::{AuditEntry, RecordEntry, RecordReason, Situation};
use crate::id::{LocalId, PersonId};
use crate::schema::Policy;
use crate::setters::setters;
use crate::store::{Action, ConflictChange, LEFT, Loaded, Op, Presence, Revision, given_up_by};
use crate::value::FieldRef;

/// A record that a run created, and of which a person says that it is another one here.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Double<'a> {
    /// The record, under the id that it is to give up.
    pub loaded: &'a Loaded,
    /// What the host calls it.
    pub local: &'a LocalId,
    /// Whether the person knows that it may have been edited, and that what was entered stays with it.
    pub edited_too: bool,
}

impl<'a> Double<'a> {
    /// A record that a run created, and what the host calls the other one. The person knows nothing of edits.
    pub fn new(loaded: &'a Loaded, local: &'a LocalId) -> Self {
        Self { loaded, local, edited_too: false }
    }

    setters! {
        edited_too: bool,
    }
}

/// Links a record here to one of the source for which a run created a double. The double gives the id up and is marked
/// inactive; it keeps its values, its base and its history, and stays active if a person takes it back. The next run
/// merges the two that are linked, as after [`link`](super::link()): the double's base is nothing that they ever agreed on.
///
/// Both ops belong into one batch, the first one first, and best into one transaction. Where only the first is carried
/// out, the id is nobody's, and [`link`](super::link()) comes after it.
///
/// # Errors
/// [`DecideError::Edited`], where somebody edited the double and that was not [expected](Double::edited_too);
/// [`DecideError::LongId`].
///
/// ```
/// use tripartite::decide::{Double, link_double};
/// use tripartite::store::Action;
/// # use tripartite::store::{Base, Loaded, Presence, Revision, Synced};
/// # use tripartite::id::{ExternalId, LocalId, PersonId};
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
/// # let base = Base::new(schema.missing(), schema.fingerprint());
/// # let id = ExternalId::new("FED-1")?;
/// # let loaded = Loaded::new(id.clone(), Revision(1), schema.missing()).base(base);
/// # let policy = Policy::new(schema);
/// // A run created record 40 for FED-1, whom Nuala knows as record 17.
/// let (known, created) = (LocalId::new("17")?, LocalId::new("40")?);
/// let double = Double::new(&loaded, &created);
/// let [gives_up, links] =
///     link_double(&policy, double, &known, Revision(3), &PersonId::new("Nuala")?)?;
/// assert_eq!((gives_up.action, gives_up.rekeyed.as_ref()), (Action::Deactivate, Some(&id)));
/// assert_eq!((links.id, links.base), (id, None)); // the next run merges the two
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn link_double(
    policy: &Policy,
    double: Double<'_>,
    local: &LocalId,
    revision: Revision,
    by: &PersonId,
) -> Result<[Op; 2], DecideError> {
    if let (false, Some(fields)) = (double.edited_too, edited(policy, double.loaded)) {
        return Err(DecideError::Edited { fields });
    }
    Ok([gives_up(double, local, by)?, link(&double.loaded.id, local, revision, by)])
}

/// Whether somebody edited it, and which fields of the schema. A host may keep more of a record than the schema has: the
/// revision tells of an edit there, unless a run was since.
fn edited(policy: &Policy, loaded: &Loaded) -> Option<Vec<String>> {
    // The user who removed it has decided about its edits.
    if loaded.presence == Presence::Removed {
        return None;
    }
    let schema = policy.schema();
    let base = known_base(schema, loaded);
    let same = |at: usize| {
        let (field, [known, here]) = (&schema.fields()[at], [base.field(at), loaded.local.field(at)]);
        let empty = |side: FieldRef<'_>| side.is_missing() || schema.is_null(field, side);
        (empty(known) && empty(here)) || schema.same_value(field, &known.to_value(), &here.to_value())
    };
    let named = schema.fields().iter().enumerate().filter(|&(at, _)| !same(at));
    let fields: Vec<String> = named.map(|(_, field)| field.name().to_owned()).collect();
    let touched = loaded.synced.is_some_and(|synced| synced.revision != loaded.revision);
    (!fields.is_empty() || touched && loaded.presence == Presence::Active).then_some(fields)
}

fn gives_up(double: Double<'_>, local: &LocalId, by: &PersonId) -> Result<Op, DecideError> {
    let Double { loaded, local: called, .. } = double;
    let id = given_up_by(&loaded.id, loaded.revision, called).ok_or(DecideError::LongId)?;
    let mut op = Op { id, rekeyed: Some(loaded.id.clone()), situation: Situation::Missing, ..touch(loaded) };
    if loaded.presence == Presence::Active {
        // If a user makes it active again, it stays active: no source lists its new id.
        (op.action, op.missed) = (Action::Deactivate, LEFT);
    }
    let closed = loaded.open.iter().map(|open| ConflictChange::Close { unit: open.unit.clone() });
    op.conflicts.extend(closed);
    let (double, local, id) = (called.clone(), local.clone(), loaded.id.clone());
    let why = RecordReason::Double { double, local, id }.said();
    let action = op.action.name().to_owned();
    op.entries.push(AuditEntry::Record(RecordEntry { situation: op.situation, action, why, by: Some(by.clone()) }));
    Ok(op)
}
