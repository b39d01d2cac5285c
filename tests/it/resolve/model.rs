//! Resolution against the model.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::Strategy as Generate;
use serde_json::{Value as Json, json};
use tripartite::audit::AuditEntry;
use tripartite::detect::detect;
use tripartite::resolve::{Resolution, resolve};
use tripartite::schema::{Absent, Field, FirstSync, Group, Kind, Policy, Schema, Strategy, Unit};
use tripartite::store::Loaded;
use tripartite::value::Record;

use crate::support::oracle::{self, Base, Expected, Local, Rules};
use crate::support::words::{Means, Vocabulary, Word, scalar_named, scalars};
use crate::support::{After, PLAIN, canonical, cases, decide, linked, record, schema, strategy};

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
    null_is_silence: bool,
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
    let required = (proptest::bool::weighted(0.1), proptest::bool::weighted(0.2));
    (own, absent, required, vocabulary.accepted(), local, vocabulary.any())
        .prop_map(|(strategy, absent, (required, null_is_silence), base, local, remote)| Asked {
            kind: vocabulary.name,
            strategy,
            absent,
            null_is_silence,
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
            if asked.null_is_silence {
                settings.insert("null_means".into(), "no_opinion".into());
            }
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
            reads_written: ["text", "name", "address", "code", "text with nulls"].contains(&kind),
            is_group: group.is_some(),
        }
    }

    fn sides(&self, at: usize) -> oracle::Sides<'_> {
        let asked = &self.fields[at];
        let [base, local, remote] = asked.words.each_ref().map(|word| &word.means);
        let Asked { required, null_is_silence, .. } = *asked;
        let absent = asked.absent.unwrap_or(self.absent);
        oracle::Sides { base, local, remote, absent, null_is_silence, required }
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
            || asked.null_is_silence && asked.words[2].means == Means::Null
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
