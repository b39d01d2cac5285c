//! Connections: a few of them, opened when they are needed, each with the statements that it has prepared.
//!
//! A connection lives on the runtime of tokio that the pool was made on. A call may be polled by any executor: it only
//! exchanges messages with the task that owns the socket.
//!
//! **Why not a pool of another crate?** A connection that was left within a transaction must not be used again, whoever
//! dropped the future of the call. This pool closes it, and the server rolls back. It is a hundred lines.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, SimpleQueryMessage, Statement};

use crate::copying::{Copying, copying};
use crate::failure::is_broken;
use crate::pipeline::in_order;

/// So many connections a pool has at most, unless the host says otherwise.
pub const CONNECTIONS: usize = 8;

/// So many statements a connection keeps. A source that leaves out other fields of each record makes one for each set.
const STATEMENTS: usize = 500;

/// What a session is told first. A plan that was made for an empty table would be kept for one with a million rows, and
/// compiling a plan takes longer than most of these statements. Whoever waits for a row longer than this is told to try
/// again; a host that wants to wait for longer, or less, says so in the address: `options='-c lock_timeout=2s'`.
///
/// Every statement here looks for rows by an index. Of a table that was never analysed the planner takes 500 ids for all of its
/// rows, and would read the whole table for each batch of a first night: hence `enable_seqscan`.
/// A bitmap is sorted, so a page of a register would cost as much as all of it: hence `enable_bitmapscan`.
const SESSION: &str = "SET DateStyle = 'ISO'; SET jit = off; SET enable_seqscan = off; SET enable_bitmapscan = off;
SELECT set_config('lock_timeout', '10s', false) WHERE current_setting('lock_timeout') = '0'";

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// The pool is made outside of a runtime.
    #[error("a pool needs a runtime of tokio: make it within one, or by `Pool::on`")]
    NoRuntime,
    /// The text of the address cannot be read.
    #[error("the address of the database cannot be read{}", cause(.0))]
    Address(tokio_postgres::Error),
    /// The runtime has ended, and with it all connections.
    #[error("the runtime of the connections has ended")]
    Ended,
    /// PostgreSQL cannot be reached, or refused.
    #[error("{}", told(.0))]
    Postgres(#[from] tokio_postgres::Error),
}

/// What an error of the driver says. An error of the server is told by its message, unless that may have a value in it.
pub(crate) fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) if ["22", "P0"].iter().any(|class| error.code().code().starts_with(class)) => {
            format!("PostgreSQL refused a value ({})", error.code().code())
        }
        Some(error) => format!("PostgreSQL: {} ({})", error.message(), error.code().code()),
        None => format!("PostgreSQL: {error}{}", cause(error)),
    }
}

fn cause(error: &tokio_postgres::Error) -> String {
    let text = error.to_string();
    match error.source().map(ToString::to_string) {
        Some(cause) if !text.contains(&cause) => format!(": {cause}"),
        _ => String::new(),
    }
}

/// How a connection is opened.
type Opened = Pin<Box<dyn Future<Output = Result<Client, tokio_postgres::Error>> + Send>>;

/// A few connections to one database, shared by all clones.
///
/// ```no_run
/// # async fn open() -> Result<(), tripartite_postgres::pool::PoolError> {
/// use tripartite_postgres::pool::Pool;
/// let pool = Pool::new("host=/run/postgresql dbname=club")?.at_most(4);
/// assert!(Pool::new("port=none").is_err()); // no address
/// # drop(pool);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    runtime: Handle,
    open: Box<dyn Fn() -> Opened + Send + Sync>,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connected>>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("free", &self.0.permits.available_permits()).finish_non_exhaustive()
    }
}

impl Pool {
    /// Connections to an address, as `postgres://club@db.example.org/club` or `host=/run/postgresql dbname=club`, without
    /// TLS, on the runtime in which this is called. None is opened yet.
    ///
    /// # Errors
    /// [`PoolError::Address`], when it is no address; [`PoolError::NoRuntime`].
    pub fn new(address: &str) -> Result<Self, PoolError> {
        let runtime = Handle::try_current().map_err(|_| PoolError::NoRuntime)?;
        Self::on(&runtime, address)
    }

    /// The same on another runtime.
    ///
    /// # Errors
    /// [`PoolError::Address`], when it is no address.
    pub fn on(runtime: &Handle, address: &str) -> Result<Self, PoolError> {
        Ok(Self::plain(runtime, address.parse().map_err(PoolError::Address)?))
    }

    pub(crate) fn plain(runtime: &Handle, config: Config) -> Self {
        Self::with(runtime, move || {
            let config = config.clone();
            async move {
                let (client, connection) = config.connect(NoTls).await?;
                tokio::spawn(connection);
                Ok(client)
            }
        })
    }

    /// Connections that the host opens itself, for example with TLS. `open` runs on the runtime; it spawns the connection
    /// there, and hands out its client.
    ///
    /// ```no_run
    /// use tokio_postgres::{Config, NoTls};
    /// use tripartite_postgres::pool::Pool;
    /// # fn open(runtime: &tokio::runtime::Handle, config: Config) {
    /// let pool = Pool::with(runtime, move || {
    ///     let config = config.clone();
    ///     async move {
    ///         let (client, connection) = config.connect(NoTls).await?; // or another `MakeTlsConnect`
    ///         tokio::spawn(connection);
    ///         Ok(client)
    ///     }
    /// });
    /// # drop(pool);
    /// # }
    /// ```
    pub fn with<F, O>(runtime: &Handle, open: F) -> Self
    where
        F: Fn() -> O + Send + Sync + 'static,
        O: Future<Output = Result<Client, tokio_postgres::Error>> + Send + 'static,
    {
        Self(Arc::new(Shared {
            runtime: runtime.clone(),
            open: Box::new(move || Box::pin(open())),
            permits: Arc::new(Semaphore::new(CONNECTIONS)),
            idle: Mutex::default(),
        }))
    }

    /// So many connections at most, at least one, for all clones. It is set before the pool is used; whoever needs one more
    /// waits.
    #[must_use]
    pub fn at_most(self, connections: usize) -> Self {
        let (permits, most) = (&self.0.permits, connections.clamp(1, Semaphore::MAX_PERMITS));
        match most.checked_sub(permits.available_permits()) {
            Some(more) => permits.add_permits(more),
            None => drop(permits.forget_permits(permits.available_permits() - most)),
        }
        self
    }

    /// A connection that nobody else uses meanwhile.
    pub(crate) async fn lease(&self) -> Result<Lease, PoolError> {
        let permit = Arc::clone(&self.0.permits).acquire_owned().await.map_err(|_| PoolError::Ended)?;
        let connected = match self.0.idle() {
            Some(connected) => connected,
            None => self.connect().await?,
        };
        Ok(Lease {
            connected: Some(connected),
            shared: Arc::clone(&self.0),
            in_transaction: false,
            is_broken: false,
            _permit: permit,
        })
    }

    async fn connect(&self) -> Result<Connected, PoolError> {
        let open = (self.0.open)();
        let client = self.0.runtime.spawn(open).await.map_err(|_| PoolError::Ended)??;
        client.batch_execute(SESSION).await?;
        Ok(Connected { client: Arc::new(client), statements: BTreeMap::new() })
    }
}

impl Shared {
    /// A connection that is open and in no transaction.
    fn idle(&self) -> Option<Connected> {
        let mut idle = self.connections();
        while let Some(connected) = idle.pop() {
            if !connected.client.is_closed() {
                return Some(connected);
            }
        }
        None
    }

    fn connections(&self) -> MutexGuard<'_, Vec<Connected>> {
        // Each is whole, whatever panicked.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Connected {
    client: Arc<Client>,
    statements: BTreeMap<String, Statement>,
}

/// A statement that is under way.
type Call<'a> = Pin<Box<dyn Future<Output = Result<Vec<Row>, tokio_postgres::Error>> + Send + 'a>>;

/// A statement and its values.
pub(crate) struct Sent<'a> {
    pub(crate) sql: String,
    pub(crate) values: Vec<Box<dyn ToSql + Sync + Send + 'a>>,
}

impl Sent<'_> {
    pub(crate) fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect()
    }
}

/// A connection, for as long as it is used.
pub(crate) struct Lease {
    connected: Option<Connected>,
    shared: Arc<Shared>,
    in_transaction: bool,
    /// Whether the last that was heard of it is an error of the connection.
    is_broken: bool,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    pub(crate) fn client(&self) -> &Client {
        &self.connected().client
    }

    fn connected(&self) -> &Connected {
        self.connected.as_ref().expect("it is taken out when the lease is dropped, and not before")
    }

    /// A statement, prepared once for each connection.
    pub(crate) async fn statement(&mut self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        if let Some(known) = self.connected().statements.get(sql) {
            return Ok(known.clone());
        }
        let prepared = self.connected().client.prepare(sql).await;
        let statement = self.heard(prepared)?;
        if let Some(connected) = &mut self.connected {
            if connected.statements.len() >= STATEMENTS {
                connected.statements.clear();
            }
            connected.statements.insert(sql.to_owned(), statement.clone());
        }
        Ok(statement)
    }

    pub(crate) async fn query(
        &mut self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let statement = self.statement(sql).await?;
        let answer = self.connected().client.query(&statement, values).await;
        self.heard(answer)
    }

    /// The first row, if there is one.
    pub(crate) async fn first(
        &mut self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, tokio_postgres::Error> {
        Ok(self.query(sql, values).await?.into_iter().next())
    }

    /// Several statements, all of which are sent before the first answer is waited for.
    pub(crate) async fn send(&mut self, all: &[Sent<'_>]) -> Result<Vec<Vec<Row>>, tokio_postgres::Error> {
        let mut statements = Vec::with_capacity(all.len());
        for sent in all {
            statements.push(self.statement(&sent.sql).await?);
        }
        let client = self.client();
        let asked = all.iter().zip(&statements);
        let answers =
            in_order(asked.map(async |(sent, statement)| client.query(statement, &sent.values()).await)).await;
        self.heard(answers)
    }

    /// Begins a transaction by such a statement and sends others in it, all without waiting for an answer.
    pub(crate) async fn begin_with(
        &mut self,
        sql: &str,
        all: &[Sent<'_>],
    ) -> Result<Vec<Vec<Row>>, tokio_postgres::Error> {
        let mut statements = Vec::with_capacity(all.len());
        for sent in all {
            statements.push(self.statement(&sent.sql).await?);
        }
        self.in_transaction = true;
        let client = self.client();
        let mut calls: Vec<Call<'_>> = vec![Box::pin(async { client.batch_execute(sql).await.map(|()| Vec::new()) })];
        for (sent, statement) in all.iter().zip(&statements) {
            calls.push(Box::pin(async move { client.query(statement, &sent.values()).await }));
        }
        let answers = in_order(calls.into_iter()).await.map(|mut answers| answers.split_off(1));
        self.heard(answers)
    }

    /// How many rows a statement changed.
    pub(crate) async fn execute(
        &mut self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, tokio_postgres::Error> {
        let statement = self.statement(sql).await?;
        let answer = self.connected().client.execute(&statement, values).await;
        self.heard(answer)
    }

    /// Begins to send rows into a table, by a `COPY … FROM STDIN`.
    pub(crate) async fn copy(&mut self, sql: &str) -> Result<Copying, tokio_postgres::Error> {
        let statement = self.statement(sql).await?;
        Ok(copying(&self.shared.runtime, Arc::clone(&self.connected().client), statement).await)
    }

    /// How many rows were sent into the table.
    pub(crate) async fn copied(&mut self, copying: Copying) -> Result<u64, PoolError> {
        let answer = copying.answer().await.ok_or(PoolError::Ended)?;
        Ok(self.heard(answer)?)
    }

    fn heard<T>(&mut self, answer: Result<T, tokio_postgres::Error>) -> Result<T, tokio_postgres::Error> {
        self.is_broken |= answer.as_ref().is_err_and(is_broken);
        answer
    }

    /// Statements without values, which are not kept.
    pub(crate) async fn batch(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        self.connected().client.batch_execute(sql).await
    }

    /// The first value of the first row that such statements give.
    pub(crate) async fn value(&self, sql: &str) -> Result<Option<String>, tokio_postgres::Error> {
        let messages = self.client().simple_query(sql).await?;
        Ok(messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }))
    }

    /// Begins a transaction by such a statement. If it is not ended by [`end`](Self::end), the connection is closed.
    pub(crate) async fn begin(&mut self, sql: &str) -> Result<(), tokio_postgres::Error> {
        self.in_transaction = true;
        self.batch(sql).await
    }

    /// Ends a transaction by `COMMIT` or `ROLLBACK`. A commit that is refused ends it, too.
    pub(crate) async fn end(&mut self, sql: &str) -> Result<(), tokio_postgres::Error> {
        let ended = self.batch(sql).await;
        self.in_transaction = ended.as_ref().is_err_and(is_broken);
        ended
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connected) = self.connected.take()
            && !self.in_transaction
            && !self.is_broken
            && !connected.client.is_closed()
        {
            self.shared.connections().push(connected);
        }
    }
}
