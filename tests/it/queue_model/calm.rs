//! The world without faults: everybody goes on in turn, nobody crashes, and nobody asks for anything more.

use super::law;
use super::moves::{Act, Edge, Model};
use super::real::{Doing, Say};
use super::search::System;
use super::world::{At, World};

/// In how many steps everything is over: two jobs of two attempts each, with their waits, need fewer.
const STEPS: usize = 120;

impl Model {
    /// Whether everything is covered or dead, and all history kept, within bounded time.
    pub(super) fn settles(&mut self, world: &World) -> Option<&'static str> {
        let mut world = *world;
        let bounds = self.bounds;
        (self.bounds.crashes, self.bounds.answers, self.bounds.stale) = (0, 0, 0);
        (self.bounds.clock, self.bounds.nonces) = (u8::MAX, u8::MAX);
        (self.bounds.asks, self.bounds.operator, self.bounds.endings) = (&[], &[], &[At::Complete]);
        let mut law = Some(law::I12);
        for _ in 0..STEPS {
            match self.calm(&world) {
                Some(Edge { broken: Some(broken), .. }) => {
                    law = Some(broken);
                    break;
                }
                Some(edge) => world = edge.next,
                None => {
                    let dead = self.real.view(world.slot).doing == Doing::Dead;
                    law = (!dead && world.ghost.open() != 0).then_some(law::I12);
                    break;
                }
            }
        }
        self.bounds = bounds;
        law
    }

    /// What happens next; nothing, when everything is over.
    fn calm(&mut self, world: &World) -> Option<Edge> {
        let view = self.real.view(world.slot);
        let resting = world.workers.iter().all(|worker| worker.at == At::Rest);
        let over = matches!(view.doing, Doing::Idle | Doing::Dead) && view.waits == 0;
        if resting && over {
            return None;
        }
        let mut edges = Vec::new();
        self.edges(world, &mut edges);
        if let Some(at) = edges.iter().position(|edge| !matches!(edge.act, Act::Tick)) {
            return Some(edges.swap_remove(at));
        }
        if view.paused {
            let mut next = *world;
            next.slot = self.real.step(world.slot, Say::Resume, world.clock).next;
            return Some(Edge { act: Act::Tick, next, broken: None });
        }
        edges.pop()
    }
}
