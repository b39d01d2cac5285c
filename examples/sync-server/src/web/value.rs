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
