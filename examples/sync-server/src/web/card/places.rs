//! Answers place by place, inside an object or a set of records.

use maud::{Markup, html};
use tripartite::decide::Answer;
use tripartite::value::Value;

use super::super::ask::Conflict;
use super::super::person::{Fields, Person};
use super::super::text::T;
use super::super::value::value;
use super::which;

/// What the field of a place is called in a form.
const PREFIX: &str = "place.";

/// The form; where places cannot be answered by themselves, a word on it.
pub(super) fn places(person: &Person, open: &Conflict, back: &str) -> Markup {
    let say = person.say;
    if open.places.is_empty() {
        return html! {};
    }
    // A group is decided as one.
    if open.schema.position(&open.unit).is_none() {
        return html! { p.faint { (say.t(T::PlacesNever)) } };
    }
    let is_known = open.base.is_some();
    html! {
        details.own {
            summary { (say.t(T::Places)) }
            form method="post" action="/answer" {
                (which(person, open, back))
                p.faint { (say.t(if is_known { T::PlacesLead } else { T::PlacesTogether })) }
                @for place in &open.places { (choice(person, open, place, is_known)) }
                button.primary type="submit" name="say" value="places" { (say.t(T::Save)) }
            }
        }
    }
}

fn choice(person: &Person, open: &Conflict, place: &str, may_wait: bool) -> Markup {
    let say = person.say;
    let name = format!("{PREFIX}{place}");
    let sides = [("local", T::AsIs, &open.local), ("remote", T::SourceSays, &open.remote)];
    html! {
        fieldset {
            legend { (label(place)) }
            @for (answer, text, side) in sides {
                label.choice {
                    input type="radio" name=(name) value=(answer) required[!may_wait];
                    span {
                        (say.t(text)) ": "
                        @match at(side, place) {
                            Found::Value(found) => (value(say, Some(found), None)),
                            Found::Nothing => span.none { (say.t(T::Empty)) },
                        }
                    }
                }
            }
            @if may_wait {
                label.choice {
                    input type="radio" name=(name) value="" checked;
                    span { (say.t(T::LeaveOpen)) }
                }
            }
        }
    }
}

/// Places for people.
pub(super) fn labels(places: &[String]) -> String {
    places.iter().map(|place| label(place)).collect::<Vec<_>>().join(", ")
}

/// A place for people: `/type=work/number` is `type=work › number`.
fn label(place: &str) -> String {
    segments(place).collect::<Vec<_>>().join(" › ")
}

fn segments(place: &str) -> impl Iterator<Item = String> + '_ {
    place.split('/').skip(1).map(|segment| segment.replace("~1", "/").replace("~0", "~"))
}

enum Found<'a> {
    Value(&'a Value),
    Nothing,
}

/// What stands at a place of a value: under a name in an object, or in the record of a set that has this key.
fn at<'a>(value: &'a Value, place: &str) -> Found<'a> {
    let mut now = value;
    for segment in segments(place) {
        let next = match now {
            Value::Map(map) => map.get(&segment),
            Value::List(list) => list.iter().find(|item| is_keyed(item, &segment)),
            _ => None,
        };
        let Some(next) = next else { return Found::Nothing };
        now = next;
    }
    if now.is_null() { Found::Nothing } else { Found::Value(now) }
}

/// Whether an item of a set is the one of a key, `type=work`.
fn is_keyed(item: &Value, key: &str) -> bool {
    let Value::Map(item) = item else { return false };
    key.split(',').all(|part| {
        part.split_once('=').is_some_and(|(name, value)| item.get(name).and_then(Value::as_text) == Some(value))
    })
}

/// The answers of a form, by the places' names; `None` where one is no answer.
pub(in super::super) fn read(unit: &str, fields: &Fields) -> Option<Vec<(String, Answer)>> {
    let chosen = fields.0.iter().filter_map(|(name, said)| Some((name.strip_prefix(PREFIX)?, &**said)));
    let chosen = chosen.filter(|(_, said)| !said.is_empty());
    let answer = |said: &str| match said {
        "local" => Some(Answer::TakeLocal),
        "remote" => Some(Answer::TakeRemote),
        _ => None,
    };
    // A place begins with a slash; without one it would be another field, or all of this one.
    chosen
        .map(|(place, said)| Some((format!("{unit}{place}"), answer(said).filter(|_| place.starts_with('/'))?)))
        .collect()
}
