//! Stored plans: made by a dry run, kept as a text, and applied later.

use tripartite::plan::Plan;

use super::World;
use super::runs::{Flow, Running};
use crate::data_sim::act::How;
use crate::data_sim::laws::{Checked, law};
use crate::data_sim::source::Look;
use crate::data_sim::store::Carried;
use crate::data_sim::words::Frame;

impl World {
    pub(super) fn plans(&mut self, source: usize, look: Look) -> Checked {
        let (sent, frame) = (self.listing(source, look), self.frame(source));
        let before = self.ground.state.clone();
        let step = self.run(&frame, How::PLAIN).dry().start();
        let mut running = self.running(source, frame, step, sent.clone(), How::PLAIN);
        let plan = loop {
            running = match self.step(running, Carried::Whole)? {
                Flow::On(running) => running,
                Flow::Over(_, plan, _) => break plan,
                Flow::Lost => break None,
            };
        };
        law("P10", before == self.ground.state, || "a dry run wrote".to_owned())?;
        if let Some(plan) = plan {
            self.plan = Some((source, self.ways[source], sent, serde_json::to_string(&plan).unwrap()));
        }
        Ok(())
    }

    pub(super) fn applies(&mut self, slot: usize) {
        if self.runs[slot].is_some() {
            return;
        }
        let Some((source, way, sent, text)) = self.plan.take() else { return };
        let plan = Plan::read(Frame::of(way).schema(), &mut serde_json::Deserializer::from_str(&text)).unwrap();
        let frame = self.frame(source);
        self.made += 1;
        let step = self.run(&frame, How::PLAIN).apply(plan);
        let running = self.running(source, frame, step, sent, How::PLAIN);
        self.runs[slot] = Some(Box::new(Running { applies: true, ..*running }));
    }
}
