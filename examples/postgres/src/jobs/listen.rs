use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, NoTls, Socket};
use tripartite::jobs::Bell;

use super::JobsError;
use crate::names::{SCHEMA, quoted};
use crate::pool::PoolError;

/// How long a listener rests before it connects again.
const REST: Duration = Duration::from_secs(1);

/// Rings a bell when a job begins to wait, whoever has stored it: another process, or a transaction of the host's that was
/// committed. It ends when it is dropped.
///
/// It has a connection of its own, beside those of the pool. If that breaks, it connects again, and rings once when it
/// listens: something may have been stored meanwhile. Until then rings are lost, and hosts look by themselves.
///
/// ```no_run
/// # async fn work(mut tick: impl FnMut() -> std::time::Duration) -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use tripartite::jobs::Bell;
/// use tripartite_postgres::jobs::Listener;
/// let bell = Arc::new(Bell::default());
/// let runtime = tokio::runtime::Handle::current();
/// let listener = Listener::on(&runtime, "postgres://club@db.example.org/club", bell.clone())?;
/// loop {
///     let heard = bell.heard(); // before the look: no ring is missed
///     let until_next = tick();
///     let _ = tokio::time::timeout(until_next, bell.rung(heard)).await;
/// #   break;
/// }
/// # drop(listener);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Listener {
    task: JoinHandle<()>,
}

impl Listener {
    /// Listens for the jobs in the schema `tripartite`, without TLS, on a runtime that has timers.
    /// [`Address::listener`](crate::address::Address::listener) has TLS where the address asks for it.
    ///
    /// # Errors
    /// [`JobsError::Pool`], when it is no address.
    pub fn on(runtime: &Handle, address: &str, bell: Arc<Bell>) -> Result<Self, JobsError> {
        Self::on_schema(runtime, address, SCHEMA, bell)
    }

    /// The same for another schema.
    ///
    /// # Errors
    /// [`JobsError::Pool`], when it is no address.
    pub fn on_schema(runtime: &Handle, address: &str, schema: &str, bell: Arc<Bell>) -> Result<Self, JobsError> {
        let config: Config = address.parse().map_err(PoolError::Address)?;
        Ok(Self::with(runtime, config, NoTls, schema, bell))
    }

    /// The same by connections that are protected in this way.
    pub(crate) fn with<T>(runtime: &Handle, config: Config, tls: T, schema: &str, bell: Arc<Bell>) -> Self
    where
        T: MakeTlsConnect<Socket, Stream: Send, TlsConnect: Send> + Clone + Send + 'static,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let schema = schema.to_owned();
        let task = runtime.spawn(async move {
            loop {
                if let Ok((client, connection)) = config.connect(tls.clone()).await {
                    // Whatever ended it, it begins anew.
                    let _ = listen(client, connection, &schema, &bell).await;
                }
                tokio::time::sleep(REST).await;
            }
        });
        Self { task }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Rings a bell for the jobs of a schema for as long as a connection lasts, which the host has opened itself, for example
/// with TLS. A host calls it again with a new connection once it returns.
///
/// # Errors
/// When the connection broke, or the schema has no tables.
pub async fn listen<S, T>(
    client: Client,
    mut connection: Connection<S, T>,
    schema: &str,
    bell: &Bell,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let table = {
        let mut begun = pin!(begin(&client, schema));
        poll_fn(|context| {
            // The client has no answer unless somebody polls the connection. What is heard before is rung for below.
            while let Poll::Ready(Some(message)) = connection.poll_message(context) {
                if let Err(error) = message {
                    return Poll::Ready(Err(error));
                }
            }
            begun.as_mut().poll(context)
        })
        .await?
    };
    bell.ring();
    loop {
        match poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notification(told))) if told.payload() == table => bell.ring(),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error),
            None => return Ok(()),
        }
    }
}

/// Begins to listen. Returns by what name the table of the schema is told.
async fn begin(client: &Client, schema: &str) -> Result<String, Error> {
    client.batch_execute("LISTEN tripartite_jobs").await?;
    let table = format!("{}.jobs", quoted(schema, '"'));
    let row = client.query_one("SELECT $1::text::regclass::oid::text", &[&table]).await?;
    row.try_get(0)
}
