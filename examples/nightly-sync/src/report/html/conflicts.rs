//! The questions for a person: every open conflict, explained.

use std::io::{self, Write};

use serde_json::Value as Json;
use tripartite::schema::Schema;
use tripartite::store::{OpenConflict, WHOLE_RECORD};
use tripartite::value::Value;
use tripartite_sqlite::store::OpenRow;
use tripartite_sqlite::store::{KnownRun, Snapshot};

use super::markup::Markup;
use super::value::{self, Fate};
use super::{HtmlError, MOST_LINES, words};
use crate::shell;

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
        page.line("p", &[("class", "faint")], &format!("Within it, they differ at {}.", conflict.paths.join(" and ")))?;
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
    if !new {
        page.line("p", &[("class", "faint")], &format!("It waits since run {opened_run}."))?;
    }
    page.end()
}

/// What stands for a value that the page does not show.
const MASKED: &str = "(not shown)";

fn sides<W: Write>(page: &mut Markup<W>, schema: &Schema, conflict: &OpenConflict, unit: &str) -> io::Result<()> {
    page.open("table", &[("class", "cards sides"), ("role", "table")])?;
    page.line("caption", &[], &format!("What each side has in {unit}"))?;
    let base = conflict.base.as_ref().map(|base| masked(schema, &conflict.unit, base));
    let [local, remote] = [&conflict.local, &conflict.remote].map(|value| masked(schema, &conflict.unit, value));
    let beside = [(&local, &remote), (&remote, &local)].map(|(own, other)| disputed(own, other, &conflict.paths));
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
fn disputed(own: &Value, other: &Value, paths: &[String]) -> Value {
    let json = |value: &Value| serde_json::to_value(value).unwrap_or_default();
    let (mut mixed, other_side) = (json(own), json(other));
    for path in paths {
        let (parent, key) = path.rsplit_once('/').unwrap_or_default();
        let Some(Json::Object(object)) = mixed.pointer_mut(parent) else { return other.clone() };
        let key = key.replace("~1", "/").replace("~0", "~");
        match other_side.pointer(path) {
            Some(theirs) => drop(object.insert(key, theirs.clone())),
            None => drop(object.remove(&key)),
        }
    }
    // Without a path, the whole value is in dispute.
    if paths.is_empty() { other.clone() } else { serde_json::from_value(mixed).unwrap_or_else(|_| other.clone()) }
}

fn is_masked(schema: &Schema, conflict: &OpenConflict) -> bool {
    let sides = conflict.base.iter().chain([&conflict.local, &conflict.remote]);
    sides.into_iter().any(|value| masked(schema, &conflict.unit, value) != *value)
}

/// A side of a conflict with the values of those fields left out of which the audit keeps none. That nothing stands there
/// is told, as the audit does. A field that left the schema is nobody's, and not shown.
fn masked(schema: &Schema, unit: &str, value: &Value) -> Value {
    let mask = |name: &str, value: &Value| {
        let shown = schema.position(name).is_some_and(|position| schema.fields()[position].privacy().is_plain());
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
