//! One worker serves several kinds of source and of record store. The name of the connector chooses at run time.
//!
//! | connector | its source | its records |
//! |---|---|---|
//! | `federation` | a text with a JSON object on each line | in memory |
//! | `shop` | a register with pages of two records | in memory, and each write is counted |
//! | `gym` | a server that refuses the token | in memory |

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use serde::de::DeserializeSeed;
use tripartite::drive::block_on;
use tripartite::failure::{Classify, DynError, Failure};
use tripartite::id::{ConnectorId, ExternalId, Incarnation, RunId, SyncKey};
use tripartite::memory::{Listing, MemoryJobStore, MemoryStore};
use tripartite::queue::{Command, Scope, Trigger};
use tripartite::run::{Done, Run};
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::source::{Connector, Cursor, DynConnector, Item, Malformed, Next, Page, RemoteRecord};
use tripartite::store::{Batch, DynRecordStore, IndexPage, LoadRequest, OpOutcome, RecordStore, Records};
use tripartite::work::{Attempted, Handler, Job, Queue, Session, Settings, Worker};

/// A source that is a text.
struct Lines {
    schema: Schema,
    text: &'static str,
}

impl Lines {
    fn record(&self, line: &str) -> Option<RemoteRecord> {
        let seed = self.schema.seed().keyed("id");
        let keyed = seed.deserialize(&mut serde_json::Deserializer::from_str(line)).ok()?;
        Some(RemoteRecord::new(ExternalId::new(keyed.id?).ok()?, keyed.record))
    }
}

impl Connector for Lines {
    type Error = Infallible;

    async fn fetch(&self, _: Option<&Cursor>) -> Result<Page, Infallible> {
        let item = |(at, line)| match self.record(line) {
            Some(record) => Item::Record(record),
            // A line that is left out would look like a record that is gone.
            None => Item::Malformed(Malformed::new(format!("line {}", at + 1), "is no record")),
        };
        Ok(Page::new(self.text.lines().enumerate().map(item).collect(), Next::Complete { total: None }))
    }
}

/// A source that does not let us in.
struct Server;

#[derive(Debug, thiserror::Error)]
#[error("401 Unauthorized")]
struct Unauthorized;

impl Classify for Unauthorized {
    fn failure(&self) -> Failure {
        Failure::Denied // no use in trying again
    }
}

impl Connector for Server {
    type Error = Unauthorized;

    async fn fetch(&self, _: Option<&Cursor>) -> Result<Page, Unauthorized> {
        Err(Unauthorized)
    }
}

/// A store that counts what is written to it.
struct Counted {
    records: MemoryStore,
    ops: AtomicUsize,
}

impl RecordStore for Counted {
    type Error = Infallible;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, Infallible> {
        self.records.index(after).await
    }

    async fn load(&self, wanted: &LoadRequest) -> Result<Records, Infallible> {
        self.records.load(wanted).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, Infallible> {
        self.ops.fetch_add(batch.ops.len(), Ordering::Relaxed);
        self.records.commit(batch).await
    }
}

/// What a worker needs of this program: the sources and the records of each connector.
struct Host {
    schema: Schema,
    members: Arc<MemoryStore>,
    customers: Arc<Counted>,
}

impl Host {
    fn new() -> Result<Self, Box<dyn Error>> {
        let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
        let store = || MemoryStore::new(schema.clone());
        let customers = Counted { records: store(), ops: AtomicUsize::new(0) };
        Ok(Self { members: Arc::new(store()), customers: Arc::new(customers), schema })
    }

    fn source(&self, connector: &ConnectorId) -> Result<Box<dyn DynConnector>, DynError> {
        Ok(match connector.as_str() {
            "federation" => Box::new(Lines {
                schema: self.schema.clone(),
                text: "{\"id\": 7, \"name\": \"Áine Walsh\"}\n{\"id\": 8, \"na", // it was cut off
            }),
            "shop" => {
                let named = |id| (id, serde_json::json!({"name": format!("Customer {id}")}));
                let register = Listing::of(&self.schema, ["1", "2", "3"].map(named));
                let register = register.map_err(|error| DynError::new(Failure::Fatal, error))?;
                Box::new(register.pages_of(2))
            }
            "gym" => Box::new(Server),
            name => return Err(DynError::new(Failure::Gone, format!("no source is called {name}"))),
        })
    }

    fn records(&self, connector: &ConnectorId) -> Arc<dyn DynRecordStore> {
        match connector.as_str() {
            "shop" => self.customers.clone(),
            _ => self.members.clone(),
        }
    }
}

impl Handler for Host {
    type Connector = Box<dyn DynConnector>;
    type Store = Arc<dyn DynRecordStore>;
    type Error = DynError;

    async fn open(&self, job: &Job) -> Result<Session<Self::Connector, Self::Store>, DynError> {
        let id = RunId::new(format!("{}-{}", job.key.connector, job.token.0));
        let id = id.map_err(|error| DynError::new(Failure::Fatal, error))?;
        let step = Run::new(Policy::new(self.schema.clone()), id, now()).start();
        Ok(Session::new(step, self.source(&job.key.connector)?, self.records(&job.key.connector)))
    }

    async fn close(&self, _: &Job, _: &Self::Store, _: &Done) -> Result<(), DynError> {
        Ok(()) // a host keeps the report here
    }
}

/// A host asks the system.
fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

/// Asks for a run of each connector, and lets one worker do what is due.
fn attempts(host: &Host, connectors: &[&str]) -> Result<Vec<Attempted>, Box<dyn Error>> {
    let queue = Queue::new(MemoryJobStore::default());
    for connector in connectors {
        let key = SyncKey { org: "ballybeg".parse()?, connector: connector.parse()? };
        let trigger = Command::Trigger { by: Trigger::Manual, scope: Scope::All, policy: None, force: false };
        let applied = block_on(queue.apply(&key, None, trigger, now()))?;
        println!("{key}: {:?}", applied.outcome);
    }
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    let mut worker = Worker::new("w1".parse()?, Incarnation::new(random)?, Settings::default());
    let mut attempts = Vec::new();
    while let Some(attempt) = worker.tick_blocking(&queue, host, &now)?.attempt {
        attempts.push(attempt);
    }
    Ok(attempts)
}

fn main() -> Result<(), Box<dyn Error>> {
    let host = Host::new()?;
    for attempt in attempts(&host, &["federation", "shop", "gym"])? {
        match (attempt.message, attempt.report) {
            (Some(why), _) => println!("{}: {why}", attempt.key),
            (None, report) => println!("{}: {} created", attempt.key, report.map_or(0, |report| report.counts.created)),
        }
    }
    println!("{} ops were written for the shop", host.customers.ops.load(Ordering::Relaxed));
    Ok(())
}

#[cfg(test)]
mod tests {
    use tripartite::queue::{Death, Outcome};

    use super::*;

    fn attempt(host: &Host, connector: &str) -> Attempted {
        let mut attempts = attempts(host, &[connector]).expect("the stores are in memory");
        assert_eq!(attempts.len(), 1);
        attempts.remove(0)
    }

    #[test]
    fn each_connector_has_its_own_kind_of_source_and_of_store() {
        let host = Host::new().expect("one field");
        let federation = attempt(&host, "federation").report.expect("it ran");
        assert_eq!((federation.counts.created, federation.counts.quarantined), (1, 1));
        let shop = attempt(&host, "shop").report.expect("it ran");
        assert_eq!((shop.counts.created, host.customers.ops.load(Ordering::Relaxed)), (3, 3));
        assert_eq!((host.members.records().len(), host.customers.records.records().len()), (1, 3));
    }

    #[test]
    fn a_source_that_fails_is_classified_as_by_its_own_type() {
        let host = Host::new().expect("one field");
        let gym = attempt(&host, "gym");
        assert_eq!(gym.message.as_deref(), Some("the source could not be read: 401 Unauthorized"));
        let Outcome::Died(Death::Failed { failure, .. }) = gym.outcome else { panic!("{:?}", gym.outcome) };
        assert_eq!(failure, Failure::Denied);
        let nobody = attempt(&host, "pool");
        assert_eq!(nobody.message.as_deref(), Some("no source is called pool"));
        assert!(nobody.report.is_none());
    }
}
