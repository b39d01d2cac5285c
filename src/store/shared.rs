//! `RecordStore` for references, `Arc`s and `Box`es: a store behind a pointer can be used like the store itself.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use super::{Batch, IndexPage, LoadRequest, OpOutcome, RecordStore, Records};
use crate::source::Cursor;

macro_rules! shared {
    ($(impl <$($lifetime:lifetime,)? $inner:ident> for $shared:ty;)*) => {$(
        impl<$($lifetime,)? $inner: RecordStore + ?Sized> RecordStore for $shared {
            type Error = $inner::Error;

            fn index(&self, after: Option<&Cursor>) -> impl Future<Output = Result<IndexPage, Self::Error>> + Send {
                self.deref().index(after)
            }

            fn load(&self, wanted: &LoadRequest) -> impl Future<Output = Result<Records, Self::Error>> + Send {
                self.deref().load(wanted)
            }

            fn commit(&self, batch: &Batch) -> impl Future<Output = Result<Vec<OpOutcome>, Self::Error>> + Send {
                self.deref().commit(batch)
            }
        }
    )*};
}

shared! {
    impl<'a, T> for &'a T;
    impl<T> for Arc<T>;
    impl<T> for Box<T>;
}
