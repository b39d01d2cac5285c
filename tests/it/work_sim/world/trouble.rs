//! Time passes, and something may go wrong.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::TimeDelta;

use super::super::ground::{LATER, THIS};
use super::super::store::rewrite;
use super::{LEASE, PEOPLE, Seat, WORKERS, World};

impl World {
    pub(super) fn pass(&self) {
        let state = &mut *self.ground.state();
        let span = match state.dice.below(2000) {
            0 if !self.calm => state.dice.seconds(90),
            _ => TimeDelta::milliseconds(state.dice.below(120) as i64),
        };
        state.now += span;
    }

    pub(super) fn trouble(&mut self) {
        let ground = Arc::clone(&self.ground);
        if ground.hits(|faults| faults.crash) {
            let who = ground.state().dice.below(WORKERS);
            let only_the_tick = ground.state().dice.below(3) == 0;
            match &self.seats[who] {
                Seat::Ticking { dropped, .. } if only_the_tick => {
                    ground.note(|| format!("{who}: its tick is dropped"));
                    dropped.store(true, Ordering::Relaxed);
                }
                _ => self.kill(who),
            }
        }
        if ground.hits(|faults| faults.freeze) {
            let who = ground.state().dice.below(WORKERS);
            let most = ground.state().dice.seconds(60);
            let until = ground.state().now + LEASE + most;
            if let Seat::Ticking { frozen, .. } = &mut self.seats[who] {
                *frozen = Some(until);
                ground.note(|| format!("{who}: is not scheduled until {until}"));
            }
        }
        if ground.hits(|faults| faults.clocks) {
            let state = &mut *ground.state();
            let who = state.dice.below(WORKERS + PEOPLE);
            state.offsets[who] = state.dice.seconds(1200) - TimeDelta::minutes(10);
            let offset = state.offsets[who];
            state.note(format!("{who}: its clock is off by {offset}"));
        }
        if ground.hits(|faults| faults.years) {
            let state = &mut *ground.state();
            let who = state.dice.below(WORKERS);
            state.offsets[who] = TimeDelta::days(365);
            state.note(format!("{who}: its clock is a year ahead"));
        }
        if ground.hits(|faults| faults.upgrade) {
            self.upgrade();
        }
    }

    /// Somebody writes a record in a later version, or goes back to this one.
    fn upgrade(&self) {
        let before = self.ground.state().upgraded.take();
        if let Some(key) = before {
            return rewrite(&self.ground, &key, LATER, THIS);
        }
        let key = {
            let state = &mut *self.ground.state();
            let number = state.dice.below(state.past.len());
            let Some(key) = state.past.keys().nth(number).cloned() else { return };
            state.upgraded = Some(key.clone());
            key
        };
        rewrite(&self.ground, &key, THIS, LATER);
    }
}
