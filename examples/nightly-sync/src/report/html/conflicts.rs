//! The questions for a person: every open conflict, explained.

use std::io::{self, Write};

use tripartite::exchange::WHOLE_RECORD;

use super::markup::Markup;
use super::read::{Known, Source};
use super::value::{self, Fate};
use super::{HtmlError, MOST_LINES, words};
use crate::store::OpenRow;

/// The first open conflicts, and how many there are.
pub(super) fn write<W: Write>(
    page: &mut Markup<W>,
    source: &Source<'_>,
    known: &Known,
    (open, count): (&[OpenRow], usize),
    options: &str,
) -> Result<(), HtmlError> {
    page.open("section", &[("aria-labelledby", "questions")])?;
    page.line("h2", &[("id", "questions")], &format!("Questions for a person ({})", words::figure(count as u64)))?;
    if count == 0 {
        page.line("p", &[], "Nothing waits for a decision.")?;
        page.end()?;
        return Ok(());
    }
    let now = if known.is_last { "" } else { " This is how they stand now, not after this run." };
    let lead = "Both sides have something else here, and no rule decides which is right. The value here stays until \
                somebody does.";
    page.line("p", &[], &format!("{lead}{now}"))?;
    for row in open {
        let name = source.name(&row.external_id)?;
        card(page, row, &name, row.opened_run == known.run)?;
    }
    if count > MOST_LINES {
        let more = words::figure((count - MOST_LINES) as u64);
        page.line("p", &[], &format!("… and {more} more; the audit has them all:"))?;
        page.line("pre", &[], &format!("nightly-sync audit {options}"))?;
    }
    page.end()?;
    Ok(())
}

fn card<W: Write>(page: &mut Markup<W>, row: &OpenRow, name: &str, new: bool) -> io::Result<()> {
    let OpenRow { external_id, conflict, why, opened_run } = row;
    page.open("article", &[("class", "conflict")])?;
    page.open("h3", &[])?;
    person(page, external_id, name)?;
    page.text(" · ")?;
    let unit = if conflict.unit == WHOLE_RECORD { "the whole record" } else { &conflict.unit };
    page.element("bdi", &[], unit)?;
    if new {
        page.text(" ")?;
        page.element("span", &[("class", "badge warn")], "new")?;
    }
    page.end()?;
    if !why.is_empty() {
        page.line("p", &[], why)?;
    }
    if !conflict.paths.is_empty() {
        page.line("p", &[("class", "faint")], &format!("Within it, they differ at {}.", conflict.paths.join(" and ")))?;
    }
    page.open("table", &[("class", "cards sides"), ("role", "table")])?;
    page.line("caption", &[], &format!("What each side has in {unit}"))?;
    let here = (Some(&conflict.local), Some(&conflict.remote));
    let there = (Some(&conflict.remote), Some(&conflict.local));
    for (side, (value, beside), fate) in [
        ("when both last agreed", (conflict.base.as_ref(), None), Fate::Kept),
        ("here", here, Fate::Side),
        ("at the source", there, Fate::Side),
    ] {
        page.open("tr", &[("role", "row")])?;
        page.element("th", &[("scope", "row"), ("role", "rowheader")], side)?;
        page.open("td", &[("role", "cell")])?;
        match value {
            None => page.element("span", &[("class", "none")], "they never did")?,
            value => value::write(page, value, fate, beside)?,
        }
        page.close()?;
        page.end()?;
    }
    page.end()?;
    let how = "Enter here what is right, and have it put right at the source: once both sides say the same, the next run \
               closes the question.";
    page.line("p", &[("class", "faint")], how)?;
    if !new {
        page.line("p", &[("class", "faint")], &format!("It waits since run {opened_run}."))?;
    }
    page.end()
}

/// A record by its id, and its name where it has one; neither changes the writing direction of the other.
pub(super) fn person<W: Write>(page: &mut Markup<W>, id: &str, name: &str) -> io::Result<()> {
    if name.is_empty() {
        return page.element("bdi", &[], id);
    }
    page.element("bdi", &[], name)?;
    page.text(" (")?;
    page.element("bdi", &[], id)?;
    page.text(")")
}
