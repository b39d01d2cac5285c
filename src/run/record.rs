//! Plans one record that the source lists.

use super::context::Context;
use crate::audit::Situation;
use crate::id::ExternalId;
use crate::matching::Match;
use crate::plan::{AsideReason, Quarantined, plan_creation, plan_linked};
use crate::source::RemoteRecord;
use crate::store::{Loaded, Op};

/// The record is set aside, so nothing is planned.
#[derive(Debug)]
pub(super) struct Refused;

/// An op; `None` if there is nothing to do.
pub(super) type Planned = Result<Option<Op>, Refused>;

/// The source's record that an op was planned from, if the record keeps its id.
pub(super) fn said_by_the_source(op: &Op) -> Option<RemoteRecord> {
    let record = op.remote.clone().filter(|_| op.rekeyed.is_none())?;
    Some(RemoteRecord { id: op.id.clone(), version: op.version, record })
}

impl Context {
    pub(super) fn plan_record(&mut self, remote: &RemoteRecord, loaded: Option<&Loaded>) -> Planned {
        if self.is_shared(&remote.id) {
            let problem = AsideReason::Shared.said();
            return Err(self.refuse(remote.id.clone(), Situation::Ambiguous, problem, None));
        }
        let Some(loaded) = loaded else {
            return match plan_creation(&self.run.policy, remote) {
                Ok(op) => Ok(Some(op)),
                Err(refusal) => {
                    let problem = AsideReason::from(refusal).said();
                    Err(self.refuse(remote.id.clone(), Situation::Malformed, problem, None))
                }
            };
        };
        Ok(plan_linked(&self.run.policy, remote, loaded))
    }

    /// Sets a record aside.
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
}
