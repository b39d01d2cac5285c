//! Record stores whose type is known only at run time.

use std::fmt;

use super::{Batch, IndexPage, LoadRequest, OpOutcome, RecordStore, Records};
use crate::failure::{DynError, DynFuture};
use crate::source::Cursor;

/// A [`RecordStore`] whose type is known only at run time, so that one worker serves several kinds of store.
///
/// Implement [`RecordStore`] and never this trait: every store that threads may share, and whose errors they may, is a
/// `DynRecordStore`. In turn `Box<dyn DynRecordStore>`, `Arc<dyn DynRecordStore>` and `&dyn DynRecordStore` are stores.
/// They do what the store inside does, and fail with a [`DynError`], which keeps the class of the error. A call costs one
/// allocation more, however many records it is about.
///
/// ```
/// use std::sync::Arc;
/// use tripartite::drive::drive_blocking;
/// # use tripartite::id::{ExternalId, RunId};
/// # use tripartite::memory::{Listing, MemoryStore};
/// # use tripartite::run::Run;
/// # use tripartite::schema::{Field, Kind, Policy, Schema};
/// use tripartite::store::DynRecordStore;
/// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
/// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
/// # let one = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
/// let members = Arc::new(MemoryStore::new(schema));
/// // The same records, behind a type that says nothing of how they are kept.
/// let erased: Arc<dyn DynRecordStore> = members.clone();
/// drive_blocking(run.start(), &one, &erased)?;
/// assert!(members.get(&ExternalId::new("7")?).is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The example `several_sources` has a worker with several kinds of source and of store.
pub trait DynRecordStore: Send + Sync + sealed::Sealed {
    /// [`RecordStore::index`], as a boxed future.
    fn dyn_index<'a>(&'a self, after: Option<&'a Cursor>) -> DynFuture<'a, IndexPage>;

    /// [`RecordStore::load`], as a boxed future.
    fn dyn_load<'a>(&'a self, wanted: &'a LoadRequest) -> DynFuture<'a, Records>;

    /// [`RecordStore::commit`], as a boxed future.
    fn dyn_commit<'a>(&'a self, batch: &'a Batch) -> DynFuture<'a, Vec<OpOutcome>>;
}

/// A trait that nobody outside implements may get a method for each that `RecordStore` gets.
mod sealed {
    pub trait Sealed {}

    impl<S: super::RecordStore> Sealed for S {}
}

impl<S: RecordStore + Send + Sync> DynRecordStore for S
where
    S::Error: Send + Sync + 'static,
{
    fn dyn_index<'a>(&'a self, after: Option<&'a Cursor>) -> DynFuture<'a, IndexPage> {
        Box::pin(async move { self.index(after).await.map_err(DynError::erase) })
    }

    fn dyn_load<'a>(&'a self, wanted: &'a LoadRequest) -> DynFuture<'a, Records> {
        Box::pin(async move { self.load(wanted).await.map_err(DynError::erase) })
    }

    fn dyn_commit<'a>(&'a self, batch: &'a Batch) -> DynFuture<'a, Vec<OpOutcome>> {
        Box::pin(async move { self.commit(batch).await.map_err(DynError::erase) })
    }
}

impl RecordStore for dyn DynRecordStore + '_ {
    type Error = DynError;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, DynError> {
        self.dyn_index(after).await
    }

    async fn load(&self, wanted: &LoadRequest) -> Result<Records, DynError> {
        self.dyn_load(wanted).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, DynError> {
        self.dyn_commit(batch).await
    }
}

impl fmt::Debug for dyn DynRecordStore + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dyn DynRecordStore")
    }
}
