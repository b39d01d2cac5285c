//! The command line of the stored schema.

use std::ffi::OsString;

use super::UsageError;
use super::options::{Options, register, remote};
use crate::listing::Remote;
use crate::store::{Place, Register};

/// Which schema to print, and what to add to it.
#[derive(Debug)]
pub struct SchemaArgs {
    /// The database.
    pub db: Place,
    /// Which of its registers.
    pub register: Register,
    /// A listing whose fields are added, where the schema does not have them.
    pub remote: Option<Remote>,
    /// Whether the result is stored.
    pub add: bool,
}

pub(super) fn schema(args: Vec<OsString>) -> Result<SchemaArgs, UsageError> {
    let mut args = Options::of("schema", args, &["--add"])?;
    let schema = SchemaArgs {
        db: args.db()?,
        register: register(args.text("--key")?)?,
        add: args.flag("--add"),
        remote: args.take("--remote").map(remote),
    };
    args.finish()?;
    if schema.add && schema.remote.is_none() {
        return Err(UsageError("schema: --add needs --remote, the listing that has the new fields".to_owned()));
    }
    Ok(schema)
}
