//! What is planned of one record that the source lists.

use super::context::{ById, Context};
use crate::audit::Situation;
use crate::id::ExternalId;
use crate::matching::Match;
use crate::plan::{Quarantined, mark_again, plan_creation, plan_linked};
use crate::source::RemoteRecord;
use crate::store::{Loaded, Op, Precondition};

/// Nothing is planned of a record, because it is set aside.
#[derive(Debug)]
pub(super) struct Refused;

/// An op, or nothing, because nothing is to be done.
pub(super) type Planned = Result<Option<Op>, Refused>;

/// What an op would take over from the source, of a record that keeps its id.
pub(super) fn said_by_the_source(op: &Op) -> Option<RemoteRecord> {
    let record = op.remote.clone().filter(|_| op.rekeyed.is_none())?;
    Some(RemoteRecord { id: op.id.clone(), version: op.version, record })
}

impl Context {
    pub(super) fn plan_record(&mut self, remote: &RemoteRecord, loaded: Option<&Loaded>) -> Planned {
        if self.is_shared(&remote.id) {
            let problem = "several records here have this id; which of them it is, a person decides".to_owned();
            return Err(self.refuse(remote.id.clone(), Situation::Ambiguous, problem, None));
        }
        let Some(loaded) = loaded else {
            return match plan_creation(&self.run.policy, remote) {
                Ok(op) => Ok(Some(op)),
                Err(refusal) => Err(self.refuse(remote.id.clone(), Situation::Malformed, refusal.to_string(), None)),
            };
        };
        Ok(plan_linked(&self.run.policy, remote, loaded))
    }

    /// Sets a record aside of which nothing is planned.
    pub(super) fn refuse(
        &mut self,
        id: ExternalId,
        situation: Situation,
        problem: String,
        matched: Option<Match>,
    ) -> Refused {
        let (slot, _) = self.index.set_aside(id.as_str());
        self.index.judge_quarantined(slot);
        self.outcomes.quarantined.push(Quarantined { matched, ..Quarantined::of(id, situation, problem) });
        Refused
    }

    /// Plans once more what was listed and then found stale, judged by what is here now.
    pub(super) fn plan_listed_again(&mut self, op: &Op, remote: &RemoteRecord, loaded: &ById) -> Option<Op> {
        let was_linked = matches!(op.expect, Precondition::Revision(_));
        let known = loaded.get(&op.id);
        if was_linked && known.is_none() && !self.is_shared(&op.id) {
            self.leave_to_the_next(op.id.clone());
            return None;
        }
        let mut planned = match self.plan_record(remote, known) {
            Ok(Some(planned)) => planned,
            Ok(None) => {
                self.outcomes.unchanged(op);
                return None;
            }
            Err(Refused) => return None,
        };
        if let Some(base) = known.and_then(|known| known.base.as_ref()) {
            mark_again(self.run.policy.schema(), op, &mut planned, &base.record);
        }
        Some(planned)
    }
}
