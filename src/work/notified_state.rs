//! What people were told about a key's runs, so that they are told each thing once.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::chain::Draft;
use super::keys::notified_key;
use super::queue::Queue;
use super::record::{Record, Versioned};
use crate::failure::FormatError;
use crate::id::SyncKey;
use crate::jobs::JobStore;
use crate::notice::Notice;
use crate::queue::Token;
use crate::run::Report;

/// Which version of the persisted form this crate writes.
const FORMAT: u32 = 1;

/// What the notices about the newest run said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NotifiedState {
    format: u32,
    token: Token,
    /// Why its plan was blocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blocked: Option<String>,
    /// How many conflicts waited.
    waiting: u64,
    /// The fields that were ever told of, by what was wrong with them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    undeclared: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    unstated: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    unread: BTreeSet<String>,
    /// The match rules of which it was told that many records share what they compare.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    crowded: BTreeSet<String>,
}

/// How many names of each kind are remembered as told. A source that makes up new names every night gives no more
/// notices then; its fields are in each report.
const MOST_TOLD: usize = 256;

impl Default for NotifiedState {
    fn default() -> Self {
        Self {
            format: FORMAT,
            token: Token(0),
            blocked: None,
            waiting: 0,
            undeclared: BTreeSet::new(),
            unstated: BTreeSet::new(),
            unread: BTreeSet::new(),
            crowded: BTreeSet::new(),
        }
    }
}

impl Record for NotifiedState {
    fn check(&self) -> Result<(), String> {
        FormatError::check("what was told has", self.format, FORMAT).map_err(|error| error.to_string())
    }
}

impl NotifiedState {
    /// Takes in a run, with the notices about what is new in it. There are none about a run that is older than the
    /// newest.
    fn observe(mut self, key: &SyncKey, token: Token, report: &Report, at: DateTime<Utc>) -> (Self, Vec<Notice>) {
        if token <= self.token {
            return (self, Vec::new());
        }
        let reasons: Vec<String> = report.blocked.iter().map(ToString::to_string).collect();
        let blocked = (!reasons.is_empty()).then(|| reasons.join("; "));
        let waiting = report.counts.conflicts_open;
        let drift = &report.schema_drift;
        let undeclared = news(&mut self.undeclared, drift.undeclared.iter().map(|field| &field.field));
        let unstated = news(&mut self.unstated, drift.unstated.iter().map(|field| &field.field));
        let unread = news(&mut self.unread, drift.unread.iter().map(|field| &field.field));
        let crowded = news(&mut self.crowded, report.crowded.iter().map(|crowded| &crowded.rule));
        let notices = [
            Notice::of_plan(key, token, at, self.blocked.as_deref(), blocked.as_deref()),
            Notice::of_conflicts(key, token, at, self.waiting, waiting),
            Notice::of_fields(key, token, at, undeclared, unstated, unread),
            Notice::of_rules(key, token, at, crowded),
        ];
        (Self { token, blocked, waiting, ..self }, notices.into_iter().flatten().collect())
    }
}

impl<S: JobStore> Queue<S> {
    /// The notices about a finished run, without those that were given for an earlier one.
    pub(super) fn draft_notices<'a>(
        key: &'a SyncKey,
        token: Token,
        report: &'a Report,
        notified: Option<Versioned<NotifiedState>>,
        now: DateTime<Utc>,
    ) -> Draft<'a, NotifiedState, Vec<Notice>> {
        Draft::new(notified_key(key), notified, move |notified: Option<&NotifiedState>| {
            let (next, notices) = notified.cloned().unwrap_or_default().observe(key, token, report, now);
            (Some(next), notices)
        })
    }
}

/// The fields that people were not told about before. They count as told from now on.
fn news<'f>(told: &mut BTreeSet<String>, fields: impl Iterator<Item = &'f String>) -> Vec<String> {
    let mut news = Vec::new();
    for field in fields {
        if told.len() < MOST_TOLD && told.insert(field.clone()) {
            news.push(field.clone());
        }
    }
    news
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::drive::drive_blocking;
    use crate::id::{ConnectorId, LocalId, OrgId, RunId};
    use crate::matching::{FEW, MatchRule};
    use crate::memory::{Listing, MemoryStore};
    use crate::notice::What;
    use crate::run::Run;
    use crate::schema::{Field, Kind, Policy, Schema};

    /// A night on which more than a few share the address of somebody here, who is linked to nothing.
    fn crowded() -> Report {
        let schema = Schema::builder().field(Field::new("email", Kind::Text)).build().unwrap();
        let store = MemoryStore::new(schema.clone());
        let shared = json!({"email": "club@example.org"});
        store.enter(LocalId::new("17").unwrap(), schema.record(&shared).unwrap()).unwrap();
        let ids: Vec<String> = (0..=FEW).map(|at| format!("FED-{at}")).collect();
        let listing = Listing::of(&schema, ids.iter().map(|id| (id.as_str(), shared.clone()))).unwrap();
        let rule: MatchRule = serde_json::from_value(json!({"name": "e-mail", "fields": ["email"]})).unwrap();
        let run = Run::new(Policy::new(schema), RunId::new("night").unwrap(), DateTime::UNIX_EPOCH);
        drive_blocking(run.matching([rule]).unwrap().start(), &listing, &store).unwrap().report
    }

    #[test]
    fn a_rule_that_named_nobody_is_told_once() {
        let key = SyncKey { org: OrgId::new("ballybeg").unwrap(), connector: ConnectorId::new("federation").unwrap() };
        let at = DateTime::UNIX_EPOCH;
        let (told, notices) = NotifiedState::default().observe(&key, Token(1), &crowded(), at);
        let rules = vec!["e-mail".to_owned()];
        assert_eq!(notices.into_iter().map(|notice| notice.what).collect::<Vec<_>>(), [What::CrowdedRules { rules }]);
        assert!(told.observe(&key, Token(2), &crowded(), at).1.is_empty());
    }

    #[test]
    fn what_an_earlier_version_told_is_read() {
        let told: NotifiedState = serde_json::from_value(json!({"format": 1, "token": 3, "waiting": 2})).unwrap();
        assert_eq!(told, NotifiedState { token: Token(3), waiting: 2, ..NotifiedState::default() });
    }
}
