//! Users of a SCIM 2.0 service (RFC 7643 and RFC 7644).
//!
//! ```no_run
//! use tripartite::schema::Schema;
//! use tripartite_sources::http::{Asking, Auth, Secret};
//! use tripartite_sources::scim::ScimUsers;
//!
//! let schema: Schema = serde_json::from_str(
//!     r#"{"fields": {"userName": {"kind": "text"}, "name": {"kind": "map"}, "emails": {"kind": "list"}}}"#,
//! )?;
//! let asking = Asking::default().auth(Auth::Bearer(Secret::file("/run/secrets/scim")));
//! let users = ScimUsers::new("https://directory.example/scim/v2", asking, schema)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | of the service | here |
//! |---|---|
//! | `id` | the id |
//! | `meta.version` | the version, if it is a number in the form of an entity tag (`W/"7"`); any other tag has no order |
//! | `"active": false` | a tombstone: the user has left |
//! | `totalResults` | the total: if another number is listed, the listing is not complete |
//! | `startIndex`, `count` | pages, as [`Paging::Offset`] |
//! | `filter=id eq "7" or ...` | a run of some records; without filters each is asked for by its address |
//! | `emails`, `phoneNumbers`, `addresses` | lists of objects, as they are: a kind for keyed sets merges them by their `type` |
//!
//! A member of an object is named by a JSON pointer: `Columns` with `"given": "/name/givenName"`.

use tripartite::id::ExternalId;
use tripartite::schema::Schema;
use tripartite::source::{Connector, Cursor, Next, Page};

use crate::file::Reading;
use crate::http::{Asking, Client, HttpError, HttpListing, Paging, address, items_of};
use crate::records::{Columns, Records};

/// How many users a page has, if nobody says otherwise.
const PAGE: u64 = 100;

/// So many users are asked for by one filter.
const ONLY: usize = 20;

/// The users of a SCIM service.
pub struct ScimUsers {
    listing: HttpListing,
    client: Client,
    users: String,
    records: Records,
}

/// What a service is asked, and how its users become records.
#[derive(Debug, Clone)]
pub struct Users {
    base: String,
    asking: Asking,
    records: Records,
    page: u64,
}

impl Users {
    /// The users of the service at this address, which ends before `/Users`.
    pub fn of(base: impl Into<String>, asking: Asking, schema: Schema) -> Self {
        let records = Records::new(schema, "id").version("/meta/version").gone_if("active", ["false"]);
        Self { base: base.into(), asking, records, page: PAGE }
    }

    /// Where fields stand that are not members of a user: `/name/givenName`.
    #[must_use]
    pub fn columns(mut self, columns: Columns) -> Self {
        self.records = self.records.columns(columns);
        self
    }

    /// How many users a page has; the service may give fewer.
    #[must_use]
    pub fn pages_of(mut self, users: u64) -> Self {
        self.page = users.max(1);
        self
    }

    /// The connector.
    ///
    /// # Errors
    /// [`HttpError::Setting`], if the address cannot be used.
    pub fn connect(self) -> Result<ScimUsers, HttpError> {
        let users = format!("{}/Users", self.base.trim_end_matches('/'));
        let asking = self.asking.header("accept", "application/scim+json, application/json");
        let paging =
            Paging::Offset { offset: "startIndex".to_owned(), first: 1, size: Some(("count".to_owned(), self.page)) };
        let listing = HttpListing::new(&users, paging, asking.clone(), self.records.clone())?.reading(resources());
        let listing = listing.record_url(&format!("{users}/{{id}}"))?;
        Ok(ScimUsers { listing, client: Client::new(asking)?, users, records: self.records.ids_as_they_are() })
    }
}

fn resources() -> Reading {
    Reading::default().records("/Resources")
}

impl ScimUsers {
    /// The users of the service at this address, which ends before `/Users`, with pages of 100.
    ///
    /// # Errors
    /// [`HttpError::Setting`], if the address cannot be used.
    pub fn new(base: &str, asking: Asking, schema: Schema) -> Result<Self, HttpError> {
        Users::of(base, asking, schema).connect()
    }

    /// Never asks for the page before again ([`HttpListing::looks_once`]).
    #[must_use]
    pub fn looks_once(mut self) -> Self {
        self.listing = self.listing.looks_once();
        self
    }

    /// Not all users that the service has.
    #[must_use]
    pub fn partial(mut self) -> Self {
        self.listing = self.listing.partial();
        self
    }

    /// Some users by a filter. A service that knows no filters is asked for each of them.
    fn filtered(&self, ids: &[ExternalId], from: usize) -> Result<Page, HttpError> {
        let some = ids.get(from..).ok_or(HttpError::NoPage)?;
        let some = &some[..some.len().min(ONLY)];
        let one = |id: &ExternalId| format!("id eq {}", serde_json::Value::from(id.as_str()));
        let filter = some.iter().map(one).collect::<Vec<_>>().join(" or ");
        let mut url = address(&self.users)?;
        url.query_pairs_mut().append_pair("filter", &filter).append_pair("count", &ONLY.to_string());
        let answer = self.client.get(&url)?;
        let page = items_of(&answer, &resources(), &self.records, 1)?;
        let to = from + some.len();
        let next = if to < ids.len() { Next::More(Cursor(format!("filter:{to}"))) } else { Next::Partial };
        Ok(Page::new(page.items, next).only_of(some))
    }
}

/// A service that ignores the filter answers with everybody.
trait OnlyOf {
    fn only_of(self, ids: &[ExternalId]) -> Self;
}

impl OnlyOf for Page {
    fn only_of(self, ids: &[ExternalId]) -> Self {
        let next = self.next.clone();
        Page::new(self.only(ids).items, next)
    }
}

impl Connector for ScimUsers {
    type Error = HttpError;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, HttpError> {
        self.listing.page(after)
    }

    async fn fetch_only(&self, ids: &[ExternalId], after: Option<&Cursor>) -> Result<Page, HttpError> {
        let from = match after {
            None => Some(0),
            Some(cursor) => cursor.0.strip_prefix("filter:").and_then(|from| from.parse().ok()),
        };
        if let Some(from) = from {
            match self.filtered(ids, from) {
                // It refuses the filter, or everything that comes with it.
                Err(HttpError::Status { status: 400 | 403 | 404 | 405 | 413 | 414 | 501, is_limit: false, .. })
                    if from == 0 => {}
                answered => return answered,
            }
        }
        self.listing.fetch_only(ids, after).await
    }
}
