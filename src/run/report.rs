//! The report of a run: its outcome, its counts, and what it left undone.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::drift::SchemaDrift;
use super::scope::Scope;
use crate::failure::Failure;
use crate::id::{ExternalId, RunId};
use crate::matching::Crowded;
use crate::plan::{Blocked, PlanId, Quarantined};

/// How many unanswered records a report names.
pub(super) const NAMED: usize = 100;

/// How a run ended.
///
/// This enum is exhaustive: whoever watches runs must tell every outcome apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Everything was looked at and carried out.
    Succeeded,
    /// Some records were set aside, skipped, failed or not answered for; the rest was carried out.
    Partial,
    /// A guard stopped it, and nothing was written.
    Blocked,
    /// It could not go on.
    Failed,
}

/// The counts of a run. Every listed record is exactly one of created, updated, unchanged, reactivated, quarantined,
/// skipped and failed. Skipped and failed also count deactivations, whose records were not listed. A record that is
/// listed, and gone by a tombstone of a larger version, counts as not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Counts {
    /// Records that the source listed, each once, and items that cannot be read as a record.
    pub processed: u64,
    /// Records that were created here.
    pub created: u64,
    /// Records with at least one written field.
    pub updated: u64,
    /// Records without a written field.
    pub unchanged: u64,
    /// Records that were marked inactive.
    pub deactivated: u64,
    /// Records that a complete listing did not have, and that stay active until more listings in a row miss them.
    pub missing: u64,
    /// Records that have another id now.
    pub rekeyed: u64,
    /// Records here that had no external id and have one now, by a match rule. They are also updated or unchanged.
    pub linked: u64,
    /// Records that were inactive and are active again.
    pub reactivated: u64,
    /// Conflicts that were found in this run, one for a record and field or atomic group.
    pub conflicts_detected: u64,
    /// Conflicts of this run that were decided at once.
    pub conflicts_resolved: u64,
    /// Conflicts that wait for a person after this run, older ones included.
    pub conflicts_open: u64,
    /// Fields whose value at the source could not be read.
    pub invalid_fields: u64,
    /// Records that were set aside.
    pub quarantined: u64,
    /// Quarantined records that only wait for a person to confirm the record here that was found.
    pub proposed: u64,
    /// Records that are left to the next run, because they changed twice or lost their link during this one.
    pub skipped: u64,
    /// Records that the host could not write.
    pub failed: u64,
    /// Repetitions in the listing that said the same, in any spelling.
    pub duplicates: u64,
    /// Statements that need no action: that a record is gone or moved which is not active here or has a newer version,
    /// and, in a run of some records, statements about others.
    pub ignored: u64,
    /// In a run of some records: those that the source did not answer for, neither with a record nor with a tombstone
    /// or a move. They are left alone. A run of all records finds out whether they are missing.
    pub unanswered: u64,
}

/// Why a listing that should be complete is not trusted to be.
///
/// ```
/// use tripartite::run::Incomplete;
/// let why = Incomplete::Miscounted { stated: 12, listed: 11 };
/// assert_eq!(why.to_string(), "the source says that it has 12 records, and 11 were listed");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Incomplete {
    /// It breaks off.
    BrokenOff {
        /// Where and how, as [`Next::BrokenOff`](crate::source::Next::BrokenOff) has it.
        problem: String,
    },
    /// Items in it cannot be read and could be any record.
    Unreadable {
        /// How many items.
        items: u64,
    },
    /// The source states another number of records than were listed.
    Miscounted {
        /// How many the source says it has.
        stated: u64,
        /// How many were listed.
        listed: u64,
    },
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrokenOff { problem } => write!(f, "the listing breaks off: {problem}"),
            Self::Unreadable { items: 1 } => write!(f, "1 item of the listing cannot be read and could be any record"),
            Self::Unreadable { items } => {
                write!(f, "{items} items of the listing cannot be read and could be any record")
            }
            Self::Miscounted { stated, listed } => {
                write!(f, "the source says that it has {stated} records, and {listed} were listed")
            }
        }
    }
}

/// A record that was planned and not written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unwritten {
    /// The record.
    pub id: ExternalId,
    /// Why, without any value.
    pub problem: String,
}

/// The result of a run. It names records and fields, never their values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// The run.
    pub run: RunId,
    /// When it took place.
    pub at: DateTime<Utc>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// Whether it was a dry run.
    pub dry_run: bool,
    /// Which records it looked at.
    #[serde(default, skip_serializing_if = "Scope::is_all")]
    pub scope: Scope,
    /// The plan's id, by which a blocked one is approved.
    pub plan_id: PlanId,
    /// What it did, or, in a dry or blocked run, would do.
    #[serde(flatten)]
    pub counts: Counts,
    /// What blocked it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<Blocked>,
    /// Whether the listing was complete and is trusted to be. It is false in a report of a version that did not have
    /// this field.
    #[serde(default)]
    pub listed_all: bool,
    /// How many records the listing did not have that were left alone, because of `incomplete`.
    pub withheld: u64,
    /// Records that the source no longer has, and that may be the same as one that it has under another id. A person is
    /// asked about each in `set_aside`. Until then it stays as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_ends: Vec<ExternalId>,
    /// Why a listing that should be complete is not trusted to be. No record counts as missing from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Incomplete>,
    /// The records that the source did not answer for: at most the first hundred by their ids. The count `unanswered`
    /// is exact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered_ids: Vec<ExternalId>,
    /// The match rules that named no candidate for some records, because more than a few records have the same key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crowded: Vec<Crowded>,
    /// The fields that only the source or only the schema has.
    #[serde(default, skip_serializing_if = "SchemaDrift::is_empty")]
    pub schema_drift: SchemaDrift,
    /// The records that were set aside, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<Quarantined>,
    /// The records that were skipped or failed, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unwritten: Vec<Unwritten>,
    /// Why it could not go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl Report {
    /// How many records are left for the next run: set aside, not written, not answered for, or not known to be gone.
    ///
    /// The counts of a report have an example.
    pub(crate) fn left(&self) -> u64 {
        self.counts.quarantined + self.counts.skipped + self.counts.failed + self.counts.unanswered + self.withheld
    }

    /// The counts of what was read and written, without what a dry or blocked run would have done.
    pub(crate) fn written(&self) -> Counts {
        if self.outcome != RunOutcome::Blocked && !self.dry_run {
            return self.counts;
        }
        let Counts { processed, invalid_fields, quarantined, proposed, duplicates, ignored, unanswered, .. } =
            self.counts;
        let read = Counts { processed, invalid_fields, quarantined, proposed, duplicates, ..Counts::default() };
        Counts { ignored, unanswered, ..read }
    }

    /// The message of a run that failed because nothing that the source listed could be read.
    ///
    /// ```
    /// use tripartite::drive::drive_blocking;
    /// use tripartite::id::RunId;
    /// use tripartite::memory::{Listing, MemoryStore};
    /// use tripartite::run::{Run, RunOutcome};
    /// use tripartite::schema::{Field, Kind, Policy, Schema};
    /// use tripartite::source::{Item, Malformed};
    /// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let run = Run::new(
    ///     Policy::new(schema.clone()),
    ///     RunId::new("run-1")?,
    ///     chrono::DateTime::UNIX_EPOCH,
    /// );
    /// let torn = Malformed::new("line 1", "no JSON");
    /// let listing = Listing::new(vec![Item::Malformed(torn)]);
    /// let report = drive_blocking(run.start(), &listing, &MemoryStore::new(schema))?.report;
    /// assert_eq!(report.outcome, RunOutcome::Failed);
    /// assert_eq!(
    ///     report.unread().as_deref(),
    ///     Some("the source listed 1 and nothing of it could be read; line 1: no JSON")
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unread(&self) -> Option<String> {
        let all = self.outcome == RunOutcome::Failed && !self.set_aside.is_empty();
        let read_nothing = all && self.counts.quarantined == self.counts.processed;
        let first = self.set_aside.first().filter(|_| read_nothing)?;
        let place = first.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        let listed = self.counts.processed;
        Some(format!("the source listed {listed} and nothing of it could be read; {place}{}", first.problem))
    }
}

impl Counts {
    /// The counts that are not 0, by their names.
    ///
    /// ```
    /// use tripartite::run::Counts;
    /// let mut counts = Counts::default();
    /// (counts.processed, counts.created) = (3, 2);
    /// assert_eq!(counts.named().collect::<Vec<_>>(), [("processed", 3), ("created", 2)]);
    /// ```
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        let all = [
            ("processed", self.processed),
            ("created", self.created),
            ("updated", self.updated),
            ("unchanged", self.unchanged),
            ("deactivated", self.deactivated),
            ("missing", self.missing),
            ("rekeyed", self.rekeyed),
            ("linked", self.linked),
            ("reactivated", self.reactivated),
            ("conflicts_detected", self.conflicts_detected),
            ("conflicts_resolved", self.conflicts_resolved),
            ("conflicts_open", self.conflicts_open),
            ("invalid_fields", self.invalid_fields),
            ("quarantined", self.quarantined),
            ("proposed", self.proposed),
            ("skipped", self.skipped),
            ("failed", self.failed),
            ("duplicates", self.duplicates),
            ("ignored", self.ignored),
            ("unanswered", self.unanswered),
        ];
        all.into_iter().filter(|(_, count)| *count > 0)
    }
}
