//! The changes of a change set. Nearly every set is empty, and an empty one costs nothing to drop.

use std::mem::{ManuallyDrop, take};
use std::ops::Deref;

use super::Change;

/// Changes that are dropped by a call only where there are any.
///
/// The compiler makes no difference: dropping any `Vec<Change>` is a call with a loop in it, a seventh of all that
/// comparing an unchanged record costs.
#[derive(Debug, Clone)]
pub(super) struct Changes(ManuallyDrop<Vec<Change>>);

impl Changes {
    #[inline]
    pub(super) fn new(changes: Vec<Change>) -> Self {
        Self(ManuallyDrop::new(changes))
    }
}

impl Deref for Changes {
    type Target = [Change];

    #[inline]
    fn deref(&self) -> &[Change] {
        &self.0
    }
}

impl Drop for Changes {
    #[inline]
    fn drop(&mut self) {
        if self.0.capacity() != 0 {
            drop_some(take(&mut self.0));
        }
    }
}

#[inline(never)]
fn drop_some(changes: Vec<Change>) {
    drop(changes);
}
