//! Claims: no record here is given to two records of the source.

use std::collections::{BTreeMap, BTreeSet};

use super::Match;
use crate::id::{ExternalId, LocalId};

/// The answers of a whole listing, before any of them is acted on.
///
/// Two records of the source that are each [`Match::Found`] to be the same one here are [`Match::Ambiguous`], both of
/// them, whichever came first. That is known only at the end of a listing, so links wait for it.
///
/// Any answer that names a record here claims it, an ambiguous one too. Where one twin matches two records here and the
/// other twin matches one of them, neither is linked.
///
/// ```
/// use tripartite::id::{ExternalId, LocalId};
/// use tripartite::matching::{Claims, Match, Trust};
/// let (aoife, ciara, local) =
///     (ExternalId::new("FED-1")?, ExternalId::new("FED-2")?, LocalId::new("17")?);
/// let found = Match::Found {
///     local: local.clone(),
///     rule: "e-mail".to_owned(),
///     trust: Trust::Trusted,
/// };
/// let mut claims = Claims::default();
/// claims.add(aoife.clone(), found.clone());
/// claims.add(ciara.clone(), found);
/// let settled = claims.settle();
/// assert_eq!(
///     settled[&aoife],
///     Match::Ambiguous { locals: vec![local.clone()], rivals: vec![ciara] }
/// );
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Claims {
    answers: BTreeMap<ExternalId, Match>,
    claimed: BTreeMap<LocalId, BTreeSet<ExternalId>>,
}

impl Claims {
    /// Adds an answer. A second one about the same record of the source takes nothing back: when they differ, the case
    /// is ambiguous.
    ///
    /// ```
    /// use tripartite::id::{ExternalId, LocalId};
    /// use tripartite::matching::{Claims, Match};
    /// let id = ExternalId::new("FED-1")?;
    /// let mut claims = Claims::default();
    /// claims.add(id.clone(), Match::Linked { local: LocalId::new("17")? });
    /// // several here have this id
    /// claims.add(id.clone(), Match::Linked { local: LocalId::new("18")? });
    /// assert_eq!(claims.settle()[&id].locals().len(), 2);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn add(&mut self, id: ExternalId, answer: Match) {
        self.claim(&id, answer.locals());
        let answer = match self.answers.remove(&id) {
            Some(known) if known != answer => united(&known, &answer),
            _ => answer,
        };
        self.answers.insert(id, answer);
    }

    /// The answers, by the ids of the source.
    ///
    /// ```
    /// use tripartite::matching::Claims;
    /// assert!(Claims::default().settle().is_empty());
    /// ```
    pub fn settle(mut self) -> BTreeMap<ExternalId, Match> {
        self.take()
    }

    /// Adds that a record of the source could be one of these here.
    pub(crate) fn claim(&mut self, id: &ExternalId, locals: &[LocalId]) {
        for local in locals {
            self.claimed.entry(local.clone()).or_default().insert(id.clone());
        }
    }

    /// The settled answers. The claims are kept.
    pub(crate) fn take(&mut self) -> BTreeMap<ExternalId, Match> {
        let answers = std::mem::take(&mut self.answers).into_iter();
        let settled = answers.map(|(id, answer)| {
            let answer = self.contested(&id, answer);
            (id, answer)
        });
        settled.collect()
    }

    /// One answer in the light of all claims.
    pub(crate) fn contested(&self, id: &ExternalId, answer: Match) -> Match {
        let claims = answer.locals().iter().filter_map(|local| self.claimed.get(local)).flatten();
        let rivals: BTreeSet<&ExternalId> = claims.filter(|rival| *rival != id).collect();
        let rivals = rivals.into_iter().cloned().collect::<Vec<_>>();
        match answer {
            Match::Found { local, .. } if !rivals.is_empty() => Match::Ambiguous { locals: vec![local], rivals },
            Match::Ambiguous { locals, .. } => Match::Ambiguous { locals, rivals },
            certain => certain,
        }
    }
}

/// Two answers about one record of the source.
fn united(known: &Match, answer: &Match) -> Match {
    let locals: BTreeSet<&LocalId> = known.locals().iter().chain(answer.locals()).collect();
    Match::Ambiguous { locals: locals.into_iter().cloned().collect(), rivals: Vec::new() }
}
