//! Fingerprints: whether something is what it was the last time, in 16 bytes.

use std::fmt;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_128, xxh3_128_with_seed};

/// A hash of a record's fields, for telling "the same as last time" without keeping the last time.
///
/// [XXH3] with 128 bits, big-endian: not for secrets, and with a million records the chance that one change goes unseen
/// is below 10⁻²⁵. Two records with equal fields have equal fingerprints on every machine.
///
/// ```
/// use tripartite::value::{RecordBuilder, Value};
/// let mut row = RecordBuilder::new(1);
/// row.set(0, &Value::from("Seán"))?;
/// let row = row.finish();
/// // 32 hexadecimal digits and back
/// assert_eq!(row.fingerprint().to_string().parse(), Ok(row.fingerprint()));
/// # Ok::<(), tripartite::value::RecordError>(())
/// ```
///
/// [XXH3]: https://xxhash.com
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// Of plain bytes.
    ///
    /// ```
    /// use tripartite::value::Fingerprint;
    /// // As `xxhsum -H2` prints it.
    /// assert_eq!(Fingerprint::of(b"").to_string(), "99aa06d3014798d86001c324468d497f");
    /// ```
    pub fn of(bytes: &[u8]) -> Self {
        Self(xxh3_128(bytes).to_be_bytes())
    }

    /// Of a row's head and payload.
    pub(super) fn of_row(head: &[u8], payload: &[u8]) -> Self {
        Self(xxh3_128_with_seed(payload, xxh3_64(head)).to_be_bytes())
    }

    /// The same, of a row whose first word is another one than what is hashed.
    pub(super) fn of_row_in_parts(first: [u8; 4], rest: &[u8], payload: &[u8]) -> Self {
        let mut head = Xxh3::new();
        head.update(&first);
        head.update(rest);
        Self(xxh3_128_with_seed(payload, head.digest()).to_be_bytes())
    }

    /// Of what this is of, together with a number.
    pub(crate) fn with(self, number: u64) -> Self {
        Self(xxh3_128_with_seed(&self.0, number).to_be_bytes())
    }

    /// The bytes, for a store that keeps them in 16.
    ///
    /// ```
    /// use tripartite::value::Fingerprint;
    /// // The most significant byte comes first, so bytes and text sort alike.
    /// assert_eq!(Fingerprint::of(b"").to_bytes()[..2], [0x99, 0xaa]);
    /// ```
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Back from the bytes.
    ///
    /// ```
    /// use tripartite::value::Fingerprint;
    /// let seen = Fingerprint::of("Seán".as_bytes());
    /// assert_eq!(Fingerprint::from_bytes(seen.to_bytes()), seen);
    /// ```
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

/// A text is no fingerprint; one that is cut off could be the beginning of several.
///
/// ```
/// use tripartite::value::{Fingerprint, InvalidFingerprint};
/// let text = Fingerprint::of(b"").to_string();
/// assert_eq!(text[..31].parse::<Fingerprint>(), Err(InvalidFingerprint));
/// assert_eq!(text.to_uppercase().parse::<Fingerprint>(), Ok(Fingerprint::of(b"")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {DIGITS} hexadecimal digits")]
pub struct InvalidFingerprint;

const DIGITS: usize = 32;
const HEX: [u8; 16] = *b"0123456789abcdef";

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let digits = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bits = digits.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        bits.map(|bits| Self(bits.to_be_bytes())).ok_or(InvalidFingerprint)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Every op of a plan has two of them, and formatting machinery would take longer than the rest of it.
        let mut text = [0; DIGITS];
        for (digits, byte) in text.as_chunks_mut().0.iter_mut().zip(self.0) {
            *digits = [byte >> 4, byte & 0xF].map(|digit| HEX[usize::from(digit)]);
        }
        serializer.serialize_str(std::str::from_utf8(&text).expect("hexadecimal digits are ASCII"))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn it_is_serialised_as_it_is_displayed() {
        for print in
            [Fingerprint::default(), Fingerprint::of(b""), Fingerprint::from_bytes(*b"\x01\xf0 23456789abcd\xff")]
        {
            assert_eq!(serde_json::to_value(print).unwrap(), print.to_string());
        }
    }
}
