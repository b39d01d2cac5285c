//! How often match rules are right: two lists of the same people, with errors, and the truth beside them.
//!
//! ```text
//! $ cargo run --release --example febrl -- --seeds 20
//! ```
//!
//! The lists are made up, in the manner of the Freely Extensible Biomedical Record Linkage project's data sets: a
//! club's own list, and a register's. Most people are on both, under other ids, and each list has its own typing errors, days
//! and months swapped, short forms of names, lost accents, old telephone numbers, empty fields, and children with a
//! parent's telephone number and e-mail address. There are twins, and sons with their father's name.
//!
//! Every record of one list is compared with every record of the other. What is counted:
//!
//! | column | meaning |
//! |---|---|
//! | right, wrong | the rules found exactly one record, and it is that person or another one |
//! | precision | right among what was found |
//! | recall | right among those who are on both lists |
//! | ambiguous | several records, or one claimed twice, the right one among them: shown to a person, never linked |
//!
//! **Why is an e-mail address with a birthday not enough to be trusted?** Children have a parent's address, and twins
//! one birthday: alone, such a rule takes one twin for the other, in one of a hundred cases here. The first name tells
//! them apart, unless one twin is John and the other is Seán, who is called John.

mod chance;
mod names;
mod people;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use chance::Chance;
use people::PEOPLE;
use serde_json::json;
use tripartite::id::{ExternalId, LocalId};
use tripartite::matching::{Claims, Local, Match, MatchRule, MatchRules, Pool, Remote, Trust};
use tripartite::schema::{Schema, SchemaBuilder};
use tripartite::value::Record;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let seeds = match &args[..] {
        [] => Ok(20),
        [flag, seeds] if flag == "--seeds" => seeds.parse::<u64>().map_err(|error| format!("{seeds}: {error}")),
        _ => Err("usage: febrl [--seeds NUMBER]".to_owned()),
    };
    let printed = seeds.map_err(Into::into).and_then(|seeds| print(seeds, io::stdout().lock()));
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "febrl: {error}");
            ExitCode::from(2)
        }
    }
}

const TRUSTED: [(&str, &[&str]); 2] = [
    ("e-mail, birthday, first name", &["email", "born", "first_name"]),
    ("whole name, birthday, phone", &["first_name", "last_name", "born", "phone"]),
];

const PROPOSING: [(&str, &[&str]); 6] = [
    ("e-mail, birthday", &["email", "born"]),
    ("whole name, birthday", &["first_name", "last_name", "born"]),
    ("last name, birthday, phone", &["last_name", "born", "phone"]),
    ("whole name, e-mail", &["first_name", "last_name", "email"]),
    ("whole name, phone", &["first_name", "last_name", "phone"]),
    ("last name, birthday", &["last_name", "born"]),
];

/// The rows of the table: each rule alone, the trusted ones together, all of them together.
fn rows() -> Vec<(&'static str, Vec<MatchRule>)> {
    let rule = |(name, fields): &(&'static str, &[&str]), trust| {
        let fields = fields.iter().copied();
        MatchRule::new((*name).to_owned(), fields).trust(trust)
    };
    let stated = |trust| move |named: &(&'static str, &'static [&str])| (named.0, rule(named, trust));
    let trusted = TRUSTED.iter().map(stated(Trust::Trusted));
    let all: Vec<(&str, MatchRule)> = trusted.chain(PROPOSING.iter().map(stated(Trust::Propose))).collect();
    let first = |count: usize| all.iter().take(count).map(|(_, rule)| rule.clone()).collect::<Vec<_>>();
    let alone = all.iter().map(|(name, rule)| (*name, vec![rule.clone()]));
    alone.chain([("both trusted rules", first(TRUSTED.len())), ("all of them", first(all.len()))]).collect()
}

fn print(seeds: u64, mut out: impl Write) -> Fallible<()> {
    let schema = schema()?;
    let worlds = (0..seeds).map(|seed| World::new(&schema, seed)).collect::<Fallible<Vec<_>>>()?;
    let pairs: usize = worlds.iter().map(World::pairs).sum();
    let both: usize = worlds.iter().map(World::on_both).sum();
    writeln!(out, "{seeds} pairs of lists, {pairs} pairs of records, {both} people on both lists\n")?;
    writeln!(
        out,
        "{:<30} {:>7} {:>6} {:>10} {:>7} {:>10}",
        "rules", "right", "wrong", "precision", "recall", "ambiguous"
    )?;
    for (name, rules) in rows() {
        let mut score = Score::default();
        for world in &worlds {
            score.add(world.score(&MatchRules::new(&schema, rules.clone())?));
        }
        for (what, tally) in [("", &score.found), ("  linked by themselves", &score.linked)] {
            if what.is_empty() || name == "all of them" {
                let name = if what.is_empty() { name } else { what };
                let (precision, recall) = (percent(tally.right, tally.right + tally.wrong), percent(tally.right, both));
                let ambiguous = if what.is_empty() { score.ambiguous.to_string() } else { String::new() };
                writeln!(
                    out,
                    "{name:<30} {:>7} {:>6} {precision:>10} {recall:>7} {ambiguous:>10}",
                    tally.right, tally.wrong,
                )?;
            }
        }
    }
    Ok(())
}

fn percent(part: usize, whole: usize) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.3} %", part as f64 * 100.0 / whole as f64) }
}

fn schema() -> Fallible<Schema> {
    let builder: SchemaBuilder = serde_json::from_value(json!({"fields": {
        "first_name": {"kind": "name"},
        "last_name": {"kind": "name"},
        "born": {"kind": "date", "formats": ["%Y-%m-%d", "%d/%m/%Y"]},
        "email": {"kind": "email"},
        "phone": {"kind": "phone", "region": "IE"},
        "address": {"kind": "address"},
    }}))?;
    Ok(builder.build()?)
}

#[derive(Default)]
struct Tally {
    right: usize,
    wrong: usize,
}

impl Tally {
    fn count(&mut self, right: bool) {
        *(if right { &mut self.right } else { &mut self.wrong }) += 1;
    }

    fn add(&mut self, other: &Self) {
        self.right += other.right;
        self.wrong += other.wrong;
    }
}

#[derive(Default)]
struct Score {
    found: Tally,
    /// Those found by a trusted rule.
    linked: Tally,
    ambiguous: usize,
}

impl Score {
    fn add(&mut self, other: Self) {
        self.found.add(&other.found);
        self.linked.add(&other.linked);
        self.ambiguous += other.ambiguous;
    }
}

/// Two lists, by the person each record is of.
struct World {
    here: Vec<(LocalId, usize, Record)>,
    there: BTreeMap<ExternalId, (usize, Record)>,
}

impl World {
    fn new(schema: &Schema, seed: u64) -> Fallible<Self> {
        let mut chance = Chance(seed);
        let people = people::people(&mut chance);
        let (mut here, mut there) = (Vec::new(), BTreeMap::new());
        for (at, person) in people.iter().enumerate() {
            let parent = person.parent.and_then(|parent| people.get(parent));
            if chance.of(88) {
                here.push((
                    LocalId::new(format!("{}", 10_000 + at))?,
                    at,
                    schema.record(&person.typed(parent, &mut chance))?,
                ));
            }
            if chance.of(88) {
                let id = ExternalId::new(format!("FED-{:06}", chance.below(900_000) * PEOPLE + at))?;
                there.insert(id, (at, schema.record(&person.typed(parent, &mut chance))?));
            }
        }
        Ok(Self { here, there })
    }

    fn pairs(&self) -> usize {
        self.here.len() * self.there.len()
    }

    fn on_both(&self) -> usize {
        self.there.values().filter(|(person, _)| self.here.iter().any(|(_, other, _)| other == person)).count()
    }

    fn score(&self, rules: &MatchRules) -> Score {
        let locals = self.here.iter().map(|(id, _, record)| Local::new(id, record));
        let pool = Pool::new(rules, locals);
        let mut claims = Claims::default();
        for (id, (_, record)) in &self.there {
            claims.add(id.clone(), pool.judge(Remote::new(id, record)));
        }
        let person_of: BTreeMap<&LocalId, usize> = self.here.iter().map(|(id, person, _)| (id, *person)).collect();
        let mut score = Score::default();
        for (id, answer) in claims.settle() {
            let right = |local| person_of.get(local) == self.there.get(&id).map(|(person, _)| person);
            match &answer {
                Match::Found { local, trust, .. } => {
                    score.found.count(right(local));
                    if *trust == Trust::Trusted {
                        score.linked.count(right(local));
                    }
                }
                Match::Ambiguous { locals, .. } => score.ambiguous += usize::from(locals.iter().any(right)),
                _ => {}
            }
        }
        score
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(row: &str) -> (usize, usize, Score) {
        let schema = schema().unwrap();
        let rules = rows().into_iter().find(|(name, _)| *name == row).unwrap().1;
        let (mut pairs, mut both, mut score) = (0, 0, Score::default());
        for seed in 100..104 {
            let world = World::new(&schema, seed).unwrap();
            (pairs, both) = (pairs + world.pairs(), both + world.on_both());
            score.add(world.score(&MatchRules::new(&schema, rules.clone()).unwrap()));
        }
        (pairs, both, score)
    }

    #[test]
    fn trusted_rules_link_nobody_wrongly() {
        for rules in ["both trusted rules", "all of them"] {
            let (pairs, both, Score { linked, .. }) = scores(rules);
            assert_eq!(linked.wrong, 0, "{rules}");
            assert!(pairs > 4_000_000 && linked.right * 4 > both, "{rules}: {} of {both}, {pairs} pairs", linked.right);
        }
    }

    /// Why a family's address and a birthday do not make a trusted rule: it takes a twin for the other.
    #[test]
    fn the_lists_hold_what_fools_a_careless_rule() {
        assert!(scores("e-mail, birthday").2.found.wrong > 0);
        assert!(scores("last name, birthday").2.found.wrong > 0);
        assert!(scores("whole name, phone").2.found.wrong > 0);
    }

    #[test]
    fn the_table_is_printed() {
        let mut out = Vec::new();
        print(1, &mut out).unwrap();
        let table = String::from_utf8(out).unwrap();
        assert_eq!(table.lines().count(), 14, "{table}");
        assert!(table.contains("\nall of them"), "{table}");
    }
}
