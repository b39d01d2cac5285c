//! Limits of guards.

use std::str::FromStr;

use tripartite::plan::{Guards, Limit};

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
    /// The limit of the guard of this name: a number, a percentage, or `none`.
    ///
    /// # Errors
    /// There is no such guard, or it is no limit.
    pub fn named(name: &str, limit: &str) -> Result<Self, String> {
        let known = NAMES.into_iter().find(|(known, _)| *known == name);
        let (_, set) = known.ok_or_else(|| format!("there is no guard `{name}`; there are {}", names()))?;
        let expected = || format!("`{name}`: expected a number, a percentage such as 5%, or none, found `{limit}`");
        Ok(Self { set, limit: self::limit(limit).ok_or_else(expected)? })
    }

    /// The guards with this limit.
    #[must_use]
    pub fn over(&self, guards: Guards) -> Guards {
        (self.set)(guards, self.limit)
    }
}

/// Limits of several guards, as `NAME=LIMIT,NAME=LIMIT`.
#[derive(Debug, Clone, Default)]
pub struct Limits(pub Vec<GuardLimit>);

impl FromStr for Limits {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut stated = Vec::new();
        let mut limits = Vec::new();
        for part in text.split(',') {
            let (name, limit) = part.split_once('=').ok_or_else(|| expected(part))?;
            if stated.contains(&name) {
                return Err(format!("`{name}` is stated twice"));
            }
            stated.push(name);
            limits.push(GuardLimit::named(name, limit).map_err(|_| expected(part))?);
        }
        Ok(Self(limits))
    }
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

fn names() -> String {
    NAMES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

fn expected(found: &str) -> String {
    format!("expected NAME=LIMIT, of {}, and a number, a percentage or none, found `{found}`", names())
}
