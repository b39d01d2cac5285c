//! Match rules: what they find, what they refuse to decide, and the laws they keep on arbitrary records.

mod laws;
mod naive;
mod nights;

use serde_json::{Value as Json, json};
use tripartite::id::{ExternalId, LocalId};
use tripartite::matching::{Claims, Local, Match, MatchRule, MatchRules, Pool, Remote, RulesError, Trust};
use tripartite::schema::Schema;
use tripartite::value::Record;

use crate::support;

pub(crate) fn people() -> Schema {
    support::schema(json!({
        "fields": {
            "first_name": {"kind": "name"},
            "last_name": {"kind": "name", "aliases": ["surname"]},
            "born": {"kind": "date", "formats": ["%Y-%m-%d", "%d/%m/%Y"]},
            "email": {"kind": "email"},
            "phone": {"kind": "phone", "region": "IE"},
            "member_number": {"kind": "integer"},
            "eircode": {"kind": "eircode"},
            "active": {"kind": "boolean"},
            "teams": {"kind": "set", "of": "text"},
            "notes": {"kind": "map"},
        }
    }))
}

pub(crate) fn rules(schema: &Schema, json: Json) -> Result<MatchRules, RulesError> {
    MatchRules::new(schema, serde_json::from_value::<Vec<MatchRule>>(json).unwrap())
}

/// Two that are trusted and two that propose.
pub(crate) fn usual(schema: &Schema) -> MatchRules {
    rules(
        schema,
        json!([
            {"name": "birthday", "fields": ["last_name", "born"]},
            {"name": "e-mail", "fields": ["email", "born", "first_name"], "trust": "trusted"},
            {"name": "phone", "fields": ["first_name", "last_name", "born", "phone"], "trust": "trusted"},
            {"name": "number", "fields": ["member_number"], "trust": "propose"},
        ]),
    )
    .unwrap()
}

fn local(id: &str) -> LocalId {
    LocalId::new(id).unwrap()
}

/// A record here: its id, what it is linked to, its fields.
struct Here(LocalId, Option<ExternalId>, Record);

impl Here {
    fn free(id: &str, record: Record) -> Self {
        Self(local(id), None, record)
    }

    fn linked(id: &str, to: &str, record: Record) -> Self {
        Self(local(id), Some(support::ext(to)), record)
    }

    fn as_local(&self) -> Local<'_> {
        Local::new(&self.0, &self.2).linked(self.1.as_ref())
    }
}

fn judge(rules: &MatchRules, id: &str, remote: &Record, here: &[Here]) -> Match {
    let id = support::ext(id);
    Pool::new(rules, here.iter().map(Here::as_local)).judge(Remote::new(&id, remote))
}

fn aine(schema: &Schema) -> Record {
    schema
        .record(&json!({
            "first_name": "Áine", "last_name": "O'Brien", "born": "2001-05-04",
            "email": "aine@example.org", "phone": "087 123 4567",
        }))
        .unwrap()
}

fn found(id: &str, rule: &str, trust: Trust) -> Match {
    Match::Found { local: local(id), rule: rule.to_owned(), trust }
}

fn ambiguous(locals: &[&str], rivals: &[&str]) -> Match {
    Match::Ambiguous {
        locals: locals.iter().map(|id| local(id)).collect(),
        rivals: rivals.iter().map(|id| support::ext(id)).collect(),
    }
}

#[test]
fn spelling_does_not_count() {
    let schema = people();
    let there = json!({
        "first_name": "A\u{301}ine", "last_name": "O’Brien ", "born": "04/05/2001",
        "email": "Aine@EXAMPLE.org", "phone": "+353 (0)87 123 4567",
    });
    let there = schema.record(&there).unwrap();
    let answer = judge(&usual(&schema), "FED-1", &there, &[Here::free("17", aine(&schema))]);
    // Of three rules that agree, the first of the trusted ones is named.
    assert_eq!(answer, found("17", "e-mail", Trust::Trusted));
}

#[test]
fn what_is_missing_blank_or_unreadable_equals_nothing() {
    let schema = people();
    let rules =
        rules(&schema, json!([{"name": "all", "fields": ["email", "born", "eircode", "member_number"]}])).unwrap();
    let whole = json!({"email": "a@b.ie", "born": "2001-05-04", "eircode": "D02 AF30", "member_number": 7});
    let same = schema.record(&whole).unwrap();
    let here = |record: &Record| [Here::free("17", record.clone())];
    assert_eq!(judge(&rules, "FED-1", &same, &here(&same)), found("17", "all", Trust::Propose));
    for (field, value) in [
        ("email", json!(null)),
        ("email", json!("")),
        ("email", json!(" \u{200B}")),
        ("email", json!("a at b")),
        ("born", json!("2001-02-29")),
        ("eircode", json!("D02")),
        ("member_number", json!("seven")),
        // What a reader of JSON may have rounded could be another number.
        ("member_number", json!(18_446_744_073_709_551_617.0)),
    ] {
        let mut half = whole.clone();
        half[field] = value.clone();
        let half = schema.record(&half).unwrap();
        assert!(rules.keys(&half).is_empty(), "{field}: {value}");
        for (there, known) in [(&half, &same), (&same, &half), (&half, &half)] {
            assert_eq!(judge(&rules, "FED-1", there, &here(known)), Match::Unmatched, "{field}: {value}");
        }
    }
    let mut missing = whole.clone();
    missing.as_object_mut().unwrap().remove("born");
    let missing = schema.record(&missing).unwrap();
    assert_eq!(judge(&rules, "FED-1", &missing, &here(&missing)), Match::Unmatched);
}

#[test]
fn an_empty_form_of_a_hosts_own_kind_is_no_value() {
    use std::sync::Arc;

    use tripartite::schema::{CustomKind, Field, Kind};
    use tripartite::value::{Problem, Value};
    struct Digits;
    impl CustomKind for Digits {
        fn canonical(&self, raw: &Value) -> Result<String, Problem> {
            Ok(raw.as_text().unwrap_or_default().chars().filter(char::is_ascii_digit).collect())
        }
    }
    let field = Field::new("id_card", Kind::Custom("digits".to_owned()));
    let schema = Schema::builder().field(field).kind("digits", Arc::new(Digits)).build().unwrap();
    let rules = rules(&schema, json!([{"name": "card", "fields": ["id_card"], "trust": "trusted"}])).unwrap();
    let keys = |card: &str| rules.keys(&schema.record(&json!({ "id_card": card })).unwrap());
    assert_eq!((keys("4-7"), keys("none").len()), (keys("47"), 0));
}

#[test]
fn several_candidates_are_ambiguous_whatever_the_trust() {
    let (schema, rules) = (people(), usual(&people()));
    let twin = json!({"first_name": "Ciara", "last_name": "O'Brien", "born": "2001-05-04", "phone": "087 123 4567"});
    let here = [Here::free("17", aine(&schema)), Here::free("18", schema.record(&twin).unwrap())];
    assert_eq!(judge(&rules, "FED-1", &aine(&schema), &here), ambiguous(&["17", "18"], &[]));
    // A twin who is linked already speaks against it just as well.
    let here = [Here::free("17", aine(&schema)), Here::linked("18", "FED-2", schema.record(&twin).unwrap())];
    assert_eq!(judge(&rules, "FED-1", &aine(&schema), &here), ambiguous(&["17", "18"], &[]));
}

#[test]
fn a_linked_record_is_never_relinked() {
    let (schema, rules) = (people(), usual(&people()));
    let held = |rule: &str| Match::IdentityConflict {
        local: local("17"),
        holds: support::ext("FED-2"),
        rule: rule.to_owned(),
    };
    let here = [Here::linked("17", "FED-2", aine(&schema))];
    assert_eq!(judge(&rules, "FED-1", &aine(&schema), &here), held("e-mail"));
    assert_eq!(judge(&rules, "FED-2", &aine(&schema), &here), Match::Linked { local: local("17") });
    // Ids are compared exactly.
    assert!(matches!(judge(&rules, "fed-2", &aine(&schema), &here), Match::IdentityConflict { .. }));
}

#[test]
fn several_records_here_with_one_external_id_are_ambiguous() {
    let (schema, rules) = (people(), usual(&people()));
    let here = ["17", "18"].map(|id| Here::linked(id, "FED-1", aine(&schema)));
    assert_eq!(judge(&rules, "FED-1", &aine(&schema), &here), ambiguous(&["17", "18"], &[]));
}

#[test]
fn what_a_person_has_ruled_out_is_no_candidate() {
    let (schema, rules) = (people(), usual(&people()));
    let (record, here, ruled_out) = (aine(&schema), local("17"), [support::ext("FED-1")]);
    let candidate = Local::new(&here, &record).is_not(&ruled_out);
    let answer = |id| Pool::new(&rules, [candidate]).judge(Remote::new(&support::ext(id), &record));
    assert_eq!(answer("FED-1"), Match::Unmatched);
    assert_eq!(answer("FED-2"), found("17", "e-mail", Trust::Trusted)); // of another one nobody has said so
}

#[test]
fn one_record_here_claimed_twice_is_given_to_nobody() {
    let claimed = found("17", "e-mail", Trust::Trusted);
    let answers = [
        ("FED-1", claimed.clone()),
        ("FED-2", found("17", "birthday", Trust::Propose)),
        ("FED-3", found("18", "e-mail", Trust::Trusted)),
        ("FED-4", Match::Unmatched),
        ("FED-5", ambiguous(&["19", "20"], &[])),
        ("FED-6", found("20", "e-mail", Trust::Trusted)),
    ];
    let settled = |order: &[usize]| {
        let mut claims = Claims::default();
        for (id, answer) in order.iter().map(|&at| answers[at].clone()) {
            claims.add(support::ext(id), answer);
        }
        claims.settle().into_values().collect::<Vec<_>>()
    };
    let expected = [
        ambiguous(&["17"], &["FED-2"]),
        ambiguous(&["17"], &["FED-1"]),
        found("18", "e-mail", Trust::Trusted),
        Match::Unmatched,
        ambiguous(&["19", "20"], &["FED-6"]),
        ambiguous(&["20"], &["FED-5"]),
    ];
    assert_eq!(settled(&[0, 1, 2, 3, 4, 5]), expected);
    assert_eq!(settled(&[5, 1, 4, 0, 3, 2, 0]), expected);
}

/// Every wrong configuration, and what is said about it.
#[test]
fn what_wrong_rules_are_told() {
    let schema = people();
    let told: Vec<String> = [
        json!([{"name": " ", "fields": ["email"]}]),
        json!([{"name": "a", "fields": ["email"]}, {"name": "a", "fields": ["phone"]}]),
        json!([{"name": "a", "fields": []}]),
        json!([{"name": "a", "fields": ["Email"]}]),
        json!([{"name": "a", "fields": ["last_name", "surname"]}]),
        json!([{"name": "a", "fields": ["email", "teams"]}]),
        json!([{"name": "a", "fields": ["notes"]}]),
        json!([{"name": "a", "fields": ["active"]}]),
        json!([{"name": "a", "fields": ["email", "born"]}, {"name": "b", "fields": ["born", "email"]}]),
    ]
    .into_iter()
    .map(|json| rules(&schema, json).unwrap_err().to_string())
    .collect();
    let expected = [
        "match rule 1 has no name",
        "two match rules are called `a`",
        "match rule `a` names no field",
        "match rule `a`: there is no field `Email`",
        "match rule `a` names field `last_name` twice",
        "match rule `a`: field `teams` is a set; only single values identify a record",
        "match rule `a`: field `notes` is a map; only single values identify a record",
        "match rule `a` has only fields of kind boolean, which identify nobody",
        "match rules `a` and `b` have the same fields",
    ];
    assert_eq!(told, expected);
    assert!(serde_json::from_value::<MatchRule>(json!({"name": "a", "fields": ["email"], "trust": "always"})).is_err());
    assert!(serde_json::from_value::<MatchRule>(json!({"name": "a", "fields": ["email"], "unless": []})).is_err());
}

/// What a host stores, and what a report holds.
#[test]
fn the_persisted_forms_are_pinned() {
    let (schema, rules) = (people(), usual(&people()));
    let keys: Vec<String> = rules.keys(&aine(&schema)).iter().map(|key| hex(&key.to_bytes())).collect();
    assert_eq!(
        keys,
        ["2ba47bbe6ccf1a84602aff3c0eab3551", "a567832d877ffd6e3d246af5a09d4f32", "e590686c3ae5a7b8f1f7cc3c13d1cfbc"]
    );
    let held = Match::IdentityConflict { local: local("17"), holds: support::ext("FED-2"), rule: "e-mail".to_owned() };
    let answers = [Match::Unmatched, found("17", "e-mail", Trust::Trusted), ambiguous(&["17"], &["FED-2"]), held];
    let written = serde_json::to_value(&answers).unwrap();
    assert_eq!(
        written,
        json!([
            "unmatched",
            {"found": {"local": "17", "rule": "e-mail", "trust": "trusted"}},
            {"ambiguous": {"locals": ["17"], "rivals": ["FED-2"]}},
            {"identity_conflict": {"local": "17", "holds": "FED-2", "rule": "e-mail"}},
        ])
    );
    assert_eq!(serde_json::from_value::<[Match; 4]>(written).unwrap(), answers);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_version_changes_with_what_keys_are_made_of() {
    let schema = people();
    let version = |json| rules(&schema, json).unwrap().version();
    let email = version(json!([{"name": "a", "fields": ["email", "born"]}]));
    assert_eq!(email, version(json!([{"name": "b", "fields": ["born", "email"], "trust": "trusted"}])));
    assert_ne!(email, version(json!([{"name": "a", "fields": ["email"]}, {"name": "b", "fields": ["born"]}])));
    let other = support::schema(json!({"fields": {"email": {"kind": "text"}, "born": {"kind": "date"}}}));
    let text = rules(&other, json!([{"name": "a", "fields": ["email", "born"]}])).unwrap().version();
    assert_ne!(email, text);
}

/// Neither a key nor an answer shows what a person is called or when they were born.
#[test]
fn nothing_shows_a_value() {
    let (schema, rules) = (people(), usual(&people()));
    let here = [Here::free("17", aine(&schema))];
    let answer = judge(&rules, "FED-1", &aine(&schema), &here);
    let shown = format!("{answer:?} {:?} {rules:?} {:?}", rules.keys(&aine(&schema)), here[0].as_local());
    for value in ["Áine", "Brien", "2001", "example.org", "123"] {
        assert!(!shown.contains(value), "{value} in {shown}");
    }
}

/// A declared null, a placeholder and an accent, as match keys have them.
#[test]
fn what_says_nothing_is_no_key_and_accents_only_propose() {
    let schema = support::schema(json!({"fields": {
        "tag": {"kind": "code", "nulls": ["none"]},
        "name": {"kind": "name"},
    }}));
    let keys = |rules: &MatchRules, fields: Json| rules.keys(&support::record(&schema, fields));
    let exact = rules(&schema, json!([{"name": "tag", "fields": ["tag"], "trust": "trusted"}])).unwrap();
    for nothing in ["N/A", "None", " - ", "unknown", "???"] {
        assert!(keys(&exact, json!({ "tag": nothing })).is_empty(), "{nothing}");
    }
    assert_eq!(keys(&exact, json!({"tag": "X-1"})), keys(&exact, json!({"tag": "x-1 "})));
    let plain = json!({"name": "plain", "fields": ["name"], "ignore_accents": true});
    // The same fields with their accents are another rule.
    let both =
        rules(&schema, json!([{"name": "exact", "fields": ["name"], "trust": "trusted"}, plain.clone()])).unwrap();
    let [sean, plainly] = ["Seán", "Sean"].map(|name| keys(&both, json!({ "name": name })));
    assert_eq!(sean.iter().filter(|key| plainly.contains(key)).count(), 1);
    let trusted =
        rules(&schema, json!([{"name": "p", "fields": ["name"], "ignore_accents": true, "trust": "trusted"}]));
    assert_eq!(trusted.unwrap_err(), RulesError::TrustedWithoutAccents { rule: "p".to_owned() });
    let other = support::schema(json!({"fields": {"tag": {"kind": "code"}, "name": {"kind": "name"}}}));
    let of_other = rules(&other, json!([{"name": "tag", "fields": ["tag"]}])).unwrap();
    assert_ne!(exact.version(), of_other.version(), "the nulls are part of what a key is made of");
}
