//! The plan is judged, and written batch by batch.

use super::core::{Core, Purpose};
use super::matched::said_by_the_source;
use super::options::Key;
use super::report::Unwritten;
use super::step::Reading;
use super::{Committing, Indexing, Loading, Step, Stopped};
use crate::plan::{Blocked, Figures, Plan, Tally};
use crate::source::Next;
use crate::store::{Action, Batch, LoadRequest, Op, OpOutcome, hide};

/// What comes after the batches under way.
#[derive(Debug)]
pub(super) struct After {
    pub(super) next: Then,
    stale: Vec<Op>,
    again: bool,
}

#[derive(Debug)]
pub(super) enum Then {
    /// More of the listing, in streaming mode.
    Listing(Next),
    /// More of a stored plan.
    Plan(Vec<Op>),
    /// The end.
    End,
}

impl After {
    pub(super) fn new(next: Then) -> Self {
        Self { next, stale: Vec::new(), again: false }
    }

    /// How many ops of a stored plan come after the batches under way.
    pub(super) fn remaining(&self) -> usize {
        match &self.next {
            Then::Plan(rest) => rest.len(),
            Then::Listing(_) | Then::End => 0,
        }
    }
}

impl Core {
    pub(super) fn judge(mut self: Box<Self>) -> Step {
        self.settle_claims();
        self.hold_ends();
        let mut ops: Vec<Op> = std::mem::take(&mut self.ops).into_values().collect();
        ops.append(&mut self.last);
        let figures = Figures {
            population: self.index.population,
            listed: self.listed_in_all(),
            quarantined: self.quarantined_tally(),
            ..Figures::of(self.run.policy.schema(), &ops, &self.noted)
        };
        let quarantined = self.quarantined.clone();
        let plan = Plan {
            schema: self.run.policy.schema().clone(),
            policy: self.run.policy.fingerprint(),
            ops,
            quarantined,
            made_after: self.run.made_after.clone(),
        };
        if self.run.only.is_some() && self.run.guards.could_stop(&figures) {
            let purpose = Reading::Population(Box::new((plan, figures)), 0);
            return Step::Indexing(Indexing { core: self, after: None, purpose });
        }
        self.decide(plan, figures)
    }

    pub(super) fn decide(mut self: Box<Self>, mut plan: Plan, figures: Figures) -> Step {
        let guards = &self.run.guards;
        let reasons = if self.streams() { guards.judge_leaving(&figures) } else { guards.judge(&figures) };
        // Before the plan has an id: with the plan, what it drops is approved for good.
        std::mem::take(&mut self.noted.dropped).mark(self.run.policy.schema(), &mut plan.ops, &reasons);
        if !reasons.is_empty() && self.run.approved != Some(plan.id()) {
            return Step::Stopped(Stopped { core: self, plan, reasons });
        }
        if self.run.dry {
            return Step::Done(self.planned(plan, Vec::new()));
        }
        self.commit_plan(plan)
    }

    fn quarantined_tally(&self) -> Tally {
        let tally = self.run.approved_aside.beside(&self.quarantined);
        // A record that is set aside twice is one record.
        Tally { count: tally.count.min(self.counts.quarantined - self.counts.proposed), ..tally }
    }

    pub(super) fn commit_plan(mut self: Box<Self>, plan: Plan) -> Step {
        self.judged = (!self.streams()).then(|| plan.id());
        if self.run.dry {
            return Step::Done(self.planned(plan, Vec::new()));
        }
        if self.stored {
            return self.check(plan.ops);
        }
        self.commit(plan.ops, After::new(Then::End))
    }

    pub(super) fn apply(self, plan: Plan) -> Step {
        let mut core = Box::new(self);
        if plan.policy != core.run.policy.fingerprint() {
            let reason = Blocked::OtherPolicy { expected: core.run.policy.fingerprint(), found: plan.policy };
            return Step::Done(core.planned(plan, vec![reason]));
        }
        core.counts.processed = plan.ops.iter().filter(|op| op.remote.is_some()).count() as u64;
        core.counts.processed += plan.quarantined.len() as u64;
        core.counts.quarantined = plan.quarantined.len() as u64;
        core.counts.proposed = plan.quarantined.iter().filter(|aside| aside.is_proposal()).count() as u64;
        core.quarantined.clone_from(&plan.quarantined);
        core.claim_again(&plan);
        core.stored = true;
        core.commit_plan(plan)
    }

    pub(super) fn commit(self: Box<Self>, mut ops: Vec<Op>, mut after: After) -> Step {
        if !ops.is_empty() {
            let rest = ops.split_off(ops.len().min(self.run.batch));
            let plain = hide(self.run.policy.schema(), self.run.audit_key.as_ref().map(Key::hash), &mut ops);
            let batch = Batch {
                run: self.run.id.clone(),
                at: self.run.at,
                schema: self.run.policy.schema().fingerprint(),
                policy: self.run.policy.fingerprint(),
                ops,
            };
            return Step::Committing(Committing { core: self, batch, plain, rest, after });
        }
        let stale = std::mem::take(&mut after.stale);
        if !stale.is_empty() {
            let ids = stale.iter().flat_map(|op| op.rekeyed.iter().chain([&op.id])).cloned().collect();
            let near = self.near(stale.iter().filter_map(said_by_the_source).collect::<Vec<_>>().iter());
            after.again = true;
            return Step::Loading(Loading {
                core: self,
                wanted: LoadRequest { ids, near },
                purpose: Purpose::Again(stale, after),
            });
        }
        match after.next {
            Then::Listing(next) => self.turn(next),
            Then::Plan(rest) => self.check(rest),
            Then::End => Step::Done(self.done()),
        }
    }

    pub(super) fn committed(
        mut self: Box<Self>,
        ops: Vec<Op>,
        outcomes: Vec<OpOutcome>,
        rest: Vec<Op>,
        mut after: After,
    ) -> Step {
        let mut outcomes = outcomes.into_iter();
        for op in ops {
            let outcome =
                outcomes.next().unwrap_or_else(|| OpOutcome::Failed { problem: "no outcome was given".into() });
            match outcome {
                OpOutcome::Applied { .. } => {
                    // The id of a plan that was judged is known; only a stream has none until now.
                    if self.judged.is_none() {
                        self.hash.add(self.run.policy.schema(), &op);
                    }
                    if let Action::Create(_) = op.action {
                        self.index.make(op.id.as_str());
                    }
                    self.counts.add(&op);
                }
                // Nothing was to be written, and the next run looks again.
                OpOutcome::Stale if op.is_silent() => self.counts.unchanged += u64::from(op.remote.is_some()),
                OpOutcome::Stale if !after.again => after.stale.push(op),
                OpOutcome::Stale => {
                    self.counts.skipped += 1;
                    let problem = "changed here twice while it was being written".to_owned();
                    self.unwritten.push(Unwritten { id: op.id, problem });
                }
                OpOutcome::Failed { problem } => {
                    self.counts.failed += 1;
                    self.unwritten.push(Unwritten { id: op.id, problem });
                }
            }
        }
        self.commit(rest, after)
    }
}
