//! The keys under which a job store keeps each kind of record.

use crate::id::{ConnectorId, SyncKey};
use crate::jobs::StoreKey;

const SLOT: &str = "slot";
const CONNECTION: &str = "connection";

/// The key of the record that holds a key's slot. A host needs it to look for a slot itself, or to fence its own
/// writes. A connector whose id ends in a dot may have its slot under the [former](StoreKey::former) key.
///
/// ```
/// use tripartite::id::{ConnectorId, OrgId, SyncKey};
/// use tripartite::work::{slot_key, sync_key};
/// let key = SyncKey { org: OrgId::new("a/b")?, connector: ConnectorId::new("c")? };
/// // in the alphabet that every store can take
/// assert_eq!(slot_key(&key).as_str(), "slot/a=2Fb/c");
/// assert_eq!(sync_key(&slot_key(&key)), Some(key));
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
pub fn slot_key(key: &SyncKey) -> StoreKey {
    of(SLOT, key)
}

/// The key whose slot is stored under this one. `None` if no slot is.
///
/// ```
/// use tripartite::jobs::StoreKey;
/// assert_eq!(tripartite::work::sync_key(&StoreKey::of("health", ["a", "c"])), None);
/// ```
pub fn sync_key(key: &StoreKey) -> Option<SyncKey> {
    let [kind, org, connector]: [String; 3] = key.parts().try_into().ok()?;
    let key = SyncKey { org: org.parse().ok()?, connector: connector.parse().ok()? };
    (kind == SLOT).then_some(key)
}

/// The connector whose enrolment is stored under this key. `None` if no enrolment is.
pub(super) fn connector(key: &StoreKey) -> Option<ConnectorId> {
    let [kind, connector]: [String; 2] = key.parts().try_into().ok()?;
    connector.parse().ok().filter(|_| kind == CONNECTION)
}

pub(super) fn connection_key(connector: &ConnectorId) -> StoreKey {
    StoreKey::of(CONNECTION, [connector.as_str()])
}

pub(super) fn gate_key(group: &str) -> StoreKey {
    StoreKey::of("gate", [group])
}

pub(super) fn health_key(key: &SyncKey) -> StoreKey {
    of("health", key)
}

pub(super) fn history_key(key: &SyncKey) -> StoreKey {
    of("history", key)
}

/// Of what people were told about a key's runs.
pub(super) fn notified_key(key: &SyncKey) -> StoreKey {
    of("told", key)
}

/// Of what people were told about a source's times.
pub(super) fn notified_skew_key(connector: &ConnectorId) -> StoreKey {
    StoreKey::of("told_skew", [connector.as_str()])
}

pub(super) fn tombstones_key(key: &SyncKey) -> StoreKey {
    of("tombstones", key)
}

fn of(kind: &str, key: &SyncKey) -> StoreKey {
    StoreKey::of(kind, [key.org.as_str(), key.connector.as_str()])
}
