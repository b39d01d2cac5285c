//! Loads: what is asked for, and the records that answer.

use super::{Loaded, Presence, Revision};
use crate::id::{ExternalId, LocalId};
use crate::matching::{MatchKey, MatchRules};
use crate::value::Record;

/// Which records a load is to give.
///
/// ```
/// use tripartite::store::LoadRequest;
/// use tripartite::id::ExternalId;
/// let wanted = LoadRequest::of([ExternalId::new("7")?]);
/// assert!(wanted.near.is_none()); // nobody is looked for that has another id, or none
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct LoadRequest {
    /// Those that are linked to one of these.
    pub ids: Vec<ExternalId>,
    /// Those that could be one of the source's; `None` without match rules, and where every record is linked.
    pub near: Option<CandidateQuery>,
}

impl LoadRequest {
    /// The records that are linked to these, and no candidates.
    ///
    /// ```
    /// # use tripartite::store::LoadRequest;
    /// assert!(LoadRequest::of([]).ids.is_empty()); // a load of nothing is one, too
    /// ```
    pub fn of(ids: impl IntoIterator<Item = ExternalId>) -> Self {
        Self { ids: ids.into_iter().collect(), near: None }
    }
}

/// Which records to look for that the source's could be: all that have one of the keys, whether linked or not.
///
/// The rules come along, so that a store needs none of its own: it keeps the [`MatchRules::keys`] of its records, under the
/// [`MatchRules::version`], or reckons them when it is asked.
///
/// A key that more than [`FEW`](crate::matching::FEW) records have proposes nobody. Of those records a store gives one
/// more than that, whichever; it may give all, at the cost of a load that grows with them.
#[derive(Debug, Clone)]
pub struct CandidateQuery {
    /// What the keys are made by.
    pub rules: MatchRules,
    /// The keys, sorted, each once; never none.
    pub keys: Vec<MatchKey>,
}

/// What a load gives.
///
/// ```
/// use tripartite::store::Records;
/// let nothing: Records = vec![].into();
/// assert!(nothing.linked.is_empty() && nothing.candidates.is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// The records that are linked to what was asked for.
    pub linked: Vec<Loaded>,
    /// The records that have one of the keys.
    pub candidates: Vec<Candidate>,
}

/// Linked records, and no candidates.
impl From<Vec<Loaded>> for Records {
    fn from(linked: Vec<Loaded>) -> Self {
        Self { linked, candidates: Vec::new() }
    }
}

/// A record here that one of the source could be.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// What the host calls it.
    pub local: LocalId,
    /// Its revision, as of this load.
    pub revision: Revision,
    /// Whether it is there. One that a user removed is never linked unasked.
    pub presence: Presence,
    /// What it is linked to.
    pub linked: Option<ExternalId>,
    /// Records of the source that a person has said it is not.
    pub is_not: Vec<ExternalId>,
    /// The record; fields that are null may be missing.
    pub record: Record,
}
