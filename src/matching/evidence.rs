//! Evidence: which records here the rules name for one of the source, by which keys.

use std::collections::BTreeMap;

use super::crowd::Crowds;
use super::{Match, MatchKey, MatchRules, Trust};
use crate::id::{ExternalId, LocalId};

/// What [`Pool::evidence`](super::Pool::evidence) finds about one record of the source.
///
/// It is no answer yet: a key by which it was found can turn out to be one that more than a few records of the listing
/// have, which is known when the listing is over.
///
/// ```
/// use tripartite::id::ExternalId;
/// use tripartite::matching::{Crowds, Match, MatchRules, Pool, Remote};
/// # use tripartite::schema::{Field, Kind, Schema};
/// # let schema = Schema::builder().field(Field::new("email", Kind::Email)).build()?;
/// let rules = MatchRules::new(&schema, vec![])?;
/// let (id, record) = (ExternalId::new("FED-1")?, schema.missing());
/// let evidence = Pool::new(&rules, []).evidence(Remote::new(&id, &record));
/// assert_eq!(evidence.answer(&rules, &Crowds::default()), Match::Unmatched);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The record's keys.
    keys: Vec<Held>,
    hits: BTreeMap<LocalId, Hit>,
    /// The record itself.
    of: ExternalId,
}

/// A key of the record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) rule: usize,
    pub(super) key: MatchKey,
    /// How many of the candidates have it.
    pub(super) here: usize,
}

/// A candidate that at least one rule speaks for.
#[derive(Debug, Clone, Default)]
struct Hit {
    linked: Option<ExternalId>,
    by: Vec<(usize, MatchKey)>,
}

impl Evidence {
    pub(super) fn new(of: ExternalId, keys: Vec<Held>) -> Self {
        Self { keys, hits: BTreeMap::new(), of }
    }

    pub(super) fn hit(&mut self, local: &LocalId, linked: Option<&ExternalId>, by: &[(usize, MatchKey)]) {
        let hit = self.hits.entry(local.clone()).or_default();
        hit.by.extend_from_slice(by);
        hit.linked = hit.linked.take().or_else(|| linked.cloned());
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = Held> {
        self.keys.iter().copied()
    }

    /// The record of the source.
    pub(crate) fn of(&self) -> &ExternalId {
        &self.of
    }

    /// The records here that a rule speaks for.
    pub(crate) fn locals(&self) -> impl Iterator<Item = &LocalId> {
        self.hits.keys()
    }

    /// Which of the candidates the record is, by the keys that say something.
    ///
    /// ```
    /// # use tripartite::id::{ExternalId, LocalId};
    /// use tripartite::matching::{Crowds, Local, MatchRule, MatchRules, Pool, Remote, Trust};
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
    /// # let fields = vec!["phone".to_owned()];
    /// # let rules = MatchRules::new(&schema, vec![MatchRule::new("phone", fields).trust(Trust::Trusted)])?;
    /// # let (id, record) = (ExternalId::new("FED-1")?, schema.record(&serde_json::json!({"phone": "1"}))?);
    /// # let local = LocalId::new("17")?;
    /// let pool =
    ///     Pool::new(&rules, [Local::new(&local, &record)]);
    /// let evidence = pool.evidence(Remote::new(&id, &record));
    /// assert_eq!(evidence.answer(&rules, &Crowds::default()).link(), Some(&local));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn answer(&self, rules: &MatchRules, crowds: &Crowds) -> Match {
        let said = |hit: &Hit| {
            let by = hit.by.iter().filter(|(_, key)| !crowds.has(*key)).map(|(rule, _)| *rule);
            by.min_by_key(|&rule| rank(rules, rule))
        };
        let mut hits: Vec<_> =
            self.hits.iter().filter_map(|(local, hit)| Some((local, &hit.linked, said(hit)?))).collect();
        if hits.len() > 1 {
            let locals = hits.into_iter().map(|(local, ..)| local.clone()).collect();
            return Match::Ambiguous { locals, rivals: Vec::new() };
        }
        let Some((local, linked, rule)) = hits.pop() else { return Match::Unmatched };
        let (local, stated) = (local.clone(), &rules.rules()[rule]);
        match linked {
            None => Match::Found { local, rule: stated.name.clone(), trust: stated.trust },
            Some(linked) if *linked == self.of => Match::Linked { local },
            Some(other) => Match::IdentityConflict { local, holds: other.clone(), rule: stated.name.clone() },
        }
    }
}

/// The strongest first, then in the order in which they were stated.
fn rank(rules: &MatchRules, rule: usize) -> (std::cmp::Reverse<Trust>, usize) {
    (std::cmp::Reverse(rules.rules()[rule].trust), rule)
}
