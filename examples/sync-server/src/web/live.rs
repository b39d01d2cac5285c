//! How the jobs stand, as it changes: server-sent events from what the workers store of their progress, so that those of
//! other processes are seen as well.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use http_body_util::StreamBody;
use hyper::body::Frame;
use nightly_sync::store::Register;
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tripartite::history::Doing;

use super::Web;
use super::jobs::{doing, standing};
use super::person::Person;
use crate::server::Stays;

/// How often the jobs are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// So many looks without news, and something is sent nevertheless: whoever has gone is noticed by it.
const QUIET: u32 = 15;
/// A page that is open for longer asks once more, so that whoever was taken out hears no more.
const LIFE: u32 = 9 * 60;
/// So many at a time.
const MOST: usize = 64;

/// What is sent to a page until it goes, the server ends, or its session does.
pub(super) async fn events(State(web): State<Arc<Web>>, person: Person) -> Response {
    let Ok(place) = Arc::clone(&web.state.listeners).try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let (send, receive) = mpsc::channel(8);
    let ending = web.host.ending.clone();
    tokio::spawn(async move {
        told(web, person, ending, send).await;
        drop(place);
    });
    let body = Body::new(StreamBody::new(Received(receive)));
    let mut response = ([(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")], body).into_response();
    response.extensions_mut().insert(Stays);
    response
}

/// How many may listen at a time.
pub(super) fn places() -> Arc<tokio::sync::Semaphore> {
    Arc::new(tokio::sync::Semaphore::new(MOST))
}

async fn told(web: Arc<Web>, person: Person, mut ending: watch::Receiver<()>, send: mpsc::Sender<Bytes>) {
    let (mut last, mut quiet) = (BTreeMap::new(), 0);
    for _ in 0..LIFE {
        // Whoever was logged out since is told no more. That a page is open does not keep a session.
        if !web.state.sessions.lasts(&person.token, (web.host.now)()) {
            return;
        }
        let (looked, reader) = (Arc::clone(&web), person.clone());
        let stands = tokio::task::spawn_blocking(move || lines(&looked, &reader)).await;
        let Ok(Some(stands)) = stands else { return };
        let mut text = String::new();
        for (key, line) in &stands {
            if last.get(key) != Some(line) {
                text.push_str(&format!("data: {line}\n\n"));
            }
        }
        quiet += 1;
        if text.is_empty() && quiet >= QUIET {
            text.push_str(": still here\n\n");
        }
        if !text.is_empty() {
            quiet = 0;
            if send.send(Bytes::from(text)).await.is_err() {
                return;
            }
        }
        last = stands;
        tokio::select! {
            _ = ending.changed() => return,
            () = send.closed() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// How each job stands, as a line of JSON; none, when the database cannot be read.
fn lines(web: &Web, person: &Person) -> Option<BTreeMap<String, String>> {
    let now = (web.host.now)();
    let line = |job: super::jobs::Standing| {
        let key = Register::of(&job.key).to_string();
        let progress = job.status.as_ref().and_then(|status| match &status.doing {
            Doing::Running { progress, .. } => Some(json!({"done": progress.done, "of": progress.of})),
            _ => None,
        });
        let text = doing(person.say, job.status.as_ref(), now);
        let line = json!({"key": key, "text": text, "progress": progress}).to_string();
        (key, line)
    };
    Some(standing(web, person).ok()?.into_iter().map(line).collect())
}

/// What comes through a channel, as the parts of a body.
struct Received(mpsc::Receiver<Bytes>);

impl futures_core::Stream for Received {
    type Item = Result<Frame<Bytes>, Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|part| part.map(|bytes| Ok(Frame::data(bytes))))
    }
}
