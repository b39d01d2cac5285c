//! Connectors and stores whose type is known only at run time do what they do without.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tripartite::drive::{DriveError, block_on, drive_blocking};
use tripartite::failure::{Classify, DynError, Failure};
use tripartite::id::{ExternalId, RunId};
use tripartite::jobs::DynJobStore;
use tripartite::memory::{Listing, MemoryStore};
use tripartite::run::{Done, Run, RunOutcome};
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::source::{Connector, Cursor, DynConnector, Next, Page};
use tripartite::store::{Batch, DynRecordStore, IndexPage, LoadRequest, OpOutcome, RecordStore, Records};

#[cfg(feature = "conformance")]
pub(crate) mod suites;

const CLASSES: [Failure; 5] = [
    Failure::Retry { after: None },
    Failure::Retry { after: Some(Duration::from_secs(120)) },
    Failure::Denied,
    Failure::Gone,
    Failure::Fatal,
];

#[derive(Debug, thiserror::Error)]
#[error("the socket is closed")]
struct Cause;

#[derive(Debug, thiserror::Error)]
#[error("the server does not answer")]
struct Broken {
    class: Failure,
    source: Cause,
}

impl Broken {
    fn new(class: Failure) -> Self {
        Self { class, source: Cause }
    }
}

impl Classify for Broken {
    fn failure(&self) -> Failure {
        self.class
    }
}

/// A source and a store that fail in this class.
struct Fails(Failure);

impl Connector for Fails {
    type Error = Broken;

    async fn fetch(&self, _: Option<&Cursor>) -> Result<Page, Broken> {
        Err(Broken::new(self.0))
    }
}

impl RecordStore for Fails {
    type Error = Broken;

    async fn index(&self, _: Option<&Cursor>) -> Result<IndexPage, Broken> {
        Err(Broken::new(self.0))
    }

    async fn load(&self, _: &LoadRequest) -> Result<Records, Broken> {
        Err(Broken::new(self.0))
    }

    async fn commit(&self, _: &Batch) -> Result<Vec<OpOutcome>, Broken> {
        Err(Broken::new(self.0))
    }
}

fn schema() -> Schema {
    Schema::builder().field(Field::new("name", Kind::Name)).build().unwrap()
}

/// Everything that can be asked of an error.
fn told(error: &(impl Error + Classify)) -> (Failure, String, String, Option<String>) {
    (error.failure(), error.to_string(), format!("{error:?}"), error.source().map(ToString::to_string))
}

#[test]
fn an_error_keeps_its_class_its_text_and_its_cause() {
    for class in CLASSES {
        let own = told(&Broken::new(class));
        assert_eq!(told(&DynError::erase(Broken::new(class))), own);
        let erased: Box<dyn DynConnector> = Box::new(Fails(class));
        assert_eq!(told(&block_on(erased.fetch(None)).unwrap_err()), own);
        assert_eq!(told(&block_on(erased.fetch_only(&[], None)).unwrap_err()), own);
        let store: Arc<dyn DynRecordStore> = Arc::new(Fails(class));
        assert_eq!(told(&block_on(store.index(None)).unwrap_err()), own);
        assert_eq!(told(&block_on(store.load(&LoadRequest::default())).unwrap_err()), own);
    }
}

/// A source that can be asked for some records is asked for those.
#[test]
fn some_records_are_fetched_by_the_connectors_own_method() {
    let listing = Listing::of(&schema(), ["7", "8"].map(|id| (id, serde_json::json!({"name": "Áine"})))).unwrap();
    let erased: Box<dyn DynConnector> = Box::new(listing);
    let page = block_on(erased.fetch_only(&[ExternalId::new("8").unwrap()], None)).unwrap();
    assert_eq!((page.items.len(), page.next), (1, Next::Partial));
}

#[test]
fn what_is_erased_again_stays_within_reach() {
    let once: Arc<dyn DynConnector> = Arc::new(Fails(Failure::Denied));
    let twice: Box<dyn DynConnector> = Box::new(once);
    let thrice: &dyn DynConnector = &twice;
    let error = block_on(thrice.fetch(None)).unwrap_err();
    assert!(error.downcast_ref::<Broken>().is_some());
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("the socket is closed"));
}

#[test]
fn a_run_fails_in_the_class_of_the_source_and_of_the_store() {
    for class in CLASSES {
        let run = || Run::new(Policy::new(schema()), RunId::new("run-1").unwrap(), chrono::DateTime::UNIX_EPOCH);
        let source: Box<dyn DynConnector> = Box::new(Fails(class));
        let records: Box<dyn DynRecordStore> = Box::new(MemoryStore::new(schema()));
        let error = drive_blocking(run().start(), &source, &records).unwrap_err();
        assert_eq!((error.failure(), done(error).report.outcome), (class, RunOutcome::Failed));
        let source: Box<dyn DynConnector> = Box::new(Listing::new(Vec::new()));
        let records: Box<dyn DynRecordStore> = Box::new(Fails(class));
        let error = drive_blocking(run().start(), &source, &records).unwrap_err();
        assert_eq!((error.failure(), done(error).report.failure), (class, Some(class)));
    }
}

fn done(error: DriveError<DynError, DynError>) -> Done {
    match error {
        DriveError::Connector { done, .. } | DriveError::Store { done, .. } => *done,
        other => panic!("{other}"),
    }
}

/// A worker asks the error of its queue for its class, too.
#[cfg(feature = "conformance")]
#[test]
fn a_queue_fails_in_the_class_of_its_store() {
    use tripartite::conformance::jobs::FailsOnce;
    use tripartite::jobs::{JobStore, StoreKey};
    use tripartite::memory::MemoryJobStore;
    for class in CLASSES {
        let fails = FailsOnce::new(MemoryJobStore::default(), 0).class(class);
        let store: Box<dyn DynJobStore> = Box::new(fails);
        let error = block_on(store.get(&StoreKey::of("slot", ["a", "f"]))).unwrap_err();
        assert_eq!((error.failure(), error.to_string()), (class, "the job store fails at this call".to_owned()));
    }
}

/// What a store does in one round trip is one behind a pointer, too.
#[cfg(feature = "conformance")]
#[test]
fn several_at_a_time_are_one_call_of_the_store_inside() {
    use tripartite::conformance::jobs::FailsOnce;
    use tripartite::jobs::{DueOf, JobStore, Row, Shard, StoreKey, SwapAll, SwapOf};
    use tripartite::memory::MemoryJobStore;
    let keys = ["a", "b"].map(|name| StoreKey::of("case", [name]));
    let store = Arc::new(FailsOnce::new(MemoryJobStore::default(), usize::MAX).together());
    let erased: Arc<dyn DynJobStore> = store.clone();
    assert_eq!(block_on(erased.get_many(&keys)).unwrap(), [None, None]);
    let page = DueOf::new(Shard(0), chrono::DateTime::UNIX_EPOCH, 9);
    assert_eq!(block_on(erased.due_many(&[page.clone(), page])).unwrap().len(), 2);
    let swaps = keys.map(|key| SwapOf::new(key, None, Some(Row::new(vec![], Shard(0)))));
    assert_eq!(block_on(erased.swap_chain(&swaps, &[])).unwrap().len(), 2);
    assert_eq!(block_on(erased.swap_all(&swaps, &[])).unwrap(), SwapAll::Conflict);
    assert_eq!(store.calls(), 4);
}

/// What a worker carries over threads.
#[test]
fn the_erased_forms_are_shared_by_threads() {
    fn shared<T: Send + Sync + std::fmt::Debug + ?Sized + 'static>() {}
    shared::<dyn DynConnector>();
    shared::<Box<dyn DynConnector>>();
    shared::<Arc<dyn DynRecordStore>>();
    shared::<Box<dyn DynJobStore>>();
    shared::<DynError>();
}
