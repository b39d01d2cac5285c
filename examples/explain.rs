//! Try the semantics without writing Rust: a schema file, cases as JSON lines on stdin, one explained answer a line.
//!
//! ```text
//! $ cat schema.json
//! {"strategy": "merge", "fields": {"email": {"kind": "email"}, "phone": {"kind": "phone", "region": "IE"}}}
//! $ echo '{"id": 1, "base": {"phone": "087 123 4567"}, "local": {"phone": "+353 87 123 4567"},
//!          "remote": {"phone": "087 765 4321"}}' | tr -d '\n' |
//!     cargo run --release --example explain -- --schema schema.json
//! ```
//!
//! A case is `{"id", "base": {…}|null, "local": {…}, "remote": {…}}`. `"base": null` was never synced; a field missing
//! from base is unknown, one missing from local is null, of one missing from remote the source said nothing. A case
//! that cannot be read gives `{"id", "error"}`, and the rest goes on. A number that JSON readers round is read as the
//! text of its digits.

use std::fmt;
use std::io::{self, BufRead, BufWriter, Write};
use std::process::ExitCode;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tripartite::detect::{Sides, Verdict, detect};
use tripartite::resolve::{Collision, Decision, Effect, Resolution, resolve};
use tripartite::schema::{FirstSync, Policy, Schema, Strategy, Unit};
use tripartite::value::{Record, Value, exact_numbers_within};

const USAGE: &str = "usage: explain --schema FILE [--strategy NAME] [--first-sync NAME] < CASES.jsonl";

fn main() -> ExitCode {
    match policy(std::env::args().skip(1)) {
        Ok(policy) => match answer(&policy, io::stdin().lock(), BufWriter::new(io::stdout().lock())) {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever reads the answers has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => complain(&error.to_string(), 1),
        },
        Err(error) => complain(&format!("{error}\n{USAGE}"), 2),
    }
}

fn complain(message: &str, status: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "explain: {message}");
    ExitCode::from(status)
}

fn policy(mut args: impl Iterator<Item = String>) -> Result<Policy, String> {
    let (mut schema, mut strategy, mut first_sync) = (None, None, None);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--schema" => schema = Some(value()?),
            "--strategy" => strategy = Some(value()?),
            "--first-sync" => first_sync = Some(value()?),
            _ => return Err(format!("unknown argument {arg}")),
        }
    }
    let file = schema.ok_or("--schema is missing")?;
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let schema: Schema = serde_json::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
    let mut policy = Policy::new(schema);
    if let Some(name) = strategy {
        policy = policy.strategy(read_strategy(&name)?).map_err(|error| error.to_string())?;
    }
    if let Some(name) = first_sync {
        policy = policy.first_sync(name.parse::<FirstSync>().map_err(|error| error.to_string())?);
    }
    Ok(policy)
}

/// A name, or what a schema file would have: `{"merge": {"fallback": "local"}}`.
fn read_strategy(name: &str) -> Result<Strategy, String> {
    let json = if name.starts_with('{') { name.to_owned() } else { Value::from(name).to_json() };
    serde_json::from_str(&json).map_err(|error| error.to_string())
}

trait ToJson {
    fn to_json(&self) -> String;
}

impl<T: Serialize> ToJson for T {
    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn answer(policy: &Policy, cases: impl BufRead, mut out: impl Write) -> io::Result<()> {
    for line in cases.split(b'\n') {
        let line = line?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match explain(policy, &line) {
            Ok(explained) => serde_json::to_writer(&mut out, &explained)?,
            Err(refused) => serde_json::to_writer(&mut out, &refused)?,
        }
        out.write_all(b"\n")?;
    }
    out.flush()
}

#[derive(Default)]
struct Case {
    id: Value,
    base: Value,
    local: Value,
    remote: Value,
}

impl<'de> Deserialize<'de> for Case {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Value::Map(mut map) = Value::deserialize(deserializer)? else {
            return Err(D::Error::custom("expected an object"));
        };
        let mut take = |key: &str| map.remove(key).unwrap_or_default();
        Ok(Self { id: take("id"), base: take("base"), local: take("local"), remote: take("remote") })
    }
}

/// The id of an object, whatever else stands in it.
struct IdOf;

impl<'de> Visitor<'de> for IdOf {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut id = None;
        while let Some(key) = access.next_key::<String>()? {
            if key != "id" {
                access.next_value::<IgnoredAny>()?;
            } else if id.replace(access.next_value()?).is_some() {
                return Err(A::Error::custom("the id is stated twice"));
            }
        }
        Ok(id.unwrap_or_default())
    }
}

#[derive(Serialize)]
struct Refused {
    id: Value,
    error: String,
}

#[derive(Serialize)]
struct Explained {
    id: Value,
    fields: InOrder<Answer>,
}

/// An object in the schema's order.
struct InOrder<T>(Vec<(String, T)>);

impl<T: Serialize> Serialize for InOrder<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[derive(Serialize)]
struct Answer {
    verdict: &'static str,
    detail: Option<String>,
    decision: Decision,
    local: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<Value>,
    open: bool,
    rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conflicts: Vec<Collision>,
    why: String,
}

fn explain(policy: &Policy, line: &[u8]) -> Result<Explained, Refused> {
    // The three records are members of the case.
    let line = &*exact_numbers_within(line, 2);
    let case: Case = serde_json::from_slice(line).map_err(|error| Refused {
        id: serde_json::Deserializer::from_slice(line).deserialize_map(IdOf).unwrap_or_default(),
        error: format!("this is no case: {error}"),
    })?;
    let id = case.id.clone();
    fields(policy, case).map(|fields| Explained { id: id.clone(), fields }).map_err(|error| Refused { id, error })
}

fn fields(policy: &Policy, case: Case) -> Result<InOrder<Answer>, String> {
    let schema = policy.schema();
    let record = |side: &str, value: &Value| match value {
        Value::Map(_) => {
            schema.record(value).map(Record::with_exact_numbers).map_err(|error| format!("{side}: {error}"))
        }
        Value::Null => Err(format!("{side}: is missing, an object was expected")),
        other => Err(format!("{side}: expected an object, found {}", other.shape())),
    };
    let base = match &case.base {
        Value::Null => schema.missing(),
        base => schema.accepted(&record("base", base)?),
    };
    let (local, remote) = (record("local", &case.local)?, record("remote", &case.remote)?);
    let changes = detect(schema, Sides { base: &base, local: &local, remote: &remote });
    let resolved = resolve(policy, &changes, None);
    let mut answers: Vec<Option<Answer>> = schema.fields().iter().map(|_| None).collect();
    for &unit in schema.units() {
        let in_sync = Resolution::in_sync(unit, policy.rule(unit, None));
        let resolution = resolved.resolutions.iter().find(|resolution| resolution.unit == unit).unwrap_or(&in_sync);
        for &position in schema.members(&unit) {
            answers[position] = Some(tell(schema, resolved.sides, resolution, position));
        }
    }
    let names = schema.fields().iter().map(|field| field.name().to_owned());
    Ok(InOrder(names.zip(answers).filter_map(|(name, answer)| Some((name, answer?))).collect()))
}

fn tell(schema: &Schema, sides: Sides<'_>, resolution: &Resolution<'_>, position: usize) -> Answer {
    let effect = resolution.fields.iter().find(|effect| effect.position == position);
    let after = |effect: Option<&Effect<'_>>, before: &Record| match effect.and_then(Effect::to_value) {
        Some(value) => Some(value),
        None => known(before, position),
    };
    let base = match resolution.verdict {
        Verdict::InSync => known(sides.remote, position).or_else(|| known(sides.base, position)),
        _ => after(effect.map(|effect| &effect.base), sides.base),
    };
    Answer {
        verdict: resolution.verdict.name(),
        detail: resolution.verdict.detail(),
        decision: resolution.decision,
        local: after(effect.map(|effect| &effect.local), sides.local).unwrap_or_default(),
        base,
        open: resolution.is_open(),
        rule: resolution.rule.to_string(),
        group: match resolution.unit {
            Unit::Field(_) => None,
            Unit::Group(_) => Some(schema.unit_name(resolution.unit).to_owned()),
        },
        conflicts: resolution.collisions.clone(),
        why: resolution.why(schema),
    }
}

fn known(record: &Record, position: usize) -> Option<Value> {
    let field = record.field(position);
    (!field.is_missing()).then(|| field.to_value())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"strategy": "merge", "fields": {
        "email": {"kind": "email"}, "born": {"kind": "date"}, "more": {"kind": "map"},
        "mails": {"kind": "set_of_records", "key": ["type"], "fields": {"type": "text", "value": "email"}},
        "first": {"kind": "name"}, "last": {"kind": "name"}}, "groups": {"name": ["first", "last"]}}"#;

    fn answers(cases: &str) -> Vec<serde_json::Value> {
        let policy = Policy::new(serde_json::from_str(SCHEMA).unwrap());
        let mut out = Vec::new();
        answer(&policy, cases.as_bytes(), &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn field(case: &str, name: &str) -> serde_json::Value {
        answers(case)[0]["fields"][name].clone()
    }

    #[test]
    fn a_conflict_is_told_with_its_rule_and_both_values_after() {
        let email = field(
            r#"{"id": 1, "base": {"email": "a@x.org"}, "local": {"email": "b@x.org"}, "remote": {"email": "c@x.org"}}"#,
            "email",
        );
        assert_eq!(email["verdict"], "Conflict");
        assert_eq!(email["detail"], "BothChanged");
        assert_eq!(email["decision"], "HeldOpen");
        assert_eq!((&email["local"], &email["base"]), (&"b@x.org".into(), &"a@x.org".into()));
        assert_eq!((&email["open"], &email["rule"]), (&true.into(), &"source: merge".into()));
        assert!(email["why"].as_str().unwrap().ends_with("stays until somebody decides."));
    }

    #[test]
    fn an_unknown_base_is_left_out_where_it_stays_unknown() {
        let case = r#"{"id": 1, "base": null, "local": {"email": "b@x.org"}, "remote": {"email": "c@x.org"}}"#;
        assert_eq!(field(case, "email").get("base"), None); // held open
        let case = r#"{"id": 1, "base": null, "local": {}, "remote": {"email": null}}"#;
        assert_eq!(field(case, "email")["base"], serde_json::Value::Null); // adopted, and known to be empty now
        assert_eq!(field(case, "email")["verdict"], "Adopted");
        assert_eq!(field(case, "born")["verdict"], "NotReported");
    }

    #[test]
    fn every_field_is_answered_also_one_in_sync() {
        let case =
            r#"{"id": 1, "base": {"email": "a@x.org"}, "local": {"email": "a@x.org"}, "remote": {"email": "A@X.org"}}"#;
        assert_eq!(answers(case)[0]["fields"].as_object().unwrap().len(), 6);
        let email = field(case, "email");
        assert_eq!((&email["verdict"], &email["decision"]), (&"InSync".into(), &"Nothing".into()));
        assert_eq!((&email["local"], &email["base"]), (&"a@x.org".into(), &"A@X.org".into()));
    }

    #[test]
    fn a_conflict_inside_an_object_carries_its_path() {
        let case = r#"{"id": 1, "base": {"more": {"a": 1, "b": 1}}, "local": {"more": {"a": 2, "b": 1, "c": 1}}, "remote": {"more": {"a": 3, "b": 2}}}"#;
        let more = field(case, "more");
        assert_eq!(more["conflicts"][0]["path"], "/a");
        assert_eq!(more["local"], serde_json::json!({"a": 2, "b": 2, "c": 1}));
        assert_eq!(more["base"], serde_json::json!({"a": 1, "b": 2}));
    }

    #[test]
    fn a_set_of_records_is_told_by_the_places_in_it() {
        let case = r#"{"id": 1,
            "base": {"mails": [{"type": "work", "value": "a@x.org"}, {"type": "home", "value": "h@x.org"}]},
            "local": {"mails": [{"type": "work", "value": "b@x.org"}, {"type": "home", "value": "h@x.org"}]},
            "remote": {"mails": [{"type": "home", "value": "i@x.org"}, {"type": "work", "value": "c@x.org"}]}}"#;
        let mails = field(&case.replace('\n', ""), "mails");
        let place = serde_json::json!([{"path": "/type=work/value", "clash": "BothChanged", "decision": "HeldOpen"}]);
        assert_eq!(mails["conflicts"], place);
        let mail = |kind: &str, value: &str| serde_json::json!({"type": kind, "value": value});
        assert_eq!(mails["local"], serde_json::json!([mail("work", "b@x.org"), mail("home", "i@x.org")]));
        assert!(mails["why"].as_str().unwrap().contains("the value here at /type=…/value stays"));
        let twice = r#"{"id": 1, "base": null, "local": {}, "remote": {"mails": [{"type": "a"}, {"type": " a"}]}}"#;
        assert_eq!(field(twice, "mails")["detail"], "has the key `type` twice, in its records 0 and 1");
    }

    #[test]
    fn what_cannot_be_read_is_said_and_the_rest_goes_on() {
        let cases = "nonsense\n\n{\"id\": 7, \"base\": null, \"local\": 3, \"remote\": {}}\n\
                     {\"id\": 8, \"base\": null, \"local\": {}, \"remote\": {\"born\": \"2023-02-29\"}}\n";
        let answers = answers(cases);
        assert_eq!(answers.len(), 3);
        assert!(answers[0]["error"].is_string() && answers[0]["id"].is_null());
        assert_eq!(
            (&answers[1]["id"], &answers[1]["error"]),
            (&7.into(), &"local: expected an object, found number".into())
        );
        assert_eq!(answers[2]["fields"]["born"]["verdict"], "InvalidRemote");
    }

    #[test]
    fn an_error_keeps_the_id_and_quotes_nothing() {
        for (case, id, says) in [
            (r#"[1, null, {"email": "a@x.org"}, {}]"#, "null", "expected an object"),
            (r#""087 555 0123""#, "null", "expected an object"),
            ("5550123", "null", "expected an object"),
            (r#"{"id": 7, "local": {"email": "1", "email": "5550123"}, "remote": {}}"#, "7", "same key twice"),
            (r#"{"local": {"email": "1", "email": "5550123"}, "id": "x"}"#, "\"x\"", "same key twice"),
            (r#"{"id": 7, "id": 8, "local": {}, "remote": {}}"#, "null", "same key twice"),
            (r#"{"id": 7, "local": {}, "remote": "5550123"}"#, "7", "expected an object, found text"),
            (r#"{"id": 18446744073709551617, "local": {}}"#, "\"18446744073709551617\"", "is missing"),
        ] {
            let answer = &answers(case)[0];
            let error = answer["error"].as_str().unwrap();
            assert_eq!(answer["id"].to_string(), id, "{case}");
            assert!(error.contains(says) && !error.contains("555"), "{case}: {error}");
        }
    }

    #[test]
    fn wrong_arguments_are_named() {
        let error = |args: &[&str]| policy(args.iter().map(|arg| (*arg).to_owned())).unwrap_err();
        assert_eq!(error(&[]), "--schema is missing");
        assert_eq!(error(&["--schema"]), "--schema needs a value");
        assert!(read_strategy("federation_win").unwrap_err().starts_with("unknown strategy `federation_win`"));
        assert_eq!(read_strategy("federation_wins"), Ok(Strategy::RemoteWins));
        assert!(read_strategy(r#"{"merge": {"fallback": "local"}}"#).is_ok());
    }
}
