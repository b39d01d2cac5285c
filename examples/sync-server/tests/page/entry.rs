//! Who gets in.

use axum::body::Body;
use axum::http::header::{COOKIE, RETRY_AFTER, SET_COOKIE};
use axum::http::{Request, StatusCode};
use sync_server::web::Entry;

use crate::club::{Club, PASSWORD, users};

#[test]
fn only_a_name_with_its_password_gets_in_and_a_session_ends_when_it_is_ended() {
    let club = Club::new();
    for path in ["/", "/questions", "/runs", "/jobs", "/many", "/live", "/report", "/nothing"] {
        let page = club.get(None, path);
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{path}");
        assert!(["/login", "/questions"].contains(&page.location()), "{path}");
    }
    for (name, password) in [("nuala", "wrong"), ("nobody", PASSWORD), ("", "")] {
        let page = club.try_log_in(name, password);
        assert_eq!((page.status, page.headers.get("location")), (StatusCode::UNAUTHORIZED, None), "{name}");
        assert!(page.text.contains("Name or password is wrong."));
    }
    let page = club.try_log_in("nuala", PASSWORD);
    let set = page.headers.get(SET_COOKIE).unwrap().to_str().unwrap().to_owned();
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax"] {
        assert!(set.contains(part), "{set}");
    }
    let nuala = club.visitor(page.cookie().unwrap());
    assert_eq!(club.post(&nuala, "/logout", &[]).location(), "/login");
    assert_eq!(club.get(Some(&nuala), "/questions").status, StatusCode::SEE_OTHER);
}

#[test]
fn a_form_that_another_site_made_logs_nobody_in() {
    let club = Club::new();
    let form = club.get(None, "/login");
    let fields = |before: &str| {
        [("name", "nuala"), ("password", PASSWORD), ("before", before)].map(|(a, b)| (a.to_owned(), b.to_owned()))
    };
    for (cookie, before) in
        [(String::new(), form.field("before").unwrap()), (form.cookie().unwrap(), "guessed".to_owned())]
    {
        let fields = fields(&before);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(club.post_raw(&cookie, "/login", &fields).status, StatusCode::FORBIDDEN);
    }
}

#[test]
fn whoever_guesses_has_to_wait() {
    let club = Club::new();
    for _ in 0..5 {
        assert_eq!(club.try_log_in("nuala", "guess").status, StatusCode::UNAUTHORIZED);
    }
    let shut = club.try_log_in("nuala", PASSWORD);
    assert_eq!(shut.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(shut.headers.contains_key(RETRY_AFTER));
    assert_eq!(club.try_log_in("eoin", PASSWORD).status, StatusCode::SEE_OTHER, "another one need not");
}

#[test]
fn without_users_a_link_lets_in_once() {
    let built = Club::new();
    let entry = Entry::link().unwrap();
    let first = entry.first().unwrap();
    let dir = built.dir().join("copy");
    built.copy(&dir);
    let club = Club::on(dir, "club.db", entry);
    assert_eq!(club.get(None, "/enter?token=guessed").location(), "/login");
    assert_eq!(club.get(None, "/login").status, StatusCode::UNAUTHORIZED);
    assert_eq!(club.try_log_in_without_a_form().status, StatusCode::NOT_FOUND);
    let page = club.get(None, &first);
    let visitor = club.visitor(page.cookie().unwrap());
    assert!(club.get(Some(&visitor), "/questions").text.contains("20 open"));
    let again = club.get(None, &first);
    assert_eq!((again.location(), again.headers.get(SET_COOKIE)), ("/login", None));
}

impl Club {
    fn try_log_in_without_a_form(&self) -> crate::club::Page {
        self.post_raw("", "/login", &[("name", "this machine"), ("password", "")])
    }
}

#[test]
fn a_header_is_believed_only_where_it_was_asked_for() {
    let built = Club::new();
    let named = |club: &Club, path: &str, cookie: &str, names: &[&str]| {
        let mut request = Request::get(path).header(COOKIE, cookie);
        for name in names {
            request = request.header("x-remote-user", *name);
        }
        club.send(request.body(Body::empty()).unwrap())
    };
    assert_eq!(named(&built, "/questions", "", &["nuala"]).location(), "/login", "it is off by default");
    let dir = built.dir().join("copy");
    built.copy(&dir);
    let club = Club::on(dir.clone(), "club.db", Entry::Proxy(users(&dir), "x-remote-user".parse().unwrap()));
    for names in [&[][..], &["nobody"], &["nuala", "root"]] {
        assert_eq!(named(&club, "/login", "", names).status, StatusCode::FORBIDDEN, "{names:?}");
    }
    let page = named(&club, "/login", "", &["nuala"]);
    let cookie = page.cookie().unwrap();
    assert_eq!(named(&club, "/questions", &cookie, &["nuala"]).status, StatusCode::OK);
    for names in [&[][..], &["eoin"], &["nuala", "nuala"]] {
        assert_eq!(named(&club, "/questions", &cookie, names).location(), "/login", "{names:?}");
    }
}
