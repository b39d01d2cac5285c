//! Decides many conflicts with one answer.

use std::collections::BTreeSet;

use super::{Answer, DecideError, decide, unit_named};
use crate::detect::Clash;
use crate::id::{ExternalId, PersonId};
use crate::schema::{Policy, Strategy};
use crate::setters::setters;
use crate::store::{Loaded, Op, OpenConflict};

/// Which conflicts are meant: those that fit everything that is stated.
///
/// ```
/// use tripartite::decide::Filter;
/// // of all records
/// let phones = Filter::default().field("phone".to_owned());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Filter {
    /// About this field or group, or the group that this field is in.
    pub field: Option<String>,
    /// That collide like this.
    pub clash: Option<Clash>,
    /// Of these records.
    pub ids: Option<BTreeSet<ExternalId>>,
    /// That fall under this strategy.
    pub strategy: Option<Strategy>,
}

impl Filter {
    setters! {
        field: impl Into<Option<String>>,
        clash: impl Into<Option<Clash>>,
        ids: impl Into<Option<BTreeSet<ExternalId>>>,
        strategy: impl Into<Option<Strategy>>,
    }

    /// Whether a conflict of a record is meant. One whose field left the schema never is, nor one about a
    /// record as a whole: that is decided one by one.
    pub fn fits(&self, policy: &Policy, loaded: &Loaded, conflict: &OpenConflict) -> bool {
        let schema = policy.schema();
        let Some(unit) = unit_named(schema, &conflict.unit) else { return false };
        let named = |name: &String| {
            conflict.unit == *name || schema.members(&unit).iter().any(|&at| schema.fields()[at].name() == name)
        };
        self.field.as_ref().is_none_or(named)
            && self.clash.is_none_or(|clash| clash == conflict.clash)
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&loaded.id))
            && (self.strategy.as_ref())
                .is_none_or(|strategy| policy.deciding(unit, loaded.strategy.as_ref()).1 == strategy)
    }
}

/// A conflict that an answer does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The record.
    pub id: ExternalId,
    /// The field or group.
    pub unit: String,
    /// Why.
    pub why: DecideError,
}

/// What one answer to many conflicts comes to, before it is carried out.
#[derive(Debug, Clone, Default)]
#[must_use = "decisions that are not committed are not made"]
#[non_exhaustive]
pub struct Decided {
    /// The ops, one a record, in the order of the records.
    pub ops: Vec<Op>,
    /// How many conflicts they close.
    pub closed: usize,
    /// How many open conflicts were not meant.
    pub skipped: usize,
    /// Those that were meant, but that the answer does not fit; they stay open.
    pub refused: Vec<Refused>,
}

/// Gives one answer to all open conflicts of some records that a filter means. An answer that fits one conflict of a
/// record and not another closes the one.
pub fn decide_many(policy: &Policy, records: &[Loaded], filter: &Filter, answer: &Answer, by: &PersonId) -> Decided {
    let mut decided = Decided::default();
    for loaded in records {
        let mut answers = Vec::new();
        for conflict in &loaded.open {
            let unit = conflict.unit.as_str();
            if !filter.fits(policy, loaded, conflict) {
                decided.skipped += 1;
                continue;
            }
            // Each answer is tried alone, so that one that is refused does not take the others of its record with it.
            match decide(policy, loaded, &[(unit, answer.clone())], by) {
                Ok(_) => answers.push((unit, answer.clone())),
                Err(why) => decided.refused.push(Refused { id: loaded.id.clone(), unit: unit.to_owned(), why }),
            }
        }
        if let (false, Ok(op)) = (answers.is_empty(), decide(policy, loaded, &answers, by)) {
            decided.closed += answers.len();
            decided.ops.push(op);
        }
    }
    decided
}
