//! The endpoints of a file.
//!
//! ```json
//! {
//!   "endpoints": [
//!     {
//!       "key": "ballybeg/federation",
//!       "secrets": ["env:FEDERATION_SECRET", "file:/run/secrets/federation-old"],
//!       "shape": {
//!         "type": "/type",
//!         "id": "/data/id",
//!         "changes": {"member.created": "created", "member.updated": "updated", "member.deleted": "deleted"}
//!       },
//!       "per_minute": 100
//!     }
//!   ],
//!   "status_token": "env:STATUS_TOKEN"
//! }
//! ```
//!
//! Without `hex_header`, requests are signed by Standard Webhooks; with it, by hex digits of an HMAC-SHA256 over the body
//! in that header. Of several secrets any may sign, so one can be replaced without a gap. A secret is never in the file
//! itself.
//!
//! `GET /status` is answered to whoever sends `Authorization: Bearer` with the status token; without one in the file there is
//! no such address.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;
use std::{env, fs, io};

use nightly_sync::store::Register;
use serde::Deserialize;
use tripartite::id::{PolicyRef, SyncKey};
use tripartite::rate::RateLimit;
use tripartite::registry::{Secret, SecretRef};
use tripartite::webhook::{Endpoint, Hex, SecretError, Shape, SigningSecret, Standard, Verifier};

/// The largest body, unless the file says otherwise.
const CAP: usize = 256 * 1024;
/// How many messages a minute, unless the file says otherwise.
const PER_MINUTE: NonZeroU32 = NonZeroU32::new(100).expect("100 is not 0");
/// What a person can remember is guessed.
const MIN_TOKEN: usize = 16;

/// What a file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    endpoints: Vec<WrittenEndpoint>,
    #[serde(default)]
    status_token: Option<SecretRef>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEndpoint {
    key: String,
    secrets: Vec<SecretRef>,
    #[serde(default)]
    hex_header: Option<String>,
    shape: Shape,
    #[serde(default)]
    per_minute: Option<NonZeroU32>,
    #[serde(default)]
    burst: Option<NonZeroU32>,
    #[serde(default)]
    tolerance_seconds: Option<u64>,
    #[serde(default)]
    cap: Option<usize>,
    #[serde(default)]
    policy: Option<PolicyRef>,
}

/// An endpoint, and how much of a body is read for it.
#[derive(Debug)]
pub struct Served {
    /// Where the requests go.
    pub endpoint: Endpoint,
    /// The largest body, in bytes.
    pub cap: usize,
    /// How many messages are taken in a minute.
    pub per_minute: NonZeroU32,
}

/// What a server serves.
#[derive(Debug)]
pub struct Config {
    /// Who may send what.
    pub endpoints: Endpoints,
    /// What whoever asks for the status must send; none, and nobody is told.
    pub status_token: Option<Secret>,
}

/// The endpoints, by their keys.
pub type Endpoints = BTreeMap<SyncKey, Served>;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{file}: {error}")]
    Io {
        /// The file.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// It is not what was expected.
    #[error("{file}: {problem}")]
    Form {
        /// The file.
        file: String,
        /// Where, and what.
        problem: String,
    },
    /// An endpoint's key is none.
    #[error("endpoint {number}: key: {problem}")]
    Key {
        /// Which endpoint, from 1.
        number: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Two endpoints have one key.
    #[error("endpoint {number}: {key} has one already")]
    Twice {
        /// Which endpoint, from 1.
        number: usize,
        /// The key.
        key: String,
    },
    /// A secret is not where it is said to be.
    #[error("{key}: the secret {reference} cannot be read: {problem}")]
    Secret {
        /// The endpoint.
        key: String,
        /// Where it was looked for.
        reference: String,
        /// What is wrong.
        problem: String,
    },
    /// A secret cannot be used.
    #[error("{key}: {error}")]
    Unusable {
        /// The endpoint.
        key: String,
        /// Why.
        error: SecretError,
    },
    /// There is a tolerance where no time is signed.
    #[error("{key}: tolerance_seconds: with hex_header no time is signed, so none can be checked")]
    Timeless {
        /// The endpoint.
        key: String,
    },
    /// Two endpoints have one secret.
    #[error("{key}: {other} has one of its secrets; what is signed for one of them would pass at the other")]
    Shared {
        /// An endpoint.
        key: String,
        /// One before it.
        other: String,
    },
}

/// Reads a file, and the secrets it refers to.
///
/// # Errors
/// [`ConfigError`], which says where and what was expected, and never repeats a secret.
pub fn read(file: &Path) -> Result<Config, ConfigError> {
    let name = || file.display().to_string();
    let text = fs::read_to_string(file).map_err(|error| ConfigError::Io { file: name(), error })?;
    let written: Written =
        serde_json::from_str(&text).map_err(|error| ConfigError::Form { file: name(), problem: problem(&error) })?;
    if written.endpoints.is_empty() {
        return Err(ConfigError::Form { file: name(), problem: "endpoints: expected at least one".to_owned() });
    }
    let status_token = written.status_token.as_ref().map(status_token).transpose()?;
    let (mut endpoints, mut taken) = (Endpoints::new(), Vec::<(SyncKey, Secret)>::new());
    for (at, written) in written.endpoints.into_iter().enumerate() {
        let number = at + 1;
        let register: Register =
            written.key.parse().map_err(|error| ConfigError::Key { number, problem: format!("{error}") })?;
        let key = register
            .key()
            .cloned()
            .ok_or_else(|| ConfigError::Key { number, problem: "expected ORG/CONNECTOR".to_owned() })?;
        let (served, secrets) = endpoint(&key, written)?;
        for secret in secrets {
            match taken.iter().find(|(other, known)| *other != key && known.expose() == secret.expose()) {
                Some((other, _)) => {
                    return Err(ConfigError::Shared { key: key.to_string(), other: other.to_string() });
                }
                None => taken.push((key.clone(), secret)),
            }
        }
        if endpoints.insert(key, served).is_some() {
            return Err(ConfigError::Twice { number, key: register.to_string() });
        }
    }
    Ok(Config { endpoints, status_token })
}

fn status_token(reference: &SecretRef) -> Result<Secret, ConfigError> {
    let token = resolve("status_token", reference)?;
    if token.expose().len() >= MIN_TOKEN {
        return Ok(token);
    }
    let problem = format!("a token has at least {MIN_TOKEN} bytes");
    Err(ConfigError::Secret { key: "status_token".to_owned(), reference: reference.to_string(), problem })
}

/// What is wrong with a file. Messages on wrong types quote what they found, and that may be a secret in a wrong place.
fn problem(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.split_once(", expected ") {
        Some((quoting, expected)) if quoting.starts_with("invalid ") => format!("expected {expected}"),
        _ => message,
    }
}

fn endpoint(key: &SyncKey, written: WrittenEndpoint) -> Result<(Served, Vec<Secret>), ConfigError> {
    let unusable = |error| ConfigError::Unusable { key: key.to_string(), error };
    let secrets = written.secrets.iter().map(|reference| resolve(&key.to_string(), reference));
    let secrets: Vec<Secret> = secrets.collect::<Result<_, _>>()?;
    let verifier: Verifier = match &written.hex_header {
        Some(_) if written.tolerance_seconds.is_some() => return Err(ConfigError::Timeless { key: key.to_string() }),
        Some(header) => Hex::new(header, secrets.iter().map(copied)).map_err(unusable)?.into(),
        None => {
            let secrets: Result<Vec<_>, _> = secrets.iter().map(SigningSecret::new).collect();
            let standard = Standard::new(secrets.map_err(unusable)?).map_err(unusable)?;
            match written.tolerance_seconds {
                Some(seconds) => standard.tolerance(Duration::from_secs(seconds)).into(),
                None => standard.into(),
            }
        }
    };
    let per_minute = written.per_minute.unwrap_or(PER_MINUTE);
    let mut limit = RateLimit::new(per_minute, Duration::from_secs(60)).burst(per_minute);
    if let Some(burst) = written.burst {
        limit = limit.burst(burst);
    }
    let cap = written.cap.unwrap_or(CAP);
    let policy = written.policy.unwrap_or_else(|| nightly_sync::work::policy(None));
    let endpoint = Endpoint::new(key.clone(), policy, verifier, written.shape).limit(limit).cap(cap);
    Ok((Served { endpoint, cap, per_minute }, secrets))
}

fn copied(secret: &Secret) -> Secret {
    Secret::new(secret.expose().to_vec())
}

/// Gets a secret from where it is kept.
fn resolve(key: &str, reference: &SecretRef) -> Result<Secret, ConfigError> {
    let problem =
        |problem: String| ConfigError::Secret { key: key.to_string(), reference: reference.to_string(), problem };
    match reference.parts() {
        ("env", name) => match env::var(name) {
            Ok(secret) => Ok(Secret::new(secret)),
            Err(env::VarError::NotPresent) => Err(problem("there is no such variable".to_owned())),
            Err(env::VarError::NotUnicode(_)) => Err(problem("it is not UTF-8".to_owned())),
        },
        ("file", path) => match fs::read(path) {
            Ok(bytes) => Ok(Secret::new(bytes.trim_ascii().to_vec())),
            Err(error) => Err(problem(error.to_string())),
        },
        // What it names is not repeated: it may be the secret itself.
        (kind, _) => {
            let problem = "expected env: or file:".to_owned();
            Err(ConfigError::Secret { key: key.to_string(), reference: format!("{kind}:..."), problem })
        }
    }
}
