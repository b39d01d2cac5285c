//! A plan that a guard held back, carried out because a person says so.

use tripartite::drive::DriveError;
use tripartite::id::SyncKey;
use tripartite::plan::PlanId;
use tripartite::queue::{Held, Scope};
use tripartite::run::Report;

use super::{Approval, OpenError, Registers};
use crate::kept;
use crate::listing::ListingError;
use crate::progress::Progress;
use crate::store::StoreError;
use crate::sync;
use crate::term::Console;

/// What came of it.
#[derive(Debug)]
pub struct Passed {
    /// Whether the plan was the one that the person saw. If not, nothing was written.
    pub approval: Approval,
    /// The report of the run.
    pub report: Report,
}

/// Why a plan was not carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PassError {
    /// What was held back names no plan.
    #[error("what is held back names no plan that can be made anew")]
    NoPlan,
    /// The run cannot begin.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The listing or the database failed; batches may have been written.
    #[error(transparent)]
    Driven(#[from] Box<DriveError<ListingError, StoreError>>),
    /// It was carried out, and its report was not kept.
    #[error("it was carried out, and its report was not kept: {0}")]
    Kept(StoreError),
}

/// Makes the plan of a key anew, and carries it out if it is the one that is held back: no more than a person saw is done. A
/// run of all by a worker then settles the job.
///
/// # Errors
/// [`PassError`], which says what cannot be.
pub fn pass(registers: &Registers<'_>, key: &SyncKey, held: &Held) -> Result<Passed, PassError> {
    let plan: PlanId = held.plan.parse().map_err(|_| PassError::NoPlan)?;
    let (run, source, store) = registers.begun(key, held.work.policy.as_ref(), |store| store)?;
    let run = match &held.work.scope {
        Scope::All => run,
        Scope::Only(ids) => run.only(ids.iter().cloned()),
    };
    let mut progress = Progress::of(&Console::silent());
    let mut approval = Approval::Unused;
    let done = sync::drive_approved(run.start(), &source, &store, None, &mut progress, |stopped| {
        approval = Approval::of(&store, plan, stopped, false)?;
        Ok(approval.passes())
    });
    let done = done.map_err(Box::new)?;
    let kept = kept::keep(&store, &done);
    let kept = kept.and_then(|()| if approval.passes() { store.approve_aside(&done.report) } else { Ok(()) });
    kept.map_err(PassError::Kept)?;
    Ok(Passed { approval, report: done.report })
}
