//! Limits of guards on the command line.

use tripartite::plan::{Guards, Limit};

use super::UsageError;

/// Sets the limit of one guard.
type Setter = fn(Guards, Limit) -> Guards;

const NAMES: [(&str, Setter); 9] = [
    ("deactivations", Guards::deactivations),
    ("creations", Guards::creations),
    ("links", Guards::links),
    ("updates", Guards::updates),
    ("quarantined", Guards::quarantined),
    ("emptied", Guards::emptied),
    ("names", Guards::names),
    ("changed", Guards::changed),
    ("takeovers", Guards::takeovers),
];

/// What one guard lets pass.
#[derive(Debug, Clone, Copy)]
pub struct GuardLimit {
    set: Setter,
    limit: Limit,
}

impl GuardLimit {
    /// The guards with this limit.
    #[must_use]
    pub fn over(&self, guards: Guards) -> Guards {
        (self.set)(guards, self.limit)
    }
}

pub(super) fn read(text: &str) -> Result<Vec<GuardLimit>, UsageError> {
    let mut stated = Vec::new();
    let mut limits = Vec::new();
    for part in text.split(',') {
        let (name, limit) = part.split_once('=').ok_or_else(|| expected(part))?;
        if stated.contains(&name) {
            return Err(UsageError(format!("--guards: `{name}` is stated twice")));
        }
        stated.push(name);
        let (_, set) = NAMES.into_iter().find(|(known, _)| *known == name).ok_or_else(|| expected(part))?;
        limits.push(GuardLimit { set, limit: self::limit(limit).ok_or_else(|| expected(part))? });
    }
    Ok(limits)
}

fn limit(text: &str) -> Option<Limit> {
    match text.strip_suffix('%') {
        Some(percent) => percent.parse().ok().filter(|percent| *percent <= 100).map(percentage),
        None if text == "none" => Some(Limit::NONE),
        None => text.parse().ok().map(|most| Limit::NONE.absolute(most)),
    }
}

/// A percentage counts from where it does by default: below, one or two are no share of a register.
fn percentage(percent: u8) -> Limit {
    Limit::percent(percent).at_least(10)
}

fn expected(found: &str) -> UsageError {
    let names: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    UsageError(format!(
        "--guards: expected NAME=LIMIT, of {names}, and a number, a percentage or none, found `{found}`"
    ))
}
