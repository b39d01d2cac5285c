//! The numbers of verdicts, decisions and situations in a packed op. They are never stored, so their order may change.

use crate::audit::Situation;
use crate::detect::{Clash, LocalChange, RemoteChange, Verdict};
use crate::resolve::Decision;

/// The number of a value. An op with a value that has no number is not packed.
pub(super) fn code<T: PartialEq>(all: &[T], one: &T) -> Option<u8> {
    u8::try_from(all.iter().position(|known| known == one)?).ok()
}

pub(super) const VERDICTS: [Verdict; 17] = [
    Verdict::RemoteOnly(RemoteChange::Changed),
    Verdict::RemoteOnly(RemoteChange::Filled),
    Verdict::RemoteOnly(RemoteChange::Set),
    Verdict::RemoteOnly(RemoteChange::Cleared),
    Verdict::InSync,
    Verdict::Adopted,
    Verdict::Converged,
    Verdict::LocalOnly(LocalChange::Unbased),
    Verdict::LocalOnly(LocalChange::Set),
    Verdict::LocalOnly(LocalChange::Changed),
    Verdict::LocalOnly(LocalChange::Cleared),
    Verdict::Conflict(Clash::NoBase),
    Verdict::Conflict(Clash::BothSet),
    Verdict::Conflict(Clash::BothChanged),
    Verdict::Conflict(Clash::LocalCleared),
    Verdict::Conflict(Clash::RemoteCleared),
    Verdict::NotReported,
];

pub(super) const DECISIONS: [Decision; 7] = [
    Decision::TookRemote,
    Decision::Nothing,
    Decision::KeptLocal,
    Decision::Merged,
    Decision::HeldOpen,
    Decision::DriftReverted,
    Decision::Entered,
];

pub(super) const SITUATIONS: [Situation; 11] = [
    Situation::Linked,
    Situation::Unmatched,
    Situation::Reappeared,
    Situation::Missing,
    Situation::LocalDeleted,
    Situation::DeleteVsEdit,
    Situation::KeptActive,
    Situation::Rekeyed,
    Situation::Replaced,
    Situation::Stale,
    Situation::Found,
];
