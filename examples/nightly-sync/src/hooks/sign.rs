//! Signatures, by Standard Webhooks.

use tripartite::registry::Secret as Key;
use tripartite::webhook::{SigningSecret, Standard};
use tripartite_sources::http::Secret;

/// What signs messages.
///
/// # Errors
/// What is wrong with the secret.
pub fn signer(secret: &Secret) -> Result<Standard, String> {
    let key = SigningSecret::new(&Key::new(secret.read().map_err(|error| error.to_string())?));
    Standard::new([key.map_err(|error| error.to_string())?]).map_err(|error| error.to_string())
}
