//! A connection that breaks when a test says so.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::server::runtime;

/// What becomes of what the client says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Heard,
    /// The connection breaks, and the server has not heard it.
    Unheard,
    /// The server has heard it, and the connection breaks before the answer.
    Unanswered,
}

/// Hands on what both sides say, until the connection breaks.
async fn between(
    mut client: TcpStream,
    mut server: UnixStream,
    fate: Arc<impl Fn(&[u8]) -> Fate>,
) -> std::io::Result<()> {
    let (mut from_client, mut from_server) = ([0; 65_536], [0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let said = &from_client[..read?];
                let fate = if said.is_empty() { Fate::Unheard } else { fate(said) };
                if fate == Fate::Unheard {
                    return Ok(());
                }
                server.write_all(said).await?;
                if fate == Fate::Unanswered {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    return Ok(());
                }
            }
            read = server.read(&mut from_server) => {
                let said = &from_server[..read?];
                if said.is_empty() {
                    return Ok(());
                }
                client.write_all(said).await?;
            }
        }
    }
}

/// A port at which a server on a socket is reached.
pub(crate) fn proxy(socket: PathBuf, fate: impl Fn(&[u8]) -> Fate + Send + Sync + 'static) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let fate = Arc::new(fate);
    runtime().spawn(async move {
        let listener = TcpListener::from_std(listener).unwrap();
        while let Ok((client, _)) = listener.accept().await {
            let server = UnixStream::connect(&socket).await.unwrap();
            tokio::spawn(between(client, server, Arc::clone(&fate)));
        }
    });
    port
}
