//! Unique columns: two members who swap their logins, or hand one on, succeed in one batch.
//!
//! A database checks a unique column row by row, so the first of two writes that swap a value is refused, whatever the second
//! would do. A store tries what is refused for that reason again.

use std::collections::BTreeSet;

use tripartite::id::{ExternalId, RunId};
use tripartite::store::{OpOutcome, Revision};

/// The records of a run that collided once: each is stale once, so that the run comes back to it behind all batches, and fails
/// the second time.
///
/// ```
/// use tripartite::id::{ExternalId, RunId};
/// let (run, id) = (RunId::new("night-1")?, ExternalId::new("M1")?);
/// let mut collided = tripartite_sql::Collided::default();
/// assert!(collided.is_first(&run, &id));
/// assert!(!collided.is_first(&run, &id));
/// assert!(collided.is_first(&RunId::new("night-2")?, &id)); // of another run nothing is known
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Collided {
    of: Option<RunId>,
    ids: BTreeSet<ExternalId>,
}

impl Collided {
    /// Whether it is the first time in its run that a record collides.
    pub fn is_first(&mut self, run: &RunId, id: &ExternalId) -> bool {
        if self.of.as_ref() != Some(run) {
            *self = Self { of: Some(run.clone()), ids: BTreeSet::new() };
        }
        self.ids.insert(id.clone())
    }
}

/// An op that collides, by its place in the batch.
#[derive(Debug, Clone)]
pub struct Held {
    /// Its place.
    pub at: usize,
    /// The positions of the fields whose values another row has.
    pub positions: Vec<usize>,
    /// What the database said.
    pub problem: String,
}

impl Held {
    /// All of them, that at `first` last.
    pub fn with_last(held: &[Self], first: usize) -> Vec<Self> {
        let others = held.iter().enumerate().filter(|(at, _)| *at != first).map(|(_, one)| one.clone());
        others.chain([held[first].clone()]).collect()
    }

    /// The outcome of an op that collides for the second time.
    pub fn failed(&self, holder: Option<impl std::fmt::Display>) -> OpOutcome {
        let whose = holder.map(|local| format!("; record {local} here has that value")).unwrap_or_default();
        OpOutcome::Failed { problem: format!("{}{whose}", self.problem) }
    }
}

/// A row that gave its unique values up for the length of a batch.
#[derive(Debug)]
pub struct Parked {
    /// The record.
    pub id: ExternalId,
    /// Its revision before.
    pub before: Revision,
    /// Its revision now.
    pub after: Revision,
}

impl Parked {
    /// The revision that is expected of a row: one that gave its values up has another by now.
    pub fn expected(parked: Option<&Self>, id: &str, expected: Revision) -> Revision {
        match parked {
            Some(parked) if parked.id.as_str() == id && parked.before == expected => parked.after,
            _ => expected,
        }
    }
}
