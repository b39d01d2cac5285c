//! The situations a record can be in.

use serde::{Deserialize, Serialize};

/// In what situation a record is, between the source and the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Situation {
    /// Both sides have it.
    Linked,
    /// Only the source has it.
    Unmatched,
    /// A match rule says which record here it is, one that has no external id.
    Found,
    /// It could be several records here, or several of the source could be one here, or several here have its id.
    Ambiguous,
    /// The source has it again, after a sync deactivated it.
    Reappeared,
    /// Only the host has it: the source's listing was complete, or the source says that it is gone.
    Missing,
    /// A user deactivated or deleted it, and the source still has it as it was.
    LocalDeleted,
    /// One side no longer has it, and the other changed it.
    DeleteVsEdit,
    /// A sync deactivated it, a user made it active again, and the source still does not list it.
    KeptActive,
    /// The source gave it another id.
    Rekeyed,
    /// The source may have given it another id without saying so: the old one is no longer listed, and a new one is of
    /// somebody like it. Nothing is created and nobody deactivated until a person says whether the two are the same.
    Renamed,
    /// The source gives it an id that another record here has; or a match rule says that it is one here that has another
    /// id.
    IdentityConflict,
    /// The source says of a linked record that it is about somebody else, by every field that says who it is: its id may
    /// have been handed on. Nothing of that is written until a person says whether it is the same one.
    Replaced,
    /// What the source says is older than what was decided on.
    Stale,
    /// The source lists it twice, differently, or as there and gone; two spellings of the same are one statement.
    DuplicateRemote,
    /// What the source says is no record.
    Malformed,
}
