//! Ids that a record gave up, because the source means somebody else by them.

use chrono::{DateTime, SecondsFormat, Utc};

use super::Revision;
use crate::id::{ExternalId, LocalId};

/// The id of a record that gave its own up. No source has one like it: it says what it is. `None`: it would be too long.
pub(crate) fn given_up(id: &ExternalId, at: Revision) -> Option<ExternalId> {
    ExternalId::new(format!("{id}{GIVEN_UP}{}", at.0)).ok()
}

/// The same with the time: of those that had one id, one after the other, each may give it up at the same revision.
pub(crate) fn given_up_at(given_up: &ExternalId, at: DateTime<Utc>) -> Option<ExternalId> {
    let at = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    ExternalId::new(format!("{given_up}, {at}")).ok()
}

/// The same of one that was created for somebody who is here already. A second one may be at the same revision, so that the
/// name has what it is called here.
pub(crate) fn given_up_by(id: &ExternalId, at: Revision, local: &LocalId) -> Option<ExternalId> {
    ExternalId::new(format!("{}, record {local}", given_up(id, at)?)).ok()
}

/// Which id a record gave up, by the one that it has instead.
pub(crate) fn gave_up(id: &ExternalId) -> Option<ExternalId> {
    ExternalId::new(id.as_str().rsplit_once(GIVEN_UP)?.0).ok()
}

const GIVEN_UP: &str = " (given up at revision) ";
