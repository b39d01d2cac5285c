//! `migrate`: a server gets the tables of this version.

use serde_json::json;
use tripartite::drive::block_on;
use tripartite_postgres::format::FORMAT;
use tripartite_postgres::store::{Database, StoreError};

use crate::args::Target;
use crate::context::{Answer, Context, SUCCEEDED};
use crate::store::{ConnectionError, runtime};

/// Why there are no tables.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error("{db}: {error}")]
    Tables { db: String, error: StoreError },
}

pub(crate) fn execute(cx: &mut Context<'_>, target: &Target) -> Answer {
    let db = cx.db(target)?;
    let Some(server) = db.server() else {
        cx.console.report(format!("{db}: a file is brought up to date by the first run that writes"));
        return Ok(SUCCEEDED);
    };
    // A migration takes as long as it takes.
    let address = server.address().clone().patient();
    let pool = address.pool(&runtime()?).map_err(|error| Problem::Connection(error.into()))?;
    let migrated = block_on(Database::of(pool).in_schema(address.schema()).migrate());
    migrated.map_err(|error| Problem::Tables { db: db.to_string(), error })?;
    if cx.console.json {
        cx.console.print(json!({"database": db.to_string(), "schema": address.schema(), "format": FORMAT}));
    }
    cx.console.report(format!("{db}: the tables in schema {} have format {FORMAT}", address.schema()));
    Ok(SUCCEEDED)
}
