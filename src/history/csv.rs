//! The history as comma-separated values (RFC 4180), safe to open in a spreadsheet.

use chrono::{DateTime, SecondsFormat, Utc};

use super::HistoryEntry;
use crate::queue::{Attempt, Ended, Scope, Trigger};

/// The names of the columns, as the first line of an export.
///
/// ```
/// use tripartite::history::CSV_HEADER;
/// assert!(CSV_HEADER.starts_with("org,connector,token,") && CSV_HEADER.ends_with("\r\n"));
/// ```
pub const CSV_HEADER: &str = "org,connector,token,attempt,trigger,scope,policy,worker,started_at,ended_at,\
                              done,of,outcome,next_at,message,result,counts\r\n";

impl HistoryEntry {
    /// Adds the entry to an export as one row of CSV, under the columns of [`CSV_HEADER`].
    ///
    /// ```
    /// # use tripartite::history::{EntryError, HistoryEntry};
    /// # let json = r#"{"format":1,"org":"b","connector":"f","token":7,"worker":"w1",
    /// #     "work":{"scope":"all","by":"manual","upto":9},"number":1,"started_at":"2026-11-23T02:15:00Z",
    /// #     "ended_at":"2026-11-23T02:16:00Z","progress":{"done":1},"ended":{"completed":{"result":"=1+1"}}}"#;
    /// # let entry = HistoryEntry::from_json(json.as_bytes())?;
    /// let mut export = String::from(tripartite::history::CSV_HEADER);
    /// entry.csv_line(&mut export);
    /// assert!(export.ends_with(",completed,,,'=1+1,\r\n")); // no formula
    /// # Ok::<(), EntryError>(())
    /// ```
    pub fn csv_line(&self, export: &mut String) {
        let attempt = &self.attempt;
        let ended = ended(attempt);
        let of = attempt.progress.of.map(|of| of.to_string());
        let fields = [
            self.org.as_str(),
            self.connector.as_str(),
            &attempt.token.0.to_string(),
            &attempt.number.to_string(),
            trigger(attempt.work.by),
            &scope(&attempt.work.scope),
            attempt.work.policy.as_ref().map_or("", |policy| policy.as_str()),
            attempt.worker.as_str(),
            &time(attempt.started_at),
            &time(attempt.ended_at),
            &attempt.progress.done.to_string(),
            of.as_deref().unwrap_or_default(),
            ended.outcome,
            &ended.next_at.map(time).unwrap_or_default(),
            &ended.message,
            ended.result,
            &counts(attempt),
        ];
        for (position, text) in fields.into_iter().enumerate() {
            if position > 0 {
                export.push(',');
            }
            csv_field(export, text);
        }
        export.push_str("\r\n");
    }
}

/// Adds one field to an export: quoted where it has to be (RFC 4180), and with an apostrophe in front where a spreadsheet
/// would calculate it. Spreadsheets skip blanks and control characters in front, and take full-width signs for signs.
///
/// ```
/// use tripartite::history::csv_field;
/// let of = |text: &str| {
///     let mut export = String::new();
///     csv_field(&mut export, text);
///     export
/// };
/// assert_eq!(of("a,b"), "\"a,b\"");
/// assert_eq!(of("+353 87 555 0123"), "'+353 87 555 0123");
/// assert_eq!(of(" =1+1"), "' =1+1");
/// assert_eq!(of("\u{ff1d}1+1"), "'\u{ff1d}1+1");
/// ```
pub fn csv_field(export: &mut String, text: &str) {
    let quoted = text.contains([',', '"', '\r', '\n']);
    if quoted {
        export.push('"');
    }
    if is_formula(text) {
        export.push('\'');
    }
    for c in text.chars() {
        if c == '"' {
            export.push('"');
        }
        export.push(c);
    }
    if quoted {
        export.push('"');
    }
}

/// Whether a spreadsheet may take it for a formula. A control character in front is enough: some drop it as they read.
fn is_formula(text: &str) -> bool {
    let is_skipped = |c: char| c.is_whitespace() || c.is_control() || INVISIBLE.contains(&c);
    text.starts_with(char::is_control) || text.trim_start_matches(is_skipped).starts_with(SIGNS)
}

/// Characters without a width, which are no white space to Unicode.
const INVISIBLE: [char; 6] = ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{00ad}'];

/// The signs that a formula begins with, as they are, full-width and small.
const SIGNS: [char; 12] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫'];

/// How an attempt ended, by column.
struct Columns<'a> {
    outcome: &'static str,
    next_at: Option<DateTime<Utc>>,
    message: String,
    result: &'a str,
}

fn ended(attempt: &Attempt) -> Columns<'_> {
    let (outcome, next_at, message, result) = match &attempt.ended {
        Ended::Completed { result } => ("completed", None, String::new(), result.as_deref().unwrap_or_default()),
        Ended::CompletedInPart { result, left, unanswered } => {
            let left = in_part(*left, *unanswered);
            ("completed_in_part", None, left, result.as_deref().unwrap_or_default())
        }
        Ended::Blocked { plan, why } => ("blocked", None, why.clone(), plan.as_str()),
        Ended::Failed { message, retry_at, .. } => ("failed", Some(*retry_at), message.clone(), ""),
        Ended::Died(death) => ("died", None, death.to_string(), ""),
        Ended::Expired { retry_at } => ("expired", Some(*retry_at), String::new(), ""),
        Ended::Snoozed { until, why } => ("snoozed", Some(*until), why.clone().unwrap_or_default(), ""),
        Ended::Cancelled => ("cancelled", None, String::new(), ""),
    };
    Columns { outcome, next_at, message, result }
}

/// What was left, in words.
fn in_part(left: u64, unanswered: u64) -> String {
    match unanswered {
        0 => format!("{left} set aside or not written"),
        all if all == left => format!("{all} not answered for"),
        some => format!("{} set aside or not written, {some} not answered for", left.saturating_sub(some)),
    }
}

/// The counts, as `created=3 updated=1`.
fn counts(attempt: &Attempt) -> String {
    let counts = attempt.progress.counts.iter().map(|(name, count)| format!("{name}={count}"));
    counts.collect::<Vec<_>>().join(" ")
}

fn trigger(by: Trigger) -> &'static str {
    match by {
        Trigger::Scheduled => "scheduled",
        Trigger::Manual => "manual",
        Trigger::Webhook => "webhook",
    }
}

/// How much it was about; not which records, a spreadsheet is not the place for them.
fn scope(scope: &Scope) -> String {
    match scope {
        Scope::All => "all".to_owned(),
        Scope::Only(ids) if ids.len() == 1 => "1 record".to_owned(),
        Scope::Only(ids) => format!("{} records", ids.len()),
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
