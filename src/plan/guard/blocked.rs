//! Why a plan is blocked: the guards that stopped it, with their figures.

use serde::{Deserialize, Serialize};

use crate::id::ExternalId;
use crate::value::Fingerprint;

/// Why a plan is blocked: figures and names, which its `Display` says in English. This enum is exhaustive: a catalogue in
/// another language says each of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Blocked {
    /// The listing is complete and empty, and there are active records here.
    #[error("the listing is complete but empty, while {} active here", active(*.population))]
    EmptyListing {
        /// How many linked records are active.
        population: u64,
    },
    /// Too many records would be deactivated.
    #[error("{} would be deactivated, because the listing no longer has them; {}", .0.some(), .0.most("be"))]
    Deactivations(Excess),
    /// Too many records would be created.
    #[error("{} would be created beside {} active here; {}", .0.records(), .0.population, .0.most("be"))]
    Creations(Excess),
    /// Too many records here would be linked.
    #[error(
        "{} would be linked to a record here that has no external id, beside {} linked before; {}",
        .0.records(),
        .0.population,
        .0.most("be")
    )]
    Links(Excess),
    /// Too many records would be changed.
    #[error("{} would be changed; {}", .0.some(), .0.most("be"))]
    Updates(Excess),
    /// Too many records were set aside.
    #[error("{} of the listing were set aside, because they cannot be read, contradict each other or cannot be told apart here; {}", .0.some(), .0.most("be"))]
    Quarantined(Excess),
    /// Too many records would take over the identity of another one.
    #[error(
        "{} would take over the identity of another record here, as if ids were mixed up; {}",
        .0.some(),
        .0.most("do so")
    )]
    Takeovers(Excess),
    /// Too many records have a field that the source has emptied.
    #[error("`{field}` is empty in {} where the source used to fill it; {}", .excess.some(), .excess.most("be"))]
    Emptied {
        /// The field.
        field: String,
        /// The figure and its limit.
        #[serde(flatten)]
        excess: Excess,
    },
    /// Too many records would have a field changed.
    #[error("`{field}` would be changed in {}; {}", .excess.some(), .excess.most("be"))]
    Changed {
        /// The field.
        field: String,
        /// The figure and its limit.
        #[serde(flatten)]
        excess: Excess,
    },
    /// The plan was made under another policy.
    #[error("the plan was made under policy {found}, this run has {expected}")]
    OtherPolicy {
        /// The run's.
        expected: Fingerprint,
        /// The plan's.
        found: Fingerprint,
    },
}

/// A figure beyond its limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Excess {
    /// The number of records.
    pub count: u64,
    /// The number that it is compared with: the active records here, or the listing.
    pub population: u64,
    /// The limit, in words.
    pub limit: String,
    /// The first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<ExternalId>,
}

fn active(population: u64) -> String {
    if population == 1 { "1 record is".to_owned() } else { format!("{population} records are") }
}

impl Excess {
    fn some(&self) -> String {
        let Self { count, population, .. } = self;
        format!("{count} of {population} record{}", if *population == 1 { "" } else { "s" })
    }

    /// The count alone, for a figure that is not a part of the population.
    fn records(&self) -> String {
        format!("{} record{}", self.count, if self.count == 1 { "" } else { "s" })
    }

    fn most(&self, verb: &str) -> String {
        format!("at most {} may {verb} without approval", self.limit)
    }
}
