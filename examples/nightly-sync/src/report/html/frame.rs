//! What frames the page: its head, what stopped the run, its figures, its foot.

use std::io::{self, Write};

use tripartite::id::PersonId;
use tripartite::plan::Blocked;
use tripartite::run::{Report, RunOutcome};

use super::chart::{self, outcome_name};
use super::conflicts::person;
use super::markup::Markup;
use super::{HtmlError, NIGHTS, words};
use crate::store::{KnownRun, Snapshot};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("filter.js");

/// Nothing but this style and this script, each by its SHA-256.
const POLICY: &str = "default-src 'none'; style-src 'sha256-GwL8qPfLZkt3dGSbVnnZjrHRPhc2oZFsos78lxO15uk='; \
                      script-src 'sha256-YhxuiaAKibT7I3mqYqh1qDuGp/yE/iAeZBQ320Wk3B4='; \
                      base-uri 'none'; form-action 'none'";

pub(super) fn head<W: Write>(page: &mut Markup<W>, source: &Snapshot<'_>, known: &KnownRun) -> Result<(), HtmlError> {
    let whose = source.register().key().map_or_else(String::new, |_| format!(" of {}", source.register()));
    let time = words::moment(&known.at);
    page.raw("<!doctype html>\n")?;
    page.open("html", &[("lang", "en")])?;
    page.open("head", &[])?;
    page.raw("\n")?;
    for attributes in [
        &[("charset", "utf-8")][..],
        &[("http-equiv", "Content-Security-Policy"), ("content", POLICY)],
        &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")],
        &[("name", "referrer"), ("content", "no-referrer")],
        &[("name", "robots"), ("content", "noindex")],
        &[("name", "color-scheme"), ("content", "light dark")],
    ] {
        page.open("meta", attributes)?;
        page.raw("\n")?;
    }
    page.line("title", &[], &format!("Sync report{whose}, {time}"))?;
    page.open("style", &[])?;
    page.raw(STYLE)?;
    page.end()?;
    page.end()?;
    page.open("body", &[])?;
    page.line("a", &[("class", "skip"), ("href", "#main")], "Skip to the report")?;
    page.open("header", &[])?;
    page.line(
        "p",
        &[("class", "notice")],
        "This page shows values of people, before and after. Keep it as you keep the register itself.",
    )?;
    page.line("h1", &[], &format!("Sync report{whose}"))?;
    page.open("p", &[])?;
    let answered = answered(source, known)?;
    if let Some(report) = &known.report {
        let class = match report.outcome {
            RunOutcome::Succeeded => "badge good",
            RunOutcome::Partial | RunOutcome::Blocked => "badge warn",
            RunOutcome::Failed => "badge bad",
        };
        page.element("span", &[("class", class)], outcome_name(report.outcome))?;
    } else if answered.is_some() {
        page.element("span", &[("class", "badge good")], "answers")?;
    } else {
        page.element("span", &[("class", "badge bad")], "cut short")?;
    }
    page.text(&format!(" {time} "))?;
    let last = if known.is_last { "the last run" } else { "not the last run" };
    page.element("span", &[("class", "faint")], &format!("run {}, {last}", known.run))?;
    page.end()?;
    let summary = match (&known.report, answered) {
        (Some(report), _) => words::summary(&report.counts, report.outcome != RunOutcome::Blocked),
        (None, Some(by)) => format!("No run of the source: {by} answered questions. What came of it stands below."),
        (None, None) => {
            "This run was cut short before it could report. What it had written by then stands below.".to_owned()
        }
    };
    page.line("p", &[("class", "summary")], &summary)?;
    page.end()?;
    contents(page, known.report.is_some())?;
    page.open("main", &[("id", "main")])?;
    page.raw("\n")?;
    Ok(())
}

/// Who answered, where no run decided but a person.
fn answered(source: &Snapshot<'_>, known: &KnownRun) -> Result<Option<PersonId>, HtmlError> {
    let mut by = None;
    if known.report.is_none() {
        source.changed(&known.run, |record| -> Result<bool, HtmlError> {
            let fields = record.fields.iter().filter_map(|entry| entry.by.as_ref());
            by = fields.chain(record.whole.iter().filter_map(|entry| entry.by.as_ref())).next().cloned();
            Ok(false)
        })?;
    }
    Ok(by)
}

fn contents<W: Write>(page: &mut Markup<W>, reported: bool) -> io::Result<()> {
    page.open("nav", &[("aria-label", "On this page")])?;
    page.open("ul", &[])?;
    for (href, name) in [
        ("#questions", "Questions for a person"),
        ("#aside", "Set aside"),
        ("#people", "New, left, back"),
        ("#figures", "Figures"),
        ("#changes", "Changes"),
    ] {
        if href == "#aside" && !reported {
            continue;
        }
        page.open("li", &[])?;
        page.element("a", &[("href", href)], name)?;
        page.close()?;
    }
    page.close()?;
    page.end()
}

/// Why a run wrote nothing, or not all.
pub(super) fn stopped<W: Write>(
    page: &mut Markup<W>,
    source: &Snapshot<'_>,
    report: &Report,
    options: &str,
) -> Result<(), HtmlError> {
    if report.outcome == RunOutcome::Blocked {
        page.open("section", &[("aria-labelledby", "blocked")])?;
        page.line("h2", &[("id", "blocked")], "Stopped before anything was written")?;
        page.line("p", &[], "This run would have done more than it may do without approval:")?;
        page.open("ul", &[])?;
        for reason in &report.blocked {
            page.open("li", &[])?;
            page.text(&reason.to_string())?;
            examples(page, source, reason)?;
            page.end()?;
        }
        page.end()?;
        page.line("p", &[], "If this is right, approve exactly this plan, with the listing it was made of:")?;
        let command = format!("nightly-sync run {options} --remote LISTING.jsonl --approve {}", report.plan_id);
        page.line("pre", &[], &command)?;
        page.end()?;
    }
    if let Some(failure) = &report.failure {
        page.open("section", &[("aria-labelledby", "failed")])?;
        page.line("h2", &[("id", "failed")], "It could not go on")?;
        let told =
            format!("What stopped it {}. What was written before that stands.", stopped_by(&failure.to_string()));
        page.line("p", &[], &told)?;
        page.end()?;
    }
    Ok(())
}

/// The first records that a reason is about.
fn examples<W: Write>(page: &mut Markup<W>, source: &Snapshot<'_>, reason: &Blocked) -> Result<(), HtmlError> {
    let Some(excess) = crate::report::excess(reason) else { return Ok(()) };
    for (at, id) in excess.records.iter().enumerate() {
        page.text(if at == 0 { "; among them " } else { ", " })?;
        person(page, id.as_str(), &source.name(id.as_str())?)?;
    }
    Ok(())
}

/// A failure says what it is, or what will come of it.
fn stopped_by(failure: &str) -> String {
    match failure.split(' ').next() {
        Some("may" | "will") => failure.to_owned(),
        _ => format!("is this: {failure}"),
    }
}

/// The run in figures, beside the last ones.
pub(super) fn figures<W: Write>(
    page: &mut Markup<W>,
    source: &Snapshot<'_>,
    known: &KnownRun,
) -> Result<(), HtmlError> {
    page.open("section", &[("aria-labelledby", "figures")])?;
    page.line("h2", &[("id", "figures")], "The run in figures")?;
    match &known.report {
        Some(report) => chart::outcome(page, report)?,
        None => page.line("p", &[], "This run left no figures.")?,
    }
    page.line("h3", &[], "The last runs")?;
    chart::nights(page, &source.figures(NIGHTS)?, &known.run)?;
    page.end()?;
    Ok(())
}

pub(super) fn foot<W: Write>(page: &mut Markup<W>, known: &KnownRun, options: &str) -> io::Result<()> {
    page.end()?;
    page.open("footer", &[("class", "faint")])?;
    page.line("p", &[], "Every decision of this run, as a table for a spreadsheet:")?;
    page.line("pre", &[], &format!("nightly-sync audit {options} --run {} --format csv", words::shell(&known.run)))?;
    if let Some(report) = &known.report {
        page.line("p", &[], &format!("Plan {}", report.plan_id))?;
    }
    page.end()?;
    page.open("script", &[])?;
    page.raw(SCRIPT)?;
    page.end()
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, Engine};
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_policy_allows_this_style_and_this_script_alone() {
        for (kind, text) in [("style", STYLE), ("script", SCRIPT)] {
            let hash = format!("{kind}-src 'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
            assert!(POLICY.contains(&hash), "expected {hash} in the policy");
            assert!(!text.contains("</"), "the {kind} ends where it ends");
        }
    }
}
