//! Stored plans: each record is looked at before its op is carried out, and overtaken ops are skipped.
//!
//! | the record, since the op was planned | the op |
//! |---|---|
//! | is as it was | is carried out |
//! | was edited here | is carried out or planned once more, as in any run |
//! | was decided on by a sync or a person, and what the op does is done | counts as unchanged |
//! | was decided on, and the op would do something else | is skipped, and the report says so |
//! | was looked at by a [newer run](super::Run::since), with any result | as if it was decided on |
//!
//! **Why is an overtaken op not planned once more?** It would be planned from the source's record as of the plan, which
//! is older than what was written since.

use super::context::{ById, Context};
use crate::plan::plan_linked;
use crate::schema::Policy;
use crate::source::RemoteRecord;
use crate::store::{Action, Op, Presence};

impl Context {
    /// The ops that were not overtaken. The others are counted.
    pub(super) fn still_due(&mut self, mut ops: Vec<Op>, loaded: &ById) -> Vec<Op> {
        let since = &self.run.since;
        let overtaken: Vec<Op> = ops.extract_if(.., |op| since.has(op) || is_overtaken(op, loaded)).collect();
        for op in overtaken {
            if op.is_silent() || is_done(&self.run.policy, &op, loaded) {
                self.outcomes.unchanged(&op);
            } else {
                let problem =
                    "it was looked at after this plan was made, so what the plan says of it is too old: plan once more";
                self.outcomes.skipped(op.id, problem);
            }
        }
        ops
    }
}

fn is_overtaken(op: &Op, loaded: &ById) -> bool {
    match loaded.get(op.rekeyed.as_ref().unwrap_or(&op.id)) {
        Some(loaded) => loaded.state() != op.made_from,
        // A record that has moved is looked at under its new id. The store finds out about a record that is not here at
        // all.
        None => op.rekeyed.is_some() && loaded.contains_key(&op.id),
    }
}

/// Whether nothing of an op is left to be done.
fn is_done(policy: &Policy, op: &Op, loaded: &ById) -> bool {
    let still_to_move = op.rekeyed.as_ref().is_some_and(|from| loaded.contains_key(from));
    let Some(known) = loaded.get(&op.id).filter(|_| !still_to_move) else { return false };
    match said(op) {
        Some(remote) => plan_linked(policy, &remote, known).is_none_or(|left| left.is_silent()),
        None if op.action == Action::Deactivate => known.presence != Presence::Active,
        None => known.missed == op.missed,
    }
}

fn said(op: &Op) -> Option<RemoteRecord> {
    let record = op.remote.clone()?;
    Some(RemoteRecord { id: op.id.clone(), version: op.version, record })
}
