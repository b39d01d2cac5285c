//! The secrets that sign messages: how they are read, and how long they must be.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::registry::Secret;

/// 192 bits, the least the specification allows.
const LEAST: usize = 24;
/// 512 bits, the most.
const MOST: usize = 64;
/// 128 bits: too many keys to try them all.
const LEAST_RAW: usize = 16;
/// The prefix of a Standard Webhooks secret.
const PREFIX: &[u8] = b"whsec_";

/// Secrets come from people and files, with padding or without.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a secret cannot be used. The error never repeats the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// It is not base64, in the standard alphabet.
    #[error("a signing secret is base64, after an optional whsec_")]
    Base64,
    /// It is too short to be safe, or empty.
    #[error("a signing secret has at least {least} bytes, this one has {len}")]
    Short {
        /// The least number of bytes.
        least: usize,
        /// What it has, decoded.
        len: usize,
    },
    /// It is longer than the specification allows, so it is probably not a signing secret.
    #[error("a signing secret has at most {MOST} bytes, this one has {len}")]
    Long {
        /// What it has, decoded.
        len: usize,
    },
    /// There is no secret.
    #[error("at least one secret is needed to check signatures")]
    None,
    /// The name cannot be the name of a header.
    #[error("the name of a header has letters, digits and - _ only, and at least one")]
    Header,
}

/// A signing secret of Standard Webhooks 1.0.0: 24 to 64 bytes, written in base64 after `whsec_`.
///
/// The prefix, the padding and the white space around it may be missing. It is wiped when it is dropped, and neither
/// prints nor clones, like the [`Secret`] it was read from.
///
/// ```
/// use tripartite::registry::Secret;
/// use tripartite::webhook::{SecretError, SigningSecret};
/// let secret = SigningSecret::new(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))?;
/// assert_eq!(format!("{secret:?}"), "SigningSecret");
/// let short = SigningSecret::new(&Secret::new("whsec_aHVudGVyMg==")).err(); // hunter2
/// assert_eq!(short, Some(SecretError::Short { least: 24, len: 7 }));
/// # Ok::<(), SecretError>(())
/// ```
pub struct SigningSecret(Secret);

impl SigningSecret {
    /// Reads a secret in the form in which a sender shows it.
    ///
    /// # Errors
    /// [`SecretError`] when it is not base64, or does not have 24 to 64 bytes.
    pub fn new(written: &Secret) -> Result<Self, SecretError> {
        let text = written.expose().trim_ascii();
        let text = text.strip_prefix(PREFIX).unwrap_or(text);
        let mut bytes = Zeroizing::new(LENIENT.decode(text).map_err(|_| SecretError::Base64)?);
        match bytes.len() {
            len if len < LEAST => Err(SecretError::Short { least: LEAST, len }),
            len if len > MOST => Err(SecretError::Long { len }),
            _ => Ok(Self(Secret::new(std::mem::take(&mut *bytes)))),
        }
    }

    pub(super) fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret")
    }
}

/// Checks a secret whose bytes are the key without decoding.
pub(super) fn raw(secret: Secret) -> Result<Secret, SecretError> {
    let len = secret.expose().len();
    if len < LEAST_RAW { Err(SecretError::Short { least: LEAST_RAW, len }) } else { Ok(secret) }
}
