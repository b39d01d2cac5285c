//! Logs: an entry, and beside it a key that keeps its id apart.

use tripartite::jobs::{AppendOf, LogEntry, LogPage, PruneOf, ReadOf};

use super::Inner;
use super::record::{at_most, range};
use crate::cluster::Answered;
use crate::error::JobsError;
use crate::layout::{Nonce, is_id_by, packed_id, right_behind};
use crate::rpc::{Compare, RangeRequest, RequestOp, TxnRequest, read_of, response_op};

/// How many entries are removed by one transaction: two operations each, of the 128 that etcd takes.
const PRUNED: usize = 60;
/// How many entries are read first, each of which may be as large as a request may be.
const FIRST_READ: usize = 32;
/// How many bytes a further read is meant to have.
const READ_BYTES: usize = 4 << 20;
/// How many entries a read has at most.
const MOST_READ: usize = 5000;

impl Inner {
    pub(super) async fn append(&self, entry: &AppendOf) -> Result<bool, JobsError> {
        let nonce = self.nonce();
        let TxnRequest { mut compare, success, mut failure } = self.appending(entry, &nonce);
        compare.insert(0, self.unchanged());
        failure.insert(0, read_of(self.layout.meta()).into());
        let Answered { answer, in_doubt } = self.cluster.call(&TxnRequest { compare, success, failure }).await?;
        if answer.succeeded {
            return Ok(true);
        }
        self.check_namespace(&answer)?;
        Ok(in_doubt && answer.found(1).first().is_some_and(|id| is_id_by(&id.value, &nonce)))
    }

    /// The transaction that appends an entry unless its id is there.
    pub(super) fn appending(&self, append: &AppendOf, nonce: &Nonce) -> TxnRequest {
        let AppendOf { log, entry: LogEntry { position, bytes, .. }, .. } = append;
        let id = self.layout.id(log, &position.id);
        TxnRequest {
            compare: vec![Compare::changed_at(id.clone(), 0)],
            success: vec![
                RequestOp::put(id.clone(), packed_id(position.at, nonce)),
                RequestOp::put(self.layout.entry(log, position), bytes.clone()),
            ],
            failure: vec![read_of(id).into()],
        }
    }

    pub(super) async fn read(&self, page: &ReadOf) -> Result<LogPage, JobsError> {
        let ReadOf { log, range: time, after, limit, bytes: most, .. } = page;
        let (first, end) = (self.layout.entries_from(log, time.start), self.layout.entries_from(log, time.end));
        let behind = after.as_ref().map(|after| right_behind(self.layout.entry(log, after)));
        let mut from = behind.unwrap_or_default().max(first);
        let (mut all, mut bytes) = (Vec::new(), 0);
        // One more than is on the page says whether there are more.
        let limit = limit.saturating_add(1);
        while all.len() < limit && bytes <= *most && from < end {
            let some = next_read(all.len(), bytes, most - bytes).min(limit - all.len());
            let asked = RangeRequest { limit: at_most(some), ..range(from.clone(), end.clone()) };
            let found = self.cluster.call(&asked).await?.answer;
            if let Some(last) = found.kvs.last() {
                from = right_behind(last.key.clone());
            }
            for kv in found.kvs {
                bytes += kv.value.len();
                all.push(self.layout.log_entry(log, kv));
            }
            if !found.more {
                break;
            }
        }
        page.page(all)
    }

    pub(super) async fn prune(&self, PruneOf { log, before, limit, .. }: &PruneOf) -> Result<u64, JobsError> {
        loop {
            let (first, end) = (self.layout.entries(log), self.layout.entries_from(log, *before));
            let some = at_most(PRUNED.min(*limit));
            let page = RangeRequest { limit: some, keys_only: true, ..range(first, end) };
            let found = self.cluster.call(&page).await?.answer.kvs;
            if found.is_empty() || *limit == 0 {
                return Ok(0);
            }
            let mut success = Vec::with_capacity(2 * found.len());
            for kv in found {
                let position = self.layout.position(log, &kv.key)?;
                success.push(RequestOp::delete(kv.key));
                success.push(RequestOp::delete(self.layout.id(log, &position.id)));
            }
            let failure = vec![read_of(self.layout.meta()).into()];
            let txn = TxnRequest { compare: vec![self.unchanged()], success, failure };
            let answer = self.cluster.call(&txn).await?.answer;
            if !answer.succeeded {
                self.check_namespace(&answer)?;
            }
            let entries = answer.responses.iter().step_by(2);
            let removed = entries.map(|response| match &response.op {
                Some(response_op::Op::Delete(deleted)) => deleted.deleted.cast_unsigned(),
                _ => 0,
            });
            // Somebody else, or a try whose answer was lost, may have removed them all: then the next ones are looked at.
            match removed.sum() {
                0 => {}
                removed => return Ok(removed),
            }
        }
    }
}

/// How many entries to read next, after so many with so many bytes, where so many bytes are left on the page.
fn next_read(entries: usize, bytes: usize, left: usize) -> usize {
    match bytes.checked_div(entries) {
        None => FIRST_READ,
        Some(each) => (READ_BYTES.min(left) / each.max(1)).clamp(1, MOST_READ),
    }
}
