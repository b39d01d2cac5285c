//! Values as people read them, with what differs marked within.

use maud::{Markup, html};
use nightly_sync::report::html::{MASKED, marked, masked_unless, shown};
use tripartite::schema::Schema;
use tripartite::value::Value;

use super::say::Say;
use super::text::T;

/// So many characters of a value are shown.
const MOST: usize = 2000;

/// A value as somebody sees it who may not see what is sensitive.
pub(super) fn hidden(schema: &Schema, unit: &str, value: &Value) -> Value {
    masked_unless(schema, unit, value, |field| !field.is_sensitive())
}

/// A value; beside another one, with the part marked in which they differ.
pub(super) fn value(say: Say, value: Option<&Value>, beside: Option<&Value>) -> Markup {
    let Some(value) = value else { return html! { span.none { (say.t(T::Never)) } } };
    let text = match value {
        Value::Bool(true) => Some(say.t(T::Yes).to_owned()),
        Value::Bool(false) => Some(say.t(T::No).to_owned()),
        value if value.as_text() == Some(MASKED) => return html! { span.none { (say.t(T::Hidden)) } },
        value => shown(value),
    };
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        return html! { span.none { (say.t(T::Empty)) } };
    };
    let cut: String = text.chars().take(MOST).collect();
    let rest = if cut.len() < text.len() { "…" } else { "" };
    let other = beside.and_then(shown);
    let parts = other.map_or_else(|| vec![[&*cut, "", ""]], |other| marked(&cut, &other));
    html! {
        bdi.value {
            @for [before, own, after] in parts {
                (before)
                @if !own.is_empty() { mark { (own) } }
                (after)
            }
            (rest)
        }
    }
}

/// What a field of a record has, and what it would have.
pub(super) struct Change<'a> {
    /// The name of the record, or its id.
    pub(super) who: &'a str,
    pub(super) field: &'a str,
    pub(super) from: &'a Value,
    pub(super) to: &'a Value,
}

/// The table of the changes that are shown before anything is written.
pub(super) fn changes<'a>(say: Say, all: impl Iterator<Item = Change<'a>>) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(say.t(T::WillFirst)) {
            table {
                thead { tr {
                    th scope="col" { (say.t(T::Who)) }
                    th scope="col" { (say.t(T::Field)) }
                    th scope="col" { (say.t(T::From)) }
                    th scope="col" { (say.t(T::To)) }
                } }
                tbody {
                    @for Change { who, field, from, to } in all {
                        tr {
                            th scope="row" { bdi { (who) } }
                            td { (say.field(field)) }
                            td { (value(say, Some(from), Some(to))) }
                            td { (value(say, Some(to), Some(from))) }
                        }
                    }
                }
            }
        }
    }
}
