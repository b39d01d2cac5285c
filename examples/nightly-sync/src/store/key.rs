//! The key of the audit's hashes, which is kept beside the database and never in it.

use std::{env, fs};

use tripartite::audit::AuditKey;
use tripartite::schema::{Privacy, Schema};

use super::StoreError;

/// The environment variable that names the file with the key.
pub const AUDIT_KEY_FILE: &str = "NIGHTLY_SYNC_AUDIT_KEY_FILE";

/// The key, where the schema asks for hashes and somebody named a file. Without one, such fields are redacted.
pub(super) fn of(schema: &Schema) -> Result<Option<AuditKey>, StoreError> {
    let asked = schema.fields().iter().any(|field| field.privacy() == Privacy::Hashed);
    let Some(file) = env::var_os(AUDIT_KEY_FILE).filter(|file| asked && !file.is_empty()) else { return Ok(None) };
    let problem =
        |problem: &dyn ToString| StoreError::Key { file: file.display().to_string(), problem: problem.to_string() };
    let bytes = fs::read(&file).map_err(|error| problem(&error))?;
    AuditKey::new(bytes).map(Some).map_err(|error| problem(&error))
}
