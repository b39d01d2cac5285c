//! Approved quarantines: the guard on quarantined records no longer counts what a person has approved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Quarantined, Tally};
use crate::value::Fingerprint;

/// The quarantined records of a listing that a person has approved. In a later listing the same records, with the same
/// problem, do not count in the guard on [quarantined](crate::plan::Guards::quarantined) records. They are still set
/// aside and reported.
///
/// A record is the same if its id, its situation and its problem are the same, at any place in the listing. For records
/// without a readable id, as many as were approved with the same problem do not count.
///
/// ```
/// use tripartite::audit::Situation;
/// use tripartite::plan::{ApprovedAside, Quarantined};
/// let torn = |id: Option<&str>| {
///     let id = id.map(|id| id.parse()).transpose()?;
///     let torn = Quarantined::new(Situation::Malformed, "expected `,` or `}`");
///     Ok::<_, tripartite::id::IdError>(torn.id(id))
/// };
/// let approved = ApprovedAside::of(&[torn(Some("7"))?, torn(None)?]);
/// assert_eq!(approved.beside(&[torn(Some("7"))?, torn(None)?]).count, 0);
/// // A second one without an id, and a record that could be read before.
/// let more = [torn(Some("7"))?, torn(None)?, torn(None)?, torn(Some("8"))?];
/// assert_eq!(approved.beside(&more).count, 2);
/// // A record that can be read again is no longer approved.
/// assert_eq!(approved.among(&[torn(None)?]), ApprovedAside::of(&[torn(None)?]));
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApprovedAside(BTreeMap<Fingerprint, u64>);

impl ApprovedAside {
    /// Approves what a run set aside, without the records that only wait for a person to confirm a match.
    ///
    /// [`ApprovedAside`] has an example.
    pub fn of<'a>(aside: impl IntoIterator<Item = &'a Quarantined>) -> Self {
        let mut counts = BTreeMap::new();
        for aside in wrong(aside) {
            *counts.entry(fingerprint(aside)).or_default() += 1;
        }
        Self(counts)
    }

    /// The approved records that are still set aside.
    ///
    /// [`ApprovedAside`] has an example.
    #[must_use]
    pub fn among<'a>(&self, aside: impl IntoIterator<Item = &'a Quarantined>) -> Self {
        let now = Self::of(aside).0.into_iter();
        let still = now.filter_map(|(which, count)| Some((which, count.min(*self.0.get(&which)?))));
        Self(still.collect())
    }

    /// These and other approved records.
    ///
    /// ```
    /// use tripartite::audit::Situation;
    /// use tripartite::plan::{ApprovedAside, Quarantined};
    /// let torn = |id: &str| {
    ///     let torn = Quarantined::new(Situation::Malformed, "expected `}`");
    ///     Ok::<_, tripartite::id::IdError>(torn.id(Some(id.parse()?)))
    /// };
    /// let both = [torn("7")?, torn("8")?];
    /// let [seven, eight] = both.each_ref().map(|one| ApprovedAside::of([one]));
    /// // A record that was approved twice is still one.
    /// assert_eq!(seven.and(&eight).and(&eight), ApprovedAside::of(&both));
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    #[must_use]
    pub fn and(mut self, others: &Self) -> Self {
        for (which, count) in &others.0 {
            let known = self.0.entry(*which).or_default();
            *known = (*known).max(*count);
        }
        self
    }

    /// The records that are set aside and not approved.
    ///
    /// [`ApprovedAside`] has an example.
    pub fn beside<'a>(&self, aside: impl IntoIterator<Item = &'a Quarantined>) -> Tally {
        let (mut left, mut tally) = (self.0.clone(), Tally::default());
        for aside in wrong(aside) {
            match left.get_mut(&fingerprint(aside)).filter(|left| **left > 0) {
                Some(left) => *left -= 1,
                None => tally.add_aside(aside.id.as_ref()),
            }
        }
        tally
    }

    /// Whether no record is approved.
    ///
    /// ```
    /// assert!(tripartite::plan::ApprovedAside::default().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn wrong<'a>(aside: impl IntoIterator<Item = &'a Quarantined>) -> impl Iterator<Item = &'a Quarantined> {
    aside.into_iter().filter(|aside| !aside.is_proposal())
}

fn fingerprint(aside: &Quarantined) -> Fingerprint {
    let Quarantined { id, situation, problem, .. } = aside;
    let json = serde_json::to_vec(&(id, situation, problem));
    Fingerprint::of(&json.expect("three texts can be written"))
}
