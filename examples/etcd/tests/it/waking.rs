//! A worker that sleeps hears of a job that somebody else has stored.

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use tripartite::drive::block_on;
use tripartite::jobs::Bell;
use tripartite::queue::{Command, Outcome, Scope, Trigger};
use tripartite::work::Queue;
use tripartite_etcd::jobs::EtcdJobStore;

use crate::server::{Cluster, open, three};

/// Long enough for a machine that does much else.
const LONG: Duration = Duration::from_secs(20);

fn ask(queue: &Queue<EtcdJobStore>, org: &str) -> Outcome {
    let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
    let key = format!("{org}/federation").parse().unwrap();
    block_on(queue.apply(&key, None, trigger, DateTime::UNIX_EPOCH)).unwrap().outcome
}

#[test]
fn a_trigger_rings_in_another_process() {
    let address = three().address();
    let (listening, storing) = (open(&address), open(&address));
    let bell = Arc::new(Bell::default());
    let heard = bell.heard();
    let listener = listening.listen(Arc::clone(&bell));
    assert!(bell.wait(heard, LONG), "it rings when it begins to listen");
    let heard = bell.heard();
    let queue = Queue::new(storing);
    assert_eq!(ask(&queue, "a"), Outcome::Enqueued);
    assert!(bell.wait(heard, LONG), "a job waits");
    // Another namespace is none of its business, and neither is what is done.
    let heard = bell.heard();
    let other = Queue::new(open(&three().address()));
    assert_eq!(ask(&other, "a"), Outcome::Enqueued);
    let nonce = "n".parse().unwrap();
    let claim = Command::Claim { worker: "w".parse().unwrap(), nonce, lease: LONG };
    let claimed = block_on(queue.apply(&"a/federation".parse().unwrap(), None, claim, DateTime::UNIX_EPOCH)).unwrap();
    assert!(matches!(claimed.outcome, Outcome::Claimed(_)));
    assert!(!bell.wait(heard, Duration::from_millis(300)), "a claim and a stranger's job ring nothing");
    drop(listener);
    let heard = bell.heard();
    assert_eq!(ask(&queue, "b"), Outcome::Enqueued);
    assert!(!bell.wait(heard, Duration::from_millis(300)), "nobody listens any more");
}

#[test]
fn a_listener_goes_on_when_its_node_is_gone() {
    let mut cluster = Cluster::new(3, &[]);
    let queue = Queue::new(open(&cluster.address()));
    let bell = Arc::new(Bell::default());
    let heard = bell.heard();
    let _listener = queue.store().listen(Arc::clone(&bell));
    assert!(bell.wait(heard, LONG));
    for node in 0..3 {
        let heard = bell.heard();
        cluster.nodes[node].stop();
        assert_eq!(ask(&queue, &format!("org-{node}")), Outcome::Enqueued);
        assert!(bell.wait(heard, LONG), "without node {node}");
        cluster.nodes[node].start();
        cluster.wait();
    }
}
