//! What goes wrong, as a page.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::html;
use nightly_sync::desk::DeskError;
use nightly_sync::report::html::HtmlError;
use nightly_sync::store::{JobsError, StoreError};
use nightly_sync::work::PassError;
use tripartite::work::WorkError;

use super::Web;
use super::auth::Person;
use super::layout::{Say, page};
use super::text::T;

/// Why a request is not answered as it wished.
#[derive(Debug)]
pub(super) enum Wrong {
    /// It is not there, or not theirs.
    NotFound,
    /// They see it, and may not do this.
    NotAllowed,
    /// It is none that a form of this page sends.
    BadRequest,
    /// Something else failed; what, is for the log.
    Trouble(String),
}

impl Wrong {
    fn status(&self) -> (StatusCode, T) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, T::NotFound),
            Self::NotAllowed => (StatusCode::FORBIDDEN, T::NotAllowed),
            Self::BadRequest => (StatusCode::BAD_REQUEST, T::BadRequest),
            Self::Trouble(_) => (StatusCode::SERVICE_UNAVAILABLE, T::Trouble),
        }
    }

    /// The page that says so.
    pub(super) fn page(&self, web: &Web, person: &Person) -> Response {
        if let Self::Trouble(problem) = self {
            web.log.warn(format_args!("sync-server: {problem}"));
        }
        let (status, text) = self.status();
        let Say { lang, .. } = person.say;
        let body = html! {
            h1 { (T::ErrorTitle.text(lang)) }
            p { (text.text(lang)) }
            p { a href="/questions" { (T::Back.text(lang)) } }
        };
        page(person, None, T::ErrorTitle, status, &body)
    }
}

impl From<StoreError> for Wrong {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoRegister { .. } => Self::NotFound,
            StoreError::File(tripartite_sqlite::store::StoreError::NoRegister { .. }) => Self::NotFound,
            error => Self::Trouble(error.to_string()),
        }
    }
}

impl From<DeskError> for Wrong {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Store { error, .. } => error.into(),
            error => Self::Trouble(error.to_string()),
        }
    }
}

impl From<WorkError<JobsError>> for Wrong {
    fn from(error: WorkError<JobsError>) -> Self {
        Self::Trouble(error.to_string())
    }
}

impl From<JobsError> for Wrong {
    fn from(error: JobsError) -> Self {
        Self::Trouble(error.to_string())
    }
}

impl From<PassError> for Wrong {
    fn from(error: PassError) -> Self {
        Self::Trouble(error.to_string())
    }
}

impl From<HtmlError> for Wrong {
    fn from(error: HtmlError) -> Self {
        match error {
            HtmlError::Store(error) => error.into(),
            HtmlError::Run(_) | HtmlError::NoRuns { .. } => Self::NotFound,
            error => Self::Trouble(error.to_string()),
        }
    }
}

/// Any other address. Whoever is not logged in is not told whether there is one.
pub(super) async fn nothing(State(web): State<Arc<Web>>, person: Person) -> Response {
    Wrong::NotFound.page(&web, &person)
}
