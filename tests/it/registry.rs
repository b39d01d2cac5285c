//! Connections and the secrets they do not hold.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tripartite::id::{ConnectorId, ExternalId, OrgId, PolicyRef};
use tripartite::registry::{Connection, Secret, SecretRef, Status, nightly};
use tripartite::schedule::Schedule;

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn org(name: &str) -> OrgId {
    OrgId::new(name).unwrap()
}

fn connection(connector: &str, orgs: &[&str]) -> Connection {
    let policy = PolicyRef::new("members").unwrap();
    let new = Connection::new(ConnectorId::new(connector).unwrap(), format!("The {connector}"), policy);
    orgs.iter().fold(new, |c, name| c.org(org(name), ExternalId::new(format!("F-{name}")).unwrap(), at()))
}

fn full() -> Connection {
    let mut full = connection("federation", &["ballybeg", "kilmore"])
        .credential(SecretRef::new("env:FEDERATION_TOKEN").unwrap())
        .schedule(Schedule::Hourly { minute: 15 });
    full.succeeded(&org("ballybeg"), at());
    full.orgs.get_mut("kilmore").unwrap().credential = Some(SecretRef::new("vault:clubs/kilmore#token").unwrap());
    full
}

#[test]
fn the_persisted_form_is_pinned() {
    insta::assert_json_snapshot!(full());
    let json = serde_json::to_string(&full()).unwrap();
    assert_eq!(serde_json::from_str::<Connection>(&json).unwrap(), full());
    let later = json.replace(r#""format":1"#, r#""format":2"#);
    let error = serde_json::from_str::<Connection>(&later).unwrap().check().unwrap_err();
    assert_eq!(error.to_string(), "this connection has format 2, this version reads up to 1");
}

#[test]
fn nothing_that_is_stored_or_printed_has_the_secret() {
    let secret = Secret::new("hunter2-hunter2");
    let connection = full();
    let resolved = (connection.credential_of(&org("ballybeg")), &secret);
    let seen = [
        serde_json::to_string(&connection).unwrap(),
        format!("{connection:?} {connection:#?}"),
        format!("{resolved:?} {resolved:#?}"),
    ];
    for text in seen {
        assert!(!text.contains("hunter2"), "{text}");
        assert!(!text.contains("104, 117"), "nor its bytes: {text}");
    }
}

#[test]
fn a_pasted_secret_is_refused_and_not_repeated() {
    let json = serde_json::to_value(full()).unwrap();
    for (field, value) in [("credential", "hunter2"), ("api_key", "hunter2"), ("credential", "env:hunter2 $")] {
        let mut json = json.clone();
        json[field] = value.into();
        let error = serde_json::from_value::<Connection>(json).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
    let mut json = json;
    json["orgs"]["ballybeg"]["password"] = "hunter2".into();
    let error = serde_json::from_value::<Connection>(json).unwrap_err().to_string();
    assert!(error.starts_with("unknown field `password`"), "{error}");
}

#[test]
fn references_are_of_one_form() {
    for good in ["env:TOKEN", "file:/run/secrets/a-b.c", "vault:clubs/kilmore#token", "a:b:c"] {
        assert_eq!(SecretRef::new(good).unwrap().to_string(), good);
    }
    let long = format!("env:{}", "A".repeat(256));
    let errors = ["", "TOKEN", ":TOKEN", "env:", "Env:TOKEN", "env:TO KEN", "env:ключ", &long]
        .map(|bad| SecretRef::new(bad).unwrap_err().to_string());
    insta::assert_json_snapshot!(errors);
}

#[test]
fn an_organisations_own_credential_goes_first() {
    let of = |name| full().credential_of(&org(name)).map(|reference| reference.parts().0.to_owned());
    assert_eq!([of("ballybeg"), of("kilmore"), of("nobody")], [Some("env".into()), Some("vault".into()), None]);
}

#[test]
fn a_success_is_noted_once_and_never_taken_back() {
    let mut connection = full();
    connection.succeeded(&org("ballybeg"), at() - TimeDelta::days(1));
    connection.succeeded(&org("nobody"), at());
    assert_eq!(connection, full());
}

#[test]
fn the_nightly_plan_is_active_and_enabled_times_connected() {
    let mut off = connection("off", &["ballybeg"]);
    off.enabled = false;
    let mut inactive = connection("inactive", &["ballybeg"]);
    inactive.status = Status::Inactive;
    let mut broken = connection("broken", &["ballybeg"]);
    broken.status = Status::Error;
    let two = connection("two", &["kilmore", "ballybeg"]);
    let one = connection("one", &["kilmore"]);
    let empty = connection("empty", &[]);
    let plan = nightly(&[off, two.clone(), inactive, one, broken, empty, two]);
    let plan: Vec<_> = plan.iter().map(ToString::to_string).collect();
    assert_eq!(plan, ["ballybeg/two", "kilmore/one", "kilmore/two"], "each once, in order");
}

proptest! {
    #[test]
    fn secrets_are_equal_when_their_bytes_are(one in any::<Vec<u8>>(), other in any::<Vec<u8>>(), flip in any::<usize>()) {
        prop_assert_eq!(Secret::new(one.clone()) == Secret::new(other.clone()), one == other);
        prop_assert!(Secret::new(one.clone()) == Secret::new(one.clone()));
        if !one.is_empty() {
            let mut near = one.clone();
            near[flip % one.len()] ^= 1;
            prop_assert!(Secret::new(one) != Secret::new(near));
        }
    }
}
