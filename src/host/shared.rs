//! What is shared is as good as what is owned: references, and `Arc`s.

use std::future::Future;
use std::ops::{Deref, Range};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    Connector, Due, JobStore, LogEntry, LogPosition, RecordStore, Row, Shard, StoreKey, Stored, Swap, SwapOf, Version,
};
use crate::exchange::{Batch, Cursor, IndexPage, Outcome, Page, Records, Wanted};
use crate::id::ExternalId;

macro_rules! shared {
    ($($(#[$doc:meta])* impl <$($lifetime:lifetime,)? $inner:ident> for $shared:ty;)*) => {$(
        $(#[$doc])*
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

        $(#[$doc])*
        impl<$($lifetime,)? $inner: RecordStore> RecordStore for $shared {
            type Error = $inner::Error;

            fn index(&self, after: Option<&Cursor>) -> impl Future<Output = Result<IndexPage, Self::Error>> + Send {
                self.deref().index(after)
            }

            fn load(&self, wanted: &Wanted) -> impl Future<Output = Result<Records, Self::Error>> + Send {
                self.deref().load(wanted)
            }

            fn commit(&self, batch: &Batch) -> impl Future<Output = Result<Vec<Outcome>, Self::Error>> + Send {
                self.deref().commit(batch)
            }
        }

        $(#[$doc])*
        impl<$($lifetime,)? $inner: JobStore + Sync> JobStore for $shared {
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
            ) -> impl Future<Output = Result<Due, Self::Error>> + Send {
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

            fn swap_many(&self, swaps: &[SwapOf]) -> impl Future<Output = Result<Vec<Swap>, Self::Error>> + Send {
                self.deref().swap_many(swaps)
            }
        }
    )*};
}

shared! {
    impl<'a, T> for &'a T;
    impl<T> for Arc<T>;
}
