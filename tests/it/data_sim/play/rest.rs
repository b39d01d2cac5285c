//! Rest: the sources are read until nothing is left to do, and then nothing may be.

use tripartite::run::RunOutcome;

use super::World;
use crate::data_sim::act::How;
use crate::data_sim::laws::{Broken, Checked, at_rest, law};
use crate::data_sim::source::{Look, Source};
use crate::data_sim::words::number;

impl World {
    /// Nobody does anything any more, and the sources are read until nothing is left to do.
    pub(in crate::data_sim) fn comes_to_rest(&mut self) -> Checked {
        self.runs = [None, None];
        let sources = if self.setup.two { 2 } else { 1 };
        let most = 4 + 2 * u32::from(self.setup.missing_after);
        let mut aside: Vec<Vec<u32>> = vec![Vec::new(); sources];
        self.sources.iter_mut().for_each(Source::comes_to_rest);
        let mut rounds = 0;
        while self.round(&mut aside)? > 0 {
            rounds += 1;
            let name = if sources == 2 { "P11" } else { "P5" };
            law(name, rounds <= most, || format!("after {rounds} rounds there is still something to do"))?;
        }
        for (source, aside) in aside.iter().enumerate() {
            // Streamed, a record is written before the end of the listing sets it aside.
            let streaming = How { streaming: aside.is_empty(), ..How::PLAIN };
            let sent = self.listing(source, Look { turn: 1, size: 1, ..Look::WHOLE });
            let told = self.ground.audit.len();
            let again = self.whole(source, sent, streaming)?;
            let quiet = again.as_ref().is_some_and(|(_, wrote)| wrote.ops == 0) && self.ground.audit.len() == told;
            law("P5", quiet, || "there is something to write again".to_owned())?;
            // A source of which nothing can be read is broken: it says of nobody that it is gone.
            if again.is_some_and(|(report, _)| report.outcome == RunOutcome::Failed) {
                continue;
            }
            at_rest(&self.ground.state, source, &self.frame(source), &self.sources[source], aside)?;
        }
        Ok(())
    }

    /// Reads every source once; how many ops that came to. `aside`: what was set aside of each.
    fn round(&mut self, aside: &mut [Vec<u32>]) -> Result<u64, Broken> {
        let mut ops = 0;
        for (source, aside) in aside.iter_mut().enumerate() {
            let sent = self.listing(source, Look::WHOLE);
            let Some((report, wrote)) = self.whole(source, sent, How::PLAIN)? else { continue };
            *aside = report.set_aside.iter().filter_map(|it| it.id.as_ref().map(number)).collect();
            aside.extend(self.sources[source].who_moved_to(aside));
            ops += wrote.ops;
        }
        Ok(ops)
    }
}
