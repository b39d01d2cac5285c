//! Credentials: where a secret is kept, and the value that holds it while it is used.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
#[cfg(feature = "webhook")]
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The most bytes a reference may have.
const MAX_LEN: usize = 256;

/// Where a credential is kept: `env:FEDERATION_TOKEN`, `file:/run/secrets/federation`, `vault:clubs/ballybeg#token`.
/// The host knows what that means.
///
/// The form is strict, so that a credential itself hardly ever passes for a reference; and an error never repeats the
/// text, because it may be one.
///
/// ```
/// use tripartite::registry::{SecretRef, SecretRefError};
/// assert_eq!(SecretRef::new("env:FEDERATION_TOKEN")?.parts(), ("env", "FEDERATION_TOKEN"));
/// let pasted = SecretRef::new("sk_live_51Hh2").map_err(|error| error.to_string());
/// assert_eq!(
///     pasted,
///     Err("a reference to a secret is a kind, a colon and a name, such as env:TOKEN".into())
/// );
/// # Ok::<(), SecretRefError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SecretRef(Box<str>);

/// Why a text cannot be a reference to a secret.
///
/// [`SecretRef::new`] has an example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretRefError {
    /// It does not begin with a kind in small letters, and a colon.
    #[error("a reference to a secret is a kind, a colon and a name, such as env:TOKEN")]
    Kind,
    /// The name is empty, or has other characters than letters, digits and `_ - . / : #`.
    #[error("the name of a secret has letters, digits and _ - . / : # only, and at least one")]
    Name,
    /// It is too long.
    #[error("a reference to a secret has at most {MAX_LEN} bytes, this one has {len}")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
}

impl SecretRef {
    /// Checks a text and makes it a reference.
    ///
    /// ```
    /// use tripartite::registry::{SecretRef, SecretRefError};
    /// assert_eq!(SecretRef::new("Bearer:abc"), Err(SecretRefError::Kind)); // a capital letter
    /// assert_eq!(SecretRef::new("env:P@ss"), Err(SecretRefError::Name));
    /// ```
    ///
    /// # Errors
    /// [`SecretRefError`] when the text is not a kind of small letters, a colon and a name, or longer than 256 bytes.
    pub fn new(text: impl Into<Box<str>>) -> Result<Self, SecretRefError> {
        let text = text.into();
        let (kind, name) = text.split_once(':').ok_or(SecretRefError::Kind)?;
        let named = |c: char| c.is_ascii_alphanumeric() || "_-./:#".contains(c);
        if kind.is_empty() || !kind.bytes().all(|byte| byte.is_ascii_lowercase()) {
            Err(SecretRefError::Kind)
        } else if name.is_empty() || !name.chars().all(named) {
            Err(SecretRefError::Name)
        } else if text.len() > MAX_LEN {
            Err(SecretRefError::TooLong { len: text.len() })
        } else {
            Ok(Self(text))
        }
    }

    /// The reference as text.
    ///
    /// ```
    /// use tripartite::registry::SecretRef;
    /// assert_eq!(SecretRef::new("file:/run/secrets/a:b")?.as_str(), "file:/run/secrets/a:b");
    /// # Ok::<(), tripartite::registry::SecretRefError>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind and the name, which the first colon divides.
    ///
    /// ```
    /// use tripartite::registry::SecretRef;
    /// assert_eq!(
    ///     SecretRef::new("file:/run/secrets/a:b")?.parts(),
    ///     ("file", "/run/secrets/a:b")
    /// );
    /// # Ok::<(), tripartite::registry::SecretRefError>(())
    /// ```
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once(':').unwrap_or(("", ""))
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A credential, for as long as it is used.
///
/// `Debug` shows that it is one and nothing else. It is wiped from memory when it is dropped. With the feature `webhook`
/// it is compared, in constant time: only its length can be told from the time. There is no `Display`, no `Serialize` and no `Clone`:
///
/// ```
/// use tripartite::registry::Secret;
/// let secret = Secret::new("hunter2");
/// assert_eq!(format!("{secret:?}"), "Secret");
/// assert_eq!(secret.expose(), b"hunter2");
/// assert!(secret == Secret::new("hunter2") && secret != Secret::new("hunter"));
/// ```
///
/// ```compile_fail
/// println!("{}", tripartite::registry::Secret::new("hunter2"));
/// ```
///
/// ```compile_fail
/// serde_json::to_string(&tripartite::registry::Secret::new("hunter2")).unwrap();
/// ```
///
/// ```compile_fail
/// tripartite::registry::Secret::new("hunter2").clone();
/// ```
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes over a credential. What was given is not copied; copies that were made before are the caller's.
    ///
    /// [`Secret`] has an example.
    pub fn new(secret: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// The credential. This is the only way to it, so that a search for the word finds every place that sees one.
    ///
    /// ```
    /// use tripartite::registry::Secret;
    /// let key = Secret::new([0xff, 0x00]); // any bytes, not only text
    /// assert_eq!(key.expose(), [0xff, 0x00]);
    /// ```
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(feature = "webhook")]
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

#[cfg(feature = "webhook")]
impl Eq for Secret {}
