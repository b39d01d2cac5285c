//! Webhooks.

mod arriving;
mod host;
mod receiving;
mod shapes;
mod signatures;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::id::{ConnectorId, ExternalId, OrgId, PolicyRef, SyncKey};
use tripartite::registry::Secret;
use tripartite::webhook::{Endpoint, EventKind, MessageId, Request, Shape, SigningSecret, Standard};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_614_265_330, 0).unwrap() + TimeDelta::seconds(seconds)
}

fn standard(secrets: &[&str]) -> Standard {
    Standard::new(secrets.iter().map(|text| SigningSecret::new(&Secret::new(*text)).unwrap())).unwrap()
}

fn id(text: &str) -> ExternalId {
    ExternalId::new(text).unwrap()
}

fn message(text: &str) -> MessageId {
    MessageId::new(text).unwrap()
}

fn key() -> SyncKey {
    SyncKey { org: OrgId::new("ballybeg").unwrap(), connector: ConnectorId::new("federation").unwrap() }
}

/// Events of members in a list, with a version.
fn shape() -> Shape {
    let changes = [("created", EventKind::Created), ("updated", EventKind::Updated), ("deleted", EventKind::Deleted)];
    Shape::builder("/type", "/id", changes).events("/events").version("/version").build().unwrap()
}

fn endpoint() -> Endpoint {
    Endpoint::new(key(), PolicyRef::new("members").unwrap(), standard(&[SECRET]), shape())
}

/// A request as it arrives, and as whoever carries it may alter it.
#[derive(Debug, Clone, PartialEq)]
struct Sent {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Sent {
    fn signed(by: &Standard, id: &str, seconds: i64, body: &[u8]) -> Self {
        let headers =
            by.sign(&message(id), at(seconds), body).map(|(name, value)| (name.to_owned(), value.into_bytes()));
        Self { headers: headers.into(), body: body.to_vec() }
    }

    fn header(&mut self, name: &str) -> &mut Vec<u8> {
        &mut self.headers.iter_mut().find(|(sent, _)| sent == name).unwrap().1
    }

    fn set(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        *self.header(name) = value.as_ref().to_vec();
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(sent, _)| sent != name);
        self
    }

    fn with<T>(&self, read: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        read(&Request::new(&headers, &self.body))
    }
}
