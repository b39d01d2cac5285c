//! What a host implements to run the suite of a connector: a source that says and does what the suite wants.

use crate::drive;
use crate::failure::Failure;
use crate::id::ExternalId;
use crate::memory::Listing;
use crate::source::{Connector, Item, Malformed, RemoteRecord};

/// One thing that the source says. The connector should list it as an [`Item`].
///
/// ```
/// use tripartite::conformance::connector::{Fixture, Statement};
/// use tripartite::drive::block_on;
/// use tripartite::memory::Listing;
/// use tripartite::source::{Connector, Item};
/// let mut source = Listing::new(Vec::new());
/// let content = "Áine, 087 123 4567".to_owned();
/// assert!(source.say(&Statement::Unreadable { id: None, content }));
/// let page = block_on(source.connect().fetch(None))?;
/// let [Item::Malformed(listed)] = &page.items[..] else { panic!("one item") };
/// assert!(!listed.problem.contains("087")); // reports and logs have the problem
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Statement {
    /// A record. Its version is `None` if the source should state none.
    Record(RemoteRecord),
    /// Something that cannot be read as a record: [`Item::Malformed`].
    Unreadable {
        /// The id, if it can be read all the same.
        id: Option<ExternalId>,
        /// A text that stands in it, for example as the name. No report may have it.
        content: String,
    },
    /// A record is gone: [`Item::Tombstone`].
    Gone {
        /// Its id.
        id: ExternalId,
        /// The version of the deletion, if the source should state one.
        version: Option<u64>,
    },
    /// A record has another id from now on: [`Item::Rekeyed`].
    Rekeyed {
        /// The old id.
        from: ExternalId,
        /// The new id.
        to: ExternalId,
    },
}

/// A source that a connector under test reads, and that says and does what the suite wants. It is empty at first.
///
/// What the source is told, every connector sees that is opened later, and every page that an open one fetches later may
/// show it. A method that returns `bool` returns `false` if this source cannot do it; then the case checks nothing.
///
/// A listing in memory is its own fixture. It can say everything, and nothing of it can fail:
///
/// ```
/// use tripartite::conformance::connector::Fixture;
/// use tripartite::failure::Failure;
/// use tripartite::memory::Listing;
/// assert!(!Listing::new(Vec::new()).fail(Some(Failure::Denied)));
/// ```
pub trait Fixture: Sized {
    /// The connector.
    type Connector: Connector;

    /// Opens the source as a run opens it.
    fn connect(&self) -> Self::Connector;

    /// Drives a future of the connector to its end. A connector that needs a runtime is driven by it;
    /// [`conformance`](crate::conformance#a-runtime) has an example.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        drive::block_on(future)
    }

    /// How many items a page has at most. The suite fills more than two pages.
    fn page(&self) -> usize;

    /// Adds a statement to what the source says. Records without a version must be possible, and statements are kept as
    /// they are: a second one of the same id is a second statement.
    fn say(&mut self, statement: &Statement) -> bool;

    /// Takes a record out of the source, without a word about it.
    fn remove(&mut self, id: &ExternalId);

    /// Lets the source list less than it has, and say so, as an API does that lists at most so many records.
    fn withhold(&mut self) -> bool;

    /// Cuts off the listing where no whole listing ends: inside the last record, or where the connection breaks.
    fn cut_off(&mut self) -> bool;

    /// Lets the source state how many records it has.
    fn state_total(&mut self, total: u64) -> bool;

    /// Lets each fetch fail in this class from now on; `None` lets them work again, which is always possible.
    fn fail(&mut self, failure: Option<Failure>) -> bool;
}

/// Its pages have a hundred items.
impl Fixture for Listing {
    type Connector = Self;

    fn connect(&self) -> Self {
        self.clone()
    }

    fn page(&self) -> usize {
        100
    }

    fn say(&mut self, statement: &Statement) -> bool {
        let place = format!("item {}", self.items().len() + 1);
        self.items_mut().push(match statement.clone() {
            Statement::Record(remote) => Item::Record(remote),
            Statement::Unreadable { id, .. } => Item::Malformed(Malformed::new(place, "cannot be read").id(id)),
            Statement::Gone { id, version } => Item::Tombstone { id, version },
            Statement::Rekeyed { from, to } => Item::Rekeyed { from, to },
        });
        true
    }

    fn remove(&mut self, id: &ExternalId) {
        self.items_mut().retain(|item| item.ids().all(|of| of != id));
    }

    fn withhold(&mut self) -> bool {
        *self = self.clone().partial();
        true
    }

    fn cut_off(&mut self) -> bool {
        false
    }

    fn state_total(&mut self, _: u64) -> bool {
        false
    }

    fn fail(&mut self, failure: Option<Failure>) -> bool {
        failure.is_none()
    }
}
