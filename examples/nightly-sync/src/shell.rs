//! Commands as a person copies them into a shell.

use std::fmt::Display;

use tripartite::id::LocalId;
use tripartite::matching::Match;
use tripartite::store::WHOLE_RECORD;

use crate::store::Register;

/// What the answers to a question are, beside the command that takes one.
pub const ANSWERS: &str = "with --local (the value here stays), --remote (the source's is taken) or --value VALUE";

/// The same for a record as a whole.
pub const ANSWERS_WHOLE: &str = "with --local (it stays as it is here) or --remote (the source is followed)";

/// A word as a shell reads it.
///
/// ```
/// use nightly_sync::shell::quoted;
/// assert_eq!(quoted("members.db"), "members.db");
/// assert_eq!(quoted("Ó Briain's"), "'Ó Briain'\\''s'");
/// ```
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The options that name a register.
///
/// ```
/// use nightly_sync::shell::options;
/// assert_eq!(options("x.db", &"ballybeg/federation".parse()?), "--db x.db --key ballybeg/federation");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn options(db: impl Display, register: &Register) -> String {
    let key = register.key().map(|_| format!(" --key {}", quoted(&register.to_string())));
    format!("--db {}{}", quoted(&db.to_string()), key.unwrap_or_default())
}

/// The command that answers a question, but for the answer: without one it does nothing.
///
/// ```
/// use nightly_sync::shell::decide;
/// assert_eq!(decide("--db x.db", "7", "email"), "nightly-sync decide --db x.db --id 7 --field email");
/// assert_eq!(decide("--db x.db", "7", ""), "nightly-sync decide --db x.db --id 7 --record");
/// ```
pub fn decide(options: &str, id: &str, unit: &str) -> String {
    let what = if unit == WHOLE_RECORD { "--record".to_owned() } else { format!("--field {}", quoted(unit)) };
    format!("nightly-sync decide {options} --id {} {what}", quoted(id))
}

/// The commands that say who somebody is that was set aside: what each says, and the command. `whose` is the record here of
/// the id that the source may have used before. There is none for what only the source can put right.
///
/// ```
/// use nightly_sync::shell::who_is_who;
/// use tripartite::matching::Match;
/// let found = Match::Found { local: "3".parse()?, rule: "e-mail".into(), trust: Default::default() };
/// let [same, _] = &who_is_who("--db x.db", "F 1", &found, None)[..] else { panic!("yes or no") };
/// assert_eq!(same.1, "nightly-sync link --db x.db --id 'F 1' --local 3");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn who_is_who(options: &str, id: &str, matched: &Match, whose: Option<&LocalId>) -> Vec<(&'static str, String)> {
    let say = |command: &str, local: &LocalId| {
        format!("nightly-sync {command} {options} --id {} --local {}", quoted(id), quoted(local.as_str()))
    };
    let either = |local| vec![("the same", say("link", local)), ("another", say("unlike", local))];
    match matched {
        Match::Found { local, .. } => either(local),
        Match::Renamed { locals, .. } => whose.or(locals.first()).map(either).unwrap_or_default(),
        Match::Ambiguous { locals, .. } => locals.iter().flat_map(either).collect(),
        // A link is never moved.
        Match::IdentityConflict { local, .. } => vec![("another", say("unlike", local))],
        _ => Vec::new(),
    }
}

/// The answers that it takes.
pub fn answers(unit: &str) -> &'static str {
    if unit == WHOLE_RECORD { ANSWERS_WHOLE } else { ANSWERS }
}
