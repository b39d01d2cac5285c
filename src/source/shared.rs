//! `Connector` for references and `Arc`s: a shared connector can be used like an owned one.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use super::{Connector, Cursor, Page};
use crate::id::ExternalId;

macro_rules! shared {
    ($(impl <$($lifetime:lifetime,)? $inner:ident> for $shared:ty;)*) => {$(
        impl<$($lifetime,)? $inner: Connector> Connector for $shared {
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
}
