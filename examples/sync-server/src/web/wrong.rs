//! What goes wrong.

use axum::http::StatusCode;
use nightly_sync::desk::DeskError;
use nightly_sync::kept::HeldError;
use nightly_sync::report::html::HtmlError;
use nightly_sync::store::{JobsError, StoreError};
use nightly_sync::work::PassError;
use tripartite::work::WorkError;

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
    /// How it is answered, and what is said.
    pub(super) fn status(&self) -> (StatusCode, T) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, T::NotFound),
            Self::NotAllowed => (StatusCode::FORBIDDEN, T::NotAllowed),
            Self::BadRequest => (StatusCode::BAD_REQUEST, T::BadRequest),
            Self::Trouble(_) => (StatusCode::SERVICE_UNAVAILABLE, T::Trouble),
        }
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

impl From<HeldError> for Wrong {
    fn from(error: HeldError) -> Self {
        match error {
            HeldError::Store(error) => error.into(),
            error => Self::Trouble(error.to_string()),
        }
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
