//! Swaps as transactions, and what became of one whose answer was lost.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::timeout;
use tripartite::jobs::{AppendOf, StoreKey, Swap, SwapAll, SwapOf, Version};

use super::Inner;
use crate::cluster::{Answered, Failed};
use crate::error::JobsError;
use crate::layout::{Nonce, check_format, packed, unpacked};
use crate::rpc::{Compare, KeyValue, RequestOp, TxnRequest, TxnResponse, WatchCreate, read_of, response_op};

/// How many swaps and entries go into one transaction: etcd takes 128 operations, and a swap is up to 3.
const TOGETHER: usize = 32;
/// How many bytes go into one transaction: etcd takes 1.5 MiB.
const BYTES: usize = 1 << 20;
/// How long the history of a key is waited for.
const HISTORY: Duration = Duration::from_secs(2);

/// A swap, as it is written.
struct Prepared {
    record: Vec<u8>,
    /// The revision of the expected record; 0: none is expected.
    expect: i64,
    /// Whether it deletes.
    deletes: bool,
    writes: Vec<RequestOp>,
}

impl Prepared {
    fn condition(&self) -> Compare {
        Compare::changed_at(self.record.clone(), self.expect)
    }

    fn look(&self) -> RequestOp {
        read_of(self.record.clone()).into()
    }
}

/// What is expected at a key: the revision of the record, and where it stands that it is due.
struct Held {
    revision: i64,
    mark: Option<Vec<u8>>,
}

fn conflicts(swaps: usize) -> Vec<Swap> {
    vec![Swap::Conflict; swaps]
}

fn applied(revision: i64) -> Swap {
    Swap::Applied(Version(revision.cast_unsigned()))
}

/// All of so many swaps took effect, in the transaction of this version.
fn all_applied(version: Version, swaps: usize) -> SwapAll {
    SwapAll::Applied(vec![version; swaps])
}

impl Inner {
    pub(super) async fn swap(&self, swap: &SwapOf) -> Result<Swap, JobsError> {
        let Some(held) = self.held(std::slice::from_ref(swap)).await?.pop().flatten() else {
            return Ok(Swap::Conflict);
        };
        let nonce = self.nonce();
        let prepared = self.prepared(swap, held, &nonce);
        let compare = vec![self.unchanged(), prepared.condition()];
        let failure = vec![read_of(self.layout.meta()).into(), prepared.look()];
        match self.cluster.call(&TxnRequest { compare, success: prepared.writes.clone(), failure }).await {
            Ok(Answered { answer, .. }) if answer.succeeded => Ok(applied(answer.revision())),
            Ok(Answered { answer, in_doubt }) => {
                self.check_namespace(&answer)?;
                let now = answer.found(1).first();
                if in_doubt { self.decided(&prepared, now, &nonce).await } else { Ok(Swap::Conflict) }
            }
            Err(failed) => self.settled(&prepared, failed, &nonce).await,
        }
    }

    /// Each swap is a transaction within one.
    pub(super) async fn swap_many(&self, swaps: &[SwapOf]) -> Result<Vec<Swap>, JobsError> {
        let mut answers = Vec::with_capacity(swaps.len());
        for some in swaps.chunks(TOGETHER) {
            if some.len() > 1 && fits(some, &[]) {
                answers.extend(self.swap_together(some).await?);
                continue;
            }
            for swap in some {
                answers.push(self.swap(swap).await?);
            }
        }
        Ok(answers)
    }

    async fn swap_together(&self, swaps: &[SwapOf]) -> Result<Vec<Swap>, JobsError> {
        let (mut answers, nonce) = (conflicts(swaps.len()), self.nonce());
        let held = self.held(swaps).await?.into_iter().zip(swaps).enumerate();
        let prepared = held.filter_map(|(at, (held, swap))| Some((at, self.prepared(swap, held?, &nonce))));
        let prepared: Vec<(usize, Prepared)> = prepared.collect();
        let inner = prepared.iter().map(|(_, swap)| {
            let (compare, failure) = (vec![swap.condition()], vec![swap.look()]);
            TxnRequest { compare, success: swap.writes.clone(), failure }.into()
        });
        let (compare, success) = (vec![self.unchanged()], inner.collect());
        let txn = TxnRequest { compare, success, failure: vec![read_of(self.layout.meta()).into()] };
        let Answered { answer, in_doubt } = self.cluster.call(&txn).await?;
        if !answer.succeeded {
            self.check_namespace(&answer)?;
        }
        for ((at, swap), response) in prepared.iter().zip(&answer.responses) {
            answers[*at] = match &response.op {
                Some(response_op::Op::Txn(inner)) if inner.succeeded => applied(answer.revision()),
                Some(response_op::Op::Txn(inner)) if in_doubt => {
                    self.decided(swap, inner.found(0).first(), &nonce).await?
                }
                _ => Swap::Conflict,
            };
        }
        Ok(answers)
    }

    /// In one transaction, if it is not too large for one.
    pub(super) async fn swap_chain(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, JobsError> {
        match self.swap_all(swaps, entries).await? {
            SwapAll::Applied(versions) => Ok(versions.into_iter().map(Swap::Applied).collect()),
            SwapAll::Conflict => Ok(conflicts(swaps.len())),
            SwapAll::Unable => self.one_by_one(swaps, entries).await,
        }
    }

    /// All of them take effect in one transaction, or none does.
    pub(super) async fn swap_all(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<SwapAll, JobsError> {
        if swaps.len() + entries.len() > TOGETHER || !fits(swaps, entries) {
            return Ok(SwapAll::Unable);
        }
        let nonce = self.nonce();
        let Some(held) = self.held(swaps).await?.into_iter().collect::<Option<Vec<_>>>() else {
            return Ok(SwapAll::Conflict);
        };
        let prepared: Vec<_> = swaps.iter().zip(held).map(|(swap, held)| self.prepared(swap, held, &nonce)).collect();
        let compare = std::iter::once(self.unchanged()).chain(prepared.iter().map(Prepared::condition)).collect();
        let writes = prepared.iter().flat_map(|swap| swap.writes.iter().cloned());
        let success = writes.chain(entries.iter().map(|entry| self.appending(entry, &nonce).into())).collect();
        let meta = read_of(self.layout.meta()).into();
        let failure = std::iter::once(meta).chain(prepared.iter().map(Prepared::look)).collect();
        let Answered { answer, in_doubt } = self.cluster.call(&TxnRequest { compare, success, failure }).await?;
        if answer.succeeded {
            return Ok(all_applied(Version(answer.revision().cast_unsigned()), swaps.len()));
        }
        self.check_namespace(&answer)?;
        if !in_doubt {
            return Ok(SwapAll::Conflict);
        }
        // They took effect together, so any of them that can be told tells of all.
        for (at, swap) in prepared.iter().enumerate() {
            match self.decided(swap, answer.found(at + 1).first(), &nonce).await {
                Ok(Swap::Applied(version)) => return Ok(all_applied(version, swaps.len())),
                // Still as expected: it does not tell why the chain was refused.
                Ok(Swap::Conflict) if at_revision(answer.found(at + 1).first()) == swap.expect => {}
                Ok(Swap::Conflict) => return Ok(SwapAll::Conflict),
                Err(JobsError::InDoubt) => {}
                Err(error) => return Err(error),
            }
        }
        Err(JobsError::InDoubt)
    }

    /// What is too large for one transaction, or has a key twice.
    async fn one_by_one(&self, swaps: &[SwapOf], entries: &[AppendOf]) -> Result<Vec<Swap>, JobsError> {
        let mut answers = conflicts(swaps.len());
        for (answer, swap) in answers.iter_mut().zip(swaps) {
            *answer = self.swap(swap).await?;
            if *answer == Swap::Conflict {
                return Ok(answers);
            }
        }
        for entry in entries {
            self.append(entry).await?;
        }
        Ok(answers)
    }

    /// What is expected of each; `None` where nothing can be swapped. A record whose former mark is not told is read.
    async fn held(&self, swaps: &[SwapOf]) -> Result<Vec<Option<Held>>, JobsError> {
        let records = swaps.iter().filter(|swap| swap.expect.is_some() && swap.former.is_none());
        let keys: Vec<_> = records.map(|swap| self.layout.record(&swap.key)).collect();
        let mut found = if keys.is_empty() { Vec::new() } else { self.get_many(&keys).await? }.into_iter();
        let held = |swap: &SwapOf| {
            let Some(version) = swap.expect else {
                return swap.next.is_some().then_some(Held { revision: 0, mark: None });
            };
            let mark = match swap.former {
                Some(mark) => mark,
                None => found.next().flatten().filter(|stored| stored.version == version)?.row.mark(),
            };
            // Revision 0 would expect that there is no record.
            let revision = i64::try_from(version.0).ok().filter(|revision| *revision > 0)?;
            Some(Held { revision, mark: self.layout.mark(&swap.key, mark) })
        };
        Ok(swaps.iter().map(held).collect())
    }

    /// The record, and its mark where that changes.
    fn prepared(&self, swap: &SwapOf, held: Held, nonce: &Nonce) -> Prepared {
        let SwapOf { key, next, .. } = swap;
        let (record, mark) = (self.layout.record(key), next.as_ref().and_then(|row| self.layout.mark(key, row.mark())));
        let mut writes = vec![match next {
            Some(row) => RequestOp::put(record.clone(), packed(row, nonce)),
            None => RequestOp::delete(record.clone()),
        }];
        if held.mark != mark {
            writes.extend(held.mark.map(RequestOp::delete));
            writes.extend(mark.map(|mark| RequestOp::put(mark, Vec::new())));
        }
        Prepared { record, expect: held.revision, deletes: next.is_none(), writes }
    }

    /// A transaction was refused: was that for the namespace?
    pub(super) fn check_namespace(&self, refused: &TxnResponse) -> Result<(), JobsError> {
        let meta = refused.found(0).first().map_or(&[][..], |kv| &kv.value);
        if meta == self.meta {
            return Ok(());
        }
        check_format(meta)?;
        Err(JobsError::Renewed)
    }

    /// What became of a swap that is a conflict now, and may have taken effect by an earlier try.
    async fn decided(&self, swap: &Prepared, now: Option<&KeyValue>, nonce: &Nonce) -> Result<Swap, JobsError> {
        if let Some(now) = now.filter(|now| is_by(now, nonce)) {
            return Ok(applied(now.mod_revision));
        }
        if at_revision(now) == swap.expect {
            return Ok(Swap::Conflict);
        }
        // A creation whose record may be gone again leaves no trace to begin at, and may yet come.
        if swap.expect == 0 {
            return Err(JobsError::InDoubt);
        }
        match self.first_change(&swap.record, swap.expect).await? {
            Some(first) if is_by(&first, nonce) => Ok(applied(first.mod_revision)),
            // A deletion has no nonce.
            None if swap.deletes => Err(JobsError::InDoubt),
            // Somebody else was first, and what expects a version that is over never takes effect.
            _ => Ok(Swap::Conflict),
        }
    }

    /// What became of a swap that nobody has answered. A cluster that is full still answers reads.
    async fn settled(&self, swap: &Prepared, failed: Failed, nonce: &Nonce) -> Result<Swap, JobsError> {
        if failed.in_doubt && matches!(failed.error, JobsError::Full) {
            let now = self.cluster.call(&read_of(swap.record.clone())).await?.answer;
            if let Some(now) = now.kvs.first().filter(|now| is_by(now, nonce)) {
                return Ok(applied(now.mod_revision));
            }
        }
        Err(failed.error)
    }

    /// The first change of a key after a revision: what was put, or `None` if it was deleted.
    async fn first_change(&self, record: &[u8], revision: i64) -> Result<Option<KeyValue>, JobsError> {
        let create = WatchCreate { key: record.to_vec(), start_revision: revision + 1, ..WatchCreate::default() };
        let first = async {
            let mut changes = self.cluster.watch(create).await.ok()?;
            while let Some(response) = changes.message().await.ok()? {
                if response.canceled {
                    return None; // The history is compacted.
                }
                if let Some(event) = response.events.into_iter().next() {
                    return Some(event.kv.filter(|_| event.kind == 0));
                }
            }
            None
        };
        timeout(HISTORY, first).await.ok().flatten().ok_or(JobsError::InDoubt)
    }
}

fn at_revision(now: Option<&KeyValue>) -> i64 {
    now.map_or(0, |kv| kv.mod_revision)
}

fn is_by(kv: &KeyValue, nonce: &Nonce) -> bool {
    unpacked(&kv.value).is_ok_and(|(_, by)| by == *nonce)
}

/// Whether swaps and entries may be one transaction: small enough, and each key once.
fn fits(swaps: &[SwapOf], entries: &[AppendOf]) -> bool {
    let rows = swaps.iter().filter_map(|swap| swap.next.as_ref()).map(|row| row.bytes.len());
    let entry = |append: &AppendOf| append.entry.bytes.len() + append.entry.position.id.len();
    let keys: BTreeSet<&StoreKey> = swaps.iter().map(|swap| &swap.key).collect();
    let ids: BTreeSet<_> = entries.iter().map(|append| (&append.log, &append.entry.position.id)).collect();
    let is_small = rows.chain(entries.iter().map(entry)).sum::<usize>() <= BYTES;
    is_small && keys.len() == swaps.len() && ids.len() == entries.len()
}
