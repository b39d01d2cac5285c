//! `history`: each finished attempt, of one key or of all.

use chrono::{DateTime, Utc};
use clap::Args;
use tripartite::drive::block_on;
use tripartite::history::{CSV_HEADER, HistoryEntry};
use tripartite::id::SyncKey;
use tripartite::jobs::LogPosition;
use tripartite::queue::Attempt;
use tripartite::work::{Queue, WorkError};

use super::queue::{Problem, enrolled, jobs, open_to_read};
use crate::args::Target;
use crate::audit::Format;
use crate::context::{Answer, Context, FAILED, SUCCEEDED, UsageError};
use crate::store::{Jobs, Place, Register};
use crate::term::Console;
use crate::work;

/// What of the history to print.
#[derive(Debug, Clone, Args)]
pub struct HistoryArgs {
    /// Of which key of which database; without it, of all of them.
    #[command(flatten)]
    pub target: Target,
    /// JSON lines, or a table for a spreadsheet (RFC 4180)
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// How many history entries are read in one go.
const PAGE: usize = 500;

pub(crate) fn execute(cx: &mut Context<'_>, args: &HistoryArgs) -> Answer {
    if cx.console.json && args.format == Format::Csv {
        return Err(UsageError("--json and --format csv exclude each other".to_owned()).into());
    }
    let key = args.target.key.as_ref().and_then(Register::key);
    let db = cx.db(&args.target)?;
    let console = &mut *cx.console;
    if args.format == Format::Csv {
        console.print(CSV_HEADER.trim_end_matches('\n'));
    }
    let Some(queue) = open_to_read(&db)? else { return Ok(SUCCEEDED) };
    let keys = match key {
        Some(key) => vec![key.clone()],
        None => work::keys(&queue).map_err(|error| jobs(&db)(WorkError::Store(error)))?,
    };
    if let Some(key) = key {
        let known = work::known(&queue).map_err(|error| jobs(&db)(WorkError::Store(error)))?;
        if !known.contains(key) {
            console.say(format!("{} was never enrolled; {}", Register::of(key), enrolled(&known)));
        }
    }
    let mut ill = false;
    for key in keys {
        let unflushed = match block_on(queue.slot(&key)) {
            Ok(slot) => slot.map(|slot| slot.unflushed).unwrap_or_default(),
            // What is in the log can be read all the same.
            Err(error @ WorkError::Broken { .. }) => {
                ill = true;
                console.warn(format!("nightly-sync: {error}"));
                Vec::new()
            }
            Err(error) => return Err(jobs(&db)(error).into()),
        };
        attempts(console, &queue, (&db, args.format), &key, unflushed)?;
    }
    Ok(if ill { FAILED } else { SUCCEEDED })
}

/// Prints a key's attempts in the order of their tokens: after a clock was set back, a newer one may have an earlier time.
fn attempts(
    console: &mut Console,
    queue: &Queue<Jobs>,
    (db, format): (&Place, Format),
    key: &SyncKey,
    unflushed: Vec<Attempt>,
) -> Result<(), Problem> {
    let mut entries: Vec<HistoryEntry> = Vec::new();
    loop {
        let all = DateTime::<Utc>::MIN_UTC..DateTime::<Utc>::MAX_UTC;
        let after = entries.last().map(|last| LogPosition::new(last.at(), last.id()));
        let page = block_on(queue.history(key, all, after.as_ref(), PAGE)).map_err(jobs(db))?;
        if page.is_empty() {
            break;
        }
        entries.extend(page);
    }
    // Those that are not appended yet.
    entries.extend(unflushed.into_iter().map(|attempt| HistoryEntry::new(key, attempt)));
    entries.sort_by_key(|entry| entry.attempt.token);
    entries.dedup_by_key(|entry| entry.attempt.token);
    print_entries(console, format, &entries)
}

fn print_entries(console: &mut Console, format: Format, entries: &[HistoryEntry]) -> Result<(), Problem> {
    let mut text = String::new();
    for entry in entries {
        match format {
            Format::Jsonl => entry.json_line(&mut text)?,
            Format::Csv => entry.csv_line(&mut text),
        }
    }
    if !text.is_empty() {
        // The console ends the line itself.
        console.print(text.trim_end_matches('\n'));
    }
    Ok(())
}
