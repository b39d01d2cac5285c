//! History and status: what happened to a key, and how it stands.
//!
//! An [`HistoryEntry`] is one finished attempt of one key, as the log keeps it: exactly one for each token. It is exported as
//! JSON, one object to a line, or as CSV for a spreadsheet; both are written an entry at a time into a text of the
//! caller's, so that an export of any length needs the memory of one page.
//!
//! A [`KeyStatus`] is what an operator sees of a key now.
//!
//! | exported as | for | form |
//! |---|---|---|
//! | [`json_line`](HistoryEntry::json_line) | programs | the persisted form itself, ended by a line feed |
//! | [`CSV_HEADER`], [`csv_line`](HistoryEntry::csv_line) | people | RFC 4180, ended by CR LF |
//!
//! # A field that begins with `=`
//!
//! A spreadsheet takes a field that begins with `=`, `+`, `-`, `@`, a tab or a carriage return as a formula, and a
//! failure's message may be somebody else's text. Such a field gets a leading apostrophe (source: OWASP, "CSV
//! Injection").

mod csv;
mod status;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use csv::{CSV_HEADER, csv_field};
pub use status::{Doing, KeyStatus, Wait};

use crate::failure::FormatError;
use crate::id::{ConnectorId, OrgId, SyncKey};
use crate::queue::Attempt;

/// Which version of the persisted form this crate writes.
const FORMAT: u32 = 1;

/// One finished attempt of one key.
///
/// ```
/// use tripartite::history::HistoryEntry;
/// let line = r#"{"format":1,"org":"ballybeg","connector":"federation","token":7,
/// "worker":"w1","work":{"scope":"all","by":"scheduled","upto":9},"number":1,
/// "started_at":"2026-11-23T02:15:00Z","ended_at":"2026-11-23T02:16:00Z",
/// "progress":{"done":120},"ended":{"completed":{"result":"run-7"}}}"#;
/// let entry = HistoryEntry::from_json(line.as_bytes())?;
/// assert_eq!(entry.id(), "00000000000000000007"); // in the order of tokens, also as text
/// assert!(
///     HistoryEntry::from_json(&line.replace(r#""format":1"#, r#""format":2"#).into_bytes())
///         .is_err()
/// );
/// # Ok::<(), tripartite::history::EntryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HistoryEntry {
    format: u32,
    /// Whose records.
    pub org: OrgId,
    /// From which source.
    pub connector: ConnectorId,
    /// The attempt. The result of one that completed is the audit reference: the id of its report, in the host's words.
    #[serde(flatten)]
    pub attempt: Attempt,
}

/// Why an entry cannot be read or written.
///
/// [`HistoryEntry`] has an example.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// It is not the JSON of an entry.
    #[error("this is not the JSON of an entry: {0}")]
    Json(serde_json::Error),
    /// It was written by a later version of this crate.
    #[error(transparent)]
    Format(#[from] FormatError),
}

impl From<serde_json::Error> for EntryError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl HistoryEntry {
    /// The entry of an attempt.
    ///
    /// [`Queue::flush`](crate::work::Queue::flush) has an example.
    pub fn new(key: &SyncKey, attempt: Attempt) -> Self {
        Self { format: FORMAT, org: key.org.clone(), connector: key.connector.clone(), attempt }
    }

    /// The key it belongs to.
    ///
    /// ```
    /// # use tripartite::history::{EntryError, HistoryEntry};
    /// # let json = r#"{"format":1,"org":"b","connector":"f","token":7,"worker":"w1",
    /// #     "work":{"scope":"all","by":"manual","upto":9},"number":1,"started_at":"2026-11-23T02:15:00Z",
    /// #     "ended_at":"2026-11-23T02:16:00Z","progress":{"done":1},"ended":"cancelled"}"#;
    /// let entry = HistoryEntry::from_json(json.as_bytes())?;
    /// assert_eq!(entry.key().to_string(), "b/f");
    /// # Ok::<(), EntryError>(())
    /// ```
    pub fn key(&self) -> SyncKey {
        SyncKey { org: self.org.clone(), connector: self.connector.clone() }
    }

    /// What it is called in the key's log: its token, in twenty digits, so that text sorts as numbers do. An entry that
    /// is appended twice has the same id twice.
    ///
    /// [`HistoryEntry`] has an example.
    pub fn id(&self) -> String {
        format!("{:020}", self.attempt.token.0)
    }

    /// When it stands in the log: when the attempt ended.
    ///
    /// ```
    /// # use tripartite::history::{EntryError, HistoryEntry};
    /// # let json = r#"{"format":1,"org":"b","connector":"f","token":7,"worker":"w1",
    /// #     "work":{"scope":"all","by":"manual","upto":9},"number":1,"started_at":"2026-11-23T02:15:00Z",
    /// #     "ended_at":"2026-11-23T02:16:00Z","progress":{"done":1},"ended":"cancelled"}"#;
    /// let entry = HistoryEntry::from_json(json.as_bytes())?;
    /// // one that runs over midnight belongs to the day it ended
    /// assert_eq!(entry.at(), entry.attempt.ended_at);
    /// # Ok::<(), EntryError>(())
    /// ```
    pub fn at(&self) -> DateTime<Utc> {
        self.attempt.ended_at
    }

    /// Reads the persisted form.
    ///
    /// [`HistoryEntry`] has an example.
    ///
    /// # Errors
    /// [`EntryError`], when it is not the JSON of an entry, or of a later format.
    pub fn from_json(bytes: &[u8]) -> Result<Self, EntryError> {
        let entry: Self = serde_json::from_slice(bytes)?;
        FormatError::check("this entry has", entry.format, FORMAT)?;
        Ok(entry)
    }

    /// Writes the persisted form, in one line without an end.
    ///
    /// ```
    /// # use tripartite::history::{EntryError, HistoryEntry};
    /// # let json = r#"{"format":1,"org":"b","connector":"f","token":7,"worker":"w1",
    /// #     "work":{"scope":"all","by":"manual","upto":9},"number":1,"started_at":"2026-11-23T02:15:00Z",
    /// #     "ended_at":"2026-11-23T02:16:00Z","progress":{"done":1},"ended":{"completed":{"result":"a\nb"}}}"#;
    /// # let entry = HistoryEntry::from_json(json.as_bytes())?;
    /// let bytes = entry.to_json()?;
    /// assert!(!bytes.contains(&b'\n')); // a line feed in the result is escaped
    /// assert_eq!(HistoryEntry::from_json(&bytes)?, entry);
    /// # Ok::<(), EntryError>(())
    /// ```
    ///
    /// # Errors
    /// [`EntryError::Json`], when serde refuses it; no entry is known that it does.
    pub fn to_json(&self) -> Result<Vec<u8>, EntryError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Adds the entry to an export as one line of JSON.
    ///
    /// ```
    /// # use tripartite::history::{EntryError, HistoryEntry};
    /// # let json = r#"{"format":1,"org":"b","connector":"f","token":7,"worker":"w1",
    /// #     "work":{"scope":"all","by":"manual","upto":9},"number":1,"started_at":"2026-11-23T02:15:00Z",
    /// #     "ended_at":"2026-11-23T02:16:00Z","progress":{"done":1},"ended":{"completed":{"result":"a\nb"}}}"#;
    /// # let entry = HistoryEntry::from_json(json.as_bytes())?;
    /// let mut export = String::new();
    /// entry.json_line(&mut export)?;
    /// entry.json_line(&mut export)?;
    /// assert_eq!(export.lines().count(), 2); // a line feed in a message does not make a third
    /// # Ok::<(), EntryError>(())
    /// ```
    ///
    /// # Errors
    /// As [`to_json`](Self::to_json); the export is left as it was.
    pub fn json_line(&self, export: &mut String) -> Result<(), EntryError> {
        export.push_str(&serde_json::to_string(self)?);
        export.push('\n');
        Ok(())
    }
}
