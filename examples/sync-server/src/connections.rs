//! Connections: how many at a time, how long each may take, and how they end.
//!
//! Whoever reaches the address may connect, and a connection costs memory and a descriptor from its first byte. So
//! everything that a stranger can hold is bounded before a signature is looked at:
//!
//! | what a connection does | what becomes of it |
//! |---|---|
//! | it is one too many | it waits, unaccepted, until another ends: nobody is turned away |
//! | it sends nothing, or a head in drops | it is closed once [`patience`](Limits::patience) is over |
//! | it sends more than [`HEADERS`] headers, or a head of more than [`HEAD`] bytes | 431, and it is closed |
//! | its body does not come, or comes in drops | 408 once the patience is over |
//! | it sends a request that no secret signed, also one of `/healthz` | it is answered, and closed |
//! | it sends signed request after request, or reads no answer | it is closed after [`LIFE`], or [`GRACE`] later |
//!
//! **Can strangers keep honest senders waiting?** For as long as the patience: silent connections that fill the limit are
//! gone by then, and those that wait come in their order. Whoever connects anew without end can slow the server down, and
//! only something before it that knows addresses can tell such a one apart.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::log::Log;

/// The most headers of a request: a sender has a dozen, and each proxy before it a few.
pub const HEADERS: usize = 64;
/// The most bytes of a request's head: signatures of several secrets, and what proxies add.
pub const HEAD: usize = 16 * 1024;
/// How long a connection serves. Its sender connects anew, so nobody holds a place for ever.
pub const LIFE: Duration = Duration::from_secs(10 * 60);
/// How long requests have that are under way when their connection, or the server, is to end.
pub const GRACE: Duration = Duration::from_secs(15);

/// What is read in one go, at most, of what a connection sends.
const BUFFER: usize = 64 * 1024;
/// When to try again after no connection could be accepted: descriptors come back when others close.
const AGAIN: Duration = Duration::from_secs(1);

/// What connections may take.
///
/// ```
/// use std::time::Duration;
/// use sync_server::connections::Limits;
/// assert_eq!(Limits::default().connections, 256);
/// assert!(Limits::default().patience < Duration::from_secs(15), "senders give up after 15 to 30 seconds");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many at a time.
    pub connections: usize,
    /// How long the head of a request may take, from the moment it may come; and how long its body may take.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 256, patience: Duration::from_secs(10) }
    }
}

/// Serves until it is to end; then accepts nobody any more, and waits for the requests that are under way.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, log: &Log, end: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let (ending, ended) = watch::channel(());
    tokio::pin!(end);
    loop {
        let (stream, place) = tokio::select! {
            biased;
            () = &mut end => break,
            next = accept(&listener, &places, log) => next,
        };
        tokio::spawn(connection(stream, place, router.clone(), limits.patience, ended.clone()));
    }
    drop((listener, ending, ended));
    // A connection has a place until it is over. One that does not end by then is cut off with the process.
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    let _ = timeout(GRACE, places.acquire_many(all)).await;
}

/// The next connection, once there is a place for it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>, log: &Log) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        let Ok(place) = Arc::clone(places).acquire_owned().await else {
            // Nobody closes it.
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            // The other side thought better of it.
            Err(error) if gone(&error) => {}
            Err(error) => {
                log.warn(format_args!("webhook-server: no connection can be accepted: {error}"));
                sleep(AGAIN).await;
            }
        }
    }
}

fn gone(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves one connection until it ends, its time is over, or the server is to end.
async fn connection(
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    router: Router,
    patience: Duration,
    mut ended: watch::Receiver<()>,
) {
    // Answers are small and whole: one that waits for more would wait for nothing.
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience);
    http.max_headers(HEADERS).max_header_size(HEAD).max_buf_size(BUFFER);
    let serving = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(serving);
    // How a connection ends is its sender's affair: whoever heard no answer sends once more.
    let over = tokio::select! {
        _ = serving.as_mut() => true,
        _ = ended.changed() => false,
        () = sleep(LIFE) => false,
    };
    if !over {
        serving.as_mut().graceful_shutdown();
        let _ = timeout(GRACE, serving).await;
    }
    drop(place);
}
