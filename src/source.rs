//! Where the records of the source come from: the trait `Connector`, which a host implements, and its types.
//!
//! A [`Connector`] hands out [`Page`]s of [`Item`]s, and says with each page what comes [`Next`].
//!
//! | the source says | as |
//! |---|---|
//! | a record | [`Item::Record`]: a [`RemoteRecord`], with a version where the source counts |
//! | something that cannot be read | [`Item::Malformed`]: its place in the listing, and its id if that can be read |
//! | that a record is gone | [`Item::Tombstone`] |
//! | that a record has another id | [`Item::Rekeyed`] |
//! | that the listing has everything | [`Next::Complete`] |
//! | that it has more than it listed | [`Next::Partial`] |
//!
//! A connector stands for one organisation's part of one source. No type here names an organisation, so a connector
//! cannot reach another one's records. Its errors are the host's own types. They only state their class of failure
//! ([`Classify`]).
//!
//! **Why does an item that cannot be read stay an item?** A record that is left out of a listing looks deleted.
//! [`Malformed`] says that something is there, so no record counts as missing because of it.
//!
//! **Why is a rekeyed record not a new record?** Its edits, its base and its conflicts would stay with the old id. The
//! next complete listing no longer has that id, and the host would have two records of one person.

mod erased;
mod page;
mod shared;

use std::future::Future;

pub use erased::DynConnector;
pub use page::{Cursor, Item, Malformed, Next, Page, RemoteRecord};

use crate::failure::Classify;
use crate::id::ExternalId;

/// The source's records, read page by page.
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
///         Ok(RemoteRecord::new(id, keyed.record))
///     }
/// }
///
/// impl Connector for Lines {
///     type Error = Infallible;
///
///     async fn fetch(&self, _: Option<&Cursor>) -> Result<Page, Infallible> {
///         let item = |(at, line): (usize, &str)| match self.read(line) {
///             Ok(record) => Item::Record(record),
///             // Not skipped: a line that cannot be read could be any record, so no record
///             // may count as missing.
///             Err(error) => {
///                 let place = format!("line {}", at + 1);
///                 Item::Malformed(Malformed::new(place, error.to_string()))
///             }
///         };
///         let items = self.1.lines().enumerate().map(item).collect();
///         Ok(Page::new(items, Next::Complete { total: None }))
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
///
/// Every sentence under a **Must** is a case of the suite (`tripartite::conformance::connector`), in the same words.
///
/// # Of all methods
///
/// * **Must**:
///   - Classify a failure as what it is, and hand on how long the source asks to wait.
///   - Give the page of a cursor that is asked for again after a failure.
/// * **The core relies on** the class alone. It never fetches again by itself: another run begins at the first page.
pub trait Connector {
    /// What can go wrong.
    type Error: std::error::Error + Classify;

    /// Fetches a page of the listing.
    ///
    /// * **Must**:
    ///   - List every record of the source, on as many pages as it takes.
    ///   - Begin at the first page if there is no cursor, also after an enumeration that was broken off.
    ///   - Give a page without items if the source has no record.
    ///   - End with `Next::Complete` only if every record that was there throughout was on some page.
    ///   - End with `Next::Partial` if the source has more records than it lists.
    ///   - Fail or end with `Next::BrokenOff` if the listing ends where no whole listing ends.
    ///   - Hand on the number of records that the source states.
    ///   - Give each record the id that the source gives it, byte for byte.
    ///   - Leave a field missing that the source does not state, and make one null that it clears.
    ///   - Give a value that is not of its field's kind as it is, in a record.
    ///   - Give the version of a record and of a tombstone if the source counts versions.
    ///   - Give both statements if the source lists a record twice with different values.
    ///   - Return an item that cannot be read as `Item::Malformed`, and the items around it as they are.
    ///   - Give the id of an item that cannot be read, if the id can be read.
    ///   - Say where an item that cannot be read stands and what is wrong with it, without its content.
    ///   - Return a record that the source says is gone as `Item::Tombstone`.
    ///   - Return a new id that the source gives a record as `Item::Rekeyed`.
    /// * **May**: repeat a record, list records in any order, which may differ each time, give pages without items, and
    ///   end with [`Next::Partial`] although it listed everything.
    /// * **The core relies on** [`Next::Complete`] being true: a record that a complete listing does not have is
    ///   missing.
    fn fetch(&self, after: Option<&Cursor>) -> impl Future<Output = Result<Page, Self::Error>> + Send;

    /// Fetches a page of some records, for a run of [those only](crate::run::Run::only). The provided method fetches
    /// the pages of the whole listing and leaves out all other records.
    ///
    /// * **Must**:
    ///   - Give each of these records that the source lists, on as many pages as it takes.
    ///   - Return one of these records that the source says is gone as `Item::Tombstone`.
    ///   - Return one of these records that cannot be read as `Item::Malformed`, with its id.
    ///   - Leave out a record that the source does not know: it is no failure, no tombstone and no malformed item.
    /// * **May**: leave out records that the source does not answer for, answer in any order, and return other records
    ///   too.
    /// * **The core relies on** nothing else: a run never treats such a listing as complete, even if it ends with
    ///   [`Next::Complete`].
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
    /// assert_eq!((page.items.len(), page.next), (1, Next::Partial)); // no answer for 9
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
