//! Nights of the host: timed in a process of their own, and looked at for their memory in this one.

#[path = "lines.rs"]
mod lines;

use std::fs;
use std::path::Path;

use tokio::runtime::Handle;
use tripartite::drive::{block_on, drive_blocking};
use tripartite::run::{Run, RunOutcome};
use tripartite::schema::{Policy, Schema};
use tripartite_postgres::pool::Pool;
use tripartite_postgres::store::{Database, PostgresStore};
use tripartite_postgres::tokio_postgres::{Client, Config, Error, NoTls};
use tripartite_sql::Settings;

use self::lines::Lines;

pub(crate) type Problem = Box<dyn std::error::Error>;

/// The host: its store, and runs of it.
pub(crate) struct Host {
    schema: Schema,
    store: PostgresStore,
}

impl Host {
    pub(crate) fn new(runtime: &Handle, address: &str, schema: &Path) -> Result<Self, Problem> {
        let schema: Schema = serde_json::from_str(&fs::read_to_string(schema)?)?;
        let settings = Settings { schema: schema.clone(), id_field: "id".to_owned() };
        let database = Database::of(Pool::on(runtime, address)?);
        let store = block_on(PostgresStore::new(database, settings))?;
        Ok(Self { schema, store })
    }

    pub(crate) fn night(&self, listing: &Path, name: &str) -> Result<(), Problem> {
        let source = Lines::new(self.schema.clone(), listing.to_owned());
        let run = Run::new(Policy::new(self.schema.clone()), name.parse()?, chrono::DateTime::UNIX_EPOCH);
        let done = drive_blocking(run.start(), &source, &self.store)?;
        match done.report.outcome {
            RunOutcome::Succeeded => Ok(()),
            other => Err(format!("the night {name} ended {other:?}").into()),
        }
    }
}

/// A connection that knows nothing of the crate.
pub(crate) fn client(runtime: &Handle, address: &str) -> Result<Client, Problem> {
    let config: Config = address.parse()?;
    let open = runtime.spawn(async move {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok::<_, Error>(client)
    });
    Ok(block_on(open)??)
}
