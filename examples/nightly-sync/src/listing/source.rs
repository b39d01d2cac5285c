//! Where a listing is, and how its objects become records, as a configuration states it.

use tripartite::schema::Schema;
use tripartite_sources::file::{Input, Reading};
use tripartite_sources::http::{Asking, HttpError, HttpListing, Paging};
use tripartite_sources::records::{Columns, Records};
use tripartite_sources::scim::{ScimUsers, Users};

/// A source.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it is.
    pub origin: Origin,
    /// How its objects become records.
    pub mapping: Mapping,
}

/// Where a listing is.
#[derive(Debug, Clone)]
pub enum Origin {
    /// In a file of this form.
    File(Input, Reading),
    /// At an address.
    Http(Box<Http>),
    /// In a SCIM service.
    Scim(Box<Scim>),
}

/// How objects become records, beside the schema.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    /// Where fields stand that are not under their names.
    pub columns: Columns,
    /// Where the version of a record stands.
    pub version: Option<String>,
    /// Which field says with which words that a listed record has left.
    pub gone: Option<(String, Vec<String>)>,
    /// Not everything that there is.
    pub partial: bool,
}

impl Mapping {
    pub(super) fn over(self, mut records: Records) -> Records {
        records = records.columns(self.columns);
        if let Some(version) = self.version {
            records = records.version(version);
        }
        match self.gone {
            Some((field, words)) => records.gone_if(field, words),
            None => records,
        }
    }
}

/// A listing over HTTP.
#[derive(Debug, Clone)]
pub struct Http {
    /// Its address.
    pub url: String,
    /// How it is spread over answers.
    pub paging: Paging,
    /// How it is asked.
    pub asking: Asking,
    /// The form of an answer.
    pub reading: Reading,
    /// The address of one record.
    pub record_url: Option<String>,
    /// Whether 404 to one record says that it is gone.
    pub not_found_is_gone: bool,
    /// Whether the source gives a snapshot, so that nothing moves between its pages.
    pub looks_once: bool,
}

impl Http {
    pub(super) fn connect(&self, mapping: Mapping, schema: Schema, id: &str) -> Result<HttpListing, HttpError> {
        let records = mapping.over(Records::new(schema, id));
        let mut listing = HttpListing::new(&self.url, self.paging.clone(), self.asking.clone(), records)?;
        listing = listing.reading(self.reading.clone());
        if let Some(url) = &self.record_url {
            listing = listing.record_url(url)?;
        }
        if self.not_found_is_gone {
            listing = listing.not_found_is_gone();
        }
        Ok(if self.looks_once { listing.looks_once() } else { listing })
    }
}

/// The users of a SCIM service.
#[derive(Debug, Clone)]
pub struct Scim {
    /// The address that ends before `/Users`.
    pub base: String,
    /// How it is asked.
    pub asking: Asking,
    /// How many users a page has, if that is said.
    pub page: Option<u64>,
    /// Whether the service gives a snapshot.
    pub looks_once: bool,
}

impl Scim {
    pub(super) fn connect(&self, mapping: &Mapping, schema: Schema) -> Result<ScimUsers, HttpError> {
        let mut users = Users::of(&self.base, self.asking.clone(), schema).columns(mapping.columns.clone());
        if let Some(page) = self.page {
            users = users.pages_of(page);
        }
        let users = users.connect()?;
        Ok(if self.looks_once { users.looks_once() } else { users })
    }
}

impl From<Input> for Source {
    fn from(input: Input) -> Self {
        Self { origin: Origin::File(input, reading()), mapping: Mapping::default() }
    }
}

/// An empty file is a listing of nobody: a guard asks about it.
pub(super) fn reading() -> Reading {
    Reading::default().may_be_empty()
}
