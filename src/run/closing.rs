//! The second phase: the listing is over. Here a torn listing is judged, and the ends of unlisted records are planned.

use super::index::Slot;
use super::listing::{Listed, Listing, UnlistedSoFar};
use super::planning::{Changed, Planning};
use super::renamed::Ends;
use super::report::Incomplete;
use super::summary::{Done, Summary};
use crate::audit::Situation;
use crate::failure::Failure;
use crate::id::ExternalId;
use crate::plan::{AsideReason, Quarantined};
use crate::source::Next;

#[derive(Debug)]
pub(super) struct Closing {
    pub(super) planning: Planning,
    pub(super) summary: Summary,
    pub(super) unlisted: UnlistedSoFar,
    pub(super) ends: Ends,
    /// How many records were listed, each once, and how many items could be any record.
    size: u64,
}

impl Closing {
    pub(super) fn of(listing: Listing, end: Next) -> Self {
        let Listed { planning, mut summary, unanswered, nameless, left, unlisted } = listing.over();
        // If the source changes during the enumeration, one record can be lost and another repeated. The number of
        // lines is then right, so records are counted, each once.
        // One that says that it has left is a record of the listing all the same.
        let size = planning.context.index.listed + nameless + left;
        summary.complete = matches!(end, Next::Complete { .. });
        summary.incomplete = incomplete(end, nameless, size);
        summary.unanswered = unanswered;
        let ends = Ends::new(summary.is_trusted());
        Self { planning, summary, unlisted, ends, size }
    }

    /// Whether the source listed something and none of it could be read: that is a failure of the source. If a run
    /// asked for one record, it is a problem of that record alone.
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

    /// The size of the listing for the guards. In a partial listing the records that are gone count, too.
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

    /// Sets aside a record whose id is in doubt.
    pub(super) fn mistaken(&mut self, id: ExternalId, reason: &AsideReason) {
        self.planning.set_aside(Quarantined::of(id, Situation::IdentityConflict, reason.said()), &mut Changed::new());
    }

    pub(super) fn failed(self, failure: Failure) -> Done {
        self.summary.failed(self.planning.context, failure)
    }
}

/// Why a listing that should be complete cannot be trusted to be.
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
