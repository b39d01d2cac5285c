//! The addresses.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Path, State};
use axum::http::header::{ALLOW, AUTHORIZATION, CONNECTION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use chrono::{DateTime, SecondsFormat, Utc};
use http_body_util::LengthLimitError;
use nightly_sync::store::{Jobs, JobsError};
use nightly_sync::work::Bell;
use serde_json::json;
use tripartite::drive::block_on;
use tripartite::id::{ConnectorId, OrgId, SyncKey};
use tripartite::jobs::StoreKey;
use tripartite::registry::Secret;
use tripartite::webhook::{HttpResponse, ReceiveStep, Received, Reception, Rejection, Request, serves};
use tripartite::work::{Queue, WorkError};

use crate::config::Endpoints;
use crate::log::Log;

/// What an endpoint answers.
const METHODS: &str = "POST, HEAD, OPTIONS";
/// When a sender is to come again after the database failed.
const AGAIN: Duration = Duration::from_secs(5);

/// How a token is sent (RFC 6750, 2.1).
const SCHEME: &[u8] = b"Bearer ";

/// What all requests share.
#[derive(Debug)]
pub struct Shared {
    /// The queue.
    pub queue: Arc<Queue<Jobs>>,
    /// Who is served.
    pub endpoints: Endpoints,
    /// Who sends it is told how the jobs stand; none, and nobody is.
    pub status_token: Option<Secret>,
    /// The clock.
    pub now: fn() -> DateTime<Utc>,
    /// What wakes the workers beside it.
    pub bell: Arc<Bell>,
    /// How long a body may take.
    pub patience: Duration,
    /// What it says.
    pub log: Arc<Log>,
    /// What became of the requests, by what it is called.
    pub counts: Mutex<BTreeMap<&'static str, u64>>,
}

/// The addresses of a server.
pub fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/webhooks/{org}/{connector}", endpoint())
        .route("/webhooks/{org}/{connector}/", endpoint())
        .route("/status", get(status))
        .route("/healthz", get(healthy))
        .layer(map_response(close))
        .with_state(shared)
}

/// An address with or without a slash at its end: senders add one, and a redirect would lose the body.
fn endpoint() -> MethodRouter<Arc<Shared>> {
    post(receive).head(asked).options(asked).fallback(no_method)
}

/// Some senders ask whether an address is there before they use it, by HEAD or, as CloudEvents have it, by OPTIONS.
/// Whoever sends is told from others by a signature, so every origin may.
///
/// See <https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md>, 4.1 and 4.2.
async fn asked(
    State(shared): State<Arc<Shared>>,
    Path((org, connector)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let key = OrgId::new(org).ok().zip(ConnectorId::new(connector).ok());
    let served = key.and_then(|(org, connector)| shared.endpoints.get(&SyncKey { org, connector }));
    let Some(served) = served else { return respond(&Received::gone().answer) };
    let mut response = (StatusCode::OK, [(ALLOW, METHODS)]).into_response();
    if headers.contains_key("webhook-request-origin") {
        response.headers_mut().insert("webhook-allowed-origin", HeaderValue::from_static("*"));
        response.headers_mut().insert("webhook-allowed-rate", HeaderValue::from(served.per_minute.get()));
    }
    response
}

async fn no_method() -> Response {
    let said = "messages are sent to this address by POST\n";
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, METHODS)], said).into_response()
}

/// Marks an answer after which the connection stays: only those to whoever knows a secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stays;

/// Every other answer is the last of its connection: a stranger has a place for one request.
async fn close(mut response: Response) -> Response {
    if response.extensions().get::<Stays>().is_none() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    Path((org, connector)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let key = OrgId::new(org).ok().zip(ConnectorId::new(connector).ok());
    let key = key.map(|(org, connector)| SyncKey { org, connector });
    let Some((key, cap)) = key.and_then(|key| shared.endpoints.get(&key).map(|served| (key, served.cap))) else {
        return shared.answered("an unknown key", &Ok(Received::gone()));
    };
    let name = key.to_string();
    let body = match read(body, cap, shared.patience).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => return shared.answered(&name, &Ok(Received::refused(Rejection::TooLarge { cap }))),
        Err(Unread::Broken) => return shared.broken_off(&name),
    };
    let worker = Arc::clone(&shared);
    let received = tokio::task::spawn_blocking(move || worker.receive(&key, &headers, &body)).await;
    match received {
        Ok(received) => shared.answered(&name, &received),
        // The task panicked; what it was about to promise is not promised.
        Err(_) => respond(&HttpResponse::unavailable(AGAIN)),
    }
}

/// Why a body was not read.
enum Unread {
    TooLarge,
    /// The connection ended before it did, or it took too long.
    Broken,
}

/// The body, as far as it may be read: of one that says that it is larger nothing, of others no more than that.
async fn read(body: Body, cap: usize, patience: Duration) -> Result<Bytes, Unread> {
    if body.size_hint().lower() > cap as u64 {
        return Err(Unread::TooLarge);
    }
    match tokio::time::timeout(patience, to_bytes(body, cap)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if error.source().is_some_and(|error| error.is::<LengthLimitError>()) => Err(Unread::TooLarge),
        Ok(Err(_)) | Err(_) => Err(Unread::Broken),
    }
}

impl Shared {
    fn receive(&self, key: &SyncKey, headers: &HeaderMap, body: &[u8]) -> Result<Received, WorkError<JobsError>> {
        let Some(served) = self.endpoints.get(key) else { return Ok(Received::gone()) };
        let headers: Vec<(&str, &[u8])> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let (request, now) = (Request::new(&headers, body), (self.now)());
        // A stranger does not make the database work.
        if let ReceiveStep::Done(received) = served.endpoint.receive(&request, now) {
            return Ok(received);
        }
        let connection = block_on(self.queue.connection(&key.connector))?;
        if !connection.is_some_and(|known| serves(known.connection(), &key.org)) {
            return Ok(Received::gone());
        }
        let received = block_on(self.queue.receive(&served.endpoint, &request, now))?;
        if matches!(received.verdict, Reception::Accepted { .. }) {
            self.bell.ring();
        }
        Ok(received)
    }

    /// Counts a request, writes a line about it, and answers it.
    fn answered(&self, name: &str, received: &Result<Received, WorkError<JobsError>>) -> Response {
        let (answer, verdict) = match received {
            Ok(received) => (received.answer.clone(), called(&received.verdict)),
            Err(error) => {
                self.log.warn(format_args!("webhook-server: {error}"));
                (HttpResponse::unavailable(AGAIN), "unavailable")
            }
        };
        self.note(name, answer.status, verdict);
        let mut response = respond(&answer);
        // A place is kept for those whose signature was good.
        if response.status().is_success() {
            response.extensions_mut().insert(Stays);
        }
        response
    }

    fn broken_off(&self, name: &str) -> Response {
        self.note(name, StatusCode::REQUEST_TIMEOUT.as_u16(), "broken_off");
        (StatusCode::REQUEST_TIMEOUT, "the body did not come").into_response()
    }

    fn note(&self, name: &str, status: u16, verdict: &'static str) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(verdict).or_default() += 1;
        let at = (self.now)().to_rfc3339_opts(SecondsFormat::Millis, true);
        self.log.say(format_args!("{at} {name} {status} {verdict}"));
    }
}

/// What became of a request, in a word.
fn called(verdict: &Reception) -> &'static str {
    match verdict {
        Reception::Accepted { .. } => "accepted",
        Reception::Duplicate => "duplicate",
        Reception::Ignored { .. } => "ignored",
        Reception::Refused(refusal) => refusal.name(),
        _ => "other",
    }
}

fn respond(answer: &HttpResponse) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.text.clone()).into_response();
    for (name, value) in &answer.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

async fn status(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let Some(token) = &shared.status_token else { return StatusCode::NOT_FOUND.into_response() };
    if !presents(&headers, token) {
        return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response();
    }
    let worker = Arc::clone(&shared);
    match tokio::task::spawn_blocking(move || worker.status()).await {
        Ok(Ok(status)) => json_of(&status),
        Ok(Err(error)) => {
            shared.log.warn(format_args!("webhook-server: {error}"));
            respond(&HttpResponse::unavailable(AGAIN))
        }
        Err(_) => respond(&HttpResponse::unavailable(AGAIN)),
    }
}

/// Whether a request carries the token. Secrets are compared in constant time.
fn presents(headers: &HeaderMap, token: &Secret) -> bool {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (sent.next(), sent.next()) else { return false };
    let value = value.as_bytes();
    value.len() > SCHEME.len()
        && value[..SCHEME.len()].eq_ignore_ascii_case(SCHEME)
        && Secret::new(value[SCHEME.len()..].trim_ascii().to_vec()) == *token
}

/// What a host wrote about a failure may name files of this machine: it is in the log, and not shown from afar.
fn without_messages(mut status: serde_json::Value) -> serde_json::Value {
    match &mut status {
        serde_json::Value::Object(fields) => {
            fields.remove("message");
            fields.values_mut().for_each(|field| *field = without_messages(field.take()));
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| *item = without_messages(item.take())),
        _ => {}
    }
    status
}

impl Shared {
    /// How those stand that are served here; of others in the database nothing is said.
    fn status(&self) -> Result<serde_json::Value, WorkError<JobsError>> {
        let mut keys = Vec::new();
        for key in self.endpoints.keys() {
            match block_on(self.queue.status(key)) {
                Ok(status) => keys.push(json!({"key": key, "status": without_messages(json!(status))})),
                Err(WorkError::Broken { .. }) => keys.push(json!({"key": key, "broken": true})),
                Err(error) => return Err(error),
            }
        }
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(json!({"at": (self.now)(), "requests": counts, "keys": keys}))
    }
}

async fn healthy(State(shared): State<Arc<Shared>>) -> Response {
    let any = StoreKey::of("slot", []);
    let read = tokio::task::spawn_blocking(move || shared.queue.store().keys(&any, None, 1).map(drop)).await;
    if matches!(read, Ok(Ok(()))) { "ok".into_response() } else { respond(&HttpResponse::unavailable(AGAIN)) }
}

fn json_of(value: &serde_json::Value) -> Response {
    let kind = [(axum::http::header::CONTENT_TYPE, "application/json")];
    (kind, format!("{value}\n")).into_response()
}
