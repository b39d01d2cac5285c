//! Who is who: records of the source that nobody here is linked to, and the records here that they could be.
//!
//! | the rules say of a record | and so |
//! |---|---|
//! | nobody | it is created at once |
//! | one, by a rule that is trusted | it is linked, when the listing is over and nobody else claims the same |
//! | one, by a rule that proposes; or one that a user removed | it is set aside until a person decides |
//! | several, or one that another record of the listing claims | it is set aside, and so is the other |
//! | one that is linked to another record of the source | it is set aside: a link is never moved |
//!
//! **Why is a record that this run created no candidate?** Whether it is there yet depends on the order of the pages.

use std::collections::BTreeMap;

use super::commit::{After, Then};
use super::core::Core;
use super::index::Slot;
use crate::exchange::{Candidate, Expect, Loaded, Near, Op, Presence, RemoteRecord, Situation};
use crate::id::{ExternalId, LocalId};
use crate::matching::{Local, Match, Pool, Remote, Trust};
use crate::plan::{Plan, plan_found};

/// A record of the source that waits for the end of the listing.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) remote: RemoteRecord,
    answer: Match,
    /// What links it, if nothing speaks against it.
    op: Option<Op>,
}

/// The records here that a page could be about, and what the rules say.
pub(super) struct Around<'c> {
    /// The answers that name anybody.
    pub(super) answers: BTreeMap<ExternalId, Match>,
    candidates: BTreeMap<&'c LocalId, &'c Candidate>,
}

/// What an op would take over from the source, of a record that keeps its id.
pub(super) fn said_by_the_source(op: &Op) -> Option<RemoteRecord> {
    let record = op.remote.clone().filter(|_| op.rekeyed.is_none())?;
    Some(RemoteRecord { id: op.id.clone(), version: op.version, record })
}

impl Core {
    /// What to look for: the keys of records that are linked to nothing.
    pub(super) fn near<'r>(&self, unlinked: impl Iterator<Item = &'r RemoteRecord>) -> Option<Near> {
        let rules = self.run.rules.as_ref()?;
        let mut keys: Vec<_> = unlinked.flat_map(|remote| rules.keys(&remote.record)).collect();
        keys.sort_unstable();
        keys.dedup();
        (!keys.is_empty()).then(|| Near { rules: rules.clone(), keys })
    }

    pub(super) fn judged<'c, 'r>(
        &self,
        remotes: impl Iterator<Item = &'r RemoteRecord>,
        linked: &BTreeMap<ExternalId, Loaded>,
        candidates: &'c [Candidate],
    ) -> Around<'c> {
        let made =
            |candidate: &&Candidate| candidate.linked.as_ref().is_some_and(|id| self.index.was_made(id.as_str()));
        let candidates: BTreeMap<_, _> = candidates
            .iter()
            .filter(|candidate| !made(candidate))
            .map(|candidate| (&candidate.local, candidate))
            .collect();
        let mut answers = BTreeMap::new();
        if let Some(rules) = self.run.rules.as_ref().filter(|_| !candidates.is_empty()) {
            let local = |candidate: &&'c Candidate| {
                let Candidate { local: id, linked, is_not, record, .. } = *candidate;
                Local { id, linked: linked.as_ref(), is_not, record }
            };
            let pool = Pool::new(rules, candidates.values().map(local));
            for remote in remotes.filter(|remote| !linked.contains_key(&remote.id) && !self.is_twice(&remote.id)) {
                let answer = pool.judge(Remote { id: &remote.id, record: &remote.record });
                // One that is linked since was not loaded: its creation is refused, and then it is.
                if !matches!(answer, Match::Unmatched | Match::Linked { .. }) {
                    answers.insert(remote.id.clone(), cautious(answer, &candidates));
                }
            }
        }
        Around { answers, candidates }
    }

    pub(super) fn await_the_end(&mut self, slot: Slot, remote: RemoteRecord, answer: Match, around: &Around<'_>) {
        let op = self.linking(&remote, &answer, around);
        self.pending.insert(slot, Pending { remote, answer, op });
    }

    /// The op that links a record, where a rule says so that is trusted.
    fn linking(&self, remote: &RemoteRecord, answer: &Match, around: &Around<'_>) -> Option<Op> {
        let Match::Found { local, rule, trust: Trust::Trusted } = answer else { return None };
        let candidate = around.candidates.get(local)?;
        Some(plan_found(&self.run.policy, remote, candidate, rule))
    }

    /// The listing is over: nobody claims a record here who has not spoken.
    pub(super) fn settle_claims(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let pending: BTreeMap<_, _> =
            pending.into_iter().map(|(slot, pending)| (pending.remote.id.clone(), (slot, pending))).collect();
        for (id, (_, Pending { answer, .. })) in &pending {
            self.claims.add(id.clone(), answer.clone());
        }
        let settled = self.claims.take();
        for (id, (slot, Pending { answer, op, .. })) in pending {
            let answer = settled.get(&id).cloned().unwrap_or(answer);
            let op = self.decided(id, answer, op);
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
            if let Expect::Free { local, .. } = &op.expect {
                self.claims.claim(&op.id, std::slice::from_ref(local));
            }
        }
    }

    /// Links a record, or sets it aside.
    fn decided(&mut self, id: ExternalId, answer: Match, op: Option<Op>) -> Option<Op> {
        if answer.link().is_some() && op.is_some() {
            return op;
        }
        let situation = match answer {
            Match::Found { .. } => Situation::Found,
            Match::IdentityConflict { .. } => Situation::IdentityConflict,
            _ => Situation::Ambiguous,
        };
        self.refuse(id, situation, problem(&answer), Some(answer))
    }

    /// Plans once more what was stale, judged by what is here now.
    pub(super) fn plan_all_again(
        &mut self,
        stale: &[Op],
        after: &After,
        loaded: &mut BTreeMap<ExternalId, Loaded>,
        candidates: &[Candidate],
    ) -> Vec<Op> {
        let remotes: Vec<RemoteRecord> = stale.iter().filter_map(said_by_the_source).collect();
        let mut around = self.judged(remotes.iter(), loaded, candidates);
        let listing = matches!(after.next, Then::Listing(_));
        for (id, answer) in around.answers.iter().filter(|_| !listing) {
            self.claims.claim(id, answer.locals());
        }
        let mut ops = Vec::new();
        for op in stale {
            let answer = said_by_the_source(op).zip(around.answers.remove(&op.id));
            ops.extend(match answer {
                None => self.plan_again(op, loaded),
                Some((remote, answer)) if listing => {
                    let slot = self.index.slot(op.id.as_str());
                    self.await_the_end(slot, remote, answer, &around);
                    None
                }
                Some((remote, answer)) => {
                    let op = self.linking(&remote, &answer, &around);
                    let answer = self.claims.contested(&remote.id, answer);
                    self.decided(remote.id, answer, op)
                }
            });
        }
        ops
    }
}

/// A record that a user removed is not brought back by a rule.
fn cautious(answer: Match, candidates: &BTreeMap<&LocalId, &Candidate>) -> Match {
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
