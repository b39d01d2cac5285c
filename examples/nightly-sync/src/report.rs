//! What came of a run, for people; [`json`] is the same for programs.
//!
//! It names records and fields and says why, but never shows a value of anybody: those are in the database and its
//! audit. The one exception is the page that somebody asks for ([`html`]).

pub mod html;
pub mod json;
mod story;

use tripartite::id::ExternalId;
use tripartite::matching::{Crowded, FEW, Match};
use tripartite::plan::{Blocked, Excess, Plan};
use tripartite::run::{Counts, Report, RunOutcome, SchemaDrift, Unread};

pub use self::story::{Line, Matter, Story};
use crate::shell;
use crate::store::{Store, StoreError};
use crate::term::{Console, Figures, bold, cyan, green, pad, red, width, wrapped, yellow};

/// So many lines a section has at most.
const MOST: usize = 40;

/// So many records a dry run lists.
const MOST_PLANNED: usize = 20;

/// So many commands that answer a question are printed.
const MOST_ANSWERS: usize = 3;

/// Where the explanations are broken.
const COLUMNS: usize = 100;

/// The figures of a run. Those of nothing are left out.
pub fn figures(counts: &Counts) -> Figures {
    Figures::default()
        .row("processed", counts.processed)
        .row("created", counts.created)
        .row("updated", counts.updated)
        .row("unchanged", counts.unchanged)
        .row("reactivated", counts.reactivated)
        .row("deactivated", counts.deactivated)
        .row("missing", counts.missing)
        .row("linked", counts.linked)
        .row("proposed", counts.proposed)
        .row("quarantined", counts.quarantined)
        .row("skipped", counts.skipped)
        .row("failed", counts.failed)
        .row("conflicts resolved", counts.conflicts_resolved)
        .row("conflicts open", counts.conflicts_open)
        .row("invalid fields", counts.invalid_fields)
}

/// The outcome, in its colour.
pub fn outcome(outcome: RunOutcome) -> String {
    match outcome {
        RunOutcome::Succeeded => green("succeeded"),
        RunOutcome::Partial => yellow("partial"),
        RunOutcome::Blocked => yellow("blocked"),
        RunOutcome::Failed => red("failed"),
    }
}

/// Prints the report, each conflict explained.
pub fn print(console: &mut Console, report: &Report, story: &Story, plan: Option<&Plan>) {
    let dry = if report.dry_run { " (dry run: nothing was written)" } else { "" };
    console.report(format!("run {}: {}{dry}", bold(&report.run), outcome(report.outcome)));
    let figures = figures(&report.counts);
    if !figures.is_empty() {
        console.report(figures);
    }
    for matter in Matter::ALL {
        let (lines, count) = story.on(matter);
        section(console, matter.title(), count, lines.iter().map(|line| (line.subject(), line.why.clone())));
    }
    let aside = report.set_aside.iter().map(|aside| {
        let id = aside.id.as_ref().map_or_else(|| "no readable id".to_owned(), ToString::to_string);
        let place = aside.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        (id, format!("{place}{}", aside.problem))
    });
    section(console, "set aside, to be looked at again in the next run", report.set_aside.len(), aside);
    let unwritten = report.unwritten.iter().map(|unwritten| (unwritten.id.to_string(), unwritten.problem.clone()));
    section(console, "not written", report.unwritten.len(), unwritten);
    if let Some(told) = not_whole(report) {
        console.report(format!("\n{told}"));
    }
    for line in drift(&report.schema_drift) {
        console.report(format!("\n{line}"));
    }
    for crowded in &report.crowded {
        console.report(format!("\n{}", crowd(crowded)));
    }
    if let Some(plan) = plan.filter(|_| report.dry_run) {
        planned(console, plan);
    }
    console.report(format!("\nplan {}", report.plan_id));
}

/// What is said of fields that only the source or only the schema has, and of values that their kind does not read.
pub(crate) fn drift(drift: &SchemaDrift) -> Vec<String> {
    let records = |count: u64| if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
    let mut undeclared: Vec<String> = drift
        .undeclared
        .iter()
        .map(|field| {
            let like =
                field.like.as_ref().map(|like| format!(", which the schema may have as {like}")).unwrap_or_default();
            format!("{} ({}{like})", field.field, records(field.records))
        })
        .collect();
    if drift.unnamed > 0 {
        undeclared.push(format!("others, in {}", records(drift.unnamed)));
    }
    let unstated: Vec<String> =
        drift.unstated.iter().map(|field| format!("{} (none of {})", field.field, records(field.records))).collect();
    let unread: Vec<String> = drift
        .unread
        .iter()
        .map(|unread| {
            let Unread { field, records: count, first, problem, .. } = unread;
            format!("{field} ({}, first {first}: {problem})", records(*count))
        })
        .collect();
    [
        ("the schema does not have, so they are not synced", undeclared),
        ("the schema has and no record states", unstated),
        ("have values that their kind does not read, so the values here stay", unread),
    ]
    .into_iter()
    .filter(|(_, fields)| !fields.is_empty())
    .map(|(what, fields)| format!("fields that {what}: {}", fields.join(", ")))
    .collect()
}

/// What is said of a match rule whose fields many records have the same.
pub(crate) fn crowd(crowded: &Crowded) -> String {
    let Crowded { rule, keys, records, .. } = crowded;
    let (values, are) = if *keys == 1 { ("one value", "is") } else { ("values", "are each") };
    let values = if *keys == 1 { values.to_owned() } else { format!("{keys} {values}") };
    let listed = if *records == 1 { "one listed record".to_owned() } else { format!("{records} listed records") };
    format!(
        "match rule {rule}: {values} of its fields {are} on more than {FEW} records, so it named nobody for {listed}; \
         whom no other rule found was created"
    )
}

/// Prints how the questions are answered that wait now: the commands of the first ones, and the one that lists all.
///
/// # Errors
/// [`StoreError`], when the database cannot be read.
pub fn print_answers(
    console: &mut Console,
    report: &Report,
    story: &Story,
    store: &Store,
    options: &str,
) -> Result<(), StoreError> {
    // What a dry run would ask is not asked yet.
    let asked = [Matter::New, Matter::Standing].map(|matter| story.on(matter)).into_iter();
    let asked = asked.filter(|_| !report.dry_run && report.blocked.is_empty());
    let (lines, count) = asked.fold((Vec::new(), 0), |(mut lines, count), (more, many)| {
        lines.extend(more);
        (lines, count + many)
    });
    if let Some(first) = lines.first() {
        console.report(format!("\n{}, {}:", bold("to answer"), shell::answers(&first.unit)));
        for line in lines.iter().take(MOST_ANSWERS) {
            console.report(format!("  {}", shell::decide(options, &line.id, &line.unit)));
        }
        let all = if count > MOST_ANSWERS { format!("all {count}") } else { "with the values".to_owned() };
        console.report(format!("{all}:\n  nightly-sync conflicts {options} --values"));
    }
    let asked = report.set_aside.iter().filter_map(|aside| Some((aside.id.as_ref()?, aside.matched.as_ref()?)));
    let mut commands = Vec::new();
    for (id, matched) in asked.clone().take(MOST_ANSWERS) {
        let whose = match matched {
            Match::Renamed { was, .. } => store.whose(was)?,
            _ => None,
        };
        commands.extend(shell::who_is_who(options, id.as_str(), matched, whose.as_ref()));
    }
    if asked.clone().next().is_some() {
        console.report("\nto say which member it is:");
        for (says, command) in commands.iter().take(2 * MOST_ANSWERS) {
            console.report(format!("  {:<9} {command}", format!("{says}:")));
        }
        console.report(format!("all {}:\n  nightly-sync matches {options}", asked.count()));
    }
    Ok(())
}

/// What a listing that is not everything means for those who are not in it, where it was to be, or they were asked for.
pub(crate) fn not_whole(report: &Report) -> Option<String> {
    if let Some(first) = report.unanswered_ids.first() {
        let others = match report.counts.unanswered {
            0 | 1 => String::new(),
            all => format!(" and for {} more", all - 1),
        };
        return Some(format!(
            "the source did not answer for {first}{others}; a run of all records finds out whether they are missing"
        ));
    }
    let left = match report.withheld {
        0 => "no record counts as missing".to_owned(),
        1 => "1 record is no longer listed, but left alone".to_owned(),
        count => format!("{count} records are no longer listed, but left alone"),
    };
    match &report.incomplete {
        Some(why) => Some(format!("{left}, because the listing may not be complete: {why}")),
        // A report of an earlier version did not say why.
        None => (report.withheld > 0).then(|| format!("{left}, because the listing may not be complete")),
    }
}

/// Prints why a guard stopped the run, and how to let it pass.
pub fn print_blocked(console: &mut Console, report: &Report, command: &str) {
    for reason in &report.blocked {
        console.urge(format!("{} {reason}", yellow("blocked:")));
        if let Some(excess) = excess(reason) {
            let ids: Vec<&str> = excess.records.iter().map(ExternalId::as_str).collect();
            let more = excess.count.saturating_sub(ids.len() as u64);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            console.urge(format!("  among them {}{more}", ids.join(", ")));
        }
    }
    console.urge("nothing was written. If this is right, approve exactly this plan:");
    console.urge(format!("  {command}"));
}

/// Of how many records a guard speaks, and which, if it names any.
pub(crate) fn excess(reason: &Blocked) -> Option<&Excess> {
    let excess = match reason {
        Blocked::Deactivations(excess)
        | Blocked::Creations(excess)
        | Blocked::Links(excess)
        | Blocked::Updates(excess)
        | Blocked::Quarantined(excess)
        | Blocked::Takeovers(excess)
        | Blocked::Emptied { excess, .. }
        | Blocked::Changed { excess, .. } => excess,
        _ => return None,
    };
    (!excess.records.is_empty()).then_some(excess)
}

fn section(console: &mut Console, title: &str, count: usize, lines: impl Iterator<Item = (String, String)>) {
    if count == 0 {
        return;
    }
    console.report(format!("\n{} ({count})", bold(title)));
    let most = console.at_most(MOST);
    let lines: Vec<_> = lines.take(most).collect();
    let left = lines.iter().map(|(subject, _)| width(subject)).max().unwrap_or(0).min(40);
    for (subject, text) in &lines {
        let mut text = wrapped(text, COLUMNS - left.min(COLUMNS / 2)).into_iter();
        console.report(format!("  {}  {}", cyan(pad(subject, left)), text.next().unwrap_or_default()));
        for more in text {
            console.report(format!("  {}  {more}", " ".repeat(left)));
        }
    }
    if count > lines.len() {
        console.report(format!("  … and {} more", count - lines.len()));
    }
}

fn planned(console: &mut Console, plan: &Plan) {
    let most = console.at_most(MOST_PLANNED);
    let (mut first, mut count) = (Vec::new(), 0);
    for op in plan.changes() {
        count += 1;
        if first.len() < most {
            first.push(op);
        }
    }
    if first.is_empty() {
        return;
    }
    console.report(format!("\n{} ({count})", bold("what would be done")));
    let left = first.iter().map(|op| width(op.id.as_str())).max().unwrap_or(0);
    for op in &first {
        let id = pad(op.id.as_str(), left);
        console.report(format!("  {}  {}", cyan(id), story::planned(plan.schema(), op)));
    }
    if count > first.len() {
        console.report(format!("  … and {} more", count - first.len()));
    }
}
