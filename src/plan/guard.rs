//! Guards: what a plan may not do without a person's approval. This is where a plan is refused.

pub(super) mod blocked;
mod limit;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::blocked::{Blocked, Excess};
pub use self::limit::Limit;
use super::figures::{FieldFigures, Figures, Tally};

/// The limits that stop a plan before anything is written, until a person approves it.
///
/// | guard | by default | why |
/// |---|---|---|
/// | [empty listing](Self::allow_empty) | stops | a source without any record is probably broken |
/// | [deactivations](Self::deactivations) | 20 %, from 10 records on | a change of season, or an election, comes to 15 % |
/// | [creations](Self::creations) | no limit | an import that was cut off goes on; if all ids are new, the deactivations of the old ones stop it |
/// | [links](Self::links) | no limit | a club's first night links all members; only trusted rules link, and only unlinked records |
/// | [updates](Self::updates) | no limit | an election changed 75 % of a real register |
/// | [emptied](Self::emptied), field by field | 20 %, from 10 on | a column that the source has stopped to fill |
/// | [names](Self::names), field by field | 20 %, from 10 on | people rarely change their names, and columns are often mixed up |
/// | [takeovers](Self::takeovers) | none | two people whose ids were exchanged would get each other's data |
/// | [changed](Self::changed), field by field | no limit | as updates |
/// | [quarantined](Self::quarantined) | 20 % of the listing, from 20 on | a listing of which a fifth cannot be read |
///
/// Percentages are of the linked records that were active before, so a percentage never stops a first import. In a
/// population below the one from which the percentage counts, more than half of it is too much, if that is three
/// records or more. Several guards may stop a plan, and an approval is for the whole plan. A run that
/// [streams](crate::run::Mode::Streaming) has already written most of its plan when it is judged, so only
/// deactivations, links and the empty listing are judged there. Quarantined records that a person [has
/// approved](crate::run::Run::approved_aside) before do not count.
///
/// ```
/// use tripartite::plan::{Figures, Guards, Limit};
/// let guards = Guards::default().deactivations(Limit::percent(5).at_least(100));
/// let night = Figures::new(1000, 940).deactivations(60);
/// let [blocked] = &guards.judge(&night)[..] else { unreachable!() };
/// assert_eq!(
///     blocked.to_string(),
///     "60 of 1000 records would be deactivated, because the listing no longer has them; \
///      at most 5 % may be without approval",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guards {
    deactivations: Limit,
    creations: Limit,
    links: Limit,
    updates: Limit,
    quarantined: Limit,
    emptied: Limit,
    names: Limit,
    takeovers: Limit,
    changed: Limit,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<String, FieldLimits>,
    stop_empty: bool,
}

/// The limits of one field that differ from those of the others.
///
/// ```
/// use tripartite::plan::FieldLimits;
/// let limits: FieldLimits = serde_json::from_str(r#"{"emptied": {"absolute": 3}}"#)?;
/// assert_eq!(limits.changed, None); // as in the other fields
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FieldLimits {
    /// How many records may have it written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<Limit>,
    /// How many records may have it emptied at the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emptied: Option<Limit>,
}

impl FieldLimits {
    /// Sets the field [`changed`](field@Self::changed). [`Guards::field`] has an example.
    #[must_use]
    pub fn changed(mut self, changed: impl Into<Option<Limit>>) -> Self {
        self.changed = changed.into();
        self
    }

    /// Sets the field [`emptied`](field@Self::emptied). [`Guards::field`] has an example.
    #[must_use]
    pub fn emptied(mut self, emptied: impl Into<Option<Limit>>) -> Self {
        self.emptied = emptied.into();
        self
    }
}

/// A fifth: more than any correct night of a real register, and less than any broken column.
const FIFTH: Limit = Limit::percent(20).at_least(10);

impl Default for Guards {
    fn default() -> Self {
        Self {
            deactivations: FIFTH,
            creations: Limit::NONE,
            links: Limit::NONE,
            updates: Limit::NONE,
            quarantined: Limit::percent(20).at_least(20),
            emptied: FIFTH,
            names: FIFTH,
            takeovers: Limit::NONE.absolute(0),
            changed: Limit::NONE,
            fields: BTreeMap::new(),
            stop_empty: true,
        }
    }
}

impl Guards {
    /// Sets how many records may be deactivated.
    ///
    /// ```
    /// use tripartite::plan::{Figures, Guards, Limit};
    /// // a person looks at every deactivation
    /// let none = Guards::default().deactivations(Limit::NONE.absolute(0));
    /// let night = Figures::new(1000, 999).deactivations(1);
    /// assert_eq!((none.judge(&night).len(), Guards::default().judge(&night).len()), (1, 0));
    /// ```
    #[must_use]
    pub fn deactivations(mut self, limit: Limit) -> Self {
        self.deactivations = limit;
        self
    }

    /// Sets how many records may be created.
    ///
    /// ```
    /// use tripartite::plan::{Figures, Guards, Limit};
    /// let night = |population| Figures::new(population, 500).creations(400);
    /// let double = Guards::default().creations(Limit::percent(100));
    /// assert!(double.judge(&night(0)).is_empty()); // no percentage applies to a first import
    /// assert_eq!(double.judge(&night(100)).len(), 1);
    /// ```
    #[must_use]
    pub fn creations(mut self, limit: Limit) -> Self {
        self.creations = limit;
        self
    }

    /// Sets how many records may be linked by match rules to records here that have no external id. The percentage is
    /// of the records that are linked and active, so only the absolute limit applies to a first night.
    ///
    /// ```
    /// use tripartite::plan::{Figures, Guards, Limit};
    /// let night = |population| Figures::new(population, 500).links(500);
    /// assert!(Guards::default().judge(&night(0)).is_empty());
    /// let few = Guards::default().links(Limit::percent(10).at_least(10));
    /// assert_eq!((few.judge(&night(0)).len(), few.judge(&night(400)).len()), (0, 1));
    /// assert_eq!(
    ///     few.judge(&night(400))[0].to_string(),
    ///     "500 records would be linked to a record here that has no external id, \
    ///      beside 400 linked before; \
    ///      at most 10 % may be without approval",
    /// );
    /// ```
    #[must_use]
    pub fn links(mut self, limit: Limit) -> Self {
        self.links = limit;
        self
    }

    /// Sets how many records may have a field written.
    ///
    /// ```
    /// use tripartite::plan::{Figures, Guards, Limit};
    /// let night =
    ///     Figures::new(541, 541).updates(400);
    /// assert!(Guards::default().judge(&night).is_empty()); // an election
    /// assert_eq!(Guards::default().updates(Limit::percent(50)).judge(&night).len(), 1);
    /// ```
    #[must_use]
    pub fn updates(mut self, limit: Limit) -> Self {
        self.updates = limit;
        self
    }

    /// Sets how many items of the listing may be set aside. The percentage is of the listing.
    ///
    /// ```
    /// use tripartite::plan::{Figures, Guards};
    /// let night =
    ///     Figures::new(0, 100).quarantined(30);
    /// assert_eq!(Guards::default().judge(&night).len(), 1); // also in a first import
    /// ```
    #[must_use]
    pub fn quarantined(mut self, limit: Limit) -> Self {
        self.quarantined = limit;
        self
    }

    /// Sets how many records may have a field emptied at the source, for each field by itself. It counts what the
    /// source states, whether or not the policy takes that as a clear. Once a plan that it stopped is approved, those
    /// records no longer count in that field, until the source states a value there again.
    ///
    /// ```
    /// use tripartite::plan::{FieldFigures, Figures, Guards};
    /// let phone = FieldFigures::new("phone").emptied(300);
    /// let night =
    ///     Figures::new(320, 320).fields(vec![phone]);
    /// assert_eq!(
    ///     Guards::default().judge(&night)[0].to_string(),
    ///     "`phone` is empty in 300 of 320 records where the source used to fill it; \
    ///      at most 20 % may be without approval",
    /// );
    /// ```
    #[must_use]
    pub fn emptied(mut self, limit: Limit) -> Self {
        self.emptied = limit;
        self
    }

    /// Sets how many records may have a field of names ([`Kind::Name`](crate::schema::Kind::Name)) written, for each
    /// field by itself.
    ///
    /// ```
    /// use tripartite::plan::{FieldFigures, Figures, Guards};
    /// let last = |name| FieldFigures::new("last").name(name).changed(300);
    /// let night = |name| Figures::new(320, 320).fields(vec![last(name)]);
    /// assert_eq!(Guards::default().judge(&night(true)).len(), 1);
    /// assert!(Guards::default().judge(&night(false)).is_empty()); // a date of term, an office
    /// ```
    #[must_use]
    pub fn names(mut self, limit: Limit) -> Self {
        self.names = limit;
        self
    }

    /// Sets how many records may take over the identity that another record gives up, by all names and dates of both.
    ///
    /// ```
    /// use tripartite::plan::{Figures, Guards, Limit};
    /// let night =
    ///     Figures::new(500, 500).takeovers(2);
    /// assert_eq!(
    ///     Guards::default().judge(&night)[0].to_string(),
    ///     "2 of 500 records would take over the identity of another record here, \
    ///      as if ids were mixed up; at most 0 may do so without approval",
    /// );
    /// ```
    #[must_use]
    pub fn takeovers(mut self, limit: Limit) -> Self {
        self.takeovers = limit;
        self
    }

    /// Sets how many records may have any other field written, for each field by itself.
    ///
    /// ```
    /// use tripartite::plan::{FieldFigures, Figures, Guards, Limit};
    /// let email =
    ///     FieldFigures::new("email").changed(90);
    /// let night =
    ///     Figures::new(100, 100).fields(vec![email]);
    /// assert!(Guards::default().judge(&night).is_empty());
    /// assert_eq!(Guards::default().changed(Limit::percent(50)).judge(&night).len(), 1);
    /// ```
    #[must_use]
    pub fn changed(mut self, limit: Limit) -> Self {
        self.changed = limit;
        self
    }

    /// Sets the limits of one field, instead of those for every field. A name that no field has limits nothing.
    ///
    /// ```
    /// use tripartite::plan::{FieldFigures, FieldLimits, Figures, Guards, Limit};
    /// let fax =
    ///     FieldFigures::new("fax").emptied(100);
    /// let night =
    ///     Figures::new(100, 100).fields(vec![fax]);
    /// // No record has this field any more.
    /// let limits = FieldLimits::default().emptied(Limit::NONE);
    /// assert!(Guards::default().field("fax", limits).judge(&night).is_empty());
    /// ```
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, limits: FieldLimits) -> Self {
        self.fields.insert(name.into(), limits);
        self
    }

    /// The names of the fields that have [limits of their own](Self::field).
    ///
    /// ```
    /// use tripartite::plan::{FieldLimits, Guards};
    /// let guards = Guards::default().field("fax", FieldLimits::default());
    /// // A host that reads guards from a file checks the names: a mistyped name would guard
    /// // nothing.
    /// assert!(guards.field_names().eq(["fax"]));
    /// ```
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// Lets a complete but empty listing pass this guard; the one on deactivations still counts.
    ///
    /// ```
    /// use tripartite::plan::{Figures, Guards};
    /// let emptied =
    ///     Figures::new(2, 0).deactivations(2);
    /// // too few for any percentage, but none are left
    /// assert_eq!(Guards::default().judge(&emptied).len(), 1);
    /// assert!(Guards::default().allow_empty().judge(&emptied).is_empty());
    /// ```
    #[must_use]
    pub fn allow_empty(mut self) -> Self {
        self.stop_empty = false;
        self
    }

    /// All reasons to stop these figures.
    ///
    /// ```
    /// use tripartite::plan::{Blocked, Figures, Guards};
    /// let emptied =
    ///     Figures::new(40, 0).deactivations(40);
    /// // Both reasons, not only the first: approving the plan approves both.
    /// let reasons = Guards::default().judge(&emptied);
    /// assert!(matches!(
    ///     reasons[..],
    ///     [Blocked::EmptyListing { .. }, Blocked::Deactivations { .. }]
    /// ));
    /// ```
    pub fn judge(&self, figures: &Figures) -> Vec<Blocked> {
        let mut blocked = self.judge_leaving(figures);
        let population = figures.population;
        // A first import creates all records, and there are no active ones to compare with.
        let creations = Some(&self.creations).filter(|_| population > 0);
        blocked
            .extend(creations.and_then(|limit| limit.excess(&figures.creations, population)).map(Blocked::Creations));
        blocked.extend(self.updates.excess(&figures.updates, population).map(Blocked::Updates));
        let quarantined = self.quarantined.excess(&figures.quarantined, figures.listed);
        blocked.extend(quarantined.map(Blocked::Quarantined));
        blocked.extend(self.takeovers.excess(&figures.takeovers, population).map(Blocked::Takeovers));
        for figures in &figures.fields {
            self.judge_field(figures, population, &mut blocked);
        }
        blocked
    }

    /// Whether the guards could stop these figures of some records in a register of any size. A percentage is strictest
    /// in the smallest register from which it counts.
    pub(crate) fn could_stop(&self, figures: &Figures) -> bool {
        let Self { deactivations, creations, links, updates, quarantined, emptied, names, takeovers, changed, .. } =
            self;
        let all = [deactivations, creations, links, updates, quarantined, emptied, names, takeovers, changed];
        let own = self.fields.values().flat_map(|field| [&field.changed, &field.emptied]).flatten();
        let mut least = all.into_iter().chain(own).map(|limit| limit.at_least).chain([1]);
        least.any(|least| !self.judge(&figures.clone().within(least)).is_empty())
    }

    /// The reasons to stop deactivations and links. In streaming mode everything else is written already.
    pub(crate) fn judge_leaving(&self, figures: &Figures) -> Vec<Blocked> {
        let Figures { population, listed, deactivations, .. } = figures;
        let mut blocked = Vec::new();
        if self.stop_empty && *listed == 0 && deactivations.count > 0 {
            blocked.push(Blocked::EmptyListing { population: *population });
        }
        blocked.extend(self.deactivations.excess(deactivations, *population).map(Blocked::Deactivations));
        // Links wait for the end of a listing in both modes.
        blocked.extend(self.links.excess(&figures.links, *population).map(Blocked::Links));
        blocked
    }

    fn judge_field(&self, figures: &FieldFigures, population: u64, blocked: &mut Vec<Blocked>) {
        let FieldFigures { field, name, changed, emptied, emptied_inside } = figures;
        let own = self.fields.get(field).copied().unwrap_or_default();
        let others = if *name { self.names } else { self.changed };
        let excess = own.changed.unwrap_or(others).excess(changed, population);
        blocked.extend(excess.map(|excess| Blocked::Changed { field: field.clone(), excess }));
        let limit = own.emptied.unwrap_or(self.emptied);
        let excess = limit.excess(emptied, population);
        blocked.extend(excess.map(|excess| Blocked::Emptied { field: field.clone(), excess }));
        for (path, emptied) in emptied_inside {
            let excess = limit.excess(emptied, population);
            blocked.extend(excess.map(|excess| Blocked::Emptied { field: format!("{field}{path}"), excess }));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limit() -> impl Strategy<Value = Limit> {
        (prop::option::of(0u64..12), prop::option::of(0u8..=100), 0u64..40)
            .prop_map(|(absolute, percent, at_least)| Limit { absolute, percent, at_least })
    }

    proptest! {
        /// A run of some records reads how large the register is only where that may matter: if no register can stop it.
        #[test]
        fn what_no_register_can_stop_is_stopped_in_none(
            deactivations in limit(), updates in limit(), quarantined in limit(), emptied in limit(), own in limit(),
            counts in prop::array::uniform5(0u64..12), population in 0u64..400,
        ) {
            let own = FieldLimits { changed: Some(own), emptied: None };
            let guards = Guards { deactivations, updates, quarantined, emptied, ..Guards::default() }.field("f", own);
            let [gone, updated, aside, changed, emptied] = counts.map(Tally::from);
            let field = FieldFigures { field: "f".into(), changed, emptied, ..FieldFigures::default() };
            let fields = vec![field];
            let figures = Figures { deactivations: gone, updates: updated, quarantined: aside, fields, ..Figures::default() };
            let stopped = !guards.judge(&figures.clone().within(population.max(1))).is_empty();
            prop_assert!(!stopped || guards.could_stop(&figures));
        }
    }
}
