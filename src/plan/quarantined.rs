//! What a run sets aside.

use serde::{Deserialize, Serialize};

use crate::audit::Situation;
use crate::id::ExternalId;
use crate::matching::Match;

/// Something the source said that was set aside for this run. It is looked at again in the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The record, if that much is known.
    pub id: Option<ExternalId>,
    /// Where it stood, if the connector said so.
    pub place: Option<String>,
    /// [`Situation::DuplicateRemote`], [`Situation::Malformed`], [`Situation::Found`], [`Situation::Ambiguous`],
    /// [`Situation::Renamed`] or [`Situation::IdentityConflict`].
    pub situation: Situation,
    /// What is wrong, without its content.
    pub problem: String,
    /// What the match rules say, where they do: which records here, which of the source, and by which rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched: Option<Match>,
}

impl Quarantined {
    /// A record that is set aside for what the run found, without a place or a match.
    pub(crate) fn of(id: ExternalId, situation: Situation, problem: String) -> Self {
        Self { id: Some(id), place: None, situation, problem, matched: None }
    }

    /// Whether it only waits for a person to say that the one record here that was found is the one, or is the one that had
    /// another id before: nothing is wrong with it.
    ///
    /// ```
    /// use tripartite::audit::Situation;
    /// use tripartite::plan::Quarantined;
    /// let problem = "the listing has this record twice, and not the same".to_owned();
    /// let aside = Quarantined {
    ///     id: None,
    ///     place: None,
    ///     situation: Situation::DuplicateRemote,
    ///     problem,
    ///     matched: None,
    /// };
    /// assert!(!aside.is_proposal());
    /// ```
    pub fn is_proposal(&self) -> bool {
        matches!(self.situation, Situation::Found | Situation::Renamed)
    }
}
