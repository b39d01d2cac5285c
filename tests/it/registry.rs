//! Connections and the secrets they do not hold.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tripartite::id::{ConnectorId, ExternalId, OrgId, PolicyRef};
use tripartite::registry::{Connection, ConnectionStatus, Enrolment, Secret, SecretRef, nightly};
use tripartite::schedule::{Fire, Schedule};

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
    inactive.status = ConnectionStatus::Inactive;
    let mut broken = connection("broken", &["ballybeg"]);
    broken.status = ConnectionStatus::Error;
    let two = connection("two", &["kilmore", "ballybeg"]);
    let one = connection("one", &["kilmore"]);
    let empty = connection("empty", &[]);
    let plan = nightly(&[off, two.clone(), inactive, one, broken, empty, two]);
    let plan: Vec<_> = plan.iter().map(ToString::to_string).collect();
    assert_eq!(plan, ["ballybeg/two", "kilmore/one", "kilmore/two"], "each once, in order");
}

#[cfg(feature = "webhook")]
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

/// A deploy script declares the same interval again every half hour.
#[test]
fn an_interval_that_is_declared_again_every_half_hour_fires_each_hour() {
    let hourly =
        |anchor| connection("f", &["a"]).schedule(Schedule::Interval { every: Duration::from_secs(3600), anchor });
    let mut enrolment = Enrolment::new(hourly(at()), at()).unwrap();
    let mut fired = Vec::new();
    for half_hour in 1..=8 {
        let now = at() + TimeDelta::minutes(30 * half_hour);
        enrolment = enrolment.edited(hourly(now), now).unwrap();
        let (fires, settled) = enrolment.fire(now).unwrap();
        fired.extend(fires.iter().map(|fire| (fire.at - at()).num_minutes()));
        enrolment = settled;
    }
    assert_eq!(fired, [60, 120, 180, 240]);
}

#[test]
fn a_changed_schedule_keeps_what_is_due_and_fires_it_once() {
    let on = |schedule| connection("f", &["a"]).schedule(schedule);
    let enrolment = Enrolment::new(on(Schedule::Hourly { minute: 0 }), at()).unwrap();
    let due = enrolment.due().unwrap().unwrap();
    let late = due + TimeDelta::minutes(5);
    let changed = enrolment.edited(on(Schedule::nightly()), late).unwrap();
    assert_eq!(changed.due().unwrap(), Some(due), "what was due when the schedule was changed is due still");
    let stored = serde_json::to_string(&changed).unwrap();
    assert_eq!(serde_json::from_str::<Enrolment>(&stored).unwrap(), changed);
    let (fires, settled) = changed.fire(late).unwrap();
    assert_eq!(fires.iter().map(|fire| fire.at).collect::<Vec<_>>(), [due]);
    assert!(settled.fire(late).unwrap().0.is_empty());
    assert!(changed.settled(&fires, &settled).fire(late).unwrap().0.is_empty());
    let mut off = on(Schedule::nightly());
    off.enabled = false;
    assert_eq!(changed.edited(off, late).unwrap().due().unwrap(), None, "who switches it off is owed nothing");
}

/// An enrolment that owes two fires, half an hour apart, under schedules that were changed; and the later of the two.
fn owing_two() -> (Enrolment, DateTime<Utc>) {
    let hourly = |minute| connection("f", &["a"]).schedule(Schedule::Hourly { minute });
    let enrolment = Enrolment::new(hourly(0), at()).unwrap();
    let first = enrolment.due().unwrap().unwrap();
    let enrolment = enrolment.edited(hourly(30), first + TimeDelta::minutes(1)).unwrap();
    let second = first + TimeDelta::minutes(30);
    let enrolment = enrolment.edited(hourly(45), second + TimeDelta::minutes(1)).unwrap();
    assert_eq!(enrolment.fire(second).unwrap().0, [Fire::new(first), Fire::new(second)]);
    (enrolment, second)
}

/// A worker whose clock is behind has fired the first of two; before it says so, another one has fired both.
#[test]
fn a_worker_whose_clock_is_behind_takes_no_fire_back() {
    let (read, second) = owing_two();
    let (fires, behind) = read.fire(second - TimeDelta::minutes(5)).unwrap();
    assert_eq!((fires.len(), behind.due().unwrap()), (1, Some(second)));
    let (both, ahead) = read.fire(second + TimeDelta::minutes(2)).unwrap();
    let settled = read.settled(&both, &ahead);
    assert_eq!(settled.settled(&fires, &behind), settled, "what has fired is due once more");
    // In the other order, too: nothing is due before what was due.
    let (late, due) = (read.settled(&fires, &behind), settled.due().unwrap());
    assert_eq!(late.due().unwrap(), Some(second));
    assert_eq!(late.settled(&both, &ahead).due().unwrap(), due);
}

#[test]
fn what_an_edit_leaves_to_fire_outlives_a_worker_that_fires_what_was_before_it() {
    let on = |schedule| connection("f", &["a"]).schedule(schedule);
    let (hourly, nightly) = (on(Schedule::Hourly { minute: 0 }), on(Schedule::nightly()));
    let read = Enrolment::new(hourly.clone(), at()).unwrap();
    let first = read.due().unwrap().unwrap();
    let (fires, fired) = read.fire(first).unwrap();
    // Meanwhile somebody changes the schedule, an hour later, and takes that back.
    let later = first + TimeDelta::hours(1);
    let edited = read.edited(nightly, later).and_then(|changed| changed.edited(hourly, later)).unwrap();
    let (left, _) = edited.settled(&fires, &fired).fire(later).unwrap();
    assert_eq!(left, [Fire::new(later)]);
}

#[test]
fn who_changes_a_schedule_by_a_clock_that_is_behind_drops_nothing_that_is_owed() {
    let (owing, second) = owing_two();
    let behind = second - TimeDelta::minutes(5);
    let changed = owing.edited(connection("f", &["a"]), behind).unwrap();
    let fires: Vec<_> = changed.fire(second).unwrap().0.into_iter().map(|fire| fire.at).collect();
    assert_eq!(fires, [second - TimeDelta::minutes(30), second]);
}

/// As the version before wrote it: without what is owed.
#[test]
fn an_enrolment_of_before_is_read() {
    let enrolment = Enrolment::new(full(), at()).unwrap();
    let json = serde_json::to_value(&enrolment).unwrap();
    assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["connection", "through"]);
    assert_eq!(serde_json::from_value::<Enrolment>(json).unwrap(), enrolment);
}

proptest! {
    /// The same declaration changes nothing, however often and whenever it is made.
    #[test]
    fn a_declaration_is_idempotent(
        every in 1_u64..10_000,
        steps in prop::collection::vec((0_i64..5_000, any::<bool>()), 1..40),
    ) {
        let declared = |anchor| {
            connection("f", &["a"]).schedule(Schedule::Interval { every: Duration::from_secs(every), anchor })
        };
        let mut quiet = Enrolment::new(declared(at()), at()).unwrap();
        let (mut again, mut now) = (quiet.clone(), at());
        for (seconds, declare) in steps {
            now += TimeDelta::seconds(seconds);
            if declare {
                again = again.edited(declared(now), now).unwrap();
            }
            prop_assert_eq!(&again, &quiet);
            let (fires, settled) = quiet.fire(now).unwrap();
            let (fires_again, settled_again) = again.fire(now).unwrap();
            prop_assert_eq!(fires, fires_again);
            (quiet, again) = (settled, settled_again);
        }
    }
}
