//! The scope of a run: all records, the ones asked for, or those of a stored plan.

use serde::{Deserialize, Serialize};

use crate::id::ExternalId;

/// Which records a run looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Scope {
    /// All records: the run read the source's listing. A report of a version that did not have this field has this
    /// value.
    #[default]
    All,
    /// The records that it was [asked for](crate::run::Run::only), sorted.
    Only(Vec<ExternalId>),
    /// The records of a stored plan, as the source had them when the plan was made.
    Plan,
}

impl Scope {
    /// The scope of a run of some records, or of all.
    pub(super) fn of(only: Option<&[ExternalId]>) -> Self {
        only.map_or(Self::All, |ids| Self::Only(ids.to_vec()))
    }

    pub(super) fn is_all(&self) -> bool {
        *self == Self::All
    }
}
