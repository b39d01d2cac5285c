//! The law of flipping: a source that writes one record now in this way and now in that one changes nothing. However two
//! renderings of a record alternate for ten nights, at most one of the nights writes.

mod edits;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tripartite::audit::AuditEntry;
use tripartite::detect::Verdict;
use tripartite::matching::MatchRule;
use tripartite::memory::{Listing, MemoryStore};
use tripartite::run::{Counts, Report, Run};
use tripartite::schema::Policy;
use tripartite::source::{Item, RemoteRecord};
use tripartite::store::Presence;
use tripartite::value::Record;

use crate::support::words::{Vocabulary, others, scalars};
use crate::support::{PLAIN, cases, ext, record, run_id, said, schema, strategy};

const NIGHTS: usize = 10;

/// A setting, and records each in several renderings: an id and its fields.
struct Case {
    setting: &'static str,
    /// The schema, without its strategy.
    schema: Json,
    rules: Json,
    /// Each is one record, as the source may write it.
    records: Vec<Vec<(&'static str, Json)>>,
}

fn case(setting: &'static str, schema: Json, records: Vec<Vec<(&'static str, Json)>>) -> Case {
    Case { setting, schema, rules: json!([]), records }
}

/// Renderings that differ in their fields alone.
fn of_fields(setting: &'static str, fields: Json, records: Vec<Vec<Json>>) -> Case {
    let records = records.into_iter().map(|record| record.into_iter().map(|fields| ("7", fields)).collect());
    case(setting, json!({ "fields": fields }), records.collect())
}

/// One for each setting of a single field, from the words that are written down with their meaning.
fn of_words() -> Vec<Case> {
    let case = |words: &Vocabulary| {
        let spelled = |spellings: &Vec<Json>| spellings.iter().map(|raw| json!({"f": raw, "name": "Áine"})).collect();
        let nulls = spelled(&words.nulls);
        let records = words.values.iter().map(|(_, spellings)| spelled(spellings)).chain([nulls]).collect();
        of_fields(words.name, json!({"f": words.kind, "name": "text"}), records)
    };
    scalars().iter().chain(&others()).map(case).collect()
}

/// Sets of records.
fn of_sets() -> Vec<Case> {
    let mails = json!({"kind": "set_of_records", "key": ["type"], "fields": {
        "type": "code", "value": "email", "primary": {"kind": "boolean", "true": "Y", "false": "N"}, "tags": {"kind": "set", "of": "code"},
    }});
    let by_value = json!({"kind": "set_of_records", "key": ["value"], "fields": {"value": "email", "type": "text"}});
    vec![
        of_fields(
            "set of records",
            json!({ "f": mails }),
            vec![
                vec![
                    json!({"f": [{"type": "work", "value": "a@b.ie", "primary": true}, {"type": "home", "value": "c@d.ie"}]}),
                    json!({"f": [{"value": "C@D.ie", "type": "HOME"}, {"value": "A@b.ie", "primary": "y", "type": "Work "}]}),
                    json!({"f": [{"type": "home", "value": "c@d.ie", "tags": null}, {"type": "work", "value": "a@b.ie", "primary": "Y"}, {}]}),
                ],
                vec![
                    json!({"f": [{"type": "work", "value": "a@b.ie", "tags": ["x", "y"]}]}),
                    json!({"f": {"type": "WORK", "value": "A@B.ie", "tags": ["Y", "X", "x"]}}),
                ],
                vec![
                    json!({"f": [{"value": "a@b.ie"}]}),
                    json!({"f": [{"type": "", "value": "a@b.ie"}]}),
                    json!({"f": {"type": null, "value": "a@b.ie"}}),
                ],
                vec![json!({"f": []}), json!({"f": [{}]}), json!({"f": [{"type": null}]})],
            ],
        ),
        of_fields(
            "set of records by value",
            json!({ "f": by_value }),
            vec![vec![
                json!({"f": [{"value": "a@b.ie", "type": "x"}, {"value": "c@d.ie"}]}),
                json!({"f": [{"value": "C@d.ie"}, {"value": "A@B.IE", "type": " x"}]}),
            ]],
        ),
    ]
}

/// Settings that have to do with several fields.
fn of_several_fields() -> Vec<Case> {
    vec![
        of_fields(
            "null is no opinion",
            json!({"name": "text", "team": {"kind": "text", "nulls": ["N/A"], "null_means": "no_opinion"}}),
            vec![
                vec![
                    json!({"name": "Áine", "team": "Boats"}),
                    json!({"name": "Áine", "team": null}),
                    json!({"name": "Áine", "team": "n/a"}),
                    json!({"name": "Áine"}),
                ],
                vec![json!({"name": "Áine"}), json!({"name": "Áine", "team": ""})],
            ],
        ),
        of_fields(
            "phone region from another field",
            json!({"country": "code", "phone": {"kind": "phone", "region": "IE", "region_from": "country"}}),
            vec![
                vec![
                    json!({"country": "GB", "phone": "020 7946 0958"}),
                    json!({"country": "gb", "phone": "+44 20 7946 0958"}),
                    json!({"country": " GB", "phone": "0044 2079460958"}),
                ],
                vec![
                    json!({"country": null, "phone": "087 123 4567"}),
                    json!({"country": "", "phone": "+353 87 123 4567"}),
                    json!({"phone": "(087) 1234567"}),
                ],
            ],
        ),
    ]
}

/// Settings of the record as a whole, and of match rules.
fn of_records() -> Vec<Case> {
    vec![
        case(
            "gone",
            json!({"gone": {"field": "status", "is": ["left", "expelled"]}, "fields": {"name": "text", "status": "code"}}),
            vec![
                vec![
                    ("7", json!({"name": "Áine", "status": "LEFT"})),
                    ("7", json!({"name": "Áine ", "status": " left"})),
                    ("7", json!({"name": "A\u{301}ine", "status": "Expelled"})),
                ],
                vec![
                    ("7", json!({"name": "Áine", "status": "active"})),
                    ("7", json!({"name": "Áine", "status": "ACTIVE"})),
                ],
            ],
        ),
        case(
            "ids",
            json!({"ids": ["trim", "case", "leading_zeros"], "fields": {"name": "text"}}),
            vec![
                vec![
                    ("7", json!({"name": "Áine"})),
                    ("007", json!({"name": "Áine"})),
                    (" 07", json!({"name": "Áine "})),
                ],
                vec![("m7", json!({"name": "Ian"})), ("M7 ", json!({"name": "Ian"}))],
            ],
        ),
        Case {
            setting: "accents",
            rules: json!([{"name": "by name", "fields": ["name"], "ignore_accents": true}]),
            ..of_fields(
                "",
                json!({"name": "name", "n": "integer"}),
                vec![vec![json!({"name": "Sean", "n": 1}), json!({"name": "Sean ", "n": "1"})]],
            )
        },
        Case {
            setting: "placeholders",
            rules: json!([{"name": "by mail", "fields": ["mail"], "trust": "trusted"}]),
            ..of_fields(
                "",
                json!({"name": "name", "mail": "code"}),
                vec![vec![json!({"name": "Ian", "mail": "unknown"}), json!({"name": "Ian", "mail": " UNKNOWN"})]],
            )
        },
    ]
}

/// A register in which somebody stands already whose name is that of the record but for the accent, and whose address is a
/// placeholder.
struct Register {
    policy: Policy,
    rules: Vec<MatchRule>,
    store: MemoryStore,
}

impl Register {
    fn new(case: &Case, way: &str) -> Self {
        let mut spec = case.schema.clone();
        spec["strategy"] = serde_json::to_value(strategy(way)).unwrap();
        for kind in spec["fields"].as_object_mut().unwrap().values_mut().filter(|kind| kind.is_string()) {
            *kind = json!({ "kind": kind });
        }
        let policy = Policy::new(schema(spec));
        let store = MemoryStore::new(policy.schema().clone());
        if case.rules != json!([]) {
            let here = json!({"name": "Seán", "mail": "unknown", "n": 1});
            store.enter(tripartite::id::LocalId::new("17").unwrap(), record(policy.schema(), here)).unwrap();
        }
        Self { rules: serde_json::from_value(case.rules.clone()).unwrap(), store, policy }
    }

    fn night(&self, (id, fields): &(&str, Json)) -> Report {
        self.listed(said(id, record(self.policy.schema(), fields.clone())))
    }

    fn listed(&self, remote: RemoteRecord) -> Report {
        let listing = Listing::new(vec![Item::Record(remote)]);
        let run = Run::new(self.policy.clone(), run_id("night"), crate::support::at());
        let step = run.matching(self.rules.clone()).unwrap().start();
        tripartite::drive::drive_blocking(step, &listing, &self.store).unwrap().report
    }

    fn told(&self) -> usize {
        self.store.audit().len()
    }

    /// What was told of edits that stay.
    fn edits(&self) -> Vec<String> {
        let edit = |(_, _, entry): (_, _, AuditEntry)| match entry {
            AuditEntry::Field(entry) if matches!(entry.verdict, Verdict::LocalOnly(_)) => Some(entry.field),
            _ => None,
        };
        self.store.audit().into_iter().filter_map(edit).collect()
    }

    /// All that a write changes for the host's own programs.
    fn written(&self) -> Vec<(Record, Presence)> {
        let linked = self.store.records().into_values();
        linked.chain(self.store.free().into_values()).map(|kept| (kept.local, kept.presence)).collect()
    }
}

fn writes(counts: &Counts) -> u64 {
    let Counts { created, updated, deactivated, reactivated, rekeyed, linked, .. } = *counts;
    created + updated + deactivated + reactivated + rekeyed + linked
}

/// Lets two renderings alternate for ten nights, and returns on how many of them something was written. From the third
/// night on nothing is done, and nothing is told that was not told before.
fn flipped(register: &Register, renderings: [&(&str, Json); 2]) -> u64 {
    let mut nights = 0;
    for night in 0..NIGHTS {
        let (before, told) = (register.written(), register.told());
        let counts = register.night(renderings[night % 2]).counts;
        let is_written = register.written() != before;
        assert_eq!(is_written, writes(&counts) > 0, "night {night}: {counts:?}");
        nights += u64::from(is_written);
        let news = register.told() - told;
        assert!(night < 2 || news == 0, "night {night}: {news} entries, {:?}", register.store.audit().last());
    }
    nights
}

fn all() -> &'static [Case] {
    static ALL: std::sync::OnceLock<Vec<Case>> = std::sync::OnceLock::new();
    ALL.get_or_init(|| of_words().into_iter().chain(of_sets()).chain(of_several_fields()).chain(of_records()).collect())
}

/// One test for each setting, in every strategy, and every two of the renderings in either order.
fn law(cases: &[Case]) {
    for case in cases {
        for (at, renderings) in case.records.iter().enumerate() {
            for one in renderings {
                for other in renderings {
                    let register = Register::new(case, PLAIN[at % PLAIN.len()]);
                    let created = u64::from(writes(&register.night(&renderings[0]).counts) > 0);
                    let nights = created + flipped(&register, [one, other]);
                    assert!(nights <= 1, "{}: {nights} nights wrote for {one:?} and {other:?}", case.setting);
                }
            }
        }
    }
}

#[test]
fn two_spellings_of_a_value_write_at_most_once() {
    law(&of_words());
}

#[test]
fn two_renderings_of_a_record_write_at_most_once() {
    [of_sets(), of_several_fields(), of_records()].iter().for_each(|cases| law(cases));
}

/// The schema's settings are all there: SEMANTICS 8.
#[test]
fn every_setting_has_renderings() {
    for case in all() {
        let several = case.records.iter().any(|renderings| renderings.len() > 1);
        assert!(several, "{}", case.setting);
    }
    let settings: Vec<_> = all().iter().map(|case| case.schema.to_string()).collect();
    for setting in [
        "nulls",
        "null_means",
        "code",
        "zone",
        "formats",
        "true",
        "comma",
        "precision",
        "delimiter",
        "region_from",
        "gone",
        "ids",
        "set_of_records",
        "\"%Y%m%d\"",
    ] {
        assert!(settings.iter().any(|schema| schema.contains(setting)), "{setting}");
    }
    assert!(all().iter().any(|case| case.rules.to_string().contains("ignore_accents")));
}

proptest! {
    #![proptest_config(cases(300))]

    /// The same after somebody has edited the record here, and where the source has another one by now, under every strategy:
    /// what it comes to is decided once.
    #[test]
    fn renderings_beside_an_edit_are_decided_once(
        at in 0..all().len(), way in 0..PLAIN.len(), record_at in 0..4_usize, other_at in 0..4_usize, one in 0..6_usize, other in 0..6_usize, edit in 0..6_usize, has_moved: bool
    ) {
        let case = &all()[at];
        let pick = |record: usize, rendering: usize| {
            let renderings = &case.records[record % case.records.len()];
            &renderings[rendering % renderings.len()]
        };
        let register = Register::new(case, PLAIN[way]);
        register.night(pick(record_at, one));
        let id = pick(record_at, one).0;
        if register.store.get(&ext(id)).is_some() {
            register.store.edit(&ext(id), &pick(other_at, edit).1).unwrap();
        }
        let now = if has_moved { other_at } else { record_at };
        let renderings = [pick(now, other), pick(now, one)];
        let nights = flipped(&register, renderings);
        // What the source states only on the second night is decided then.
        let [early, late] = renderings.map(|(_, said)| said.as_object().map_or(0, |said| said.len()));
        prop_assert!(nights <= 1 + u64::from(late > early), "{} under {}: {nights} nights wrote", case.setting, PLAIN[way]);
    }
}
