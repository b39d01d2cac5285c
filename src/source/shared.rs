//! `Connector` for references, `Arc`s and `Box`es: a connector behind a pointer can be used like the connector itself.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use super::{Connector, Cursor, Page};
use crate::id::ExternalId;

macro_rules! shared {
    ($(impl <$($lifetime:lifetime,)? $inner:ident> for $shared:ty;)*) => {$(
        impl<$($lifetime,)? $inner: Connector + ?Sized> Connector for $shared {
            type Error = $inner::Error;

            fn fetch(&self, after: Option<&Cursor>) -> impl Future<Output = Result<Page, Self::Error>> + Send {
                self.deref().fetch(after)
            }

            fn fetch_only(
                &self,
                ids: &[ExternalId],
                after: Option<&Cursor>,
            ) -> impl Future<Output = Result<Page, Self::Error>> + Send {
                self.deref().fetch_only(ids, after)
            }
        }
    )*};
}

shared! {
    impl<'a, T> for &'a T;
    impl<T> for Arc<T>;
    impl<T> for Box<T>;
}
