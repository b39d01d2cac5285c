//! A listing, and beside it who is said to be gone.

use tripartite::exchange::{Cursor, Item, Page};
use tripartite::host::Connector;
use tripartite::id::ExternalId;
use tripartite::webhook::{Found, Tombstones};

use crate::listing::{JsonLines, ListingError};

/// A listing whose records were said to be gone by webhooks: a run of some records hears of it where the listing does
/// not know better. A run of everything sees from the listing who is gone.
pub struct Buried {
    listing: JsonLines,
    tombstones: Tombstones,
}

impl Buried {
    /// A listing, with the tombstones that were read after the claim.
    pub fn new(listing: JsonLines, tombstones: Tombstones) -> Self {
        Self { listing, tombstones }
    }
}

impl Connector for Buried {
    type Error = ListingError;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, ListingError> {
        self.listing.fetch(after).await
    }

    /// All in one page, as the listing has it.
    async fn fetch_only(&self, ids: &[ExternalId], after: Option<&Cursor>) -> Result<Page, ListingError> {
        let mut page = self.listing.fetch_only(ids, after).await?;
        for (id, tombstone) in ids.iter().filter_map(|id| Some((id, self.tombstones.get(id)?))) {
            let found = page.items.iter().find_map(|item| found(item, id));
            if tombstone.stands(found.unwrap_or(Found::Nothing)) {
                page.items.retain(|item| self::found(item, id).is_none());
                page.items.push(Item::Tombstone { id: id.clone(), version: tombstone.order.version });
            }
        }
        Ok(page)
    }
}

/// What an item says of a record, if it is about it. One that cannot be read is there all the same.
fn found(item: &Item, id: &ExternalId) -> Option<Found> {
    match item {
        Item::Record(record) if record.id == *id => Some(Found::Record { version: record.version }),
        Item::Malformed(malformed) if malformed.id.as_ref() == Some(id) => Some(Found::Record { version: None }),
        _ => None,
    }
}
