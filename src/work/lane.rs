//! Lanes: due keys are listed in separate shards by what they wait for, so that jobs behind a shut gate delay nothing.

use xxhash_rust::xxh3::xxh3_64;

use crate::gate::Turn;
use crate::jobs::{Shard, StoreKey};
use crate::queue::{Slot, State};

/// The list in which a due key stands. Earlier versions listed all keys as [`Ungated`](Self::Ungated).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    /// Leases, schedules, and attempts that the history does not have yet: no gate keeps them waiting.
    Ungated,
    /// Waiting jobs that a person or a message has asked for.
    Urgent,
    /// Waiting jobs that only a schedule has asked for.
    Scheduled,
}

/// The first shard from above in which jobs wait; no worker looks at the one above it. The shards of urgent and of
/// scheduled jobs take turns downwards, so that a queue that is divided into more parts finds what was listed before.
const TOP: u16 = u16::MAX - 1;

/// Into how many parts each lane of waiting jobs is divided: few, for a tick reads a page of each.
fn parts(shards: u16) -> u16 {
    shards.max(1).div_ceil(8).min((u16::MAX - shards.max(1)) / 2)
}

/// The kind of a slot's waiting job.
pub(super) fn kind_of(slot: &Slot) -> Turn {
    if slot.is_urgent() { Turn::Urgent } else { Turn::Scheduled }
}

impl Lane {
    /// The lane of a slot.
    pub(super) fn of(slot: &Slot) -> Self {
        match &slot.state {
            State::Pending { .. } if slot.unflushed.is_empty() => Self::of_kind(kind_of(slot)),
            _ => Self::Ungated,
        }
    }

    /// The lane of waiting jobs of a kind.
    pub(super) fn of_kind(kind: Turn) -> Self {
        match kind {
            Turn::Urgent => Self::Urgent,
            Turn::Scheduled => Self::Scheduled,
        }
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

    /// The shards of this lane. Callers with different seeds begin with different ones.
    pub(super) fn shards(self, shards: u16, seed: u64) -> impl Iterator<Item = Shard> {
        let (count, top) = match self {
            Self::Ungated => (shards.max(1), None),
            Self::Urgent => (parts(shards), Some(TOP)),
            Self::Scheduled => (parts(shards), Some(TOP - 1)),
        };
        (0..u64::from(count)).map(move |step| {
            let part = ((seed % u64::from(count) + step) % u64::from(count)) as u16;
            Shard(top.map_or(part, |top| top - 2 * part))
        })
    }
}
