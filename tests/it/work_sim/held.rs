//! What a guard held back, and what a schedule that is declared again may move.

use std::collections::{BTreeMap, BTreeSet};

use tripartite::id::{ConnectorId, SyncKey};
use tripartite::jobs::Stored;
use tripartite::queue::{Attempt, Ended, Scope, Slot, Token};
use tripartite::registry::Enrolment;
use tripartite::schedule::Schedule;

use super::ground::read;
use super::laws::{Checked, law};

/// What is known of runs and people, for what was held back.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The runs that did not see all that the source has.
    pub(super) parts: BTreeSet<(SyncKey, Token)>,
    /// Whose cancellation is under way, by how many people.
    pub(super) cancelling: BTreeMap<SyncKey, u32>,
}

/// What is held back waits until a run of all that did all of it, or a person who does not want it any more; and until then
/// nothing behind it counts as done.
pub(super) fn held(key: &SyncKey, before: &Slot, slot: &Slot, known: &Known) -> Checked {
    let ended = slot.unflushed.iter().find(|attempt| !before.unflushed.contains(attempt));
    if let Some(Attempt { ended: Ended::Blocked { plan, .. }, work, .. }) = ended {
        let holds = slot.held.as_ref().is_some_and(|held| held.plan == *plan && held.work.scope.covers(&work.scope));
        law(holds, || format!("GH: {key} was blocked, and is not held: {slot:?}"))?;
    }
    let Some(was) = &before.held else { return Ok(()) };
    if slot.held.is_some() {
        return law(slot.covered == before.covered, || format!("GH: {key} counts as done while it is held: {slot:?}"));
    }
    let did = |attempt: &Attempt| {
        let completed = matches!(attempt.ended, Ended::Completed { .. } | Ended::CompletedInPart { .. });
        let all = attempt.work.scope != Scope::All || !known.parts.contains(&(key.clone(), attempt.token));
        completed && all && attempt.work.scope.covers(&was.work.scope)
    };
    let settled = ended.is_some_and(did) || (ended.is_none() && known.cancelling.contains_key(key));
    law(settled, || format!("GH: what was held of {key} is gone, and was not done: {was:?}, {ended:?}"))
}

/// Who declares a schedule as it was moves nothing, and no worker takes a fire back.
pub(super) fn declared(connector: &ConnectorId, before: &Enrolment, stored: &Stored, by_a_person: bool) -> Checked {
    let after: Enrolment = read(stored);
    let every = |enrolment: &Enrolment| match enrolment.connection().schedule {
        Schedule::Interval { every, .. } => Some(every),
        _ => None,
    };
    if !before.connection().runs() || !after.connection().runs() {
        return Ok(());
    }
    let (was, is) = (before.due().unwrap(), after.due().unwrap());
    let moved = if by_a_person { was != is } else { is < was };
    law(every(before) != every(&after) || !moved, || {
        format!("GD: {connector} was declared as it was, and fires at {is:?} instead of {was:?}")
    })
}
