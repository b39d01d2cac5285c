//! The host of a simulated worker: a source with one member, whose name is another one each time, and fenced records.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tripartite::failure::{Classify, Failure};
use tripartite::id::{ExternalId, RunId, SyncKey};
use tripartite::memory::{Listing, MemoryStore};
use tripartite::plan::{Guards, Limit};
use tripartite::queue::{State as Doing, Token};
use tripartite::run::{Done, Run};
use tripartite::schema::{Field, Kind, Policy, Schema};
use tripartite::source::{Connector, Cursor, Item, Malformed, Page, RemoteRecord};
use tripartite::store::{Batch, IndexPage, LoadRequest, OpOutcome, RecordStore};
use tripartite::work::{Clock, Handler, Job, Session, slot_key};

use super::ground::{Effect, Ground, Mutation, Watch, pause};

#[derive(Debug)]
pub(super) struct Host {
    pub(super) watch: Watch,
    schema: Schema,
}

#[derive(Debug, thiserror::Error)]
#[error("no")]
pub(super) struct No(Failure);

impl Classify for No {
    fn failure(&self) -> Failure {
        self.0
    }
}

pub(super) struct Source {
    ground: Arc<Ground>,
    listing: Listing,
}

pub(super) struct Records {
    ground: Arc<Ground>,
    key: SyncKey,
    token: Token,
    inner: Arc<MemoryStore>,
}

/// How the source fails, if it does.
fn fate(ground: &Ground) -> Result<(), No> {
    let state = &mut *ground.state();
    let rate = state.faults.source;
    if !state.dice.hits(rate) {
        return Ok(());
    }
    let after = Some(Duration::from_secs(state.dice.below(180) as u64));
    Err(No(match state.dice.below(20) {
        0 => Failure::Denied,
        1 => Failure::Gone,
        2 => Failure::Fatal,
        3..7 => Failure::Retry { after },
        _ => Failure::Retry { after: None },
    }))
}

impl Host {
    pub(super) fn new(watch: Watch) -> Self {
        let schema = Schema::builder().field(Field::new("name", Kind::Text)).build().unwrap();
        Self { watch, schema }
    }
}

impl Handler for Host {
    type Connector = Source;
    type Store = Records;
    type Error = No;

    async fn open(&self, job: &Job) -> Result<Session<Source, Records>, No> {
        let Watch { ground, who } = self.watch.clone();
        let inner = {
            let state = &mut *ground.state();
            state.note(format!("{who}: runs {} by token {}", job.key, job.token.0));
            state.opened.push((job.key.clone(), job.token, who));
            state.held.insert((who, slot_key(&job.key)), job.token);
            if state.poison.as_ref() == Some(&job.key) {
                state.doomed = Some(who);
            }
            let records = || Arc::new(MemoryStore::new(self.schema.clone()));
            state.records.entry(job.key.clone()).or_insert_with(records).clone()
        };
        pause().await;
        if ground.state().dice.below(4) == 0 {
            fate(&ground)?;
        }
        let id = RunId::new(format!("{}-{}", job.key, job.token.0)).unwrap();
        let name = format!("N{}", ground.state().dice.next());
        let mut items = vec![item(&self.schema, &name)];
        let (mut part, mut guards) = (false, Guards::default().changed(Limit::NONE));
        match ground.state().dice.below(10) {
            // A guard lets nothing pass.
            0 => guards = guards.updates(Limit::NONE.absolute(0)),
            // Not all that the source has.
            1 => part = true,
            // What is no record is left.
            2 => items.push(unreadable()),
            _ => {}
        }
        if part {
            ground.state().known.parts.insert((job.key.clone(), job.token));
        }
        let all = !part || ground.mutation == Mutation::TakesPartsForAll;
        let listing = Listing::new(items);
        let listing = if all { listing } else { listing.partial() };
        let step = Run::new(Policy::new(self.schema.clone()), id, self.watch.time()).guards(guards).start();
        let connector = Source { ground: Arc::clone(&ground), listing };
        Ok(Session::new(step, connector, Records { ground, key: job.key.clone(), token: job.token, inner }))
    }

    async fn close(&self, _: &Job, _: &Records, _: &Done) -> Result<(), No> {
        pause().await;
        if self.watch.ground.state().dice.below(4) == 0 { fate(&self.watch.ground) } else { Ok(()) }
    }
}

fn item(schema: &Schema, name: &str) -> Item {
    let record = schema.record(&json!({ "name": name })).unwrap();
    Item::Record(RemoteRecord::new(ExternalId::new("7").unwrap(), record))
}

fn unreadable() -> Item {
    let id = Some(ExternalId::new("8").unwrap());
    Item::Malformed(Malformed::new("line 2", "is no record").id(id))
}

impl Connector for Source {
    type Error = No;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, No> {
        pause().await;
        fate(&self.ground)?;
        let Ok(page) = self.listing.fetch(after).await;
        Ok(page)
    }
}

impl RecordStore for Records {
    type Error = No;

    async fn index(&self, after: Option<&Cursor>) -> Result<IndexPage, No> {
        pause().await;
        let Ok(page) = self.inner.index(after).await;
        Ok(page)
    }

    async fn load(&self, wanted: &LoadRequest) -> Result<tripartite::store::Records, No> {
        pause().await;
        let Ok(loaded) = self.inner.load(wanted).await;
        Ok(loaded)
    }

    /// Checks the token and writes, in one transaction.
    async fn commit(&self, batch: &Batch) -> Result<Vec<OpOutcome>, No> {
        pause().await;
        let slot = self.ground.slot(&self.key).unwrap();
        let stale = slot.token != self.token || !matches!(slot.state, Doing::Running { .. });
        self.ground.state().effects.push(Effect { key: self.key.clone(), token: self.token, stale });
        if stale && self.ground.fenced {
            self.ground.note(|| format!("a stale commit of {} by token {} is refused", self.key, self.token.0));
            return Err(No(Failure::Fatal));
        }
        let Ok(outcomes) = self.inner.commit(batch).await;
        Ok(outcomes)
    }
}
