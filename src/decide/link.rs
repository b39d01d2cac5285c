//! Whether a record here is one of the source's, when a person says it.

use crate::exchange::{Action, Entry, Expect, Op, RecordEntry, Revision, Situation};
use crate::id::{ExternalId, LocalId, PersonId};

/// Links a record here, which has no external id, to one of the source. The next run merges the two, as any that are
/// linked and were never in step.
///
/// ```
/// use tripartite::decide::link;
/// use tripartite::exchange::{Expect, Revision};
/// use tripartite::id::{ExternalId, LocalId, PersonId};
/// let (id, local) = (ExternalId::new("FED-1")?, LocalId::new("17")?);
/// let op = link(&id, &local, Revision(3), &PersonId::new("Nuala")?);
/// assert_eq!(op.expect, Expect::Free { local, revision: Revision(3) }); // nobody was faster, and it is as she saw it
/// assert!(op.base.is_none() && op.seen.is_none()); // no field was decided on yet
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
pub fn link(id: &ExternalId, local: &LocalId, revision: Revision, by: &PersonId) -> Op {
    let why = format!("A person said that record {local} here is this one; the two were linked.");
    Op {
        id: id.clone(),
        rekeyed: None,
        situation: Situation::Found,
        action: Action::Touch,
        expect: Expect::Free { local: local.clone(), revision },
        base: None,
        version: None,
        remote: None,
        seen: None,
        missed: 0,
        conflicts: Vec::new(),
        entries: vec![said("link", why, by)],
    }
}

/// The audit entry of what a person has ruled out: that this record here is the source's record whose audit it goes
/// into. The host remembers the pair, and gives it with the candidate as
/// [`is_not`](crate::exchange::Candidate::is_not).
///
/// ```
/// use tripartite::decide::unlike;
/// use tripartite::exchange::Entry;
/// use tripartite::id::{LocalId, PersonId};
/// let Entry::Record(entry) = unlike(&LocalId::new("17")?, &PersonId::new("Nuala")?) else { unreachable!() };
/// assert_eq!((&*entry.action, &*entry.why), ("unlike", "A person said that record 17 here is not this one."));
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
pub fn unlike(local: &LocalId, by: &PersonId) -> Entry {
    said("unlike", format!("A person said that record {local} here is not this one."), by)
}

fn said(action: &str, why: String, by: &PersonId) -> Entry {
    Entry::Record(RecordEntry { situation: Situation::Found, action: action.to_owned(), why, by: Some(by.clone()) })
}
