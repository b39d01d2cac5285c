//! Two clubs in one database, each with questions, and people with different roles.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use nightly_sync::app::now;
use nightly_sync::work;
use rusqlite::Connection;
use serde_json::json;
use sync_server::log::Log;
use sync_server::users::{Users, hash};
use sync_server::web::{self, Entry, Host, Web};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const CLUBS: [&str; 2] = ["ballybeg/federation", "dunmore/federation"];

const SCHEMA: &str = r#"{
    "strategy": "merge",
    "match": [{"name": "birthday", "fields": ["name", "born"]}],
    "fields": {
        "name": {"kind": "name"}, "born": {"kind": "date"}, "email": {"kind": "email", "sensitive": true}, "phone": {"kind": "text"},
        "address": {"kind": "record", "fields": {"street": "text", "town": "text"}},
        "phones": {"kind": "set_of_records", "key": ["type"], "fields": {"type": "text", "number": "text"}},
        "tags": {"kind": "set", "of": "text"}, "secret": {"kind": "text", "sensitive": "redacted"}
    }
}"#;

/// A database with a server on it.
pub(crate) struct Club {
    dir: PathBuf,
    pub(crate) router: Router,
    /// Until it is dropped, which may be where a runtime is not.
    runtime: Option<Runtime>,
    _ending: watch::Sender<()>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

pub(crate) fn line(id: &str, name: &str, email: &str, phone: &str) -> String {
    let line = json!({"id": id, "name": name, "born": "2001-05-04", "email": email, "phone": phone, "tags": ["a"], "secret": format!("s-{email}")});
    format!("{line}\n")
}

fn members(generation: u32) -> String {
    let member =
        |n: u32| line(&format!("M{n}"), &format!("Member {n}"), &format!("m{n}.{generation}@example.org"), "1");
    (1..=6).map(member).collect()
}

fn place() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("sync-server-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let dir = std::env::temp_dir().join(name);
    fs::create_dir_all(&dir).unwrap();
    dir
}

/// Users of both clubs. Hashing takes its time, so they share one hash.
pub(crate) fn users(dir: &Path) -> Users {
    static HASH: OnceLock<String> = OnceLock::new();
    let hash = HASH.get_or_init(|| hash(PASSWORD).unwrap());
    let user = |name: &str, roles| json!({"name": name, "password": hash, "roles": roles});
    let users = json!({"users": [
        user("nuala", json!({"ballybeg": "operate"})),
        user("sile", json!({"ballybeg": "see"})),
        user("ciara", json!({"ballybeg": "answer"})),
        user("eoin", json!({"dunmore": "operate"})),
        user("root", json!({"*": "operate"})),
    ]});
    let file = dir.join("users.json");
    fs::write(&file, users.to_string()).unwrap();
    Users::read(&file).unwrap()
}

impl Club {
    /// Both clubs with five conflicts each, for whom the e-mail address was edited here and at the source.
    pub(crate) fn new() -> Self {
        let dir = place();
        let schema = dir.join("schema.json");
        fs::write(&schema, SCHEMA).unwrap();
        let entry = Entry::Users(users(&dir));
        let club = Self::on(dir, "club.db", entry);
        for key in CLUBS {
            club.list(key, &members(1));
            let (listing, schema) = (club.listing(key), schema.display().to_string());
            club.nightly(&["schedule", "--key", key, "--remote", &listing, "--schema", &schema]);
            club.night(key);
            for n in 1..=5 {
                club.edit(&format!(
                    "UPDATE \"members/{key}\" SET email = 'own{n}@club.example', secret = 'own' WHERE external_id = 'M{n}'"
                ));
            }
            club.list(key, &members(2));
            club.night(key);
        }
        club
    }

    /// A server on a database that is there.
    pub(crate) fn on(dir: PathBuf, file: &str, entry: Entry) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let db = dir.join(file);
        let queue = Arc::new(work::queue(db.as_path()).unwrap());
        let (sender, ending) = watch::channel(());
        let host = Host {
            words: &sync_server::web::NONE,
            db: db.into(),
            queue,
            now,
            bell: Arc::default(),
            log: Arc::new(Log::begin().unwrap()),
            patience: Duration::from_secs(5),
            ending,
        };
        let router = web::router(Arc::new(Web::new(host, entry, false).unwrap()));
        Self { dir, router, runtime: Some(runtime), _ending: sender }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A copy of the database in a directory of its own.
    pub(crate) fn copy(&self, dir: &Path) {
        fs::create_dir_all(dir).unwrap();
        let copy = dir.join("club.db").display().to_string();
        self.open().execute("VACUUM INTO ?1", [copy]).unwrap();
    }

    pub(crate) fn listing(&self, key: &str) -> String {
        self.dir.join(format!("{}.jsonl", key.replace('/', "-"))).display().to_string()
    }

    pub(crate) fn list(&self, key: &str, lines: &str) {
        fs::write(self.listing(key), lines).unwrap();
    }

    pub(crate) fn nightly_any(&self, args: &[&str]) -> u8 {
        let db = self.dir.join("club.db").display().to_string();
        let args = [&args[..1], &["--db", &db], &args[1..]].concat();
        nightly_sync::app::execute(args.into_iter().map(Into::into))
    }

    pub(crate) fn nightly(&self, args: &[&str]) {
        assert_eq!(self.nightly_any(args), 0, "{args:?}");
    }

    /// A run of a club's whole listing, by its job.
    pub(crate) fn night(&self, key: &str) {
        self.nightly(&["trigger", "--key", key]);
        let status = self.nightly_any(&["work", "--until-idle", "--spacing", "0"]);
        assert!(status == 0 || status == 3, "{status}");
    }

    fn open(&self) -> Connection {
        let conn = Connection::open(self.dir.join("club.db")).unwrap();
        conn.busy_timeout(Duration::from_secs(10)).unwrap();
        conn
    }

    pub(crate) fn edit(&self, sql: &str) {
        assert!(self.open().execute(sql, []).unwrap() > 0, "{sql}");
    }

    pub(crate) fn value(&self, sql: &str) -> String {
        let sql = format!("SELECT ifnull(CAST(({sql}) AS TEXT), 'NULL')");
        self.open().query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    pub(crate) fn email(&self, key: &str, id: &str) -> String {
        self.value(&format!("SELECT email FROM \"members/{key}\" WHERE external_id = '{id}'"))
    }

    pub(crate) fn open_conflicts(&self, key: &str) -> u64 {
        self.value(&format!("SELECT count(*) FROM \"tripartite_conflicts/{key}\"")).parse().unwrap()
    }

    /// Everything that the database holds.
    pub(crate) fn dump(&self) -> String {
        let conn = self.open();
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let names: Vec<String> =
            conn.prepare(tables).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let mut dump = String::new();
        for name in names {
            let mut statement = conn.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
            let columns = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let cells: Vec<_> = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect();
                dump.push_str(&format!("{name}: {}\n", cells.join("|")));
            }
        }
        dump
    }

    pub(crate) fn send(&self, request: Request<Body>) -> Page {
        self.runtime.as_ref().unwrap().block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let bytes = to_bytes(body, 16 << 20).await.unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Page { status: parts.status, headers: parts.headers, text }
        })
    }

    pub(crate) fn get(&self, visitor: Option<&Visitor>, path: &str) -> Page {
        let cookie = visitor.map(|visitor| visitor.cookie.clone()).unwrap_or_default();
        self.send(Request::get(path).header(COOKIE, cookie).body(Body::empty()).unwrap())
    }

    /// The events of a page that is open.
    pub(crate) fn listen(&self, visitor: &Visitor) -> Listening {
        let request = Request::get("/live").header(COOKIE, &visitor.cookie).body(Body::empty()).unwrap();
        let response = self.runtime.as_ref().unwrap().block_on(self.router.clone().oneshot(request)).unwrap();
        assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
        Listening(response.into_body())
    }

    /// A form as a page of theirs sends it.
    pub(crate) fn post(&self, visitor: &Visitor, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut fields = fields.to_vec();
        fields.push(("csrf", &visitor.csrf));
        self.post_raw(&visitor.cookie, path, &fields)
    }

    pub(crate) fn post_raw(&self, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let request = Request::post(path)
            .header(COOKIE, cookie)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(encoded(fields)))
            .unwrap();
        self.send(request)
    }

    pub(crate) fn log_in(&self, name: &str) -> Visitor {
        let page = self.try_log_in(name, PASSWORD);
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        self.visitor(page.cookie().unwrap())
    }

    pub(crate) fn try_log_in(&self, name: &str, password: &str) -> Page {
        let form = self.get(None, "/login");
        let before = form.field("before").unwrap();
        let fields = [("name", name), ("password", password), ("before", &before)];
        self.post_raw(&form.cookie().unwrap(), "/login", &fields)
    }

    /// Whoever has this cookie.
    pub(crate) fn visitor(&self, cookie: String) -> Visitor {
        let visitor = Visitor { cookie, csrf: String::new() };
        let page = self.get(Some(&visitor), "/questions");
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        Visitor { csrf: page.field("csrf").unwrap(), ..visitor }
    }

    /// The fields of the form that answers a question.
    pub(crate) fn question(&self, visitor: &Visitor, key: &str, id: &str, unit: &str) -> Page {
        self.get(Some(visitor), &format!("/question?reg={key}&id={id}&unit={unit}"))
    }

    /// Answers a question as it stands.
    pub(crate) fn answer(&self, visitor: &Visitor, key: &str, id: &str, more: &[(&str, &str)]) -> Page {
        let print = self.question(visitor, key, id, "email").field("print").unwrap();
        let fields = [&[("reg", key), ("id", id), ("unit", "email"), ("print", &*print)], more].concat();
        self.post(visitor, "/answer", &fields)
    }
}

/// A page that is open.
pub(crate) struct Listening(Body);

impl Listening {
    /// What is heard until then, or until it ends.
    pub(crate) fn until(&mut self, club: &Club, then: impl Fn(&str) -> bool) -> String {
        let mut heard = String::new();
        club.runtime.as_ref().unwrap().block_on(async {
            while let Ok(Some(frame)) = tokio::time::timeout(Duration::from_secs(20), self.0.frame()).await {
                heard.push_str(&String::from_utf8_lossy(frame.unwrap().data_ref().unwrap()));
                if then(&heard) {
                    break;
                }
            }
        });
        heard
    }
}

impl Drop for Club {
    fn drop(&mut self) {
        self.runtime.take().map(Runtime::shutdown_background).unwrap_or_default();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

impl Page {
    /// The cookie that it sets, as it is sent back.
    pub(crate) fn cookie(&self) -> Option<String> {
        let set = self.headers.get(SET_COOKIE)?.to_str().ok()?;
        set.split(';').next().map(str::to_owned)
    }

    /// The value of the first hidden field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(&format!("name=\"{name}\" value=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    }

    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).and_then(|location| location.to_str().ok()).unwrap_or_default()
    }
}

/// A form as a browser sends it.
pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    let text = |text: &str| text.bytes().map(byte).collect::<String>();
    fields.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect::<Vec<_>>().join("&")
}
