//! The key of the audit's hashes, which is kept beside the database and never in it.

use std::{env, fs};

use tripartite::audit::AuditKey;
use tripartite::schema::{Privacy, Schema};

/// The environment variable that names the file with the key.
pub const AUDIT_KEY_FILE: &str = "NIGHTLY_SYNC_AUDIT_KEY_FILE";

/// The key of the audit's hashes cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the audit key in {file} cannot be used: {problem}")]
pub struct KeyError {
    /// The file.
    pub file: String,
    /// Why.
    pub problem: String,
}

/// The key, where the schema asks for hashes and somebody named a file. Without one, such fields are redacted.
///
/// # Errors
/// [`KeyError`], when the file cannot be read, or holds no key.
pub fn of(schema: &Schema) -> Result<Option<AuditKey>, KeyError> {
    let asked = schema.fields().iter().any(|field| field.privacy() == Privacy::Hashed);
    let Some(file) = env::var_os(AUDIT_KEY_FILE).filter(|file| asked && !file.is_empty()) else { return Ok(None) };
    let problem = |problem: &dyn ToString| KeyError { file: file.display().to_string(), problem: problem.to_string() };
    let bytes = fs::read(&file).map_err(|error| problem(&error))?;
    AuditKey::new(bytes).map(Some).map_err(|error| problem(&error))
}
