//! Relays between clients and nodes, by which nodes are far away: where the kernel has no `netem`, bytes are late here, and
//! connections break.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tripartite::drive::block_on;

use super::network::{NODES, Network};
use crate::server::runtime;

/// How late bytes are, each way.
const LATE: Duration = Duration::from_millis(100);
/// Of a thousand pieces so many break their connection: a request and its answer are two to four.
const BREAKS: u64 = 20;

/// A relay for each node.
pub(super) struct Far {
    /// Where clients find the nodes.
    pub(super) nodes: Vec<String>,
    is_far: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Far {
    pub(super) fn new(network: &Network) -> Self {
        let is_far = Arc::<AtomicBool>::default();
        let (mut nodes, mut tasks) = (Vec::new(), Vec::new());
        for node in 0..NODES {
            let (at, to) = (format!("{}:2379", network.beside(node)), format!("{}:2379", network.address(node)));
            let listener = block_on(runtime().spawn(TcpListener::bind(at.clone()))).unwrap().unwrap();
            tasks.push(runtime().spawn(relay(listener, to, Arc::clone(&is_far))));
            nodes.push(at);
        }
        Self { nodes, is_far, tasks }
    }

    /// From now on they are far away, or near.
    pub(super) fn set(&self, is_far: bool) {
        self.is_far.store(is_far, Ordering::SeqCst);
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn relay(listener: TcpListener, to: String, is_far: Arc<AtomicBool>) {
    while let Ok((client, _)) = listener.accept().await {
        let (to, is_far) = (to.clone(), Arc::clone(&is_far));
        tokio::spawn(async move {
            let Ok(node) = TcpStream::connect(to).await else { return };
            let ((from_client, to_client), (from_node, to_node)) = (client.into_split(), node.into_split());
            tokio::select! {
                () = carry(from_client, to_node, &is_far) => {}
                () = carry(from_node, to_client, &is_far) => {}
            }
        });
    }
}

/// Carries bytes one way until an end closes, or the connection breaks.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, is_far: &AtomicBool) {
    static DICE: AtomicU64 = AtomicU64::new(0);
    let mut bytes = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if is_far.load(Ordering::SeqCst) {
            sleep(LATE).await;
            let roll = DICE.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
            if roll % 1000 < BREAKS {
                return;
            }
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
