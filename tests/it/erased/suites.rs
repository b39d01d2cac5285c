//! The suites of connectors, of record stores and of job stores, through the erased forms.

use std::sync::Arc;

use tripartite::audit::AuditEntry;
use tripartite::conformance::records::RecordId;
use tripartite::conformance::{connector, records};
use tripartite::failure::Failure;
use tripartite::id::{ExternalId, LocalId, RunId};
use tripartite::memory::MemoryStore;
use tripartite::source::DynConnector;
use tripartite::store::DynRecordStore;
use tripartite::value::Record;

/// A source whose connectors are erased.
pub(crate) struct ErasedSource<F>(pub(crate) F);

impl<F> connector::Fixture for ErasedSource<F>
where
    F: connector::Fixture<Connector: DynConnector + 'static>,
{
    type Connector = Box<dyn DynConnector>;

    fn connect(&self) -> Box<dyn DynConnector> {
        Box::new(self.0.connect())
    }

    fn page(&self) -> usize {
        self.0.page()
    }

    fn say(&mut self, statement: &connector::Statement) -> bool {
        self.0.say(statement)
    }

    fn remove(&mut self, id: &ExternalId) {
        self.0.remove(id);
    }

    fn withhold(&mut self) -> bool {
        self.0.withhold()
    }

    fn cut_off(&mut self) -> bool {
        self.0.cut_off()
    }

    fn state_total(&mut self, total: u64) -> bool {
        self.0.state_total(total)
    }

    fn fail(&mut self, failure: Option<Failure>) -> bool {
        self.0.fail(failure)
    }
}

/// Records in memory, and the erased store of them.
struct ErasedRecords {
    records: Arc<MemoryStore>,
    store: Arc<dyn DynRecordStore>,
}

impl ErasedRecords {
    fn new() -> Self {
        let records = Arc::new(MemoryStore::new(records::schema()));
        Self { store: records.clone(), records }
    }

    fn people(&self) -> &impl records::Fixture {
        &*self.records
    }
}

impl records::Fixture for ErasedRecords {
    type Store = Arc<dyn DynRecordStore>;

    fn store(&self) -> &Arc<dyn DynRecordStore> {
        &self.store
    }

    fn neighbour(&self) -> Self {
        Self::new()
    }

    fn reopen(self) -> Self {
        self
    }

    fn page(&self) -> usize {
        self.people().page()
    }

    fn enter(&self, id: Option<&ExternalId>, fields: &Record) {
        self.people().enter(id, fields);
    }

    fn edit(&self, of: RecordId<'_>, patch: &Record) {
        self.people().edit(of, patch);
    }

    fn deactivate(&self, of: RecordId<'_>) {
        self.people().deactivate(of);
    }

    fn activate(&self, of: RecordId<'_>) {
        self.people().activate(of);
    }

    fn delete(&self, of: RecordId<'_>) {
        self.people().delete(of);
    }

    fn link(&self, local: &LocalId, id: &ExternalId) {
        self.people().link(local, id);
    }

    fn rule_out(&self, local: &LocalId, id: &ExternalId) {
        self.people().rule_out(local, id);
    }

    fn refuse(&self, id: &ExternalId) -> bool {
        self.people().refuse(id)
    }

    fn audit(&self) -> Vec<(RunId, ExternalId, AuditEntry)> {
        self.people().audit()
    }
}

mod sources {
    use tripartite::memory::Listing;

    tripartite::conformance::connector::connector!(super::ErasedSource(Listing::new(Vec::new())));
}

mod job_stores {
    use tripartite::jobs::DynJobStore;
    use tripartite::memory::MemoryJobStore;

    fn store() -> Box<dyn DynJobStore> {
        Box::new(MemoryJobStore::default())
    }

    tripartite::conformance::jobs::job_store!(store());
}

mod stores {
    tripartite::conformance::records::record_store!(super::ErasedRecords::new());
}
