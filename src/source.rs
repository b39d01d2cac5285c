//! Where the source's records come from: the trait that a host implements, and the words that it speaks.
//!
//! A [`Connector`] hands out [`Page`]s of [`Item`]s, and says with each page what comes [`Next`].
//!
//! | the source says | as |
//! |---|---|
//! | a record | [`Item::Record`]: a [`RemoteRecord`], with a version where the source counts |
//! | something that cannot be read | [`Item::Malformed`]: where it stands, and whose it is if that can be read |
//! | that a record is gone | [`Item::Tombstone`] |
//! | that a record has another id | [`Item::Rekeyed`] |
//! | that this was all it has | [`Next::Complete`] |
//! | that it has more than it listed | [`Next::Partial`] |
//!
//! A connector stands for one organisation's part of one source: nothing here names either, so nothing can reach across.
//! Its errors stay the host's own types. They only say what class of failure they are ([`Classify`]).
//!
//! **Why does an item that cannot be read stay an item?** A record that is left out of a listing looks deleted.
//! [`Malformed`] says that something is there, so no record counts as missing because of it.
//!
//! **Why is a rekeyed record no new one?** Its edits, its base and its conflicts would stay behind with the old id. The
//! next complete listing no longer has that id, and a person would be there twice.

mod page;
mod shared;

use std::future::Future;

pub use page::{Cursor, Item, Malformed, Next, Page, RemoteRecord};

use crate::failure::Classify;
use crate::id::ExternalId;

/// Where the source's records come from.
///
/// A source of one page, with a JSON object on each line:
///
/// ```
/// use std::convert::Infallible;
///
/// use serde::de::DeserializeSeed;
/// use tripartite::id::ExternalId;
/// use tripartite::schema::{Field, Kind, Schema};
/// use tripartite::source::{Connector, Cursor, Item, Malformed, Next, Page, RemoteRecord};
///
/// struct Lines(Schema, &'static str);
///
/// impl Lines {
///     fn read(&self, line: &str) -> Result<RemoteRecord, Box<dyn std::error::Error>> {
///         let keyed = self
///             .0
///             .seed()
///             .keyed("id")
///             .deserialize(&mut serde_json::Deserializer::from_str(line))?;
///         let id = ExternalId::new(keyed.id.ok_or("it has no id")?)?;
///         Ok(RemoteRecord { id, version: None, record: keyed.record })
///     }
/// }
///
/// impl Connector for Lines {
///     type Error = Infallible;
///
///     async fn fetch(&self, _: Option<&Cursor>) -> Result<Page, Infallible> {
///         let item = |(at, line): (usize, &str)| match self.read(line) {
///             Ok(record) => Item::Record(record),
///             // Not skipped: what cannot be read could be anybody, and nobody may be taken
///             // for missing.
///             Err(error) => Item::Malformed(Malformed {
///                 place: format!("line {}", at + 1),
///                 id: None,
///                 problem: error.to_string(),
///             }),
///         };
///         Ok(Page {
///             items: self.1.lines().enumerate().map(item).collect(),
///             next: Next::Complete { total: None },
///         })
///     }
/// }
///
/// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
/// let source = Lines(schema, "{\"id\": 7, \"name\": \"Áine\"}\n{\"id\": 8, \"na");
/// let page = tripartite::drive::block_on(source.fetch(None))?;
/// let [Item::Record(_), Item::Malformed(half)] = &page.items[..] else {
///     panic!("two items")
/// };
/// assert_eq!(half.place, "line 2");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Connector {
    /// What can go wrong.
    type Error: std::error::Error + Classify;

    /// Fetches a page of the listing.
    ///
    /// * **Must**: begin at `None`, go on at the cursor that the last page gave, and end with
    ///   [`Next::Complete`] only when every record the source has was on some page of
    ///   this enumeration. Hand out what cannot be read as [`Item::Malformed`],
    ///   with the id if that much can be read.
    /// * **May**: repeat a record, also differently, and list records in any order, another one each time.
    /// * **The core relies on** completeness being said truthfully: it is what makes a record that is not there
    ///   missing.
    fn fetch(&self, after: Option<&Cursor>) -> impl Future<Output = Result<Page, Self::Error>> + Send;

    /// Fetches a page of what the source has of some records, for a run of [those only](crate::run::Run::only). Unless a
    /// connector can ask for them, it is the pages of the whole listing, with nothing else on them.
    ///
    /// * **Must**: begin at `None`, go on at the cursor that the last page gave. Hand out a record that the source says is
    ///   gone as [`Item::Tombstone`].
    /// * **May**: leave out what the source does not answer for, answer in any order, and answer for others too.
    /// * **The core relies on** nothing else: such a listing is never complete, whatever it says.
    ///
    /// ```
    /// # use tripartite::drive::block_on;
    /// # use tripartite::source::{Connector, Next};
    /// # use tripartite::id::ExternalId;
    /// # use tripartite::memory::Listing;
    /// # use tripartite::schema::{Field, Kind, Schema};
    /// # let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
    /// let listing =
    ///     Listing::of(&schema, ["7", "8"].map(|id| (id, serde_json::json!({"name": "Áine"}))))?;
    /// let ids = [ExternalId::new("8")?, ExternalId::new("9")?];
    /// let page = block_on(listing.fetch_only(&ids, None))?;
    /// assert_eq!((page.items.len(), page.next), (1, Next::Partial)); // nothing is said of 9
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn fetch_only(
        &self,
        ids: &[ExternalId],
        after: Option<&Cursor>,
    ) -> impl Future<Output = Result<Page, Self::Error>> + Send {
        let page = self.fetch(after);
        async move { Ok(page.await?.only(ids)) }
    }
}
