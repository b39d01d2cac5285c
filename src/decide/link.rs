//! Links by a person: a record here is, or is not, one of the source's.

use super::{known_base, touch};
use crate::audit::{AuditEntry, RecordEntry, RecordReason, Situation};
use crate::id::{ExternalId, LocalId, PersonId};
use crate::plan::plan_missing;
use crate::schema::Policy;
use crate::store::{Action, Loaded, Op, Precondition, Revision};

/// Links a record here, which has no external id, to one of the source. The next run merges the two, as any that are
/// linked and were never in step.
///
/// ```
/// use tripartite::decide::link;
/// use tripartite::id::{ExternalId, LocalId, PersonId};
/// use tripartite::store::{Precondition, Revision};
/// let (id, local) = (ExternalId::new("FED-1")?, LocalId::new("17")?);
/// let op = link(&id, &local, Revision(3), &PersonId::new("Nuala")?);
/// // nobody was faster, and it is as she saw it
/// assert_eq!(op.expect, Precondition::Free { local, revision: Revision(3) });
/// assert!(op.base.is_none() && op.seen.is_none()); // no field was decided on yet
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
pub fn link(id: &ExternalId, local: &LocalId, revision: Revision, by: &PersonId) -> Op {
    let why = RecordReason::Linked { local: local.clone() };
    Op {
        id: id.clone(),
        rekeyed: None,
        situation: Situation::Found,
        action: Action::Touch,
        expect: Precondition::Free { local: local.clone(), revision },
        made_from: None,
        base: None,
        version: None,
        remote: None,
        seen: None,
        missed: 0,
        conflicts: Vec::new(),
        entries: vec![said("link", &why, by)],
    }
}

/// Gives a linked record another external id: a person says that it is the one that the source [calls so
/// now](crate::audit::Situation::Renamed). Link and base move, as where the source says it itself; the next run merges.
/// The version of the base was the old id's, and nothing that the source says of the new one is older than that.
///
/// ```
/// use tripartite::decide::rename;
/// # use tripartite::store::{Loaded, Presence, Revision};
/// # use tripartite::id::{ExternalId, PersonId};
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
/// # let loaded = Loaded::new(ExternalId::new("AB-7")?, Revision(3), schema.missing());
/// let op = rename(
///     &Policy::new(schema),
///     &ExternalId::new("ab-7")?,
///     &loaded,
///     &PersonId::new("Nuala")?,
/// );
/// // nobody must have taken the new id meanwhile
/// assert_eq!(op.rekeyed, Some(ExternalId::new("AB-7")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rename(policy: &Policy, id: &ExternalId, loaded: &Loaded, by: &PersonId) -> Op {
    let from = &loaded.id;
    let why = RecordReason::Renamed { from: from.clone() }.said();
    let entry = RecordEntry { situation: Situation::Renamed, action: "link".to_owned(), why, by: Some(by.clone()) };
    Op {
        id: id.clone(),
        rekeyed: Some(from.clone()),
        situation: Situation::Renamed,
        base: loaded.base.is_some().then(|| known_base(policy.schema(), loaded)),
        version: None,
        entries: vec![AuditEntry::Record(entry)],
        ..touch(loaded)
    }
}

/// Ends a linked record: a person says that it is none of the records that the source lists, although an id looks
/// similar. It is what [`plan_missing`] comes to, at once, with who said so. `None`: it is not active anyway.
///
/// ```
/// use tripartite::decide::part;
/// use tripartite::store::Action;
/// # use tripartite::store::{Base, Loaded, Presence, Revision};
/// # use tripartite::id::{ExternalId, PersonId};
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
/// # let base = Base::new(schema.missing(), schema.fingerprint());
/// # let loaded = Loaded::new(ExternalId::new("AB-7")?, Revision(3), schema.missing()).base(base);
/// let op = part(
///     &Policy::new(schema),
///     &loaded,
///     &ExternalId::new("ab-7")?,
///     &PersonId::new("Nuala")?,
/// );
/// // and the next run creates the other one
/// assert_eq!(op.map(|op| op.action), Some(Action::Deactivate));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn part(policy: &Policy, loaded: &Loaded, other: &ExternalId, by: &PersonId) -> Option<Op> {
    let mut op = plan_missing(policy, loaded, 1)?;
    let (why, action) = (RecordReason::Parted { other: other.clone() }.said(), op.action.name());
    let entry = RecordEntry { situation: op.situation, action: action.to_owned(), why, by: Some(by.clone()) };
    op.entries.push(AuditEntry::Record(RecordEntry { situation: Situation::Renamed, ..entry }));
    Some(op)
}

/// The audit entry of what a person has ruled out: that this record here is the source's record whose audit it goes
/// into. The host remembers the pair, and gives it with the candidate as
/// [`is_not`](crate::store::Candidate::is_not).
///
/// ```
/// use tripartite::audit::AuditEntry;
/// use tripartite::decide::reject_match;
/// use tripartite::id::{LocalId, PersonId};
/// let AuditEntry::Record(entry) =
///     reject_match(&LocalId::new("17")?, &PersonId::new("Nuala")?)
/// else {
///     unreachable!()
/// };
/// assert_eq!(
///     (&*entry.action, &*entry.why),
///     ("unlike", "A person said that record 17 here is not this one.")
/// );
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
pub fn reject_match(local: &LocalId, by: &PersonId) -> AuditEntry {
    said("unlike", &RecordReason::Rejected { local: local.clone() }, by)
}

fn said(action: &str, why: &RecordReason, by: &PersonId) -> AuditEntry {
    AuditEntry::Record(RecordEntry {
        situation: Situation::Found,
        action: action.to_owned(),
        why: why.said(),
        by: Some(by.clone()),
    })
}
