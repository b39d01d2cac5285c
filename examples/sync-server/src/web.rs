//! The page where people answer, and see how the syncs go.
//!
//! | address | shows or does | needs |
//! |---|---|---|
//! | `/questions`, `/question` | what waits for a person; one of it | see |
//! | `POST /answer`, `/match` | answers | answer |
//! | `/undo` | takes answers back: one, or with a preview those that were given together | answer |
//! | `/many` | one answer to many conflicts, with a preview | answer |
//! | `POST /plan` | passes a blocked plan, or drops it | operate |
//! | `/runs`, `/run` | what changed, field by field | see |
//! | `/report` | the report of a run, to print | answer |
//! | `/jobs`, `POST /jobs` | how the jobs stand; commands to them | see, operate |
//! | `/live` | the same as it changes, as server-sent events | see |
//! | `/login`, `/logout`, `/enter` | who it is | |
//!
//! **Is script needed?** No. Everything is a form that is posted and redirects; the one script shows the progress of runs
//! without loading the page anew.
//!
//! **What keeps a stranger out?** A session in a cookie that no script reads, a token in every form, and for every request
//! the role of the user in the organisation that it is about. What is not theirs is answered as if it were not there.

mod answer;
mod ask;
mod auth;
mod card;
mod chart;
mod editor;
mod jobs;
mod layout;
mod limit;
mod live;
mod login;
mod many;
mod person;
mod plan;
mod questions;
mod reason;
mod runs;
mod say;
mod session;
mod text;
mod undo;
mod value;
mod words;
mod wrong;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use nightly_sync::store::{Jobs, Place};
use nightly_sync::work::Bell;
use tokio::sync::{Semaphore, watch};
use tripartite::work::Queue;

use self::limit::Limit;
use self::say::Say;
use self::session::Sessions;
pub use self::text::{Lang, T};
pub use self::words::{NONE, Words, WordsError};
use crate::log::Log;
use crate::users::Users;

/// The largest form.
const FORM: usize = 256 * 1024;
/// So many passwords are checked at a time: each takes 19 MiB.
const CHECKS: usize = 2;

/// Nothing but what this server serves: no script or style in a page, and nobody frames it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// How people are known.
#[derive(Debug)]
pub enum Entry {
    /// By the users of a file, with a password.
    Users(Users),
    /// By a header that a proxy sets, which nobody else can reach the server to set. It names a user of the file.
    Proxy(Users, HeaderName),
    /// Whoever has the link that was printed, once.
    Link(login::Link),
}

impl Entry {
    /// Whoever has the link that this makes; none, when the system has no randomness.
    pub fn link() -> Option<Self> {
        login::Link::new().map(Self::Link)
    }

    /// The address to open first, where there is a link.
    pub fn first(&self) -> Option<String> {
        match self {
            Self::Link(link) => link.address(),
            _ => None,
        }
    }
}

/// What all pages share.
#[derive(Debug)]
pub struct Web {
    /// What it has of its host.
    pub host: Host,
    /// How people are known.
    pub entry: Entry,
    /// Whether people come by HTTPS, so that a browser sends cookies nowhere else.
    pub https: bool,
    state: State,
}

#[derive(Debug)]
struct State {
    /// What the marks of questions are made with, so that nobody learns hidden values by trying them on a mark.
    secret: String,
    sessions: Sessions,
    limit: Limit,
    checks: Semaphore,
    listeners: Arc<Semaphore>,
}

/// What a page needs of its host, for [`Web::new`].
#[derive(Debug)]
pub struct Host {
    /// The database.
    pub db: Place,
    /// Its queue.
    pub queue: Arc<Queue<Jobs>>,
    /// The clock.
    pub now: fn() -> DateTime<Utc>,
    /// What wakes the workers beside it.
    pub bell: Arc<Bell>,
    /// What it says.
    pub log: Arc<Log>,
    /// How long a form may take to come.
    pub patience: Duration,
    /// What it says in words of its own, in place of the catalogue's: [`NONE`], or such as [`Words::read`] reads.
    pub words: &'static Words,
    /// Ends what would go on by itself.
    pub ending: watch::Receiver<()>,
}

impl Web {
    /// The page of a host; none, when the system has no randomness.
    pub fn new(host: Host, entry: Entry, https: bool) -> Option<Self> {
        let state = State {
            secret: session::random()?,
            sessions: Sessions::default(),
            limit: Limit::default(),
            checks: Semaphore::new(CHECKS),
            listeners: live::places(),
        };
        Some(Self { host, entry, https, state })
    }

    fn say(&self, lang: Lang) -> Say {
        Say { lang, words: self.host.words }
    }
}

/// The addresses of the page.
pub fn router(web: Arc<Web>) -> Router {
    Router::new()
        .route("/", get(|| async { Redirect::to("/questions") }))
        .route("/login", get(login::form).post(login::log_in))
        .route("/enter", get(login::enter))
        .route("/logout", post(login::log_out))
        .route("/language", post(login::language))
        .route("/questions", get(questions::list))
        .route("/question", get(questions::one))
        .route("/answer", post(answer::answer))
        .route("/match", post(answer::who))
        .route("/undo", get(undo::preview).post(undo::undo))
        .route("/plan", post(plan::plan))
        .route("/many", get(many::preview).post(many::carry_out))
        .route("/runs", get(runs::list))
        .route("/run", get(runs::one))
        .route("/report", get(runs::report))
        .route("/jobs", get(jobs::list).post(jobs::command))
        .route("/live", get(live::events))
        .route("/style.css", get(|| asset("text/css; charset=utf-8", include_str!("../assets/style.css"))))
        .route("/live.js", get(|| asset("text/javascript; charset=utf-8", include_str!("../assets/live.js"))))
        .route("/icon.svg", get(|| asset("image/svg+xml", include_str!("../assets/icon.svg"))))
        .fallback(auth::nothing)
        .layer(DefaultBodyLimit::max(FORM))
        .layer(map_response(guarded))
        .with_state(web)
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    let cache = HeaderValue::from_static("public, max-age=300");
    ([(CONTENT_TYPE, HeaderValue::from_static(kind)), (CACHE_CONTROL, cache)], text).into_response()
}

/// Every answer says what a browser may do with it, unless it said so itself.
async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
