//! Ids that the source hands to somebody else: every field that says who a record is about moves at once.

use tripartite::matching::MatchRule;

use super::matched::{Town, only, person};
use super::*;

const SOMEBODY: &str = "1990-01-01";

fn club(fields: Json) -> Club {
    let policy = Policy::new(schema(json!({ "fields": fields })));
    Club { store: MemoryStore::new(policy.schema().clone()), policy }
}

fn people() -> Club {
    club(json!({"name": {"kind": "name"}, "born": {"kind": "date"}, "phone": {"kind": "text"}}))
}

fn item(club: &Club, fields: Json) -> Item {
    Item::Record(said("7", record(club.policy.schema(), fields)))
}

fn aine() -> Json {
    json!({"name": "Áine", "born": "2001-05-04", "phone": "1"})
}

fn sean() -> Json {
    json!({"name": "Seán", "born": SOMEBODY, "phone": "2"})
}

fn linked() -> Club {
    let club = people();
    assert_eq!(club.listed(&[item(&club, aine())]).counts.created, 1);
    club
}

/// Nothing of it is written, it is asked once, and it is the same question night after night.
#[test]
fn an_id_that_is_handed_to_somebody_else_is_a_question() {
    let club = linked();
    for mode in [Mode::Planned, Mode::Streaming, Mode::Planned] {
        let report = club.drive(club.run().mode(mode), &Listing::new(vec![item(&club, sean())]));
        assert_eq!((report.counts.updated, report.counts.conflicts_open, report.counts.unchanged), (0, 1, 1));
        assert_eq!((club.local("7"), club.told().len()), (aine(), 1));
    }
    assert_eq!((club.told()[0].0, club.open("7")), (Situation::Replaced, vec![WHOLE_RECORD.to_owned()]));
    let base = club.store.get(&ext("7")).unwrap().base.unwrap();
    assert_eq!(base.record, record(club.policy.schema(), aine()), "its base stays");
    let told = explain(&club.policy, &load(&club.store, "7")).remove(0);
    assert_eq!(
        (told.fields, told.rule.as_str()),
        (vec!["born".into(), "name".into(), "phone".into()], "situation: replaced")
    );
}

/// Also of a record that had left: it is not active again, and from the second night on it is not even looked at.
#[test]
fn who_comes_back_as_somebody_else_stays_inactive_until_it_is_answered() {
    let club = linked();
    assert_eq!(club.listed(&[]).counts.deactivated, 1);
    for _ in 0..2 {
        let report = club.listed(&[item(&club, sean())]);
        assert_eq!((report.counts.reactivated, report.counts.conflicts_open, report.counts.unchanged), (0, 1, 1));
        assert_eq!((club.presence("7"), club.local("7")), (Presence::Deactivated, aine()));
    }
    club.decides("7", Answer::TakeRemote);
    assert_eq!((club.presence("7"), club.local("7")), (Presence::Active, sean()));
    assert_eq!(club.listed(&[item(&club, sean())]).counts.conflicts_open, 0);
}

/// The source has the old one again, or a user enters the new one, or it is nobody's any more: nothing is left to ask.
#[test]
fn it_goes_away_when_either_side_resolves_it() {
    for end in ["source", "host", "gone"] {
        let club = linked();
        club.listed(&[item(&club, sean())]);
        let items = match end {
            "source" => vec![item(&club, aine())],
            "host" => {
                club.edit("7", json!({"name": "Seán"}));
                vec![item(&club, sean())]
            }
            _ => vec![],
        };
        let counts = club.listed(&items).counts;
        assert_eq!((counts.conflicts_open, club.open("7").len()), (0, 0), "{end}");
        assert_eq!(club.local("7"), if end == "host" { sean() } else { aine() }, "{end}");
    }
}

#[test]
fn the_same_person_takes_all_of_it() {
    let club = linked();
    club.listed(&[item(&club, sean())]);
    club.decides("7", Answer::TakeRemote);
    for _ in 0..2 {
        let counts = club.listed(&[item(&club, sean())]).counts;
        assert_eq!((counts.updated, counts.conflicts_open), (0, 0));
        assert_eq!(club.local("7"), sean());
    }
    assert!(club.store.audit().iter().any(|(.., entry)| matches!(entry, AuditEntry::Field(it) if it.field == "name")));
}

/// The one here gives up the id and is missing, the other one is created; also where a match rule could take one for the
/// other.
#[test]
fn another_person_is_created_and_the_one_here_is_missing() {
    for rules in ["[]", r#"[{"name": "phone", "fields": ["phone"], "trust": "trusted"}]"#] {
        let club = linked();
        let same_phone = json!({"name": "Seán", "born": SOMEBODY, "phone": "1"});
        let night = || {
            let run = club.run().matching(serde_json::from_str::<Vec<MatchRule>>(rules).unwrap()).unwrap();
            club.drive(run, &Listing::new(vec![item(&club, same_phone.clone())]))
        };
        night();
        club.decides("7", Answer::TakeLocal);
        let counts = night().counts;
        assert_eq!((counts.created, counts.deactivated, counts.quarantined), (1, 1, 0), "{rules}");
        assert_eq!((club.local("7"), club.store.records().len()), (same_phone.clone(), 2));
        let old = club.store.records().into_iter().find(|(id, _)| *id != ext("7")).unwrap();
        assert_eq!((old.1.presence, old.0.as_str().starts_with("7 (given up")), (Presence::Deactivated, true));
        assert_eq!(night().counts.unchanged, 1);
    }
}

/// One field alone is a correction, and so is what the source does not say; what the schema marks counts, and nothing else.
#[test]
fn who_somebody_is_moves_as_a_whole_or_not_at_all() {
    let asks = |fields: Json, was: Json, is: Json| {
        let club = club(fields);
        club.listed(&[item(&club, was)]);
        club.listed(&[item(&club, is)]).counts.conflicts_open == 1
    };
    let fields = || json!({"name": {"kind": "name"}, "born": {"kind": "date"}, "mail": {"kind": "email"}});
    let was = || json!({"name": "A", "born": "2001-05-04", "mail": "a@example.org"});
    for (is, asked) in [
        (json!({"name": "B", "born": "2001-05-04", "mail": "b@example.org"}), false),
        (json!({"name": "B", "mail": "b@example.org"}), false),
        (json!({"name": "B", "born": "nonsense"}), false),
        (json!({"name": "B", "born": null}), true),
        (json!({"name": null, "born": null}), false),
        (json!({"name": " A ", "born": "2001-05-05"}), false),
        (json!({"name": "B", "born": "2001-05-05"}), true),
    ] {
        assert_eq!(asks(fields(), was(), is.clone()), asked, "{is}");
    }
    let names = json!({"first": {"kind": "name"}, "last": {"kind": "name"}});
    let [turned, other] = [("B", "A"), ("C", "D")].map(|(first, last)| json!({"first": first, "last": last}));
    assert!(!asks(names.clone(), json!({"first": "A", "last": "B"}), turned), "two columns changed places");
    assert!(asks(names, json!({"first": "A", "last": "B"}), other));
    assert!(!asks(fields(), json!({"name": "A"}), json!({"name": "B", "born": "2001-05-05"})), "one is known");
    let marked = json!({"name": {"kind": "name", "identity": true}, "born": {"kind": "date"},
        "mail": {"kind": "email", "identity": true}});
    let both = json!({"name": "B", "born": "2001-05-04", "mail": "b@example.org"});
    assert!(asks(marked.clone(), was(), both));
    let one = json!({"name": {"kind": "name", "identity": true}, "born": {"kind": "date"}, "mail": {"kind": "email"}});
    assert!(!asks(one, was(), json!({"name": "B", "born": "2001-05-05"})), "one mark: it is never asked");
    let text = serde_json::to_value(schema(json!({ "fields": marked }))).unwrap();
    assert_eq!(text["fields"]["mail"]["identity"], true, "and it is written as it is read");
}

/// A mother and her child share an address: a rule that is trusted only proposes where all that says who they are differs.
#[test]
fn a_trusted_rule_that_identity_contradicts_only_proposes() {
    let town = Town::of(&[("17", person("Mona", "lind@example.org"))]);
    let rules = r#"[{"name": "mail", "fields": ["email"], "trust": "trusted"}]"#;
    let night = |born: &str, name: &str| {
        let mut fields = person(name, "lind@example.org");
        fields["born"] = json!(born);
        let run = town.run().matching(serde_json::from_str::<Vec<MatchRule>>(rules).unwrap()).unwrap().dry();
        town.drive(run, &Listing::new(vec![town.item("FED-1", fields)]))
    };
    let report = night("2015-06-01", "Alva");
    assert_eq!((only(&report).situation, report.counts.linked), (Situation::Found, 0));
    assert_eq!(night(super::matched::BORN, "Alva").counts.linked, 1, "one of them speaks for it");
    assert_eq!(night("2015-06-01", "Mona").counts.linked, 1);
}
