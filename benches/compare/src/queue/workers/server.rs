//! The server on which all contenders have their databases.

use std::cell::Cell;

use tripartite::drive::block_on;
use tripartite_postgres::format;
use tripartite_postgres::jobs::PostgresJobStore;
use tripartite_postgres::pool::Pool;

use crate::postgres::server::{Cluster, Sql, runtime};
use crate::postgres::{Problem, STATISTICS, busy};

/// What must be on, so that what is committed is on the disk.
const DURABLE: [&str; 3] = ["fsync", "synchronous_commit", "full_page_writes"];

pub(super) struct Server {
    cluster: Cluster,
    sql: Sql,
    databases: Cell<u32>,
}

impl Server {
    pub(super) fn new() -> Result<Self, Problem> {
        let cluster = Cluster::new(&STATISTICS);
        let sql = Sql::at(&cluster.address());
        sql.try_run("CREATE EXTENSION pg_stat_statements")?;
        for setting in DURABLE {
            if sql.value(&format!("current_setting('{setting}')")).as_deref() != Some("on") {
                return Err(format!("{setting} is off").into());
            }
        }
        Ok(Self { cluster, sql, databases: Cell::new(0) })
    }

    /// A new database. The server has written everything of the others to the disk.
    pub(super) fn database(&self, name: &str) -> Result<Database, Problem> {
        let number = self.databases.get();
        self.databases.set(number + 1);
        let name = format!("{name}_{number}");
        self.sql.try_run(&format!("CREATE DATABASE {name}"))?;
        self.sql.try_run("CHECKPOINT")?;
        let dir = self.cluster.socket().parent().map(|dir| dir.display().to_string()).unwrap_or_default();
        let address = format!("host={dir} user=postgres dbname={name}");
        Ok(Database { sql: Sql::at(&address), name, dir, address })
    }

    /// Says what the server was busy with in databases of such a name.
    pub(super) fn tell(&self, name: &str) {
        busy(&self.sql, &format!("(SELECT datname FROM pg_database WHERE oid = dbid) LIKE '{name}'"));
    }
}

/// A database of one contender.
pub(super) struct Database {
    sql: Sql,
    pub(super) name: String,
    /// The directory of the server's socket.
    pub(super) dir: String,
    pub(super) address: String,
}

impl Database {
    pub(super) fn run(&self, sql: &str) -> Result<(), Problem> {
        Ok(self.sql.try_run(sql)?)
    }

    /// Makes the statistics of the tables, as if they had been in use for a while.
    pub(super) fn analyse(&self) -> Result<(), Problem> {
        self.run("VACUUM ANALYZE")
    }

    /// Our store, on a connection of its own.
    pub(super) fn store(&self) -> Result<PostgresJobStore, Problem> {
        let pool = Pool::on(runtime(), &self.address)?.at_most(1);
        block_on(format::migrate(&pool, "tripartite"))?;
        Ok(block_on(PostgresJobStore::open(pool))?)
    }
}
