//! The audit key: HMAC-SHA256 (RFC 2104, FIPS 180-4) for the values of hashed fields.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::KeyedHash;

/// The key of the hashes in an audit. It is never printed, and its bytes are wiped when it is dropped.
///
/// It needs the feature `audit-key`.
pub struct AuditKey(Zeroizing<Vec<u8>>);

/// A key that is too short. It needs the feature `audit-key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an audit key has at least {} bytes, this one has {len}", AuditKey::SHORTEST)]
#[non_exhaustive]
pub struct WeakKey {
    /// Its length in bytes.
    pub len: usize,
}

impl AuditKey {
    /// The fewest bytes a key has (RFC 2104, section 3: no fewer than the hash is long).
    pub const SHORTEST: usize = 32;

    /// A key of random bytes, chosen once by the host. Another key gives other hashes.
    ///
    /// # Errors
    /// [`WeakKey`] when it has fewer than [`SHORTEST`](Self::SHORTEST) bytes.
    ///
    /// ```
    /// use tripartite::audit::{AuditKey, WeakKey};
    /// assert_eq!(AuditKey::new(b"ballybeg".to_vec()).unwrap_err().len, 8);
    /// // the key is never printed
    /// assert_eq!(format!("{:?}", AuditKey::new(vec![7; 32])?), "AuditKey(..)");
    /// # Ok::<(), WeakKey>(())
    /// ```
    pub fn new(bytes: Vec<u8>) -> Result<Self, WeakKey> {
        let bytes = Zeroizing::new(bytes);
        if bytes.len() < Self::SHORTEST { Err(WeakKey { len: bytes.len() }) } else { Ok(Self(bytes)) }
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditKey(..)")
    }
}

impl KeyedHash for AuditKey {
    fn hash(&self, message: &[u8]) -> [u8; 32] {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0);
        let mut mac = mac.expect("HMAC takes a key of any length (RFC 2104, section 2)");
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 6, whose key is long enough to be one here.
    #[test]
    fn the_hash_is_that_of_the_standard() {
        let key = AuditKey::new(vec![0xaa; 131]).unwrap();
        let hash = key.hash(b"Test Using Larger Than Block-Size Key - Hash Key First");
        let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digits, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }
}
