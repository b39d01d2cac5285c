//! Quarantined statements: what a run sets aside.

use serde::{Deserialize, Serialize};

use crate::audit::Situation;
use crate::id::ExternalId;
use crate::matching::Match;
use crate::setters::setters;

/// A statement of the source that a run set aside. The next run looks at it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Quarantined {
    /// The id of the record, if it is known.
    pub id: Option<ExternalId>,
    /// Its place in the listing, if the connector stated it.
    pub place: Option<String>,
    /// [`Situation::DuplicateRemote`], [`Situation::Malformed`], [`Situation::Found`], [`Situation::Ambiguous`],
    /// [`Situation::Renamed`] or [`Situation::IdentityConflict`].
    pub situation: Situation,
    /// What is wrong, without its content.
    pub problem: String,
    /// The answer of the match rules, if there is one: which records here, which of the source, and by which rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched: Option<Match>,
}

impl Quarantined {
    /// A record that is set aside without a place or a match.
    pub(crate) fn of(id: ExternalId, situation: Situation, problem: String) -> Self {
        Self { id: Some(id), place: None, situation, problem, matched: None }
    }

    /// A record of which neither id nor place is known.
    ///
    /// ```
    /// use tripartite::audit::Situation;
    /// use tripartite::plan::Quarantined;
    /// let torn = Quarantined::new(Situation::Malformed, "expected `}`");
    /// assert_eq!(torn.id, None); // it could be any record
    /// ```
    pub fn new(situation: Situation, problem: impl Into<String>) -> Self {
        Self { id: None, place: None, situation, problem: problem.into(), matched: None }
    }

    setters! {
        id: impl Into<Option<ExternalId>>,
    }

    /// Whether it only waits for a person to confirm the one record here that was found, or that the record had another
    /// id before. Nothing is wrong with such a record.
    ///
    /// ```
    /// use tripartite::audit::Situation;
    /// use tripartite::plan::Quarantined;
    /// let twice = "the listing has this record twice, and not the same";
    /// assert!(!Quarantined::new(Situation::DuplicateRemote, twice).is_proposal());
    /// ```
    pub fn is_proposal(&self) -> bool {
        matches!(self.situation, Situation::Found | Situation::Renamed)
    }
}
