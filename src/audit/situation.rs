//! The situations of a record: linked, unmatched, missing, rekeyed and the rest.

use serde::{Deserialize, Serialize};

/// The situation of a record between the source and the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Situation {
    /// Both sides have it.
    #[serde(alias = "linked")]
    Linked,
    /// Only the source has it.
    #[serde(alias = "unmatched")]
    Unmatched,
    /// A match rule finds the record here, which has no external id yet.
    #[serde(alias = "found")]
    Found,
    /// It may be one of several records here, or several records of the source may be one here, or several records here
    /// have its id.
    #[serde(alias = "ambiguous")]
    Ambiguous,
    /// The source has it again after a sync deactivated it.
    #[serde(alias = "reappeared")]
    Reappeared,
    /// Only the host has it: a complete listing does not have it, or the source says that it is gone.
    #[serde(alias = "missing")]
    Missing,
    /// A user deactivated or deleted it, and the source still has it as it was.
    #[serde(alias = "local_deleted")]
    LocalDeleted,
    /// One side no longer has it, and the other side changed it.
    #[serde(alias = "delete_vs_edit")]
    DeleteVsEdit,
    /// A sync deactivated it, a user made it active again, and the source still does not list it.
    #[serde(alias = "kept_active")]
    KeptActive,
    /// The source gave it another id.
    #[serde(alias = "rekeyed")]
    Rekeyed,
    /// The source may have given it another id without saying so: the old id is no longer listed, and a similar record
    /// has a new id. No record is created or deactivated until a person says whether the two are the same.
    #[serde(alias = "renamed")]
    Renamed,
    /// The source gives it an id that another record here has, or a match rule finds a record here that has another id.
    #[serde(alias = "identity_conflict")]
    IdentityConflict,
    /// The source may have given its id to another person: every identity field of the linked record differs. Nothing
    /// is written until a person says whether it is the same record.
    #[serde(alias = "replaced")]
    Replaced,
    /// The source's record is older than the one that was last decided on.
    #[serde(alias = "stale")]
    Stale,
    /// The source lists it twice with different values, or both as a record and as gone. Two spellings of one value are
    /// not different.
    #[serde(alias = "duplicate_remote")]
    DuplicateRemote,
    /// The source's item cannot be read as a record.
    #[serde(alias = "malformed")]
    Malformed,
}
