//! The addresses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::{DateTime, SecondsFormat, Utc};
use nightly_sync::jobs::{JobsError, SqliteJobStore};
use nightly_sync::work;
use serde_json::json;
use tripartite::drive::block_on;
use tripartite::id::{ConnectorId, OrgId, SyncKey};
use tripartite::webhook::{Answer, Received, Refusal, Request, Verdict, serves};
use tripartite::work::{Queue, WorkError};

use crate::config::Endpoints;

/// When a sender is to come again after the database failed.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(5);

/// What all requests share.
#[derive(Debug)]
pub struct Shared {
    /// The queue.
    pub queue: Queue<SqliteJobStore>,
    /// Who is served.
    pub endpoints: Endpoints,
    /// The clock.
    pub now: fn() -> DateTime<Utc>,
    /// What became of the requests, by what it is called.
    pub counts: Mutex<BTreeMap<&'static str, u64>>,
}

/// The addresses of a server.
pub fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/webhooks/{org}/{connector}", post(receive))
        .route("/status", get(status))
        .route("/healthz", get(healthy))
        .with_state(shared)
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    Path((org, connector)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let key = OrgId::new(org).ok().zip(ConnectorId::new(connector).ok());
    let key = key.map(|(org, connector)| SyncKey { org, connector });
    let Some(key) = key.filter(|key| shared.endpoints.contains_key(key)) else {
        return shared.answered("an unknown key", &Ok(Received::gone()));
    };
    let cap = shared.endpoints.get(&key).map_or(0, |served| served.cap);
    // One byte more than it may have says that it has too many; the rest is never read.
    let body = match to_bytes(body, cap.saturating_add(1)).await {
        Ok(body) => body,
        Err(_) => Bytes::from(vec![0; cap.saturating_add(1)]),
    };
    let worker = Arc::clone(&shared);
    let name = key.to_string();
    let received = tokio::task::spawn_blocking(move || worker.receive(&key, &headers, &body)).await;
    match received {
        Ok(received) => shared.answered(&name, &received),
        // The task panicked; what it was about to promise is not promised.
        Err(_) => respond(&Answer::unavailable(AGAIN)),
    }
}

impl Shared {
    fn receive(&self, key: &SyncKey, headers: &HeaderMap, body: &[u8]) -> Result<Received, WorkError<JobsError>> {
        let Some(served) = self.endpoints.get(key) else { return Ok(Received::gone()) };
        let connection = block_on(self.queue.connection(&key.connector))?;
        if !connection.is_some_and(|known| serves(known.connection(), &key.org)) {
            return Ok(Received::gone());
        }
        let headers: Vec<(&str, &[u8])> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let request = Request { headers: &headers, body };
        block_on(self.queue.receive(&served.endpoint, &request, (self.now)()))
    }

    /// Counts a request, writes a line about it, and answers it.
    fn answered(&self, name: &str, received: &Result<Received, WorkError<JobsError>>) -> Response {
        let (answer, verdict) = match received {
            Ok(received) => (received.answer.clone(), called(&received.verdict)),
            Err(error) => {
                eprintln!("webhook-server: {error}");
                (Answer::unavailable(AGAIN), "unavailable")
            }
        };
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(verdict).or_default() += 1;
        let at = (self.now)().to_rfc3339_opts(SecondsFormat::Millis, true);
        crate::app::say(format_args!("{at} {name} {} {verdict}", answer.status));
        respond(&answer)
    }
}

/// What became of a request, in a word.
fn called(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted { .. } => "accepted",
        Verdict::Duplicate => "duplicate",
        Verdict::Ignored { .. } => "ignored",
        Verdict::Refused(refusal) => match refusal {
            Refusal::TooLarge { .. } => "too large",
            Refusal::Header { .. } => "header",
            Refusal::Unsigned => "unsigned",
            Refusal::Signature => "signature",
            Refusal::Stale { .. } => "stale",
            Refusal::Limited { .. } => "limited",
            Refusal::Malformed(_) => "malformed",
            Refusal::Gone => "gone",
            _ => "refused",
        },
        _ => "other",
    }
}

fn respond(answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.text.clone()).into_response();
    for (name, value) in &answer.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

async fn status(State(shared): State<Arc<Shared>>) -> Response {
    let worker = Arc::clone(&shared);
    match tokio::task::spawn_blocking(move || worker.status()).await {
        Ok(Ok(status)) => json_of(&status),
        Ok(Err(error)) => {
            eprintln!("webhook-server: {error}");
            respond(&Answer::unavailable(AGAIN))
        }
        Err(_) => respond(&Answer::unavailable(AGAIN)),
    }
}

impl Shared {
    fn status(&self) -> Result<serde_json::Value, WorkError<JobsError>> {
        let mut keys = Vec::new();
        for key in work::keys(&self.queue).map_err(WorkError::Store)? {
            match block_on(self.queue.status(&key)) {
                Ok(status) => keys.push(json!({"key": key, "status": status})),
                Err(WorkError::Broken { problem, .. }) => keys.push(json!({"key": key, "broken": problem})),
                Err(error) => return Err(error),
            }
        }
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(json!({"at": (self.now)(), "requests": counts, "keys": keys}))
    }
}

async fn healthy(State(shared): State<Arc<Shared>>) -> Response {
    let read = tokio::task::spawn_blocking(move || work::keys(&shared.queue).map(drop)).await;
    if matches!(read, Ok(Ok(()))) { "ok".into_response() } else { respond(&Answer::unavailable(AGAIN)) }
}

fn json_of(value: &serde_json::Value) -> Response {
    let kind = [(axum::http::header::CONTENT_TYPE, "application/json")];
    (kind, format!("{value}\n")).into_response()
}
