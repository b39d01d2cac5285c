//! Every record in which a field was decided: field by field, before and after, and why.

use std::io::{self, Write};

use tripartite::audit::{FieldEntry, Situation};
use tripartite::detect::Verdict;
use tripartite::resolve::Decision;
use tripartite::store::Action;

use super::conflicts::person;
use super::markup::Markup;
use super::value::{self, Fate};
use super::{HtmlError, MOST_RECORDS, words};
use crate::store::{ChangedRecord, KnownRun, Snapshot};

pub(super) fn write<W: Write>(
    page: &mut Markup<W>,
    source: &Snapshot<'_>,
    known: &KnownRun,
    options: &str,
) -> Result<(), HtmlError> {
    let run = known.run.as_str();
    let count = source.count_changed(run)?;
    page.open("section", &[("aria-labelledby", "changes")])?;
    page.line("h2", &[("id", "changes")], &format!("Changes ({})", words::records(count)))?;
    if count == 0 {
        let none = match known.is_blocked() {
            true => "Nothing was written.",
            false => "No field of any record was decided on in this run.",
        };
        page.line("p", &[], none)?;
        page.end()?;
        return Ok(());
    }
    page.line("p", &[], "Each record in which the two sides were not in step, with what stands here since.")?;
    filter(page)?;
    let mut listed = 0;
    source.changed(run, |record| -> Result<bool, HtmlError> {
        card(page, record, &source.name(&record.id)?)?;
        listed += 1;
        Ok(listed < MOST_RECORDS)
    })?;
    let more = count.saturating_sub(listed as u64);
    if more > 0 {
        page.line("p", &[], &format!("… and {} more; the audit has all:", words::figure(more)))?;
        page.line("pre", &[], &format!("nightly-sync audit {options} --run {} --format csv", words::shell(run)))?;
    }
    page.end()?;
    Ok(())
}

/// It is hidden until the script shows it.
fn filter<W: Write>(page: &mut Markup<W>) -> io::Result<()> {
    page.open("p", &[("id", "filter"), ("hidden", "")])?;
    page.element("label", &[("for", "wanted")], "Show only records with these words ")?;
    page.open("input", &[("type", "search"), ("id", "wanted"), ("autocomplete", "off")])?;
    page.text(" ")?;
    page.element("span", &[("id", "found"), ("class", "faint"), ("role", "status")], "")?;
    page.end()
}

fn card<W: Write>(page: &mut Markup<W>, record: &ChangedRecord, name: &str) -> io::Result<()> {
    page.open("article", &[("class", "record")])?;
    page.open("h3", &[])?;
    person(page, &record.id, name)?;
    for (class, badge) in badges(record) {
        page.text(" ")?;
        page.element("span", &[("class", class)], badge)?;
    }
    page.end()?;
    for entry in &record.whole {
        page.line("p", &[("class", "why")], &entry.why)?;
    }
    if !record.fields.is_empty() {
        page.open("table", &[("class", "cards fields"), ("role", "table"), ("aria-label", &record.id)])?;
        page.open("thead", &[("role", "rowgroup")])?;
        page.open("tr", &[("role", "row")])?;
        for name in ["Field", "Before", "Since", "Why"] {
            page.element("th", &[("scope", "col"), ("role", "columnheader")], name)?;
        }
        page.close()?;
        page.end()?;
        page.open("tbody", &[("role", "rowgroup")])?;
        let mut last = None;
        for entry in &record.fields {
            // A group has one reason, told with its first field.
            let again = entry.group.is_some() && last == Some(&entry.group);
            last = Some(&entry.group);
            row(page, entry, again)?;
        }
        page.close()?;
        page.end()?;
    }
    page.end()
}

/// What came of a record, in a word or two.
fn badges(record: &ChangedRecord) -> Vec<(&'static str, &'static str)> {
    let mut badges = Vec::new();
    for entry in &record.whole {
        match entry.situation {
            Situation::Unmatched => badges.push(("badge good", "new")),
            Situation::Found if entry.action == "link" => badges.push(("badge good", "linked to who was here")),
            Situation::Missing if entry.action == Action::Deactivate.name() => badges.push(("badge bad", "left")),
            Situation::Missing => badges.push(("badge", "not listed, still active")),
            Situation::DeleteVsEdit => badges.push(("badge warn", "removed on one side, changed on the other")),
            Situation::Replaced => badges.push(("badge warn", "may be another person by now")),
            Situation::KeptActive => badges.push(("badge", "not listed, stays active")),
            Situation::Renamed | Situation::Rekeyed => badges.push(("badge", "has another id")),
            Situation::IdentityConflict => badges.push(("badge warn", "whose it is, is unclear")),
            Situation::Reappeared => badges.push(("badge good", "came back")),
            Situation::LocalDeleted => badges.push(("badge", "stays removed")),
            Situation::Stale => badges.push(("badge", "older than what is known")),
            _ => {}
        }
    }
    let fields = &record.fields;
    if fields.iter().any(is_changed) {
        badges.push(("badge good", "changed here"));
    }
    if fields.iter().any(|entry| entry.decision == Decision::HeldOpen) {
        badges.push(("badge warn", "needs a decision"));
    }
    if fields.iter().any(|entry| matches!(entry.verdict, Verdict::InvalidRemote(_))) {
        badges.push(("badge warn", "unreadable at the source"));
    }
    if badges.is_empty() {
        badges.push(("badge", "stays as it is here"));
    }
    badges
}

fn is_changed(entry: &FieldEntry) -> bool {
    entry.local != entry.result
}

fn row<W: Write>(page: &mut Markup<W>, entry: &FieldEntry, again: bool) -> io::Result<()> {
    let changed = is_changed(entry);
    let (before, since) = if changed { (Fate::Gone, Fate::New) } else { (Fate::Kept, Fate::Kept) };
    page.open("tr", &[("role", "row")])?;
    page.open("th", &[("scope", "row"), ("role", "rowheader")])?;
    page.element("bdi", &[], &entry.field)?;
    page.close()?;
    page.open("td", &[("role", "cell"), ("data-label", "Before")])?;
    value::write(page, Some(&entry.local), before, Some(&entry.result))?;
    page.close()?;
    page.open("td", &[("role", "cell"), ("data-label", "Since")])?;
    match changed {
        true => value::write(page, Some(&entry.result), since, Some(&entry.local))?,
        false => page.element("span", &[("class", "none")], "the same")?,
    }
    page.close()?;
    page.open("td", &[("role", "cell"), ("class", "why")])?;
    if again {
        page.element("span", &[("class", "faint")], "decided with the field above")?;
    } else {
        page.text(&entry.why)?;
    }
    others(page, entry)?;
    page.close()?;
    page.end()
}

/// The values that are neither before nor after: what the source says, and what both last agreed on.
fn others<W: Write>(page: &mut Markup<W>, entry: &FieldEntry) -> io::Result<()> {
    let untold =
        |value: &Option<_>| value.as_ref().is_some_and(|value| *value != entry.local && *value != entry.result);
    let said: Vec<_> = [("The source has: ", &entry.remote), ("Both last agreed on: ", &entry.base)]
        .into_iter()
        .filter(|(_, value)| untold(value))
        .collect();
    if said.is_empty() {
        return Ok(());
    }
    page.open("ul", &[("class", "said")])?;
    for (side, value) in said {
        page.open("li", &[])?;
        page.element("span", &[("class", "faint")], side)?;
        value::write(page, value.as_ref(), Fate::Kept, None)?;
        page.close()?;
    }
    page.close()
}
