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
//!   ]
//! }
//! ```
//!
//! Without `hex_header`, requests are signed by Standard Webhooks; with it, by hex digits of an HMAC-SHA256 over the body
//! in that header. Of several secrets any may sign, so one can be replaced without a gap. A secret is never in the file
//! itself.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;
use std::{env, fs, io};

use nightly_sync::store::Register;
use serde::Deserialize;
use tripartite::id::{PolicyRef, SyncKey};
use tripartite::rate::Limit;
use tripartite::registry::{Secret, SecretRef};
use tripartite::webhook::{Endpoint, Hex, SecretError, Shape, SigningSecret, Standard, Verifier};

/// The largest body, unless the file says otherwise.
const CAP: usize = 256 * 1024;

/// What a file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    endpoints: Vec<WrittenEndpoint>,
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
}

/// Reads a file, and the secrets it refers to.
///
/// # Errors
/// [`ConfigError`], which says where and what was expected, and never repeats a secret.
pub fn read(file: &Path) -> Result<Endpoints, ConfigError> {
    let name = || file.display().to_string();
    let text = fs::read_to_string(file).map_err(|error| ConfigError::Io { file: name(), error })?;
    let written: Written =
        serde_json::from_str(&text).map_err(|error| ConfigError::Form { file: name(), problem: error.to_string() })?;
    let mut endpoints = Endpoints::new();
    for (at, written) in written.endpoints.into_iter().enumerate() {
        let number = at + 1;
        let register: Register =
            written.key.parse().map_err(|error| ConfigError::Key { number, problem: format!("{error}") })?;
        let key = register
            .key()
            .cloned()
            .ok_or_else(|| ConfigError::Key { number, problem: "expected ORG/CONNECTOR".to_owned() })?;
        let served = endpoint(&key, written)?;
        if endpoints.insert(key, served).is_some() {
            return Err(ConfigError::Twice { number, key: register.to_string() });
        }
    }
    Ok(endpoints)
}

fn endpoint(key: &SyncKey, written: WrittenEndpoint) -> Result<Served, ConfigError> {
    let unusable = |error| ConfigError::Unusable { key: key.to_string(), error };
    let secrets = written.secrets.iter().map(|reference| resolve(key, reference));
    let secrets: Vec<Secret> = secrets.collect::<Result<_, _>>()?;
    let verifier: Verifier = match &written.hex_header {
        Some(header) => Hex::new(header, secrets).map_err(unusable)?.into(),
        None => {
            let secrets: Result<Vec<_>, _> = secrets.iter().map(SigningSecret::new).collect();
            let standard = Standard::new(secrets.map_err(unusable)?).map_err(unusable)?;
            match written.tolerance_seconds {
                Some(seconds) => standard.tolerance(Duration::from_secs(seconds)).into(),
                None => standard.into(),
            }
        }
    };
    let mut limit = Limit::default();
    if let Some(count) = written.per_minute {
        limit = Limit::new(count, Duration::from_secs(60)).burst(count);
    }
    if let Some(burst) = written.burst {
        limit = limit.burst(burst);
    }
    let cap = written.cap.unwrap_or(CAP);
    let policy = written.policy.unwrap_or_else(|| nightly_sync::work::policy(None));
    let endpoint = Endpoint::new(key.clone(), policy, verifier, written.shape).limit(limit).cap(cap);
    Ok(Served { endpoint, cap })
}

/// Gets a secret from where it is kept.
fn resolve(key: &SyncKey, reference: &SecretRef) -> Result<Secret, ConfigError> {
    let problem = |problem: String| {
        let (kind, name) = reference.parts();
        ConfigError::Secret { key: key.to_string(), reference: format!("{kind}:{name}"), problem }
    };
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
        (kind, _) => Err(problem(format!("expected env: or file:, found {kind}:"))),
    }
}
