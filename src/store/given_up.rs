//! Given-up ids: the id that a record gets when the source means another record by its id.

use chrono::{DateTime, SecondsFormat, Utc};

use super::Revision;
use crate::id::{ExternalId, LocalId};

/// The new id of a record that gives up `id`. It states what it is, so no source has the same. `None` if it would be
/// too long.
pub(crate) fn given_up(id: &ExternalId, at: Revision) -> Option<ExternalId> {
    ExternalId::new(format!("{id}{GIVEN_UP}{}", at.0)).ok()
}

/// The same with the time: several records may have had one id after another, and each may give it up at the same
/// revision.
pub(crate) fn given_up_at(given_up: &ExternalId, at: DateTime<Utc>) -> Option<ExternalId> {
    let at = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    ExternalId::new(format!("{given_up}, {at}")).ok()
}

/// The same for a record that was created for a person who is here already. Two such records may have the same
/// revision, so the local id is part of the name.
pub(crate) fn given_up_by(id: &ExternalId, at: Revision, local: &LocalId) -> Option<ExternalId> {
    ExternalId::new(format!("{}, record {local}", given_up(id, at)?)).ok()
}

/// The id that a record gave up, read from the id that it got instead.
pub(crate) fn gave_up(id: &ExternalId) -> Option<ExternalId> {
    ExternalId::new(id.as_str().rsplit_once(GIVEN_UP)?.0).ok()
}

const GIVEN_UP: &str = " (given up at revision) ";
