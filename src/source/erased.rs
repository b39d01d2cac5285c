//! Connectors whose type is known only at run time.

use std::fmt;

use super::{Connector, Cursor, Page};
use crate::failure::{DynError, DynFuture};
use crate::id::ExternalId;

/// A [`Connector`] whose type is known only at run time, so that one worker serves several kinds of source.
///
/// Implement [`Connector`] and never this trait: every connector that threads may share, and whose errors they may, is a
/// `DynConnector`. In turn `Box<dyn DynConnector>`, `Arc<dyn DynConnector>` and `&dyn DynConnector` are connectors. They
/// do what the connector inside does, and fail with a [`DynError`], which keeps the class of the error. A page costs one
/// allocation more, however many records it has.
///
/// ```
/// use tripartite::drive::block_on;
/// use tripartite::failure::{Classify, DynError, Failure};
/// use tripartite::memory::Listing;
/// use tripartite::source::{Connector, Cursor, DynConnector, Page};
///
/// struct Closed; // a source whose account was closed
///
/// impl Connector for Closed {
///     type Error = DynError;
///
///     async fn fetch(&self, _: Option<&Cursor>) -> Result<Page, DynError> {
///         Err(DynError::new(Failure::Gone, "410 Gone"))
///     }
/// }
///
/// let open = |name: &str| -> Box<dyn DynConnector> {
///     match name {
///         "federation" => Box::new(Listing::new(Vec::new())),
///         _ => Box::new(Closed),
///     }
/// };
/// assert!(block_on(open("federation").fetch(None)).is_ok());
/// let failed = block_on(open("crm").fetch(None)).unwrap_err();
/// assert_eq!((failed.failure(), failed.to_string()), (Failure::Gone, "410 Gone".to_owned()));
/// ```
///
/// The example `several_sources` has a worker with several kinds of source and of store.
pub trait DynConnector: Send + Sync + sealed::Sealed {
    /// [`Connector::fetch`], as a boxed future.
    fn dyn_fetch<'a>(&'a self, after: Option<&'a Cursor>) -> DynFuture<'a, Page>;

    /// [`Connector::fetch_only`], as a boxed future.
    fn dyn_fetch_only<'a>(&'a self, ids: &'a [ExternalId], after: Option<&'a Cursor>) -> DynFuture<'a, Page>;
}

/// A trait that nobody outside implements may get a method for each that `Connector` gets.
mod sealed {
    pub trait Sealed {}

    impl<C: super::Connector> Sealed for C {}
}

impl<C: Connector + Send + Sync> DynConnector for C
where
    C::Error: Send + Sync + 'static,
{
    fn dyn_fetch<'a>(&'a self, after: Option<&'a Cursor>) -> DynFuture<'a, Page> {
        Box::pin(async move { self.fetch(after).await.map_err(DynError::erase) })
    }

    fn dyn_fetch_only<'a>(&'a self, ids: &'a [ExternalId], after: Option<&'a Cursor>) -> DynFuture<'a, Page> {
        Box::pin(async move { self.fetch_only(ids, after).await.map_err(DynError::erase) })
    }
}

impl Connector for dyn DynConnector + '_ {
    type Error = DynError;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, DynError> {
        self.dyn_fetch(after).await
    }

    async fn fetch_only(&self, ids: &[ExternalId], after: Option<&Cursor>) -> Result<Page, DynError> {
        self.dyn_fetch_only(ids, after).await
    }
}

impl fmt::Debug for dyn DynConnector + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dyn DynConnector")
    }
}
