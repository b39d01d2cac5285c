//! What every page has around it, and how things are named on all of them.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use nightly_sync::store::Register;
use tripartite::store::WHOLE_RECORD;

use super::auth::{CSRF, Person};
use super::text::{Lang, T};

/// The words of a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Say {
    pub(super) lang: Lang,
}

impl Say {
    pub(super) fn t(self, text: T) -> &'static str {
        text.text(self.lang)
    }

    pub(super) fn f(self, text: T, with: &[(&str, &str)]) -> String {
        text.fill(self.lang, with)
    }

    /// A register by its name.
    pub(super) fn register(self, register: &Register) -> String {
        register.key().map_or_else(|| self.t(T::Unnamed).to_owned(), |_| register.to_string())
    }

    /// A field or group as people read it: `date_of_birth` is `Date of birth`.
    pub(super) fn field(self, name: &str) -> String {
        if name == WHOLE_RECORD {
            return self.t(T::WholeField).to_owned();
        }
        let words = name.replace('_', " ");
        let mut letters = words.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or(words)
    }
}

/// Where a page stands in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Questions,
    Runs,
    Jobs,
}

/// What a form names a register by.
pub(super) fn key(register: &Register) -> String {
    register.key().map(ToString::to_string).unwrap_or_default()
}

/// A point in time, for people and for programs.
pub(super) fn time(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339()) { (told(at)) } }
}

/// A point in time, for people.
pub(super) fn told(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// The hidden field that says that this page sent the form.
pub(super) fn token(person: &Person) -> Markup {
    html! { input type="hidden" name=(CSRF) value=(person.csrf); }
}

/// An address with a query. Nothing that is put into it leads to another server.
pub(super) fn link(path: &str, query: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    for (at, (name, value)) in query.iter().filter(|(_, value)| !value.is_empty()).enumerate() {
        address.push(if at == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => address.push(char::from(byte)),
                byte => address.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    address
}

/// A page.
pub(super) fn page(person: &Person, at: Option<At>, title: T, status: StatusCode, body: &Markup) -> Response {
    let say = person.say;
    let around = html! {
        (navigation(person, at))
        main id="content" tabindex="-1" {
            @if let Some(flash) = &person.flash {
                div.flash.bad[flash.bad] role=(if flash.bad { "alert" } else { "status" }) {
                    p { (flash.text) }
                    @if let Some((register, seq)) = &flash.undo {
                        form method="post" action="/undo" {
                            (token(person))
                            input type="hidden" name="reg" value=(key(register));
                            input type="hidden" name="seq" value=(seq);
                            button.quiet type="submit" { (say.t(T::Undo)) }
                        }
                    }
                }
            }
            (body)
        }
    };
    bare(say, title, status, &around)
}

fn navigation(person: &Person, at: Option<At>) -> Markup {
    let say = person.say;
    let items =
        [(At::Questions, "/questions", T::Questions), (At::Runs, "/runs", T::Runs), (At::Jobs, "/jobs", T::Status)];
    html! {
        a.skip href="#content" { (say.t(T::Skip)) }
        header.top {
            div.bar {
                a.brand href="/questions" { span.mark aria-hidden="true" { "⇄" } " " (say.t(T::Title)) }
                nav aria-label=(say.t(T::Navigation)) {
                    @for (to, address, text) in items {
                        a href=(address) aria-current=[(at == Some(to)).then_some("page")] { (say.t(text)) }
                    }
                }
                div.who {
                    form.languages method="post" action="/language" aria-label=(say.t(T::Language)) {
                        (token(person))
                        @for (lang, name) in Lang::ALL {
                            @if lang != say.lang {
                                button.quiet type="submit" name="lang" value=(lang.tag()) lang=(lang.tag()) { (name) }
                            }
                        }
                    }
                    span.name title=(say.f(T::SignedIn, &[("name", person.user.shown())])) { (person.user.shown()) }
                    form method="post" action="/logout" {
                        (token(person))
                        button.quiet type="submit" { (say.t(T::LogOut)) }
                    }
                }
            }
        }
    }
}

/// A page without a navigation.
pub(super) fn bare(say: Say, title: T, status: StatusCode, body: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang=(say.lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (say.t(title)) " · " (say.t(T::Title)) }
                link rel="stylesheet" href="/style.css";
                link rel="icon" href="/icon.svg" type="image/svg+xml";
                script src="/live.js" defer {}
            }
            body { (body) }
        }
    };
    let PreEscaped(page) = page;
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}
