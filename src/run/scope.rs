//! Whose records a run is about.

use serde::{Deserialize, Serialize};

use crate::id::ExternalId;

/// Whose records a run looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everybody's: it was given the source's listing. So is a report from before this was told.
    #[default]
    All,
    /// Those that it was [asked for](crate::run::Run::only), in order.
    Only(Vec<ExternalId>),
    /// Those of a stored plan, as the source had them when that was made.
    Plan,
}

impl Scope {
    /// Of a run of some records, or of all.
    pub(super) fn of(only: Option<&[ExternalId]>) -> Self {
        only.map_or(Self::All, |ids| Self::Only(ids.to_vec()))
    }

    pub(super) fn is_all(&self) -> bool {
        *self == Self::All
    }
}
