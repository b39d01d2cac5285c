//! A source in memory, and a connector to it with one thing wrong.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tripartite::conformance::connector::{Fixture, Statement, schema};
use tripartite::failure::{Classify, Failure};
use tripartite::id::ExternalId;
use tripartite::source::{Connector, Cursor, Item, Malformed, Next, Page, RemoteRecord};

use super::fault::Fault::{self, *};

/// More than a hundred records stand on three pages.
const PAGE: usize = 60;

/// A source, and the fault that connectors to it have.
pub(super) struct Source {
    fault: Fault,
    said: Arc<Mutex<Said>>,
}

/// What the source says, each statement with a number that stays its own.
#[derive(Default)]
struct Said {
    statements: Vec<(usize, Statement)>,
    next: usize,
    withheld: bool,
    cut_off: bool,
    total: Option<u64>,
    failure: Option<Failure>,
}

/// A connector with a fault.
pub(super) struct Faulty {
    fault: Fault,
    said: Arc<Mutex<Said>>,
    /// Where it was, for those that remember.
    at: Mutex<Option<usize>>,
    /// How often a page was lost to a failure.
    skipped: Mutex<usize>,
}

#[derive(Debug, thiserror::Error)]
#[error("the source failed")]
pub(super) struct Failed(Failure);

impl Classify for Failed {
    fn failure(&self) -> Failure {
        self.0
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Source {
    pub(super) fn new(fault: Fault) -> Self {
        Self { fault, said: Arc::default() }
    }
}

impl Fixture for Source {
    type Connector = Faulty;

    fn connect(&self) -> Faulty {
        Faulty { fault: self.fault, said: Arc::clone(&self.said), at: Mutex::default(), skipped: Mutex::default() }
    }

    fn page(&self) -> usize {
        PAGE
    }

    fn say(&mut self, statement: &Statement) -> bool {
        let is_plain = matches!(statement, Statement::Record(remote) if remote.version.is_none());
        if self.fault == SaysRecordsAlone && !is_plain {
            return false;
        }
        let mut said = lock(&self.said);
        said.next += 1;
        let number = said.next;
        said.statements.push((number, statement.clone()));
        true
    }

    fn remove(&mut self, id: &ExternalId) {
        let is_other = |statement: &Statement| !matches!(statement, Statement::Record(remote) if remote.id == *id);
        lock(&self.said).statements.retain(|(_, statement)| is_other(statement));
    }

    fn withhold(&mut self) -> bool {
        lock(&self.said).withheld = true;
        self.fault != SaysRecordsAlone
    }

    fn cut_off(&mut self) -> bool {
        lock(&self.said).cut_off = true;
        self.fault != SaysRecordsAlone
    }

    fn state_total(&mut self, total: u64) -> bool {
        lock(&self.said).total = Some(total);
        self.fault != SaysRecordsAlone
    }

    fn fail(&mut self, failure: Option<Failure>) -> bool {
        if self.fault == SaysRecordsAlone {
            return failure.is_none();
        }
        lock(&self.said).failure = failure;
        true
    }
}

impl Connector for Faulty {
    type Error = Failed;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, Failed> {
        self.page(after)
    }

    async fn fetch_only(&self, ids: &[ExternalId], after: Option<&Cursor>) -> Result<Page, Failed> {
        self.some(ids, after)
    }
}

impl Faulty {
    fn page(&self, after: Option<&Cursor>) -> Result<Page, Failed> {
        let said = lock(&self.said);
        self.works(&said)?;
        if self.fault == EmptyPageFirst && after.is_none() {
            return Ok(Page::new(Vec::new(), Next::More(Cursor("0".to_owned()))));
        }
        let start = self.start(&said, after);
        let rest = &said.statements[start..];
        let (page, rest) = rest.split_at(rest.len().min(PAGE));
        let mut items: Vec<Item> = page.iter().flat_map(|(number, statement)| self.item(*number, statement)).collect();
        if let Some(at) = items.iter().position(|item| matches!(item, Item::Malformed(_)))
            && self.fault == MalformedEndsThePage
        {
            items.truncate(at + 1);
        }
        match self.fault {
            LosesTheEndOfAFullLastPage if page.len() == PAGE && rest.is_empty() => drop(items.pop()),
            Backwards => items.reverse(),
            RepeatsRecords => {
                let records = items.iter().filter(|item| matches!(item, Item::Record(_))).cloned();
                items.extend(records.collect::<Vec<_>>());
            }
            OneStatementEach => self.keep_first(&said, start, &mut items),
            _ => {}
        }
        let next = if rest.is_empty() { self.end(&said)? } else { Next::More(self.cursor(page, start)) };
        *lock(&self.at) = page.last().filter(|_| matches!(next, Next::More(_))).map(|(number, _)| *number);
        Ok(Page::new(items, next))
    }

    /// Fails if the source does.
    fn works(&self, said: &Said) -> Result<(), Failed> {
        let empty = said.statements.is_empty() && self.fault == EmptyIsAFailure;
        let Some(failure) = said.failure.or(empty.then_some(Failure::Gone)) else { return Ok(()) };
        *lock(&self.skipped) += PAGE;
        Err(Failed(match (self.fault, failure) {
            (AllIsRetry, Failure::Denied | Failure::Gone | Failure::Fatal)
            | (ForgetsTheWait, Failure::Retry { .. }) => Failure::Retry { after: None },
            (_, failure) => failure,
        }))
    }

    /// How many statements stand before the page.
    fn start(&self, said: &Said, after: Option<&Cursor>) -> usize {
        let number = after.and_then(|after| after.0.parse::<usize>().ok()).unwrap_or(0);
        let before = |number: usize| said.statements.partition_point(|(of, _)| *of <= number);
        let start = match self.fault {
            RemembersWhereItWas => before(lock(&self.at).unwrap_or(0)),
            PagesByOffset => number,
            FailureTurnsThePage => before(number) + std::mem::take(&mut *lock(&self.skipped)),
            _ => before(number),
        };
        start.min(said.statements.len())
    }

    fn cursor(&self, page: &[(usize, Statement)], start: usize) -> Cursor {
        let last = page.last().map_or(0, |(number, _)| *number);
        Cursor(if self.fault == PagesByOffset { start + page.len() } else { last }.to_string())
    }

    fn end(&self, said: &Said) -> Result<Next, Failed> {
        let own = said.statements.len() as u64;
        let total = if self.fault == TotalOfItsOwn { Some(own) } else { said.total };
        Ok(match self.fault {
            NeverComplete if !said.cut_off => Next::Partial,
            CutIsAFailure if said.cut_off => return Err(Failed(Failure::Retry { after: None })),
            _ if said.cut_off && self.fault != CutIsComplete => {
                Next::BrokenOff { problem: "ends inside a record".to_owned() }
            }
            _ if said.withheld && self.fault != WithheldIsComplete => Next::Partial,
            _ => Next::Complete { total },
        })
    }

    /// Keeps the first statement of each record.
    fn keep_first(&self, said: &Said, start: usize, items: &mut Vec<Item>) {
        let id = |statement: &Statement| match statement {
            Statement::Record(remote) => Some(remote.id.clone()),
            _ => None,
        };
        let mut had: BTreeSet<ExternalId> = said.statements[..start].iter().filter_map(|(_, one)| id(one)).collect();
        items.retain(|item| if let Item::Record(remote) = item { had.insert(remote.id.clone()) } else { true });
    }

    fn item(&self, number: usize, statement: &Statement) -> Option<Item> {
        match statement {
            Statement::Record(remote) => Some(self.record(number, remote)),
            Statement::Unreadable { id, content } => self.malformed(number, id.as_ref(), content),
            Statement::Gone { id, version } => {
                let version = version.and_then(|version| self.version(version));
                (self.fault != SkipsTheGone).then(|| Item::Tombstone { id: id.clone(), version })
            }
            Statement::Rekeyed { from, .. } if self.fault == NewIdsAreDeletions => {
                Some(Item::Tombstone { id: from.clone(), version: None })
            }
            Statement::Rekeyed { from, to } => Some(Item::Rekeyed { from: from.clone(), to: to.clone() }),
            other => panic!("{other:?}"),
        }
    }

    fn version(&self, version: u64) -> Option<u64> {
        match self.fault {
            WithoutVersions => None,
            VersionsAsDoubles => Some((version as f64) as u64),
            _ => Some(version),
        }
    }

    fn malformed(&self, number: usize, id: Option<&ExternalId>, content: &str) -> Option<Item> {
        let place = if self.fault == MalformedSomewhere { "somewhere".to_owned() } else { format!("item {number}") };
        let quoted = if self.fault == MalformedQuotes { content } else { "it" };
        let id = id.filter(|_| self.fault != MalformedWithoutId).cloned();
        (self.fault != SkipsTheMalformed)
            .then(|| Item::Malformed(Malformed::new(place, format!("{quoted} is no record")).id(id)))
    }

    fn record(&self, number: usize, remote: &RemoteRecord) -> Item {
        let schema = schema();
        let mut fields: serde_json::Map<_, _> =
            serde_json::from_value(serde_json::to_value(schema.named(&remote.record)).unwrap()).unwrap();
        let odd: Vec<String> = (0..schema.fields().len())
            .filter(|&at| schema.canonical(at, remote.record.field(at)).is_err())
            .map(|at| schema.fields()[at].name().to_owned())
            .collect();
        match self.fault {
            OddValuesAreMalformed if !odd.is_empty() => {
                let problem = format!("the field {} is odd", odd[0]);
                return Item::Malformed(Malformed::new(format!("item {number}"), problem));
            }
            OddValuesAreLeftOut => fields.retain(|name, _| !odd.contains(name)),
            NullIsMissing => fields.retain(|_, value| !value.is_null()),
            MissingIsNull => {
                for field in schema.fields() {
                    fields.entry(field.name()).or_insert(serde_json::Value::Null);
                }
            }
            _ => {}
        }
        let id = if self.fault == IdsTrimmed { remote.id.as_str().trim() } else { remote.id.as_str() };
        Item::Record(
            RemoteRecord::new(ExternalId::new(id).unwrap(), schema.record(&fields).unwrap())
                .version(remote.version.and_then(|version| self.version(version))),
        )
    }

    fn some(&self, ids: &[ExternalId], after: Option<&Cursor>) -> Result<Page, Failed> {
        let asked = if self.fault == OnlyAHundred { &ids[..ids.len().min(100)] } else { ids };
        let whole = self.page(after)?;
        let last = matches!(whole.next, Next::Complete { .. });
        if self.fault == OnlyGivesOthers {
            return Ok(whole);
        }
        let mut page = whole.only(asked);
        let known: BTreeSet<ExternalId> =
            lock(&self.said).statements.iter().filter_map(|(_, one)| about(one)).collect();
        let unknown: Vec<&ExternalId> = ids.iter().filter(|id| !known.contains(*id)).collect();
        match self.fault {
            OnlyTheFirstPage => page.next = Next::Partial,
            OnlyWithoutTheGone => page.items.retain(|item| !matches!(item, Item::Tombstone { .. })),
            OnlyRecords => page.items.retain(|item| !matches!(item, Item::Malformed(_))),
            UnknownIsGone if last => {
                page.items.extend(unknown.iter().map(|id| Item::Tombstone { id: (*id).clone(), version: None }));
            }
            UnknownIsAFailure if !unknown.is_empty() => return Err(Failed(Failure::Gone)),
            _ => {}
        }
        Ok(page)
    }
}

/// Which record a statement is about.
fn about(statement: &Statement) -> Option<ExternalId> {
    match statement {
        Statement::Record(remote) => Some(remote.id.clone()),
        Statement::Unreadable { id, .. } => id.clone(),
        Statement::Gone { id, .. } => Some(id.clone()),
        _ => None,
    }
}
