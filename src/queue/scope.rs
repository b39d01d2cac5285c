//! The scope of a job: every record, or some of them, and how two scopes are merged.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::ExternalId;

/// The most ids in a scope. With more it becomes everything, since a full listing is cheaper than asking for each.
///
/// [`Scope::only`] has an example.
pub const SCOPE_LIMIT: usize = 1000;

/// What a job is about: everything, or some records.
///
/// Merging is set union, and everything absorbs: it is associative, commutative and idempotent, so triggers may arrive
/// in any order and more than once.
///
/// ```
/// use tripartite::id::ExternalId;
/// use tripartite::queue::Scope;
/// let (a, b) = (Scope::one(ExternalId::new("a")?), Scope::one(ExternalId::new("b")?));
/// assert_eq!(a.clone().merge(b.clone()), b.clone().merge(a.clone()));
/// assert_eq!(a.merge(Scope::All), Scope::All);
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
///
/// This enum is exhaustive: a handler must run what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Every record.
    All,
    /// These records, at most [`SCOPE_LIMIT`].
    Only(BTreeSet<ExternalId>),
}

impl Scope {
    /// One record.
    ///
    /// [`Scope`] has an example.
    pub fn one(id: ExternalId) -> Self {
        Self::Only(BTreeSet::from([id]))
    }

    /// Some records; everything, when they are more than [`SCOPE_LIMIT`].
    ///
    /// ```
    /// use tripartite::id::ExternalId;
    /// use tripartite::queue::{SCOPE_LIMIT, Scope};
    /// let ids = |count| {
    ///     (0..count).map(|id| ExternalId::new(format!("{id}"))).collect::<Result<Vec<_>, _>>()
    /// };
    /// assert_ne!(Scope::only(ids(SCOPE_LIMIT)?), Scope::All);
    /// assert_eq!(Scope::only(ids(SCOPE_LIMIT + 1)?), Scope::All);
    /// assert_ne!(Scope::only([]), Scope::All); // no record is not every record
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn only(ids: impl IntoIterator<Item = ExternalId>) -> Self {
        let ids: BTreeSet<_> = ids.into_iter().collect();
        if ids.len() > SCOPE_LIMIT { Self::All } else { Self::Only(ids) }
    }

    /// Whether a run of this scope does what a run of the other does.
    ///
    /// ```
    /// use tripartite::id::ExternalId;
    /// use tripartite::queue::Scope;
    /// let one = Scope::one(ExternalId::new("a")?);
    /// assert!(Scope::All.covers(&one) && !one.covers(&Scope::All));
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Only(_), Self::All) => false,
            (Self::Only(ids), Self::Only(others)) => others.is_subset(ids),
        }
    }

    /// The union of both; everything, when that is more than [`SCOPE_LIMIT`].
    ///
    /// [`Scope`] has an example.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(mut ids), Self::Only(more)) => {
                ids.extend(more);
                if ids.len() > SCOPE_LIMIT { Self::All } else { Self::Only(ids) }
            }
            _ => Self::All,
        }
    }
}
