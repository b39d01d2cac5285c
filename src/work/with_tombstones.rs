//! A connector that adds the stored tombstones to the listing of another connector.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::id::ExternalId;
use crate::source::{Connector, Cursor, Item, Malformed, Next, Page};
use crate::tombstone::{Found, Tombstones};

/// A source whose listings apply the tombstones that are stored for it.
///
/// A record is listed as gone if its tombstone [`stands`](crate::tombstone::Tombstone::stands) against what the source
/// answers. A record with a tombstone that the source does not answer for is listed as gone at the end of the listing.
///
/// ```
/// use chrono::DateTime;
/// use tripartite::drive::block_on;
/// use tripartite::id::ExternalId;
/// use tripartite::memory::Listing;
/// use tripartite::schema::{Field, Kind, Schema};
/// use tripartite::source::{Connector, Item};
/// use tripartite::tombstone::{Order, Tombstone, Tombstones};
/// use tripartite::work::WithTombstones;
/// let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
/// let source = Listing::of(&schema, [("7", serde_json::json!({"name": "Áine"}))])?;
/// let mut tombstones = Tombstones::default();
/// for id in ["7", "8"] {
///     let tombstone = Tombstone::new(Order::default(), DateTime::UNIX_EPOCH);
///     let _ = tombstones.add(ExternalId::new(id)?, tombstone);
/// }
/// let ids = [ExternalId::new("7")?, ExternalId::new("8")?];
/// let page = block_on(WithTombstones::new(source, tombstones).fetch_only(&ids, None))?;
/// // The source was asked after the event and still has 7, so the tombstone is outdated.
/// let [Item::Record(known), Item::Tombstone { id, .. }] = &page.items[..] else { panic!() };
/// assert_ne!(known.id, *id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct WithTombstones<C> {
    source: C,
    listing: Arc<TombstoneListing>,
}

#[derive(Debug)]
struct TombstoneListing {
    tombstones: Tombstones,
    /// The ids of tombstones that the listing has answered for so far.
    answered: Mutex<BTreeSet<ExternalId>>,
}

impl<C> WithTombstones<C> {
    /// A source, and the tombstones that were stored when its listing began.
    pub fn new(source: C, tombstones: Tombstones) -> Self {
        Self { source, listing: Arc::new(TombstoneListing { tombstones, answered: Mutex::default() }) }
    }

    fn begin(&self, after: Option<&Cursor>) -> Arc<TombstoneListing> {
        if after.is_none() {
            self.listing.answered().clear();
        }
        Arc::clone(&self.listing)
    }
}

impl<C: Connector> Connector for WithTombstones<C> {
    type Error = C::Error;

    fn fetch(&self, after: Option<&Cursor>) -> impl Future<Output = Result<Page, Self::Error>> + Send {
        let (listing, page) = (self.begin(after), self.source.fetch(after));
        async move { Ok(listing.apply(page.await?, |_| true)) }
    }

    fn fetch_only(
        &self,
        ids: &[ExternalId],
        after: Option<&Cursor>,
    ) -> impl Future<Output = Result<Page, Self::Error>> + Send {
        let (listing, page) = (self.begin(after), self.source.fetch_only(ids, after));
        let asked: BTreeSet<_> = ids.iter().filter(|id| listing.tombstones.get(id).is_some()).cloned().collect();
        async move { Ok(listing.apply(page.await?, |id| asked.contains(id))) }
    }
}

impl TombstoneListing {
    fn answered(&self) -> MutexGuard<'_, BTreeSet<ExternalId>> {
        // The lock cannot be poisoned: nothing that holds it panics half-way through a change.
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply(&self, mut page: Page, asked: impl Fn(&ExternalId) -> bool) -> Page {
        let mut answered = self.answered();
        for item in &mut page.items {
            let (id, found) = match item {
                Item::Record(remote) => (&remote.id, Found::Record { version: remote.version }),
                Item::Tombstone { id, .. } => (&*id, Found::Nothing),
                // A record that cannot be read still exists at the source.
                Item::Malformed(Malformed { id: Some(id), .. }) => (&*id, Found::Record { version: None }),
                Item::Malformed(_) | Item::Rekeyed { .. } => continue,
            };
            let Some(tombstone) = self.tombstones.get(id) else { continue };
            let id = id.clone();
            answered.insert(id.clone());
            if tombstone.stands(found) && matches!(item, Item::Record(_)) {
                *item = Item::Tombstone { id, version: tombstone.order.version };
            }
        }
        if !matches!(page.next, Next::More(_)) {
            let silent = self.tombstones.iter().filter(|(id, _)| asked(id) && !answered.contains(*id));
            let gone =
                silent.map(|(id, tombstone)| Item::Tombstone { id: id.clone(), version: tombstone.order.version });
            page.items.extend(gone);
        }
        page
    }
}
