//! Listings over HTTP go through the crate's own suite, in each way of paging, and as SCIM.

use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};
use tripartite::conformance::connector::{Fixture, Statement, schema};
use tripartite::failure::Failure;
use tripartite::id::ExternalId;
use tripartite::source::DynConnector;
use tripartite_sources::http::{Asking, HttpListing, Paging, Where};
use tripartite_sources::records::Records;
use tripartite_sources::scim::Users;

use crate::server::{Asked, Server, Told};

const PAGE: usize = 10;

macro_rules! suites {
    ($($name:ident: $way:expr;)*) => {$(
        mod $name {
            tripartite::conformance::connector::connector!(super::Api::new($way));
        }
    )*};
}

suites! {
    pages: super::Way::Pages;
    offset: super::Way::Offset;
    link: super::Way::Link;
    cursor_in_body: super::Way::Body;
    cursor_in_header: super::Way::Header;
    scim: super::Way::Scim;
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Pages,
    Offset,
    Link,
    Body,
    Header,
    Scim,
}

/// What the source says, in the order in which it was told.
#[derive(Default)]
struct Said {
    /// Texts of JSON, each with a number that only grows, and with the id if it has one.
    items: Vec<(u64, Option<String>, String)>,
    told: u64,
    total: Option<u64>,
    is_cut: bool,
    failure: Option<Failure>,
}

struct Api {
    way: Way,
    said: Arc<Mutex<Said>>,
    server: Server,
    is_part: bool,
}

impl Api {
    fn new(way: Way) -> Self {
        let said: Arc<Mutex<Said>> = Arc::default();
        let state = Arc::clone(&said);
        let server = Server::of(move |asked| answer(way, &state.lock().unwrap(), asked));
        Self { way, said, server, is_part: false }
    }

    fn add(&self, id: Option<&str>, text: String) -> bool {
        let mut said = self.said.lock().unwrap();
        said.told += 1;
        let told = said.told;
        said.items.push((told, id.map(str::to_owned), text));
        true
    }
}

fn answer(way: Way, said: &Said, asked: &Asked) -> Told {
    match said.failure {
        Some(Failure::Retry { after: None }) => return Told::status(500),
        Some(Failure::Retry { after: Some(after) }) => return Told::status(429).header("Retry-After", after.as_secs()),
        Some(Failure::Denied) => return Told::status(401),
        Some(Failure::Gone) => return Told::status(410),
        Some(Failure::Fatal) => return Told::status(406),
        None => {}
    }
    if let Some(id) = asked.path.strip_prefix("/members/") {
        let id = percent_decoded(id);
        return match said.items.iter().find(|(_, of, _)| of.as_deref() == Some(&id)) {
            Some((.., text)) => Told::ok(text.clone()),
            None => Told::status(404),
        };
    }
    let (from, filter) = (asked.number("after", 0) as u64, asked.query.get("filter"));
    let is_wanted = |id: &Option<String>| match (filter, id) {
        (None, _) => true,
        (Some(filter), Some(id)) => filter.contains(&format!("id eq {}", Json::from(id.as_str()))),
        (Some(_), None) => false,
    };
    let all: Vec<_> = said.items.iter().filter(|(at, id, _)| *at > from && is_wanted(id)).collect();
    let skip = match way {
        Way::Pages => (asked.number("page", 1) - 1) * PAGE,
        Way::Offset => asked.number("offset", 0),
        Way::Scim => asked.number("startIndex", 1) - 1,
        _ => 0,
    };
    // Of a filter all are given that are wanted.
    let size = if filter.is_some() { 100 } else { PAGE };
    let page: Vec<_> = all.iter().skip(skip).take(size).collect();
    let next = (all.len() > skip + page.len()).then(|| page.last().map(|(at, ..)| *at)).flatten();
    told(way, said, &page.iter().map(|(.., text)| text.as_str()).collect::<Vec<_>>(), next)
}

fn told(way: Way, said: &Said, page: &[&str], next: Option<u64>) -> Told {
    let list = format!("[{}]", page.join(","));
    let mut told = match way {
        Way::Body => Told::ok(format!("{{\"items\": {list}, \"at\": {{\"after\": {}}}}}", json!(next))),
        Way::Scim => {
            let total = said.total.unwrap_or(said.items.len() as u64);
            Told::ok(format!("{{\"totalResults\": {total}, \"Resources\": {list}}}"))
        }
        _ => Told::ok(list),
    };
    match (way, next) {
        (Way::Link, Some(next)) => told = told.header("Link", format!("</members?after={next}>; rel=\"next\"")),
        (Way::Header, Some(next)) => told = told.header("X-Next", next),
        _ => {}
    }
    if let (Some(total), true) = (said.total, way != Way::Scim) {
        told = told.header("X-Total-Count", total);
    }
    if said.is_cut {
        told.cut = Some(told.body.len().saturating_sub(5));
    }
    told
}

fn percent_decoded(text: &str) -> String {
    let pairs = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(pairs.as_bytes()).next().unwrap().1.into_owned()
}

impl Fixture for Api {
    type Connector = Box<dyn DynConnector>;

    fn connect(&self) -> Box<dyn DynConnector> {
        if self.way == Way::Scim {
            let users = Users::of(self.server.url(""), Asking::default(), schema()).pages_of(PAGE as u64);
            let users = users.connect().unwrap();
            return Box::new(if self.is_part { users.partial() } else { users });
        }
        let size = Some(("size".to_owned(), PAGE as u64));
        let paging = match self.way {
            Way::Pages => Paging::Pages { number: "page".to_owned(), first: 1, size },
            Way::Offset => Paging::Offset { offset: "offset".to_owned(), first: 0, size },
            Way::Link => Paging::Link,
            Way::Body => Paging::Cursor { parameter: "after".to_owned(), from: Where::Body("/at/after".to_owned()) },
            _ => Paging::Cursor { parameter: "after".to_owned(), from: Where::Header("X-Next".to_owned()) },
        };
        let records = Records::new(schema(), "id").version("version").gone_if("gone", ["true"]);
        let listing = HttpListing::new(&self.server.url("/members"), paging, Asking::default(), records).unwrap();
        let listing = listing.record_url(&self.server.url("/members/{id}")).unwrap();
        Box::new(if self.is_part { listing.partial() } else { listing })
    }

    fn page(&self) -> usize {
        PAGE
    }

    fn say(&mut self, statement: &Statement) -> bool {
        match statement {
            Statement::Record(remote) => {
                let mut object = serde_json::to_value(schema().named(&remote.record)).unwrap();
                object["id"] = remote.id.as_str().into();
                match (remote.version, self.way) {
                    (Some(version), Way::Scim) => object["meta"] = json!({"version": format!("W/\"{version}\"")}),
                    (Some(version), _) => object["version"] = version.into(),
                    (None, _) => {}
                }
                self.add(Some(remote.id.as_str()), object.to_string())
            }
            Statement::Unreadable { id: Some(id), content } => {
                let (quoted, name) = (Json::from(id.as_str()), Json::from(content.as_str()));
                self.add(Some(id.as_str()), format!("{{\"id\": {quoted}, \"name\": {name}, \"name\": {name}}}"))
            }
            Statement::Unreadable { id: None, content } => self.add(None, json!([content]).to_string()),
            Statement::Gone { id, version } if self.way == Way::Scim => {
                let mut object = json!({"id": id.as_str(), "active": false});
                if let Some(version) = version {
                    object["meta"] = json!({"version": format!("\"{version}\"")});
                }
                self.add(Some(id.as_str()), object.to_string())
            }
            Statement::Gone { id, version } => {
                let object = json!({"id": id.as_str(), "gone": true, "version": version});
                self.add(Some(id.as_str()), object.to_string())
            }
            _ => false,
        }
    }

    fn remove(&mut self, id: &ExternalId) {
        self.said.lock().unwrap().items.retain(|(_, of, _)| of.as_deref() != Some(id.as_str()));
    }

    fn withhold(&mut self) -> bool {
        self.is_part = true;
        true
    }

    fn cut_off(&mut self) -> bool {
        self.said.lock().unwrap().is_cut = true;
        true
    }

    fn state_total(&mut self, total: u64) -> bool {
        self.said.lock().unwrap().total = Some(total);
        true
    }

    fn fail(&mut self, failure: Option<Failure>) -> bool {
        self.said.lock().unwrap().failure = failure;
        true
    }
}
