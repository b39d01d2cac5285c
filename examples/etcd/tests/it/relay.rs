//! A relay between a store and a node, which loses an answer when it is told to.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tripartite::drive::block_on;

use crate::server::runtime;

/// How long a node has to do what it was asked for, before the connection is cut.
const DONE: Duration = Duration::from_millis(300);

type Then = Box<dyn FnOnce() + Send>;

pub(crate) struct Relay {
    pub(crate) address: String,
    plan: Arc<Plan>,
    task: JoinHandle<()>,
}

/// Which request is not answered, and what happens before its connection is cut.
#[derive(Default)]
struct Plan(Mutex<Option<(Vec<u8>, Then)>>);

impl Plan {
    fn take_for(&self, request: &[u8]) -> Option<Then> {
        let mut plan = self.0.lock().unwrap();
        plan.take_if(|(marker, _)| request.windows(marker.len()).any(|bytes| bytes == *marker)).map(|(_, then)| then)
    }
}

impl Relay {
    pub(crate) fn new(to: &str) -> Self {
        let (to, plan) = (to.to_owned(), Arc::new(Plan::default()));
        let listener = block_on(runtime().spawn(TcpListener::bind("127.0.0.1:0"))).unwrap().unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::clone(&plan);
        let task = runtime().spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (to, plan) = (to.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(to).await {
                        carry(client, server, &plan).await;
                    }
                });
            }
        });
        Self { address, plan, task }
    }

    /// The next request with these bytes is carried out, and its answer is lost.
    pub(crate) fn lose(&self, marker: &str, then: impl FnOnce() + Send + 'static) {
        *self.plan.0.lock().unwrap() = Some((marker.into(), Box::new(then)));
    }

    /// Whether the request has come.
    pub(crate) fn has_lost(&self) -> bool {
        self.plan.0.lock().unwrap().is_none()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries bytes both ways until one end closes, or an answer is to be lost.
async fn carry(client: TcpStream, server: TcpStream, plan: &Plan) {
    let (is_cut, (mut from_client, mut to_client)) = (AtomicBool::new(false), client.into_split());
    let (mut from_server, mut to_server) = server.into_split();
    let requests = async {
        let mut bytes = vec![0; 1 << 16];
        while let Ok(read @ 1..) = from_client.read(&mut bytes).await {
            let then = plan.take_for(&bytes[..read]);
            is_cut.fetch_or(then.is_some(), Ordering::SeqCst);
            if to_server.write_all(&bytes[..read]).await.is_err() {
                return;
            }
            if let Some(then) = then {
                sleep(DONE).await;
                tokio::task::spawn_blocking(then).await.unwrap();
                return;
            }
        }
    };
    let answers = async {
        let mut bytes = vec![0; 1 << 16];
        while let Ok(read @ 1..) = from_server.read(&mut bytes).await {
            if !is_cut.load(Ordering::SeqCst) && to_client.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = requests => {}
        () = answers => {}
    }
}
