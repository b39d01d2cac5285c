//! Resolution against the model, and what sets, objects, tuples and resolvers come to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::Strategy as Generate;
use serde_json::{Map, Value as Json, json};
use tripartite::audit::AuditEntry;
use tripartite::detect::{Clash, RemoteChange, Sides, Verdict, detect};
use tripartite::resolve::{Resolution, resolve};
use tripartite::schema::{
    Absent, Dispute, Field, FirstSync, Group, Kind, Policy, Resolver, Ruling, Schema, Strategy, Unit,
};
use tripartite::store::{ConflictChange, Loaded};
use tripartite::value::{Record, RecordBuilder, Value};

use crate::support::oracle::{self, Base, Expected, Local, Rules};
use crate::support::words::{Means, Vocabulary, Word, scalar_named, scalars};
use crate::support::{After, PLAIN, canonical, carry_out, cases, decide, linked, raw, record, schema, strategy};

// ---- the model ---------------------------------------------------------------------------------------------------

/// Everything the model and the crate are asked about: a policy, and three versions of a record with two groups.
#[derive(Debug, Clone)]
struct Question {
    fields: Vec<Asked>,
    stamps: [Word; 3],
    source: Strategy,
    run: Option<Strategy>,
    record: Option<Strategy>,
    group: Option<Strategy>,
    first_sync: Option<FirstSync>,
    absent: Absent,
}

#[derive(Debug, Clone)]
struct Asked {
    kind: &'static str,
    strategy: Option<Strategy>,
    absent: Option<Absent>,
    required: bool,
    words: [Word; 3],
}

/// The fields of the group `pair`, by position; all others stand alone.
const PAIR: [usize; 2] = [2, 5];

fn any_strategy() -> BoxedStrategy<Strategy> {
    let newest = (0u64..3, 0usize..3).prop_map(|(skew, fallback)| {
        let fallback = ["review", "local", "remote"][fallback];
        let json = json!({"newest_wins": {"stamp": "stamp", "skew_seconds": skew * 60, "fallback": fallback}});
        serde_json::from_value(json).unwrap()
    });
    prop_oneof![
        8 => (0..PLAIN.len()).prop_map(|at| strategy(PLAIN[at])),
        2 => newest,
        1 => Just(Strategy::Custom { resolver: "judge".into() }),
    ]
    .boxed()
}

fn any_absent() -> impl Generate<Value = Absent> {
    prop_oneof![Just(Absent::NoOpinion), Just(Absent::ClearedIfReported), Just(Absent::Cleared)]
}

fn any_first_sync() -> impl Generate<Value = Option<FirstSync>> {
    prop_oneof![
        3 => Just(None),
        1 => Just(Some(FirstSync::AdoptRemote)),
        1 => Just(Some(FirstSync::AdoptLocal)),
        1 => Just(Some(FirstSync::Review)),
    ]
}

fn any_asked(vocabulary: &'static Vocabulary, in_group: bool) -> BoxedStrategy<Asked> {
    let local = prop_oneof![9 => vocabulary.sound(), 1 => vocabulary.any()];
    let own = if in_group { Just(None).boxed() } else { proptest::option::weighted(0.4, any_strategy()).boxed() };
    let absent = proptest::option::weighted(0.3, any_absent());
    let required = proptest::bool::weighted(0.1);
    (own, absent, required, vocabulary.accepted(), local, vocabulary.any())
        .prop_map(|(strategy, absent, required, base, local, remote)| Asked {
            kind: vocabulary.name,
            strategy,
            absent,
            required,
            words: [base, local, remote],
        })
        .boxed()
}

fn any_question() -> impl Generate<Value = Question> {
    let fields: Vec<_> =
        scalars().iter().enumerate().map(|(at, vocabulary)| any_asked(vocabulary, PAIR.contains(&at))).collect();
    let stamp = scalar_named("timestamp");
    let stamps = [stamp.accepted(), stamp.any(), stamp.any()];
    let rules = (any_strategy(), proptest::option::of(any_strategy()), proptest::option::weighted(0.2, any_strategy()));
    (fields, stamps, rules, proptest::option::of(any_strategy()), any_first_sync(), any_absent()).prop_map(
        |(fields, stamps, (source, run, record), group, first_sync, absent)| Question {
            fields,
            stamps,
            source,
            run,
            record,
            group,
            first_sync,
            absent,
        },
    )
}

impl Question {
    fn policy(&self) -> Policy {
        let mut fields = Vec::new();
        for asked in &self.fields {
            let mut field = scalar_named(asked.kind).kind.clone();
            let settings = field.as_object_mut().unwrap();
            settings.insert("required".into(), asked.required.into());
            if let Some(strategy) = &asked.strategy {
                settings.insert("strategy".into(), serde_json::to_value(strategy).unwrap());
            }
            if let Some(absent) = &asked.absent {
                settings.insert("absent".into(), serde_json::to_value(absent).unwrap());
            }
            fields.push((format!("f_{}", asked.kind), field));
        }
        let pair: Vec<&String> = PAIR.iter().map(|&at| &fields[at].0).collect();
        let mut group = json!({ "fields": pair });
        if let Some(strategy) = &self.group {
            group["strategy"] = serde_json::to_value(strategy).unwrap();
        }
        let mut spec = json!({"strategy": self.source, "absent": self.absent, "groups": {"pair": group}});
        if let Some(first_sync) = self.first_sync {
            spec["first_sync"] = serde_json::to_value(first_sync).unwrap();
        }
        fields.push(("stamp".into(), json!({"kind": "timestamp", "strategy": "local_owned", "absent": "no_opinion"})));
        spec["fields"] = Json::Object(fields.into_iter().collect());
        let policy = Policy::new(schema(spec));
        match &self.run {
            Some(strategy) => policy.strategy(strategy.clone()).unwrap(),
            None => policy,
        }
    }

    fn side(&self, schema: &Schema, which: usize) -> Record {
        let said = self.fields.iter().map(|asked| (format!("f_{}", asked.kind), asked.words[which].raw.clone()));
        let said = said.chain([("stamp".to_owned(), self.stamps[which].raw.clone())]);
        record(schema, Json::Object(said.filter_map(|(name, raw)| Some((name, raw?))).collect()))
    }

    fn loaded(&self, schema: &Schema) -> Loaded {
        let mut loaded = linked(schema, Some(self.side(schema, 0)), self.side(schema, 1));
        loaded.strategy.clone_from(&self.record);
        loaded
    }

    fn seconds(word: &Word) -> Option<i64> {
        match word.means {
            Means::Is("noon") => Some(0),
            Means::Is("half past") => Some(1800),
            Means::Is("one") => Some(3600),
            _ => None,
        }
    }

    /// The most specific rule that is stated.
    fn rules<'a>(&'a self, own: Option<&'a Strategy>, group: Option<&'a Strategy>, kind: &str) -> Rules<'a> {
        let run = self.run.as_ref();
        Rules {
            strategy: self.record.as_ref().or(own).or(group).or(run).unwrap_or(&self.source),
            first_sync: self.first_sync,
            stamps: (Self::seconds(&self.stamps[1]), Self::seconds(&self.stamps[2])),
            reads_written: ["text", "name", "address"].contains(&kind),
            is_group: group.is_some(),
        }
    }

    fn sides(&self, at: usize) -> oracle::Sides<'_> {
        let asked = &self.fields[at];
        let [base, local, remote] = asked.words.each_ref().map(|word| &word.means);
        oracle::Sides { base, local, remote, absent: asked.absent.unwrap_or(self.absent), required: asked.required }
    }

    /// What the model says of each field alone and of the pair, by the unit's name.
    fn expected(&self) -> BTreeMap<String, (Vec<usize>, Expected)> {
        let mut all = BTreeMap::new();
        for (at, asked) in self.fields.iter().enumerate().filter(|(at, _)| !PAIR.contains(at)) {
            let rules = self.rules(asked.strategy.as_ref(), None, asked.kind);
            all.insert(format!("f_{}", asked.kind), (vec![at], oracle::field(&self.sides(at), &rules)));
        }
        let mut rules = self.rules(None, self.group.as_ref(), "pair");
        rules.is_group = true;
        let members = PAIR.map(|at| self.sides(at));
        all.insert("pair".to_owned(), (PAIR.to_vec(), oracle::group(&members, &rules)));
        all
    }

    fn half_based(&self) -> bool {
        let [a, b] = PAIR.map(|at| self.fields[at].words[0].means == Means::Missing);
        a != b
    }

    /// The position of a field in the schema, whose JSON form has them by name.
    fn position(schema: &Schema, kind: &str) -> usize {
        schema.position(&format!("f_{kind}")).unwrap()
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let policy = self.policy();
        let schema = policy.schema();
        let loaded = self.loaded(schema);
        let (base, remote) = (self.side(schema, 0), self.side(schema, 2));
        let sides = tripartite::detect::Sides { base: &base, local: &loaded.local, remote: &remote };
        let resolved = resolve(&policy, &detect(schema, sides), self.record.as_ref());
        let after = decide(&policy, &loaded, &remote);
        for (name, (members, expected)) in self.expected() {
            let found = resolved.resolutions.iter().find(|found| schema.unit_name(found.unit) == name);
            self.check_words(&name, found, &expected)?;
            for at in members {
                self.check_field(schema, at, &expected, &after)?;
            }
            let open = after.open.iter().any(|conflict| conflict.unit == name);
            prop_assert_eq!(open, expected.decision == "HeldOpen", "{}: open", name);
        }
        Ok(())
    }

    fn check_words(
        &self,
        name: &str,
        found: Option<&Resolution<'_>>,
        expected: &Expected,
    ) -> Result<(), TestCaseError> {
        let verdict = found.map_or("InSync".to_owned(), |found| found.verdict.to_string());
        let decision = found.map_or("Nothing", |found| found.decision.name());
        let coarse = |verdict: &str| verdict.split('(').next().unwrap().to_owned();
        if expected.verdict == "InvalidRemote" || (name == "pair" && self.half_based()) {
            prop_assert_eq!(coarse(&verdict), coarse(&expected.verdict), "{}", name);
        } else {
            prop_assert_eq!(&verdict, &expected.verdict, "{}", name);
        }
        prop_assert_eq!(decision, expected.decision, "{}: {}", name, verdict);
        Ok(())
    }

    fn check_field(&self, schema: &Schema, at: usize, expected: &Expected, after: &After) -> Result<(), TestCaseError> {
        let asked = &self.fields[at];
        let position = Self::position(schema, asked.kind);
        let [base, local, remote] = asked.words.each_ref().map(|word| Self::meaning(schema, position, word));
        // A member of a group that the source said nothing about keeps what it has.
        let unsaid = asked.words[2].means == Means::Missing && self.sides(at).absent == Absent::NoOpinion;
        let unsaid = unsaid
            || asked.words[2].means == Means::Missing && {
                let no_base = matches!(asked.words[0].means, Means::Missing | Means::Null);
                self.sides(at).absent == Absent::ClearedIfReported && no_base
            };
        let told = if unsaid && asked.words[0].means == Means::Missing { &local } else { &base };
        let told = if unsaid { told } else { &remote };
        let want_local = match expected.local {
            Local::Stays => local.clone(),
            Local::BecomesRemote => told.clone(),
            Local::Written => json!(oracle::WRITTEN),
        };
        prop_assert_eq!(Self::now(schema, position, &after.local), want_local, "{}: local", asked.kind);
        let stays = expected.base == Base::Stays || unsaid;
        let want_base = if stays { base } else { remote };
        prop_assert_eq!(Self::now(schema, position, &after.base), want_base, "{}: base", asked.kind);
        let unknown = stays && asked.words[0].means == Means::Missing;
        prop_assert_eq!(after.base.field(position).is_missing(), unknown, "{}: base known", asked.kind);
        Ok(())
    }

    fn meaning(schema: &Schema, position: usize, word: &Word) -> Json {
        let name = schema.fields()[position].name();
        let alone = record(schema, word.raw.as_ref().map_or_else(|| json!({}), |raw| json!({ name: raw })));
        Self::now(schema, position, &alone)
    }

    fn now(schema: &Schema, position: usize, record: &Record) -> Json {
        canonical(schema, position, record.field(position))
    }
}

proptest! {
    #![proptest_config(cases(1500))]

    /// detect, resolve and plan say what the naive reading of the contract says, under every policy.
    #[test]
    fn the_crate_and_the_model_agree(question in any_question()) {
        question.check()?;
    }
}

/// An override names the rule that decided, whatever else is stated.
#[test]
fn the_most_specific_rule_decides() {
    let field = Field::new("a", Kind::Text);
    let group = || Group::new("g", ["b", "c"]);
    let build = |a: Field, g: Group| {
        let [b, c] = ["b", "c"].map(|name| Field::new(name, Kind::Text));
        Schema::builder().strategy(Strategy::LocalOwned).field(a).field(b).field(c).group(g).build().unwrap()
    };
    let stated = build(field.clone().strategy(Strategy::Enforced), group().strategy(Strategy::FillOnly));
    let bare = build(field, group());
    let run = |schema: &Schema| Policy::new(schema.clone()).strategy(Strategy::MERGE).unwrap();
    let (a, g) = (Unit::Field(0), Unit::Group(0));
    let record = Some(&Strategy::LocalWins);
    for (policy, unit, record, rule) in [
        (run(&stated), a, record, "record: local_wins"),
        (run(&stated), a, None, "field: enforced"),
        (run(&stated), g, None, "group: fill_only"),
        (run(&bare), a, None, "run: merge"),
        (run(&bare), g, None, "run: merge"),
        (Policy::new(bare.clone()), a, None, "source: local_owned"),
        (Policy::new(bare), g, record, "record: local_wins"),
    ] {
        assert_eq!(policy.rule(unit, record).to_string(), rule);
    }
}

/// A first-sync policy decides where no base says who changed it, and only there, and not for who decides by name.
#[test]
fn first_sync_decides_only_without_a_base() {
    let policy = |strategy: &str, first: &str| {
        Policy::new(schema(json!({"strategy": strategy, "first_sync": first, "fields": {"f": {"kind": "text"}}})))
    };
    for (strategy, first, base, rule, local) in [
        ("local_wins", "adopt_remote", json!({}), "first_sync: remote_wins", "there"),
        ("remote_wins", "adopt_local", json!({}), "first_sync: local_wins", "here"),
        ("remote_wins", "review", json!({}), "first_sync: merge", "here"),
        ("remote_wins", "review", json!({"f": "before"}), "source: remote_wins", "there"),
        ("enforced", "adopt_local", json!({}), "source: enforced", "there"),
        ("local_owned", "adopt_remote", json!({}), "source: local_owned", "here"),
        ("fill_only", "adopt_remote", json!({}), "source: fill_only", "here"),
    ] {
        let policy = policy(strategy, first);
        let of = |json| record(policy.schema(), json);
        let loaded = linked(policy.schema(), Some(of(base)), of(json!({"f": "here"})));
        let after = decide(&policy, &loaded, &of(json!({"f": "there"})));
        let [AuditEntry::Field(entry)] = &after.op.entries[..] else { panic!("one entry") };
        assert_eq!((entry.rule.as_str(), after.local.field(0).text()), (rule, Some(local)), "{strategy} {first}");
    }
}

/// A strategy of [`PLAIN`] as a schema file has it.
fn spec(name: &str) -> Json {
    serde_json::to_value(strategy(name)).unwrap()
}

// ---- sets --------------------------------------------------------------------------------------------------------

fn set_policy() -> Policy {
    Policy::new(schema(json!({"strategy": "merge", "fields": {"f": {"kind": "set", "of": "email"}}})))
}

/// Members of a small club, each in two spellings.
fn any_set() -> impl Generate<Value = BTreeMap<u8, bool>> {
    proptest::collection::btree_map(0u8..6, any::<bool>(), 0..5)
}

fn members(set: &BTreeMap<u8, bool>) -> Vec<String> {
    set.iter().map(|(m, loud)| if *loud { format!("M{m}@Club.IE") } else { format!("m{m}@club.ie") }).collect()
}

fn names(schema: &Schema, record: &Record) -> BTreeSet<String> {
    match canonical(schema, 0, record.field(0)) {
        Json::Array(list) => list.into_iter().map(|name| name.as_str().unwrap().to_owned()).collect(),
        _ => BTreeSet::new(),
    }
}

/// The members of a set after a merge, and whether a conflict is open.
fn merged(
    base: Option<&BTreeMap<u8, bool>>,
    local: &BTreeMap<u8, bool>,
    remote: &BTreeMap<u8, bool>,
) -> BTreeSet<String> {
    let policy = set_policy();
    let schema = policy.schema();
    let of = |set: &BTreeMap<u8, bool>| record(schema, json!({ "f": members(set) }));
    let after = decide(&policy, &linked(schema, base.map(of), of(local)), &of(remote));
    assert!(after.open.is_empty());
    assert_eq!(after.base.field(0), of(remote).field(0), "the base is the source's, to the letter");
    names(schema, &after.local)
}

proptest! {
    #![proptest_config(cases(256))]

    /// `(L∩R) ∪ (L∖B) ∪ (R∖B)`, and without a base the union: nothing that one side added and none took away is lost,
    /// and the sides may be swapped.
    #[test]
    fn sets_merge_by_the_formula(base in proptest::option::of(any_set()), local in any_set(), remote in any_set()) {
        let got = merged(base.as_ref(), &local, &remote);
        let names = |set: &BTreeMap<u8, bool>| set.keys().map(|m| format!("m{m}@club.ie")).collect::<BTreeSet<_>>();
        let (l, r) = (names(&local), names(&remote));
        let b = base.as_ref().map(names).unwrap_or_default();
        let want: BTreeSet<String> = (l.union(&r))
            .filter(|m| (l.contains(*m) && r.contains(*m)) || !b.contains(*m))
            .cloned()
            .collect();
        prop_assert_eq!(&got, &want);
        prop_assert_eq!(merged(base.as_ref(), &remote, &local), want, "swapped");
    }

    /// What was merged is merged: another night with the same source changes nothing.
    #[test]
    fn a_merged_set_is_at_rest(base in proptest::option::of(any_set()), local in any_set(), remote in any_set()) {
        let policy = set_policy();
        let schema = policy.schema();
        let of = |set: &BTreeMap<u8, bool>| record(schema, json!({ "f": members(set) }));
        let loaded = linked(schema, base.as_ref().map(of), of(&local));
        let once = decide(&policy, &loaded, &of(&remote));
        let again = decide(&policy, &linked(schema, Some(once.base.clone()), once.local.clone()), &of(&remote));
        prop_assert_eq!(again.local, once.local);
    }
}

/// A set that stands in a record, however deep, is merged as it is where it stands alone.
#[test]
fn a_set_inside_a_record_is_merged_by_element() {
    let club = json!({"kind": "record", "fields": {"roles": {"kind": "set", "of": "name"}, "seat": "text"}});
    let spec = json!({"strategy": "merge", "fields": {"f": {"kind": "record", "fields": {"club": club}}}});
    let policy = Policy::new(schema(spec));
    let schema = policy.schema();
    let of = |roles: Json, seat: &str| object(schema, &json!({"club": {"roles": roles, "seat": seat}}));
    for (base, local, remote, merged, says) in [
        (json!(["a", "b"]), json!(["a ", "b", "c"]), json!(["b", "d"]), json!(["b", "c", "d"]), "added and taken away"),
        (json!(["a"]), json!([]), json!(["a", "d"]), json!(["d"]), "what was emptied here stays away"),
        (json!(["a"]), json!(["a", "c"]), json!(null), json!(["c"]), "emptied there"),
        (json!(null), json!(["c"]), json!(["d"]), json!(["c", "d"]), "entered on both sides"),
    ] {
        let remote = of(remote, "y");
        let after = decide(&policy, &linked(schema, Some(of(base.clone(), "x")), of(local, "x")), &remote);
        assert_eq!(raw(after.local.field(0)), Some(json!({"club": {"roles": merged, "seat": "y"}})), "{says}");
        assert_eq!(now(schema, &after.base), now(schema, &remote), "{says}");
        assert!(after.open.is_empty(), "{says}: nothing is open");
        let replay = decide(&policy, &linked(schema, Some(after.base), after.local.clone()), &remote);
        assert_eq!(replay.local, after.local, "{says}: and it is at rest");
    }
    let unbased = decide(&policy, &linked(schema, None, of(json!(["c"]), "x")), &of(json!(["d"]), "x"));
    assert_eq!(raw(unbased.local.field(0)), Some(json!({"club": {"roles": ["c", "d"], "seat": "x"}})), "the union");
}

/// In an object numbers are equal by value, however large and whichever way they are held.
#[test]
fn numbers_in_an_object_are_compared_exactly() {
    let policy = map_policy("merge");
    let schema = policy.schema();
    for (local, remote, agree) in [
        (json!(2e15), json!(2_000_000_000_000_000_i64), true),
        (json!(9_007_199_254_740_992.0), json!(9_007_199_254_740_992_i64), true),
        (json!(9_007_199_254_740_992.0), json!(9_007_199_254_740_993_i64), false),
        (json!(9_223_372_036_854_775_808.0), json!(9_223_372_036_854_775_808_u64), true),
        (json!(1.8e19), json!(18_000_000_000_000_000_000_u64), true),
        (json!(1.8e19), json!(18_000_000_000_000_000_001_u64), false),
        (json!(-0.0), json!(0), true),
    ] {
        let base = object(schema, &json!({"n": 7}));
        let after = decide(
            &policy,
            &linked(schema, Some(base), object(schema, &json!({ "n": local }))),
            &object(schema, &json!({ "n": remote })),
        );
        assert_eq!(after.open.is_empty(), agree, "{local} and {remote}");
    }
    let map = |number: Value| {
        let mut row = RecordBuilder::new(1);
        row.set(0, &Value::Map(BTreeMap::from([("n".to_owned(), number)]))).unwrap();
        now(schema, &row.finish())
    };
    assert_eq!(map(Value::Int(1 << 70)), map(Value::Float((1_u128 << 70) as f64)));
    assert_ne!(map(Value::Int((1 << 70) + 1)), map(Value::Float((1_u128 << 70) as f64)));
    assert_ne!(map(Value::Int(i128::MAX)), map(Value::Float(i128::MAX as f64)));
}

/// A blank element is no element: `[]` and `[""]` are one set, and neither is ever written into the other.
#[test]
fn a_blank_element_is_never_added_to_a_set() {
    let policy = set_policy();
    let schema = policy.schema();
    let of = |set: &Json| record(schema, json!({ "f": set }));
    for (base, local, remote, merged) in [
        (json!(["a@b.ie"]), json!(["c@d.ie"]), json!(["a@b.ie", ""]), json!(["c@d.ie"])),
        (json!(["a@b.ie"]), json!(["a@b.ie", "c@d.ie"]), json!(["", " ", null, "e@f.ie"]), json!(["c@d.ie", "e@f.ie"])),
        (
            json!(["a@b.ie"]),
            json!(["", "a@b.ie", "c@d.ie"]),
            json!(["a@b.ie", "e@f.ie"]),
            json!(["a@b.ie", "c@d.ie", "e@f.ie"]),
        ),
        (json!(null), json!(["c@d.ie"]), json!([""]), json!(["c@d.ie"])),
    ] {
        let after = decide(&policy, &linked(schema, Some(of(&base)), of(&local)), &of(&remote));
        assert_eq!(raw(after.local.field(0)), Some(merged), "{base} {local} {remote}");
        assert!(after.open.is_empty());
    }
}

/// `[]`, `[""]` and null alternate, and nothing changed: no night writes, none audits.
#[test]
fn what_is_empty_flips_on_no_night() {
    for kind in [json!({"kind": "set", "of": "text"}), json!({"kind": "list"}), json!({"kind": "map"})] {
        let mut kind = kind;
        kind["empty_means_null"] = true.into();
        let empty = match kind["kind"].as_str() {
            Some("map") => [json!(null), json!({}), json!({"a": null}), json!({"a": ""})],
            _ => [json!(null), json!([]), json!([""]), json!([null, " "])],
        };
        let policy = Policy::new(schema(json!({"strategy": "merge", "fields": {"f": kind}})));
        let of = |json: &Json| object(policy.schema(), json);
        let any = || empty.iter();
        for (base, local) in any().flat_map(|base| any().map(move |local| (base, local))) {
            for remote in any() {
                let after = decide(&policy, &linked(policy.schema(), Some(of(base)), of(local)), &of(remote));
                assert!(after.op.is_silent() && after.local == of(local), "{kind}: {base} {local} {remote}");
            }
        }
        let full = if kind["kind"] == "map" { json!({"a": 1}) } else { json!(["a"]) };
        for cleared in &empty {
            let after = decide(&policy, &linked(policy.schema(), Some(of(&full)), of(&full)), &of(cleared));
            let [AuditEntry::Field(entry)] = &after.op.entries[..] else { panic!("one entry") };
            assert_eq!(entry.verdict, Verdict::RemoteOnly(RemoteChange::Cleared), "{kind}: {cleared}");
        }
    }
}

/// What is here and is no list was entered by somebody: as an empty set it would be lost.
#[test]
fn what_is_no_list_is_not_merged_as_an_empty_one() {
    let alone = json!({"kind": "set", "of": "text"});
    let inside = json!({"kind": "record", "fields": {"s": {"kind": "set", "of": "text"}}});
    for (kind, wrap) in [(alone, false), (inside, true)] {
        let policy = Policy::new(schema(json!({"strategy": "merge", "fields": {"f": kind}})));
        let of = |json: Json| object(policy.schema(), &if wrap { json!({ "s": json }) } else { json });
        for local in [json!("coach, treasurer"), json!(5), json!({"a": 1}), json!(true)] {
            for base in [Some(json!(["a"])), None] {
                let known = base.map(of);
                let remote = of(json!(["a", "b"]));
                let after = decide(&policy, &linked(policy.schema(), known.clone(), of(local.clone())), &remote);
                assert_eq!(after.local, of(local.clone()), "stays as it is");
                assert_eq!(after.open.len(), 1, "a person decides");
                let mut again = linked(policy.schema(), known, after.local);
                again.open = after.open;
                assert!(decide(&policy, &again, &remote).op.is_silent(), "once");
            }
        }
    }
}

// ---- objects -----------------------------------------------------------------------------------------------------

/// Objects two levels deep, over few keys and values, so that they collide.
fn any_object() -> impl Generate<Value = Json> {
    let leaf = prop_oneof![
        3 => (0i64..3).prop_map(Json::from),
        1 => (0i64..3).prop_map(|n| json!(n as f64)),
        2 => (0usize..3).prop_map(|at| json!(["Seán", " Seán ", "Áine"][at])),
        1 => Just(Json::Null),
    ];
    let keys = |value: BoxedStrategy<Json>| {
        proptest::collection::btree_map((0usize..3).prop_map(|at| ["a", "b", "c/d"][at].to_owned()), value, 0..4)
            .prop_map(|map| Json::Object(map.into_iter().collect()))
    };
    let leaf = leaf.boxed();
    keys(prop_oneof![3 => leaf.clone(), 1 => keys(leaf).boxed()].boxed())
}

fn map_policy(strategy: &str) -> Policy {
    Policy::new(schema(json!({"strategy": spec(strategy), "fields": {"f": {"kind": "map"}}})))
}

fn object(schema: &Schema, json: &Json) -> Record {
    record(schema, json!({ "f": json }))
}

/// All leaves of an object by their paths; null is as good as not there.
fn leaves(json: &Json) -> BTreeMap<String, Json> {
    fn walk(path: &str, json: &Json, out: &mut BTreeMap<String, Json>) {
        match json {
            Json::Object(map) => map.iter().for_each(|(key, json)| walk(&format!("{path}/{key}"), json, out)),
            Json::Null => {}
            other => {
                out.insert(path.to_owned(), other.clone());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk("", json, &mut out);
    out
}

fn now(schema: &Schema, record: &Record) -> Json {
    canonical(schema, 0, record.field(0))
}

proptest! {
    #![proptest_config(cases(256))]

    /// A key that only the host knows stays, under every strategy.
    #[test]
    fn a_key_only_the_host_knows_stays(
        base in proptest::option::of(any_object()),
        local in any_object(),
        remote in any_object(),
        which in 0..PLAIN.len(),
    ) {
        let policy = map_policy(PLAIN[which]);
        let schema = policy.schema();
        let mut mine = local.clone();
        mine["only here"] = json!("mine");
        let loaded = linked(schema, base.as_ref().map(|base| object(schema, base)), object(schema, &mine));
        let after = decide(&policy, &loaded, &object(schema, &remote));
        prop_assert_eq!(&now(schema, &after.local)["only here"], &json!("mine"));
    }

    /// A collision inside an object is held open at its path; everything else is merged, and a replay changes nothing.
    #[test]
    fn a_collision_leaves_the_rest_merged(
        base in proptest::option::of(any_object()),
        local in any_object(),
        remote in any_object(),
    ) {
        let policy = map_policy("merge");
        let schema = policy.schema();
        let with = |json: &Json, at: i64, added: &str| {
            let mut json = json.clone();
            json["clash"] = json!(at);
            json[added] = json!(added);
            json
        };
        let known = base.as_ref().map(|base| {
            let mut base = base.clone();
            base["clash"] = json!(1);
            object(schema, &base)
        });
        let local = object(schema, &with(&local, 2, "added here"));
        let remote = object(schema, &with(&remote, 3, "added there"));
        let loaded = linked(schema, known, local);
        let after = decide(&policy, &loaded, &remote);
        let [ConflictChange::Open(open)] = &after.op.conflicts[..] else { panic!("one conflict") };
        prop_assert!(open.paths.contains(&"/clash".to_owned()));
        let result = now(schema, &after.local);
        prop_assert_eq!(&result["clash"], &json!(2), "the value here stays");
        prop_assert_eq!(&result["added here"], &json!("added here"));
        prop_assert_eq!(&result["added there"], &json!("added there"), "the rest is merged");

        let mut again = linked(schema, Some(after.base.clone()), after.local.clone());
        again.open.clone_from(&after.open);
        let replay = decide(&policy, &again, &remote);
        prop_assert_eq!(&replay.local, &after.local, "a replay changes nothing here");
        prop_assert!(replay.op.conflicts.iter().all(|c| matches!(c, ConflictChange::Update(_))), "nor opens another");
        let third = carry_out(schema, &again, replay.op);
        let mut again = linked(schema, Some(third.base.clone()), third.local.clone());
        again.open.clone_from(&third.open);
        let replay = decide(&policy, &again, &remote);
        prop_assert!(replay.op.is_silent(), "and then all is quiet");
    }

    /// P1 inside objects: a leaf that differs from the one before was the base's, or stands in the audit.
    #[test]
    fn no_leaf_is_lost_in_silence(
        base in proptest::option::of(any_object()),
        local in any_object(),
        remote in any_object(),
        which in 0..PLAIN.len(),
    ) {
        let policy = map_policy(PLAIN[which]);
        let schema = policy.schema();
        let known = base.as_ref().map(|base| object(schema, base));
        let before = object(schema, &local);
        let after = decide(&policy, &linked(schema, known.clone(), before.clone()), &object(schema, &remote));
        let (was, is) = (leaves(&now(schema, &before)), leaves(&now(schema, &after.local)));
        let was_base = known.map(|base| leaves(&now(schema, &base))).unwrap_or_default();
        let audited = after.op.entries.iter().any(|entry| matches!(entry, AuditEntry::Field(entry) if entry.local == value_of(&before)));
        for (path, value) in was.iter().filter(|(path, value)| is.get(*path) != Some(*value)) {
            prop_assert!(audited || was_base.get(path) == Some(value), "{path} is lost");
        }
    }

    /// P2 inside objects: what the source did not move stays, unless it is enforced.
    #[test]
    fn an_object_the_source_did_not_touch_stays(base in any_object(), local in any_object(), which in 0..PLAIN.len()) {
        prop_assume!(PLAIN[which] != "enforced");
        let policy = map_policy(PLAIN[which]);
        let schema = policy.schema();
        let loaded = linked(schema, Some(object(schema, &base)), object(schema, &local));
        let after = decide(&policy, &loaded, &object(schema, &base));
        prop_assert_eq!(after.local, loaded.local);
    }

    /// P3 inside objects: what the host did not touch follows the source.
    #[test]
    fn an_object_the_host_did_not_touch_follows(base in any_object(), remote in any_object(), which in 0..PLAIN.len()) {
        prop_assume!(!["local_owned", "fill_only"].contains(&PLAIN[which]));
        let policy = map_policy(PLAIN[which]);
        let schema = policy.schema();
        let base = object(schema, &base);
        let after = decide(&policy, &linked(schema, Some(base.clone()), base), &object(schema, &remote));
        prop_assert_eq!(now(schema, &after.local), now(schema, &object(schema, &remote)));
    }

    /// P5 inside objects: decided once is decided.
    #[test]
    fn an_object_is_at_rest_after_one_night(
        base in proptest::option::of(any_object()),
        local in any_object(),
        remote in any_object(),
        which in 0..PLAIN.len(),
    ) {
        let policy = map_policy(PLAIN[which]);
        let schema = policy.schema();
        let known = base.as_ref().map(|base| object(schema, base));
        let remote = object(schema, &remote);
        let once = decide(&policy, &linked(schema, known, object(schema, &local)), &remote);
        let mut again = linked(schema, Some(once.base.clone()), once.local.clone());
        again.open.clone_from(&once.open);
        let twice = decide(&policy, &again, &remote);
        prop_assert_eq!(now(schema, &twice.local), now(schema, &once.local));
        prop_assert_eq!(now(schema, &twice.base), now(schema, &once.base));
        prop_assert!(!twice.op.conflicts.iter().any(|change| matches!(change, ConflictChange::Open(_))));
    }
}

fn value_of(record: &Record) -> Value {
    record.field(0).to_value()
}

/// A conflict that a first-sync policy left to a person is not decided by the source's default the night after.
#[test]
fn a_first_sync_review_inside_an_object_stays_open() {
    let spec = json!({"strategy": "remote_wins", "first_sync": "review", "fields": {"f": {"kind": "map"}, "g": {"kind": "text"}}});
    let policy = Policy::new(schema(spec));
    let schema = policy.schema();
    let remote = record(schema, json!({"f": {"a": 2}, "g": "x"}));
    let first = decide(&policy, &linked(schema, None, record(schema, json!({"f": {"a": 1}, "g": "x"}))), &remote);
    assert_eq!(first.open.len(), 1, "a person is to decide");
    // Somebody edits another field, so the record is looked at again.
    let edited = record(schema, json!({"f": {"a": 1}, "g": "y"}));
    let mut again = linked(schema, Some(first.base), edited);
    again.open = first.open;
    let second = decide(&policy, &again, &remote);
    assert_eq!(now(schema, &second.local), json!({"a": 1}), "nobody has decided");
    assert_eq!(second.open.len(), 1);
}

/// A base of nothing stays one while all that the source said is open, so the same conflict is told the same way.
#[test]
fn a_conflict_on_a_base_of_nothing_is_told_the_same_on_replay() {
    let policy = map_policy("merge");
    let schema = policy.schema();
    for (base, local, remote) in [
        (json!(null), json!({"a": 1}), json!({"a": 2})),
        (json!(null), json!({"o": {"a": 1}}), json!({"o": {"a": 2}})),
        (json!({"o": null}), json!({"o": {"a": 1}}), json!({"o": {"a": 2}})),
        (json!({"o": {}}), json!({"o": {"a": 1}}), json!({"o": {"a": 2}})),
    ] {
        let (base, remote) = (object(schema, &base), object(schema, &remote));
        let first = decide(&policy, &linked(schema, Some(base.clone()), object(schema, &local)), &remote);
        assert_eq!(first.base, base, "nothing was decided");
        let mut again = linked(schema, Some(first.base), first.local);
        again.open = first.open;
        let replay = decide(&policy, &again, &remote);
        assert!(replay.op.is_silent(), "{:?} {:?}", replay.op.conflicts, replay.op.entries);
    }
    let base = object(schema, &json!(null));
    let empty =
        decide(&policy, &linked(schema, Some(base), object(schema, &json!({"a": 1}))), &object(schema, &json!({})));
    assert_eq!(value_of(&empty.base), Value::Map(BTreeMap::new()), "what was said and is not open is the base");
}

/// The rest of an object gets its base while a key is open; the conflict is told as before.
#[test]
fn a_conflict_inside_an_object_is_told_the_same_on_replay() {
    let policy = map_policy("merge");
    let schema = policy.schema();
    for (base, local, remote, clash) in [
        (json!(null), json!({"a": 1}), json!({"a": 2, "c": 3}), Clash::BothSet),
        (json!({}), json!({"a": 1}), json!({"a": 2, "c": 3}), Clash::BothSet),
        (json!({"b": 0}), json!({"a": 1, "b": 0}), json!({"a": 2, "b": 1}), Clash::BothSet),
        (json!({"a": 0}), json!({"a": 1}), json!({"a": 2, "c": 3}), Clash::BothChanged),
        (json!({"a": 0}), json!({"a": 1}), json!({"c": 3}), Clash::BothChanged),
    ] {
        let remote = object(schema, &remote);
        let first = decide(&policy, &linked(schema, Some(object(schema, &base)), object(schema, &local)), &remote);
        assert_eq!(first.open.iter().map(|open| open.clash).collect::<Vec<_>>(), [clash], "{base}");
        let changes = detect(schema, Sides { base: &first.base, local: &first.local, remote: &remote });
        let replay = resolve(&policy, &changes, None);
        assert_eq!(replay.resolutions[0].verdict, Verdict::Conflict(clash), "{base}");
    }
}

/// What a person left open stays open when the strategy is a fallback, too, whatever the source does elsewhere.
#[test]
fn an_open_conflict_closes_when_only_one_side_still_differs() {
    let policy = Policy::new(schema(json!({"strategy": "merge", "fields": {"f": {"kind": "text"}}})));
    let schema = policy.schema();
    let of = |text: &str| record(schema, json!({ "f": text }));
    let first = decide(&policy, &linked(schema, Some(of("a")), of("x")), &of("y"));
    for (local, remote, change, says) in [
        ("x", "y", "", "a replay changes nothing"),
        ("x", "z", "update", "the source moved on"),
        ("w", "y", "update", "the user moved on"),
        ("y", "y", "close", "the sides agree"),
        ("x", "a", "close", "the source went back, only the host differs"),
        ("a", "y", "close", "the host went back, only the source differs"),
    ] {
        let mut loaded = linked(schema, Some(first.base.clone()), of(local));
        loaded.open.clone_from(&first.open);
        let next = decide(&policy, &loaded, &of(remote));
        let found = match &next.op.conflicts[..] {
            [] => "",
            [ConflictChange::Open(_)] => "open",
            [ConflictChange::Update(_)] => "update",
            [ConflictChange::Close { .. }] => "close",
            _ => "many",
        };
        assert_eq!(found, change, "{says}");
    }
}

/// What an open conflict holds was reported: leaving it out under `cleared_if_reported` empties it, so that only the host
/// has a value. Without an opinion nothing is known about the conflict's end.
#[test]
fn an_open_conflict_closes_when_the_source_leaves_out_what_it_had() {
    let fields = json!({"f": {"kind": "text"}, "g": {"kind": "text"}, "h": {"kind": "text", "absent": "no_opinion"}});
    for (absent, groups, unit, closes) in [
        ("cleared_if_reported", json!({}), json!({"f": "y"}), true),
        ("no_opinion", json!({}), json!({"f": "y"}), false),
        ("cleared_if_reported", json!({}), json!({"h": "y"}), false),
        ("cleared_if_reported", json!({"pair": ["f", "g"]}), json!({"f": "y", "g": "z"}), true),
        ("cleared_if_reported", json!({"pair": ["f", "h"]}), json!({"f": "y", "h": "z"}), false),
        ("cleared_if_reported", json!({"pair": ["f", "h"]}), json!({"f": "y", "h": ""}), true),
    ] {
        for base in [Some(json!({"f": null, "g": null, "h": null})), None] {
            let spec = json!({"strategy": "merge", "absent": absent, "fields": fields, "groups": groups});
            let policy = Policy::new(schema(spec));
            let schema = policy.schema();
            let says = format!("{absent}, {unit}, {base:?}");
            let local = record(schema, json!({"f": "x", "g": "x", "h": "x"}));
            let base = base.map(|base| record(schema, base));
            let first = decide(&policy, &linked(schema, base, local.clone()), &record(schema, unit.clone()));
            assert_eq!(first.open.len(), 1, "{says}");
            let mut loaded = linked(schema, Some(first.base), local.clone());
            loaded.open = first.open;
            let left_out = decide(&policy, &loaded, &schema.missing());
            assert_eq!(left_out.open.is_empty(), closes, "{says}");
            assert_eq!(left_out.local, local, "{says}: nothing here moves");
            loaded.open = left_out.open;
            assert!(decide(&policy, &loaded, &schema.missing()).op.is_silent(), "{says}: and all is quiet");
        }
    }
}

/// P7 for open conflicts: another spelling of the same is no news.
#[test]
fn an_open_conflict_is_not_updated_by_another_spelling() {
    let spec = json!({"strategy": "merge", "fields": {"f": {"kind": "email"}, "g": {"kind": "name"}, "h": {"kind": "phone", "region": "IE"}}, "groups": {"pair": ["g", "h"]}});
    let policy = Policy::new(schema(spec));
    let schema = policy.schema();
    let of = |mail: &str, name: &str, phone: &str| record(schema, json!({"f": mail, "g": name, "h": phone}));
    let remote = of("y@example.org", "O'Brien", "087 123 4567");
    let loaded = linked(schema, Some(of("a@b.ie", "A", "087 1111111")), of("x@example.org", "X", "087 222 2222"));
    let first = decide(&policy, &loaded, &remote);
    assert_eq!(first.open.len(), 2);
    let mut again = linked(schema, Some(first.base), of("X@Example.org", "X ", "+353 87 222 2222"));
    again.open = first.open;
    let next = decide(&policy, &again, &of("Y@example.ORG", "O’Brien", "+353871234567"));
    assert!(next.op.is_silent(), "{:?} {:?}", next.op.conflicts, next.op.entries);
}

// ---- groups ------------------------------------------------------------------------------------------------------

fn address_policy(strategy: &str) -> Policy {
    Policy::new(schema(json!({
        "strategy": spec(strategy),
        "fields": {"street": {"kind": "address"}, "town": {"kind": "name"}, "code": {"kind": "eircode"}},
        "groups": {"home": ["street", "town", "code"]}
    })))
}

fn any_row() -> impl Generate<Value = [Word; 3]> {
    let [a, b, c] = ["address", "name", "eircode"].map(|name| scalar_named(name).sound());
    (a, b, c).prop_map(|(a, b, c)| [a, b, c])
}

fn row(schema: &Schema, words: &[Word; 3]) -> Record {
    let pairs = ["street", "town", "code"].iter().zip(words);
    let map: Map<String, Json> = pairs.map(|(name, word)| ((*name).to_owned(), word.raw.clone().unwrap())).collect();
    record(schema, Json::Object(map))
}

proptest! {
    #![proptest_config(cases(256))]

    /// No address is assembled that nobody entered: the tuple is the host's or the source's, whole.
    #[test]
    fn no_row_is_assembled(
        base in proptest::option::of(any_row()),
        local in any_row(),
        remote in any_row(),
        which in 0..PLAIN.len(),
    ) {
        let policy = address_policy(PLAIN[which]);
        let schema = policy.schema();
        let loaded = linked(schema, base.as_ref().map(|base| row(schema, base)), row(schema, &local));
        let remote = row(schema, &remote);
        let after = decide(&policy, &loaded, &remote);
        let tuple = |record: &Record| (0..3).map(|at| canonical(schema, at, record.field(at))).collect::<Vec<_>>();
        let result = tuple(&after.local);
        prop_assert!(result == tuple(&loaded.local) || result == tuple(&remote), "{:?}", result);
        let base = tuple(&after.base);
        let stayed = base == loaded.base.as_ref().map_or(tuple(&schema.missing()), |base| tuple(&base.record));
        prop_assert!(stayed || base == tuple(&remote), "the base, too, is one tuple");
    }
}

/// A field that came later to a group in step, and that the source leaves out to say it is empty, has a base then.
#[test]
fn what_came_later_to_a_group_gets_its_base() {
    let fields = json!({"a": {"kind": "text"}, "b": {"kind": "text"}});
    let spec = json!({"absent": "cleared", "fields": fields, "groups": {"pair": ["a", "b"]}});
    let policy = Policy::new(schema(spec));
    let of = |json| record(policy.schema(), json);
    let loaded = linked(policy.schema(), Some(of(json!({"a": "1"}))), of(json!({"a": "1"})));
    let after = decide(&policy, &loaded, &of(json!({"a": "1"})));
    assert_eq!(raw(after.base.field(1)), Some(Json::Null));
    assert!(after.op.is_silent());
}

/// A tuple with one part that cannot be read is not written, neither at its creation nor later.
#[test]
fn a_tuple_with_nonsense_is_not_created() {
    use tripartite::plan::plan_creation;
    use tripartite::store::Action;
    let spec = json!({"fields": {"number": {"kind": "text"}, "expires": {"kind": "date"}}, "groups": {"document": ["number", "expires"]}});
    let policy = Policy::new(schema(spec));
    let schema = policy.schema();
    let remote = crate::support::said("7", record(schema, json!({"number": "P1", "expires": "2023-02-30"})));
    let op = plan_creation(&policy, &remote).unwrap();
    let Action::Create(created) = &op.action else { panic!("it is created") };
    for name in ["expires", "number"] {
        let at = schema.position(name).unwrap();
        assert_eq!(raw(created.field(at)), None, "{name}: an impossible date is never written, nor half a document");
        assert_eq!(op.base.as_ref().and_then(|base| raw(base.field(at))), None, "{name}: nor a base");
    }
}

// ---- resolvers ---------------------------------------------------------------------------------------------------

/// A resolver that always rules the same.
struct Always(fn() -> Ruling);

impl Resolver for Always {
    fn resolve(&self, _: &Dispute<'_>) -> Ruling {
        (self.0)()
    }
}

fn ruled_by(ruling: fn() -> Ruling, kind: Kind) -> Policy {
    let custom = Strategy::Custom { resolver: "always".into() };
    let [a, b] = ["a", "b"].map(|name| Field::new(name, kind.clone()));
    let [c, d] = ["c", "d"].map(|name| Field::new(name, kind.clone()));
    let builder = Schema::builder().field(a).field(b).field(c).field(d).group(Group::new("pair", ["c", "d"]));
    Policy::new(builder.strategy(custom).resolver("always", Arc::new(Always(ruling))).build().unwrap())
}

/// A value that is none of the field's kind is never written, by whomever.
#[test]
fn a_resolver_cannot_write_nonsense() {
    let pair =
        || Ruling::Write(Value::Map(BTreeMap::from([("c".into(), "n/a".into()), ("d".into(), "a@b.ie".into())])));
    for (ruling, says) in [
        ((|| Ruling::Write("n/a".into())) as fn() -> Ruling, "to a field, and no tuple to a group"),
        (pair, "a tuple with a part of another kind"),
    ] {
        let policy = ruled_by(ruling, Kind::Email);
        let schema = policy.schema();
        let of = |m: &str| record(schema, json!({"a": m, "b": m, "c": m, "d": m}));
        let local = of("l@b.ie");
        let after = decide(&policy, &linked(schema, Some(of("b@b.ie")), local.clone()), &of("r@b.ie"));
        assert_eq!(after.local, local, "{says}");
        assert_eq!(after.open.len(), 3, "{says}: each is held open");
    }
}

/// Inside an object a key of a known kind is held open, too, when a resolver writes nonsense.
#[test]
fn a_resolver_cannot_write_nonsense_into_an_object() {
    let custom = Strategy::Custom { resolver: "always".into() };
    let field = Field::new("f", Kind::record([("mail", Kind::Email)]));
    let always = Arc::new(Always(|| Ruling::Write("n/a".into())));
    let schema = Schema::builder().field(field).strategy(custom).resolver("always", always).build().unwrap();
    let of = |mail: &str| record(&schema, json!({"f": {"mail": mail}}));
    let policy = Policy::new(schema.clone());
    let after = decide(&policy, &linked(&schema, Some(of("b@b.ie")), of("l@b.ie")), &of("r@b.ie"));
    assert_eq!(after.local, of("l@b.ie"));
    assert_eq!(after.open.len(), 1);
}

/// A ruling that equals a side is that side.
#[test]
fn a_ruling_that_equals_a_side_is_that_side() {
    let policy = ruled_by(|| Ruling::Write("R@B.ie".into()), Kind::Email);
    let schema = policy.schema();
    let of = |m: &str| record(schema, json!({"a": m}));
    let after = decide(&policy, &linked(schema, Some(of("b@b.ie")), of("l@b.ie")), &of("r@b.ie"));
    assert_eq!(after.local.field(0).text(), Some("r@b.ie"), "in the source's spelling");
}

/// What is written in canonical form is in step afterwards: it is not taken for an edit the next night.
#[test]
fn what_is_written_canonically_is_no_edit() {
    for vocabulary in scalars() {
        let mut kind = vocabulary.kind.clone();
        kind["write_canonical"] = json!(true);
        let policy = Policy::new(schema(json!({"fields": {"f": kind}})));
        let schema = policy.schema();
        let of = |word: Word| record(schema, json!({"f": word.raw}));
        for spelling in 0..3 {
            let start = linked(schema, Some(of(vocabulary.value(0, 0))), of(vocabulary.value(0, 0)));
            let first = decide(&policy, &start, &of(vocabulary.value(1, spelling)));
            let next = linked(schema, Some(first.base), first.local);
            let second = decide(&policy, &next, &of(vocabulary.value(2, spelling)));
            let [AuditEntry::Field(entry)] = &second.op.entries[..] else { panic!("one entry") };
            assert_eq!(entry.verdict.to_string(), "RemoteOnly(Changed)", "{}", vocabulary.name);
        }
    }
}

/// A field that does not read its own canonical form cannot write it: every write would look like an edit.
#[test]
fn write_canonical_needs_a_field_that_reads_what_it_writes() {
    let field = Field::new("born", Kind::Date { formats: vec!["%d/%m/%Y".into()] }).write_canonical();
    let error = Schema::builder().field(field).build().map(drop).unwrap_err().to_string();
    assert!(error.contains("write_canonical"), "{error}");
}
