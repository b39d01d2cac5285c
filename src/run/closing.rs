//! The second phase: the listing is over, and what became of records that are not listed is planned.

use super::index::Slot;
use super::listing::{Listed, Listing, UnlistedSoFar};
use super::planning::{Changed, Planning};
use super::renamed::Ends;
use super::report::Incomplete;
use super::summary::{Done, Summary};
use crate::audit::Situation;
use crate::failure::Failure;
use crate::id::ExternalId;
use crate::plan::Quarantined;
use crate::source::Next;

#[derive(Debug)]
pub(super) struct Closing {
    pub(super) planning: Planning,
    pub(super) summary: Summary,
    pub(super) unlisted: UnlistedSoFar,
    pub(super) ends: Ends,
    /// How many records were listed, each once, and what could be any.
    size: u64,
}

impl Closing {
    pub(super) fn of(listing: Listing, end: Next) -> Self {
        let Listed { planning, mut summary, unanswered, nameless, unlisted } = listing.over();
        // Where a page was lost and a record repeated, as when the source changes under the enumeration, lines add up.
        let size = planning.context.index.listed + nameless;
        summary.complete = matches!(end, Next::Complete { .. });
        summary.incomplete = incomplete(end, nameless, size);
        summary.unanswered = unanswered;
        let ends = Ends::new(summary.is_trusted());
        Self { planning, summary, unlisted, ends, size }
    }

    /// Whether the source listed something, and nothing of it could be read: that is the source's failure. Of one record that
    /// was asked for it is a word on that record.
    pub(super) fn has_read_nothing(&self) -> bool {
        let context = &self.planning.context;
        let malformed = |aside: &Quarantined| aside.situation == Situation::Malformed;
        let aside = &context.outcomes.quarantined;
        if context.run.only.is_some() || aside.is_empty() || !aside.iter().all(malformed) {
            return false;
        }
        let counts = context.outcomes.counts(&context.index);
        counts.processed == counts.quarantined && self.unlisted.gone.is_empty() && self.unlisted.moves.is_empty()
    }

    /// What the guards take for the size of the listing: in a part of one, what is gone was spoken of, too.
    pub(super) fn listed_in_all(&self) -> u64 {
        if self.summary.complete { self.size } else { self.size + self.unlisted.gone.len() as u64 }
    }

    pub(super) fn is_linked(&mut self, id: &ExternalId) -> bool {
        let slot = self.slot(id);
        self.planning.context.index.is_linked(slot)
    }

    pub(super) fn slot(&mut self, id: &ExternalId) -> Slot {
        self.planning.context.index.slot(id.as_str())
    }

    /// Sets aside what is said of a record, because its id is in doubt.
    pub(super) fn mistaken(&mut self, id: ExternalId, problem: String) {
        self.planning.set_aside(Quarantined::of(id, Situation::IdentityConflict, problem), &mut Changed::new());
    }

    pub(super) fn failed(self, failure: Failure) -> Done {
        self.summary.failed(self.planning.context, failure)
    }
}

/// Why a listing that was to be everything cannot be believed to be.
fn incomplete(end: Next, nameless: u64, size: u64) -> Option<Incomplete> {
    match end {
        Next::More(_) | Next::Partial => None,
        Next::BrokenOff { problem } => Some(Incomplete::BrokenOff { problem }),
        Next::Complete { .. } if nameless > 0 => Some(Incomplete::Unreadable { items: nameless }),
        Next::Complete { total } => {
            total.filter(|&stated| stated != size).map(|stated| Incomplete::Miscounted { stated, listed: size })
        }
    }
}
