//! `JobStore` for references, `Arc`s and `Box`es: a store behind a pointer can be used like the store itself.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use super::methods::each_method;
use super::{
    AppendOf, DueOf, DuePage, JobStore, LogPage, PruneOf, ReadOf, StoreKey, Stored, Swap, SwapAll, SwapOf, Taken,
};

macro_rules! forwarded {
    ($($method:ident($($of:ident: &$what:ty),+) -> $answer:ty;)+) => {$(
        fn $method(&self, $($of: &$what),+) -> impl Future<Output = Result<$answer, Self::Error>> + Send {
            self.deref().$method($($of),+)
        }
    )+};
}

macro_rules! shared {
    ($(impl <$($lifetime:lifetime,)? $inner:ident> for $shared:ty;)*) => {$(
        impl<$($lifetime,)? $inner: JobStore + Sync + ?Sized> JobStore for $shared {
            type Error = $inner::Error;

            each_method!(forwarded);
        }
    )*};
}

shared! {
    impl<'a, T> for &'a T;
    impl<T> for Arc<T>;
    impl<T> for Box<T>;
}
