//! Acts on the answers of the match rules when the listing is over: a record is linked, created or set aside.

use super::candidates::Candidates;
use super::context::Context;
use super::renamed::Ends;
use crate::audit::Situation;
use crate::matching::{Match, Trust};
use crate::plan::plan_found;
use crate::source::RemoteRecord;
use crate::store::{Candidate, Op};

impl Ends {
    /// Links a record, creates it, or sets it aside.
    pub(super) fn decide(
        &mut self,
        context: &mut Context,
        remote: &RemoteRecord,
        answer: Match,
        candidates: &Candidates,
    ) -> Option<Op> {
        let answer = self.renamed(context, &remote.id, answer, candidates);
        match &answer {
            Match::Unmatched | Match::Linked { .. } => return context.plan_record(remote, None).ok().flatten(),
            Match::Found { local, rule, trust: Trust::Trusted } => {
                if let Some(candidate) = candidates.get(local).filter(|it| !contradicts(context, remote, it)) {
                    return Some(plan_found(&context.run.policy, remote, candidate, rule));
                }
            }
            _ => {}
        }
        context.outcomes.asked.push(remote.clone());
        context.refuse(remote.id.clone(), situation(&answer), problem(&answer), Some(answer));
        None
    }
}

/// Whether all identity fields contradict a trusted rule, as when a mother and her child share an address.
fn contradicts(context: &Context, remote: &RemoteRecord, candidate: &Candidate) -> bool {
    context.run.policy.schema().is_another(&candidate.record, &remote.record)
}

/// The situation of a record that an answer sets aside.
fn situation(answer: &Match) -> Situation {
    match answer {
        Match::IdentityConflict { .. } => Situation::IdentityConflict,
        Match::Ambiguous { .. } => Situation::Ambiguous,
        Match::Renamed { .. } => Situation::Renamed,
        _ => Situation::Found,
    }
}

/// The problem as the person reads it who decides.
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
