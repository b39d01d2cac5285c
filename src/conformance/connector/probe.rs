//! A connector under test, and the promise that a case checks.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, Range};

use super::world::{full, said};
use super::{Fixture, Statement};
use crate::conformance::promise::Promise;
use crate::conformance::records::Fields;
use crate::failure::{Classify, Failure};
use crate::id::ExternalId;
use crate::source::{Connector, Cursor, Item, Malformed, Next, Page, RemoteRecord};

/// More pages than any enumeration of the suite takes.
const PAGES: usize = 10_000;

/// A fixture, and the promise that is being checked.
pub(super) struct Probe<'f, F> {
    fixture: RefCell<F>,
    fresh: &'f (dyn Fn() -> F + Sync),
    promise: Promise,
}

/// All pages of an enumeration.
pub(super) struct Listed {
    pub(super) items: Vec<Item>,
    pub(super) end: Next,
}

impl<F> Deref for Probe<'_, F> {
    type Target = Promise;

    fn deref(&self) -> &Promise {
        &self.promise
    }
}

impl<'f, F: Fixture> Probe<'f, F> {
    pub(super) fn new(fresh: &'f (dyn Fn() -> F + Sync), promise: Promise) -> Self {
        Self { fixture: RefCell::new(fresh()), fresh, promise }
    }

    /// The same promise for a new fixture.
    pub(super) fn anew(&self) -> Self {
        Self::new(self.fresh, self.promise)
    }

    pub(super) fn page(&self) -> usize {
        self.fixture.borrow().page()
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.fixture.borrow().block_on(future)
    }

    pub(super) fn connect(&self) -> F::Connector {
        self.fixture.borrow().connect()
    }

    /// Lets the fixture do something. Returns whether it can.
    pub(super) fn can(&self, act: impl FnOnce(&mut F) -> bool) -> bool {
        act(&mut self.fixture.borrow_mut())
    }

    pub(super) fn says(&self, statement: &Statement) -> bool {
        self.can(|fixture| fixture.say(statement))
    }

    /// Lets the source list a record, which every source can.
    #[track_caller]
    pub(super) fn has(&self, remote: RemoteRecord) {
        let id = remote.id.clone();
        assert!(self.says(&Statement::Record(remote)), "the fixture cannot say the record {id:?}");
    }

    #[track_caller]
    pub(super) fn has_full(&self, numbers: Range<usize>) {
        numbers.for_each(|number| self.has(full(number)));
    }

    pub(super) fn remove(&self, id: &ExternalId) {
        self.fixture.borrow_mut().remove(id);
    }

    pub(super) fn fail(&self, failure: Option<Failure>) -> bool {
        self.can(|fixture| fixture.fail(failure))
    }

    #[track_caller]
    pub(super) fn fetch(&self, connector: &F::Connector, after: Option<&Cursor>) -> Page {
        self.answered("fetch", self.block_on(connector.fetch(after)))
    }

    /// The class of a fetch that must fail.
    #[track_caller]
    pub(super) fn failure(&self, connector: &F::Connector, after: Option<&Cursor>) -> Failure {
        match self.block_on(connector.fetch(after)) {
            Err(error) => error.failure(),
            Ok(page) => self.broken(&format!("a page of {} items, where the source failed", page.items.len())),
        }
    }

    /// All pages of an enumeration.
    #[track_caller]
    pub(super) fn list(&self) -> Listed {
        self.turn(&self.connect(), |_| ())
    }

    /// All pages of an enumeration; `between` is called before each but the first.
    #[track_caller]
    pub(super) fn turn(&self, connector: &F::Connector, between: impl FnMut(usize)) -> Listed {
        self.collect(|after| self.fetch(connector, after), between)
    }

    /// All pages of some records.
    #[track_caller]
    pub(super) fn only(&self, ids: &[ExternalId]) -> Vec<Item> {
        let connector = self.connect();
        let fetch =
            |after: Option<&Cursor>| self.answered("fetch_only", self.block_on(connector.fetch_only(ids, after)));
        self.collect(fetch, |_| ()).items
    }

    /// All pages, or none if one of them fails.
    pub(super) fn try_list(&self) -> Option<Listed> {
        let connector = self.connect();
        let (mut items, mut after) = (Vec::new(), None);
        for _ in 0..PAGES {
            let page = self.block_on(connector.fetch(after.as_ref())).ok()?;
            items.extend(page.items);
            match page.next {
                Next::More(cursor) => after = Some(cursor),
                end => return Some(Listed { items, end }),
            }
        }
        None
    }

    #[track_caller]
    fn collect(&self, fetch: impl Fn(Option<&Cursor>) -> Page, mut between: impl FnMut(usize)) -> Listed {
        let (mut items, mut after) = (Vec::new(), None);
        for turned in 0..PAGES {
            if turned > 0 {
                between(turned);
            }
            let page = fetch(after.as_ref());
            items.extend(page.items);
            match page.next {
                Next::More(cursor) => after = Some(cursor),
                end => return Listed { items, end },
            }
        }
        self.broken(&format!("no end of the listing after {PAGES} pages"))
    }

    /// Checks that these full records are listed, with what they state.
    #[track_caller]
    pub(super) fn lists_full(&self, items: &[Item], numbers: Range<usize>) {
        let listed = records(items);
        for number in numbers {
            let promised = full(number);
            let only = BTreeSet::from([said(&promised)]);
            self.equal(&format!("what is listed of {}", promised.id), &listed.get(&promised.id), &Some(&only));
        }
    }
}

/// What each listed record states, by its id. A record may be listed more than once.
pub(super) fn records(items: &[Item]) -> BTreeMap<ExternalId, BTreeSet<Fields>> {
    let mut records: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for item in items {
        if let Item::Record(remote) = item {
            records.entry(remote.id.clone()).or_default().insert(said(remote));
        }
    }
    records
}

pub(super) fn malformed(items: &[Item]) -> Vec<&Malformed> {
    items.iter().filter_map(|item| if let Item::Malformed(malformed) = item { Some(malformed) } else { None }).collect()
}

/// The tombstones, by their ids.
pub(super) fn tombstones(items: &[Item]) -> BTreeMap<ExternalId, Option<u64>> {
    let tombstone = |item: &Item| match item {
        Item::Tombstone { id, version } => Some((id.clone(), *version)),
        _ => None,
    };
    items.iter().filter_map(tombstone).collect()
}
