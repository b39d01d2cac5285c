//! The situations of a record: linked, unmatched, missing, rekeyed and the rest.

use serde::{Deserialize, Serialize};

/// The situation of a record between the source and the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Situation {
    /// Both sides have it.
    Linked,
    /// Only the source has it.
    Unmatched,
    /// A match rule finds the record here, which has no external id yet.
    Found,
    /// It may be one of several records here, or several records of the source may be one here, or several records here
    /// have its id.
    Ambiguous,
    /// The source has it again after a sync deactivated it.
    Reappeared,
    /// Only the host has it: a complete listing does not have it, or the source says that it is gone.
    Missing,
    /// A user deactivated or deleted it, and the source still has it as it was.
    LocalDeleted,
    /// One side no longer has it, and the other side changed it.
    DeleteVsEdit,
    /// A sync deactivated it, a user made it active again, and the source still does not list it.
    KeptActive,
    /// The source gave it another id.
    Rekeyed,
    /// The source may have given it another id without saying so: the old id is no longer listed, and a similar record
    /// has a new id. No record is created or deactivated until a person says whether the two are the same.
    Renamed,
    /// The source gives it an id that another record here has, or a match rule finds a record here that has another id.
    IdentityConflict,
    /// The source may have given its id to another person: every identity field of the linked record differs. Nothing
    /// is written until a person says whether it is the same record.
    Replaced,
    /// The source's record is older than the one that was last decided on.
    Stale,
    /// The source lists it twice with different values, or both as a record and as gone. Two spellings of one value are
    /// not different.
    DuplicateRemote,
    /// The source's item cannot be read as a record.
    Malformed,
}
