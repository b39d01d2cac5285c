//! Sources over HTTP that fail, lie, move and limit.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::DateTime;
use tripartite::drive::drive_blocking;
use tripartite::failure::{Classify, Failure};
use tripartite::memory::MemoryStore;
use tripartite::run::Run;
use tripartite::schema::Policy;
use tripartite::source::{Item, Next, Page};
use tripartite_sources::ahead::Ahead;
use tripartite_sources::http::{Asking, Auth, HttpError, HttpListing, Paging, Secret};

use crate::server::{Asked, Server, Told};
use crate::support::{gzip, records, schema};

const SIZE: usize = 100;

fn pages() -> Paging {
    Paging::Pages { number: "page".to_owned(), first: 1, size: None }
}

fn listing(server: &Server, paging: Paging, asking: Asking) -> HttpListing {
    HttpListing::new(&server.url("/members"), paging, asking, records()).unwrap()
}

/// The page of a register of so many members.
fn members(asked: &Asked, count: usize) -> Told {
    let from = (asked.number("page", 1) - 1) * SIZE;
    let one = |number: usize| format!("{{\"id\":\"{number:07}\",\"name\":\"Áine {number}\"}}");
    let page: Vec<_> = (from..count.min(from + SIZE)).map(one).collect();
    Told::ok(format!("[{}]", page.join(",")))
}

fn all(listing: &HttpListing) -> Result<(Vec<Item>, Next), HttpError> {
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let Page { items: more, next, .. } = listing.page(after.as_ref())?;
        items.extend(more);
        match next {
            Next::More(cursor) => after = Some(cursor),
            end => return Ok((items, end)),
        }
    }
}

fn failure(server: &Server, asking: Asking) -> (Failure, String) {
    let error = listing(server, pages(), asking).page(None).unwrap_err();
    (error.failure(), error.to_string())
}

#[test]
fn a_server_that_is_killed_in_the_middle_of_page_7_deactivates_nobody() {
    let is_killed = Arc::new(AtomicUsize::new(0));
    let killed = Arc::clone(&is_killed);
    let server = Server::of(move |asked| {
        let mut told = members(asked, 1000);
        if killed.load(Ordering::SeqCst) == 1 && asked.number("page", 1) == 7 {
            told.cut = Some(told.body.len() / 2);
        }
        told
    });
    let store = MemoryStore::new(schema());
    let night = || {
        let run = Run::new(Policy::new(schema()), "run".parse().unwrap(), DateTime::UNIX_EPOCH);
        drive_blocking(run.start(), &Ahead::of(listing(&server, pages(), Asking::default())), &store)
    };
    assert_eq!(night().unwrap().report.counts.created, 1000);
    is_killed.store(1, Ordering::SeqCst);
    let Err(error) = night() else { panic!("page 7 is half a page") };
    assert!(error.to_string().contains("cut off"), "{error}");
    is_killed.store(2, Ordering::SeqCst);
    let report = night().unwrap().report;
    assert_eq!((report.counts.unchanged, report.counts.deactivated), (1000, 0));
}

#[test]
fn a_page_that_moves_while_it_is_read_is_noticed() {
    // Between two pages the first member leaves, and another one comes to the end: no total shows it.
    let turn = AtomicUsize::new(0);
    let server = Server::of(move |asked| {
        let page = asked.number("page", 1);
        let left = usize::from(turn.fetch_add(1, Ordering::SeqCst) > 0);
        let from = (page - 1) * 2 + left;
        let page: Vec<_> = (from..(4 + left).min(from + 2)).map(|id| format!("{{\"id\":{id}}}")).collect();
        Told::ok(format!("[{}]", page.join(",")))
    });
    let end = all(&listing(&server, pages(), Asking::default())).unwrap().1;
    let Next::BrokenOff { problem } = end else { panic!("{end:?}") };
    assert_eq!(problem, "it changed while it was read: the page before page 2 is another by now");
    // A total that is another one.
    let server = Server::of(|asked| members(asked, 150).header("X-Total-Count", 150 + asked.number("page", 1)));
    let end = all(&listing(&server, pages(), Asking::default())).unwrap().1;
    assert!(
        matches!(&end, Next::BrokenOff { problem } if problem.contains("151 records on a page, 152 on page 2")),
        "{end:?}"
    );
    // A source that does not heed the number of the page.
    let server = Server::of(|_| Told::ok("[{\"id\":7}]"));
    let end = all(&listing(&server, pages(), Asking::default())).unwrap().1;
    assert!(matches!(&end, Next::BrokenOff { problem } if problem == "page 2 is the page before once more"), "{end:?}");
}

#[test]
fn refusals_are_classified_and_waits_are_handed_on() {
    let wait = |seconds| Failure::Retry { after: Some(Duration::from_secs(seconds)) };
    let soon = Failure::Retry { after: None };
    for (told, class) in [
        (Told::status(500), soon),
        (Told::status(503).header("Retry-After", 120), wait(120)),
        (Told::status(429).header("Retry-After", 7), wait(7)),
        (Told::status(429).header("RateLimit-Reset", 30), wait(30)),
        (Told::status(403).header("X-RateLimit-Remaining", 0).header("X-RateLimit-Reset", 1), wait(1)),
        (Told::status(429), soon),
        (Told::status(401), Failure::Denied),
        (Told::status(403), Failure::Denied),
        (Told::status(410), Failure::Gone),
        (Told::status(404), Failure::Gone),
        (Told::status(400), Failure::Fatal),
        (Told::ok("<!DOCTYPE html><html>Sorcha is logged out"), soon),
        (Told::ok(""), soon),
    ] {
        let server = Server::of(move |_| told.clone());
        let (found, text) = failure(&server, Asking::default());
        assert_eq!(found, class, "{text}");
        // Neither body nor query.
        assert!(!text.contains("Sorcha") && !text.contains("page=1"), "{text}");
    }
    // A date is a point in time.
    let date = httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(90));
    let server = Server::of(move |_| Told::status(503).header("Retry-After", &date));
    let Failure::Retry { after: Some(after) } = failure(&server, Asking::default()).0 else { panic!() };
    assert!((80..=90).contains(&after.as_secs()), "{after:?}");
    // Nobody is there, or is slow.
    let (class, text) = {
        let gone = HttpListing::new("http://127.0.0.1:1/members", pages(), Asking::default(), records()).unwrap();
        let error = gone.page(None).unwrap_err();
        (error.failure(), error.to_string())
    };
    assert_eq!(class, soon, "{text}");
    let slow = Server::of(|asked| Told { after: Duration::from_secs(3), ..members(asked, 1) });
    let begun = Instant::now();
    let (class, text) = failure(&slow, Asking::default().time_out(Duration::from_millis(200)));
    assert!(class == soon && text.ends_with("it takes too long") && begun.elapsed() < Duration::from_secs(2), "{text}");
    let large = Server::of(|asked| members(asked, 100));
    let (class, text) = failure(&large, Asking::default().limit(100));
    assert!(class == Failure::Fatal && text.contains("more than 100 bytes"), "{text}");
}

/// Each page is refused once. A host that waits gets them all, and one that does not begins anew each time.
#[test]
fn a_page_is_waited_for_within_the_patience() {
    let source = || {
        let refused = std::sync::Mutex::new(std::collections::BTreeSet::new());
        Server::of(move |asked| match refused.lock().unwrap().insert(asked.number("page", 1)) {
            true => Told::status(429).header("Retry-After", 0),
            false => members(asked, 25),
        })
    };
    let (items, end) = all(&listing(&source(), pages(), Asking::default().patience(Duration::from_secs(2)))).unwrap();
    assert_eq!((items.len(), end), (25, Next::Complete { total: None }));
    assert!(matches!(failure(&source(), Asking::default()).0, Failure::Retry { .. }));
    // It asks for more than anybody has patience for: it is told at once.
    let hour = Server::of(|_| Told::status(503).header("Retry-After", 3600));
    let begun = Instant::now();
    let (class, _) = failure(&hour, Asking::default().patience(Duration::from_secs(2)));
    assert_eq!(class, Failure::Retry { after: Some(Duration::from_secs(3600)) });
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
fn no_credential_goes_to_another_origin() {
    let other = Server::of(|asked| members(asked, 1));
    let elsewhere = other.url("/members");
    let to = elsewhere.clone();
    let server = Server::of(move |_| Told::status(302).header("Location", &to));
    let auth = || Asking::default().auth(Auth::Bearer(Secret::given("geheim")));
    let (class, text) = failure(&server, auth());
    assert_eq!(class, Failure::Fatal);
    assert!(text.contains("is another origin") && !text.contains("geheim"), "{text}");
    let server = Server::of(move |_| Told::ok("[{\"id\":1}]").header("Link", format!("<{elsewhere}>; rel=next")));
    let error = listing(&server, Paging::Link, auth()).page(None).unwrap_err();
    assert!(matches!(error, HttpError::Origin { .. }), "{error}");
    assert!(other.asked().is_empty());
    // Within it a redirect is followed.
    let server = Server::of(|asked| match &*asked.path {
        "/members" => Told::status(301).header("Location", "/v2/members"),
        _ => Told::ok("[{\"id\":1}]"),
    });
    assert_eq!(listing(&server, Paging::Link, auth()).page(None).unwrap().items.len(), 1);
    assert_eq!(server.asked()[1].header("authorization"), "Bearer geheim");
}

#[test]
fn a_token_of_oauth_is_asked_for_once_and_renewed_when_it_is_refused() {
    let granted = AtomicUsize::new(0);
    let server = Server::of(move |asked| match &*asked.path {
        "/token" => {
            let number = granted.fetch_add(1, Ordering::SeqCst) + 1;
            Told::ok(format!("{{\"access_token\":\"t{number}\",\"token_type\":\"Bearer\",\"expires_in\":3600}}"))
        }
        // The first token ends before its time.
        _ if asked.header("authorization") == "Bearer t1" && asked.number("page", 1) == 2 => Told::status(401),
        _ => members(asked, 150),
    });
    let auth = Auth::OAuth {
        token_url: server.url("/token"),
        client_id: "club:7".to_owned(),
        client_secret: Secret::given("geheim"),
        scope: Some("members:read".to_owned()),
    };
    let (items, end) = all(&listing(&server, pages(), Asking::default().auth(auth))).unwrap();
    assert_eq!((items.len(), end), (150, Next::Complete { total: None }));
    let tokens: Vec<Asked> = server.asked().into_iter().filter(|asked| asked.path == "/token").collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens[0].body, "grant_type=client_credentials&scope=members%3Aread");
    assert_eq!(tokens[0].header("authorization"), "Basic Y2x1YiUzQTc6Z2VoZWlt");
}

#[test]
fn who_asks_is_said_in_each_way_and_shown_in_none() {
    let secret = || Secret::given("s3cret");
    for (auth, header, value) in [
        (Auth::Bearer(secret()), "authorization", "Bearer s3cret"),
        (
            Auth::Basic { user: "Aladdin".to_owned(), password: Secret::given("open sesame") },
            "authorization",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        ),
        (Auth::Key { header: "X-Api-Key".to_owned(), key: secret() }, "x-api-key", "s3cret"),
    ] {
        assert!(!format!("{auth:?}").contains("s3cret") && !format!("{auth:?}").contains("sesame"), "{auth:?}");
        let server = Server::of(|asked| members(asked, 1));
        listing(&server, Paging::Link, Asking::default().auth(auth)).page(None).unwrap();
        assert_eq!(server.asked()[0].header(header), value);
    }
    let server = Server::of(|asked| members(asked, 1));
    let (class, text) = failure(&server, Asking::default().auth(Auth::Bearer(Secret::env("TRIPARTITE_NO_SUCH"))));
    assert_eq!((class, &*text), (Failure::Denied, "the environment has no variable `TRIPARTITE_NO_SUCH`"));
    assert!(server.asked().is_empty());
    let error =
        HttpListing::new("https://user:pass@x.example/", Paging::Link, Asking::default(), records()).err().unwrap();
    assert!(!error.to_string().contains("pass@"), "{error}");
}

#[test]
fn what_has_not_changed_is_complete_and_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::of(|asked| match asked.header("if-none-match") {
        "\"v1\"" => Told { body: Vec::new(), ..Told::status(304) },
        _ => members(asked, 250).header("ETag", "\"v1\""),
    });
    let night = || all(&listing(&server, pages(), Asking::default().kept_in(folder.path()))).unwrap();
    let (first, end) = night();
    assert_eq!((first.len(), end), (250, Next::Complete { total: None }));
    server.asked();
    let (second, end) = night();
    assert_eq!((second.len(), end), (250, Next::Complete { total: None }));
    assert!(server.asked().iter().all(|asked| asked.header("if-none-match") == "\"v1\""));
    // What was not kept whole is asked for anew.
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
    }
    assert_eq!(night().0.len(), 250);
    assert!(server.asked()[0].header("if-none-match").is_empty());
}

#[test]
fn a_whole_listing_may_be_of_any_form_and_packed() {
    for (body, is_encoded) in [
        (b"id;name\n7;Ann\n8;Bob\n".to_vec(), false),
        (gzip(b"id;name\n7;Ann\n8;Bob\n"), false),
        (gzip(b"[{\"id\":7},{\"id\":8}]"), true),
        (b"{\"data\":{\"members\":[{\"id\":7},{\"id\":8}]}}".to_vec(), false),
    ] {
        let server = Server::of(move |_| {
            let told = Told::ok(body.clone());
            if is_encoded { told.header("Content-Encoding", "gzip") } else { told }
        });
        let (items, end) = all(&listing(&server, Paging::Whole, Asking::default())).unwrap();
        assert_eq!((items.len(), end), (2, Next::Complete { total: None }));
    }
}

#[test]
fn a_record_that_is_gone_is_a_tombstone_and_one_that_is_unknown_is_none_unless_that_is_stated() {
    let server = Server::of(|asked| match &*asked.path {
        "/members/a%2Fb%20c" => Told::ok("{\"id\":\"a/b c\",\"name\":\"Ann\"}"),
        "/members/gone" => Told::status(410),
        _ => Told::status(404),
    });
    let ids = ["a/b c", "gone", "unknown"].map(|id| id.parse().unwrap());
    let of = |listing: HttpListing| {
        let listing = listing.record_url(&server.url("/members/{id}")).unwrap();
        let page =
            tripartite::drive::block_on(tripartite::source::Connector::fetch_only(&listing, &ids, None)).unwrap();
        page.items.iter().map(|item| matches!(item, Item::Tombstone { .. })).collect::<Vec<_>>()
    };
    assert_eq!(of(listing(&server, pages(), Asking::default())), [false, true]);
    assert_eq!(of(listing(&server, pages(), Asking::default()).not_found_is_gone()), [false, true, true]);
}

#[test]
fn so_many_requests_a_second_and_no_more() {
    let server = Server::of(|asked| members(asked, 300));
    let begun = Instant::now();
    all(&listing(&server, pages(), Asking::default().per_second(20.0)).looks_once()).unwrap();
    assert_eq!(server.asked().len(), 4);
    assert!(begun.elapsed() >= Duration::from_millis(150), "{:?}", begun.elapsed());
}

#[test]
fn settings_that_cannot_be_right_are_refused() {
    let told = |url: &str| HttpListing::new(url, Paging::Link, Asking::default(), records()).err().unwrap().to_string();
    assert!(told("members.csv").starts_with("the address of the source: "));
    assert!(told("ftp://x.example/").contains("begins with `ftp`"));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "no certificate").unwrap();
    let asking = Asking::default().authority(file.path());
    let error = HttpListing::new("https://x.example/", Paging::Link, asking, records()).err().unwrap();
    assert!(error.to_string().ends_with("there are none"), "{error}");
}
