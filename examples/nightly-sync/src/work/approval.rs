//! Whether a plan that a guard stopped was approved: as a whole, or as what is left of one whose run was cut off.

use tripartite::plan::PlanId;
use tripartite::run::{BATCH, Stopped};

use crate::store::{Store, StoreError};

/// What an approval comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// Nobody was asked yet.
    Unused,
    /// It is of this plan.
    Given,
    /// It is of a plan of which this is the rest.
    OfTheRest,
    /// It is of a plan that was cut off, and this one says more than was left of it.
    Exceeded,
    /// It is of another plan.
    Other,
}

impl Approval {
    /// What the approval of a plan says of the one that was stopped. A plan of several batches is remembered first.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be remembered, or the database cannot be read.
    pub fn of(store: &Store, approved: PlanId, stopped: &Stopped, dry_run: bool) -> Result<Self, StoreError> {
        let plan = stopped.plan();
        if plan.id() == approved {
            if !dry_run && plan.ops().len() > BATCH {
                store.keep_approved(plan)?;
            }
            return Ok(Self::Given);
        }
        Ok(match store.approved(approved)? {
            Some(parts) if parts.cover(plan) => Self::OfTheRest,
            Some(_) => Self::Exceeded,
            None => Self::Other,
        })
    }

    /// Whether the plan that was stopped goes on.
    pub fn passes(self) -> bool {
        matches!(self, Self::Given | Self::OfTheRest)
    }

    /// What a person is told of it, if there is something to tell.
    pub fn told(self, approved: PlanId) -> Option<String> {
        match self {
            Self::Unused | Self::Given => None,
            Self::OfTheRest => Some(format!(
                "plan {approved} was approved, and its run was cut off: this run does what was left of it"
            )),
            Self::Exceeded => Some(format!(
                "plan {approved} was approved, and its run was cut off: what is to be done now is not all a part of it, so it is asked about again"
            )),
            Self::Other => Some(format!(
                "plan {approved} was approved, and this is another one: the listing, or a record here, has changed since"
            )),
        }
    }
}
