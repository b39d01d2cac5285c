//! Steps that read: what is linked, what the source lists, and the records that may have changed.

use super::Step;
use crate::id::ExternalId;
use crate::plan::{Figures, Plan};
use crate::run::core::{Core, Purpose};
use crate::source::{Cursor, Page};
use crate::store::{IndexPage, LoadRequest, Records};

/// The run reads what is linked.
#[derive(Debug)]
pub struct Indexing {
    pub(in crate::run) core: Box<Core>,
    pub(in crate::run) after: Option<Cursor>,
    pub(in crate::run) purpose: Reading,
}

/// What the index is read for.
#[derive(Debug)]
pub(in crate::run) enum Reading {
    /// To know what is linked.
    Linked,
    /// To count how many records a run of some of them is measured against.
    Population(Box<(Plan, Figures)>, u64),
}

impl Indexing {
    /// Where to go on in the host's index; `None` at its beginning.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// assert_eq!(indexing.request(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request(&self) -> Option<&Cursor> {
        self.after.as_ref()
    }

    /// Goes on with a page of the index.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::source::Cursor;
    /// # use tripartite::store::IndexPage;
    /// let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// let next = Cursor("after 4711".to_owned());
    /// let step = indexing.resume(IndexPage { entries: vec![], next: Some(next.clone()) });
    /// // An empty page need not be the last.
    /// assert!(matches!(step, Step::Indexing(indexing) if indexing.request() == Some(&next)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(mut self, page: IndexPage) -> Step {
        match &mut self.purpose {
            Reading::Linked => self.core.index(page.entries),
            Reading::Population(_, active) => {
                *active += page.entries.iter().filter(|entry| entry.can_be_missing()).count() as u64
            }
        }
        if let Some(after) = page.next {
            return Step::Indexing(Self { after: Some(after), ..self });
        }
        match self.purpose {
            Reading::Linked => Step::Fetching(Fetching { core: self.core, after: None }),
            Reading::Population(judged, active) => {
                let (plan, figures) = *judged;
                self.core.decide(plan, figures.within(active))
            }
        }
    }
}

/// The run reads the source's listing.
#[derive(Debug)]
pub struct Fetching {
    pub(in crate::run) core: Box<Core>,
    pub(in crate::run) after: Option<Cursor>,
}

impl Fetching {
    /// Where to go on in the listing; `None` at its beginning.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::store::IndexPage;
    /// # use tripartite::source::{Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage { entries: vec![], next: None };
    /// let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// assert_eq!(fetching.request(), None); // the source's own cursor, not the index's
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request(&self) -> Option<&Cursor> {
        self.after.as_ref()
    }

    /// Which records are asked for, in order; `None`: the whole listing. A page of these is
    /// [`Connector::fetch_only`](crate::source::Connector::fetch_only).
    ///
    /// ```
    /// # use tripartite::id::{ExternalId, RunId};
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// let ids = [ExternalId::new("8")?, ExternalId::new("7")?, ExternalId::new("8")?];
    /// let Step::Fetching(fetching) = run.only(ids.clone()).start() else { unreachable!() }; // no index
    /// assert_eq!(fetching.only(), Some(&[ids[1].clone(), ids[0].clone()][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn only(&self) -> Option<&[ExternalId]> {
        self.core.run.only.as_deref()
    }

    /// How many records are linked, as the index said. A run of [some](crate::run::Run::only) records does not read it: 0.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::store::IndexPage;
    /// # use tripartite::source::{Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage { entries: vec![], next: None };
    /// let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// assert_eq!(fetching.linked(), 0); // so this is a first import
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn linked(&self) -> u64 {
        self.core.linked()
    }

    /// From here on, writes page by page. For a host that learns only from the index that this is a first import; a dry
    /// run stays one.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::store::IndexPage;
    /// # use tripartite::source::{Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage { entries: vec![], next: None };
    /// let Step::Fetching(mut fetching) = indexing.resume(nothing) else { unreachable!() };
    /// if fetching.linked() == 0 {
    ///     fetching.stream(); // a first import is written as it comes
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stream(&mut self) {
        self.core.stream();
    }

    /// Goes on with a page of the listing.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::store::IndexPage;
    /// # use tripartite::source::{Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage { entries: vec![], next: None };
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// // A listing that has nothing, and says that it is not complete: nobody is missing, and there is nothing to do.
    /// let step = fetching.resume(Page { items: vec![], next: Next::Partial });
    /// assert!(matches!(step, Step::Done(done) if done.report.counts.processed == 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(self, page: Page) -> Step {
        self.core.listed(page)
    }
}

/// The run reads the records that may have changed.
#[derive(Debug)]
pub struct Loading {
    pub(in crate::run) core: Box<Core>,
    pub(in crate::run) wanted: LoadRequest,
    pub(in crate::run) purpose: Purpose,
}

impl Loading {
    /// Which records to load: those that are linked to these ids, and where a run has match rules, those that the others
    /// could be.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::store::IndexPage;
    /// # use tripartite::source::{Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage { entries: vec![], next: None };
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// # use tripartite::source::{Item, RemoteRecord};
    /// # use tripartite::store::Records;
    /// # use tripartite::id::ExternalId;
    /// # let item = |id: &str, name: &str| -> Result<_, Box<dyn std::error::Error>> {
    /// #     let record = schema.record(&serde_json::json!({ "name": name }))?;
    /// #     Ok(Item::Record(RemoteRecord { id: ExternalId::new(id)?, version: None, record }))
    /// # };
    /// let page = Page { items: vec![item("7", "Áine")?, item("7", "Áine")?], next: Next::Partial };
    /// let Step::Loading(loading) = fetching.resume(page) else { unreachable!() };
    /// assert_eq!(loading.request().ids.len(), 1); // what is said twice and the same is one record
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request(&self) -> &LoadRequest {
        &self.wanted
    }

    /// Goes on with the records, in any order.
    ///
    /// ```
    /// # use tripartite::id::RunId;
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// # use tripartite::store::IndexPage;
    /// # use tripartite::source::{Next, Page};
    /// # let Step::Indexing(indexing) = run.start() else { unreachable!() };
    /// # let nothing = IndexPage { entries: vec![], next: None };
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// # use tripartite::source::{Item, RemoteRecord};
    /// # use tripartite::store::Records;
    /// # use tripartite::id::ExternalId;
    /// # let item = |id: &str, name: &str| -> Result<_, Box<dyn std::error::Error>> {
    /// #     let record = schema.record(&serde_json::json!({ "name": name }))?;
    /// #     Ok(Item::Record(RemoteRecord { id: ExternalId::new(id)?, version: None, record }))
    /// # };
    /// # let page = Page { items: vec![item("7", "Áine")?], next: Next::Partial };
    /// # let Step::Loading(loading) = fetching.resume(page) else { unreachable!() };
    /// use tripartite::store::Action;
    /// // The reply leaves it out: nobody here has this id, so it is created.
    /// let Step::Committing(committing) = loading.resume(Records::default()) else { unreachable!() };
    /// assert!(matches!(committing.request().ops[0].action, Action::Create(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(self, records: Records) -> Step {
        self.core.loaded(self.purpose, records)
    }
}
