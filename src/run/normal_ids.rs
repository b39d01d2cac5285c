//! Ids by their normal form, where the schema says that something does not count in them.
//!
//! A record is linked under the id that was written first. Another spelling of it is translated where the listing comes in,
//! so that everything behind it compares ids exactly.
//!
//! | linked | the listing has | the record is taken as |
//! |---|---|---|
//! | `AB-1` | `ab-1` | `AB-1` |
//! | `AB-1` | `AB-1` and `ab-1` | neither: they are ambiguous |
//! | `AB-1` and `ab-1` | `AB-1` | neither: which of the two is meant? |
//! | | `ab-1` | `ab-1` |

use std::collections::BTreeMap;

use crate::id::ExternalId;
use crate::schema::IdRule;
use crate::source::{Item, RemoteRecord};

#[derive(Debug, Default)]
pub(super) struct NormalIds {
    rule: IdRule,
    known: BTreeMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    /// As it is linked here, or as it was listed first.
    id: ExternalId,
    /// As the listing writes it.
    said: Option<ExternalId>,
    /// Several linked records have this form.
    is_shared: bool,
}

/// What an item is taken for.
#[derive(Debug)]
pub(super) enum Taken {
    /// An item with the ids that are known here.
    Item(Item),
    /// Two ids became one: nobody knows which record is meant.
    Ambiguous(ExternalId),
    /// A move from an id to another spelling of it.
    Nothing,
}

impl NormalIds {
    pub(super) fn new(rule: IdRule) -> Self {
        Self { rule, known: BTreeMap::new() }
    }

    /// Whether every id is what it is.
    pub(super) fn is_exact(&self) -> bool {
        self.rule == IdRule::EXACT
    }

    /// Whether two ids have one form.
    pub(super) fn same(&self, one: &ExternalId, other: &ExternalId) -> bool {
        self.rule.normal(one.as_str()) == self.rule.normal(other.as_str())
    }

    /// Adds a linked record.
    pub(super) fn link(&mut self, id: &ExternalId) {
        let form = self.rule.normal(id.as_str()).into_owned();
        let new = || Known { id: id.clone(), said: None, is_shared: false };
        let known = self.known.entry(form).or_insert_with(new);
        known.is_shared |= known.id != *id;
    }

    /// An item with its ids as they are known here.
    pub(super) fn take(&mut self, item: Item) -> Taken {
        match item {
            Item::Record(remote) => match self.listed(&remote.id) {
                Ok(id) => Taken::Item(Item::Record(RemoteRecord { id, ..remote })),
                Err(id) => Taken::Ambiguous(id),
            },
            Item::Tombstone { id, version } => Taken::Item(Item::Tombstone { id: self.meant(id), version }),
            Item::Rekeyed { from, to } if self.same(&from, &to) => Taken::Nothing,
            Item::Rekeyed { from, to } => Taken::Item(Item::Rekeyed { from: self.meant(from), to: self.meant(to) }),
            Item::Malformed(mut malformed) => {
                malformed.id = malformed.id.map(|id| self.meant(id));
                Taken::Item(Item::Malformed(malformed))
            }
        }
    }

    /// The id under which a listed record is known; an error if it is ambiguous.
    fn listed(&mut self, id: &ExternalId) -> Result<ExternalId, ExternalId> {
        let form = self.rule.normal(id.as_str()).into_owned();
        let new = || Known { id: id.clone(), said: None, is_shared: false };
        let known = self.known.entry(form).or_insert_with(new);
        let said = known.said.get_or_insert_with(|| id.clone());
        if known.is_shared || said != id { Err(known.id.clone()) } else { Ok(known.id.clone()) }
    }

    fn meant(&self, id: ExternalId) -> ExternalId {
        self.known.get(&*self.rule.normal(id.as_str())).map_or(id, |known| known.id.clone())
    }
}
