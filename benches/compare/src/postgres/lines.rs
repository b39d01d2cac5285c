//! The source of the runs: the lines of a file, page by page.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeSeed;
use tripartite::failure::{Classify, Failure};
use tripartite::id::ExternalId;
use tripartite::schema::Schema;
use tripartite::source::{Connector, Cursor, Item, Next, Page, RemoteRecord};

/// So many lines are on a page.
const PAGE: usize = 1000;

/// A file, and how far it is read.
pub(super) struct Lines {
    schema: Schema,
    file: PathBuf,
    open: Mutex<Option<BufReader<File>>>,
}

/// Why a line cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("a line of the listing cannot be read: {0}")]
pub(super) struct Unreadable(String);

impl Classify for Unreadable {
    fn failure(&self) -> Failure {
        Failure::Fatal
    }
}

impl Lines {
    pub(super) fn new(schema: Schema, file: PathBuf) -> Self {
        Self { schema, file, open: Mutex::default() }
    }

    fn page(&self, after: Option<&Cursor>) -> Result<Page, Box<dyn std::error::Error>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = match (&mut *open, after) {
            (Some(lines), Some(_)) => lines,
            (open, _) => open.insert(BufReader::new(File::open(&self.file)?)),
        };
        let (mut items, mut line) = (Vec::with_capacity(PAGE), String::new());
        while items.len() < PAGE && lines.read_line(&mut line)? > 0 {
            let mut text = serde_json::Deserializer::from_str(&line);
            let keyed = self.schema.seed().keyed("id").deserialize(&mut text)?;
            let id = keyed.id.map(ExternalId::new).ok_or("it has no id")??;
            items.push(Item::Record(RemoteRecord::new(id, keyed.record)));
            line.clear();
        }
        let next = match items.len() {
            PAGE => Next::More(Cursor(String::new())),
            _ => Next::Complete { total: None },
        };
        Ok(Page::new(items, next))
    }
}

impl Connector for Lines {
    type Error = Unreadable;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, Unreadable> {
        self.page(after).map_err(|problem| Unreadable(problem.to_string()))
    }
}
