//! Which records are whose: one organisation's copy of one source.

use std::fmt;
use std::str::FromStr;

use tripartite::id::SyncKey;

/// One organisation's records of one source, within a schema.
///
/// ```
/// use tripartite_postgres::store::Register;
/// let register: Register = "Ballybeg/federation".parse()?;
/// assert_eq!(register.to_string(), "Ballybeg/federation");
/// assert!("Ballybeg".parse::<Register>().is_err());
/// assert_eq!(Register::default().key(), None); // the unnamed one
/// # Ok::<(), tripartite_postgres::store::RegisterError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    key: Option<SyncKey>,
}

/// A text names no register.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected ORG/CONNECTOR, a slash within an id written as =2F and an equals sign as =3D, found `{0}`")]
pub struct RegisterError(String);

impl Register {
    /// The register of a key.
    pub fn of(key: &SyncKey) -> Self {
        Self { key: Some(key.clone()) }
    }

    /// Its key; the unnamed register has none.
    pub fn key(&self) -> Option<&SyncKey> {
        self.key.as_ref()
    }

    /// How it is stored. No key is empty.
    pub(super) fn name(&self) -> String {
        self.key.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}

/// As [`FromStr`] reads it; the unnamed register has a name here all the same.
impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => key.fmt(f),
            None => f.write_str("the unnamed register"),
        }
    }
}

impl FromStr for Register {
    type Err = RegisterError;

    fn from_str(text: &str) -> Result<Self, RegisterError> {
        text.parse().map(|key| Self::of(&key)).map_err(|_| RegisterError(text.to_owned()))
    }
}
