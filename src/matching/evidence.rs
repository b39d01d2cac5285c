//! Evidence: which records here the rules name for one of the source, by which keys.

use std::collections::BTreeMap;

use super::MatchKey;
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
    pub(super) hits: BTreeMap<LocalId, Hit>,
    /// The record itself.
    pub(super) of: ExternalId,
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
pub(super) struct Hit {
    pub(super) linked: Option<ExternalId>,
    pub(super) by: Vec<(usize, MatchKey)>,
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
}
