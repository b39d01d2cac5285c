//! Why something was decided, in the words of the catalogue.

use tripartite::detect::Verdict;
use tripartite::resolve::{Decision, Dialled, Reason, UnitReason};

use super::say::{Say, foreign};
use super::text::T;

/// A sentence, and the language it is in where that is not the page's: what the catalogue does not have is said in English,
/// and not left out.
pub(super) fn sentence(say: Say, reason: &Reason<'_>) -> (String, Option<&'static str>) {
    let known = if let Reason::Unit(why) = reason { text(why).map(|text| (text, why)) } else { None };
    match known {
        Some((text, why)) => {
            let sentence = say.f(text, &[("rule", &why.rule)]);
            let dialled = why.dialled.as_ref().map(|dialled| format!(" {}", read_as(say, dialled)));
            (sentence + &dialled.unwrap_or_default(), None)
        }
        None => (reason.to_string(), foreign(say.lang)),
    }
}

fn read_as(say: Say, dialled: &Dialled) -> String {
    let here = dialled.local.region.to_string();
    let there = dialled.remote.map(|remote| remote.region.to_string());
    let text = if there.is_some() { T::DialledBoth } else { T::DialledHere };
    say.f(text, &[("by", &dialled.by), ("here", &here), ("there", &there.unwrap_or_default())])
}

fn text(why: &UnitReason<'_>) -> Option<T> {
    match why.answer() {
        Some("take_local") => return Some(T::BecauseAskedLocal),
        Some("take_remote") => return Some(T::BecauseAskedRemote),
        Some("restore") => return Some(T::BecauseRestored),
        Some(_) => return Some(T::BecauseAskedValue),
        None => {}
    }
    Some(match (&why.verdict, why.decision) {
        (Verdict::Converged, _) => T::BecauseConverged,
        (Verdict::Adopted, _) => T::BecauseAdopted,
        (Verdict::InvalidRemote(_), _) => T::BecauseInvalid,
        (_, Decision::DriftReverted) => T::BecauseReverted,
        (Verdict::Conflict(_), Decision::TookRemote) => T::BecauseBothTook,
        (Verdict::Conflict(_), Decision::KeptLocal) => T::BecauseBothKept,
        (Verdict::Conflict(_), Decision::HeldOpen) => T::BecauseOpen,
        (_, Decision::Merged) => T::BecauseMerged,
        (Verdict::RemoteOnly(_), Decision::TookRemote) => T::BecauseTookRemote,
        (Verdict::RemoteOnly(_), Decision::KeptLocal) => T::BecauseKeptLocal,
        (Verdict::LocalOnly(_), Decision::Nothing) => T::BecauseEditStays,
        _ => return None,
    })
}
