//! Logging in and out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Query, Request, State};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;
use tripartite::id::PersonId;

use super::auth::{Signed, asked, cookie, is_foreign, known, proxied, read};
use super::layout::bare;
use super::say::Say;
use super::session::{random, same};
use super::text::{Lang, T};
use super::{Entry, Web};
use crate::users::User;

/// The cookie that a form for logging in must come with.
const BEFORE: &str = "sync-login";
/// For so many seconds such a form is good.
const BEFORE_LIFE: u32 = 3600;
/// The cookie of a session outlives it by nothing: the server ends it earlier.
const LIFE: u32 = 12 * 3600;

/// A link that lets its opener in, once.
#[derive(Debug)]
pub struct Link {
    token: String,
    used: AtomicBool,
    user: User,
}

impl Link {
    /// A link that nobody can guess; none, when the system has no randomness.
    pub(super) fn new() -> Option<Self> {
        let name = PersonId::new("this machine").ok()?;
        Some(Self { token: random()?, used: AtomicBool::new(false), user: User::local(name) })
    }

    /// Who it lets in.
    pub(super) fn user(&self) -> &User {
        &self.user
    }

    /// Its path, while it was not opened.
    pub(super) fn address(&self) -> Option<String> {
        (!self.used.load(Ordering::SeqCst)).then(|| format!("/enter?token={}", self.token))
    }

    /// Whether it is this one, for the first time.
    fn open(&self, token: &str) -> bool {
        same(token, &self.token) && !self.used.swap(true, Ordering::SeqCst)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    lang: String,
    token: String,
}

/// The form; whom a proxy has let in needs none.
pub(super) async fn form(State(web): State<Arc<Web>>, Query(query): Query<Asked>, headers: HeaderMap) -> Response {
    if known(&headers, &web).is_some() {
        return Redirect::to("/questions").into_response();
    }
    let say = web.say(Lang::of(&query.lang).unwrap_or_else(|| asked(&headers)));
    match &web.entry {
        Entry::Users(_) => shown(&web, say, StatusCode::OK, None),
        Entry::Link(_) => bare(
            say,
            T::LogIn,
            StatusCode::UNAUTHORIZED,
            &html! {
                main.login { h1 { (say.t(T::Title)) } p { (say.t(T::LocalOnly)) } }
            },
        ),
        Entry::Proxy(users, header) => match proxied(&headers, header).and_then(|name| users.get(name)) {
            Some(user) => begun(&web, user.name.as_str()),
            None => (StatusCode::FORBIDDEN, say.t(T::NotAllowed)).into_response(),
        },
    }
}

fn shown(web: &Web, say: Say, status: StatusCode, problem: Option<String>) -> Response {
    let Some(before) = random() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let body = html! {
        main.login id="content" {
            h1 { span.mark aria-hidden="true" { "⇄" } " " (say.t(T::Title)) }
            form method="post" action="/login" {
                @if let Some(problem) = &problem { p.problem role="alert" { (problem) } }
                input type="hidden" name="before" value=(before);
                label for="name" { (say.t(T::Name)) }
                input id="name" name="name" autocomplete="username" required autofocus;
                label for="password" { (say.t(T::Password)) }
                input id="password" name="password" type="password" autocomplete="current-password" required;
                button.primary type="submit" { (say.t(T::LogIn)) }
            }
            p.languages {
                @for (lang, name) in Lang::ALL {
                    @if lang != say.lang {
                        a href=(format!("/login?lang={}", lang.tag())) lang=(lang.tag()) { (name) }
                    }
                }
            }
        }
    };
    with_cookie(bare(say, T::LogIn, status, &body), &web.set(BEFORE, &before, BEFORE_LIFE))
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}

/// A session begins under a new secret, whatever the browser had before.
fn begun(web: &Web, user: &str) -> Response {
    match web.state.sessions.begin(user, (web.host.now)()) {
        Some(token) => with_cookie(Redirect::to("/questions").into_response(), &web.set(web.cookie(), &token, LIFE)),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Takes a name and a password.
pub(super) async fn log_in(State(web): State<Arc<Web>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let say = web.say(asked(&parts.headers));
    let Entry::Users(users) = &web.entry else { return StatusCode::NOT_FOUND.into_response() };
    let Ok(fields) = read(&parts.headers, body, &web).await else { return StatusCode::BAD_REQUEST.into_response() };
    let before = cookie(&parts.headers, BEFORE).filter(|before| same(before, fields.get("before")));
    if before.is_none() || is_foreign(&parts.headers) {
        return shown(&web, say, StatusCode::FORBIDDEN, Some(say.t(T::Expired).to_owned()));
    }
    let (name, password) = (fields.get("name").to_owned(), fields.get("password").to_owned());
    let (now, one) = ((web.host.now)(), users.get(&name).map(|user| user.name.as_str()));
    if let Some(minutes) = web.state.limit.shut(one, now) {
        web.host.log.warn(format_args!("sync-server: too many attempts to log in"));
        let told = say.f(T::TooMany, &[("minutes", &minutes.to_string())]);
        let mut response = shown(&web, say, StatusCode::TOO_MANY_REQUESTS, Some(told));
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(minutes * 60));
        return response;
    }
    web.state.limit.count(one, now);
    let Ok(_place) = web.state.checks.acquire().await else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let (users, asked) = (users.clone(), name.clone());
    let checked = tokio::task::spawn_blocking(move || users.log_in(&asked, &password).map(|user| user.name.clone()));
    match checked.await {
        Ok(Some(user)) => {
            web.state.limit.right(user.as_str());
            begun(&web, user.as_str())
        }
        _ => shown(&web, say, StatusCode::UNAUTHORIZED, Some(say.t(T::WrongLogIn).to_owned())),
    }
}

/// Opens the link that was printed.
pub(super) async fn enter(State(web): State<Arc<Web>>, Query(query): Query<Asked>, headers: HeaderMap) -> Response {
    match &web.entry {
        Entry::Link(link) if link.open(&query.token) => begun(&web, link.user().name.as_str()),
        Entry::Link(_) if known(&headers, &web).is_some() => Redirect::to("/questions").into_response(),
        _ => Redirect::to("/login").into_response(),
    }
}

pub(super) async fn log_out(State(web): State<Arc<Web>>, signed: Signed) -> Response {
    web.state.sessions.end(&signed.person.token);
    with_cookie(Redirect::to("/login").into_response(), &web.set(web.cookie(), "", 0))
}

pub(super) async fn language(State(web): State<Arc<Web>>, signed: Signed) -> Response {
    if let Some(lang) = Lang::of(signed.fields.get("lang")) {
        web.state.sessions.speak(&signed.person.token, lang);
    }
    Redirect::to("/questions").into_response()
}
