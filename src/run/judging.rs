//! Judging: the guards block a plan, or let it pass, before anything is written. A stored plan was judged when it was
//! made.

use super::closing::Closing;
use super::context::Context;
use super::options::{Mode, Run};
use super::renamed::Ends;
use super::scope::Scope;
use super::summary::{Done, Summary};
use super::writing::{Whose, Writing};
use crate::failure::Failure;
use crate::matching::Claims;
use crate::plan::{Blocked, Figures, Noted, PackedOps, Plan, Tally};
use crate::store::{Action, Precondition};

/// A plan that is not judged yet.
#[derive(Debug)]
pub(super) struct Judging {
    writing: Writing,
    plan: Plan,
    figures: Figures,
    noted: Noted,
}

/// What is done with a plan.
#[derive(Debug)]
pub(super) enum Judged {
    /// It is written.
    Write(Writing, Plan),
    /// A person is asked.
    Stop(Writing, Plan, Vec<Blocked>),
    /// It is not carried out: the run is dry, or the plan cannot be carried out.
    Done(Done),
}

impl Judging {
    pub(super) fn of(closing: Closing) -> Self {
        let listed = closing.listed_in_all();
        let Closing { mut planning, mut summary, mut ends, .. } = closing;
        let claims = planning.settle_claims(&mut ends);
        let mut ops = planning.take_ops();
        let (ended, waiting) = ends.take();
        ops.extend(ended);
        summary.held_ends = waiting;
        let (context, noted) = (planning.context, planning.noted);
        let run = &context.run;
        let figures = Figures {
            population: context.index.population,
            listed,
            quarantined: quarantined_tally(&context),
            ..Figures::of(run.policy.schema(), ops.heads(), &noted)
        };
        let aside = context.outcomes.quarantined.clone();
        let (schema, policy) = (run.policy.schema().clone(), run.policy.fingerprint());
        let plan = Plan::new(schema, policy, ops, aside, run.made_after.clone());
        Self { writing: Writing { context, summary, ends, claims, plan: Whose::Own }, plan, figures, noted }
    }

    /// Whether the guards need the number of active records, which a run of some records has not read.
    pub(super) fn needs_population(&self) -> bool {
        let run = &self.writing.context.run;
        run.only.is_some() && run.guards.could_stop(&self.figures)
    }

    /// Sets how many records are active here.
    pub(super) fn within(self, active: u64) -> Self {
        Self { figures: self.figures.within(active), ..self }
    }

    pub(super) fn decide(mut self) -> Judged {
        let context = &self.writing.context;
        let guards = &context.run.guards;
        // In streaming mode everything except ends and links is written already.
        let reasons = if context.streams() { guards.judge_leaving(&self.figures) } else { guards.judge(&self.figures) };
        // The marks come before the plan gets its id, so that approving the plan approves the dropped values for good.
        self.plan.mark(&self.noted.dropped, &reasons);
        if !reasons.is_empty() && context.run.approved != Some(self.plan.id()) {
            return Judged::Stop(self.writing, self.plan, reasons);
        }
        carry_out(self.writing, self.plan)
    }

    pub(super) fn processed(&self) -> u64 {
        self.writing.context.processed()
    }

    pub(super) fn failed(self, failure: Failure) -> Done {
        self.writing.failed(failure)
    }
}

/// The plan may be written.
pub(super) fn carry_out(mut writing: Writing, plan: Plan) -> Judged {
    if writing.context.run.dry {
        return Judged::Done(writing.planned(plan, Vec::new()));
    }
    let Context { run, outcomes, .. } = &mut writing.context;
    match (&writing.plan, plan.known_id()) {
        (Whose::Own, _) if run.mode == Mode::Streaming => {}
        (Whose::Own, None) => outcomes.judged_unnamed(&run.policy),
        (_, known) => outcomes.judged(known.unwrap_or_else(|| plan.id())),
    }
    Judged::Write(writing, plan)
}

fn quarantined_tally(context: &Context) -> Tally {
    if context.outcomes.quarantined.is_empty() {
        return Tally::default();
    }
    let counts = context.outcomes.counts(&context.index);
    let tally = context.run.approved_aside.beside(&context.outcomes.quarantined);
    // A record that is set aside twice is one record.
    Tally { count: tally.count.min(counts.quarantined - counts.proposed), ..tally }
}

/// A stored plan is carried out, if it was made under the same policy.
pub(super) fn apply(run: Run, plan: Plan) -> Judged {
    let (expected, found) = (run.policy.fingerprint(), plan.policy);
    let (summary, context) = (Summary::of_plan(&run), Context::new(run));
    let (ends, claims) = (Ends::new(false), Claims::default());
    let mut writing = Writing { context, summary, ends, claims, plan: Whose::Stored(PackedOps::default().into_iter()) };
    if found != expected {
        writing.summary.scope = Scope::of(writing.context.run.only.as_deref());
        return Judged::Done(writing.planned(plan, vec![Blocked::OtherPolicy { expected, found }]));
    }
    writing.count_stated(&plan);
    writing.claim_again(&plan);
    carry_out(writing, plan)
}

impl Writing {
    /// Counts the records of a stored plan as listed: each has an op or is set aside.
    fn count_stated(&mut self, plan: &Plan) {
        for op in plan.ops.heads().filter(|op| op.remote.is_some()) {
            self.context.index.list(op.id.as_str(), op.version, op.seen.unwrap_or_default());
        }
        self.context.outcomes.set_aside_by_plan(&plan.quarantined);
    }

    /// Restores the claims of a stored plan.
    fn claim_again(&mut self, plan: &Plan) {
        for aside in &plan.quarantined {
            if let (Some(id), Some(answer)) = (&aside.id, &aside.matched) {
                self.claims.claim(id, answer.locals());
            }
        }
        for op in plan.ops.heads() {
            if let Precondition::Free { local, .. } = &op.expect {
                self.claims.claim(&op.id, std::slice::from_ref(local));
            }
        }
        // A key that more than a few creations of the plan share names no candidate, as in the run that made the plan.
        let created = plan.ops.heads().filter(|op| matches!(op.action, Action::Create(_)));
        if let Some(rules) = &self.context.run.rules {
            self.context.crowds.add_shared(rules, created.filter_map(|op| op.remote));
        }
    }
}
