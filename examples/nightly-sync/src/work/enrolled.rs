//! Where an organisation's records come from, as its connection says.

use std::path::{Path, PathBuf};

use tripartite::id::{ExternalId, IdError};

/// What stands before the path of a configuration. The path of a listing is absolute, so none begins like this.
const CONFIG: &str = "config:";

/// Where an organisation's records come from.
///
/// ```
/// use nightly_sync::work::Enrolled;
/// assert_eq!(Enrolled::of("/srv/members.csv"), Enrolled::File("/srv/members.csv".into()));
/// let config = Enrolled::Config("/srv/club.toml".into());
/// assert_eq!(Enrolled::of(config.id()?.as_str()), config);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enrolled {
    /// This file is the listing.
    File(PathBuf),
    /// This configuration says so, each time anew.
    Config(PathBuf),
}

/// A path cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolledError {
    /// It is no text.
    #[error("its path is not UTF-8")]
    Path,
    /// It is too long, or empty.
    #[error(transparent)]
    Id(#[from] IdError),
}

impl Enrolled {
    /// What a connection says.
    pub fn of(external: &str) -> Self {
        match external.strip_prefix(CONFIG) {
            Some(path) => Self::Config(path.into()),
            None => Self::File(external.into()),
        }
    }

    /// What a connection keeps.
    ///
    /// # Errors
    /// [`EnrolledError`], when the path cannot be kept.
    pub fn id(&self) -> Result<ExternalId, EnrolledError> {
        let path = self.path().to_str().ok_or(EnrolledError::Path)?;
        Ok(match self {
            Self::File(_) => ExternalId::new(path)?,
            Self::Config(_) => ExternalId::new(format!("{CONFIG}{path}"))?,
        })
    }

    /// The file that is read in each run.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Config(path) => path,
        }
    }
}
