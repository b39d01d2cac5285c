//! Servers that are not ours: a SCIM service of PyPI, and a REST service of npm. They are left out, and say so, where there
//! is no Python or Node that has them; `.ci/run` installs them.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tripartite::schema::{Field, Kind, Schema};
use tripartite::source::{Connector, Item, Next};
use tripartite_sources::http::{Asking, HttpListing, Paging};
use tripartite_sources::records::{Columns, Records};
use tripartite_sources::scim::Users;

use crate::support::{all, records, said};

/// A process that ends with the test.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn started(mut command: Command, port: u16) -> Peer {
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null()).spawn().unwrap();
    let (peer, begun) = (Peer(child), Instant::now());
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the server did not begin");
        std::thread::sleep(Duration::from_millis(50));
    }
    peer
}

fn program(variable: &str) -> Option<String> {
    let program = std::env::var(variable).ok();
    if program.is_none() {
        eprintln!("LEFT OUT: {variable} does not name the server to test against.");
    }
    program
}

#[test]
fn users_of_a_scim_service_are_listed_and_found_by_their_ids() {
    let Some(program) = program("TRIPARTITE_SCIM_SERVER") else { return };
    let port = free_port();
    let mut command = Command::new(program);
    command.args(["--port", &port.to_string()]);
    let _peer = started(command, port);
    let base = format!("http://127.0.0.1:{port}");
    let mut ids = Vec::new();
    for number in 0..25 {
        let user = serde_json::json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": format!("user{number}"),
            "name": {"givenName": "Áine", "familyName": format!("Byrne {number}")},
            "emails": [{"value": format!("m{number}@example.org"), "type": "work"}],
            "active": number != 3,
        });
        let mut answer = ureq::post(format!("{base}/Users"))
            .header("content-type", "application/scim+json")
            .send(user.to_string())
            .unwrap_or_else(|error| panic!("user {number}: {error}"));
        let made: serde_json::Value = serde_json::from_slice(&answer.body_mut().read_to_vec().unwrap()).unwrap();
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let fields = [("login", Kind::Text), ("family", Kind::Text), ("emails", Kind::List)];
    let fields = fields.map(|(name, kind)| Field::new(name, kind));
    let schema = fields.into_iter().fold(Schema::builder(), |schema, field| schema.field(field)).build().unwrap();
    let mut columns = Columns::default();
    columns.insert("login", "userName");
    columns.insert("family", "/name/familyName");
    let users = Users::of(base, Asking::default(), schema).columns(columns).pages_of(10).connect().unwrap();
    let (items, end) = all(&users);
    // The service counts who is inactive, too.
    assert_eq!(end, Next::Complete { total: Some(24) });
    let gone = items.iter().filter(|item| matches!(item, Item::Tombstone { .. })).count();
    assert_eq!((items.len(), gone), (25, 1));
    let login = |item: &Item| match item {
        Item::Record(remote) => Some((remote.id.as_str().to_owned(), remote.record.field(0).text()?.to_owned())),
        _ => None,
    };
    let logins: Vec<_> = items.iter().filter_map(login).collect();
    assert!(logins.contains(&(ids[7].clone(), "user7".to_owned())));
    let some = [&*ids[7], &*ids[3], "unknown"].map(|id| id.parse().unwrap());
    let page = tripartite::drive::block_on(users.fetch_only(&some, None)).unwrap();
    assert_eq!((page.items.len(), page.next), (2, Next::Partial));
}

#[test]
fn a_rest_service_is_listed_by_page_and_by_link() {
    let Some(program) = program("TRIPARTITE_JSON_SERVER") else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("db.json");
    let members: Vec<_> = (1..=25).map(|id| serde_json::json!({"id": id, "name": format!("N{id}")})).collect();
    std::fs::write(&data, serde_json::json!({"members": members}).to_string()).unwrap();
    let port = free_port();
    let mut command = Command::new(program);
    command.args(["--port", &port.to_string(), "--host", "127.0.0.1"]).arg(&data);
    let _peer = started(command, port);
    let url = format!("http://127.0.0.1:{port}/members");
    let kept = tempfile::tempdir().unwrap();
    let asking = || Asking::default().kept_in(kept.path());
    let pages = Paging::Pages { number: "_page".to_owned(), first: 1, size: Some(("_limit".to_owned(), 10)) };
    for (paging, url) in [(pages, url.clone()), (Paging::Link, format!("{url}?_page=1&_limit=10"))] {
        let listing = HttpListing::new(&url, paging, asking(), records()).unwrap();
        let (items, end) = all(&listing);
        assert_eq!((said(&items).len(), end), (25, Next::Complete { total: Some(25) }));
    }
    let listing = HttpListing::new(&url, Paging::Link, asking(), Records::new(crate::support::schema(), "id")).unwrap();
    let listing = listing.record_url(&format!("{url}/{{id}}")).unwrap();
    let ids = ["7", "99"].map(|id| id.parse().unwrap());
    let page = tripartite::drive::block_on(listing.fetch_only(&ids, None)).unwrap();
    assert_eq!(said(&page.items), [r#"7 {"name":"N7"}"#]);
}
