//! What the name of a field says that its values do not.

const PHONES: [&str; 8] = ["phone", "fax", "mobile", "tel", "cell", "handy", "gsm", "msisdn"];
const ADDRESSES: [&str; 4] = ["address", "adresse", "anschrift", "direccion"];
const COUNTRIES: [&str; 6] = ["country", "countrycode", "nation", "land", "pays", "pais"];
/// What people are called, in several languages, as a word of its own or at the end of one: `name_first`, `given_name`,
/// `lastName`, `nachname`, `achternaam`.
const NAME_ENDINGS: [&str; 5] = ["name", "names", "naam", "navn", "namn"];
const NAME_WORDS: [&str; 13] = [
    "nom",
    "prenom",
    "prénom",
    "nombre",
    "apellido",
    "apellidos",
    "nome",
    "cognome",
    "sobrenome",
    "imie",
    "imię",
    "nazwisko",
    "sukunimi",
];
/// A name of none of these is somebody's.
const NO_NAMES: [&str; 14] = [
    "user", "login", "file", "host", "domain", "screen", "path", "code", "id", "type", "key", "username", "filename",
    "hostname",
];

/// What tells one from another by a code rather than by a number.
const CODES: [&str; 27] = [
    "code",
    "login",
    "username",
    "user",
    "userid",
    "uid",
    "licence",
    "license",
    "zip",
    "zipcode",
    "postcode",
    "postal",
    "plz",
    "sku",
    "ean",
    "isbn",
    "iban",
    "bic",
    "vat",
    "passport",
    "account",
    "no",
    "nr",
    "number",
    "num",
    "ref",
    "reference",
];
const DATES: [&str; 24] = [
    "date",
    "born",
    "birth",
    "birthday",
    "birthdate",
    "dob",
    "day",
    "since",
    "until",
    "from",
    "to",
    "expires",
    "expiry",
    "geboren",
    "geburtsdatum",
    "datum",
    "fecha",
    "naissance",
    "joined",
    "created",
    "updated",
    "start",
    "end",
    "valid",
];
const AMOUNTS: [&str; 22] = [
    "price",
    "fee",
    "fees",
    "amount",
    "total",
    "cost",
    "rate",
    "salary",
    "balance",
    "sum",
    "weight",
    "height",
    "lat",
    "lon",
    "latitude",
    "longitude",
    "preis",
    "betrag",
    "beitrag",
    "summe",
    "gehalt",
    "montant",
];

/// Whether a field holds codes, such as logins, post codes or the numbers of licences.
pub(super) fn is_code(field: &str) -> bool {
    has_any(field, &CODES)
}

/// Whether a field holds days.
pub(super) fn is_date(field: &str) -> bool {
    has_any(field, &DATES)
}

/// Whether a field holds amounts, which may have one digit behind the comma.
pub(super) fn is_amount(field: &str) -> bool {
    has_any(field, &AMOUNTS)
}

fn has_any(field: &str, known: &[&str]) -> bool {
    words(field).iter().any(|word| known.contains(&word.as_str()))
}

pub(super) fn is_phone(field: &str) -> bool {
    let lower = field.to_lowercase();
    PHONES.iter().any(|hint| has_word(&lower, hint))
}

pub(super) fn is_address(field: &str) -> bool {
    let lower = field.to_lowercase();
    ADDRESSES.iter().any(|hint| lower.contains(hint))
}

pub(super) fn is_country(field: &str) -> bool {
    has_any(field, &COUNTRIES)
}

/// Whether a field holds what somebody or something is called. Guards hang on it.
pub(super) fn is_name(field: &str) -> bool {
    let words = words(field);
    let says_name =
        |word: &String| NAME_WORDS.contains(&word.as_str()) || NAME_ENDINGS.iter().any(|ending| word.ends_with(ending));
    words.iter().any(says_name) && !words.iter().any(|word| NO_NAMES.contains(&word.as_str()))
}

/// The words of a name in lower case: between other signs than letters and digits, and where a capital begins one.
fn words(field: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in field.chars() {
        if !c.is_alphanumeric() || (before.is_lowercase() && c.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a name has a word in it; `hotel` does not have `tel`.
fn has_word(name: &str, word: &str) -> bool {
    let long = word.len() > 4;
    name.split(|c: char| !c.is_alphanumeric())
        .any(|part| part == word || (long && part.contains(word)) || part.strip_prefix(word).is_some_and(is_number))
}

fn is_number(rest: &str) -> bool {
    rest.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_names_is_one_in_any_order_and_many_languages() {
        for name in [
            "name",
            "name_first",
            "first_name",
            "given_name",
            "surname",
            "familyName",
            "LastName",
            "Nachname",
            "prénom",
            "apellidos",
            "achternaam",
            "name-2",
            "club_name",
            "fornavn",
        ] {
            assert!(is_name(name), "{name}");
        }
        for other in ["username", "user_name", "login.name", "file_name", "hostname", "name_code", "given", "nominal"] {
            assert!(!is_name(other), "{other}");
        }
    }

    #[test]
    fn a_country_is_a_word_of_its_own() {
        assert!(is_country("country") && is_country("address_country") && is_country("countryCode"));
        assert!(!is_country("landline") && !is_country("island"));
    }
}
