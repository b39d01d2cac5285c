//! Crowds: match keys that more than a few records have, and that therefore identify none.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::{MatchKey, MatchRules};
use crate::id::ExternalId;
use crate::value::Record;

/// So many records may share a key. One that more have, here or in the listing, proposes nothing.
///
/// A family shares an e-mail address, a club's placeholder is on forty members. No household of the registers that were
/// looked at has more than eight members, so ten leaves room.
pub const FEW: usize = 10;

/// How many records have each key, and so which keys say nothing.
///
/// Only keys that at least one record here has are counted: the others propose nothing anyway. Of each key at most [`FEW`]
/// ids are held, so what is held grows with the listing and not with its square.
///
/// ```
/// use tripartite::id::{ExternalId, LocalId};
/// use tripartite::matching::{
///     Crowds, FEW, Local, Match, MatchRule, MatchRules, Pool, Remote, Trust,
/// };
/// # use tripartite::schema::{Field, Kind, Schema};
/// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
/// # let fields = vec!["phone".to_owned()];
/// # let rules = MatchRules::new(&schema, vec![MatchRule::new("phone", fields).trust(Trust::Trusted)])?;
/// let (local, record) =
///     (LocalId::new("17")?, schema.record(&serde_json::json!({"phone": "1800 100 100"}))?);
/// let pool =
///     Pool::new(&rules, [Local::new(&local, &record)]);
/// let mut crowds = Crowds::default();
/// let first = ExternalId::new("FED-0")?;
/// let evidence = pool.evidence(Remote::new(&first, &record));
/// for at in 0..=FEW {
///     assert!(matches!(evidence.answer(&rules, &crowds), Match::Found { .. }));
///     let id = ExternalId::new(format!("FED-{at}"))?;
///     crowds.count(&id, &pool.evidence(Remote::new(&id, &record)));
/// }
/// // The eleventh record with this telephone shows that it is nobody's, also for the first.
/// assert_eq!(evidence.answer(&rules, &crowds), Match::Unmatched);
/// assert_eq!(
///     (crowds.named(&rules)[0].rule.as_str(), crowds.named(&rules)[0].records),
///     ("phone", 11)
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Crowds(BTreeMap<MatchKey, Sharers>);

/// Who has one key.
#[derive(Debug, Clone)]
struct Sharers {
    rule: usize,
    listed: Listed,
}

/// The records of the listing that have a key.
#[derive(Debug, Clone)]
enum Listed {
    Few(BTreeSet<ExternalId>),
    /// More than a few, or more than a few here; so many of the listing.
    Crowd(u64),
}

/// A rule of which some keys said nothing, because more than [`FEW`] records have them. It names no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Crowded {
    /// The rule.
    pub rule: String,
    /// How many of its keys that are.
    pub keys: u64,
    /// For how many records of the listing it proposed nothing because of that.
    pub records: u64,
}

impl Crowds {
    /// Counts the keys of a record of the source. The same record is counted once while its keys are few.
    ///
    /// ```
    /// # use tripartite::id::ExternalId;
    /// use tripartite::matching::{Crowds, MatchRules, Pool, Remote};
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("email", Kind::Email)).build()?;
    /// let rules = MatchRules::new(&schema, vec![])?;
    /// let (id, record) = (ExternalId::new("FED-1")?, schema.missing());
    /// let mut crowds = Crowds::default();
    /// crowds.count(&id, &Pool::new(&rules, []).evidence(Remote::new(&id, &record)));
    /// assert!(crowds.is_empty()); // it has no key that anybody here has
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn count(&mut self, id: &ExternalId, evidence: &Evidence) {
        for held in evidence.keys() {
            if held.here == 0 && !self.0.contains_key(&held.key) {
                continue;
            }
            let sharers = Sharers { rule: held.rule, listed: Listed::Few(BTreeSet::new()) };
            self.0.entry(held.key).or_insert(sharers).listed.add(id, held.here);
        }
    }

    /// Whether more than a few records have a key.
    ///
    /// ```
    /// use tripartite::matching::{Crowds, MatchKey};
    /// assert!(!Crowds::default().has(MatchKey::from_bytes([7; 16])));
    /// ```
    pub fn has(&self, key: MatchKey) -> bool {
        self.0.get(&key).is_some_and(|sharers| matches!(sharers.listed, Listed::Crowd(_)))
    }

    /// Whether nothing was counted.
    ///
    /// ```
    /// use tripartite::matching::Crowds;
    /// assert!(Crowds::default().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rules that proposed nothing for somebody, in their order.
    ///
    /// ```
    /// # use tripartite::matching::{Crowds, MatchRules};
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("email", Kind::Email)).build()?;
    /// assert!(Crowds::default().named(&MatchRules::new(&schema, vec![])?).is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named(&self, rules: &MatchRules) -> Vec<Crowded> {
        let mut named: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
        for Sharers { rule, listed } in self.0.values() {
            if let Listed::Crowd(records @ 1..) = listed {
                let (keys, sum) = named.entry(*rule).or_default();
                (*keys, *sum) = (*keys + 1, *sum + records);
            }
        }
        let crowded = |(rule, (keys, records)): (usize, _)| {
            Some(Crowded { rule: rules.rules().get(rule)?.name.clone(), keys, records })
        };
        named.into_iter().filter_map(crowded).collect()
    }

    /// Adds the keys that more than a few of these records share. They are not named: a stored plan has done it.
    pub(crate) fn add_shared(&mut self, rules: &MatchRules, records: impl Iterator<Item = Record>) {
        let mut counts: BTreeMap<MatchKey, (usize, usize)> = BTreeMap::new();
        for (rule, key) in records.flat_map(|record| rules.forms(&record).keyed().collect::<Vec<_>>()) {
            counts.entry(key).or_insert((rule, 0)).1 += 1;
        }
        let shared = counts.into_iter().filter(|(_, (_, count))| *count > FEW);
        self.0.extend(shared.map(|(key, (rule, _))| (key, Sharers { rule, listed: Listed::Crowd(0) })));
    }
}

impl Listed {
    fn add(&mut self, id: &ExternalId, here: usize) {
        match self {
            Self::Crowd(count) => *count += 1,
            Self::Few(ids) => {
                ids.insert(id.clone());
                if ids.len() > FEW || here > FEW {
                    *self = Self::Crowd(ids.len() as u64);
                }
            }
        }
    }
}
