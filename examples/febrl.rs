//! How often match rules are right: two lists of the same people, with errors, and the truth beside them.
//!
//! ```text
//! $ cargo run --release --example febrl -- --seeds 20
//! ```
//!
//! The lists are made up, in the manner of the Freely Extensible Biomedical Record Linkage project's data sets: a club's
//! own list, and a register's. Most people are on both, under other ids, and each list has its own typing errors, days
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

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::{Value as Json, json};
use tripartite::id::{ExternalId, LocalId};
use tripartite::matching::{Claims, Local, Match, Pool, Remote, Rule, Rules, Trust};
use tripartite::schema::{Schema, SchemaBuilder};
use tripartite::value::Record;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

const PEOPLE: usize = 1_300;

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

/// Rules by name; the last column of the table is what they are told to be.
fn rows() -> Vec<(&'static str, Json)> {
    let rule = |name: &str, fields: &[&str], trust: &str| json!({"name": name, "fields": fields, "trust": trust});
    let trusted = [
        rule("e-mail, birthday, first name", &["email", "born", "first_name"], "trusted"),
        rule("whole name, birthday, phone", &["first_name", "last_name", "born", "phone"], "trusted"),
    ];
    let proposing = [
        rule("e-mail, birthday", &["email", "born"], "propose"),
        rule("whole name, birthday", &["first_name", "last_name", "born"], "propose"),
        rule("last name, birthday, phone", &["last_name", "born", "phone"], "propose"),
        rule("whole name, e-mail", &["first_name", "last_name", "email"], "propose"),
        rule("whole name, phone", &["first_name", "last_name", "phone"], "propose"),
        rule("last name, birthday", &["last_name", "born"], "propose"),
    ];
    let alone = trusted.iter().chain(&proposing).map(|rule| Json::from(vec![rule.clone()]));
    let names = [
        "e-mail, birthday, first name",
        "whole name, birthday, phone",
        "e-mail, birthday",
        "whole name, birthday",
        "last name, birthday, phone",
        "whole name, e-mail",
        "whole name, phone",
        "last name, birthday",
    ];
    let mut rows: Vec<_> = names.into_iter().zip(alone).collect();
    rows.push(("both trusted rules", Json::from(trusted.to_vec())));
    rows.push(("all of them", trusted.into_iter().chain(proposing).collect()));
    rows
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
            score.add(world.score(&schema, &rules)?);
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
    if whole == 0 { "-".to_owned() } else { format!("{:.2} %", part as f64 * 100.0 / whole as f64) }
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
        let people = people(&mut chance);
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

    fn score(&self, schema: &Schema, rules: &Json) -> Fallible<Score> {
        let rules = Rules::new(schema, serde_json::from_value::<Vec<Rule>>(rules.clone())?)?;
        let locals = self.here.iter().map(|(id, _, record)| Local { id, linked: None, is_not: &[], record });
        let pool = Pool::new(&rules, locals);
        let mut claims = Claims::default();
        for (id, (_, record)) in &self.there {
            claims.add(id.clone(), pool.judge(Remote { id, record }));
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
        Ok(score)
    }
}

/// One person as they are.
#[derive(Clone)]
struct Person {
    first: usize,
    last: &'static str,
    born: (usize, usize, usize),
    email: String,
    phone: usize,
    address: String,
    /// Whose telephone number and e-mail address may stand for theirs.
    parent: Option<usize>,
}

/// Families of one to five, until there are enough people.
fn people(chance: &mut Chance) -> Vec<Person> {
    let mut people = Vec::new();
    while people.len() < PEOPLE {
        let (at, last, address) = (people.len(), *chance.one_of(&LAST), address(chance));
        let adult = Person {
            first: chance.below(FIRST.len()),
            last,
            born: (1955 + chance.below(35), 1 + chance.below(12), 1 + chance.below(28)),
            email: String::new(),
            phone: chance.below(10_000_000),
            address,
            parent: None,
        };
        people.push(adult.clone().with_email(chance));
        for _ in 0..(if chance.of(45) { 1 + chance.below(4) } else { 0 }) {
            let mut child = Person {
                // A son with his father's name.
                first: if chance.of(8) { adult.first } else { chance.below(FIRST.len()) },
                born: (adult.born.0 + 22 + chance.below(14), 1 + chance.below(12), 1 + chance.below(28)),
                phone: chance.below(10_000_000),
                parent: Some(at),
                ..adult.clone()
            };
            people.push(child.clone().with_email(chance));
            if chance.of(6) {
                // A twin: the same last name, birthday, address and parent; never the same first name.
                child.first = (child.first + 1 + chance.below(FIRST.len() - 1)) % FIRST.len();
                child.phone = chance.below(10_000_000);
                people.push(child.with_email(chance));
            }
        }
    }
    people
}

fn address(chance: &mut Chance) -> String {
    format!("{} {}, {}", 1 + chance.below(180), chance.one_of(&STREETS), chance.one_of(&TOWNS))
}

impl Person {
    fn with_email(self, chance: &mut Chance) -> Self {
        let ascii = |text: &str| text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
        let (first, last) = (ascii(FIRST[self.first][0]), ascii(self.last));
        let email =
            format!("{first}.{last}{}@{}", chance.below(10_000), chance.one_of(&["example.org", "mail.example"]));
        Self { email, ..self }
    }

    /// As somebody typed it into one of the lists.
    fn typed(&self, parent: Option<&Self>, chance: &mut Chance) -> Json {
        let mut fields = json!({});
        let mut put = |name: &str, text: String| fields[name] = Json::from(text);
        let forms = FIRST[self.first];
        let first = if chance.of(12) { chance.one_of(forms) } else { &forms[0] };
        put("first_name", spelled(first, 3, chance));
        put("last_name", spelled(self.last, 3, chance));
        let (year, mut month, mut day) = self.born;
        if chance.of(2) && day <= 12 {
            (month, day) = (day, month);
        } else if chance.of(2) {
            day = 1 + chance.below(28);
        }
        let born =
            if chance.of(50) { format!("{day:02}/{month:02}/{year}") } else { format!("{year}-{month:02}-{day:02}") };
        put("born", if chance.of(4) { String::new() } else { born });
        let contact = |chance: &mut Chance| parent.filter(|_| chance.of(55)).unwrap_or(self);
        if !chance.of(12) {
            let email = contact(chance).email.clone();
            let email = if chance.of(8) { format!("old.{email}") } else { email };
            let email = if chance.of(2) { typo(&email, chance) } else { email };
            put("email", if chance.of(20) { email.to_uppercase() } else { email });
        }
        if !chance.of(10) {
            let number = if chance.of(8) { chance.below(10_000_000) } else { contact(chance).phone };
            put("phone", phone(number, chance));
        }
        put("address", if chance.of(10) { address(chance) } else { self.address.clone() });
        fields
    }
}

fn phone(number: usize, chance: &mut Chance) -> String {
    match chance.below(4) {
        0 => format!("087{number:07}"),
        1 => format!("087 {:03} {:04}", number / 10_000, number % 10_000),
        2 => format!("+353 (0)87 {number:07}"),
        _ => format!("0035387{number:07}"),
    }
}

/// Perhaps with a typing error, perhaps with other apostrophes or white space.
fn spelled(name: &str, errors: usize, chance: &mut Chance) -> String {
    let name = if chance.of(errors) { typo(name, chance) } else { name.to_owned() };
    let name = if chance.of(30) { name.replace('\'', "’") } else { name };
    if chance.of(5) { format!("{name} ") } else { name }
}

/// A letter dropped, doubled, or swapped with the next.
fn typo(text: &str, chance: &mut Chance) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = chance.below(letters.len() - 1);
    match chance.below(3) {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, letters[at]),
        _ => letters.swap(at, at + 1),
    }
    letters.into_iter().collect()
}

/// SplitMix64: the same lists for the same seed, on every machine.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// In so many of a hundred cases.
    fn of(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

/// First names, each with its other forms.
const FIRST: [&[&str]; 36] = [
    &["Aoife", "Eva"],
    &["Áine", "Aine", "Anne"],
    &["Bríd", "Brid", "Bridget"],
    &["Caoimhe", "Keeva"],
    &["Catherine", "Kate", "Cathy"],
    &["Ciara", "Keira"],
    &["Clodagh"],
    &["Deirdre", "Dee"],
    &["Elizabeth", "Liz", "Betty"],
    &["Gráinne", "Grainne", "Grace"],
    &["Mairéad", "Mairead", "Margaret"],
    &["Margaret", "Peig", "Maggie"],
    &["Mary", "Máire", "Molly"],
    &["Niamh", "Neve"],
    &["Nóra", "Nora"],
    &["Orla", "Órla", "Orlagh"],
    &["Róisín", "Roisin", "Rose"],
    &["Sinéad", "Sinead", "Jane"],
    &["Brian", "Bryan"],
    &["Cathal", "Charles"],
    &["Cian", "Kian"],
    &["Colm", "Colum"],
    &["Conor", "Connor", "Conchúr"],
    &["Daniel", "Dan", "Danny"],
    &["Diarmuid", "Dermot"],
    &["Donal", "Dónal", "Daniel"],
    &["Éamon", "Eamon", "Eddie"],
    &["Eoin", "Owen", "John"],
    &["James", "Jim", "Séamus"],
    &["John", "Seán", "Jack"],
    &["Liam", "William"],
    &["Michael", "Mick", "Micheál"],
    &["Niall", "Neil"],
    &["Patrick", "Paddy", "Pádraig"],
    &["Seán", "Sean", "John"],
    &["Thomas", "Tom", "Tomás"],
];

const LAST: [&str; 30] = [
    "Murphy",
    "Kelly",
    "O'Sullivan",
    "Walsh",
    "Smith",
    "O'Brien",
    "Byrne",
    "Ryan",
    "O'Connor",
    "O'Neill",
    "O'Reilly",
    "Doyle",
    "McCarthy",
    "Gallagher",
    "O'Doherty",
    "Kennedy",
    "Lynch",
    "Murray",
    "Quinn",
    "Moore",
    "McLoughlin",
    "O'Carroll",
    "Connolly",
    "Daly",
    "O'Connell",
    "Wilson",
    "Dunne",
    "Brennan",
    "Ó Súilleabháin",
    "Ní Bhriain",
];

const STREETS: [&str; 8] = [
    "Main Street",
    "Church Road",
    "Chapel Lane",
    "Mill Street",
    "Bridge Street",
    "The Square",
    "Station Road",
    "Abbey View",
];

const TOWNS: [&str; 6] = ["Ballybeg", "Kilmore", "Rathduff", "Clonard", "Dunmore", "Ardkeen"];

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
            score.add(world.score(&schema, &rules).unwrap());
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
