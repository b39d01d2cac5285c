//! A source in memory: a listing in pages, complete or partial.

use std::convert::Infallible;

use serde::Serialize;

use super::PAGE;
use crate::id::{ExternalId, IdError};
use crate::schema::{RecordingError, Schema};
use crate::source::{Connector, Cursor, Item, Malformed, Next, Page, RemoteRecord};

/// A source that lists what it was given.
#[derive(Debug, Clone)]
pub struct Listing {
    items: Vec<Item>,
    complete: bool,
    page: usize,
}

/// Why a [`Listing`] cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListingError {
    /// An id is none.
    #[error(transparent)]
    Id(#[from] IdError),
    /// A record is none.
    #[error(transparent)]
    Record(#[from] RecordingError),
}

impl Listing {
    /// A complete listing of records, by their ids.
    ///
    /// # Errors
    /// [`ListingError::Id`] when an id is none, [`ListingError::Record`] when the fields do not make a record; the
    /// first of either.
    ///
    /// ```
    /// # use tripartite::memory::Listing;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// assert!(Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))]).is_ok());
    /// // no object, so no fields
    /// assert!(Listing::of(&schema, [("7", serde_json::json!("Áine"))]).is_err());
    /// assert!(Listing::of(&schema, [("", serde_json::json!({}))]).is_err());
    /// # Ok::<(), tripartite::schema::SchemaError>(())
    /// ```
    pub fn of<'a, T: Serialize>(
        schema: &Schema,
        records: impl IntoIterator<Item = (&'a str, T)>,
    ) -> Result<Self, ListingError> {
        let item = |(id, fields): (&str, T)| {
            let (id, record) = (ExternalId::new(id)?, schema.record(&fields)?);
            Ok(Item::Record(RemoteRecord { id, version: None, record }))
        };
        records.into_iter().map(item).collect::<Result<_, ListingError>>().map(Self::new)
    }

    /// A complete listing of anything.
    ///
    /// ```
    /// use tripartite::memory::Listing;
    /// use tripartite::source::{Item, Malformed};
    /// // As a source does that breaks off in the middle of a line.
    /// let problem = "ends within a text".to_owned();
    /// let listing = Listing::new(vec![Item::Malformed(Malformed::new("line 17", problem))]);
    /// ```
    pub fn new(items: Vec<Item>) -> Self {
        Self { items, complete: true, page: PAGE }
    }

    /// Not everything the source has.
    ///
    /// ```
    /// use tripartite::drive::block_on;
    /// use tripartite::source::{Connector, Next};
    /// use tripartite::memory::Listing;
    /// let page = block_on(Listing::new(vec![]).partial().fetch(None))?;
    /// assert_eq!(page.next, Next::Partial); // so nobody is missing from it
    /// # Ok::<(), std::convert::Infallible>(())
    /// ```
    #[must_use]
    pub fn partial(mut self) -> Self {
        self.complete = false;
        self
    }

    /// How many items are on a page, at least one.
    ///
    /// ```
    /// use tripartite::drive::block_on;
    /// use tripartite::memory::Listing;
    /// use tripartite::source::{Connector, Cursor, Next};
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let listing =
    ///     Listing::of(&schema, ["1", "2"].map(|id| (id, serde_json::json!({}))))?.pages_of(0);
    /// // at least one item, or no page would ever be the last
    /// let first = block_on(listing.fetch(None))?;
    /// assert_eq!((first.items.len(), first.next), (1, Next::More(Cursor("1".to_owned()))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn pages_of(mut self, items: usize) -> Self {
        self.page = items.max(1);
        self
    }

    /// What it lists.
    #[cfg(feature = "conformance")]
    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    #[cfg(feature = "conformance")]
    pub(crate) fn items_mut(&mut self) -> &mut Vec<Item> {
        &mut self.items
    }

    /// How many records it has; what is said of others is none.
    fn records(&self) -> u64 {
        let mut nameless = 0;
        let mut named = Vec::with_capacity(self.items.len());
        for item in &self.items {
            match item {
                Item::Record(remote) => named.push(&remote.id),
                Item::Malformed(Malformed { id: Some(id), .. }) => named.push(id),
                Item::Malformed(_) => nameless += 1,
                _ => {}
            }
        }
        // Most listings are in order, and then this is one pass.
        named.sort_unstable();
        named.dedup();
        nameless + named.len() as u64
    }
}

impl Connector for Listing {
    type Error = Infallible;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, Infallible> {
        let start = after.and_then(|after| after.0.parse().ok()).unwrap_or(0).min(self.items.len());
        let end = self.items.len().min(start + self.page);
        let next = match (end < self.items.len(), self.complete) {
            (true, _) => Next::More(Cursor(end.to_string())),
            (false, true) => Next::Complete { total: Some(self.records()) },
            (false, false) => Next::Partial,
        };
        Ok(Page { items: self.items[start..end].to_vec(), next })
    }

    async fn fetch_only(&self, ids: &[ExternalId], _: Option<&Cursor>) -> Result<Page, Infallible> {
        Ok(Page { items: self.items.clone(), next: Next::Partial }.only(ids))
    }
}
