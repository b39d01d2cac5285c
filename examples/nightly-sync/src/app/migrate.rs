//! `migrate`: a server gets the tables of this version.

use tripartite::drive::block_on;
use tripartite_postgres::format::{self, FORMAT, FormatError};

use super::{SUCCEEDED, failed};
use crate::store::{ConnectionError, Place, runtime};
use crate::term::Console;

/// Why there are no tables.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error("{db}: {error}")]
    Format { db: String, error: FormatError },
}

pub(super) fn migrate(console: &mut Console, db: &Place) -> u8 {
    match made(console, db) {
        Ok(()) => SUCCEEDED,
        Err(error) => failed(console, &error),
    }
}

fn made(console: &mut Console, db: &Place) -> Result<(), Problem> {
    let Place::Server(server) = db else {
        console.print(format!("{db}: a file is brought up to date by the first run that writes"));
        return Ok(());
    };
    // A migration takes as long as it takes.
    let address = server.address().clone().patient();
    let pool = address.pool(&runtime()?).map_err(ConnectionError::from)?;
    let migrated = block_on(format::migrate(&pool, address.schema()));
    migrated.map_err(|error| Problem::Format { db: db.to_string(), error })?;
    console.print(format!("{db}: the tables in schema {} have format {FORMAT}", address.schema()));
    Ok(())
}
