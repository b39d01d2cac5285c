//! Who is who: what people say about what match rules propose or cannot tell.

use tripartite::decide::{self, Double};
use tripartite::id::{ExternalId, LocalId, PersonId, RunId};
use tripartite::matching::Match;
use tripartite::plan::Quarantined;
use tripartite::store::{Loaded, Op, OpOutcome, Revision};

use super::{Desk, DeskError, TRIES};
use crate::context::now;
use crate::store::Here;

/// Which member is, or is not, which record of the source, and who says so.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The record of the source.
    pub id: ExternalId,
    /// The member.
    pub local: LocalId,
    /// The member that a run created for it, who gives the id up even if it was edited.
    pub double: Option<LocalId>,
    /// Who says so.
    pub by: PersonId,
}

/// How a member became a record of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Linked {
    /// Nobody had the id.
    Free,
    /// It had this id of the source before.
    Renamed(ExternalId),
    /// This member, who was entered twice, gave the id up and is inactive.
    Doubled(LocalId),
}

/// Whether it is new that a member is not a record of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlinked {
    /// It is.
    New,
    /// It was said before.
    Known,
}

impl Desk {
    /// Whether nobody has answered yet what the last run asked.
    ///
    /// # Errors
    /// [`DeskError`], when the database cannot be read.
    pub fn waits(&self, aside: &Quarantined) -> Result<bool, DeskError> {
        let (Some(answer), Some(id)) = (&aside.matched, &aside.id) else { return Ok(false) };
        if self.stored(self.store.record(id))?.is_some() {
            return Ok(false);
        }
        match answer {
            Match::Found { local, .. } | Match::IdentityConflict { local, .. } => {
                Ok(!self.stored(self.store.is_ruled_out(local, id))?)
            }
            Match::Renamed { was, .. } => match self.stored(self.store.whose(was))? {
                Some(local) => Ok(!self.stored(self.store.is_ruled_out(&local, id))?),
                None => Ok(false),
            },
            _ => Ok(true),
        }
    }

    /// A member is a record of the source; the next run merges the two.
    ///
    /// # Errors
    /// [`DeskError`]; then nothing was linked.
    pub fn link(&self, claim: &Claim) -> Result<Linked, DeskError> {
        let Claim { id, local, by, .. } = claim;
        let run = self.run()?;
        for _ in 0..TRIES {
            let Here { revision, external_id, .. } = self.here(local)?;
            if let Some(holds) = external_id {
                return self.renamed(claim, &holds);
            }
            let (ops, linked) = match self.stored(self.store.record(id))? {
                None if claim.double.is_none() => (vec![decide::link(id, local, revision, by)], Linked::Free),
                None => return Err(not_double(claim)),
                Some(loaded) => self.doubled(&run, claim, &loaded, revision)?,
            };
            let outcomes = self.commit_all(&run, ops)?;
            if let Some(OpOutcome::Failed { problem }) =
                outcomes.iter().find(|it| matches!(it, OpOutcome::Failed { .. }))
            {
                return Err(DeskError::Failed { id: id.clone(), problem: problem.clone() });
            }
            if !outcomes.contains(&OpOutcome::Stale) {
                return Ok(linked);
            }
        }
        Err(DeskError::Busy { id: id.clone() })
    }

    /// Gives a member who is linked the id by which the last run may have recognised it.
    fn renamed(&self, claim: &Claim, holds: &str) -> Result<Linked, DeskError> {
        let Claim { id, local, by, .. } = claim;
        let Some(was) = self.asked(claim)?.filter(|was| was.as_str() == holds) else {
            return Err(DeskError::HasAnother { local: local.clone(), holds: holds.to_owned() });
        };
        self.write(&was, |loaded| Ok(decide::rename(&self.policy, id, loaded, by)))?;
        Ok(Linked::Renamed(was))
    }

    /// What it comes to where somebody has the id: a double that a run created gives it up, and anybody whom the person
    /// names.
    fn doubled(
        &self,
        run: &RunId,
        claim: &Claim,
        loaded: &Loaded,
        revision: Revision,
    ) -> Result<(Vec<Op>, Linked), DeskError> {
        let Claim { id, local, double, by, .. } = claim;
        let holds = self.stored(self.store.whose(id))?;
        if double.is_some() && *double != holds {
            return Err(not_double(claim));
        }
        if let Some(holds) = &holds
            && double.is_none()
            && !self.stored(self.store.was_created(id))?
        {
            return Err(DeskError::IsAnothers { id: id.clone(), holds: holds.clone() });
        }
        // Of a row that was deleted only the link is left, and nothing else that would name it for good.
        let deleted = LocalId::new(format!("deleted before {run}")).ok();
        let Some(called) = holds.as_ref().or(deleted.as_ref()) else { return Err(not_double(claim)) };
        let whole = Double::new(loaded, called).edited_too(double.is_some());
        let ops = decide::link_double(&self.policy, whole, local, revision, by);
        let refused = |refusal| DeskError::DoubleEdited { id: id.clone(), holds: called.clone(), refusal };
        let linked = holds.clone().map_or(Linked::Free, Linked::Doubled);
        Ok((ops.map_err(refused)?.to_vec(), linked))
    }

    /// A member is not a record of the source, and nobody is asked about the two again.
    ///
    /// # Errors
    /// [`DeskError`], when it is linked to it, or the database cannot be used.
    pub fn unlike(&self, claim: &Claim) -> Result<Unlinked, DeskError> {
        let Claim { id, local, by, .. } = claim;
        let here = self.here(local)?;
        if here.external_id.as_deref() == Some(id.as_str()) {
            return Err(DeskError::HasAnother { local: local.clone(), holds: id.to_string() });
        }
        if let Some(was) = self.asked(claim)?.filter(|was| here.external_id.as_deref() == Some(was.as_str())) {
            self.parted(&was, claim)?;
        }
        let news = self.stored(self.store.rule_out(local, id, by, (&self.run()?, &now())))?;
        Ok(if news { Unlinked::New } else { Unlinked::Known })
    }

    /// The id that a record of the source may have had before, if the last run asks about that.
    fn asked(&self, claim: &Claim) -> Result<Option<ExternalId>, DeskError> {
        let asides = self.last_report()?.map(|report| report.set_aside).unwrap_or_default();
        let mut about = asides.into_iter().filter(|aside| aside.id.as_ref() == Some(&claim.id));
        Ok(about.find_map(|aside| match aside.matched {
            Some(Match::Renamed { was, .. }) => Some(was),
            _ => None,
        }))
    }

    /// Marks inactive whom the source no longer lists, now that it is known that the other one is another.
    fn parted(&self, was: &ExternalId, claim: &Claim) -> Result<(), DeskError> {
        let ended = |loaded: &Loaded| decide::part(&self.policy, loaded, &claim.id, &claim.by);
        match self.stored(self.store.record(was))?.as_ref().and_then(ended) {
            None => Ok(()),
            Some(op) => self.write(was, |loaded| Ok(ended(loaded).unwrap_or_else(|| op.clone()))).map(drop),
        }
    }

    fn here(&self, local: &LocalId) -> Result<Here, DeskError> {
        self.stored(self.store.here(local))?.ok_or_else(|| DeskError::NobodyHere(local.clone()))
    }
}

fn not_double(claim: &Claim) -> DeskError {
    let double = claim.double.clone().unwrap_or_else(|| claim.local.clone());
    DeskError::NotDouble { id: claim.id.clone(), double }
}
