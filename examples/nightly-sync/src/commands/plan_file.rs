//! Plans as files.

use std::path::Path;

use tripartite::plan::Plan;

use super::start::Request;
use crate::listing::{Origin, Remote};
use crate::output::{Inputs, Kind, Output, OutputError};

/// Why a plan is not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("the plan cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

/// Where a run may put its plan: none of the files that it reads.
pub(super) fn output(args: &Request, out: &Path) -> Result<Output, OutputError> {
    let mut inputs = Inputs::of(&args.db);
    if let Origin::File(Remote::File(listing) | Remote::Regular(listing), _) = &args.source.origin {
        inputs = inputs.and("the listing", listing);
    }
    if let Some(schema) = &args.schema {
        inputs = inputs.and("the schema", schema);
    }
    Output::new(Kind::Plan, out, &inputs)
}

/// Puts a plan into a file. It holds every value that it would write.
pub(super) fn write(out: &Output, plan: &Plan) -> Result<(), Problem> {
    out.write(|file| Ok(serde_json::to_writer(file, plan)?))
}
