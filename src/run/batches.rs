//! Ops on their way to the store, batch by batch. A stale op is planned once more; if it is stale again, it is skipped.

use std::vec::IntoIter;

use super::context::Context;
use super::options::Key;
use super::record::said_by_the_source;
use crate::plan::{PackedOps, Unpacked};
use crate::source::RemoteRecord;
use crate::store::{Action, Batch, LoadRequest, Op, OpOutcome, Plain, hide};

/// So many ops are made ready at a time, and as many outcomes counted: the answer of a store waits no longer.
const AT_A_TIME: usize = 20;

#[derive(Debug)]
pub(super) struct Batches {
    /// The first of the next ops.
    ready: Vec<Op>,
    rest: Unpacked,
    /// The ops of the batch before, and their outcomes. They are counted and freed while the store carries out the next one.
    over: IntoIter<Op>,
    outcomes: IntoIter<OpOutcome>,
    stale: Vec<Op>,
    attempt: Attempt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    First,
    Second,
}

impl Batches {
    pub(super) fn of(ops: impl Into<PackedOps>) -> Self {
        let (over, outcomes) = (Vec::new().into_iter(), Vec::new().into_iter());
        let (ready, rest, stale) = (Vec::new(), ops.into().into_iter(), Vec::new());
        Self { ready, rest, over, outcomes, stale, attempt: Attempt::First }
    }

    /// The stale ops, after they were planned once more.
    pub(super) fn again(ops: Vec<Op>) -> Self {
        Self { attempt: Attempt::Second, ..Self::of(ops) }
    }

    pub(super) fn remaining(&self) -> usize {
        self.ready.len() + self.rest.len()
    }

    /// Makes some ops of the next batch ready. Returns whether there were any.
    pub(super) fn prepare(&mut self, context: &mut Context) -> bool {
        self.settle(AT_A_TIME, context);
        let count = context.run.batch.saturating_sub(self.ready.len()).min(AT_A_TIME);
        self.make_ready(count, context)
    }

    /// The next batch, and the plain entries of each op whose entries have stand-ins.
    pub(super) fn next(&mut self, context: &mut Context) -> Option<(Batch, Plain)> {
        let mut ops = self.take(context.run.batch, context);
        let run = &context.run;
        let plain = hide(run.policy.schema(), run.audit_key.as_ref().map(Key::hash), &mut ops);
        let batch = Batch {
            run: run.id.clone(),
            at: run.at,
            schema: run.policy.schema().fingerprint(),
            policy: run.policy.fingerprint(),
            ops,
        };
        (!batch.ops.is_empty()).then_some((batch, plain))
    }

    fn take(&mut self, at_most: usize, context: &mut Context) -> Vec<Op> {
        self.make_ready(at_most.saturating_sub(self.ready.len()), context);
        std::mem::take(&mut self.ready)
    }

    /// Makes so many more ops ready. Whatever becomes of them, they are part of the plan.
    fn make_ready(&mut self, count: usize, context: &mut Context) -> bool {
        let before = self.ready.len();
        self.ready.extend(self.rest.by_ref().take(count));
        let more = &self.ready[before..];
        if self.attempt == Attempt::First {
            more.iter().for_each(|op| context.outcomes.planned(context.run.policy.schema(), op));
        }
        !more.is_empty()
    }

    /// The run ends before the rest is written.
    pub(super) fn give_up(mut self, context: &mut Context) {
        self.settle(usize::MAX, context);
        while !self.take(context.run.batch, context).is_empty() {}
    }

    /// Takes the outcomes of a batch.
    pub(super) fn answered(&mut self, context: &mut Context, ops: Vec<Op>, outcomes: Vec<OpOutcome>) {
        self.settle(usize::MAX, context);
        (self.over, self.outcomes) = (ops.into_iter(), outcomes.into_iter());
    }

    /// Counts so many outcomes.
    fn settle(&mut self, at_most: usize, context: &mut Context) {
        for op in self.over.by_ref().take(at_most) {
            // A store that answers for too few ops must not lose one in silence.
            let missing = || OpOutcome::Failed { problem: "no outcome was given".into() };
            match self.outcomes.next().unwrap_or_else(missing) {
                OpOutcome::Applied { .. } => {
                    if let Action::Create(_) = op.action {
                        context.index.make(op.id.as_str());
                    }
                    context.outcomes.applied(context.run.policy.schema(), &op);
                }
                // A silent op writes no field, so nothing is lost: the next run looks at the record again.
                OpOutcome::Stale if op.is_silent() => context.outcomes.unchanged(&op),
                OpOutcome::Stale if self.attempt == Attempt::First => self.stale.push(op),
                OpOutcome::Stale => context.outcomes.skipped(op.id, "changed here twice while it was being written"),
                OpOutcome::Failed { problem } => context.outcomes.failed(op.id, problem),
            }
        }
    }

    /// The stale ops, and the request to load their records.
    pub(super) fn take_stale(&mut self, context: &mut Context) -> Option<(LoadRequest, Vec<Op>)> {
        self.settle(usize::MAX, context);
        let stale = std::mem::take(&mut self.stale);
        let ids = stale.iter().flat_map(|op| op.rekeyed.iter().chain([&op.id])).cloned().collect();
        let remotes: Vec<RemoteRecord> = stale.iter().filter_map(said_by_the_source).collect();
        (!stale.is_empty()).then(|| (LoadRequest { ids, near: context.near(remotes.iter()) }, stale))
    }
}
