//! The steps that read: the index, the listing, and the records that may have changed.

use super::Step;
use super::flow::{Phase, judged, load_unlisted, turn, write};
use crate::failure::Failure;
use crate::id::ExternalId;
use crate::run::batches::Batches;
use crate::run::closing::Closing;
use crate::run::judging::Judging;
use crate::run::listing::Listing;
use crate::run::planning::Changed;
use crate::run::summary::Done;
use crate::run::unlisted::{StillUnlisted, Unlisted};
use crate::run::writing::Writing;
use crate::source::{Cursor, Next, Page};
use crate::store::{IndexPage, LoadRequest, Op, Records};

/// The run reads the index of linked records.
#[derive(Debug)]
pub struct Indexing {
    pub(super) after: Option<Cursor>,
    pub(super) purpose: Reading,
}

/// Why the index is read.
#[derive(Debug)]
pub(super) enum Reading {
    /// To know the linked records.
    Linked(Box<Listing>),
    /// To count the active records before a plan is judged. The number is the count so far.
    Population(Box<Judging>, u64),
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
    /// let step = indexing.resume(IndexPage::new(vec![], Some(next.clone())));
    /// // An empty page need not be the last.
    /// assert!(matches!(step, Step::Indexing(indexing) if indexing.request() == Some(&next)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(mut self, page: IndexPage) -> Step {
        match &mut self.purpose {
            Reading::Linked(listing) => listing.add_to_index(&page.entries),
            Reading::Population(_, active) => {
                *active += page.entries.iter().filter(|entry| entry.can_be_missing()).count() as u64
            }
        }
        if let Some(after) = page.next {
            return Step::Indexing(Self { after: Some(after), ..self });
        }
        match self.purpose {
            Reading::Linked(listing) => Step::Fetching(Fetching { listing, after: None }),
            Reading::Population(judging, active) => judged(judging.within(active).decide()),
        }
    }

    pub(super) fn processed(&self) -> u64 {
        match &self.purpose {
            Reading::Linked(listing) => listing.planning.context.processed(),
            Reading::Population(judging, _) => judging.processed(),
        }
    }

    pub(super) fn failed(self, failure: Failure) -> Done {
        match self.purpose {
            Reading::Linked(listing) => listing.failed(failure),
            Reading::Population(judging, _) => judging.failed(failure),
        }
    }
}

/// The run reads the source's listing.
#[derive(Debug)]
pub struct Fetching {
    pub(super) listing: Box<Listing>,
    pub(super) after: Option<Cursor>,
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
    /// # let nothing = IndexPage::new(vec![], None);
    /// let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// assert_eq!(fetching.request(), None); // the source's own cursor, not the index's
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request(&self) -> Option<&Cursor> {
        self.after.as_ref()
    }

    /// The records that are asked for, sorted; `None` for the whole listing.
    /// [`Connector::fetch_only`](crate::source::Connector::fetch_only) fetches a page of them.
    ///
    /// ```
    /// # use tripartite::id::{ExternalId, RunId};
    /// # use tripartite::run::{Run, Step};
    /// # use tripartite::schema::{Field, Kind, Policy, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// # let run = Run::new(Policy::new(schema.clone()), RunId::new("run-1")?, chrono::DateTime::UNIX_EPOCH);
    /// let ids = [ExternalId::new("8")?, ExternalId::new("7")?, ExternalId::new("8")?];
    /// // no index
    /// let Step::Fetching(fetching) = run.only(ids.clone()).start() else { unreachable!() };
    /// assert_eq!(fetching.only(), Some(&[ids[1].clone(), ids[0].clone()][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn only(&self) -> Option<&[ExternalId]> {
        self.listing.only()
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
    /// # let nothing = IndexPage::new(vec![], None);
    /// let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// assert_eq!(fetching.linked(), 0); // so this is a first import
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn linked(&self) -> u64 {
        self.listing.linked()
    }

    /// Switches to streaming: from here on the run writes page by page. Use it if only the index shows that this is a
    /// first import. A dry run stays dry.
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
    /// # let nothing = IndexPage::new(vec![], None);
    /// let Step::Fetching(mut fetching) = indexing.resume(nothing) else { unreachable!() };
    /// if fetching.linked() == 0 {
    ///     fetching.stream(); // a first import is written as it comes
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stream(&mut self) {
        self.listing.stream();
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
    /// # let nothing = IndexPage::new(vec![], None);
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// // An empty listing that says that it is not complete: no record is missing, and there is
    /// // nothing to do.
    /// let step = fetching.resume(Page::new(vec![], Next::Partial));
    /// assert!(matches!(step, Step::Done(done) if done.report.counts.processed == 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(mut self, page: Page) -> Step {
        let Page { items, next } = page;
        match self.listing.list(items) {
            None => turn(self.listing, next),
            Some((wanted, changed)) => {
                Step::Loading(Loading { wanted, purpose: Purpose::Page(self.listing, changed, next) })
            }
        }
    }
}

/// The run reads the records that may have changed.
#[derive(Debug)]
pub struct Loading {
    pub(super) wanted: LoadRequest,
    pub(super) purpose: Purpose,
}

/// What a load is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// To plan a page of the listing.
    Page(Box<Listing>, Changed, Next),
    /// To plan the ends of these unlisted records, and then of the rest.
    Unlisted(Box<Closing>, Vec<Unlisted>, StillUnlisted),
    /// To look at records of a stored plan before its ops are carried out.
    Check(Box<Writing>, Vec<Op>),
    /// To plan stale ops once more.
    Again(Phase, Vec<Op>),
}

impl Purpose {
    pub(super) fn processed(&self) -> u64 {
        match self {
            Self::Page(listing, ..) => listing.planning.context.processed(),
            Self::Unlisted(closing, ..) => closing.planning.context.processed(),
            Self::Check(writing, _) => writing.context.processed(),
            Self::Again(phase, _) => phase.processed(),
        }
    }

    pub(super) fn failed(self, failure: Failure) -> Done {
        match self {
            Self::Page(listing, ..) => listing.failed(failure),
            Self::Unlisted(closing, ..) => closing.failed(failure),
            Self::Check(writing, _) => writing.failed(failure),
            Self::Again(phase, _) => phase.failed(failure),
        }
    }
}

impl Loading {
    /// The records to load: those that are linked to these ids and, if the run has match rules, the candidates for the
    /// others.
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
    /// # let nothing = IndexPage::new(vec![], None);
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// # use tripartite::source::{Item, RemoteRecord};
    /// # use tripartite::store::Records;
    /// # use tripartite::id::ExternalId;
    /// # let item = |id: &str, name: &str| -> Result<_, Box<dyn std::error::Error>> {
    /// #     let record = schema.record(&serde_json::json!({ "name": name }))?;
    /// #     Ok(Item::Record(RemoteRecord::new(ExternalId::new(id)?, record)))
    /// # };
    /// let page =
    ///     Page::new(vec![item("7", "Áine")?, item("7", "Áine")?], Next::Partial);
    /// let Step::Loading(loading) = fetching.resume(page) else { unreachable!() };
    /// // a repetition of the same record is one record
    /// assert_eq!(loading.request().ids.len(), 1);
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
    /// # let nothing = IndexPage::new(vec![], None);
    /// # let Step::Fetching(fetching) = indexing.resume(nothing) else { unreachable!() };
    /// # use tripartite::source::{Item, RemoteRecord};
    /// # use tripartite::store::Records;
    /// # use tripartite::id::ExternalId;
    /// # let item = |id: &str, name: &str| -> Result<_, Box<dyn std::error::Error>> {
    /// #     let record = schema.record(&serde_json::json!({ "name": name }))?;
    /// #     Ok(Item::Record(RemoteRecord::new(ExternalId::new(id)?, record)))
    /// # };
    /// # let page = Page::new(vec![item("7", "Áine")?], Next::Partial);
    /// # let Step::Loading(loading) = fetching.resume(page) else { unreachable!() };
    /// use tripartite::store::Action;
    /// // The reply does not have it: no record here has this id, so it is created.
    /// let Step::Committing(committing) = loading.resume(Records::default()) else {
    ///     unreachable!()
    /// };
    /// assert!(matches!(committing.request().ops[0].action, Action::Create(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(self, records: Records) -> Step {
        match self.purpose {
            Purpose::Page(mut listing, changed, next) => {
                let ops = listing.plan_page(changed, records);
                write(Phase::Listing(listing, next), Batches::of(ops))
            }
            Purpose::Unlisted(mut closing, page, rest) => {
                closing.plan_unlisted(page, records);
                load_unlisted(closing, rest)
            }
            Purpose::Check(mut writing, ops) => {
                let ops = writing.check(ops, records);
                write(Phase::Writing(writing), Batches::of(ops))
            }
            Purpose::Again(mut phase, stale) => {
                let ops = phase.plan_again(stale, records);
                write(phase, Batches::again(ops))
            }
        }
    }
}
