use std::fmt;
use std::str::FromStr;

use tripartite::id::SyncKey;

/// One organisation's records of one source, within a database; the unnamed one is that of a database for a single club.
///
/// ```
/// use tripartite_sql::Register;
/// let register: Register = "Ballybeg/federation".parse()?;
/// assert_eq!(register.to_string(), "Ballybeg/federation");
/// assert!("Ballybeg".parse::<Register>().is_err());
/// assert_eq!(Register::default().key(), None); // the unnamed one
/// # Ok::<(), tripartite_sql::RegisterError>(())
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

    /// Its key as a text, for a column; the unnamed register's is empty, and no key is.
    pub fn name(&self) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_no_register_is_refused() {
        for text in ["", "a", "a/", "/b", "a/b/c", "a=/b", "a=2/b", "a=zz/b", "a=ff/b", "a\n/b", "a=0a/b"] {
            assert_eq!(text.parse::<Register>(), Err(RegisterError(text.to_owned())), "{text}");
        }
    }
}
