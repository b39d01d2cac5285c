//! Candidates: which records here an unlinked record of the source may be, and how each answer of the match rules is
//! handled.
//!
//! | the rules name for a record | result |
//! |---|---|
//! | no record, or records only by keys that more than a few have | it is created, and the report names the rule |
//! | one, by a rule that is trusted | it is linked when the listing is over, if no other record claims the same |
//! | one, by a rule that proposes; or one that a user removed | it is set aside until a person decides |
//! | several, or one that another record of the listing claims | it is set aside, and so is the other |
//! | one that is linked to another record of the source | it is set aside: a link is never moved |
//! | one that is linked to a record which a complete listing no longer has | both wait: is it the same one, [renamed](super::renamed)? |
//!
//! **When is it known that more than a few records have a key?** At the end of the listing, so answers are given then.
//! A run holds each waiting record with its few candidates, and never compares all records with all.
//!
//! **Why is a record that this run created not a candidate?** Whether it exists yet depends on the order of the pages.

use std::collections::BTreeMap;

use super::context::{ById, Context};
use crate::id::{ExternalId, LocalId};
use crate::matching::{Evidence, Local, Match, Pool, Remote, Trust};
use crate::source::RemoteRecord;
use crate::store::{Candidate, CandidateQuery, Presence, gave_up};

/// The candidates, by their local ids.
pub(super) type Candidates = BTreeMap<LocalId, Candidate>;

impl Context {
    /// The keys to look for: those of unlinked records, without those that more than a few records have.
    pub(super) fn near<'r>(&self, unlinked: impl Iterator<Item = &'r RemoteRecord>) -> Option<CandidateQuery> {
        let rules = self.run.rules.as_ref()?;
        let keys = unlinked.flat_map(|remote| rules.keys(&remote.record));
        let mut keys: Vec<_> = keys.filter(|key| !self.crowds.has(*key)).collect();
        keys.sort_unstable();
        keys.dedup();
        (!keys.is_empty()).then(|| CandidateQuery { rules: rules.clone(), keys })
    }

    pub(super) fn candidates(&self, loaded: Vec<Candidate>) -> Candidates {
        let made = |id: &ExternalId| self.index.was_made(id.as_str());
        let mut found: Vec<_> =
            loaded.into_iter().filter(|candidate| !candidate.linked.as_ref().is_some_and(made)).collect();
        // A record that gave an id up is not the record of that id: a person has decided so.
        found.iter_mut().for_each(|it| it.is_not.extend(it.linked.as_ref().and_then(gave_up)));
        found.into_iter().map(|candidate| (candidate.local.clone(), candidate)).collect()
    }

    /// The evidence for the records of a page for which the rules name a candidate.
    pub(super) fn evidence<'r>(
        &self,
        remotes: impl Iterator<Item = &'r RemoteRecord>,
        linked: &ById,
        candidates: &Candidates,
    ) -> Vec<Evidence> {
        let Some(rules) = &self.run.rules else { return Vec::new() };
        if candidates.is_empty() && self.crowds.is_empty() {
            return Vec::new();
        }
        let pool = Pool::new(rules, candidates.values().map(local));
        let unlinked = remotes.filter(|remote| !linked.contains_key(&remote.id) && !self.is_shared(&remote.id));
        unlinked.map(|remote| pool.evidence(Remote { id: &remote.id, record: &remote.record })).collect()
    }

    /// Counts the records that have a key. A record that is listed twice counts by its first statement.
    pub(super) fn count_keys(&mut self, found: &[Evidence]) {
        found.iter().for_each(|evidence| self.crowds.count(evidence.of(), evidence));
    }

    /// The answer of the rules, without a candidate that was linked to the record meanwhile. The store then refuses the
    /// creation, and the record is loaded as a linked one.
    pub(super) fn answer(&self, evidence: &Evidence, candidates: &Candidates) -> Match {
        let answer = self.run.rules.as_ref().map(|rules| evidence.answer(rules, &self.crowds));
        match answer {
            None | Some(Match::Linked { .. }) => Match::Unmatched,
            Some(answer) => cautious(answer, candidates),
        }
    }

    /// The evidence of the records for which the rules name a candidate, by their ids.
    pub(super) fn named(&self, found: Vec<Evidence>, candidates: &Candidates) -> BTreeMap<ExternalId, Evidence> {
        let named = found.into_iter().filter(|evidence| self.answer(evidence, candidates) != Match::Unmatched);
        named.map(|evidence| (evidence.of().clone(), evidence)).collect()
    }
}

fn local(candidate: &Candidate) -> Local<'_> {
    let Candidate { local: id, linked, is_not, record, .. } = candidate;
    Local { id, linked: linked.as_ref(), is_not, record }
}

/// A rule never brings back a record that a user removed.
fn cautious(answer: Match, candidates: &Candidates) -> Match {
    match answer {
        Match::Found { local, rule, .. }
            if candidates.get(&local).is_some_and(|it| it.presence != Presence::Active) =>
        {
            Match::Found { local, rule, trust: Trust::Propose }
        }
        answer => answer,
    }
}
