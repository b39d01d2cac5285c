//! The sentences, in English, for the person who keeps the register. They name fields and rules, never values.

use std::borrow::Cow;

use super::{Decision, Dialled, DialledIn, Reason, UnitReason};
use crate::detect::{Clash, LocalChange, RemoteChange, Verdict};

pub(super) fn sentence(reason: &Reason<'_>) -> String {
    match reason {
        Reason::Unit(why) => {
            let sentence = why.answer().map_or_else(|| decided(why), |answer| answered(why, answer));
            match &why.dialled {
                Some(dialled) => format!("{sentence} {}", read_as(dialled)),
                None => sentence,
            }
        }
        Reason::Replaced { fields } => format!(
            "The source changed {} at once, and with it everything that says who this is: its id may have been given to \
             somebody else. Nothing of it is taken until a person says whether it is the same one.",
            fields.join(", ")
        ),
        Reason::Ended { fields } => format!(
            "Somebody here edited {} and the source no longer has this record; it is inactive, and a person decides \
             whether it stays so or is taken back.",
            fields.join(", ")
        ),
        Reason::Removed { fields } => format!(
            "Somebody here removed this record and the source changed {}; it stays removed until somebody decides.",
            fields.join(", ")
        ),
    }
}

/// As where the numbers were dialled. That is a region, and no value of the number.
fn read_as(Dialled { by, local, remote }: &Dialled) -> String {
    let place = |DialledIn { region, stated }: DialledIn| match stated {
        true => region.to_string(),
        false => format!("{region}, because {by} says none"),
    };
    match remote {
        Some(remote) if remote == local => format!("By {by}, both numbers were read as dialled in {}.", place(*local)),
        Some(remote) => format!(
            "By {by}, the number here was read as dialled in {}, and the source's in {}.",
            place(*local),
            place(*remote)
        ),
        None => format!("By {by}, the number here is read as dialled in {}.", place(*local)),
    }
}

fn answered(why: &UnitReason<'_>, answer: &str) -> String {
    let mut places: Vec<_> = why.collisions.iter().map(|collision| collision.path.as_str()).collect();
    places.dedup();
    let unit = match places[..] {
        [] => why.unit.to_string(),
        _ => format!("{} at {}", why.unit, places.join(" and ")),
    };
    match answer {
        "take_local" => format!("Asked about {unit}, a person kept the value here."),
        "take_remote" => {
            format!("Asked about {unit}, a person took the source's value; the audit keeps the one from here.")
        }
        "restore" => {
            format!("A person brought back an earlier value of {unit}; the audit keeps the one it replaced.")
        }
        _ => format!("Asked about {unit}, a person entered another value; the audit keeps the one from here."),
    }
}

fn decided(why: &UnitReason<'_>) -> String {
    let name = match why.is_group {
        true => Cow::Owned(format!("{} (decided as one)", why.unit)),
        false => Cow::Borrowed(&*why.unit),
    };
    let mut sentence = happened(why, &name);
    let (mark, rest) = match why.verdict {
        Verdict::Conflict(_) => ("; ", settled(why)),
        _ => (", ", followed(why)),
    };
    // Every entry has one, so it grows once.
    sentence.reserve_exact(mark.len() + rest.len() + 1);
    sentence.push_str(mark);
    sentence.push_str(&rest);
    sentence.push('.');
    sentence
}

fn followed(why: &UnitReason<'_>) -> Cow<'static, str> {
    match (&why.verdict, why.decision) {
        (Verdict::InSync | Verdict::Converged, _) => "so nothing is in dispute".into(),
        (Verdict::Adopted, _) => "so it is in step from now on".into(),
        (Verdict::NotReported, _) => "so nothing changes".into(),
        (Verdict::InvalidRemote(_), _) => "so it was ignored and the value here stays".into(),
        (_, Decision::DriftReverted) => {
            "but the source's value is enforced, so the edit was undone; the audit keeps it".into()
        }
        (_, Decision::KeptLocal) => format!("but {}, so the value here was kept", ground(why)).into(),
        (_, Decision::TookRemote) => "so the source's value was taken".into(),
        (_, Decision::Merged) => "so the change was merged with what is only here".into(),
        (Verdict::LocalOnly(LocalChange::Unbased), _) => "so the value here stays".into(),
        (Verdict::LocalOnly(_), _) if apart(why, "").is_some() => {
            format!("but {}, so the sides stay as they are", ground(why)).into()
        }
        _ => "so the edit stays".into(),
    }
}

fn settled(why: &UnitReason<'_>) -> Cow<'static, str> {
    let rule = &why.rule;
    let by_the_rule = |what| Cow::Owned(format!("by the rule \"{rule}\" {what}"));
    match why.decision {
        Decision::TookRemote => by_the_rule("the source's value was taken, and the audit keeps the one from here"),
        Decision::KeptLocal => by_the_rule("the value here was kept"),
        Decision::Merged if why.collisions.is_empty() => "both changes were merged and nothing was lost".into(),
        Decision::Merged => by_the_rule("the two were merged"),
        Decision::HeldOpen if why.collisions.is_empty() => by_the_rule("the value here stays until somebody decides"),
        Decision::HeldOpen => {
            let open = why.open().join(" and ");
            let rest = "stays until somebody decides";
            format!("the rest was merged, and by the rule \"{rule}\" the value here at {open} {rest}").into()
        }
        Decision::Entered => "a person entered a value".into(),
        Decision::DriftReverted | Decision::Nothing => "nothing was done".into(),
    }
}

fn happened(why: &UnitReason<'_>, name: &str) -> String {
    if let Some(apart) = apart(why, name) {
        return apart;
    }
    match &why.verdict {
        Verdict::InSync => format!("All sides agree on {name}"),
        Verdict::Adopted => format!("At their first sync both sides had the same {name}"),
        Verdict::Converged => format!("Both sides made the same change to {name}"),
        Verdict::RemoteOnly(change) => match change {
            RemoteChange::Filled => format!("The source has {name} and here it was empty"),
            RemoteChange::Set => format!("The source now has {name} and nobody had entered it here"),
            RemoteChange::Changed => format!("The source changed {name} and nobody had edited it here"),
            RemoteChange::Cleared => format!("The source emptied {name} and nobody had edited it here"),
        },
        Verdict::LocalOnly(change) => match change {
            LocalChange::Unbased => format!("Only this side has {name}"),
            LocalChange::Set => format!("Somebody here entered {name} and the source still has none"),
            LocalChange::Changed => format!("Somebody here changed {name} and the source still has the old value"),
            LocalChange::Cleared => format!("Somebody here emptied {name} and the source still has the old value"),
        },
        Verdict::Conflict(clash) => match clash {
            Clash::NoBase => format!("The sides differ in {name} and no earlier sync says who changed it"),
            Clash::BothSet => format!("Both sides entered {name}, differently"),
            Clash::BothChanged => format!("Both sides changed {name}, differently"),
            Clash::LocalCleared => format!("The source changed {name} while somebody here emptied it"),
            Clash::RemoteCleared => format!("The source emptied {name} while somebody here changed it"),
        },
        Verdict::NotReported => format!("The source said nothing about {name}"),
        Verdict::InvalidRemote(problem) => format!("What the source says for {name} {problem}"),
    }
}

/// Where the base moves on without the value here, that the two differ need not be anybody's edit. What is only ever
/// filled was filled, so where it is empty somebody emptied it.
fn apart(why: &UnitReason<'_>, name: &str) -> Option<String> {
    if !matches!(why.verdict, Verdict::LocalOnly(_) | Verdict::Conflict(_)) {
        return None;
    }
    let owned = match why.strategy() {
        Some("local_owned") => true,
        Some("fill_only") => false,
        _ => return None,
    };
    Some(match &why.verdict {
        Verdict::LocalOnly(LocalChange::Changed) => format!("The source still has its own {name} and here is another"),
        Verdict::LocalOnly(LocalChange::Cleared) if owned => format!("The source has {name} and here it is empty"),
        Verdict::Conflict(Clash::BothChanged) => format!("The source changed {name} and here is another"),
        Verdict::Conflict(Clash::LocalCleared) if owned => format!("The source changed {name} and here it is empty"),
        Verdict::Conflict(Clash::RemoteCleared) => format!("The source emptied {name} and here it is not empty"),
        _ => return None,
    })
}

fn ground(why: &UnitReason<'_>) -> &'static str {
    match why.strategy() {
        _ if why.has_part_rules => "what moved is kept by the rule of its own key",
        Some("local_owned") => "it belongs to this side",
        Some("fill_only") => "it is only ever filled where it is empty",
        _ => "nothing that both sides know had moved",
    }
}
