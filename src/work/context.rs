//! What a worker is given for a tick, as one value.

use chrono::{DateTime, Utc};

use super::handler::Clock;
use super::queue::Queue;
use super::settings::Settings;
use crate::id::WorkerId;

/// The queue, the handler and the clock of a tick, and who the worker is.
#[derive(Debug)]
pub(super) struct Context<'a, S, H, C> {
    pub(super) queue: &'a Queue<S>,
    pub(super) handler: &'a H,
    pub(super) clock: &'a C,
    pub(super) worker: &'a WorkerId,
    pub(super) settings: &'a Settings,
}

// A derive would require the type parameters to be `Clone` and `Copy`, although they are only borrowed.
impl<S, H, C> Clone for Context<'_, S, H, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S, H, C> Copy for Context<'_, S, H, C> {}

impl<S, H, C: Clock> Context<'_, S, H, C> {
    pub(super) fn time(&self) -> DateTime<Utc> {
        self.clock.time()
    }
}
