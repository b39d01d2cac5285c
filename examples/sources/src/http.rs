//! Listings over HTTP: pages by number, offset, cursor or link; credentials; and what tells whether a listing is whole.
//!
//! ```no_run
//! use tripartite::schema::{Field, Kind, Schema};
//! use tripartite_sources::http::{Asking, Auth, HttpListing, Paging, Secret};
//! use tripartite_sources::records::Records;
//!
//! let schema = Schema::builder().field(Field::new("name", Kind::Name)).build()?;
//! let asking = Asking::default().auth(Auth::Bearer(Secret::env("CLUB_TOKEN"))).per_second(5.0);
//! let listing = HttpListing::new(
//!     "https://register.example/api/members",
//!     Paging::Pages { number: "page".into(), first: 1, size: Some(("per_page".into(), 100)) },
//!     asking,
//!     Records::new(schema, "id"),
//! )?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # When is a listing complete?
//!
//! | the source | the listing |
//! |---|---|
//! | gives its end: an empty page, its total, an answer without a next page | complete |
//! | states a total, and another number was listed | partial: the run counts |
//! | states another total on a later page | broken off: it changed while it was read |
//! | has pages by number or offset, and the page before is another by now | broken off: a record may have moved past us |
//! | gives the same page again and again | broken off: it does not heed the parameter |
//! | cuts an answer off, or fails after all | an error, and nobody is missing |
//! | answers 304 to an entity tag or a date | what it was, for free ([`Asking::kept_in`]) |
//!
//! **Why is the page before asked for again?** With pages by number or offset, a record that leaves the first page while
//! the second is read moves the first record of the third to the second, and nobody lists it. Where the page before is
//! still the same, nothing moved. It costs as many requests again, nearly nothing if the source has entity tags
//! ([`Asking::kept_in`]). [`HttpListing::looks_once`] leaves it out, for a source that gives a snapshot.
//!
//! | the source answers | the failure is |
//! |---|---|
//! | 429, 503, or 403 with a spent limit; `Retry-After`, `RateLimit-Reset` | asked again after that time, within the [patience](Asking::patience); else to be tried again after that time |
//! | 401, 403 | denied: a person renews the credential. A token of OAuth is renewed once |
//! | 404, 410 to the listing | gone |
//! | 410 to a record that is asked for | a tombstone; 404 too with [`HttpListing::not_found_is_gone`] |
//! | a redirect to another origin, or a next page there | fatal: no credential goes there |
//!
//! **Why a client that blocks?** A run waits for each page anyway, the stores on SQLite block as well, and hosts without a
//! runtime have none to lend. So the client is ureq with rustls, a small tree. A host with a runtime calls where blocking is
//! allowed, and [`Ahead`](crate::ahead::Ahead) reads the next page in a thread while the run is busy.

// A client has a clock, and waits between requests where the source wants it.
#![allow(clippy::disallowed_methods)]

mod auth;
mod client;
mod error;
mod kept;
mod listing;
mod paging;
mod secret;

pub use auth::Auth;
pub use client::Asking;
pub use error::HttpError;
pub use listing::HttpListing;
pub use paging::{Paging, Where};
pub use secret::{Secret, SecretError};
pub(crate) use {client::Client, client::address, listing::items_of};
