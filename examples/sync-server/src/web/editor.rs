//! The inputs for a value of one's own: each kind has its own, and the browser checks what it can before it is sent.

use std::collections::BTreeMap;

use maud::{Markup, html};
use nightly_sync::desk::DeskError;
use nightly_sync::report::html::shown;
use tripartite::decide::Answer;
use tripartite::schema::{Kind, Schema};
use tripartite::value::Value;

use super::person::Fields;
use super::say::Say;
use super::text::T;

/// One input: its name, what it is for, and what stands there.
struct Input<'a> {
    name: String,
    label: &'a str,
    kind: Option<&'a Kind>,
    value: Option<&'a Value>,
}

/// How a unit is entered.
enum Shape<'a> {
    /// As one input.
    One(Option<&'a Kind>),
    /// As one for each of its fields or keys, by their names.
    Parts(Vec<(&'a str, Option<&'a Kind>)>),
}

fn shape<'a>(schema: &'a Schema, unit: &str, now: &'a Value) -> Shape<'a> {
    let Some(position) = schema.position(unit) else {
        let group = schema.units().iter().find(|known| schema.unit_name(**known) == unit);
        let members = group.map(|group| schema.members(group)).unwrap_or_default();
        let field = |&at: &usize| (schema.fields()[at].name(), Some(schema.fields()[at].kind()));
        return Shape::Parts(members.iter().map(field).collect());
    };
    match (schema.fields()[position].kind(), now) {
        (Kind::Record { fields, .. }, _) if fields.values().all(Kind::is_scalar) => {
            Shape::Parts(fields.iter().map(|(key, kind)| (key.as_str(), Some(kind))).collect())
        }
        (Kind::Address, Value::Map(parts)) if parts.values().all(|part| !is_nested(part)) => {
            Shape::Parts(parts.keys().map(|key| (key.as_str(), None)).collect())
        }
        (kind, _) => Shape::One(Some(kind)),
    }
}

fn is_nested(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Map(_))
}

/// The inputs of a unit, with what stands here now, or what was typed before.
pub(super) fn controls(
    say: Say,
    schema: &Schema,
    unit: &str,
    now: &Value,
    prefix: &str,
    typed: Option<&Fields>,
) -> Markup {
    let label = say.field(unit);
    match shape(schema, unit, now) {
        Shape::One(kind) => {
            let input = Input { name: "value".to_owned(), label: &label, kind, value: Some(now) };
            control(say, &input, prefix, typed)
        }
        Shape::Parts(parts) => {
            let of = |key: &str| if let Value::Map(map) = now { map.get(key) } else { None };
            html! {
                fieldset {
                    legend { (label) }
                    @for (key, kind) in parts {
                        @let label = say.field(key);
                        (control(say, &Input { name: format!("part.{key}"), label: &label, kind, value: of(key) }, prefix, typed))
                    }
                }
            }
        }
    }
}

fn control(say: Say, input: &Input<'_>, prefix: &str, typed: Option<&Fields>) -> Markup {
    let Input { name, label, kind, value } = input;
    let id = format!("{prefix}-{name}");
    let stands = typed.filter(|typed| typed.has(name)).map(|typed| typed.get(name).to_owned());
    let hint = match kind {
        Some(Kind::Set { of, .. }) if of.is_scalar() => Some(T::OnePerLine),
        Some(kind) if !kind.is_scalar() => Some(T::AsJson),
        _ => None,
    };
    let text = stands.unwrap_or_else(|| match (hint, value) {
        (_, None | Some(Value::Null)) => String::new(),
        (Some(T::AsJson), Some(value)) => serde_json::to_string_pretty(value).unwrap_or_default(),
        (Some(_), Some(Value::List(items))) => items.iter().filter_map(shown).collect::<Vec<_>>().join("\n"),
        (_, Some(value)) => shown(value).unwrap_or_default(),
    });
    html! {
        div.control {
            label for=(id) { (label) @if let Some(hint) = hint { " " span.faint { "(" (say.t(hint)) ")" } } }
            @match kind {
                Some(Kind::Boolean(_)) => (choice(say, &id, name, *value)),
                _ if hint.is_some() => textarea id=(id) name=(name) rows="4" spellcheck="false" { (text) },
                kind => (line(*kind, &id, name, &text)),
            }
        }
    }
}

fn choice(say: Say, id: &str, name: &str, value: Option<&Value>) -> Markup {
    html! {
        select id=(id) name=(name) {
            option value="" { (say.t(T::Empty)) }
            option value="true" selected[value == Some(&Value::Bool(true))] { (say.t(T::Yes)) }
            option value="false" selected[value == Some(&Value::Bool(false))] { (say.t(T::No)) }
        }
    }
}

fn line(kind: Option<&Kind>, id: &str, name: &str, text: &str) -> Markup {
    let (of, mode) = match kind {
        // What the browser takes for no address may be one for the field's kind; the server looks at it as well.
        Some(Kind::Email) => ("text", Some("email")),
        Some(Kind::Phone { .. }) => ("tel", None),
        Some(Kind::Date { .. }) if text.is_empty() || is_day(text) => ("date", None),
        Some(Kind::Integer) => ("text", Some("numeric")),
        Some(Kind::Decimal(_)) => ("text", Some("decimal")),
        _ => ("text", None),
    };
    html! { input id=(id) name=(name) type=(of) inputmode=[mode] value=(text) autocomplete="off"; }
}

fn is_day(text: &str) -> bool {
    text.parse::<chrono::NaiveDate>().is_ok()
}

/// What was entered, as an answer; the desk says whether the field can have it.
pub(super) fn read(schema: &Schema, unit: &str, now: &Value, fields: &Fields) -> Result<Answer, DeskError> {
    match shape(schema, unit, now) {
        Shape::One(kind) => Ok(Answer::Value(entered(unit, kind, fields.get("value"))?)),
        Shape::Parts(parts) => {
            let mut map = BTreeMap::new();
            for (key, kind) in parts {
                let text = fields.get(&format!("part.{key}"));
                map.insert(key.to_owned(), entered(key, kind, text)?);
            }
            let is_empty = schema.position(unit).is_some() && map.values().all(Value::is_null);
            Ok(Answer::Value(if is_empty { Value::Null } else { Value::Map(map) }))
        }
    }
}

fn entered(name: &str, kind: Option<&Kind>, text: &str) -> Result<Value, DeskError> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    match kind {
        Some(Kind::Boolean(_)) if text == "true" || text == "false" => Ok(Value::Bool(text == "true")),
        Some(Kind::Set { of, .. }) if of.is_scalar() => {
            let items = text.lines().map(str::trim).filter(|line| !line.is_empty());
            Ok(Value::List(items.map(Value::from).collect()))
        }
        Some(kind) if !kind.is_scalar() => match desk_json(text) {
            Ok(value) => Ok(value),
            Err(problem) => Err(DeskError::NoJson { unit: name.to_owned(), problem }),
        },
        _ => Ok(Value::from(text)),
    }
}

/// What serde says of a text may quote it, so only the place is told.
fn desk_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("it is not JSON at line {}, column {}", error.line(), error.column()))
}
