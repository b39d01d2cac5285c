//! [Jobs](jobs::EtcdJobStore) of [`tripartite`] on an etcd cluster, version 3.4 and later: a queue that loses a node of three and
//! nothing else, beside any record store.
//!
//! ```no_run
//! # async fn ask(now: chrono::DateTime<chrono::Utc>) -> Result<(), Box<dyn std::error::Error>> {
//! use tripartite::queue::{Command, Scope, Trigger};
//! use tripartite::work::Queue;
//! use tripartite_etcd::jobs::EtcdJobStore;
//!
//! let store = EtcdJobStore::open(&"etcd://a,b,c".parse()?).await?;
//! let queue = Queue::new(store);
//! let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
//! // Once this has returned, the job survives the loss of any one node.
//! queue.apply(&"ballybeg/federation".parse()?, None, trigger, now).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Questions
//!
//! **Which runtime does it need?** One of tokio, on which the store is opened and connections live. Its calls may be polled by any
//! executor, also by [`block_on`](tripartite::drive::block_on) on a thread outside of the runtime.
//!
//! **May several threads, processes and machines use a namespace?** Yes. A store has one connection to a node, over which all calls
//! go at once.
//!
//! **How long does a call take at most?** Ten seconds, in which it asks one node after another, each for two, and two more to look
//! up what came of a lost answer. Then it fails in the class *retry*. A lease must be longer than two calls.

pub mod address;
mod cluster;
mod error;
pub mod jobs;
mod layout;
mod rpc;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
