//! What a namespace says of itself, and what is done after a restore.

use tokio::runtime::Handle;

use super::{JobsError, random};
use crate::address::Address;
use crate::cluster::Cluster;
use crate::layout::{Layout, Nonce, check_format, packed_meta};
use crate::rpc::{Compare, RequestOp, TxnRequest, read_of};

/// Reads what `m` holds, or writes it where nothing is.
pub(super) async fn establish(cluster: Cluster, layout: Layout, epoch: Nonce) -> Result<Vec<u8>, JobsError> {
    let (meta, new) = (layout.meta(), packed_meta(&epoch));
    let compare = vec![Compare::changed_at(meta.clone(), 0)];
    let (success, failure) = (vec![RequestOp::put(meta.clone(), new.clone())], vec![read_of(meta).into()]);
    let answer = cluster.call(&TxnRequest { compare, success, failure }).await?.answer;
    let found = answer.found(0).first().map(|kv| kv.value.clone());
    let held = if answer.succeeded { new } else { found.unwrap_or_default() };
    check_format(&held)?;
    Ok(held)
}

/// Shuts out all processes that have opened a namespace until now, once a cluster was restored from a snapshot. It is called
/// before new processes begin.
///
/// The revisions of a restored cluster go back to those of the snapshot and are given again, and with them the versions of
/// records. A process from before could hold such a version, and swap on it a record that it has never seen. After `renew`
/// each of its writes fails with [`JobsError::Renewed`].
///
/// # Errors
/// [`JobsError`], when no node answers, or the namespace is of a version that this one does not know.
pub async fn renew(address: &Address) -> Result<(), JobsError> {
    let runtime = Handle::try_current().map_err(|_| JobsError::NoRuntime)?;
    let cluster = Cluster::new(&runtime, address, 0)?;
    let (layout, epoch) = (Layout::new(address.namespace()), random()?);
    cluster.clone().run(replace(cluster, layout, epoch)).await
}

async fn replace(cluster: Cluster, layout: Layout, epoch: Nonce) -> Result<(), JobsError> {
    establish(cluster.clone(), layout.clone(), epoch).await?;
    let success = vec![RequestOp::put(layout.meta(), packed_meta(&epoch))];
    cluster.call(&TxnRequest { success, ..TxnRequest::default() }).await?;
    Ok(())
}
