//! Who is who, on a card: the member here, what both sides agreed on last, and what the source says.

use maud::{Markup, html};
use nightly_sync::kept::Said;
use tripartite::matching::Match;

use super::super::ask::{Candidate, Who, since};
use super::super::layout::token;
use super::super::person::Person;
use super::super::say::{Say, key};
use super::super::text::T;
use super::super::value::value;
use super::since_of;
use crate::users::Role;

pub(super) fn who(person: &Person, who: &Who, back: &str) -> Markup {
    let say = person.say;
    let id = who.id.as_str();
    html! {
        article.card aria-label=(say.f(T::Record, &[("id", id)])) data-id=(id) {
            header {
                h2 { (say.f(T::Record, &[("id", id)])) }
                p.tags {
                    span.tag.match { (say.t(T::KindMatch)) }
                    span.tag.plain { (say.register(&who.register)) }
                    @if let Some(since) = since(&who.run) { span.since { (since_of(say, since)) } }
                }
            }
            p.why { (why(say, who)) }
            div.sides {
                @if let [one] = &who.candidates[..] {
                    section.side.base {
                        h3 { (say.t(T::Before)) }
                        @match &one.base {
                            Some(base) => (stated(say, who, base, None)),
                            None => p.content { span.none { (say.t(T::Never)) } },
                        }
                    }
                }
                @for candidate in &who.candidates { (self::candidate(person, who, candidate, back)) }
                (source(say, who))
            }
            @if matches!(who.asks, Match::IdentityConflict { .. }) { p.faint { (say.t(T::OnlySource)) } }
        }
    }
}

/// Why it is asked.
fn why(say: Say, who: &Who) -> String {
    let id = who.id.as_str();
    match &who.asks {
        Match::Found { rule, .. } => say.f(T::MatchFound, &[("rule", rule), ("id", id)]),
        Match::Renamed { was, .. } => say.f(T::MatchRenamed, &[("was", was.as_str()), ("id", id)]),
        Match::IdentityConflict { holds, rule, .. } => {
            say.f(T::MatchHolds, &[("rule", rule), ("id", id), ("holds", holds.as_str())])
        }
        _ => say.f(T::MatchAmbiguous, &[("id", id)]),
    }
}

/// What one side states, field by field; beside another one, with what differs marked.
fn stated(say: Say, who: &Who, side: &Said, beside: Option<&Said>) -> Markup {
    html! {
        dl.content {
            @for field in &who.fields {
                dt { (say.field(field)) }
                dd {
                    @match side.get(field) {
                        Some(own) => (value(say, Some(own), beside.and_then(|other| other.get(field)))),
                        None => span.none { (say.t(T::Empty)) },
                    }
                }
            }
        }
    }
}

fn source(say: Say, who: &Who) -> Markup {
    let beside = match &who.candidates[..] {
        [one] => one.here.as_ref(),
        _ => None,
    };
    html! {
        section.side.remote {
            h3 { (say.t(T::Source)) }
            @match &who.said {
                Some(said) => (stated(say, who, said, beside)),
                None => p.content { span.none { (say.t(T::SourceUnkept)) } },
            }
        }
    }
}

fn candidate(person: &Person, who: &Who, candidate: &Candidate, back: &str) -> Markup {
    let say = person.say;
    let local = candidate.local.as_str();
    let title = match &candidate.external_id {
        Some(id) => say.f(T::MemberLinked, &[("local", local), ("id", id)]),
        None => say.f(T::Member, &[("local", local)]),
    };
    let about = |text: T| format!("{}: {title}", say.t(text));
    html! {
        section.side.local {
            h3 { (say.t(T::Here)) ": " (title) }
            @match &candidate.here {
                Some(here) => (stated(say, who, here, who.said.as_ref())),
                None => p.content { span.none { (say.t(T::Hidden)) } },
            }
            @if person.user.may(Role::Answer, &who.register) {
                form.buttons method="post" action="/match" {
                    (token(person))
                    input type="hidden" name="reg" value=(key(&who.register));
                    input type="hidden" name="id" value=(who.id);
                    input type="hidden" name="local" value=(local);
                    input type="hidden" name="back" value=(back);
                    @if candidate.may_be {
                        button type="submit" name="say" value="same" aria-label=(about(T::SamePerson)) {
                            (say.t(T::SamePerson))
                        }
                    }
                    button type="submit" name="say" value="another" aria-label=(about(T::OtherPerson)) {
                        (say.t(T::OtherPerson))
                    }
                }
            }
        }
    }
}
