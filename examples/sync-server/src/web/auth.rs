//! Whose request it is, and whether it is one that they sent.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use super::person::{CSRF, Fields, Person};
use super::session::{Flash, same};
use super::text::Lang;
use super::wrong::Wrong;
use super::{Entry, FORM, Web};
use crate::server::Stays;

impl FromRequestParts<Arc<Web>> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Response> {
        known(&parts.headers, web).ok_or_else(|| match parts.method {
            Method::GET | Method::HEAD => Redirect::to("/login").into_response(),
            _ => (StatusCode::UNAUTHORIZED, "log in first\n").into_response(),
        })
    }
}

/// Whoever the cookie of a request names. A proxy that says another name is believed, and not the cookie.
pub(super) fn known(headers: &HeaderMap, web: &Web) -> Option<Person> {
    let token = cookie(headers, web.cookie())?;
    let session = web.state.sessions.of(&token, (web.host.now)())?;
    let user = match &web.entry {
        Entry::Users(users) => users.get(&session.user)?.clone(),
        Entry::Proxy(users, header) => {
            users.get(proxied(headers, header)?).filter(|user| user.name.as_str() == session.user)?.clone()
        }
        Entry::Link(link) => link.user().clone(),
    };
    let lang = session.lang.unwrap_or_else(|| asked(headers));
    Some(Person { user, csrf: session.csrf, say: web.say(lang), token, flash: None })
}

/// The name that a proxy says. It must be there once: a proxy that appends to what a stranger sent is no proxy to trust.
pub(super) fn proxied<'a>(headers: &'a HeaderMap, header: &axum::http::HeaderName) -> Option<&'a str> {
    let mut said = headers.get_all(header).iter();
    match (said.next(), said.next()) {
        (Some(name), None) => name.to_str().ok(),
        _ => None,
    }
}

pub(super) fn asked(headers: &HeaderMap) -> Lang {
    headers.get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok()).map_or(Lang::En, Lang::asked)
}

/// The value of a cookie.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    let mut pairs = all.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

/// A form that somebody who is logged in sent from a page of theirs.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) person: Person,
    pub(super) fields: Fields,
}

impl FromRequest<Arc<Web>> for Signed {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Arc<Web>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let person = Person::from_request_parts(&mut parts, web).await?;
        let fields = read(&parts.headers, body, web).await.map_err(|wrong| wrong.page(web, &person))?;
        if is_foreign(&parts.headers) || !same(fields.get(CSRF), &person.csrf) {
            return Err(Wrong::NotAllowed.page(web, &person));
        }
        Ok(Self { person, fields })
    }
}

/// Whether the browser says that another site sent it.
pub(super) fn is_foreign(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site")
}

/// The form of a request, which comes in good time and is none too large.
pub(super) async fn read(headers: &HeaderMap, body: axum::body::Body, web: &Web) -> Result<Fields, Wrong> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/x-www-form-urlencoded") {
        return Err(Wrong::BadRequest);
    }
    let read = tokio::time::timeout(web.host.patience, to_bytes(body, FORM)).await;
    let bytes = read.ok().and_then(Result::ok).ok_or(Wrong::BadRequest)?;
    let request = Request::builder()
        .method(Method::POST)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(bytes))
        .map_err(|_| Wrong::BadRequest)?;
    let form = axum::Form::<Vec<(String, String)>>::from_request(request, &()).await;
    form.map(|axum::Form(fields)| Fields(fields)).map_err(|_| Wrong::BadRequest)
}

impl Web {
    /// What the cookie of a session is called. A browser sends one of this prefix over HTTPS only, and only to who set it.
    pub(super) fn cookie(&self) -> &'static str {
        if self.https { "__Host-sync" } else { "sync" }
    }

    /// The header that sets a cookie.
    pub(super) fn set(&self, name: &str, value: &str, seconds: u32) -> String {
        let secure = if self.https { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
    }

    /// Does what may wait for the disk, and answers with what it says or what went wrong. Its connection stays: whoever is
    /// logged in is nobody who only wants to hold one.
    pub(super) async fn work(
        self: Arc<Self>,
        mut person: Person,
        work: impl FnOnce(&Self, &mut Person) -> Result<Response, Wrong> + Send + 'static,
    ) -> Response {
        let web = Arc::clone(&self);
        let worked = tokio::task::spawn_blocking(move || {
            let done = work(&web, &mut person);
            done.unwrap_or_else(|wrong| wrong.page(&web, &person))
        });
        let mut response = worked.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
        response.extensions_mut().insert(Stays);
        response
    }

    /// Says something on the next page.
    pub(super) fn tell(&self, person: &Person, flash: Flash) {
        self.state.sessions.say(&person.token, flash);
    }

    /// Takes what is to be said once.
    pub(super) fn told(&self, person: &mut Person) {
        person.flash = self.state.sessions.flash(&person.token);
    }
}

/// Any other address. Whoever is not logged in is not told whether there is one.
pub(super) async fn nothing(State(web): State<Arc<Web>>, person: Person) -> Response {
    Wrong::NotFound.page(&web, &person)
}
