//! A naive model of SEMANTICS: everything is normalised first, then the page is followed by the letter.
//!
//! It shares no code with the crate and does not ask it what a value means: words bring their meaning along. Where the
//! page says "unchanged", the model says [`Local::Stays`]; it knows nothing of laziness, bytes or order.

use tripartite::schema::{Absent, Dispute, Fallback, FirstSync, Resolver, Ruling, Strategy};
use tripartite::value::Value;

use super::words::Means;

/// What a side has, normalised: nothing, or a value.
type Normal = Option<String>;

/// What the source is taken to say.
#[derive(Debug, Clone, PartialEq)]
enum Said {
    Nothing,
    Nonsense,
    This(Normal),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Local {
    Stays,
    BecomesRemote,
    /// What the resolver wrote.
    Written,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    Stays,
    BecomesRemote,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expected {
    pub(crate) verdict: String,
    pub(crate) decision: &'static str,
    pub(crate) local: Local,
    pub(crate) base: Base,
}

/// How a field, or a group as a whole, is decided.
#[derive(Debug, Clone)]
pub(crate) struct Rules<'a> {
    pub(crate) strategy: &'a Strategy,
    pub(crate) first_sync: Option<FirstSync>,
    /// Seconds on the local and the remote stamp, where the strategy asks for them.
    pub(crate) stamps: (Option<i64>, Option<i64>),
    /// Whether the kind reads what [`Judge`] writes.
    pub(crate) reads_written: bool,
    pub(crate) is_group: bool,
}

/// What one field brings along.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sides<'a> {
    pub(crate) base: &'a Means,
    pub(crate) local: &'a Means,
    pub(crate) remote: &'a Means,
    pub(crate) absent: Absent,
    /// Whether null says nothing.
    pub(crate) null_is_silence: bool,
    pub(crate) required: bool,
}

fn normal(means: &Means) -> Normal {
    match means {
        Means::Missing | Means::Null => None,
        Means::Is(value) => Some((*value).to_owned()),
        Means::Nonsense(which) => Some(format!("nonsense {which}")),
    }
}

/// Whether it is null on every side. Then nothing happened, also where null says nothing.
fn is_null_everywhere(sides: &Sides<'_>) -> bool {
    *sides.base == Means::Null && normal(sides.local).is_none() && *sides.remote == Means::Null
}

fn said(sides: &Sides<'_>) -> Said {
    let base = normal(sides.base);
    let said = match sides.remote {
        Means::Nonsense(_) => return Said::Nonsense,
        Means::Null if sides.null_is_silence => return Said::Nothing,
        Means::Missing => match sides.absent {
            Absent::NoOpinion => return Said::Nothing,
            Absent::ClearedIfReported if base.is_none() => return Said::Nothing,
            _ => None,
        },
        other => normal(other),
    };
    if said.is_none() && sides.required && *sides.base != Means::Null { Said::Nonsense } else { Said::This(said) }
}

/// Section 3: Invalid, then the absent policy, then an unknown base, then local = remote, and only then who moved.
pub(crate) fn field(sides: &Sides<'_>, rules: &Rules<'_>) -> Expected {
    let remote = match said(sides) {
        Said::Nonsense => return ignored("InvalidRemote"),
        Said::Nothing if is_null_everywhere(sides) => return ignored("InSync"),
        Said::Nothing => return ignored("NotReported"),
        Said::This(remote) => remote,
    };
    let base = (*sides.base != Means::Missing).then(|| normal(sides.base));
    let local = normal(sides.local);
    let verdict = verdict(base.as_ref(), &local, &remote, Option::is_none);
    decide(verdict, local.is_none(), remote.is_none(), base.is_some(), rules)
}

/// The same for a tuple. Where only some of its fields have a base, the detail of the verdict is left open.
pub(crate) fn group(members: &[Sides<'_>], rules: &Rules<'_>) -> Expected {
    let said: Vec<Said> = members.iter().map(said).collect();
    if said.contains(&Said::Nonsense) {
        return ignored("InvalidRemote");
    }
    if said.iter().all(|said| *said == Said::Nothing) {
        return ignored(if members.iter().all(is_null_everywhere) { "InSync" } else { "NotReported" });
    }
    let unbased = |side: &Sides<'_>| *side.base == Means::Missing;
    let local: Vec<Normal> = members.iter().map(|side| normal(side.local)).collect();
    // Of what it was not told, the tuple has what it had: the base, or where there is none, what is here.
    let remote: Vec<Normal> = members
        .iter()
        .zip(&said)
        .map(|(side, said)| match said {
            Said::This(value) => value.clone(),
            _ if unbased(side) => normal(side.local),
            _ => normal(side.base),
        })
        .collect();
    let told_without_base =
        members.iter().zip(&said).filter(|(_, said)| **said != Said::Nothing).all(|(side, _)| unbased(side));
    let disputed = (0..members.len())
        .any(|at| unbased(&members[at]) && local[at].is_some() && remote[at].is_some() && local[at] != remote[at]);
    let known = !(told_without_base || disputed);
    // A field that came later was moved by neither if they agree on it, and else was empty.
    let base: Vec<Normal> = (0..members.len())
        .map(|at| match unbased(&members[at]) {
            true if local[at] == remote[at] => local[at].clone(),
            true => None,
            false => normal(members[at].base),
        })
        .collect();
    let empty = |tuple: &Vec<Normal>| tuple.iter().all(Option::is_none);
    let found = verdict(known.then_some(&base), &local, &remote, empty);
    decide(found, empty(&local), empty(&remote), members.iter().any(|side| !unbased(side)), rules)
}

fn ignored(verdict: &str) -> Expected {
    Expected { verdict: verdict.to_owned(), decision: "Nothing", local: Local::Stays, base: Base::Stays }
}

fn verdict<T: PartialEq>(base: Option<&T>, local: &T, remote: &T, empty: impl Fn(&T) -> bool) -> String {
    let Some(base) = base else {
        return if local == remote {
            "Adopted"
        } else if empty(local) {
            "RemoteOnly(Filled)"
        } else if empty(remote) {
            "LocalOnly(Unbased)"
        } else {
            "Conflict(NoBase)"
        }
        .to_owned();
    };
    let (edited, moved) = (local != base, remote != base);
    if local == remote {
        return if moved { "Converged" } else { "InSync" }.to_owned();
    }
    let how = |now: &T| {
        if empty(base) {
            "Set"
        } else if empty(now) {
            "Cleared"
        } else {
            "Changed"
        }
    };
    if !edited {
        return format!("RemoteOnly({})", how(remote));
    }
    if !moved {
        return format!("LocalOnly({})", how(local));
    }
    if empty(base) {
        "Conflict(BothSet)"
    } else if empty(local) {
        "Conflict(LocalCleared)"
    } else if empty(remote) {
        "Conflict(RemoteCleared)"
    } else {
        "Conflict(BothChanged)"
    }
    .to_owned()
}

/// Section 4.
fn decide(verdict: String, no_local: bool, no_remote: bool, based: bool, rules: &Rules<'_>) -> Expected {
    let kind = verdict.split('(').next().unwrap().to_owned();
    let decision = match kind.as_str() {
        "InSync" | "Adopted" | "Converged" => "Nothing",
        "LocalOnly" => match rules.strategy {
            Strategy::Enforced => "DriftReverted",
            _ => "Nothing",
        },
        "RemoteOnly" => match rules.strategy {
            Strategy::LocalOwned => "KeptLocal",
            Strategy::FillOnly if !no_local => "KeptLocal",
            _ => "TookRemote",
        },
        _ => clash(&verdict, no_local, no_remote, based, rules),
    };
    Expected {
        decision,
        local: match decision {
            "TookRemote" | "DriftReverted" => Local::BecomesRemote,
            "Merged" => Local::Written,
            _ => Local::Stays,
        },
        base: if decision == "HeldOpen" { Base::Stays } else { Base::BecomesRemote },
        verdict,
    }
}

fn clash(verdict: &str, no_local: bool, no_remote: bool, based: bool, rules: &Rules<'_>) -> &'static str {
    let by_fallback = |fallback: Fallback| match fallback {
        Fallback::Review => "HeldOpen",
        Fallback::Local => "KeptLocal",
        _ => "TookRemote",
    };
    let by_name = matches!(rules.strategy, Strategy::Enforced | Strategy::LocalOwned | Strategy::FillOnly);
    if let (false, "Conflict(NoBase)", Some(first)) = (by_name, verdict, rules.first_sync) {
        return match first {
            FirstSync::AdoptRemote => "TookRemote",
            FirstSync::AdoptLocal => "KeptLocal",
            _ => "HeldOpen",
        };
    }
    match rules.strategy {
        Strategy::RemoteWins | Strategy::Enforced => "TookRemote",
        Strategy::LocalWins | Strategy::LocalOwned => "KeptLocal",
        Strategy::FillOnly if no_local => "TookRemote",
        Strategy::FillOnly => "KeptLocal",
        Strategy::Merge { fallback } => by_fallback(*fallback),
        Strategy::NewestWins { skew, fallback, .. } => match rules.stamps {
            (Some(local), Some(remote)) if local.abs_diff(remote) > skew.as_secs() => {
                if remote > local {
                    "TookRemote"
                } else {
                    "KeptLocal"
                }
            }
            _ => by_fallback(*fallback),
        },
        Strategy::Custom { .. } if rules.is_group || !based => "HeldOpen",
        Strategy::Custom { .. } if no_local => "TookRemote",
        Strategy::Custom { .. } if no_remote => "KeptLocal",
        Strategy::Custom { .. } if rules.reads_written => "Merged",
        _ => "HeldOpen",
    }
}

/// A resolver that fills what one side emptied, and else writes a text of its own. Of the group `pair` it understands
/// nothing.
pub(crate) struct Judge;

/// What [`Judge`] writes.
pub(crate) const WRITTEN: &str = "decided by a judge";

impl Resolver for Judge {
    fn resolve(&self, dispute: &Dispute<'_>) -> Ruling {
        let empty = |value: &Value| {
            value.is_null() || value.as_text().is_some_and(|text| text.trim_matches([' ', '\t', ',']).is_empty())
        };
        match dispute.local {
            _ if dispute.unit == "pair" => Ruling::HoldOpen,
            _ if dispute.base.is_none() => Ruling::HoldOpen,
            local if empty(local) => Ruling::TakeRemote,
            _ if empty(dispute.remote) => Ruling::KeepLocal,
            _ => Ruling::Write(Value::from(WRITTEN)),
        }
    }
}
