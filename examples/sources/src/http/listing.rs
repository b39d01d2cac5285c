//! The connector: pages of a listing over HTTP.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tripartite::id::ExternalId;
use tripartite::source::{Connector, Cursor, Item, Next, Page};
use url::Url;

use super::client::{Answer, Client, address, within};
use super::{Asking, HttpError, Paging};
use crate::file::{FileListing, Form, OnePage, Opened, Reading};
use crate::records::Records;

/// So many records are asked for on a page of some records only.
const ONLY: usize = 20;

/// A listing over HTTP.
pub struct HttpListing {
    url: Url,
    paging: Paging,
    records: Records,
    reading: Reading,
    client: Client,
    record_url: Option<String>,
    not_found_is_gone: bool,
    looks_again: bool,
    is_whole: bool,
    /// An answer that has the whole listing.
    held: Mutex<Option<FileListing>>,
}

/// Where an enumeration stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct At {
    url: String,
    /// How many pages were read.
    pages: u64,
    /// How many items they had.
    listed: u64,
    /// How many of them have left.
    gone: u64,
    total: Option<u64>,
    before: Option<Before>,
}

/// The page before.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Before {
    url: String,
    print: u64,
}

impl HttpListing {
    /// A listing at this address.
    ///
    /// # Errors
    /// [`HttpError::Setting`], if the address or a file that is named cannot be used.
    pub fn new(url: &str, paging: Paging, asking: Asking, records: Records) -> Result<Self, HttpError> {
        let url = address(url)?;
        let looks_again = paging.counts_rows();
        Ok(Self {
            url,
            paging,
            // What is asked of converters is not asked of an interface.
            records: records.ids_as_they_are(),
            reading: Reading::default(),
            client: Client::new(asking)?,
            record_url: None,
            not_found_is_gone: false,
            looks_again,
            is_whole: true,
            held: Mutex::default(),
        })
    }

    /// Where the list of records stands in an answer, and what else is to be stated of it.
    #[must_use]
    pub fn reading(mut self, reading: Reading) -> Self {
        self.reading = reading;
        self
    }

    /// The address of one record, with `{id}` in the place of its id: a run of some records asks for each of them.
    /// Otherwise it reads the whole listing.
    ///
    /// # Errors
    /// [`HttpError::Setting`], if it is no address, of another origin, or has no `{id}`.
    pub fn record_url(mut self, url: &str) -> Result<Self, HttpError> {
        within(&self.url, address(url)?)?;
        if !url.contains("{id}") {
            return Err(HttpError::Setting("the address of a record has no {id}".to_owned()));
        }
        self.record_url = Some(url.to_owned());
        Ok(self)
    }

    /// A record that is not found was there and is gone: for a source that answers 404 and not 410 to what it has deleted.
    #[must_use]
    pub fn not_found_is_gone(mut self) -> Self {
        self.not_found_is_gone = true;
        self
    }

    /// Never asks for the page before again. A record that leaves while pages are turned may then hide another one, which
    /// looks as if it were missing: for sources that give a snapshot.
    #[must_use]
    pub fn looks_once(mut self) -> Self {
        self.looks_again = false;
        self
    }

    /// Not everything that the source has.
    #[must_use]
    pub fn partial(mut self) -> Self {
        self.is_whole = false;
        self
    }

    fn first(&self) -> At {
        At { url: self.paging.first(&self.url).to_string(), pages: 0, listed: 0, gone: 0, total: None, before: None }
    }

    /// Fetches a page, without a future around it.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn page(&self, after: Option<&Cursor>) -> Result<Page, HttpError> {
        if self.paging == Paging::Whole {
            return self.whole(after);
        }
        let at: At = match after {
            None => self.first(),
            Some(cursor) => serde_json::from_str(&cursor.0).map_err(|_| HttpError::NoPage)?,
        };
        let answer = self.client.get(&within(&self.url, address(&at.url)?)?)?;
        let page = items_of(&answer, &self.reading, &self.records, at.pages + 1)?;
        let end = self.after(&at, &answer, &page)?;
        Ok(Page::new(page.items, end))
    }

    /// What comes behind a page.
    fn after(&self, at: &At, answer: &Answer, page: &OnePage) -> Result<Next, HttpError> {
        let number = at.pages + 1;
        let broken_off = |problem: String| Ok(Next::BrokenOff { problem });
        if let Some(problem) = &page.torn {
            return broken_off(format!("page {number}: {problem}"));
        }
        let header = || answer.header("x-total-count")?.trim().parse().ok();
        let total = page.total.or_else(header);
        if let (Some(before), Some(total)) = (at.total, total)
            && before != total
        {
            return broken_off(format!(
                "it changed while it was read: {before} records on a page, {total} on page {number}"
            ));
        }
        let total = total.or(at.total);
        let print = print_of(&page.items);
        if let Some(before) = &at.before {
            if before.print == print && !page.items.is_empty() {
                return broken_off(format!("page {number} is the page before once more"));
            }
            if self.looks_again && self.moved(before)? {
                return broken_off(format!(
                    "it changed while it was read: the page before page {number} is another by now"
                ));
            }
        }
        let listed = at.listed + page.items.len() as u64;
        // Who is said to have left is counted by the source, and is no record here.
        let gone = at.gone + page.items.iter().filter(|item| matches!(item, Item::Tombstone { .. })).count() as u64;
        let present = total.map(|total| total.saturating_sub(gone));
        let complete = || if self.is_whole { Next::Complete { total: present } } else { Next::Partial };
        let is_all = self.paging.counts_rows() && (page.items.is_empty() || total.is_some_and(|total| listed >= total));
        if is_all {
            return Ok(complete());
        }
        let Some(next) = self.paging.next(answer, number, listed)? else { return Ok(complete()) };
        if next == answer.url {
            return broken_off(format!("page {number} names itself as the next page"));
        }
        let before = Some(Before { url: at.url.clone(), print });
        let at = At { url: next.into(), pages: number, listed, gone, total, before };
        Ok(Next::More(Cursor(serde_json::to_string(&at).unwrap_or_default())))
    }

    /// Whether the page before has other records by now.
    fn moved(&self, before: &Before) -> Result<bool, HttpError> {
        let answer = self.client.get(&within(&self.url, address(&before.url)?)?)?;
        let page = items_of(&answer, &self.reading, &self.records, 0)?;
        Ok(print_of(&page.items) != before.print)
    }

    /// A listing that is one answer: it is asked for once, and its pages are those of a file.
    fn whole(&self, after: Option<&Cursor>) -> Result<Page, HttpError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if after.is_none() {
            let answer = self.client.get(&self.url)?;
            let opened = Opened::bytes("the answer", answer.body, &self.reading, &self.records.id_from().to_string())?;
            let listing = opened.listing(self.records.clone())?;
            *held = Some(if self.is_whole { listing } else { listing.partial() });
        }
        Ok(held.as_ref().ok_or(HttpError::NoPage)?.page(after)?)
    }

    /// Asks for some records one by one.
    fn each(&self, template: &str, ids: &[ExternalId], after: Option<&Cursor>) -> Result<Page, HttpError> {
        let from: usize = after.map_or(Ok(0), |cursor| cursor.0.parse().map_err(|_| HttpError::NoPage))?;
        let some = ids.get(from..).ok_or(HttpError::NoPage)?;
        let mut items = Vec::new();
        for id in some.iter().take(ONLY) {
            items.extend(self.one(template, id)?);
        }
        let next = from + ONLY;
        let next = if next < ids.len() { Next::More(Cursor(next.to_string())) } else { Next::Partial };
        Ok(Page::new(items, next))
    }

    fn one(&self, template: &str, id: &ExternalId) -> Result<Vec<Item>, HttpError> {
        let encoded: String = url::form_urlencoded::byte_serialize(id.as_str().as_bytes()).collect();
        // A form writes a blank as a plus, a path does not.
        let url = address(&template.replace("{id}", &encoded.replace('+', "%20")))?;
        match self.client.get(&url) {
            Ok(answer) => {
                let reading = Reading::default().form(Form::JsonObjects);
                Ok(items_of(&answer, &reading, &self.records, 1)?.items)
            }
            Err(HttpError::Status { status: 410, .. }) => Ok(vec![Item::Tombstone { id: id.clone(), version: None }]),
            Err(HttpError::Status { status: 404, .. }) if self.not_found_is_gone => {
                Ok(vec![Item::Tombstone { id: id.clone(), version: None }])
            }
            Err(HttpError::Status { status: 404, .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// The items of an answer, and what it says of the listing.
pub(crate) fn items_of(
    answer: &Answer,
    reading: &Reading,
    records: &Records,
    number: u64,
) -> Result<OnePage, HttpError> {
    let name = format!("page {number}");
    let opened = Opened::bytes(&name, answer.body.as_slice(), reading, &records.id_from().to_string())?;
    let mut page = opened.one_page(records.clone())?;
    for item in &mut page.items {
        if let Item::Malformed(malformed) = item {
            malformed.place = format!("{name}, {}", malformed.place);
        }
    }
    Ok(page)
}

/// What tells whether a page has the same records in the same order.
fn print_of(items: &[Item]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for item in items {
        match item {
            Item::Record(remote) => remote.id.as_str().hash(&mut hasher),
            Item::Tombstone { id, .. } => id.as_str().hash(&mut hasher),
            Item::Malformed(malformed) => malformed.problem.hash(&mut hasher),
            Item::Rekeyed { from, to } => (from.as_str(), to.as_str()).hash(&mut hasher),
        }
    }
    hasher.finish()
}

impl Connector for HttpListing {
    type Error = HttpError;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, HttpError> {
        self.page(after)
    }

    async fn fetch_only(&self, ids: &[ExternalId], after: Option<&Cursor>) -> Result<Page, HttpError> {
        match &self.record_url {
            Some(template) => self.each(template, ids, after),
            None => Ok(self.page(after)?.only(ids)),
        }
    }
}
