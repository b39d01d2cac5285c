//! The order of the steps: listing, closing, writing, and back to the listing in streaming mode.

use super::{Committing, Fetching, Indexing, Loading, Purpose, Reading, Step, Stopped};
use crate::failure::Failure;
use crate::run::batches::Batches;
use crate::run::closing::Closing;
use crate::run::context::Context;
use crate::run::judging::{Judged, Judging};
use crate::run::listing::Listing;
use crate::run::summary::Done;
use crate::run::unlisted::{StillUnlisted, next_page};
use crate::run::writing::Writing;
use crate::source::Next;
use crate::store::{Op, Records};

/// A phase that has something to write.
#[derive(Debug)]
pub(super) enum Phase {
    /// The listing, in streaming mode, and where it goes on.
    Listing(Box<Listing>, Next),
    Writing(Box<Writing>),
}

impl Phase {
    pub(super) fn context(&self) -> &Context {
        match self {
            Self::Listing(listing, _) => &listing.planning.context,
            Self::Writing(writing) => &writing.context,
        }
    }

    pub(super) fn context_mut(&mut self) -> &mut Context {
        match self {
            Self::Listing(listing, _) => &mut listing.planning.context,
            Self::Writing(writing) => &mut writing.context,
        }
    }

    pub(super) fn processed(&self) -> u64 {
        self.context().processed()
    }

    /// How many ops of a stored plan are not looked at yet.
    pub(super) fn unchecked(&self) -> usize {
        match self {
            Self::Listing(..) => 0,
            Self::Writing(writing) => writing.unchecked(),
        }
    }

    pub(super) fn failed(self, failure: Failure) -> Done {
        match self {
            Self::Listing(listing, _) => listing.failed(failure),
            Self::Writing(writing) => writing.failed(failure),
        }
    }

    /// Plans the stale ops once more.
    pub(super) fn plan_again(&mut self, stale: Vec<Op>, records: Records) -> Vec<Op> {
        match self {
            Self::Listing(listing, _) => listing.planning.plan_again(&stale, records),
            Self::Writing(writing) => writing.plan_again(stale, records),
        }
    }

    /// The next step when nothing is left to write.
    fn go_on(self) -> Step {
        match self {
            Self::Listing(listing, next) => turn(listing, next),
            Self::Writing(writing) => check(writing),
        }
    }
}

/// After a page: the next one, or the end of the listing.
pub(super) fn turn(listing: Box<Listing>, next: Next) -> Step {
    match next {
        Next::More(cursor) => Step::Fetching(Fetching { listing, after: Some(cursor) }),
        _ if listing.only().is_some() => close(*listing, Next::Partial),
        end => close(*listing, end),
    }
}

pub(super) fn close(listing: Listing, end: Next) -> Step {
    let mut closing = Box::new(Closing::of(listing, end));
    if closing.has_read_nothing() {
        return Step::Done(closing.failed(Failure::Retry { after: None }));
    }
    let rest = closing.find_unlisted();
    load_unlisted(closing, rest)
}

pub(super) fn load_unlisted(closing: Box<Closing>, mut rest: StillUnlisted) -> Step {
    match next_page(&mut rest) {
        Some((wanted, page)) => Step::Loading(Loading { wanted, purpose: Purpose::Unlisted(closing, page, rest) }),
        None => judge(Judging::of(*closing)),
    }
}

fn judge(judging: Judging) -> Step {
    if judging.needs_population() {
        return Step::Indexing(Indexing { after: None, purpose: Reading::Population(Box::new(judging), 0) });
    }
    judged(judging.decide())
}

pub(super) fn judged(judged: Judged) -> Step {
    match judged {
        Judged::Done(done) => Step::Done(done),
        Judged::Stop(writing, plan, reasons) => Step::Stopped(Stopped { writing: Box::new(writing), plan, reasons }),
        Judged::Write(mut writing, plan) => {
            let ops = writing.start(plan);
            write(Phase::Writing(Box::new(writing)), Batches::of(ops))
        }
    }
}

/// The step after a batch: the next batch, then the stale ops, then the next phase.
pub(super) fn write(mut phase: Phase, mut batches: Batches) -> Step {
    if let Some((batch, plain)) = batches.next(phase.context_mut()) {
        return Step::Committing(Committing { phase, batch, plain, batches });
    }
    match batches.take_stale(phase.context_mut()) {
        Some((wanted, stale)) => Step::Loading(Loading { wanted, purpose: Purpose::Again(phase, stale) }),
        None => phase.go_on(),
    }
}

/// The next ops of a stored plan, or the end.
fn check(mut writing: Box<Writing>) -> Step {
    match writing.next_to_check() {
        Some((wanted, ops)) => Step::Loading(Loading { wanted, purpose: Purpose::Check(writing, ops) }),
        None => Step::Done(writing.done()),
    }
}
