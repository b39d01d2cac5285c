//! Runs: they begin, go on step by step, and break off.

use std::rc::Rc;

use tripartite::matching::{MatchRule, Trust};
use tripartite::plan::{Guards, Limit, Plan};
use tripartite::run::{Done, Mode, Report, Run, RunOutcome, Step};
use tripartite::source::{Next, Page};
use tripartite::store::{Action, Batch, LoadRequest, OpOutcome, Records};

use super::wrote::Wrote;
use super::{World, at_noon};
use crate::data_sim::act::{Break, How};
use crate::data_sim::asked::{Read, one_question, questions};
use crate::data_sim::laws::{Broken, Checked, Commit, at_rest, committed, law};
use crate::data_sim::source::{Look, Sent};
use crate::data_sim::store::{Carried, Fault, Link, State};
use crate::data_sim::words::{COLUMNS, Frame, IDS, WHO, id, number};
use crate::support::run_id;

/// A run under way.
pub(super) struct Running {
    pub(super) source: usize,
    pub(super) frame: Rc<Frame>,
    pub(super) step: Step,
    pub(super) sent: Sent,
    pub(super) how: How,
    pub(super) stopped: bool,
    pub(super) applies: bool,
    pub(super) wrote: Wrote,
    /// How many commits there had been when it began, and how many of them it made itself.
    pub(super) began: u64,
    pub(super) commits: u64,
    /// How often anybody had done anything then.
    pub(super) done: u64,
    /// How many were active then, and had been in step.
    pub(super) population: u64,
    /// What was here then, where it is asked who somebody is.
    pub(super) before: Option<State>,
}

/// How far a run went.
#[expect(clippy::large_enum_variant, reason = "a run is over once, and is looked at where it ends")]
pub(super) enum Flow {
    On(Box<Running>),
    Over(Box<Report>, Option<Plan>, Wrote),
    /// Nobody knows; whoever drove it is gone.
    Lost,
}

impl World {
    pub(super) fn run(&self, frame: &Frame, how: How) -> Run {
        let guards = Guards::default().deactivations(Limit::NONE).emptied(Limit::NONE).names(Limit::NONE);
        let guards = guards.takeovers(Limit::NONE).quarantined(Limit::NONE).allow_empty();
        let nothing = Limit::NONE.absolute(0);
        let guards = match (how.guarded, how.share) {
            (Some(_), _) => guards.updates(nothing).deactivations(nothing),
            (None, Some(share)) => guards.deactivations(Limit::percent(share)),
            _ => guards,
        };
        let run = Run::new(frame.policy.clone(), run_id("night"), at_noon()).guards(guards);
        let run = run.batch(usize::from(how.batch)).missing_after(u32::from(self.setup.missing_after));
        let run = run.mode(if how.streaming { Mode::Streaming } else { Mode::Planned });
        let only = (0..IDS).filter(|at| how.is_of(*at)).map(id);
        let run = if frame.tells { run.matching([by_who()]).unwrap() } else { run };
        if how.only == 0 { run } else { run.only(only) }
    }

    pub(super) fn begin(&mut self, source: usize, sent: Sent, how: How) -> Box<Running> {
        let frame = self.frame(source);
        let run = self.run(&frame, how);
        self.made += 1;
        let mut sent = sent;
        sent.is_whole &= how.only == 0;
        self.running(source, frame, run.start(), sent, how)
    }

    pub(super) fn running(&self, source: usize, frame: Rc<Frame>, step: Step, sent: Sent, how: How) -> Box<Running> {
        let before = frame.tells.then(|| self.ground.state.clone());
        Box::new(Running {
            source,
            frame,
            step,
            sent,
            how,
            stopped: false,
            applies: false,
            wrote: Wrote::default(),
            began: self.commits,
            commits: 0,
            done: self.done,
            population: self.population(source),
            before,
        })
    }

    /// Who is active here, and was in step once.
    fn population(&self, source: usize) -> u64 {
        let state = &self.ground.state;
        let links = state.links[source].values();
        let is_active = |link: &&Link| !link.away && link.synced.is_some() && !state.people[link.person].removed;
        links.filter(is_active).count() as u64
    }

    /// What a guard held back of some records is open: whole runs do it, on a copy.
    fn held(&self, source: usize) -> Checked {
        let (mut world, mut aside) = (self.aside(), Vec::new());
        world.sources[source].comes_to_rest();
        for _ in 0..=self.setup.missing_after {
            let sent = world.listing(source, Look::WHOLE);
            let Some((report, _)) = world.whole(source, sent, How::PLAIN)? else { return Ok(()) };
            if report.outcome == RunOutcome::Failed {
                return Ok(());
            }
            aside = report.set_aside.iter().filter_map(|it| it.id.as_ref().map(number)).collect();
            aside.extend(world.sources[source].who_moved_to(&aside));
        }
        at_rest(&world.ground.state, source, &self.frame(source), &world.sources[source], &aside)
            .map_err(|Broken { law, what }| Broken { law: "held", what: format!("{law}: {what}") })
    }

    pub(super) fn listing(&mut self, source: usize, look: Look) -> Sent {
        let frame = self.frame(source);
        self.sources[source].listing(&frame, look)
    }

    pub(super) fn starts(&mut self, slot: usize, source: usize, look: Look, how: How) {
        if self.runs[slot].is_none() {
            let sent = self.listing(source, look);
            self.runs[slot] = Some(self.begin(source, sent, how));
        }
    }

    pub(super) fn steps(&mut self, slot: usize, times: u8, refusing: bool) -> Checked {
        for _ in 0..times {
            let Some(running) = self.runs[slot].take() else { return Ok(()) };
            let carried = if refusing { Carried::Refusing } else { Carried::Whole };
            if let Flow::On(running) = self.step(running, carried)? {
                self.runs[slot] = Some(running);
            }
        }
        Ok(())
    }

    pub(super) fn crashes(&mut self, slot: usize, at: Break) -> Checked {
        match self.runs[slot].take() {
            Some(running) => self.breaks(running, at),
            None => Ok(()),
        }
    }

    /// The process dies at the next call.
    pub(super) fn breaks(&mut self, running: Box<Running>, at: Break) -> Checked {
        let Running { source, frame, step, sent, how, stopped, .. } = *running;
        let Step::Committing(committing) = step else { return Ok(()) };
        let most = match at {
            Break::Before => 0,
            Break::After => committing.request().ops.len(),
            Break::Within(most) => usize::from(most) % (committing.request().ops.len() + 1),
        };
        approved(stopped, how)?;
        self.commit(source, &frame, committing.request(), Carried::Part(most), Some(&sent)).map(drop)
    }

    pub(super) fn step(&mut self, running: Box<Running>, carried: Carried) -> Result<Flow, Broken> {
        let Running { source, frame, step, sent, how, applies, began, done, population, before, .. } = *running;
        let (mut stopped, mut wrote, mut commits) = (running.stopped, running.wrote, running.commits);
        let step = match step {
            Step::Indexing(s) => {
                let mut page = self.ground.index(source, s.request());
                if self.fault() == Fault::MeasuresByItself {
                    page.entries.retain(|entry| how.is_of(number(&entry.id)));
                }
                s.resume(page)
            }
            Step::Fetching(s) => match sent.page(s.request()) {
                Some(page) => s.resume(self.trusted(page)),
                None => return Ok(Flow::Lost),
            },
            Step::Loading(s) => {
                let loaded = self.load(source, &frame, s.request());
                s.resume(loaded)
            }
            Step::Committing(s) => {
                approved(stopped, how)?;
                let outcomes = self.commit(source, &frame, s.request(), carried, Some(&sent))?;
                wrote.add(s.request(), &outcomes);
                commits += 1;
                s.resume(outcomes)
            }
            Step::Stopped(s) => {
                law("P10", how.streaming || wrote.ops == 0, || "a blocked plan was written in part".to_owned())?;
                stopped = true;
                let alone = self.commits == began && self.done == done;
                held_back(alone, how, s.plan(), population)?;
                let plan = s.plan().id();
                if how.guarded == Some(true) || self.fault() == Fault::ApprovesItself {
                    s.approve(plan)
                } else {
                    self.refused(source, s.plan(), alone && how.only != 0 && !applies)?;
                    Step::Done(s.finish())
                }
            }
            Step::Done(Done { report, plan, .. }) => {
                let alone = self.commits == began + commits && plan.is_none() && !applies;
                self.counted(source, &report, &wrote, how, alone)?;
                let undisturbed = alone && self.done == done;
                kept_within(undisturbed && !stopped && !how.streaming, how, wrote.deactivated, population)?;
                if let Some(before) = before.as_ref().filter(|_| undisturbed) {
                    let after = &self.ground.state;
                    one_question(&Read { source, frame: &frame, sent: &sent, how, report: &report, before, after })?;
                }
                if plan.is_none() && !applies && how.only == 0 {
                    self.heard(source, &report, &sent, &wrote);
                }
                return Ok(Flow::Over(Box::new(report), plan, wrote));
            }
        };
        Ok(Flow::On(Box::new(Running {
            source,
            frame,
            step,
            sent,
            how,
            stopped,
            applies,
            wrote,
            began,
            commits,
            done,
            population,
            before,
        })))
    }

    fn load(&mut self, source: usize, frame: &Frame, wanted: &LoadRequest) -> Records {
        let linked = self.ground.load(source, frame, &wanted.ids);
        let near = wanted.near.as_ref();
        Records::new(linked, near.map_or_else(Vec::new, |near| self.ground.near(source, frame, near)))
    }

    /// The page, or what a fault takes it for.
    fn trusted(&self, mut page: Page) -> Page {
        let trusted = match page.next {
            Next::Partial => self.fault() == Fault::TrustsAPart,
            Next::BrokenOff { .. } => self.fault() == Fault::TrustsWhatBrokeOff,
            _ => false,
        };
        if trusted {
            page.next = Next::Complete { total: None };
        }
        page
    }

    /// A plan that was stopped is not carried out.
    fn refused(&mut self, source: usize, plan: &Plan, alone: bool) -> Checked {
        if self.fault() == Fault::ForgetsWhatWasHeld {
            self.ground.takes_for_done(source, plan);
        }
        if alone { self.held(source) } else { Ok(()) }
    }

    /// What a run that saw everything asked, and which versions it has decided on.
    fn heard(&mut self, source: usize, report: &Report, sent: &Sent, wrote: &Wrote) {
        self.asked[source] = questions(report);
        if report.outcome != RunOutcome::Succeeded {
            return;
        }
        // What somebody edited under the run is left to the next one, if nothing was to be written.
        for (number, version) in sent.versions().filter(|(at, _)| !wrote.left.contains(at)) {
            let heard = self.heard[source].entry(number).or_default();
            *heard = version.max(*heard);
        }
    }

    pub(super) fn commit(
        &mut self,
        source: usize,
        frame: &Frame,
        batch: &Batch,
        carried: Carried,
        sent: Option<&Sent>,
    ) -> Result<Vec<OpOutcome>, Broken> {
        let (before, told) = (self.ground.state.clone(), self.ground.audit.len());
        let outcomes = self.ground.commit(source, frame, batch, carried);
        self.commits += 1;
        committed(&Commit {
            before: &before,
            after: &self.ground.state,
            told: &self.ground.audit[told..],
            source,
            frame,
            batch,
            outcomes: &outcomes,
            sent,
            says: &self.sources[source],
            heard: &self.heard[source],
        })?;
        Ok(outcomes)
    }

    /// A run to its end.
    pub(super) fn whole(&mut self, source: usize, sent: Sent, how: How) -> Result<Option<(Report, Wrote)>, Broken> {
        let mut running = self.begin(source, sent, how);
        loop {
            running = match self.step(running, Carried::Whole)? {
                Flow::On(running) => running,
                Flow::Over(report, _, wrote) => return Ok(Some((*report, wrote))),
                Flow::Lost => return Ok(None),
            };
        }
    }
}

/// Whoever has both in common with one here may be that one.
fn by_who() -> MatchRule {
    let fields = WHO.map(|column| COLUMNS[column].to_owned()).to_vec();
    MatchRule::new("who", fields).trust(Trust::Trusted)
}

/// What a guard stopped is written only if somebody approves it.
fn approved(stopped: bool, how: How) -> Checked {
    law("P10", !stopped || how.guarded == Some(true), || "a blocked plan is written".to_owned())
}

/// A plan that was stopped for a share had more than that.
fn held_back(alone: bool, how: How, plan: &Plan, population: u64) -> Checked {
    let (true, None, Some(share)) = (alone, how.guarded, how.share) else { return Ok(()) };
    let ends = plan.ops().filter(|op| op.action == Action::Deactivate).count() as u64;
    law("measured", ends * 100 > population * u64::from(share), || {
        format!("{ends} of {population} were held back, and {share} percent may be deactivated")
    })
}

/// What was carried out without an answer had no more than the share.
fn kept_within(whole: bool, how: How, ends: u64, population: u64) -> Checked {
    let (true, None, Some(share)) = (whole, how.guarded, how.share) else { return Ok(()) };
    law("measured", ends * 100 <= population * u64::from(share), || {
        format!("{ends} of {population} were deactivated, and {share} percent may be")
    })
}
