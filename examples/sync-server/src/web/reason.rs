//! Why something was decided, set aside, stopped or refused, in the words of the catalogue.

use nightly_sync::desk::DeskError;
use tripartite::audit::{RecordEntry, RecordReason};
use tripartite::decide::DecideError;
use tripartite::detect::Verdict;
use tripartite::plan::{AsideReason, Blocked, Excess, Quarantined};
use tripartite::resolve::{Decision, Dialled, Reason, UnitReason};

use super::say::{Say, foreign};
use super::text::T;

/// A sentence, and the language it is in where that is not the page's: what a catalogue cannot have, such as the words of a
/// connector, is said as it came.
pub(super) type Sentence = (String, Option<&'static str>);

fn known(said: String) -> Sentence {
    (said, None)
}

fn as_it_came(say: Say, said: impl ToString) -> Sentence {
    (said.to_string(), foreign(say.lang))
}

/// Why a field, or a question about a whole record, was decided as it was.
pub(super) fn sentence(say: Say, reason: &Reason<'_>) -> Sentence {
    let of = |text, fields: &[String]| known(say.f(text, &[("fields", &names(say, fields))]));
    match reason {
        Reason::Unit(why) => match text(why) {
            Some(text) => {
                let dialled = why.dialled.as_ref().map(|dialled| format!(" {}", read_as(say, dialled)));
                known(say.f(text, &[("rule", &*why.rule)]) + &dialled.unwrap_or_default())
            }
            None => as_it_came(say, reason),
        },
        Reason::Replaced { fields } => of(T::BecauseReplaced, fields),
        Reason::Ended { fields } => of(T::BecauseEnded, fields),
        Reason::Removed { fields } => of(T::BecauseRemoved, fields),
        other => as_it_came(say, other),
    }
}

fn names(say: Say, fields: &[String]) -> String {
    fields.iter().map(|field| say.field(field)).collect::<Vec<_>>().join(", ")
}

fn read_as(say: Say, dialled: &Dialled) -> String {
    let here = dialled.local.region.to_string();
    let there = dialled.remote.map(|remote| remote.region.to_string());
    let text = if there.is_some() { T::DialledBoth } else { T::DialledHere };
    say.f(text, &[("by", &dialled.by), ("here", &here), ("there", &there.unwrap_or_default())])
}

/// `None` for what a later version of the crate decides.
fn text(why: &UnitReason<'_>) -> Option<T> {
    match why.answer() {
        Some("take_local") => return Some(T::BecauseAskedLocal),
        Some("take_remote") => return Some(T::BecauseAskedRemote),
        Some("restore") => return Some(T::BecauseRestored),
        Some(_) => return Some(T::BecauseAskedValue),
        None => {}
    }
    let both = matches!(why.verdict, Verdict::Conflict(_));
    match &why.verdict {
        Verdict::InSync => return Some(T::BecauseInSync),
        Verdict::Converged => return Some(T::BecauseConverged),
        Verdict::Adopted => return Some(T::BecauseAdopted),
        Verdict::NotReported => return Some(T::BecauseNotReported),
        Verdict::InvalidRemote(_) => return Some(T::BecauseInvalid),
        _ => {}
    }
    Some(match why.decision {
        Decision::DriftReverted => T::BecauseReverted,
        Decision::TookRemote if both => T::BecauseBothTook,
        Decision::KeptLocal if both => T::BecauseBothKept,
        Decision::TookRemote => T::BecauseTookRemote,
        Decision::KeptLocal if matches!(why.verdict, Verdict::LocalOnly(_)) => T::BecauseEditStays,
        Decision::KeptLocal => T::BecauseKeptLocal,
        Decision::Merged => T::BecauseMerged,
        Decision::HeldOpen => T::BecauseOpen,
        Decision::Entered => T::BecauseAskedValue,
        Decision::Nothing if matches!(why.verdict, Verdict::LocalOnly(_)) => T::BecauseEditStays,
        Decision::Nothing => T::BecauseNothing,
        _ => return None,
    })
}

/// Why something was decided about a record as a whole.
pub(super) fn record(say: Say, entry: &RecordEntry) -> Sentence {
    entry.reason().map_or_else(|| as_it_came(say, &entry.why), |reason| known(whole(say, &reason)))
}

fn whole(say: Say, reason: &RecordReason) -> String {
    use RecordReason as R;
    match reason {
        R::Stale => say.f(T::RecordStale, &[]),
        R::Removed => say.f(T::RecordRemoved, &[]),
        R::Replaced => say.f(T::RecordReplaced, &[]),
        R::Reappeared => say.f(T::RecordReappeared, &[]),
        R::Created => say.f(T::RecordCreated, &[]),
        R::Missing => say.f(T::RecordMissing, &[]),
        R::Gone => say.f(T::RecordGone, &[]),
        R::MissingEdited { fields } => say.f(T::RecordMissingEdited, &[("fields", &names(say, fields))]),
        R::GoneEdited { fields } => say.f(T::RecordGoneEdited, &[("fields", &names(say, fields))]),
        R::KeptActive => say.f(T::RecordKeptActive, &[]),
        R::Found { rule, local } => say.f(T::RecordFound, &[("rule", rule), ("local", local.as_str())]),
        R::Rekeyed { from } => say.f(T::RecordRekeyed, &[("from", from.as_str())]),
        R::LeftRemoved => say.f(T::RecordLeftRemoved, &[]),
        R::TakenBack => say.f(T::RecordTakenBack, &[]),
        R::Same => say.f(T::RecordSame, &[]),
        R::Another => say.f(T::RecordAnother, &[]),
        R::LeftInactive => say.f(T::RecordLeftInactive, &[]),
        R::KeptOn => say.f(T::RecordKeptOn, &[]),
        R::Linked { local } => say.f(T::RecordLinked, &[("local", local.as_str())]),
        R::Renamed { from } => say.f(T::RecordRenamed, &[("from", from.as_str())]),
        R::Parted { other } => say.f(T::RecordParted, &[("other", other.as_str())]),
        R::Rejected { local } => say.f(T::RecordRejected, &[("local", local.as_str())]),
        R::Double { double, local, id } => {
            say.f(T::RecordDouble, &[("double", double.as_str()), ("local", local.as_str()), ("id", id.as_str())])
        }
    }
}

/// Why a statement of the source was set aside.
pub(super) fn aside(say: Say, aside: &Quarantined) -> Sentence {
    match (aside.reason(), &aside.matched) {
        (Some(reason), _) => known(apart(say, &reason)),
        (None, Some(_)) => known(say.t(T::AsideMatch).to_owned()),
        (None, None) => as_it_came(say, &aside.problem),
    }
}

fn apart(say: Say, reason: &AsideReason) -> String {
    use AsideReason as R;
    match reason {
        R::Shared => say.f(T::AsideShared, &[]),
        R::Contradicted => say.f(T::AsideContradicted, &[]),
        R::TwoSpellings => say.f(T::AsideTwoSpellings, &[]),
        R::GivenTwice { to } => say.f(T::AsideGivenTwice, &[("to", to.as_str())]),
        R::MoveContradicted => say.f(T::AsideMoveContradicted, &[]),
        R::OriginContradicted => say.f(T::AsideOriginContradicted, &[]),
        R::MoveShared => say.f(T::AsideMoveShared, &[]),
        R::IdTaken { from } => say.f(T::AsideIdTaken, &[("from", from.as_str())]),
        R::Required { field } => say.f(T::AsideRequired, &[("field", &say.field(field))]),
    }
}

/// Why a guard stopped a plan.
pub(super) fn blocked(say: Say, reason: &Blocked) -> String {
    let excess = |text, excess: &Excess| guard(say, text, excess, "");
    match reason {
        Blocked::EmptyListing { population } => say.f(T::GuardEmpty, &[("population", &population.to_string())]),
        Blocked::Deactivations(of) => excess(T::GuardDeactivations, of),
        Blocked::Creations(of) => excess(T::GuardCreations, of),
        Blocked::Links(of) => excess(T::GuardLinks, of),
        Blocked::Updates(of) => excess(T::GuardUpdates, of),
        Blocked::Quarantined(of) => excess(T::GuardQuarantined, of),
        Blocked::Takeovers(of) => excess(T::GuardTakeovers, of),
        Blocked::Emptied { field, excess } => guard(say, T::GuardEmptied, excess, field),
        Blocked::Changed { field, excess } => guard(say, T::GuardChanged, excess, field),
        Blocked::OtherPolicy { .. } => say.f(T::GuardPolicy, &[]),
    }
}

fn guard(say: Say, text: T, excess: &Excess, field: &str) -> String {
    let limit = |part: &str| match part {
        "half" => say.t(T::LimitHalf).to_owned(),
        "none" => say.t(T::LimitNone).to_owned(),
        figure => figure.replace(' ', "\u{a0}"),
    };
    let limit = match excess.limit.split_once(" or ") {
        Some((one, other)) => say.f(T::LimitOr, &[("one", &limit(one)), ("other", &limit(other))]),
        None => limit(&excess.limit),
    };
    let (count, population) = (excess.count.to_string(), excess.population.to_string());
    let field = say.field(field);
    say.f(text, &[("count", &count), ("population", &population), ("limit", &limit), ("field", &field)])
}

/// Why an answer was not taken. It never repeats what was typed: the form does.
pub(super) fn refusal(say: Say, error: &DeskError) -> Sentence {
    known(match error {
        DeskError::Refused { refusal, .. } | DeskError::DoubleEdited { refusal, .. } => return undecided(say, refusal),
        DeskError::Unlinked(id) => say.f(T::DecideNoRecord, &[("id", id.as_str())]),
        DeskError::NobodyHere(local) => say.f(T::DecideNobody, &[("local", local.as_str())]),
        DeskError::HasAnother { local, holds } => {
            say.f(T::DecideHasAnother, &[("local", local.as_str()), ("holds", holds)])
        }
        DeskError::IsAnothers { id, holds } => {
            say.f(T::DecideIsAnothers, &[("id", id.as_str()), ("holds", holds.as_str())])
        }
        DeskError::Moved { .. } | DeskError::Busy { .. } => say.f(T::DecideMoved, &[]),
        DeskError::Deleted { .. } => say.f(T::DecideDeleted, &[]),
        DeskError::NoEntry(_) => say.f(T::DecideNoEntry, &[]),
        DeskError::NoJson { .. } => say.f(T::DecideNoJson, &[]),
        other => return as_it_came(say, other),
    })
}

fn undecided(say: Say, refusal: &DecideError) -> Sentence {
    use DecideError as E;
    let unit = |text, unit: &str| say.f(text, &[("unit", &say.field(unit))]);
    let field = |text, field: &str| say.f(text, &[("field", &say.field(field))]);
    known(match refusal {
        E::NotOpen { unit: of } => unit(T::DecideNotOpen, of),
        E::NoSuchUnit { unit: of } => unit(T::DecideNoSuchUnit, of),
        E::Twice { unit: of } => unit(T::DecideTwice, of),
        E::AllPlaces { unit, open } => {
            say.f(T::DecideAllPlaces, &[("unit", &say.field(unit)), ("open", &open.to_string())])
        }
        E::OtherKey { place } => say.f(T::DecideOtherKey, &[("place", place)]),
        E::WholeRecord => say.f(T::DecideWholeRecord, &[]),
        E::NotAlone => say.f(T::DecideNotAlone, &[]),
        E::NoTuple { group } => say.f(T::DecideNoTuple, &[("group", &say.field(group))]),
        E::Enforced { unit: of } => unit(T::DecideEnforced, of),
        E::Removed => say.f(T::DecideRemoved, &[]),
        E::NotKept { field: of, .. } => field(T::DecideNotKept, of),
        E::Open { unit: of } => unit(T::DecideOpen, of),
        E::Edited { .. } => say.f(T::DecideEdited, &[]),
        E::LongId => say.f(T::DecideLongId, &[]),
        E::NothingOverwritten { field: of } => field(T::DecideNothingOverwritten, of),
        E::InPlace { field: of } => field(T::DecideInPlace, of),
        E::PartOfGroup { group, field } => {
            say.f(T::DecidePartOfGroup, &[("group", &say.field(group)), ("field", &say.field(field))])
        }
        other => return as_it_came(say, other),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tripartite::audit::Situation;
    use tripartite::detect::{Clash, LocalChange, RemoteChange};
    use tripartite::value::Problem;

    use super::super::text::Lang;
    use super::super::words;
    use super::*;

    const SAYS: [Say; 2] = [Say { lang: Lang::En, words: &words::NONE }, Say { lang: Lang::De, words: &words::NONE }];

    /// Each is said, and otherwise in each language, and nothing is left to be filled in.
    fn is_said_in_each(reason: impl std::fmt::Debug, said: impl Fn(Say) -> Sentence) {
        let said = SAYS.map(said);
        for (text, lang) in &said {
            assert!(lang.is_none() && !text.is_empty() && !text.contains(['{', '}']), "{reason:?}: {text}");
        }
        assert_ne!(said[0].0, said[1].0, "{reason:?}");
    }

    #[test]
    fn every_reason_about_a_record_is_in_every_language() {
        let all = RecordReason::one_of_each();
        for reason in &all {
            is_said_in_each(reason, |say| known(whole(say, reason)));
            let stored =
                serde_json::json!({"situation": Situation::Linked, "action": "touch", "why": reason.to_string()});
            let entry: RecordEntry = serde_json::from_value(stored).unwrap();
            assert_eq!(record(SAYS[1], &entry), known(whole(SAYS[1], reason)), "as it is stored");
        }
        let said: BTreeSet<_> = all.iter().map(|reason| whole(SAYS[1], reason)).collect();
        assert_eq!(said.len(), all.len(), "two in the same words");
    }

    #[test]
    fn every_reason_to_set_aside_is_in_every_language() {
        for reason in AsideReason::one_of_each() {
            is_said_in_each(&reason, |say| known(apart(say, &reason)));
        }
        let torn = Quarantined::new(Situation::Malformed, "expected `}`");
        assert_eq!(aside(SAYS[1], &torn), ("expected `}`".to_owned(), Some("en")), "the words of a connector");
    }

    #[test]
    fn every_guard_is_in_every_language() {
        let excess = r#"{"count": 60, "population": 100, "limit": "half or 40"}"#;
        let names = ["deactivations", "creations", "links", "updates", "quarantined", "takeovers"];
        let whole = names.map(|name| format!(r#"{{"{name}": {excess}}}"#));
        let of_field = ["emptied", "changed"].map(|name| {
            format!(r#"{{"{name}": {{"field": "phone", "count": 60, "population": 100, "limit": "20 %"}}}}"#)
        });
        let print = "0".repeat(32);
        let others = [
            r#"{"empty_listing": {"population": 7}}"#.to_owned(),
            format!(r#"{{"other_policy": {{"expected": "{print}", "found": "{print}"}}}}"#),
        ];
        let mut named = BTreeSet::new();
        for json in whole.iter().chain(&of_field).chain(&others) {
            let reason: Blocked = serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"));
            is_said_in_each(&reason, |say| known(blocked(say, &reason)));
            named.insert(blocked(SAYS[1], &reason));
        }
        assert_eq!(named.len(), 10, "one of each");
        let half: Blocked = serde_json::from_str(&whole[0]).unwrap();
        assert!(blocked(SAYS[1], &half).ends_with("Ohne Freigabe höchstens die Hälfte oder 40."));
    }

    #[test]
    fn every_verdict_and_decision_is_in_every_language() {
        let remotes = [RemoteChange::Filled, RemoteChange::Set, RemoteChange::Changed, RemoteChange::Cleared];
        let locals = [LocalChange::Unbased, LocalChange::Set, LocalChange::Changed, LocalChange::Cleared];
        let clashes = [Clash::NoBase, Clash::BothSet, Clash::BothChanged, Clash::LocalCleared, Clash::RemoteCleared];
        let verdicts = [Verdict::InSync, Verdict::Adopted, Verdict::Converged, Verdict::NotReported]
            .into_iter()
            .chain([Verdict::InvalidRemote(Problem::NotADate)])
            .chain(remotes.map(Verdict::RemoteOnly))
            .chain(locals.map(Verdict::LocalOnly))
            .chain(clashes.map(Verdict::Conflict));
        let decisions = [
            Decision::Nothing,
            Decision::TookRemote,
            Decision::KeptLocal,
            Decision::Merged,
            Decision::HeldOpen,
            Decision::DriftReverted,
            Decision::Entered,
        ];
        for verdict in verdicts {
            for decision in decisions {
                for rule in
                    ["field: merge", "person: take_local", "person: take_remote", "person: value", "person: restore"]
                {
                    let entry = serde_json::json!({
                        "field": "phone", "verdict": "InSync", "decision": decision, "rule": rule, "local": 1,
                        "result": 1, "why": "",
                    });
                    let mut entry: tripartite::audit::FieldEntry = serde_json::from_value(entry).unwrap();
                    entry.verdict = verdict.clone();
                    let schema = tripartite::schema::Schema::builder()
                        .field(tripartite::schema::Field::new("phone", tripartite::schema::Kind::Text))
                        .build()
                        .unwrap();
                    is_said_in_each((&verdict, decision, rule), |say| sentence(say, &entry.reason(&schema)));
                }
            }
        }
        let fields = vec!["date_of_birth".to_owned()];
        for reason in [
            Reason::Replaced { fields: (&fields).into() },
            Reason::Ended { fields: (&fields).into() },
            Reason::Removed { fields: (&fields).into() },
        ] {
            is_said_in_each(&reason, |say| sentence(say, &reason));
        }
    }

    #[test]
    fn every_refusal_is_in_every_language() {
        let name = || "phone".to_owned();
        let all = [
            DecideError::NotOpen { unit: name() },
            DecideError::NoSuchUnit { unit: name() },
            DecideError::Twice { unit: name() },
            DecideError::AllPlaces { unit: name(), open: 2 },
            DecideError::OtherKey { place: name() },
            DecideError::WholeRecord,
            DecideError::NotAlone,
            DecideError::NoTuple { group: name() },
            DecideError::Enforced { unit: name() },
            DecideError::Removed,
            DecideError::NotKept { field: name(), privacy: tripartite::schema::Privacy::Hashed },
            DecideError::Open { unit: name() },
            DecideError::Edited { fields: vec![name()] },
            DecideError::LongId,
            DecideError::NothingOverwritten { field: name() },
            DecideError::InPlace { field: name() },
            DecideError::PartOfGroup { group: name(), field: name() },
        ];
        for refusal in &all {
            is_said_in_each(refusal, |say| undecided(say, refusal));
        }
    }
}
