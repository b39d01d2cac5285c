//! `JobStore` for references, `Arc`s and `Box`es: a store behind a pointer can be used like the store itself.

use std::future::Future;
use std::ops::{Deref, Range};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    AppendOf, DueOf, DuePage, JobStore, LogEntry, LogPosition, Row, Shard, StoreKey, Stored, Swap, SwapOf, Version,
};

macro_rules! shared {
    ($(impl <$($lifetime:lifetime,)? $inner:ident> for $shared:ty;)*) => {$(
        impl<$($lifetime,)? $inner: JobStore + Sync + ?Sized> JobStore for $shared {
            type Error = $inner::Error;

            fn get(&self, key: &StoreKey) -> impl Future<Output = Result<Option<Stored>, Self::Error>> + Send {
                self.deref().get(key)
            }

            fn compare_and_swap(
                &self,
                key: &StoreKey,
                expect: Option<Version>,
                next: Option<&Row>,
            ) -> impl Future<Output = Result<Swap, Self::Error>> + Send {
                self.deref().compare_and_swap(key, expect, next)
            }

            fn due(
                &self,
                shard: Shard,
                until: DateTime<Utc>,
                after: Option<&(DateTime<Utc>, StoreKey)>,
                limit: usize,
            ) -> impl Future<Output = Result<DuePage, Self::Error>> + Send {
                self.deref().due(shard, until, after, limit)
            }

            fn append(
                &self,
                log: &StoreKey,
                entry: &LogEntry,
            ) -> impl Future<Output = Result<bool, Self::Error>> + Send {
                self.deref().append(log, entry)
            }

            fn read(
                &self,
                log: &StoreKey,
                range: Range<DateTime<Utc>>,
                after: Option<&LogPosition>,
                limit: usize,
            ) -> impl Future<Output = Result<Vec<LogEntry>, Self::Error>> + Send {
                self.deref().read(log, range, after, limit)
            }

            fn prune(
                &self,
                log: &StoreKey,
                before: DateTime<Utc>,
                limit: usize,
            ) -> impl Future<Output = Result<u64, Self::Error>> + Send {
                self.deref().prune(log, before, limit)
            }

            fn swap_one(&self, swap: &SwapOf) -> impl Future<Output = Result<Swap, Self::Error>> + Send {
                self.deref().swap_one(swap)
            }

            fn swap_many(&self, swaps: &[SwapOf]) -> impl Future<Output = Result<Vec<Swap>, Self::Error>> + Send {
                self.deref().swap_many(swaps)
            }

            fn get_many(
                &self,
                keys: &[StoreKey],
            ) -> impl Future<Output = Result<Vec<Option<Stored>>, Self::Error>> + Send {
                self.deref().get_many(keys)
            }

            fn due_many(&self, pages: &[DueOf]) -> impl Future<Output = Result<Vec<DuePage>, Self::Error>> + Send {
                self.deref().due_many(pages)
            }

            fn swap_chain(
                &self,
                swaps: &[SwapOf],
                entries: &[AppendOf],
            ) -> impl Future<Output = Result<Vec<Swap>, Self::Error>> + Send {
                self.deref().swap_chain(swaps, entries)
            }
        }
    )*};
}

shared! {
    impl<'a, T> for &'a T;
    impl<T> for Arc<T>;
    impl<T> for Box<T>;
}
