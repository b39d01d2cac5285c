//! Who signed: the specification's vector, RFC 4231, a naive HMAC, and nothing altered that verifies.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tripartite::registry::Secret;
use tripartite::webhook::{HeaderProblem, Hex, MessageId, Rejection, Request, SecretError, SigningSecret, Standard};

use super::{OTHER, SECRET, Sent, at, message, standard};

const ID: &str = "webhook-id";
const STAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const VECTOR: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

/// A message as the specification's libraries test it.
fn vector() -> Sent {
    Sent::signed(&standard(&[SECRET]), "msg_p5jXN8AQM9LWM0D4loKWxJek", 0, BODY)
}

fn verify(by: &Standard, sent: &Sent) -> Result<MessageId, Rejection> {
    sent.with(|request| by.verify(request, at(0)))
}

fn form(name: &str) -> Result<MessageId, Rejection> {
    header(name, HeaderProblem::Form)
}

fn header(name: &str, problem: HeaderProblem) -> Result<MessageId, Rejection> {
    Err(Rejection::Header { name: name.to_owned(), problem })
}

/// HMAC as RFC 2104 writes it down, on the hash alone.
fn naive(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = if key.len() > 64 { Sha256::digest(key).to_vec() } else { key.to_vec() };
    block.resize(64, 0);
    let pad = |with: u8| block.iter().map(|byte| byte ^ with).collect::<Vec<_>>();
    let inner = Sha256::digest([pad(0x36), text.to_vec()].concat());
    Sha256::digest([pad(0x5c), inner.to_vec()].concat()).to_vec()
}

#[test]
fn the_vector_of_the_specification_signs_and_verifies() {
    let mut sent = vector();
    assert_eq!(sent.header(SIGNATURE), VECTOR.as_bytes());
    assert_eq!(sent.header(STAMP), b"1614265330");
    assert_eq!(verify(&standard(&[SECRET]), &sent), Ok(message("msg_p5jXN8AQM9LWM0D4loKWxJek")));
}

#[test]
fn names_of_headers_have_no_case_and_each_is_sent_once() {
    let by = standard(&[SECRET]);
    let mut shouted = vector();
    for (name, _) in &mut shouted.headers {
        *name = name.to_ascii_uppercase();
    }
    assert!(verify(&by, &shouted).is_ok());
    for name in [ID, STAMP, SIGNATURE] {
        let mut twice = vector();
        let again = twice.header(name).clone();
        twice.headers.push((name.to_ascii_uppercase(), again));
        assert_eq!(verify(&by, &twice), header(name, HeaderProblem::Twice), "also when both say the same");
        assert_eq!(verify(&by, &vector().set(name, b"\xff")), form(name));
    }
    assert_eq!(verify(&by, &vector().without(ID)), header(ID, HeaderProblem::Missing));
    assert_eq!(verify(&by, &vector().without(STAMP)), header(STAMP, HeaderProblem::Missing));
    assert_eq!(verify(&by, &vector().without(SIGNATURE)), Err(Rejection::Unsigned));
}

#[test]
fn the_tolerance_is_exact_both_ways() {
    let (by, sent, micro) = (standard(&[SECRET]), vector(), TimeDelta::microseconds(1));
    let refused = Err(Rejection::Stale { tolerance: Duration::from_secs(300) });
    let verify = |now| sent.with(|request| by.verify(request, now));
    for edge in [300, -300] {
        assert!(verify(at(edge)).is_ok(), "exactly the tolerance passes");
        let beyond = if edge > 0 { at(edge) + micro } else { at(edge) - micro };
        assert_eq!(verify(beyond), refused);
    }
    let none = standard(&[SECRET]).tolerance(Duration::ZERO);
    assert!(sent.with(|request| none.verify(request, at(0))).is_ok());
    assert!(sent.with(|request| none.verify(request, at(0) + micro)).is_err());
    let any = standard(&[SECRET]).tolerance(Duration::MAX);
    assert!(sent.with(|request| any.verify(request, chrono::DateTime::<chrono::Utc>::MAX_UTC)).is_ok());
}

#[test]
fn only_who_signs_is_told_that_the_time_is_wrong() {
    let forged = vector().set(SIGNATURE, "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let refusal = forged.with(|request| standard(&[SECRET]).verify(request, at(9999)));
    assert_eq!(refusal, Err(Rejection::Signature));
}

#[test]
fn a_secret_is_replaced_without_a_gap() {
    let secrets = [&[SECRET][..], &[OTHER], &[SECRET, OTHER], &[OTHER, SECRET]];
    for sender in secrets {
        for receiver in secrets {
            let sent = Sent::signed(&standard(sender), "msg_1", 0, BODY);
            let common = sender.iter().any(|secret| receiver.contains(secret));
            assert_eq!(verify(&standard(receiver), &sent).is_ok(), common, "{sender:?} to {receiver:?}");
        }
    }
}

#[test]
fn what_is_no_signature_of_ours_is_skipped() {
    let code = &VECTOR[3..];
    let tries = [
        (format!("v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5B v2,AAAA {VECTOR}"), true),
        (format!("{VECTOR} v1,AAAA"), true),
        (format!("  v1 v1, ,, v1,!!!!  {VECTOR} "), true),
        (format!("v2,{code} v1a,{code} V1,{code}"), false),
        (format!("v1,{}", code.trim_end_matches('=')), false),
        (format!("v1, {code}"), false),
        (format!("v1={code}"), false),
        (format!("v1,{code},v1,{code}"), false),
        (code.to_owned(), false),
        (String::new(), false),
    ];
    for (signature, passes) in tries {
        let verified = verify(&standard(&[SECRET]), &vector().set(SIGNATURE, &signature));
        assert_eq!(verified.is_ok(), passes, "{signature}");
        assert!(passes || verified == Err(Rejection::Signature));
    }
    let flood = [VECTOR; 90].join(" ");
    assert_eq!(verify(&standard(&[SECRET]), &vector().set(SIGNATURE, flood)), form(SIGNATURE));
}

#[test]
fn ids_and_timestamps_have_one_form() {
    let by = standard(&[SECRET]);
    let long = "m".repeat(257);
    for id in ["", "msg.1", "msg 1", "msg\t1", "mßg", ".", &long] {
        assert_eq!(verify(&by, &vector().set(ID, id)), form(ID), "{id:?}");
    }
    assert!(MessageId::new("m".repeat(256)).is_ok());
    let stamps =
        ["", "+1614265330", "-1", " 1614265330", "1614265330 ", "1614265330.0", "1.6e9", "0x60", "1614265330000"];
    for stamp in stamps {
        assert_eq!(verify(&by, &vector().set(STAMP, stamp)), form(STAMP), "{stamp:?}");
    }
}

#[test]
fn a_dot_cannot_move_what_is_signed() {
    // `a.1.2.x`: id `a`, timestamp 1, body `2.x`. The same text as id `a.1` or as body `x` must not pass.
    let by = standard(&[SECRET]).tolerance(Duration::MAX);
    let signed = Sent::signed(&by, "a", -1_614_265_329, b"2.x");
    assert!(signed.with(|request| by.verify(request, at(0))).is_ok());
    let mut moved = signed.clone().set(ID, "a.1").set(STAMP, "2");
    moved.body = b"x".to_vec();
    assert_eq!(verify(&by, &moved), form(ID));
    let mut moved = signed.set(STAMP, "1.2");
    moved.body = b"x".to_vec();
    assert_eq!(verify(&by, &moved), form(STAMP));
}

#[test]
fn secrets_are_read_as_people_paste_them_and_no_short_one_is() {
    let bytes = |len: usize| BASE64_STANDARD.encode(vec![7; len]);
    let key = bytes(25);
    for written in [key.clone(), format!("whsec_{key}"), format!("whsec_{}\n", key.trim_end_matches('='))] {
        assert!(SigningSecret::new(&Secret::new(written.as_str())).is_ok(), "{written}");
    }
    let error = |written: &str| SigningSecret::new(&Secret::new(written)).err();
    for (written, expected) in [
        (String::new(), Some(SecretError::Short { least: 24, len: 0 })),
        ("whsec_".to_owned(), Some(SecretError::Short { least: 24, len: 0 })),
        (bytes(23), Some(SecretError::Short { least: 24, len: 23 })),
        (bytes(24), None),
        (bytes(64), None),
        (bytes(65), Some(SecretError::Long { len: 65 })),
        (format!("whpk_{key}"), Some(SecretError::Base64)),
        (format!("{key}="), Some(SecretError::Base64)),
        ("not base64, but a long enough pass phrase".to_owned(), Some(SecretError::Base64)),
    ] {
        assert_eq!(error(&written), expected, "{written}");
    }
    assert_eq!(Standard::new([]).err(), Some(SecretError::None));
    let shown = format!("{:?} {:#?}", standard(&[SECRET]), error("whsec_hunter2"));
    assert!(!shown.contains("MfKQ") && !shown.contains("hunter2") && !shown.contains("49, 242"), "{shown}");
}

/// RFC 4231, section 4: the cases for SHA-256 that are not truncated, and the one whose key is too short for us.
#[test]
fn the_vectors_of_rfc_4231() {
    let longer = "This is a test using a larger than block-size key and a larger than block-size data. \
                  The key needs to be hashed before being used by the HMAC algorithm.";
    let cases: [(Vec<u8>, &[u8], &str); 5] = [
        (vec![0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (vec![0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        ((1..=25).collect(), &[0xcd; 50], "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (
            vec![0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (vec![0xaa; 131], longer.as_bytes(), "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ];
    for (key, body, code) in cases {
        let hex = Hex::new("X-Signature", [Secret::new(key)]).unwrap();
        assert_eq!(hex.sign(body), format!("sha256={code}"));
        let prefixed = format!("sha256={code}");
        for value in [code, &code.to_uppercase(), &prefixed] {
            let headers = [("x-signature", value.as_bytes())];
            assert_eq!(hex.verify(&Request::new(&headers, body)), Ok(message(code)));
        }
    }
    let jefe = Hex::new("X-Signature", [Secret::new("Jefe")]).err();
    assert_eq!(jefe, Some(SecretError::Short { least: 16, len: 4 }));
}

#[test]
fn hex_digits_that_are_none_are_refused() {
    let secret = || Secret::new("a secret of our own");
    assert_eq!(Hex::new("X-Signature", []).err(), Some(SecretError::None));
    assert_eq!(Hex::new("X Signature", [secret()]).err(), Some(SecretError::Header));
    let both = [secret(), Secret::new("short")];
    assert!(matches!(Hex::new("X-Signature", both), Err(SecretError::Short { .. })));
    let hex = Hex::new("X-Signature", [secret()]).unwrap();
    let code = hex.sign(BODY).replace("sha256=", "");
    let verify = |headers: &[(&str, &[u8])]| hex.verify(&Request::new(headers, BODY));
    let double = code.repeat(2);
    let upper = format!("SHA256={code}");
    let twice = format!("sha256=sha256={code}");
    let wide = code.replace('a', "ａ");
    for bad in ["", "sha256=", &code[1..], &code[..62], &double, &upper, &twice, &wide, "zz"] {
        assert_eq!(verify(&[("X-Signature", bad.as_bytes())]), Err(Rejection::Signature), "{bad}");
    }
    assert_eq!(verify(&[]), Err(Rejection::Unsigned));
    let pair = [("x-signature", code.as_bytes()), ("X-Signature", code.as_bytes())];
    assert_eq!(verify(&pair), header("x-signature", HeaderProblem::Twice));
}

fn secrets() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 24..=64)
}

fn signing(bytes: &[u8]) -> Standard {
    standard(&[&BASE64_STANDARD.encode(bytes)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn signatures_are_those_of_a_naive_hmac(
        secret in secrets(), id in "[!-\\-/-~]{1,40}", body in any::<Vec<u8>>(), seconds in -1_000_000i64..1_000_000,
    ) {
        let mut sent = Sent::signed(&signing(&secret), &id, seconds, &body);
        let text = [format!("{id}.{}.", at(seconds).timestamp()).as_bytes(), body.as_slice()].concat();
        let expected = format!("v1,{}", BASE64_STANDARD.encode(naive(&secret, &text)));
        prop_assert_eq!(sent.header(SIGNATURE).as_slice(), expected.as_bytes());
        let verified = sent.with(|request| signing(&secret).verify(request, at(seconds)));
        prop_assert_eq!(verified, Ok(message(&id)));
    }

    #[test]
    fn nothing_altered_verifies(
        secret in secrets(), id in "[a-z0-9_]{1,20}", body in prop::collection::vec(any::<u8>(), 0..40),
        what in 0u8..6, place in any::<prop::sample::Index>(), flip in 1u8..=255,
    ) {
        let by = signing(&secret);
        let sent = Sent::signed(&by, &id, 0, &body);
        let mut altered = sent.clone();
        let flipped = |bytes: &mut Vec<u8>| {
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
        };
        let mut other = secret.clone();
        match what {
            0 => flipped(altered.header(ID)),
            1 => *altered.header(STAMP) = (at(0).timestamp() + i64::from(flip)).to_string().into_bytes(),
            2 if !body.is_empty() => flipped(&mut altered.body),
            2 | 3 => altered.body.insert(place.index(body.len() + 1), flip),
            4 => flipped(altered.header(SIGNATURE)),
            _ => flipped(&mut other),
        }
        prop_assume!(altered != sent || other != secret);
        prop_assert!(verify(&by, &sent).is_ok());
        prop_assert!(verify(&signing(&other), &altered).is_err());
    }

    #[test]
    fn nothing_altered_verifies_by_hex(
        secret in prop::collection::vec(any::<u8>(), 16..140), body in any::<Vec<u8>>(),
        in_body in any::<bool>(), place in any::<prop::sample::Index>(), bit in 0u8..8,
    ) {
        let hex = Hex::new("x-signature", [Secret::new(secret.clone())]).unwrap();
        let mut value = hex.sign(&body).into_bytes();
        let code: String = naive(&secret, &body).iter().map(|byte| format!("{byte:02x}")).collect();
        prop_assert_eq!(value.strip_prefix(b"sha256="), Some(code.as_bytes()));
        let mut altered = body.clone();
        if in_body {
            altered.insert(place.index(body.len() + 1), bit);
        } else {
            let place = place.index(value.len());
            // A letter in the other case is the same digit.
            value[place] = if value[place] == b'0' + bit { b'9' } else { b'0' + bit };
        }
        let verify = |value: &[u8], body: &[u8]| {
            hex.verify(&Request::new(&[("x-signature", value)], body)).is_ok()
        };
        prop_assert!(verify(hex.sign(&body).as_bytes(), &body));
        prop_assert!(!verify(&value, &altered));
    }

    #[test]
    fn no_header_makes_it_panic(
        headers in prop::collection::vec(("webhook-(id|timestamp|signature)|x-signature", any::<Vec<u8>>()), 0..6),
        texts in prop::collection::vec("(v1,)?[ -~]{0,60}", 3), body in any::<Vec<u8>>(),
    ) {
        let names = [ID, STAMP, SIGNATURE].map(str::to_owned);
        let plausible = names.into_iter().zip(texts.into_iter().map(String::into_bytes)).collect();
        for headers in [headers, plausible] {
            let sent = Sent { headers, body: body.clone() };
            prop_assert!(verify(&standard(&[SECRET]), &sent).is_err());
            let hex = Hex::new("x-signature", [Secret::new("a secret of our own")]).unwrap();
            prop_assert!(sent.with(|request| hex.verify(request)).is_err());
        }
    }
}

/// Svix sends the same scheme under its own names: <https://docs.svix.com/receiving/verifying-payloads/how-manual>.
#[test]
fn names_of_svix_verify_and_are_never_mixed_with_the_others() {
    let by = standard(&[SECRET]);
    let renamed = |names: &[&str]| {
        let mut sent = vector();
        for (name, _) in sent.headers.iter_mut().filter(|(name, _)| names.contains(&name.as_str())) {
            *name = name.replacen("webhook", "Svix", 1);
        }
        sent
    };
    assert_eq!(verify(&by, &renamed(&[ID, STAMP, SIGNATURE])), Ok(message("msg_p5jXN8AQM9LWM0D4loKWxJek")));
    assert_eq!(verify(&by, &renamed(&[SIGNATURE])), header("svix-id", HeaderProblem::Missing));
    assert_eq!(verify(&by, &renamed(&[ID])), header(ID, HeaderProblem::Missing));
    let mut both = vector();
    both.headers.push(("svix-id".to_owned(), b"msg_2".to_vec()));
    assert_eq!(verify(&by, &both), Ok(message("msg_p5jXN8AQM9LWM0D4loKWxJek")), "the signed id is the one that counts");
}
