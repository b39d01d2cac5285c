//! Secrets by reference: they stand in the environment or in a file, and in no message.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A password, a key or a token. `Debug` shows where it stands, never what it is. It is read each time it is used, so that
/// a file may be renewed while a program runs.
///
/// ```
/// use tripartite_sources::http::Secret;
/// let key: Secret = "env:CLUB_API_KEY".parse()?;
/// assert_eq!(format!("{key:?}"), "Secret(env:CLUB_API_KEY)");
/// assert_eq!(format!("{:?}", Secret::given("hunter2")), "Secret(given)");
/// // A secret itself is not written where a reference should be.
/// assert!("hunter2".parse::<Secret>().is_err());
/// # Ok::<(), tripartite_sources::http::SecretError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    Env(String),
    File(PathBuf),
    Given(String),
}

/// A secret cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The text is no reference. It is not shown: it may be the secret.
    #[error("a secret is named as env:NAME or file:PATH")]
    NoReference,
    /// The environment does not have it.
    #[error("the environment has no variable `{0}`")]
    NoVariable(String),
    /// The file cannot be read.
    #[error("the secret in {path} cannot be read: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is empty, or has a character that no header may have.
    #[error("the secret at {0} is empty, or has a character that cannot be sent")]
    Unfit(String),
}

impl Secret {
    /// The variable of the environment that has it.
    pub fn env(name: impl Into<String>) -> Self {
        Self(Place::Env(name.into()))
    }

    /// The file that has it. Blanks and line ends around it do not count.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Place::File(path.into()))
    }

    /// The secret itself, from a program that keeps secrets in another way.
    pub fn given(secret: impl Into<String>) -> Self {
        Self(Place::Given(secret.into()))
    }

    /// The secret, as it stands there now.
    ///
    /// # Errors
    /// [`SecretError`], which never has the secret in it.
    pub fn read(&self) -> Result<String, SecretError> {
        let text = match &self.0 {
            Place::Env(name) => std::env::var(name).map_err(|_| SecretError::NoVariable(name.clone()))?,
            Place::File(path) => {
                std::fs::read_to_string(path).map_err(|error| SecretError::File { path: path.clone(), error })?
            }
            Place::Given(text) => text.clone(),
        };
        let secret = text.trim();
        if secret.is_empty() || secret.chars().any(char::is_control) {
            return Err(SecretError::Unfit(self.to_string()));
        }
        Ok(secret.to_owned())
    }
}

impl FromStr for Secret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::env(name)),
            Some(("file", path)) if !path.is_empty() => Ok(Self::file(path)),
            _ => Err(SecretError::NoReference),
        }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Env(name) => write!(f, "env:{name}"),
            Place::File(path) => write!(f, "file:{}", path.display()),
            Place::Given(_) => f.write_str("given"),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({self})")
    }
}
