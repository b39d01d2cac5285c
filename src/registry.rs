//! Connections: which sources there are, which organisations they serve, when and under which policy.
//!
//! A [`Connection`] is a record that people edit. What of it runs in a night is a pure function, [`nightly`]: the
//! active and enabled connectors times their connected organisations.
//!
//! | connector | enabled | organisations | in the nightly plan |
//! |---|---|---|---|
//! | active | yes | two | two keys |
//! | active | no | two | none: somebody switched it off |
//! | active | yes | two, one of which is switched off | the other's key |
//! | inactive, or in error | yes | two | none |
//! | active | yes | none | none |
//!
//! # Credentials
//!
//! A record holds a [`SecretRef`], which says where the credential is kept, never the credential. The host resolves it
//! when a run starts, into a [`Secret`], which cannot be printed, serialised or cloned, and is wiped when it is
//! dropped. So no query, log, error or report can carry one.
//!
//! # Questions
//!
//! *Why are unknown fields refused here, when they survive elsewhere?* A connection is written by hand. An `api_key`
//! that somebody put into it would otherwise be carried along, and shown to everyone who lists the connections.

mod enrolment;
mod secret;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use enrolment::Enrolment;
pub use secret::{Secret, SecretRef, SecretRefError};

use crate::failure::FormatError;
use crate::id::{ConnectorId, ExternalId, OrgId, PolicyRef, SyncKey};
use crate::schedule::{Missed, Schedule};

/// Which version of the persisted form this crate writes.
const FORMAT: u32 = 1;

/// A connector, as a record.
///
/// ```
/// use tripartite::id::{ConnectorId, PolicyRef};
/// use tripartite::registry::{Connection, SecretRef};
/// use tripartite::schedule::Schedule;
/// let connection = Connection::new(
///     ConnectorId::new("federation")?,
///     "The federation",
///     PolicyRef::new("members")?,
/// )
/// .credential(SecretRef::new("env:FEDERATION_TOKEN")?);
/// assert_eq!(connection.schedule, Schedule::nightly());
/// let mut json = serde_json::to_value(&connection)?;
/// json["api_key"] = "hunter2".into();
/// // nobody's secret is carried along
/// assert!(serde_json::from_value::<Connection>(json).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Connection {
    format: u32,
    /// What it is called in keys.
    pub connector: ConnectorId,
    /// What people call it.
    pub name: String,
    /// What the host says about it.
    pub status: ConnectionStatus,
    /// What its operator wants.
    pub enabled: bool,
    /// When it runs.
    pub schedule: Schedule,
    /// What becomes of runs that nobody was there for.
    #[serde(default)]
    pub missed: Missed,
    /// The policy it runs under.
    pub policy: PolicyRef,
    /// Where its credential is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<SecretRef>,
    /// The organisations that it serves.
    #[serde(default)]
    pub orgs: BTreeMap<OrgId, ConnectedOrg>,
}

/// Whether a connector can be used.
///
/// [`Connection::runs`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConnectionStatus {
    /// It can.
    Active,
    /// It is not set up, or not any more.
    #[default]
    Inactive,
    /// It is set up wrongly, for everybody. What fails for one organisation is its [health](crate::health).
    Error,
}

/// An organisation that a connector serves.
///
/// [`Connection::org`] has an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ConnectedOrg {
    /// What the source calls the organisation.
    pub external: ExternalId,
    /// Since when.
    pub enabled_at: DateTime<Utc>,
    /// Whether the connector's schedule runs for it. Of one that it does not run for, triggers are taken all the same.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub scheduled: bool,
    /// When a run last did what was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success: Option<DateTime<Utc>>,
    /// Where its own credential is kept, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<SecretRef>,
}

/// A connection of before organisations were switched off one by one runs for all of them.
fn yes() -> bool {
    true
}

/// A stored connection that this version cannot read.
///
/// [`Connection::check`] has an example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEnrolment {
    /// It was written by a later version of this crate.
    #[error(transparent)]
    Format(#[from] FormatError),
}

impl Connection {
    /// A connector that is active and enabled, runs nightly, and serves nobody yet.
    ///
    /// [`Connection`] has an example.
    pub fn new(connector: ConnectorId, name: impl Into<String>, policy: PolicyRef) -> Self {
        Self {
            format: FORMAT,
            connector,
            name: name.into(),
            status: ConnectionStatus::Active,
            enabled: true,
            schedule: Schedule::nightly(),
            missed: Missed::default(),
            policy,
            credential: None,
            orgs: BTreeMap::new(),
        }
    }

    /// Where its credential is kept.
    ///
    /// [`credential_of`](Self::credential_of) says whose it is, and has an example.
    #[must_use]
    pub fn credential(mut self, credential: SecretRef) -> Self {
        self.credential = Some(credential);
        self
    }

    /// When it runs.
    ///
    /// ```
    /// use tripartite::registry::{Connection, Enrolment};
    /// use tripartite::schedule::{Schedule, ScheduleError};
    /// let connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?)
    ///         .schedule(Schedule::Hourly { minute: 75 }); // unchecked: it is plain data
    /// let error = Enrolment::new(connection, chrono::DateTime::UNIX_EPOCH);
    /// assert_eq!(error.err(), Some(ScheduleError::Minute { found: 75 }));
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Serves one more organisation. One that it served already gets a new entry, without a last success and without a
    /// credential of its own.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::id::OrgId;
    /// use tripartite::registry::Connection;
    /// let (org, at) = (OrgId::new("ballybeg")?, DateTime::UNIX_EPOCH);
    /// let mut connection = Connection::new(
    ///     "federation".parse()?,
    ///     "The federation",
    ///     "members".parse()?,
    /// )
    /// .org(org.clone(), "F-17".parse()?, at);
    /// connection.succeeded(&org, at);
    /// let renamed = connection.org(org.clone(), "F-18".parse()?, at);
    /// // a new entry: to keep the rest, change `orgs`
    /// assert_eq!(renamed.orgs[&org].last_success, None);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    #[must_use]
    pub fn org(mut self, org: OrgId, external: ExternalId, enabled_at: DateTime<Utc>) -> Self {
        self.orgs
            .insert(org, ConnectedOrg { external, enabled_at, scheduled: true, last_success: None, credential: None });
        self
    }

    /// Checks a connection that came back from storage.
    ///
    /// ```
    /// use tripartite::registry::{Connection, InvalidEnrolment};
    /// let connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?);
    /// let mut json = serde_json::to_value(connection)?;
    /// json["format"] = 2.into();
    /// let checked = serde_json::from_value::<Connection>(json)?.check();
    /// assert!(matches!(checked, Err(InvalidEnrolment::Format(error)) if error.found == 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidEnrolment`], when it is of a later format.
    pub fn check(&self) -> Result<(), InvalidEnrolment> {
        FormatError::check("this connection has", self.format, FORMAT).map_err(InvalidEnrolment::Format)
    }

    /// Whether it runs by its schedule: it is active, and enabled.
    ///
    /// ```
    /// use tripartite::registry::{Connection, ConnectionStatus};
    /// let mut connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?);
    /// connection.status = ConnectionStatus::Error;
    /// // what the operator wants is kept for when it is mended
    /// assert!(connection.enabled && !connection.runs());
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn runs(&self) -> bool {
        self.enabled && self.status == ConnectionStatus::Active
    }

    /// The keys of all it serves, in order, whether it runs or not.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::registry::Connection;
    /// let mut connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?)
    ///         .org("carrick".parse()?, "F-18".parse()?, DateTime::UNIX_EPOCH)
    ///         .org("ballybeg".parse()?, "F-17".parse()?, DateTime::UNIX_EPOCH);
    /// connection.enabled = false;
    /// let keys: Vec<_> = connection.keys().map(|key| key.to_string()).collect();
    /// assert_eq!(keys, ["ballybeg/federation", "carrick/federation"]);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn keys(&self) -> impl Iterator<Item = SyncKey> {
        self.orgs.keys().map(|org| SyncKey { org: org.clone(), connector: self.connector.clone() })
    }

    /// The keys of those that its schedule runs for, in order.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripartite::id::OrgId;
    /// use tripartite::registry::Connection;
    /// let mut connection =
    ///     Connection::new("federation".parse()?, "The federation", "members".parse()?)
    ///         .org("carrick".parse()?, "F-18".parse()?, DateTime::UNIX_EPOCH)
    ///         .org("ballybeg".parse()?, "F-17".parse()?, DateTime::UNIX_EPOCH);
    /// connection.orgs.get_mut(&OrgId::new("ballybeg")?).expect("it is connected").scheduled =
    ///     false;
    /// let keys: Vec<_> = connection.scheduled_keys().map(|key| key.to_string()).collect();
    /// assert_eq!(keys, ["carrick/federation"]); // one that is switched off stops nobody else
    /// connection.enabled = false;
    /// assert_eq!(connection.scheduled_keys().count(), 0);
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn scheduled_keys(&self) -> impl Iterator<Item = SyncKey> {
        let runs = self.runs();
        self.keys().filter(move |key| runs && self.orgs.get(&key.org).is_some_and(|org| org.scheduled))
    }

    /// Where the credential for an organisation is kept: its own, or else the connector's.
    ///
    /// ```
    /// use tripartite::id::{ConnectorId, OrgId, PolicyRef};
    /// use tripartite::registry::{Connection, SecretRef};
    /// let shared = SecretRef::new("env:FEDERATION_TOKEN")?;
    /// let connection = Connection::new(
    ///     ConnectorId::new("federation")?,
    ///     "The federation",
    ///     PolicyRef::new("members")?,
    /// )
    /// .credential(shared.clone());
    /// // not served, no credential
    /// assert_eq!(connection.credential_of(&OrgId::new("nobody")?), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn credential_of(&self, org: &OrgId) -> Option<&SecretRef> {
        let connected = self.orgs.get(org)?;
        connected.credential.as_ref().or(self.credential.as_ref())
    }

    /// Notes that a run did what was wanted. The time never goes back; an organisation it does not serve is none of its
    /// business.
    ///
    /// ```
    /// use chrono::{DateTime, TimeDelta};
    /// use tripartite::id::OrgId;
    /// use tripartite::registry::Connection;
    /// let (org, at) = (OrgId::new("ballybeg")?, DateTime::UNIX_EPOCH);
    /// let mut connection = Connection::new(
    ///     "federation".parse()?,
    ///     "The federation",
    ///     "members".parse()?,
    /// )
    /// .org(org.clone(), "F-17".parse()?, at);
    /// connection.succeeded(&org, at);
    /// connection.succeeded(&org, at - TimeDelta::hours(1)); // from a clock that is behind
    /// assert_eq!(connection.orgs[&org].last_success, Some(at));
    /// # Ok::<(), tripartite::id::IdError>(())
    /// ```
    pub fn succeeded(&mut self, org: &OrgId, at: DateTime<Utc>) {
        if let Some(connected) = self.orgs.get_mut(org) {
            connected.last_success = connected.last_success.max(Some(at));
        }
    }
}

/// What runs in a night: the active and enabled connectors times their connected organisations but for those that are
/// switched off, each key once, in order.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use tripartite::id::{ConnectorId, ExternalId, OrgId, PolicyRef};
/// use tripartite::registry::{Connection, nightly};
/// let connection = Connection::new(
///     ConnectorId::new("federation")?,
///     "The federation",
///     PolicyRef::new("members")?,
/// )
/// .org(OrgId::new("ballybeg")?, ExternalId::new("F-17")?, DateTime::<Utc>::UNIX_EPOCH);
/// let mut off = connection.clone();
/// off.enabled = false;
/// assert_eq!(nightly(&[connection])[0].to_string(), "ballybeg/federation");
/// assert!(nightly(&[off]).is_empty());
/// # Ok::<(), tripartite::id::IdError>(())
/// ```
pub fn nightly(connections: &[Connection]) -> Vec<SyncKey> {
    connections.iter().flat_map(Connection::scheduled_keys).collect::<BTreeSet<_>>().into_iter().collect()
}
