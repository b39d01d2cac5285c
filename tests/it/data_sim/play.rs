//! The world itself: carries out one act after another, and lets runs go on between any two.

mod copies;
mod people;
mod plans;
mod rest;
mod runs;
mod wrote;

use std::collections::BTreeMap;
use std::rc::Rc;

use self::runs::Running;
use super::act::{Act, Setup};
use super::asked::Question;
use super::laws::Checked;
use super::source::{Sent, Source};
use super::store::{Fault, Ground};
use super::words::{Frame, Way, otherwise};
use crate::support::at;

pub(super) struct World {
    setup: Setup,
    pub(super) ground: Ground,
    sources: [Source; 2],
    ways: [Way; 2],
    runs: [Option<Box<Running>>; 2],
    plan: Option<(usize, Way, Sent, String)>,
    /// The newest version of a record that a whole run has taken into account.
    heard: [BTreeMap<u32, u64>; 2],
    /// What the last run of a source asked, of who is who.
    asked: [Vec<Question>; 2],
    commits: u64,
    /// How often anything was done that is no run's.
    done: u64,
    /// How many runs there were, for the sum.
    pub(super) made: u64,
}

impl World {
    pub(super) fn new(setup: Setup, fault: Fault) -> Self {
        Self {
            setup,
            ground: Ground::new(fault),
            sources: [Source::new(setup.counts), Source::new(setup.counts)],
            ways: setup.ways,
            runs: [None, None],
            plan: None,
            heard: Default::default(),
            asked: Default::default(),
            commits: 0,
            done: 0,
            made: 0,
        }
    }

    /// A copy, without what is under way.
    fn aside(&self) -> Self {
        let (ground, sources, heard) = (self.ground.clone(), self.sources.clone(), self.heard.clone());
        Self { ground, sources, heard, ways: self.ways, ..Self::new(self.setup, self.ground.fault) }
    }

    fn frame(&self, source: usize) -> Rc<Frame> {
        Frame::of(self.ways[source])
    }

    fn fault(&self) -> Fault {
        self.ground.fault
    }

    pub(super) fn act(&mut self, act: Act) -> Checked {
        self.done += u64::from(act.is_a_persons());
        match act {
            Act::Says { source, id, words } => self.sources[usize::from(source)].says(id.into(), words),
            Act::Drops { source, id } => self.sources[usize::from(source)].drops(id.into()),
            Act::Moves { source, from, to } => self.sources[usize::from(source)].moves(from.into(), to.into()),
            Act::Renames { source, from, to, spelled } => {
                let to = if spelled { otherwise(from.into()) } else { to.into() };
                self.sources[usize::from(source)].renames(from.into(), to);
            }
            Act::Hands { source, id, whom } => self.sources[usize::from(source)].hands(id.into(), whom),
            Act::GoesBack { source, id } => self.sources[usize::from(source)].goes_back(id.into()),
            Act::Joins { words, ids } => self.joins(words, ids.map(u32::from)),
            Act::Edits { person, column, word } => self.edits(usize::from(person), usize::from(column), word),
            Act::Removes { person } => self.ground.user(usize::from(person), |person| person.removed = true),
            Act::TakesBack { person } => self.takes_back(usize::from(person)),
            Act::Decides { source, which, answer } => self.decides(usize::from(source), which, answer)?,
            Act::Answers { source, which, same } => self.answers(usize::from(source), which, same)?,
            Act::Restores { which } => self.restores(usize::from(which))?,
            Act::Policy { source, way } => self.ways[usize::from(source)] = way,
            Act::Starts { slot, source, look, how } => self.starts(usize::from(slot), usize::from(source), look, how),
            Act::Steps { slot, times, refusing } => self.steps(usize::from(slot), times, refusing)?,
            Act::Crashes { slot, at } => self.crashes(usize::from(slot), at)?,
            Act::Plans { source, look } => self.plans(usize::from(source), look)?,
            Act::Applies { slot } => self.applies(usize::from(slot)),
            Act::Twin { source, look, how, call, at } => self.twin(usize::from(source), look, how, call, at)?,
            Act::Again { source, look, gone, moves, told } => {
                self.again(usize::from(source), look, gone, &moves[..usize::from(told)])?;
            }
            Act::Parts { source, size, turn } => self.parts(usize::from(source), size, turn)?,
            Act::Order { source, size, turn, twice } => self.order(usize::from(source), size, turn, twice)?,
        }
        Ok(())
    }
}

fn at_noon() -> chrono::DateTime<chrono::Utc> {
    at()
}
