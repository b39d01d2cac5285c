//! What every page has around it.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use nightly_sync::store::Register;

use super::Web;
use super::person::{CSRF, Person};
use super::say::{Say, key, link};
use super::session::Undo;
use super::text::{Lang, T};
use super::wrong::Wrong;

/// Where a page stands in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Questions,
    Runs,
    Jobs,
}

/// The hidden field that says that this page sent the form.
pub(super) fn token(person: &Person) -> Markup {
    html! { input type="hidden" name=(CSRF) value=(person.csrf); }
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
                    @if let Some((register, undo)) = &flash.undo { (self::undo(person, register, undo)) }
                }
            }
            (body)
        }
    };
    bare(say, title, status, &around)
}

/// How an answer is taken back: one at once, many after a preview.
fn undo(person: &Person, register: &Register, undo: &Undo) -> Markup {
    let (say, reg) = (person.say, key(register));
    match undo {
        Undo::Entry(seq) => html! {
            form method="post" action="/undo" {
                (token(person))
                input type="hidden" name="reg" value=(reg);
                input type="hidden" name="seq" value=(seq);
                button.quiet type="submit" { (say.t(T::Undo)) }
            }
        },
        Undo::Run(run) => html! {
            a href=(link("/undo", &[("reg", &reg), ("run", run)])) { (say.t(T::UndoMany)) }
        },
    }
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

impl Wrong {
    /// The page that says what went wrong.
    pub(super) fn page(&self, web: &Web, person: &Person) -> Response {
        if let Self::Trouble(problem) = self {
            web.host.log.warn(format_args!("sync-server: {problem}"));
        }
        let (status, text) = self.status();
        let say = person.say;
        let body = html! {
            h1 { (say.t(T::ErrorTitle)) }
            p { (say.t(text)) }
            p { a href="/questions" { (say.t(T::Back)) } }
        };
        page(person, None, T::ErrorTitle, status, &body)
    }
}
