//! What nobody may do: every request that changes something, sent by whoever must not.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{Request, StatusCode};

use crate::club::{CLUBS, Club, Page, Visitor, encoded, line};

/// Every form, as one who may would send it about a club.
fn forms(key: &str, print: &str) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let of = |fields: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    };
    let answer = |said: &[(&'static str, &str)]| {
        let asked = [("reg", key), ("id", "M1"), ("unit", "email"), ("print", print)];
        ("/answer", of(&[&asked, said].concat()))
    };
    let mut forms = vec![
        answer(&[("say", "remote")]),
        answer(&[("say", "value"), ("value", "x@example.org")]),
        answer(&[("say", "places"), ("place./x", "remote")]),
        ("/match", of(&[("reg", key), ("id", "M1"), ("local", "1"), ("say", "same")])),
        ("/match", of(&[("reg", key), ("id", "M1"), ("local", "1"), ("say", "another")])),
        ("/undo", of(&[("reg", key), ("seq", "1")])),
        ("/undo", of(&[("reg", key), ("run", "r"), ("print", print)])),
        ("/plan", of(&[("reg", key), ("plan", "p"), ("say", "apply")])),
        ("/plan", of(&[("reg", key), ("plan", "p"), ("say", "drop")])),
        ("/many", of(&[("reg", key), ("field", "email"), ("clash", ""), ("say", "remote"), ("print", print)])),
    ];
    for command in ["trigger", "pause", "resume", "cancel", "redrive", "reset"] {
        forms.push(("/jobs", of(&[("reg", key), ("do", command)])));
    }
    forms
}

fn sent(club: &Club, cookie: &str, path: &str, fields: &[(&'static str, String)], csrf: Option<&str>) -> Page {
    let mut all: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, &**value)).collect();
    all.extend(csrf.map(|csrf| ("csrf", csrf)));
    club.post_raw(cookie, path, &all)
}

#[test]
fn nothing_changes_for_whoever_has_no_session_no_token_or_anothers() {
    let club = Club::new();
    let [nuala, eoin] = ["nuala", "eoin"].map(|name| club.log_in(name));
    let print = club.question(&nuala, CLUBS[0], "M1", "email").field("print").unwrap();
    let before = club.dump();
    for (path, fields) in forms(CLUBS[0], &print) {
        let tries = [
            ("no session", "", Some(&*nuala.csrf)),
            ("a session that never was", "sync=0123456789abcdef", Some(&*nuala.csrf)),
            ("no token", &*nuala.cookie, None),
            ("an empty token", &*nuala.cookie, Some("")),
            ("the token of another", &*nuala.cookie, Some(&*eoin.csrf)),
            ("the session of another", &*eoin.cookie, Some(&*nuala.csrf)),
        ];
        for (what, cookie, csrf) in tries {
            let page = sent(&club, cookie, path, &fields, csrf);
            let expected = if cookie == nuala.cookie || cookie == eoin.cookie { 403 } else { 401 };
            assert_eq!(page.status.as_u16(), expected, "{what}: {path} {fields:?}");
        }
        let mut foreign = fields.clone();
        foreign.push(("csrf", nuala.csrf.clone()));
        let all: Vec<(&str, &str)> = foreign.iter().map(|(name, value)| (*name, &**value)).collect();
        let request = Request::post(path)
            .header(COOKIE, &nuala.cookie)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "cross-site");
        let page = club.send(request.body(Body::from(encoded(&all))).unwrap());
        assert_eq!(page.status, StatusCode::FORBIDDEN, "from another site: {path}");
    }
    assert_eq!(club.dump(), before);
}

#[test]
fn another_organisation_is_not_there_however_it_is_asked_for() {
    let club = Club::new();
    let [nuala, eoin] = ["nuala", "eoin"].map(|name| club.log_in(name));
    let print = club.question(&nuala, CLUBS[0], "M1", "email").field("print").unwrap();
    let before = club.dump();
    let named =
        ["ballybeg/federation", "ballybeg%2Ffederation", "Ballybeg/federation", "", "-", "../ballybeg", "nobody/x"];
    for name in named {
        for (path, fields) in forms(name, &print) {
            let page = sent(&club, &eoin.cookie, path, &fields, Some(&eoin.csrf));
            assert!([404, 400].contains(&page.status.as_u16()), "{path} {name}: {}", page.status);
            assert!(!page.text.contains("Member 1"), "{path} {name}");
        }
        let run = club.value("SELECT run FROM \"tripartite_runs/ballybeg/federation\" LIMIT 1");
        for path in [
            format!("/question?reg={name}&id=M1&unit=email"),
            format!("/run?reg={name}&run={}", run.replace('+', "%2B")),
            format!("/report?reg={name}&run={run}"),
            format!("/many?reg={name}&say=remote"),
            format!("/undo?reg={name}&run={run}"),
            format!("/questions?only={name}"),
            format!("/questions?reg={name}&at=conflict&id=A&unit=a"),
            format!("/runs?reg={name}"),
        ] {
            let page = club.get(Some(&eoin), &path);
            assert!(page.status.as_u16() < 500, "{path}");
            assert!(!page.text.contains("own1@club.example") || !page.text.contains("ballybeg"), "{path}");
            assert!(!page.text.contains("ballybeg/federation</"), "{path}: {}", page.text);
        }
    }
    for path in ["/questions", "/runs", "/jobs"] {
        let page = club.get(Some(&eoin), path);
        assert!(page.text.contains("dunmore") && !page.text.contains("ballybeg"), "{path}");
    }
    assert_eq!(club.dump(), before);
}

#[test]
fn a_role_may_what_it_says_and_no_more() {
    let club = Club::new();
    let [sile, ciara] = ["sile", "ciara"].map(|name| club.log_in(name));
    let print = club.question(&ciara, CLUBS[0], "M1", "email").field("print").unwrap();
    let before = club.dump();
    for (path, fields) in forms(CLUBS[0], &print) {
        assert_eq!(sent(&club, &sile.cookie, path, &fields, Some(&sile.csrf)).status, StatusCode::FORBIDDEN, "{path}");
        if path == "/jobs" || path == "/plan" {
            let page = sent(&club, &ciara.cookie, path, &fields, Some(&ciara.csrf));
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
        }
    }
    assert_eq!(club.dump(), before);
    for unit in ["secret", "email"] {
        let seen = club.question(&sile, CLUBS[0], "M1", unit);
        assert!(seen.text.contains("not shown to you"), "{}", seen.text);
        assert!(
            !seen.text.contains("m1.") && !seen.text.contains("own1") && !seen.text.contains(">own<"),
            "{}",
            seen.text
        );
        assert!(!seen.text.contains("Keep what is here"), "nor is an answer offered");
    }
    let run = club.value("SELECT run FROM \"tripartite_runs/ballybeg/federation\" ORDER BY seq DESC LIMIT 1");
    let address = format!("/run?reg={}&run={run}", CLUBS[0]);
    assert!(club.get(Some(&ciara), &address).text.contains("m6."));
    assert!(!club.get(Some(&sile), &address).text.contains("m6."));
    assert_eq!(club.get(Some(&sile), &address.replace("/run?", "/report?")).status, StatusCode::FORBIDDEN);
    assert!(club.question(&ciara, CLUBS[0], "M1", "secret").text.contains("s-m1"));
}

#[test]
fn nonsense_is_answered_and_changes_nothing() {
    let club = Club::new();
    let nuala = club.log_in("nuala");
    let print = club.question(&nuala, CLUBS[0], "M1", "email").field("print").unwrap();
    let before = club.dump();
    let long = "x".repeat(5000);
    let nonsense = [
        "",
        "\u{0}",
        "%00",
        "'; DROP TABLE members; --",
        "../../etc/passwd",
        "💥",
        "<b>",
        "-1",
        "99999999999999999999",
        &long,
    ];
    for (path, fields) in forms(CLUBS[0], &print) {
        for at in 0..fields.len() {
            if fields[at].0 == "value"
                || (path == "/many" && fields[at].0 == "clash")
                || path == "/jobs" && fields[at].0 == "reg"
            {
                continue;
            }
            for text in nonsense {
                let mut fields = fields.clone();
                // An empty filter is one that means all.
                if text.is_empty() && path == "/many" {
                    continue;
                }
                fields[at].1 = text.to_owned();
                let page = sent(&club, &nuala.cookie, path, &fields, Some(&nuala.csrf));
                assert!(page.status.as_u16() < 500, "{path} {fields:?}: {}", page.status);
            }
        }
    }
    let text = Request::post("/answer").header(COOKIE, &nuala.cookie).header(CONTENT_TYPE, "text/plain");
    let page = club.send(text.body(Body::from(format!("csrf={}", nuala.csrf))).unwrap());
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    let big = club.post(&nuala, "/answer", &[("value", &"x".repeat(300_000))]);
    assert_eq!(big.status, StatusCode::BAD_REQUEST);
    assert_eq!(club.dump(), before);
}

#[test]
fn what_people_are_called_is_no_markup_and_no_address() {
    let club = Club::new();
    let nuala = club.log_in("nuala");
    let evil = "<script>alert(1)</script>\"><img src=x onerror=alert(1)>";
    club.edit(&format!("UPDATE \"members/{}\" SET name = '{evil}' WHERE external_id = 'M1'", CLUBS[0]));
    club.edit(&format!("UPDATE \"members/{}\" SET phone = '{evil}' WHERE external_id = 'M2'", CLUBS[0]));
    club.list(CLUBS[0], &line("M2", "Member 2", "m2.3@example.org", "'><svg onload=alert(2)>"));
    club.nightly_any(&["run", "--key", CLUBS[0], "--remote", &club.listing(CLUBS[0]), "--partial"]);
    for path in ["/questions", "/runs", "/many?say=remote", "/question?reg=ballybeg/federation&id=M2&unit=phone"] {
        let page = club.get(Some(&nuala), path);
        for raw in ["<script>alert", "<img", "<svg onload"] {
            assert!(!page.text.contains(raw), "{path}");
        }
        let policy = page.headers.get("content-security-policy").unwrap().to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(!page.text.contains("style=") && !page.text.contains(" onclick"), "{path}");
        assert_eq!(page.text.matches("<script").count(), 1, "the one of the page itself: {path}");
    }
    for back in [
        "https://evil.example",
        "//evil.example",
        "/questions//evil",
        "/questions?x\r\nset-cookie: a=b",
        "/questionsevil",
    ] {
        let page = club.answer(&nuala, CLUBS[0], "M3", &[("say", "nonsense"), ("back", back)]);
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        let page = answered_twice(&club, &nuala, back);
        assert_eq!(page.location(), "/questions", "{back}");
    }
}

/// An answer to a question that is not open, which only goes back.
fn answered_twice(club: &Club, visitor: &Visitor, back: &str) -> Page {
    let fields = [("reg", CLUBS[0]), ("id", "M6"), ("unit", "email"), ("print", "x"), ("say", "local"), ("back", back)];
    club.post(visitor, "/answer", &fields)
}
