//! Why a database cannot be used, whichever it is.

use tripartite::failure::{Classify, Failure};
use tripartite::queue::InvalidSlot;
use tripartite_etcd::jobs as cluster_jobs;
use tripartite_postgres::address::AddressError;
use tripartite_postgres::format::FormatError;
use tripartite_postgres::{jobs as server_jobs, store as server};
use tripartite_sqlite::{jobs as file_jobs, store as file};

/// So many registers an error lists.
const LISTED: usize = 5;

/// Why the members cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] file::StoreError),
    /// The server cannot be used.
    #[error(transparent)]
    Server(Box<server::StoreError>),
    /// There is no way to the server.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The register is not in it.
    #[error("{register} is not in it; {}", others(.known))]
    NoRegister {
        /// The register that was asked for.
        register: String,
        /// Those that are there.
        known: Vec<String>,
    },
}

/// Why the jobs cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobsError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] file_jobs::JobsError),
    /// The server cannot be used.
    #[error(transparent)]
    Server(Box<server_jobs::JobsError>),
    /// The cluster cannot be used.
    #[error(transparent)]
    Cluster(Box<cluster_jobs::JobsError>),
    /// A slot is not as the work column stores it.
    #[error(transparent)]
    Slot(#[from] InvalidSlot),
    /// There is no way to the server.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
}

/// Why there is no way to a server: nothing was asked of it yet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The address is none, or asks for what cannot be.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// No thread can be begun.
    #[error("connections need a thread, and none can be begun: {0}")]
    Runtime(String),
}

impl From<server::StoreError> for StoreError {
    fn from(error: server::StoreError) -> Self {
        Self::Server(Box::new(error))
    }
}

impl From<server_jobs::JobsError> for JobsError {
    fn from(error: server_jobs::JobsError) -> Self {
        Self::Server(Box::new(error))
    }
}

impl From<cluster_jobs::JobsError> for JobsError {
    fn from(error: cluster_jobs::JobsError) -> Self {
        Self::Cluster(Box::new(error))
    }
}

impl Classify for ConnectionError {
    fn failure(&self) -> Failure {
        match self {
            Self::Address(_) => Failure::Fatal,
            Self::Runtime(_) => Failure::Retry { after: None },
        }
    }
}

impl Classify for StoreError {
    fn failure(&self) -> Failure {
        match self {
            Self::File(error) => error.failure(),
            Self::Server(error) => error.failure(),
            Self::Connection(error) => error.failure(),
            Self::NoRegister { .. } => Failure::Fatal,
        }
    }
}

impl Classify for JobsError {
    fn failure(&self) -> Failure {
        match self {
            Self::File(error) => error.failure(),
            Self::Server(error) => error.failure(),
            Self::Connection(error) => error.failure(),
            Self::Cluster(error) => error.failure(),
            Self::Slot(_) => Failure::Fatal,
        }
    }
}

impl StoreError {
    /// Whether the database has no tables yet.
    pub fn is_new(&self) -> bool {
        let Self::Server(error) = self else { return false };
        matches!(&**error, server::StoreError::Format(FormatError::None { .. }))
    }
}

fn others(known: &[String]) -> String {
    match known.len() {
        0 => "it has none".to_owned(),
        all if all <= LISTED => format!("it has {}", known.join(", ")),
        all => format!("it has {} and {} more", known[..LISTED].join(", "), all - LISTED),
    }
}
