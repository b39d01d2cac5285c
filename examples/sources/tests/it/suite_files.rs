//! Listings in files go through the crate's own suite, in four forms.

use std::fs;

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tripartite::conformance::connector::{Fixture, Statement, schema};
use tripartite::failure::Failure;
use tripartite::id::ExternalId;
use tripartite::source::{Connector, Cursor, Item, Page, RemoteRecord};
use tripartite::value::RecordBuilder;
use tripartite_sources::file::{FileError, FileListing, Form, Input, Opened, Reading};
use tripartite_sources::records::Records;

const PAGE: usize = 10;

mod lines {
    tripartite::conformance::connector::connector!(super::Listing::new(super::Kind::Lines));
}
mod array {
    tripartite::conformance::connector::connector!(super::Listing::new(super::Kind::Array));
}
mod envelope {
    tripartite::conformance::connector::connector!(super::Listing::new(super::Kind::Envelope));
}
mod table {
    tripartite::conformance::connector::connector!(super::Listing::new(super::Kind::Table));
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Lines,
    Array,
    Envelope,
    Table,
}

/// A file, and what the source says in it.
struct Listing {
    folder: TempDir,
    kind: Kind,
    said: Vec<String>,
    ids: Vec<Option<ExternalId>>,
    total: Option<u64>,
    is_part: bool,
}

const COLUMNS: [&str; 4] = ["name", "note", "born", "visits"];

impl Listing {
    fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let new = Self { folder, kind, said: Vec::new(), ids: Vec::new(), total: None, is_part: false };
        new.write(&new.text());
        new
    }

    fn text(&self) -> String {
        match self.kind {
            Kind::Lines => self.said.iter().map(|one| format!("{one}\n")).collect(),
            Kind::Array => format!("[{}]", self.said.join(",\n")),
            Kind::Envelope => {
                let total = self.total.map(|total| format!("\"totalResults\": {total}, ")).unwrap_or_default();
                let next = if self.is_part { ", \"next\": \"page 2\"" } else { "" };
                format!("{{{total}\"Resources\": [{}]{next}}}", self.said.join(",\n"))
            }
            Kind::Table => {
                let rows: String = self.said.iter().map(|one| format!("{one}\r\n")).collect();
                format!("id;version;name;note;born;visits;gone\r\n{rows}")
            }
        }
    }

    /// A new file takes the place of the old one, which whoever reads it goes on reading.
    fn write(&self, text: &str) {
        let new = self.folder.path().join("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.folder.path().join("listing")).unwrap();
    }

    fn add(&mut self, text: String, id: Option<ExternalId>) -> bool {
        self.said.push(text);
        self.ids.push(id);
        self.write(&self.text());
        true
    }

    fn row(remote: &RemoteRecord) -> String {
        let stated = serde_json::to_value(schema().named(&remote.record)).unwrap();
        let cell = |name: &&str| match &stated[name] {
            // `~` says nothing, an empty cell that there is nothing.
            Json::Null if stated.get(name).is_some() => String::new(),
            Json::Null => "~".to_owned(),
            Json::String(text) => quoted(text),
            number => number.to_string(),
        };
        let cells: Vec<_> = COLUMNS.iter().map(cell).collect();
        let version = remote.version.map(|version| version.to_string()).unwrap_or_default();
        format!("{};{version};{};", quoted(remote.id.as_str()), cells.join(";"))
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

impl Fixture for Listing {
    type Connector = WithNumbers;

    fn connect(&self) -> WithNumbers {
        let form = match self.kind {
            Kind::Lines => Form::JsonLines,
            Kind::Array => Form::JsonArray,
            Kind::Envelope => Form::Envelope("/Resources".to_owned()),
            Kind::Table => Form::Delimited(';'),
        };
        let reading = Reading::default().form(form).may_be_empty();
        let input = Input::File(self.folder.path().join("listing"));
        let mut records = Records::new(schema(), "id").version("version").gone_if("gone", ["true"]).unstated("~");
        if self.kind == Kind::Lines {
            records = Records::new(schema(), "id");
        }
        let listing = Opened::open(&input, &reading, "id").unwrap().listing(records).unwrap().pages_of(PAGE);
        WithNumbers(if self.is_part { listing.partial() } else { listing }, self.kind)
    }

    fn page(&self) -> usize {
        PAGE
    }

    fn say(&mut self, statement: &Statement) -> bool {
        match statement {
            Statement::Record(remote) if self.kind == Kind::Table => {
                self.add(Self::row(remote), Some(remote.id.clone()))
            }
            Statement::Record(remote) => {
                if self.kind == Kind::Lines && remote.version.is_some() {
                    return false;
                }
                let mut object = serde_json::to_value(schema().named(&remote.record)).unwrap();
                object["id"] = remote.id.as_str().into();
                if let Some(version) = remote.version {
                    object["version"] = version.into();
                }
                self.add(object.to_string(), Some(remote.id.clone()))
            }
            Statement::Unreadable { id, content } => {
                let text = match (self.kind, id) {
                    (Kind::Table, Some(id)) => format!("{};{content}", quoted(id.as_str())),
                    (Kind::Table, None) => format!(";{content}"),
                    (Kind::Lines, Some(id)) => format!("{}, {content}", json!({"id": id.as_str()})),
                    (Kind::Lines, None) => content.clone(),
                    (_, Some(id)) => format!("{{\"id\": {:?}, \"id\": 1, \"name\": {content:?}}}", id.as_str()),
                    (_, None) => format!("[{content:?}]"),
                };
                // Two ids are none.
                let can = !matches!((self.kind, id), (Kind::Array | Kind::Envelope, Some(_)));
                can && self.add(text, None)
            }
            Statement::Gone { id, version } if self.kind != Kind::Lines => {
                let version = version.map(|version| version.to_string()).unwrap_or_default();
                let text = match self.kind {
                    Kind::Table => format!("{};{version};;;;;true", quoted(id.as_str())),
                    _ => json!({"id": id.as_str(), "version": version, "gone": true}).to_string(),
                };
                self.add(text, Some(id.clone()))
            }
            _ => false,
        }
    }

    fn remove(&mut self, id: &ExternalId) {
        let keeps: Vec<bool> = self.ids.iter().map(|of| of.as_ref() != Some(id)).collect();
        let mut keep = keeps.iter();
        self.said.retain(|_| *keep.next().unwrap());
        let mut keep = keeps.iter();
        self.ids.retain(|_| *keep.next().unwrap());
        self.write(&self.text());
    }

    fn withhold(&mut self) -> bool {
        self.is_part = true;
        self.write(&self.text());
        true
    }

    fn cut_off(&mut self) -> bool {
        let text = self.text();
        self.write(&text[..text.len() - 5]);
        true
    }

    fn state_total(&mut self, total: u64) -> bool {
        self.total = Some(total);
        self.write(&self.text());
        self.kind == Kind::Envelope
    }

    fn fail(&mut self, failure: Option<Failure>) -> bool {
        failure.is_none()
    }
}

/// The suite wants numbers among its records, and a cell has their digits. They are numbers again here.
struct WithNumbers(FileListing, Kind);

impl WithNumbers {
    fn read(&self, page: Page) -> Page {
        let number = |item: Item| match item {
            Item::Record(remote) if self.1 == Kind::Table => Item::Record(with_numbers(remote)),
            item => item,
        };
        Page::new(page.items.into_iter().map(number).collect(), page.next)
    }
}

fn with_numbers(remote: RemoteRecord) -> RemoteRecord {
    let mut row = RecordBuilder::new(remote.record.len());
    for position in 0..remote.record.len() {
        let field = remote.record.field(position);
        match field.text().and_then(|text| text.parse::<i64>().ok()) {
            Some(number) => row.set(position, &number.into()).unwrap(),
            None => row.set_field(position, field).unwrap(),
        }
    }
    RemoteRecord::new(remote.id, row.finish()).version(remote.version)
}

impl Connector for WithNumbers {
    type Error = FileError;

    async fn fetch(&self, after: Option<&Cursor>) -> Result<Page, FileError> {
        self.0.fetch(after).await.map(|page| self.read(page))
    }

    async fn fetch_only(&self, ids: &[ExternalId], after: Option<&Cursor>) -> Result<Page, FileError> {
        self.0.fetch_only(ids, after).await.map(|page| self.read(page))
    }
}
