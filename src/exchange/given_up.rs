//! Ids that a record gave up, because the source means somebody else by them.

use super::Revision;
use crate::id::{ExternalId, LocalId};

/// The id of a record that gave its own up. No source has one like it: it says what it is. `None`: it would be too long.
pub(crate) fn given_up(id: &ExternalId, at: Revision) -> Option<ExternalId> {
    ExternalId::new(format!("{id}{GIVEN_UP}{}", at.0)).ok()
}

/// The same of one that was created for somebody who is here already. A second one may be at the same revision, so that the
/// name has what it is called here.
pub(crate) fn given_up_by(id: &ExternalId, at: Revision, local: &LocalId) -> Option<ExternalId> {
    ExternalId::new(format!("{}, record {local}", given_up(id, at)?)).ok()
}

/// Whether an id is what a record has that gave up another one.
pub(crate) fn has_given_up(given_up: &ExternalId, id: &ExternalId) -> bool {
    given_up.as_str().strip_prefix(id.as_str()).is_some_and(|rest| rest.starts_with(GIVEN_UP))
}

const GIVEN_UP: &str = " (given up at revision) ";
