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

use super::commit::{After, Then};
use super::core::Core;
use super::index::Slot;
use super::renamed::situation;
use crate::id::{ExternalId, LocalId};
use crate::matching::{Evidence, Local, Match, Pool, Remote, Trust};
use crate::plan::{Plan, plan_found};
use crate::source::RemoteRecord;
use crate::store::{Action, Candidate, CandidateQuery, Loaded, Op, Precondition, Presence, gave_up};

/// A record of the source that waits for the end of the listing.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) remote: RemoteRecord,
    /// Whom the rules name; `None` where only its id is like another one.
    evidence: Option<Evidence>,
}

/// The records here that one of the source could be, by what they are called here.
pub(super) type Candidates = BTreeMap<LocalId, Candidate>;

/// What an op would take over from the source, of a record that keeps its id.
pub(super) fn said_by_the_source(op: &Op) -> Option<RemoteRecord> {
    let record = op.remote.clone().filter(|_| op.rekeyed.is_none())?;
    Some(RemoteRecord { id: op.id.clone(), version: op.version, record })
}

impl Core {
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
        linked: &BTreeMap<ExternalId, Loaded>,
        candidates: &Candidates,
    ) -> Vec<Evidence> {
        let Some(rules) = &self.run.rules else { return Vec::new() };
        if candidates.is_empty() && self.crowds.is_empty() {
            return Vec::new();
        }
        let pool = Pool::new(rules, candidates.values().map(local));
        let unlinked = remotes.filter(|remote| !linked.contains_key(&remote.id) && !self.is_twice(&remote.id));
        unlinked.map(|remote| pool.evidence(Remote { id: &remote.id, record: &remote.record })).collect()
    }

    /// Counts who has which key. A record that the listing states twice is counted as it was stated first.
    pub(super) fn count_keys(&mut self, found: &[Evidence]) {
        found.iter().for_each(|evidence| self.crowds.count(evidence.of(), evidence));
    }

    /// Whether the rules name anybody who is not linked to it since. One that is linked since was not loaded: its creation
    /// is refused, and then it is.
    fn answer(&self, evidence: &Evidence, candidates: &Candidates) -> Match {
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

    pub(super) fn await_the_end(
        &mut self,
        slot: Slot,
        remote: RemoteRecord,
        evidence: Option<Evidence>,
        known: &Candidates,
    ) {
        for local in evidence.iter().flat_map(Evidence::locals) {
            if let Some(candidate) = known.get(local) {
                self.candidates.insert(local.clone(), candidate.clone());
            }
        }
        self.pending.insert(slot, Pending { remote, evidence });
    }

    /// The listing is over: nobody claims a record here who has not spoken, and no key gains another record.
    pub(super) fn settle_claims(&mut self) {
        let (pending, candidates) = (std::mem::take(&mut self.pending), std::mem::take(&mut self.candidates));
        let pending: BTreeMap<_, _> =
            pending.into_iter().map(|(slot, pending)| (pending.remote.id.clone(), (slot, pending))).collect();
        for (id, (_, Pending { evidence, .. })) in &pending {
            let answer = evidence.as_ref().map_or(Match::Unmatched, |evidence| self.answer(evidence, &candidates));
            self.claims.add(id.clone(), answer);
        }
        let mut settled = self.claims.take();
        for (id, (slot, Pending { remote, .. })) in pending {
            let op = settled.remove(&id).and_then(|answer| self.decided(&remote, answer, &candidates));
            self.ops.extend(op.map(|op| (slot, op)));
        }
    }

    /// The claims of a plan that was stored.
    pub(super) fn claim_again(&mut self, plan: &Plan) {
        for aside in &plan.quarantined {
            if let (Some(id), Some(answer)) = (&aside.id, &aside.matched) {
                self.claims.claim(id, answer.locals());
            }
        }
        for op in &plan.ops {
            if let Precondition::Free { local, .. } = &op.expect {
                self.claims.claim(&op.id, std::slice::from_ref(local));
            }
        }
        // Whoever it creates must not be found by what it creates.
        let created = plan.ops.iter().filter(|op| matches!(op.action, Action::Create(_)));
        if let Some(rules) = &self.run.rules {
            self.crowds.add_shared(rules, created.filter_map(|op| op.remote.as_ref()));
        }
    }

    /// Links a record, creates it, or sets it aside.
    fn decided(&mut self, remote: &RemoteRecord, answer: Match, candidates: &Candidates) -> Option<Op> {
        let answer = self.renamed(&remote.id, answer, candidates);
        match &answer {
            Match::Unmatched | Match::Linked { .. } => return self.plan_one(remote, None),
            Match::Found { local, rule, trust: Trust::Trusted } => {
                if let Some(candidate) = candidates.get(local).filter(|it| !self.contradicts(remote, it)) {
                    return Some(plan_found(&self.run.policy, remote, candidate, rule));
                }
            }
            _ => {}
        }
        self.refuse(remote.id.clone(), situation(&answer), problem(&answer), Some(answer))
    }

    /// Whether everything that says who they are speaks against a rule that is trusted: a mother and her child share an
    /// address.
    fn contradicts(&self, remote: &RemoteRecord, candidate: &Candidate) -> bool {
        self.run.policy.schema().is_another(&candidate.record, &remote.record)
    }

    /// Plans once more what was stale, judged by what is here now.
    pub(super) fn plan_all_again(
        &mut self,
        stale: &[Op],
        after: &After,
        loaded: &mut BTreeMap<ExternalId, Loaded>,
        candidates: &Candidates,
    ) -> Vec<Op> {
        let remotes: Vec<RemoteRecord> = stale.iter().filter_map(said_by_the_source).collect();
        let found = self.evidence(remotes.iter(), loaded, candidates);
        let mut named = self.named(found, candidates);
        let listing = matches!(after.next, Then::Listing(_));
        for (id, evidence) in named.iter().filter(|_| !listing) {
            self.claims.claim(id, self.answer(evidence, candidates).locals());
        }
        let mut ops = Vec::new();
        for op in stale {
            let found = said_by_the_source(op).zip(named.remove(&op.id));
            ops.extend(match found {
                None => self.plan_again(op, loaded),
                Some((remote, evidence)) if listing => {
                    let slot = self.index.slot(op.id.as_str());
                    self.await_the_end(slot, remote, Some(evidence), candidates);
                    None
                }
                Some((remote, evidence)) => {
                    let answer = self.answer(&evidence, candidates);
                    let answer = self.claims.contested(&remote.id, answer);
                    self.decided(&remote, answer, candidates)
                }
            });
        }
        ops
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

/// What a person is told, who decides.
fn problem(answer: &Match) -> String {
    match answer {
        Match::Found { local, rule, .. } => {
            format!("may be record {local} here, by the match rule `{rule}`; a person decides whether it is")
        }
        Match::Renamed { was, locals, rule } => {
            let here = locals.first().map(|local| format!(", which is record {local} here")).unwrap_or_default();
            format!(
                "may be the record that the source called {was} before and no longer lists{here}, by the match rule `{rule}`; \
                 nothing is created and nobody is marked inactive until a person says whether the two are the same"
            )
        }
        Match::IdentityConflict { local, holds, rule } => format!(
            "is record {local} here by the match rule `{rule}`, but that one is linked to {holds}; a link is never moved, \
             so a person decides"
        ),
        answer => {
            let rivals = match answer {
                Match::Ambiguous { rivals, .. } if !rivals.is_empty() => {
                    format!(", and so may {} of the source", joined(rivals))
                }
                _ => String::new(),
            };
            let locals = answer.locals();
            let one_of = if locals.len() == 1 { "record" } else { "one of the records" };
            format!("may be {one_of} {} here, by the match rules{rivals}; a person decides", joined(locals))
        }
    }
}

fn joined<T: std::fmt::Display>(ids: &[T]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
