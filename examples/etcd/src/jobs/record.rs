//! Reads of records and of what is due.

use tripartite::jobs::{DueOf, DuePage, StoreKey, Stored, Version};

use super::Inner;
use crate::error::JobsError;
use crate::layout::unpacked;
use crate::rpc::{KeyValue, RangeRequest, RangeResponse, RequestOp, TxnRequest, read_of, response_op};

/// How many reads go into one transaction. etcd takes 128, and each may find a record as large as a request may be.
const READS: usize = 32;

/// How many keys are listed at once, so that an answer has a few hundred kibibytes.
const KEYS: usize = 2000;

pub(super) fn stored(kv: &KeyValue) -> Result<Stored, JobsError> {
    let (row, _) = unpacked(&kv.value)?;
    Ok(Stored::new(row, Version(kv.mod_revision.cast_unsigned())))
}

/// How many to ask for.
pub(super) fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Inner {
    pub(super) async fn get(&self, record: Vec<u8>) -> Result<Option<Stored>, JobsError> {
        let read = self.cluster.call(&read_of(record)).await?;
        read.answer.kvs.first().map(stored).transpose()
    }

    pub(super) async fn get_many(&self, records: &[Vec<u8>]) -> Result<Vec<Option<Stored>>, JobsError> {
        let mut all = Vec::with_capacity(records.len());
        for some in records.chunks(READS) {
            let reads = some.iter().cloned().map(read_of).collect();
            for found in self.ranges(reads).await? {
                all.push(found.kvs.first().map(stored).transpose()?);
            }
        }
        Ok(all)
    }

    pub(super) async fn due_many(&self, pages: &[DueOf]) -> Result<Vec<DuePage>, JobsError> {
        let mut all = Vec::with_capacity(pages.len());
        for some in pages.chunks(READS) {
            let reads = some.iter().map(|page| {
                let DueOf { shard, until, after, limit, .. } = page;
                let (key, range_end) = self.layout.marks(*shard, *until, after.as_ref());
                RangeRequest { limit: at_most(*limit), keys_only: true, ..range(key, range_end) }
            });
            for found in self.ranges(reads.collect()).await? {
                let keys = found.kvs.iter().map(|kv| self.layout.marked(&kv.key)).collect::<Result<_, _>>()?;
                all.push(DuePage::new(keys, found.more));
            }
        }
        Ok(all)
    }

    pub(super) async fn keys(&self, first: Vec<u8>, end: Vec<u8>, limit: usize) -> Result<Vec<StoreKey>, JobsError> {
        let (mut all, mut from) = (Vec::new(), first);
        while all.len() < limit {
            let some = at_most(KEYS.min(limit - all.len()));
            let page = RangeRequest { limit: some, keys_only: true, ..range(from, end.clone()) };
            let found = self.cluster.call(&page).await?.answer;
            for kv in &found.kvs {
                all.push(self.layout.key_of(&kv.key)?);
            }
            match found.kvs.into_iter().next_back() {
                Some(last) if found.more => from = crate::layout::right_behind(last.key),
                _ => break,
            }
        }
        Ok(all)
    }

    /// Several reads in one round trip.
    async fn ranges(&self, reads: Vec<RangeRequest>) -> Result<Vec<RangeResponse>, JobsError> {
        if let [read] = &*reads {
            return Ok(vec![self.cluster.call(read).await?.answer]);
        }
        let success = reads.into_iter().map(RequestOp::from).collect();
        let txn = TxnRequest { success, ..TxnRequest::default() };
        let responses = self.cluster.call(&txn).await?.answer.responses;
        let read = |response: crate::rpc::ResponseOp| match response.op {
            Some(response_op::Op::Range(found)) => Ok(found),
            _ => Err(JobsError::Unreadable("an answer of the cluster")),
        };
        responses.into_iter().map(read).collect()
    }
}

/// A read of a range of keys.
pub(super) fn range(key: Vec<u8>, range_end: Vec<u8>) -> RangeRequest {
    RangeRequest { key, range_end, ..RangeRequest::default() }
}
