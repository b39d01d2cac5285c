//! Calls to whichever node of the cluster answers.
//!
//! A call goes to the node that has answered last. If that does not answer, the same request goes to the next one, until one
//! answers or the time is over. An earlier try may have taken effect all the same, now or later: the caller is told so, and finds
//! out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Mutex as Turn;
use tokio::time::{Instant, sleep, timeout};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, Streaming};

use crate::address::{Address, Login};
use crate::error::{JobsError, Verdict, verdict};
use crate::rpc::{self, AuthenticateRequest, Call, Token, WatchCreate, WatchResponse};

/// How long one node has to answer.
const TRY: Duration = Duration::from_secs(2);
/// How long a call goes from node to node. The last try begins within this time.
const WHOLE: Duration = Duration::from_secs(8);
/// How long a connection takes at most.
const CONNECT: Duration = Duration::from_secs(2);
/// How long a call rests once no node has answered: an election takes a second.
const REST: Duration = Duration::from_millis(100);
/// How often a connection that is in use is asked whether the peer is there. etcd ends one that asks more often than every 5
/// seconds.
const ALIVE: Duration = Duration::from_secs(10);

/// The nodes of a cluster, shared by all clones.
#[derive(Clone)]
pub(crate) struct Cluster(Arc<Shared>);

struct Shared {
    runtime: Handle,
    endpoints: Vec<Endpoint>,
    channels: Mutex<Vec<Channel>>,
    /// Which node is asked first.
    current: AtomicUsize,
    login: Option<Login>,
    token: Turn<Option<Token>>,
}

/// An answer.
pub(crate) struct Answered<A> {
    pub(crate) answer: A,
    /// Whether an earlier try of the same request may have taken effect before, or may yet.
    pub(crate) in_doubt: bool,
}

/// No answer.
pub(crate) struct Failed {
    pub(crate) error: JobsError,
    /// Whether the request may have taken effect.
    pub(crate) in_doubt: bool,
}

impl From<Failed> for JobsError {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

impl Cluster {
    /// The nodes of an address; none is connected yet. `first` spreads processes over the nodes.
    pub(crate) fn new(runtime: &Handle, address: &Address, first: usize) -> Result<Self, JobsError> {
        let endpoints = address.nodes().iter().map(|node| endpoint(node, address)).collect::<Result<Vec<_>, _>>()?;
        let _within = runtime.enter();
        let channels = endpoints.iter().map(Endpoint::connect_lazy).collect();
        Ok(Self(Arc::new(Shared {
            runtime: runtime.clone(),
            current: AtomicUsize::new(first % endpoints.len()),
            endpoints,
            channels: Mutex::new(channels),
            login: address.login.clone(),
            token: Turn::new(None),
        })))
    }

    /// Carries a call out on the runtime of the connections, whatever polls it. A call that is dropped goes on to its end.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, JobsError>> + Send + 'static,
    ) -> Result<T, JobsError> {
        match self.0.runtime.spawn(call).await {
            Ok(done) => done,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(JobsError::Ended),
        }
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    /// Sends a request until a node answers. Both outcomes say whether a try may have taken effect that nobody heard of.
    pub(crate) async fn call<Q: Call>(&self, request: &Q) -> Result<Answered<Q::Answer>, Failed> {
        let (end, mut in_doubt) = (Instant::now() + WHOLE, false);
        for tries in 1.. {
            let at = self.0.current.load(Ordering::Relaxed);
            let told = match timeout(TRY, self.once(at, request.clone())).await {
                Ok(Ok(answer)) => return Ok(Answered { answer, in_doubt }),
                Ok(Err(status)) => match verdict(&status) {
                    Verdict::Final(error, effect) => return Err(Failed { error, in_doubt: in_doubt || effect }),
                    Verdict::LogIn => {
                        *self.0.token.lock().await = None;
                        status.message().to_owned()
                    }
                    Verdict::Elsewhere => {
                        in_doubt = true;
                        self.leave(at);
                        status.message().to_owned()
                    }
                },
                Err(_) => {
                    in_doubt = true;
                    self.leave(at);
                    // A connection through a network that was cut may stay silent long after it is whole again.
                    self.connect_anew(at);
                    format!("{} is silent", self.0.endpoints[at].uri())
                }
            };
            if Instant::now() >= end {
                return Err(Failed { error: JobsError::Unavailable(told), in_doubt });
            }
            if tries % self.0.endpoints.len() == 0 {
                sleep(REST).await;
            }
        }
        Err(Failed { error: JobsError::Ended, in_doubt })
    }

    async fn once<Q: Call>(&self, at: usize, request: Q) -> Result<Q::Answer, Status> {
        let channel = self.channels()[at].clone();
        let token = self.token(&channel).await?;
        rpc::unary(channel, request, token.as_ref()).await
    }

    /// Watches at some node, until the stream ends.
    pub(crate) async fn watch(&self, create: WatchCreate) -> Result<Streaming<WatchResponse>, Status> {
        let at = self.0.current.load(Ordering::Relaxed);
        let channel = self.channels()[at].clone();
        let token = self.token(&channel).await?;
        let watching = timeout(TRY, rpc::watch(channel, create, token.as_ref())).await;
        let watching = watching.unwrap_or_else(|_| Err(Status::unavailable("the node is silent")));
        if let Err(status) = &watching {
            match verdict(status) {
                Verdict::LogIn => *self.0.token.lock().await = None,
                _ => self.leave(at),
            }
        }
        watching
    }

    /// Another node is asked from now on, unless somebody else has found that out already.
    fn leave(&self, at: usize) {
        let next = (at + 1) % self.0.endpoints.len();
        let _ = self.0.current.compare_exchange(at, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn connect_anew(&self, at: usize) {
        let channel = self.0.endpoints[at].connect_lazy();
        self.channels()[at] = channel;
    }

    fn channels(&self) -> MutexGuard<'_, Vec<Channel>> {
        // Each is whole, whatever panicked.
        self.0.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token of the user. Only one of several callers logs in.
    async fn token(&self, channel: &Channel) -> Result<Option<Token>, Status> {
        let Some(Login { name, password }) = &self.0.login else { return Ok(None) };
        let mut token = self.0.token.lock().await;
        if token.is_none() {
            let request = AuthenticateRequest { name: name.clone(), password: password.clone() };
            let answer = match rpc::unary(channel.clone(), request, None).await {
                Ok(answer) => answer,
                // The cluster asks nobody who they are.
                Err(status) if status.code() == Code::FailedPrecondition => return Ok(None),
                Err(status) => return Err(status),
            };
            let read = answer.token.parse().map_err(|_| Status::unknown("the cluster gave no token"))?;
            *token = Some(read);
        }
        Ok(token.clone())
    }
}

fn endpoint(node: &str, address: &Address) -> Result<Endpoint, JobsError> {
    let scheme = if address.tls.is_some() { "https" } else { "http" };
    let endpoint = Endpoint::from_shared(format!("{scheme}://{node}"));
    let endpoint = endpoint.map_err(|_| crate::address::AddressError::Nodes)?;
    let endpoint = endpoint.connect_timeout(CONNECT).tcp_nodelay(true);
    let endpoint = endpoint.http2_keep_alive_interval(ALIVE).keep_alive_timeout(TRY);
    match &address.tls {
        Some(tls) => secured(endpoint, tls),
        None => Ok(endpoint),
    }
}

#[cfg(feature = "tls")]
fn secured(endpoint: Endpoint, tls: &crate::address::Tls) -> Result<Endpoint, JobsError> {
    use tonic::transport::{Certificate, ClientTlsConfig, Identity};
    let read =
        |path: &std::path::PathBuf| std::fs::read(path).map_err(|error| JobsError::File { path: path.clone(), error });
    let mut config = match &tls.authority {
        Some(path) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(path)?)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    if let Some((certificate, key)) = &tls.certificate {
        config = config.identity(Identity::from_pem(read(certificate)?, read(key)?));
    }
    endpoint.tls_config(config).map_err(|error| JobsError::Tls(rpc::innermost(&error)))
}

#[cfg(not(feature = "tls"))]
fn secured(_: Endpoint, _: &crate::address::Tls) -> Result<Endpoint, JobsError> {
    Err(JobsError::Tls("this program was built without the feature `tls`".to_owned()))
}
