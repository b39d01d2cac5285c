//! The charts: drawn as inline SVG, with every figure beside them as text.

use std::io::{self, Write};

use tripartite::run::{Counts, Report, RunOutcome};

use super::markup::Markup;
use super::words;
use crate::store::RunFigures;

/// What a bar counts: its class, what stands beside it, and the count.
type Bar = (&'static str, &'static str, fn(&Counts) -> u64);

/// What came of the records of a listing.
const BARS: [Bar; 8] = [
    ("created", "new here", |counts| counts.created),
    ("updated", "changed here", |counts| counts.updated),
    ("deactivated", "left", |counts| counts.deactivated),
    ("reactivated", "came back", |counts| counts.reactivated),
    ("quarantined", "set aside", |counts| counts.quarantined),
    ("unwritten", "skipped", |counts| counts.skipped),
    ("unwritten", "failed", |counts| counts.failed),
    ("unchanged", "as they were", |counts| counts.unchanged),
];

/// A chart of fewer runs is as wide as one of so many.
const FEWEST: usize = 16;

/// Those of a run among others: what happened, not what stayed.
const STACKED: usize = 5;

/// The bars of one run.
pub(super) fn outcome<W: Write>(page: &mut Markup<W>, report: &Report) -> io::Result<()> {
    let (counts, blocked) = (&report.counts, report.outcome == RunOutcome::Blocked);
    let most = BARS.iter().map(|(_, _, count)| count(counts)).max().unwrap_or(0).max(1);
    page.open("table", &[("class", "bars")])?;
    page.line(
        "caption",
        &[],
        if blocked { "What would have come of each record" } else { "What came of each record" },
    )?;
    for (class, name, count) in BARS {
        let count = count(counts);
        if count == 0 && class == "unwritten" {
            continue;
        }
        page.open("tr", &[])?;
        page.element("th", &[("scope", "row")], name)?;
        page.element("td", &[], &words::figure(count))?;
        page.open("td", &[])?;
        page.open(
            "svg",
            &[
                ("viewBox", "0 0 1000 10"),
                ("preserveAspectRatio", "none"),
                ("aria-hidden", "true"),
                ("focusable", "false"),
            ],
        )?;
        // A count that is not nought can be seen.
        let width = if count == 0 { 0 } else { (count.saturating_mul(1000) / most).max(6) };
        page.element("rect", &[("class", class), ("width", &width.to_string()), ("height", "10")], "")?;
        page.close()?;
        page.close()?;
        page.end()?;
    }
    page.end()
}

/// The last runs beside each other: the columns, and a table that says the same.
pub(super) fn nights<W: Write>(page: &mut Markup<W>, nights: &[RunFigures], run: &str) -> io::Result<()> {
    let (Some(first), Some(last)) = (nights.first(), nights.last()) else { return Ok(()) };
    if nights.len() == 1 {
        return page.line(
            "p",
            &[("class", "faint")],
            "It is the first run that is known, so there is none to compare it with.",
        );
    }
    columns(page, nights, run)?;
    let [first, last] = [first, last].map(|night| words::moment(&night.at));
    let span =
        format!("{} runs, oldest on the left: {first} to {last}. The bar below a column marks this one.", nights.len());
    page.line("p", &[("class", "faint")], &span)?;
    page.open("ul", &[("class", "legend"), ("aria-hidden", "true")])?;
    for (class, name, _) in &BARS[..STACKED] {
        page.open("li", &[])?;
        page.open("svg", &[("viewBox", "0 0 10 10"), ("focusable", "false")])?;
        page.element("rect", &[("class", class), ("width", "10"), ("height", "10")], "")?;
        page.close()?;
        page.text(name)?;
        page.end()?;
    }
    page.end()?;
    page.open("details", &[])?;
    page.line("summary", &[], "The figures of these runs")?;
    table(page, nights, run)?;
    page.end()
}

fn columns<W: Write>(page: &mut Markup<W>, nights: &[RunFigures], run: &str) -> io::Result<()> {
    let stack =
        |night: &RunFigures| BARS[..STACKED].iter().filter_map(|(_, _, count)| written(night, count)).sum::<u64>();
    let most = nights.iter().map(stack).max().unwrap_or(0).max(1);
    let width = nights.len().max(FEWEST) * 20;
    let label = format!("What happened in the last {} runs; the table below has the figures", nights.len());
    page.open("div", &[("class", "nights")])?;
    page.open(
        "svg",
        &[
            ("viewBox", &format!("0 0 {width} 108")),
            ("preserveAspectRatio", "none"),
            ("role", "img"),
            ("aria-label", &label),
        ],
    )?;
    for (at, night) in nights.iter().enumerate() {
        let left = (at * 20 + 3).to_string();
        let mut top = 100;
        for (class, name, count) in &BARS[..STACKED] {
            let count = written(night, count).unwrap_or(0);
            if count == 0 {
                continue;
            }
            let height = (count.saturating_mul(96) / most).max(1);
            top = u64::saturating_sub(top, height);
            let (y, height) = (top.to_string(), height.to_string());
            page.open("rect", &[("class", class), ("x", &left), ("y", &y), ("width", "14"), ("height", &height)])?;
            page.element("title", &[], &format!("{}: {} {name}", words::moment(&night.at), words::figure(count)))?;
            page.close()?;
        }
        if night.run == run {
            page.element(
                "rect",
                &[("class", "here"), ("x", &left), ("y", "103"), ("width", "14"), ("height", "5")],
                "",
            )?;
        }
    }
    page.close()?;
    page.end()
}

fn table<W: Write>(page: &mut Markup<W>, nights: &[RunFigures], run: &str) -> io::Result<()> {
    page.open("table", &[("class", "cards"), ("role", "table")])?;
    page.open("thead", &[("role", "rowgroup")])?;
    page.open("tr", &[("role", "row")])?;
    for name in ["Run", "Outcome"].into_iter().chain(BARS[..STACKED].iter().map(|(_, name, _)| *name)) {
        page.element("th", &[("scope", "col"), ("role", "columnheader")], name)?;
    }
    page.close()?;
    page.end()?;
    page.open("tbody", &[("role", "rowgroup")])?;
    for night in nights.iter().rev() {
        page.open("tr", &[("role", "row")])?;
        let here = if night.run == run { " (this page)" } else { "" };
        page.element("th", &[("scope", "row"), ("role", "rowheader")], &format!("{}{here}", words::moment(&night.at)))?;
        page.element("td", &[("role", "cell"), ("data-label", "Outcome")], outcome_name(night.outcome))?;
        for (_, name, count) in &BARS[..STACKED] {
            let told = written(night, count).map_or_else(|| "–".to_owned(), words::figure);
            page.element("td", &[("role", "cell"), ("data-label", name)], &told)?;
        }
        page.end()?;
    }
    page.close()?;
    page.end()
}

/// What a run did; a blocked one did nothing, whatever it counted.
fn written(night: &RunFigures, count: &fn(&Counts) -> u64) -> Option<u64> {
    (night.outcome != RunOutcome::Blocked).then(|| count(&night.counts))
}

/// The outcome in a word.
pub(super) fn outcome_name(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Succeeded => "succeeded",
        RunOutcome::Partial => "partial",
        RunOutcome::Blocked => "blocked",
        RunOutcome::Failed => "failed",
    }
}
