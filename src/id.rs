//! Ids: of records, organisations, connectors, runs and workers.
//!
//! Every id is a newtype built by a checking constructor and compared **exactly**, byte for byte: `"00042"` and
//! `"42"` are two members, and so are `"a1"` and `"A1"`. A register that means otherwise says so by sending one
//! spelling.
//!
//! | text | accepted as an id |
//! |---|---|
//! | `"FED-10042"` | yes |
//! | `" 42"` | yes, and different from `"42"` |
//! | `""` | no: [`IdError::Empty`] |
//! | `"a\nb"` | no: [`IdError::Control`], ids stand in logs, one to a line |
//! | 513 letters | no: [`IdError::TooLong`], an id is a key in somebody's index |
//!
//! **Why is nothing trimmed, folded or composed?** Because two records made one are worse than one made two: the first
//! mixes two people's data and cannot be taken apart, the second shows as one record too many. Canonical forms are for
//! [values](crate::normalize), which are compared; an id is looked up.
//!
//! **What does an id cost?** Sixteen bytes on most machines, which hold a text of up to fifteen in place; a longer one is
//! shared, so that a clone copies no text.
//!
//! **Why a type for each, when all are texts?** A call that takes a [`LocalId`] for an [`ExternalId`] does not compile. Each
//! reads from serde and from [`str::parse`] by the same check, so there is no way around it.

pub(crate) mod escape;
mod incarnation;

use std::borrow::Borrow;
use std::fmt;

use ecow::EcoString;
use serde::{Deserialize, Deserializer, Serialize};

pub use incarnation::{INCARNATION_LEN, Incarnation, NotRandom};

/// The most bytes an id may have.
pub const MAX_ID_LEN: usize = 512;

/// Why a text cannot be an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// The text is empty.
    #[error("an id must not be empty")]
    Empty,
    /// The text is longer than [`MAX_ID_LEN`] bytes.
    #[error("an id has at most {MAX_ID_LEN} bytes, this one has {len}")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// The text holds a control character.
    #[error("an id must not hold a control character, this one has one at byte {at}")]
    Control {
        /// Where, in bytes.
        at: usize,
    },
}

fn check(text: &str) -> Result<(), IdError> {
    match text {
        "" => Err(IdError::Empty),
        _ if text.len() > MAX_ID_LEN => Err(IdError::TooLong { len: text.len() }),
        // All that are not ASCII begin with this byte.
        _ if !text.bytes().any(|byte| byte.is_ascii_control() || byte == 0xC2) => Ok(()),
        _ => match text.find(char::is_control) {
            Some(at) => Err(IdError::Control { at }),
            None => Ok(()),
        },
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(EcoString);

        impl $name {
            /// Checks a text and makes it an id.
            ///
            /// # Errors
            /// [`IdError`] when the text is empty, longer than [`MAX_ID_LEN`] bytes or holds a control character
            /// (Unicode category Cc).
            ///
            /// ```
            #[doc = concat!("use tripartite::id::{IdError, MAX_ID_LEN, ", stringify!($name), "};")]
            #[doc = concat!("assert_eq!(", stringify!($name), "::new(\"a\\nb\"), Err(IdError::Control { at: 1 }));")]
            /// // The limit is in bytes, not characters.
            #[doc = concat!("assert!(", stringify!($name), "::new(\"é\".repeat(MAX_ID_LEN / 2)).is_ok());")]
            #[doc = concat!("assert!(", stringify!($name), "::new(\"é\".repeat(MAX_ID_LEN)).is_err());")]
            /// ```
            pub fn new(text: impl AsRef<str>) -> Result<Self, IdError> {
                let text = text.as_ref();
                check(text).map(|()| Self(text.into()))
            }

            /// The text of the id, exactly as it was given.
            ///
            /// ```
            #[doc = concat!("use tripartite::id::", stringify!($name), ";")]
            #[doc = concat!("assert_eq!(", stringify!($name), "::new(\" Á1\")?.as_str(), \" Á1\"); // untrimmed")]
            /// # Ok::<(), tripartite::id::IdError>(())
            /// ```
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = EcoString::deserialize(deserializer)?;
                check(&text).map(|()| Self(text)).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// What the source calls a record; the only key a record is matched by without a rule.
    ///
    /// ```
    /// use tripartite::id::{ExternalId, IdError};
    /// assert_ne!(ExternalId::new("42")?, ExternalId::new("042")?);
    /// assert_eq!(ExternalId::new(""), Err(IdError::Empty));
    /// # Ok::<(), IdError>(())
    /// ```
    ExternalId;
    /// The host's id of its own record: the text form of its key.
    LocalId;
    /// An organisation whose records are kept in step.
    OrgId;
    /// A connection to one source.
    ConnectorId;
    /// A worker, as people call it. Two may have the same; an [`Incarnation`] tells them apart.
    WorkerId;
    /// One delivery of a command, so that a second delivery is recognised.
    CommandId;
    /// Chosen anew for each claim.
    Nonce;
    /// Which policy a job runs under, in the host's own terms: a name, or a policy's fingerprint.
    PolicyRef;
    /// One run of a sync; the host chooses it, audit entries carry it.
    RunId;
    /// Who answered for a record, in the host's own terms: a name, or an account.
    PersonId;
}

/// The key of all work: one organisation's copy of one source.
///
/// As text it is `ORG/CONNECTOR`. Inside either, a slash is written `=2F` and an equals sign `=3D`, so that two keys never
/// have one text. An equals sign and two hexadecimal digits are read as the byte that they stand for.
///
/// ```
/// use tripartite::id::{ConnectorId, OrgId, SyncKey, SyncKeyError};
/// let key: SyncKey = "ballybeg-gaa/federation".parse()?;
/// assert_eq!((key.org.as_str(), key.connector.as_str()), ("ballybeg-gaa", "federation"));
///
/// let key =
///     SyncKey { org: OrgId::new("a/b")?, connector: ConnectorId::new("c=d")? };
/// assert_eq!(key.to_string(), "a=2Fb/c=3Dd");
/// assert_eq!(key.to_string().parse(), Ok(key));
/// assert_eq!("a/b/c".parse::<SyncKey>(), Err(SyncKeyError::Parts { found: 3 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// This struct is exhaustive: keys of stored records are made of these two parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SyncKey {
    /// Whose records.
    pub org: OrgId,
    /// From which source.
    pub connector: ConnectorId,
}

impl fmt::Display for SyncKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [org, connector] = [self.org.as_str(), self.connector.as_str()].map(|id| escape::escaped(id, |c| c != '/'));
        write!(f, "{org}/{connector}")
    }
}

/// Why a text is not the text of a [`SyncKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyncKeyError {
    /// It is not two ids with one slash between them.
    #[error("a key is ORG/CONNECTOR, with one slash; this text has {found} parts")]
    Parts {
        /// How many parts the slashes make of it.
        found: usize,
    },
    /// An equals sign does not lead two hexadecimal digits, or they are not text.
    #[error(
        "inside a key a slash is written =2F and an equals sign =3D; this text has an equals sign that leads no byte"
    )]
    Escape,
    /// A part is not an id.
    #[error("a part of a key is not an id: {0}")]
    Id(IdError),
}

impl std::str::FromStr for SyncKey {
    type Err = SyncKeyError;

    fn from_str(text: &str) -> Result<Self, SyncKeyError> {
        let parts: Vec<&str> = text.split('/').collect();
        let [org, connector] = parts[..] else { return Err(SyncKeyError::Parts { found: parts.len() }) };
        let unescaped = |part| escape::unescaped(part).ok_or(SyncKeyError::Escape);
        let org = OrgId::new(unescaped(org)?).map_err(SyncKeyError::Id)?;
        let connector = ConnectorId::new(unescaped(connector)?).map_err(SyncKeyError::Id)?;
        Ok(Self { org, connector })
    }
}
