//! The source: a listing in a file or from standard input, of any form that [`tripartite_sources::file`] reads, over HTTP or
//! from a SCIM service, page by page.
//!
//! What a listing is, its content says: JSON lines, a JSON array or an envelope, CSV, a workbook, packed or not. A line that
//! cannot be read is set aside with its number, and what is told of it never holds anything that stood in it.
//!
//! **When is it whole?** When its last line that is not blank is a record, and its brackets are closed. A text that was cut off
//! inside a record ends with something else, whatever can still be read of it, and so does one with an error page behind
//! it: then nobody is missing. A text that ends between two lines that once were followed by others is whole, as far as
//! anybody can tell: JSON lines have no end marker. Guards and `--missing-after` are for that.
//!
//! A run of some records reads the whole listing and keeps what is theirs. Nothing in a listing says that a record is gone
//! or has another id. Who is not listed is missing from a complete listing, and is not looked at by a run of some records.

mod error;
mod remote;
mod source;

use tripartite::id::ExternalId;
use tripartite::schema::Schema;
use tripartite::source::{Connector, Cursor, Page};
pub use tripartite_sources::ahead::HELD;
use tripartite_sources::file::{FileListing, Found, Opened as OpenedFile};
pub use tripartite_sources::file::{Input as Remote, Object, PAGE};
use tripartite_sources::http::HttpListing;
use tripartite_sources::records::Records;
use tripartite_sources::scim::ScimUsers;

pub use self::error::ListingError;
use self::source::reading;
pub use self::source::{Http, Mapping, Origin, Scim, Source};

/// A listing whose next pages are read while the run is busy.
pub type Ahead = tripartite_sources::ahead::Ahead<Listing>;

/// The records of a source.
pub enum Listing {
    /// Of a file.
    File(Box<FileListing>),
    /// Over HTTP.
    Http(Box<HttpListing>),
    /// Of a SCIM service.
    Scim(Box<ScimUsers>),
}

impl Listing {
    /// So many records a page, where that is not the source's to say.
    #[must_use]
    pub fn pages_of(self, records: usize) -> Self {
        match self {
            Self::File(listing) => Self::File(Box::new(listing.pages_of(records))),
            other => other,
        }
    }

    /// Not everything that there is.
    #[must_use]
    pub fn partial(self) -> Self {
        match self {
            Self::File(listing) => Self::File(Box::new(listing.partial())),
            Self::Http(listing) => Self::Http(Box::new(listing.partial())),
            Self::Scim(users) => Self::Scim(Box::new(users.partial())),
        }
    }
}

impl Connector for Listing {
    type Error = ListingError;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, ListingError> {
        match self {
            Self::File(listing) => Ok(listing.fetch(after).await?),
            Self::Http(listing) => Ok(listing.fetch(after).await?),
            Self::Scim(users) => Ok(users.fetch(after).await?),
        }
    }

    async fn fetch_only(&self, ids: &[ExternalId], after: Option<&Cursor>) -> Result<Page, ListingError> {
        match self {
            Self::File(listing) => Ok(listing.fetch_only(ids, after).await?),
            Self::Http(listing) => Ok(listing.fetch_only(ids, after).await?),
            Self::Scim(users) => Ok(users.fetch_only(ids, after).await?),
        }
    }
}

/// A source that is open, before it is known what its records are.
pub struct Opened {
    of: Of,
    mapping: Mapping,
}

enum Of {
    File(Box<OpenedFile>),
    Http(Box<Http>),
    Scim(Box<Scim>),
}

impl Opened {
    /// Opens a source. A file is looked at; a service is not asked yet.
    ///
    /// # Errors
    /// [`ListingError`], when there is none that can be read.
    pub fn of(source: &Source, id_field: &str) -> Result<Self, ListingError> {
        let of = match &source.origin {
            Origin::File(input, reading) => Of::File(Box::new(OpenedFile::open(input, reading, id_field)?)),
            Origin::Http(http) => Of::Http(http.clone()),
            Origin::Scim(scim) => Of::Scim(scim.clone()),
        };
        Ok(Self { of, mapping: source.mapping.clone() })
    }

    /// What was found of a file.
    pub fn found(&self) -> Option<&Found> {
        match &self.of {
            Of::File(file) => Some(file.found()),
            Of::Http(_) | Of::Scim(_) => None,
        }
    }

    /// What it is called, for messages.
    pub fn name(&self) -> &str {
        match &self.of {
            Of::File(file) => file.name(),
            Of::Http(http) => &http.url,
            Of::Scim(scim) => &scim.base,
        }
    }

    /// Reads all objects from the beginning to the end, and goes back to the beginning. It stops where `heed` says so.
    ///
    /// # Errors
    /// [`ListingError`], when the source cannot be read.
    pub fn each(&mut self, id_field: &str, heed: impl FnMut(Object) -> bool) -> Result<(), ListingError> {
        match &mut self.of {
            Of::File(file) => Ok(file.each(heed)?),
            Of::Http(http) => {
                remote::each(&http.connect(Mapping::default(), remote::anything(), id_field)?, id_field, heed)
            }
            Of::Scim(scim) => remote::each(&scim.connect(&Mapping::default(), remote::anything())?, id_field, heed),
        }
    }

    /// Its records under a schema.
    fn records(self, schema: Schema, id_field: &str) -> Result<Listing, ListingError> {
        let Self { of, mapping } = self;
        let is_partial = mapping.partial;
        let listing = match of {
            Of::File(file) => Listing::File(Box::new(file.listing(mapping.over(Records::new(schema, id_field)))?)),
            Of::Http(http) => Listing::Http(Box::new(http.connect(mapping, schema, id_field)?)),
            Of::Scim(scim) => Listing::Scim(Box::new(scim.connect(&mapping, schema)?)),
        };
        Ok(if is_partial { listing.partial() } else { listing })
    }
}

/// Opens a listing, and finds its form.
///
/// # Errors
/// [`ListingError`], when there is none that can be read.
pub fn open(remote: &Remote, id_field: &str) -> Result<Opened, ListingError> {
    Opened::of(&remote.clone().into(), id_field)
}

/// A text that is part of the program.
///
/// # Errors
/// [`ListingError`], when it is no listing.
pub fn text(name: &str, text: impl AsRef<[u8]>) -> Result<Opened, ListingError> {
    let file = OpenedFile::bytes(name, text.as_ref(), &reading(), "id")?;
    Ok(Opened { of: Of::File(Box::new(file)), mapping: Mapping::default() })
}

/// The records of a listing.
///
/// # Errors
/// [`ListingError`], when it has no column of the ids.
pub fn records(opened: Opened, schema: Schema, id_field: &str) -> Result<Listing, ListingError> {
    opened.records(schema, id_field)
}
