//! Loads: the request for linked records and candidates, and the records that answer it.

use super::{Loaded, Presence, Revision};
use crate::id::{ExternalId, LocalId};
use crate::matching::{MatchKey, MatchRules};
use crate::setters::setters;
use crate::value::Record;

/// The records that a load asks for.
///
/// ```
/// use tripartite::store::LoadRequest;
/// use tripartite::id::ExternalId;
/// let wanted = LoadRequest::of([ExternalId::new("7")?]);
/// assert!(wanted.near.is_none()); // no candidates are asked for
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct LoadRequest {
    /// The external ids of the linked records to load.
    pub ids: Vec<ExternalId>,
    /// The candidates to look for; `None` without match rules, and if every record is linked.
    pub near: Option<CandidateQuery>,
}

impl LoadRequest {
    /// The records that are linked to these, and no candidates.
    ///
    /// ```
    /// # use tripartite::store::LoadRequest;
    /// assert!(LoadRequest::of([]).ids.is_empty()); // an empty request is allowed
    /// ```
    pub fn of(ids: impl IntoIterator<Item = ExternalId>) -> Self {
        Self { ids: ids.into_iter().collect(), near: None }
    }

    setters! {
        near: impl Into<Option<CandidateQuery>>,
    }
}

/// The keys by which candidates are looked for: every record that has one of them is a candidate, linked or not.
///
/// The query has the rules, so a store needs none of its own. It stores the [`MatchRules::keys`] of its records under
/// the [`MatchRules::version`], or computes them for each query.
///
/// A key that more than [`FEW`](crate::matching::FEW) records have proposes no candidate. A store returns any `FEW + 1`
/// of those records. It may return all of them; the load then grows with their number.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CandidateQuery {
    /// The rules that make the keys.
    pub rules: MatchRules,
    /// The keys, sorted, each once. There is at least one.
    pub keys: Vec<MatchKey>,
}

impl CandidateQuery {
    /// The query for the records that have one of these keys. They are sorted, and each is asked for once.
    ///
    /// ```
    /// use tripartite::matching::{MatchRule, MatchRules};
    /// use tripartite::store::CandidateQuery;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("born", Kind::DATE)).build()?;
    /// let rules = MatchRules::new(&schema, vec![MatchRule::new("birthday", ["born"])])?;
    /// let record = schema.record(&serde_json::json!({"born": "2001-05-04"}))?;
    /// let twice = [rules.keys(&record), rules.keys(&record)].concat();
    /// assert_eq!(CandidateQuery::new(rules, twice).keys.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(rules: MatchRules, mut keys: Vec<MatchKey>) -> Self {
        keys.sort_unstable();
        keys.dedup();
        Self { rules, keys }
    }
}

/// The answer to a load.
///
/// ```
/// use tripartite::store::Records;
/// let nothing: Records = vec![].into();
/// assert!(nothing.linked.is_empty() && nothing.candidates.is_empty());
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Records {
    /// The linked records that were asked for.
    pub linked: Vec<Loaded>,
    /// The records that have one of the keys.
    pub candidates: Vec<Candidate>,
}

impl Records {
    /// The linked records and the candidates of a load.
    ///
    /// ```
    /// use tripartite::store::Records;
    /// assert!(Records::new(vec![], vec![]).candidates.is_empty());
    /// ```
    pub fn new(linked: Vec<Loaded>, candidates: Vec<Candidate>) -> Self {
        Self { linked, candidates }
    }
}

/// Linked records, and no candidates.
impl From<Vec<Loaded>> for Records {
    fn from(linked: Vec<Loaded>) -> Self {
        Self { linked, candidates: Vec::new() }
    }
}

/// A record here that a record of the source may be.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Candidate {
    /// The host's id of it.
    pub local: LocalId,
    /// Its revision, as of this load.
    pub revision: Revision,
    /// Whether it is active. A record that a user removed is never linked without a person's decision.
    pub presence: Presence,
    /// The external id that it is linked to.
    pub linked: Option<ExternalId>,
    /// The records of the source for which a person said that it is another record.
    pub is_not: Vec<ExternalId>,
    /// The record; fields that are null may be missing.
    pub record: Record,
}

impl Candidate {
    /// An active record that is linked to nothing, and that nobody has told apart from any.
    ///
    /// ```
    /// use tripartite::id::{ExternalId, LocalId};
    /// use tripartite::schema::{Field, Kind, Schema};
    /// use tripartite::store::{Candidate, Revision};
    /// let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
    /// let record = schema.record(&serde_json::json!({"phone": "1"}))?;
    /// let free = Candidate::new(LocalId::new("17")?, Revision(1), record);
    /// // a linked record is still a candidate: a match with it is a question
    /// assert!(free.linked(ExternalId::new("7")?).linked.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(local: LocalId, revision: Revision, record: Record) -> Self {
        Self { local, revision, presence: Presence::Active, linked: None, is_not: Vec::new(), record }
    }

    setters! {
        presence: Presence,
        linked: impl Into<Option<ExternalId>>,
        is_not: Vec<ExternalId>,
    }
}
