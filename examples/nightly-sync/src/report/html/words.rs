//! Figures, times and situations in plain words.

pub(super) use crate::shell::quoted as shell;
use chrono::{DateTime, Utc};
use tripartite::audit::Situation;
use tripartite::plan::Quarantined;
use tripartite::run::Counts;

/// A figure in groups of three.
pub(super) fn figure(count: u64) -> String {
    crate::term::grouped(count)
}

/// `1 record`, `2 records`.
pub(super) fn records(count: u64) -> String {
    format!("{} record{}", figure(count), if count == 1 { "" } else { "s" })
}

/// A day and the time of day.
pub(super) fn moment(at: &DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// A run in one sentence.
pub(super) fn summary(counts: &Counts, wrote: bool) -> String {
    let either = |was: &'static str, would: &'static str| if wrote { was } else { would };
    let parts = [
        (counts.created, either("new", "would be new")),
        (counts.linked, either("linked to who was here", "would be linked to who is here")),
        (counts.updated, either("changed", "would be changed")),
        (counts.reactivated, either("came back", "would come back")),
        (counts.deactivated, either("left", "would leave")),
        (counts.quarantined, either("set aside", "would be set aside")),
        (counts.skipped, "left to the next run"),
        (counts.failed, "could not be written"),
    ];
    let told: Vec<_> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", figure(*count)))
        .collect();
    let happened = if told.is_empty() { "nothing changed here".to_owned() } else { told.join(", ") };
    let same =
        if counts.unchanged > 0 { format!("; {} as they were", figure(counts.unchanged)) } else { String::new() };
    format!("The listing had {}: {happened}{same}.", records(counts.processed))
}

/// Why something was set aside, for somebody who never saw a listing.
pub(super) fn aside(aside: &Quarantined) -> &'static str {
    match aside.situation {
        Situation::DuplicateRemote => {
            "The listing has this record twice, and differently. Nobody can know which is right, so neither was taken."
        }
        Situation::Found => "A member here may be this one. Until a person confirms it, no member is linked or added.",
        Situation::Ambiguous => "It is not clear which member this is, so no member was linked or added.",
        Situation::IdentityConflict => {
            "Somebody here may be this one, but has another id at the source. A link is never moved."
        }
        Situation::Renamed => {
            "The source may have given somebody here another id. Until a person says whether the two are the same, nobody was \
             added, and nobody was marked inactive. nightly-sync matches lists them, with the commands that answer."
        }
        Situation::Malformed => "What the listing says here cannot be read as a record, so it was not taken.",
        _ => "It was not taken in this run.",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_is_one_sentence() {
        let counts = |json| serde_json::from_value::<Counts>(json).unwrap();
        let quiet = counts(json!({"processed": 1, "unchanged": 1}));
        assert_eq!(summary(&quiet, true), "The listing had 1 record: nothing changed here; 1 as they were.");
        let busy = counts(json!({"processed": 3, "created": 2, "quarantined": 1, "deactivated": 4}));
        assert_eq!(summary(&busy, true), "The listing had 3 records: 2 new, 4 left, 1 set aside.");
        assert_eq!(
            summary(&busy, false),
            "The listing had 3 records: 2 would be new, 4 would leave, 1 would be set aside."
        );
    }

    #[test]
    fn a_word_of_a_command_stays_one() {
        for (text, word) in
            [("FED-1", "FED-1"), ("", "''"), ("a b", "'a b'"), ("x';rm", "'x'\\'';rm'"), ("$(x)", "'$(x)'")]
        {
            assert_eq!(shell(text), word);
        }
    }
}
