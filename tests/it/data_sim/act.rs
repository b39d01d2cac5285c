//! What happens in the world, one thing at a time, each small enough to be written down in a test.

use super::source::Look;
use super::words::{Way, Words};

/// How a world begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Setup {
    /// How each source is decided; the second is there in every other world.
    pub(super) ways: [Way; 2],
    pub(super) two: bool,
    /// Whether the sources count versions.
    pub(super) counts: bool,
    pub(super) missing_after: u8,
}

/// How a run is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct How {
    pub(super) streaming: bool,
    pub(super) batch: u8,
    /// With guards that let nothing pass, and whether somebody approves what they stop.
    pub(super) guarded: Option<bool>,
    /// With a guard that lets this share of the register be deactivated, in percent.
    pub(super) share: Option<u8>,
    /// Only the records whose bits are set; 0 is all.
    pub(super) only: u32,
}

impl How {
    pub(super) const PLAIN: Self = Self { streaming: false, batch: 2, guarded: None, share: None, only: 0 };

    /// Whether it is a run of a record.
    pub(super) fn is_of(&self, id: u32) -> bool {
        self.only == 0 || self.only & (1 << id) != 0
    }
}

/// Where a call of the store breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// Before it was carried out.
    Before,
    /// After it was; the answer is lost.
    After,
    /// After so many ops of a batch.
    Within(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// A source has a record from now on, or has it otherwise.
    Says {
        source: u8,
        id: u8,
        words: Words,
    },
    Drops {
        source: u8,
        id: u8,
    },
    Moves {
        source: u8,
        from: u8,
        to: u8,
    },
    /// A source calls a record otherwise, and does not say so; or it spells its id otherwise.
    Renames {
        source: u8,
        from: u8,
        to: u8,
        spelled: bool,
    },
    /// A source hands an id to somebody.
    Hands {
        source: u8,
        id: u8,
        whom: u8,
    },
    /// A source lists an older version of a record.
    GoesBack {
        source: u8,
        id: u8,
    },
    /// A user enters a record, and links it by hand to an id of each source.
    Joins {
        words: Words,
        ids: [u8; 2],
    },
    Edits {
        person: u8,
        column: u8,
        word: u8,
    },
    Removes {
        person: u8,
    },
    TakesBack {
        person: u8,
    },
    /// A person answers an open conflict: 0 keeps, 1 takes the source's value, else enters one.
    Decides {
        source: u8,
        which: u8,
        answer: u8,
    },
    /// A person says whether two are the same, as the last run asked.
    Answers {
        source: u8,
        which: u8,
        same: bool,
    },
    /// A person brings back a value from the audit.
    Restores {
        which: u8,
    },
    /// A schema or policy takes the place of another.
    Policy {
        source: u8,
        way: Way,
    },
    Starts {
        slot: u8,
        source: u8,
        look: Look,
        how: How,
    },
    Steps {
        slot: u8,
        times: u8,
        refusing: bool,
    },
    Crashes {
        slot: u8,
        at: Break,
    },
    /// A plan is made, stored and read.
    Plans {
        source: u8,
        look: Look,
    },
    /// And carried out, perhaps long after.
    Applies {
        slot: u8,
    },
    /// P9, on a copy of the world: a run that breaks at one call, and another; beside one that does not break.
    Twin {
        source: u8,
        look: Look,
        how: How,
        call: u8,
        at: Break,
    },
    /// P5, on a copy: a listing that says anything of who is gone and who moved, whether or not it can be, read twice.
    Again {
        source: u8,
        look: Look,
        gone: Option<(u8, u8)>,
        moves: [(u8, u8); 2],
        told: u8,
    },
    /// P13, on two copies: a whole run, and runs of some records each.
    Parts {
        source: u8,
        size: u8,
        turn: u8,
    },
    /// P6, on two copies: the same listing in another order, on other pages, partly twice.
    Order {
        source: u8,
        size: u8,
        turn: u8,
        twice: u8,
    },
}

impl Act {
    /// Whether a person does it, here.
    pub(super) fn is_a_persons(&self) -> bool {
        matches!(
            self,
            Self::Joins { .. }
                | Self::Edits { .. }
                | Self::Removes { .. }
                | Self::TakesBack { .. }
                | Self::Decides { .. }
                | Self::Answers { .. }
                | Self::Restores { .. }
        )
    }
}
