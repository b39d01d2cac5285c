//! Lanes: where due keys are listed, so that what cannot start now stands in front of nobody.

use xxhash_rust::xxh3::xxh3_64;

use crate::jobs::{Shard, StoreKey};
use crate::queue::{Slot, State};

/// Among which due keys one is listed. Earlier versions listed all of them as [`Ungated`](Self::Ungated).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    /// Leases, schedules, attempts that the history does not have yet: whatever no gate keeps waiting.
    Ungated,
    /// Jobs that wait, and that somebody waits for.
    Urgent,
    /// Jobs that wait because a schedule wants them.
    Scheduled,
}

/// The first shard from above in which jobs wait; no worker looks at the one above it. Urgent and scheduled ones take turns downwards, so that a queue that is
/// divided into more parts finds what was listed before.
const TOP: u16 = u16::MAX - 1;

/// Into how many parts each lane of waiting jobs is divided: few, for a tick reads a page of each.
fn parts(shards: u16) -> u16 {
    shards.max(1).div_ceil(8).min((u16::MAX - shards.max(1)) / 2)
}

impl Lane {
    /// The lane of a slot.
    pub(super) fn of(slot: &Slot) -> Self {
        match &slot.state {
            State::Pending { .. } if slot.unflushed.is_empty() => Self::urgent(slot.is_urgent()),
            _ => Self::Ungated,
        }
    }

    pub(super) fn urgent(urgent: bool) -> Self {
        if urgent { Self::Urgent } else { Self::Scheduled }
    }

    /// The shard of a key in this lane, of a queue with so many: the same in every process. Where so many leave no room
    /// for lanes, all stand in one.
    pub(super) fn shard(self, key: &StoreKey, shards: u16) -> Shard {
        let hash = xxh3_64(key.as_str().as_bytes());
        let part = |of: u16| (hash % u64::from(of.max(1))) as u16;
        match (self, parts(shards)) {
            (Self::Ungated, _) | (_, 0) => Shard(part(shards)),
            (Self::Urgent, parts) => Shard(TOP - 2 * part(parts)),
            (Self::Scheduled, parts) => Shard(TOP - 1 - 2 * part(parts)),
        }
    }

    /// The shards of this lane, beginning with one of the caller's own.
    pub(super) fn shards(self, shards: u16, own: u64) -> impl Iterator<Item = Shard> {
        let (count, top) = match self {
            Self::Ungated => (shards.max(1), None),
            Self::Urgent => (parts(shards), Some(TOP)),
            Self::Scheduled => (parts(shards), Some(TOP - 1)),
        };
        (0..u64::from(count)).map(move |step| {
            let part = ((own % u64::from(count) + step) % u64::from(count)) as u16;
            Shard(top.map_or(part, |top| top - 2 * part))
        })
    }
}
