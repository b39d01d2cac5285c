//! Headers that anybody may send: nobody is let in who has not signed, and nothing panics.
//!
//! The input is lines. The first says what is done to a signed request, the others are headers, `name: value`; what is
//! behind an empty line is the body.

use chrono::DateTime;
use tripartite::registry::Secret;
use tripartite::webhook::{Hex, MessageId, Request, SigningSecret, Standard};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: i64 = 1_614_265_330;

/// The body of the target.
pub fn run(data: &[u8]) {
    let Ok(secret) = SigningSecret::new(&Secret::new(SECRET)) else { return };
    let (Ok(standard), Ok(hex)) = (Standard::new([secret]), Hex::new("x-signature", [Secret::new(SECRET)])) else {
        return;
    };
    let now = DateTime::from_timestamp(NOW, 0).unwrap_or_default();
    let (head, body) = cut(data, b"\n\n");
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let headers: Vec<(&str, &[u8])> = lines
        .filter_map(|line| {
            let (name, value) = cut(line, b": ");
            Some((std::str::from_utf8(name).ok()?, value))
        })
        .collect();

    // Nobody can know the secret, so whatever passes was signed by it: it is what signing again gives.
    let sent = Request::new(&headers, body);
    if let Ok(id) = standard.verify(&sent, now) {
        let stamp = sent.header("webhook-timestamp").ok().flatten().expect("it passed");
        let stamp: i64 = std::str::from_utf8(stamp).expect("it passed").parse().expect("it passed");
        let at = DateTime::from_timestamp(stamp, 0).expect("it passed");
        let signed = &standard.sign(&id, at, body)[2].1;
        let given = sent.header("webhook-signature").ok().flatten().expect("it passed");
        assert!(std::str::from_utf8(given).expect("it passed").split(' ').any(|one| one == signed));
        assert!((stamp - NOW).abs() <= 300);
    }
    if hex.verify(&sent).is_ok() {
        let given = sent.header("x-signature").ok().flatten().expect("it passed").to_ascii_lowercase();
        let code = hex.sign(body);
        let code = code.strip_prefix("sha256=").unwrap_or(&code);
        assert!(given.ends_with(code.as_bytes()));
    }

    // A signed request passes, and with anything else in place of one of its headers or its body it does not.
    let Ok(id) = std::str::from_utf8(first).map(MessageId::new) else { return };
    let Ok(id) = id else { return };
    let signed = standard.sign(&id, now, body);
    let good: Vec<(&str, &[u8])> = signed.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    assert_eq!(standard.verify(&Request::new(&good, body), now).as_ref(), Ok(&id));
    for (name, value) in &headers {
        let mut altered = good.clone();
        for header in altered.iter_mut().filter(|(known, _)| known.eq_ignore_ascii_case(name)) {
            header.1 = value;
        }
        let text = std::str::from_utf8(altered[2].1).is_ok_and(|text| text.len() <= 4096);
        let carries = text && altered[2].1.split(|byte| *byte == b' ').any(|one| one == good[2].1);
        let same = altered[..2] == good[..2] && carries;
        assert_eq!(standard.verify(&Request::new(&altered, body), now).is_ok(), same);
    }
    let other = [body, b"x"].concat();
    assert!(standard.verify(&Request::new(&good, &other), now).is_err());
}

/// What is before a mark, and what is behind it.
fn cut<'a>(data: &'a [u8], mark: &[u8]) -> (&'a [u8], &'a [u8]) {
    match data.windows(mark.len()).position(|window| window == mark) {
        Some(at) => (&data[..at], &data[at + mark.len()..]),
        None => (data, &[]),
    }
}
