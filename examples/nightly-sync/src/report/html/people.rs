//! Whom a run set aside or could not write, and who is new, left or came back.

use std::io::{self, Write};

use tripartite::audit::Situation;
use tripartite::matching::Match;
use tripartite::plan::Quarantined;
use tripartite::run::Report;

use super::conflicts::person;
use super::markup::Markup;
use super::{HtmlError, MOST_LINES, words};
use crate::report::not_whole;
use crate::shell;
use crate::store::{KnownRun, Snapshot};

/// What was set aside, what was not written, and what was left alone.
pub(super) fn aside<W: Write>(
    page: &mut Markup<W>,
    source: &Snapshot<'_>,
    known: &KnownRun,
    report: &Report,
    options: &str,
) -> Result<(), HtmlError> {
    let count = report.set_aside.len() + report.unwritten.len();
    page.open("section", &[("aria-labelledby", "aside")])?;
    page.line("h2", &[("id", "aside")], &format!("Set aside ({})", words::figure(count as u64)))?;
    if count == 0 {
        page.line("p", &[], "Every record of the listing could be read, and none was left out.")?;
    }
    if !report.set_aside.is_empty() {
        let lead = "These lines of the listing were not taken. What is here about these people stays as it is, and the \
                    next run looks again.";
        page.line("p", &[], lead)?;
        let mut rows = Vec::new();
        for aside in report.set_aside.iter().take(MOST_LINES) {
            // What an earlier run asked may have been answered since.
            let answers = if known.is_last { answers(source, options, aside)? } else { Vec::new() };
            let (id, why, problem) = told(aside);
            rows.push((id, why, problem, answers));
        }
        table(page, rows.into_iter())?;
        more(page, report.set_aside.len() as u64)?;
    }
    if !report.unwritten.is_empty() {
        page.line("h3", &[], "Decided, but not written")?;
        let told =
            report.unwritten.iter().map(|unwritten| (unwritten.id.to_string(), "", unwritten.problem.clone(), vec![]));
        table(page, told.take(MOST_LINES))?;
        more(page, report.unwritten.len() as u64)?;
    }
    if let Some(told) = not_whole(report) {
        page.line("p", &[], &told)?;
    }
    for line in crate::report::drift(&report.schema_drift) {
        page.line("p", &[], &line)?;
    }
    for crowded in &report.crowded {
        page.line("p", &[], &crate::report::crowd(crowded))?;
    }
    Ok(page.end()?)
}

/// The commands that say who somebody is.
fn answers(source: &Snapshot<'_>, options: &str, aside: &Quarantined) -> Result<Vec<String>, HtmlError> {
    let (Some(id), Some(matched)) = (&aside.id, &aside.matched) else { return Ok(Vec::new()) };
    let whose = match matched {
        Match::Renamed { was, .. } => source.whose(was.as_str())?,
        _ => None,
    };
    let commands = shell::who_is_who(options, id.as_str(), matched, whose.as_ref());
    Ok(commands.into_iter().map(|(says, command)| format!("# {says}\n{command}")).collect())
}

fn told(aside: &Quarantined) -> (String, &'static str, String) {
    let id = aside.id.as_ref().map_or_else(|| "no readable id".to_owned(), ToString::to_string);
    let place = aside.place.as_deref();
    let detail = match (place, aside.situation) {
        (place, Situation::DuplicateRemote) => place.unwrap_or_default().to_owned(),
        (Some(place), _) => format!("{place}: {}", aside.problem),
        (None, _) => aside.problem.clone(),
    };
    (id, words::aside(aside), detail)
}

type Row = (String, &'static str, String, Vec<String>);

fn table<W: Write>(page: &mut Markup<W>, rows: impl Iterator<Item = Row>) -> io::Result<()> {
    page.open("table", &[("class", "cards"), ("role", "table")])?;
    page.open("thead", &[("role", "rowgroup")])?;
    page.open("tr", &[("role", "row")])?;
    page.element("th", &[("scope", "col"), ("role", "columnheader")], "Whose")?;
    page.element("th", &[("scope", "col"), ("role", "columnheader")], "Why")?;
    page.close()?;
    page.end()?;
    page.open("tbody", &[("role", "rowgroup")])?;
    for (id, why, problem, answers) in rows {
        page.open("tr", &[("role", "row")])?;
        page.open("th", &[("scope", "row"), ("role", "rowheader")])?;
        page.element("bdi", &[], &id)?;
        page.close()?;
        page.open("td", &[("role", "cell")])?;
        if !why.is_empty() {
            page.element("p", &[], why)?;
        }
        if !problem.is_empty() {
            page.element("p", &[("class", if why.is_empty() { "why" } else { "faint" })], &problem)?;
        }
        if !answers.is_empty() {
            page.element("pre", &[], &answers.join("\n"))?;
        }
        page.close()?;
        page.end()?;
    }
    page.close()?;
    page.end()
}

fn more<W: Write>(page: &mut Markup<W>, count: u64) -> io::Result<()> {
    match count.checked_sub(MOST_LINES as u64) {
        None | Some(0) => Ok(()),
        Some(more) => page.line("p", &[], &format!("… and {} more; the audit has all.", words::figure(more))),
    }
}

/// Who is new, who left, who came back.
pub(super) fn moved<W: Write>(page: &mut Markup<W>, source: &Snapshot<'_>, known: &KnownRun) -> Result<(), HtmlError> {
    page.open("section", &[("aria-labelledby", "people")])?;
    page.line("h2", &[("id", "people")], "New, left, back")?;
    let mut any = false;
    for (action, title, what) in [
        ("create", "New", "The listing has them, and no member here was linked to them: they were added."),
        ("deactivate", "Left", "The source no longer has them: they were marked inactive. Nothing was deleted."),
        ("reactivate", "Came back", "The listing has them again: they are active again."),
    ] {
        let (ids, count) = source.of_action(&known.run, action, MOST_LINES)?;
        if count == 0 {
            continue;
        }
        any = true;
        page.line("h3", &[], &format!("{title} ({})", words::figure(count)))?;
        page.line("p", &[("class", "faint")], what)?;
        page.open("ul", &[("class", "people")])?;
        for id in &ids {
            page.open("li", &[])?;
            person(page, id, &source.name(id)?)?;
            page.end()?;
        }
        page.end()?;
        more(page, count)?;
    }
    if !any {
        let none =
            if known.is_blocked() { "Nothing was written, so nobody is." } else { "Nobody is new, left or came back." };
        page.line("p", &[], none)?;
    }
    page.end()?;
    Ok(())
}
