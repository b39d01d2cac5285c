//! Who is who: records of the source that nobody here is linked to, and the records here that they could be.
//!
//! | the rules say of a record | and so |
//! |---|---|
//! | nobody, or only by keys that more than a few records have | it is created, and the report names the rule |
//! | one, by a rule that is trusted | it is linked, when the listing is over and nobody else claims the same |
//! | one, by a rule that proposes; or one that a user removed | it is set aside until a person decides |
//! | several, or one that another record of the listing claims | it is set aside, and so is the other |
//! | one that is linked to another record of the source | it is set aside: a link is never moved |
//! | one that is linked to a record which a complete listing no longer has | both wait: is it the same one, [renamed](super::renamed)? |
//!
//! **When is it known that a key is one of more than a few?** With the listing, so answers are given at its end, by keys
//! alone. Whom a run waits for, it holds with the few records here that it could be: never each with each.
//!
//! **Why is a record that this run created no candidate?** Whether it is there yet depends on the order of the pages.

use std::collections::BTreeMap;

use super::context::{ById, Context};
use crate::id::{ExternalId, LocalId};
use crate::matching::{Evidence, Local, Match, Pool, Remote, Trust};
use crate::source::RemoteRecord;
use crate::store::{Candidate, CandidateQuery, Presence, gave_up};

/// The records here that one of the source could be, by what they are called here.
pub(super) type Candidates = BTreeMap<LocalId, Candidate>;

impl Context {
    /// What to look for: the keys of records that are linked to nothing, but for those that more than a few have.
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
        // Of whoever gave an id up, a person has said that it is not that one.
        found.iter_mut().for_each(|it| it.is_not.extend(it.linked.as_ref().and_then(gave_up)));
        found.into_iter().map(|candidate| (candidate.local.clone(), candidate)).collect()
    }

    /// What the rules find about the records of a page, of which they name anybody.
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

    /// Counts who has which key. A record that the listing states twice is counted as it was stated first.
    pub(super) fn count_keys(&mut self, found: &[Evidence]) {
        found.iter().for_each(|evidence| self.crowds.count(evidence.of(), evidence));
    }

    /// Whether the rules name anybody who is not linked to it since. One that is linked since was not loaded: its creation
    /// is refused, and then it is.
    pub(super) fn answer(&self, evidence: &Evidence, candidates: &Candidates) -> Match {
        let answer = self.run.rules.as_ref().map(|rules| evidence.answer(rules, &self.crowds));
        match answer {
            None | Some(Match::Linked { .. }) => Match::Unmatched,
            Some(answer) => cautious(answer, candidates),
        }
    }

    /// Those that the rules name somebody for, by their ids.
    pub(super) fn named(&self, found: Vec<Evidence>, candidates: &Candidates) -> BTreeMap<ExternalId, Evidence> {
        let named = found.into_iter().filter(|evidence| self.answer(evidence, candidates) != Match::Unmatched);
        named.map(|evidence| (evidence.of().clone(), evidence)).collect()
    }
}

fn local(candidate: &Candidate) -> Local<'_> {
    let Candidate { local: id, linked, is_not, record, .. } = candidate;
    Local { id, linked: linked.as_ref(), is_not, record }
}

/// A record that a user removed is not brought back by a rule.
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
