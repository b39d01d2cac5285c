//! The questions for a person: every open conflict, explained.

use std::io::{self, Write};

use tripartite::schema::{Field, Schema};
use tripartite::store::{OpenConflict, WHOLE_RECORD};
use tripartite::value::Value;

use super::markup::Markup;
use super::value::{self, Fate};
use super::{HtmlError, MOST_LINES, words};
use crate::shell;
use crate::store::{KnownRun, OpenRow, Snapshot};

/// The first open conflicts, and how many there are.
pub(super) fn write<W: Write>(
    page: &mut Markup<W>,
    source: &Snapshot<'_>,
    known: &KnownRun,
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
        card(page, source.schema(), row, &name, row.opened_run == known.run, options)?;
    }
    if count > MOST_LINES {
        let more = words::figure((count - MOST_LINES) as u64);
        page.line("p", &[], &format!("… and {more} more; the audit has them all:"))?;
        page.line("pre", &[], &format!("nightly-sync audit {options}"))?;
    }
    page.end()?;
    Ok(())
}

fn card<W: Write>(
    page: &mut Markup<W>,
    schema: &Schema,
    row: &OpenRow,
    name: &str,
    new: bool,
    options: &str,
) -> io::Result<()> {
    let OpenRow { external_id, conflict, why, opened_run, edited, .. } = row;
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
        let told = |place: &String| match schema.position(&conflict.unit).filter(|_| is_masked(schema, conflict)) {
            Some(position) => schema.told_place(position, place),
            None => place.clone(),
        };
        let mut places: Vec<String> = conflict.paths.iter().map(told).collect();
        places.dedup();
        page.line("p", &[("class", "faint")], &format!("Within it, they differ at {}.", places.join(" and ")))?;
    }
    if *edited {
        page.line("p", &[], "Somebody edited it here since.")?;
    }
    sides(page, schema, conflict, unit)?;
    if is_masked(schema, conflict) {
        page.line(
            "p",
            &[],
            "The audit does not keep these values, so they are not on this page. To see them, ask the register:",
        )?;
        let field =
            if conflict.unit == WHOLE_RECORD { String::new() } else { format!(" --field {}", words::shell(unit)) };
        page.line("pre", &[], &format!("nightly-sync conflicts {options}{field} --values"))?;
    }
    let how = format!(
        "Answer it {}; or put it right on both sides, and the next run closes the question.",
        shell::answers(&conflict.unit)
    );
    page.line("p", &[("class", "faint")], &how)?;
    page.line("pre", &[], &shell::decide(options, external_id, &conflict.unit))?;
    if conflict.paths.len() > 1 && !is_masked(schema, conflict) {
        page.line("p", &[("class", "faint")], "Or each place alone:")?;
        for place in &conflict.paths {
            page.line("pre", &[], &shell::decide(options, external_id, &format!("{}{place}", conflict.unit)))?;
        }
    }
    if !new {
        page.line("p", &[("class", "faint")], &format!("It waits since run {opened_run}."))?;
    }
    page.end()
}

/// What stands for a value that the page does not show.
pub const MASKED: &str = "(not shown)";

fn sides<W: Write>(page: &mut Markup<W>, schema: &Schema, conflict: &OpenConflict, unit: &str) -> io::Result<()> {
    page.open("table", &[("class", "cards sides"), ("role", "table")])?;
    page.line("caption", &[], &format!("What each side has in {unit}"))?;
    let base = conflict.base.as_ref().map(|base| masked(schema, &conflict.unit, base));
    let [local, remote] = [&conflict.local, &conflict.remote].map(|value| masked(schema, &conflict.unit, value));
    let beside = [(&local, &remote), (&remote, &local)].map(|(own, other)| disputed(schema, conflict, own, other));
    for (side, (value, beside), fate) in [
        ("when both last agreed", (base.as_ref(), None), Fate::Kept),
        ("here", (Some(&local), Some(&beside[0])), Fate::Side),
        ("at the source", (Some(&remote), Some(&beside[1])), Fate::Side),
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
    page.end()
}

/// A value with what the other side has where the two are in dispute: only there do they differ.
pub fn disputed(schema: &Schema, conflict: &OpenConflict, own: &Value, other: &Value) -> Value {
    match schema.position(&conflict.unit) {
        // A value that is not shown has no places.
        Some(position) if !conflict.paths.is_empty() && !is_masked(schema, conflict) => {
            schema.grafted(position, own, other, &conflict.paths)
        }
        // Without a path, the whole value is in dispute.
        _ => other.clone(),
    }
}

fn is_masked(schema: &Schema, conflict: &OpenConflict) -> bool {
    let sides = conflict.base.iter().chain([&conflict.local, &conflict.remote]);
    sides.into_iter().any(|value| masked(schema, &conflict.unit, value) != *value)
}

/// A side of a conflict with the values of those fields left out of which the audit keeps none. That nothing stands there
/// is told, as the audit does. A field that left the schema is nobody's, and not shown. [`MASKED`] stands for what is left out.
pub fn masked(schema: &Schema, unit: &str, value: &Value) -> Value {
    masked_unless(schema, unit, value, |field| field.privacy().is_plain())
}

/// As [`masked`], with a word on which fields are shown.
pub fn masked_unless(schema: &Schema, unit: &str, value: &Value, is_shown: impl Fn(&Field) -> bool) -> Value {
    let mask = |name: &str, value: &Value| {
        let shown = schema.position(name).is_some_and(|position| is_shown(&schema.fields()[position]));
        if shown || value.is_null() { value.clone() } else { Value::from(MASKED) }
    };
    match value {
        // A group's, or the whole record's, by the fields' names.
        Value::Map(fields) if schema.position(unit).is_none() => {
            Value::Map(fields.iter().map(|(name, value)| (name.clone(), mask(name, value))).collect())
        }
        value => mask(unit, value),
    }
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
