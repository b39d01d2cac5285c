//! A question on a card.

mod places;
mod plan;
mod who;

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tripartite::detect::Clash;

use super::ask::{Conflict, Question};
use super::editor;
use super::layout::{At, page, token};
use super::person::{Fields, Person};
use super::say::{Say, key, time};
use super::text::T;
use super::value::value;
use crate::users::Role;

pub(super) use self::places::read as read_places;

pub(super) fn card(person: &Person, question: &Question, back: &str) -> Markup {
    match question {
        Question::Blocked(plan) => plan::blocked(person, plan),
        Question::Who(who) => who::who(person, who, back),
        Question::Conflict(open) => conflict(person, open, back, None),
    }
}

/// A conflict alone on a page, with what is wrong with what was typed.
pub(super) fn alone(
    person: &Person,
    status: StatusCode,
    found: Option<&Conflict>,
    typed: Option<(&Fields, &str)>,
) -> Response {
    let say = person.say;
    let body = html! {
        h1 { (say.t(T::Questions)) }
        @match found {
            Some(open) => (conflict(person, open, "", typed)),
            None => p.lead { (say.t(T::Gone)) },
        }
        p { a href="/questions" { (say.t(T::Back)) } }
    };
    page(person, Some(At::Questions), T::Questions, status, &body)
}

/// Whom it is about.
fn person_of(id: &str, name: &str) -> Markup {
    html! {
        @if name.is_empty() { bdi { (id) } } @else { bdi { (name) } " " span.id { bdi { (id) } } }
    }
}

/// Why no rule decides it.
fn why(say: Say, open: &Conflict) -> String {
    let text = match (open.is_whole(), open.clash) {
        (true, Clash::BothChanged) => T::WhyReplaced,
        (true, Clash::RemoteCleared) => T::WhyEnded,
        (true, _) => T::WhyRemoved,
        (false, Clash::NoBase) => T::WhyNoBase,
        (false, Clash::BothSet) => T::WhyBothSet,
        (false, Clash::LocalCleared) => T::WhyLocalCleared,
        (false, Clash::RemoteCleared) => T::WhyRemoteCleared,
        (false, _) => T::WhyBothChanged,
    };
    say.f(text, &[("rule", &open.rule)])
}

/// What the two answers are called.
fn answers(open: &Conflict) -> [T; 2] {
    match (open.is_whole(), open.clash) {
        (false, _) => [T::KeepHere, T::TakeSource],
        (true, Clash::BothChanged) => [T::OtherPerson, T::SamePerson],
        (true, Clash::RemoteCleared) => [T::KeepMember, T::StayInactive],
        (true, _) => [T::StayRemoved, T::TakeBack],
    }
}

fn conflict(person: &Person, open: &Conflict, back: &str, typed: Option<(&Fields, &str)>) -> Markup {
    let say = person.say;
    let heading = format!("q-{}", &open.print[..12]);
    let may = person.user.may(Role::Answer, &open.register);
    let kind = if open.is_whole() { T::KindWhole } else { T::KindConflict };
    html! {
        article.card aria-labelledby=(heading) data-id=(open.id) data-unit=(open.unit) {
            header {
                h2 id=(heading) { (person_of(&open.id, &open.name)) " " span.unit { (say.field(&open.unit)) } }
                p.tags {
                    span.tag { (say.t(kind)) }
                    span.tag.plain { (say.register(&open.register)) }
                    @if let Some(since) = open.since { span.since { (since_of(say, since)) } }
                }
            }
            p.why { (why(say, open)) @if open.edited { " " (say.t(T::Edited)) } }
            @if !open.places.is_empty() {
                p.faint { (say.f(T::At, &[("places", &places::labels(&open.places))])) }
            }
            form method="post" action="/answer" {
                (which(person, open, back))
                (sides(say, open, may))
            }
            @if may && !open.is_whole() {
                (places::places(person, open, back))
                (own(person, open, back, typed))
            }
        }
    }
}

fn since_of(say: Say, since: chrono::DateTime<chrono::Utc>) -> Markup {
    let text = say.f(T::Since, &[("at", "\u{0}")]);
    let (before, after) = text.split_once('\u{0}').unwrap_or((&text, ""));
    html! { (before) (time(since)) (after) }
}

fn sides(say: Say, open: &Conflict, may: bool) -> Markup {
    let [here, there] = answers(open);
    // What the buttons do is told with the question: there are many of each on a page.
    let about = |text: T| format!("{}: {} {}", say.t(text), open.name, say.field(&open.unit));
    html! {
        div.sides {
            section.side.base {
                h3 { (say.t(T::Before)) }
                div.content { (value(say, open.base.as_ref(), None)) }
            }
            section.side.local {
                h3 { (say.t(T::Here)) }
                div.content { (side(say, open, &open.local, &open.beside[0])) }
                @if may {
                    button type="submit" name="say" value="local" aria-label=(about(here)) { (say.t(here)) }
                }
            }
            section.side.remote {
                h3 { (say.t(T::Source)) }
                div.content { (side(say, open, &open.remote, &open.beside[1])) }
                @if may {
                    button type="submit" name="say" value="remote" aria-label=(about(there)) { (say.t(there)) }
                }
            }
        }
    }
}

fn side(say: Say, open: &Conflict, own: &tripartite::value::Value, other: &tripartite::value::Value) -> Markup {
    if open.is_whole() && own.is_null() {
        return html! { span.none { (say.t(T::NotThere)) } };
    }
    value(say, Some(own), Some(other))
}

/// The conflict that a form is about, and the page behind it.
fn which(person: &Person, open: &Conflict, back: &str) -> Markup {
    html! {
        (token(person))
        input type="hidden" name="reg" value=(key(&open.register));
        input type="hidden" name="id" value=(open.id);
        input type="hidden" name="unit" value=(open.unit);
        input type="hidden" name="print" value=(open.print);
        input type="hidden" name="back" value=(back);
    }
}

fn own(person: &Person, open: &Conflict, back: &str, typed: Option<(&Fields, &str)>) -> Markup {
    let say = person.say;
    html! {
        details.own open[typed.is_some()] {
            summary { (say.t(T::Another)) }
            form method="post" action="/answer" {
                (which(person, open, back))
                @if let Some((_, problem)) = typed { p.problem role="alert" { (problem) } }
                (editor::controls(say, &open.schema, &open.unit, &open.local, &open.print[..12], typed.map(|(typed, _)| typed)))
                button.primary type="submit" name="say" value="value" { (say.t(T::Save)) }
            }
        }
    }
}
