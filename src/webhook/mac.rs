//! HMAC-SHA256 (RFC 2104, FIPS 180-4), and the comparison of codes in constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// The code of a message under a secret.
pub(super) type Tag = [u8; 32];

/// Computes the code of a message that is given in parts.
pub(super) fn mac(secret: &[u8], parts: &[&[u8]]) -> Tag {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length (RFC 2104, section 2)");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Whether one of the computed codes was sent. Every pair is compared in full, so the time does not depend on where
/// they differ.
pub(super) fn any_equal(computed: &[Tag], sent: &[Tag]) -> bool {
    let pairs =
        computed.iter().flat_map(|ours| sent.iter().map(move |theirs| ours.as_slice().ct_eq(theirs.as_slice())));
    pairs.fold(Choice::from(0), |found, equal| found | equal).into()
}
