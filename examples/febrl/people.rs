//! The people of a club, and how they are typed into a list.

use serde_json::{Value as Json, json};

use crate::chance::Chance;
use crate::names::{FIRST, LAST, STREETS, TOWNS};

/// There are at least so many people in a world.
pub(crate) const PEOPLE: usize = 1_300;

/// One person as they are.
#[derive(Clone)]
pub(crate) struct Person {
    first: usize,
    last: &'static str,
    born: (usize, usize, usize),
    email: String,
    phone: usize,
    address: String,
    /// Whose telephone number and e-mail address may stand for theirs.
    pub(crate) parent: Option<usize>,
}

/// Families of one to five, until there are enough people.
pub(crate) fn people(chance: &mut Chance) -> Vec<Person> {
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
        let (first, last) = (ascii(forms(self.first)[0]), ascii(self.last));
        let email =
            format!("{first}.{last}{}@{}", chance.below(10_000), chance.one_of(&["example.org", "mail.example"]));
        Self { email, ..self }
    }

    /// As somebody typed it into one of the lists.
    pub(crate) fn typed(&self, parent: Option<&Self>, chance: &mut Chance) -> Json {
        let mut fields = json!({});
        let mut put = |name: &str, text: String| fields[name] = Json::from(text);
        let forms = forms(self.first);
        let first = if chance.of(12) { chance.one_of(&forms) } else { &forms[0] };
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

/// A first name and its other forms.
fn forms(first: usize) -> Vec<&'static str> {
    FIRST[first].split(' ').collect()
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
