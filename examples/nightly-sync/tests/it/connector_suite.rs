//! The listing of JSON lines goes through the crate's own suite, as a file.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use nightly_sync::listing::{self, Remote};
use serde_json::{Value as Json, json};
use tripartite::conformance::connector::{Fixture, Statement, schema};
use tripartite::failure::Failure;
use tripartite::id::ExternalId;

use crate::bench::Bench;

const PAGE: usize = 10;

tripartite::conformance::connector::connector!(Listing::new());

/// A file of lines.
struct Listing {
    bench: Arc<Bench>,
    lines: Vec<String>,
    is_part: bool,
}

impl Listing {
    fn new() -> Self {
        let new = Self { bench: Arc::new(Bench::new()), lines: Vec::new(), is_part: false };
        new.write(&new.text());
        new
    }

    fn path(&self) -> PathBuf {
        self.bench.path("listing.jsonl").into()
    }

    fn text(&self) -> String {
        self.lines.concat()
    }

    /// A new file takes the place of the old one, which whoever reads it goes on reading.
    fn write(&self, text: &str) {
        let new = self.bench.path("listing.new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path()).unwrap();
    }
}

impl Fixture for Listing {
    type Connector = listing::Listing;

    fn connect(&self) -> listing::Listing {
        let lines = listing::open(&Remote::File(self.path()), "id").unwrap();
        let listing = listing::records(lines, schema(), "id").unwrap().pages_of(PAGE);
        if self.is_part { listing.partial() } else { listing }
    }

    fn page(&self) -> usize {
        PAGE
    }

    fn say(&mut self, statement: &Statement) -> bool {
        let line = match statement {
            Statement::Record(remote) if remote.version.is_none() => {
                let mut line: Json = serde_json::to_value(schema().named(&remote.record)).unwrap();
                line["id"] = remote.id.as_str().into();
                line.to_string()
            }
            Statement::Unreadable { id: Some(id), content } => format!("{}, {content}", json!({"id": id.as_str()})),
            Statement::Unreadable { id: None, content } => content.clone(),
            // Lines have no versions, and no word for who is gone.
            _ => return false,
        };
        self.lines.push(line + "\n");
        self.write(&self.text());
        true
    }

    fn remove(&mut self, id: &ExternalId) {
        let is_other = |line: &String| serde_json::from_str(line).map_or(true, |line: Json| line["id"] != id.as_str());
        self.lines.retain(is_other);
        self.write(&self.text());
    }

    fn withhold(&mut self) -> bool {
        self.is_part = true;
        true
    }

    fn cut_off(&mut self) -> bool {
        let text = self.text();
        self.write(&text[..text.len() - 5]);
        true
    }

    fn state_total(&mut self, _: u64) -> bool {
        false
    }

    fn fail(&mut self, failure: Option<Failure>) -> bool {
        failure.is_none()
    }
}
