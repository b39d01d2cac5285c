//! The laws every kind keeps, on arbitrary text and on text that is nearly of the kind; and what each kind makes of single texts,
//! a row each in `tests/data/spellings.json`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::string::string_regex;
use serde::Deserialize;
use tripartite::normalize::phone::Region;
use tripartite::normalize::{address, boolean, date, decimal, email, integer, name, phone, text, timestamp};
use tripartite::value::Problem;

type Canonical = Result<String, Problem>;

/// A kind of field, as the laws see it.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    canonical: fn(&str) -> Result<Cow<'_, str>, Problem>,
    same: fn(&str, &str) -> bool,
    /// What is said of a text of the table that is none of the kind.
    refusal: Option<&'static Problem>,
    /// What texts of this kind are made of.
    shape: &'static str,
}

fn ireland() -> Region {
    Region::new("IE").expect("a region")
}

const KINDS: [Kind; 10] = [
    Kind {
        name: "text",
        canonical: |raw| Ok(text::canonical(raw)),
        same: text::same,
        refusal: None,
        shape: "[ \u{A0}\u{200B}\u{2028}aAé\u{301}\u{323}가\u{1161}\u{11A8}.]{0,8}",
    },
    Kind {
        name: "name",
        canonical: |raw| Ok(name::canonical(raw)),
        same: name::same,
        refusal: None,
        shape: "[ \u{A0}\u{200D}'’`\u{1FEF}−–aéÁ\u{301}\u{308}-]{0,8}",
    },
    Kind {
        name: "address",
        canonical: |raw| Ok(address::canonical(raw)),
        same: address::same,
        refusal: None,
        shape: "[ ,，\n\u{200B}aAİIΣςßẞHh\u{331}\u{307}\u{323}1]{0,8}",
    },
    Kind {
        name: "email",
        canonical: email::canonical,
        same: email::same,
        refusal: Some(&Problem::NotAnEmail),
        shape: "( |mailto:)?[aAé\u{301}.\"\\\\ \u{200B}Hh\u{331}-]{1,5}@[aBü\u{308}ß\u{200D}。.-]{1,5}\\.[oO]rg ?",
    },
    Kind {
        name: "phone",
        canonical: |raw| phone::canonical(raw, ireland()),
        same: |a, b| phone::same(a, b, ireland()),
        refusal: None,
        shape: "(\\+|00|\\+353|00353)?[ (]?(0|1|8)?\\)?[0-9٣ -]{4,12}(x|;ext=| ext )?[0-9]{0,3}",
    },
    Kind {
        name: "integer",
        canonical: integer::canonical,
        same: integer::same,
        refusal: Some(&Problem::NotAnInteger),
        shape: " ?[+-]?[01]{0,3}[0-9]{0,2}(\\.0*)?",
    },
    Kind {
        name: "decimal",
        canonical: decimal::canonical,
        same: decimal::same,
        refusal: Some(&Problem::NotADecimal),
        shape: " ?[+-]?[01]{0,3}(\\.[01]{0,3})?([eE][+-]?[0-9]{1,3})?",
    },
    Kind {
        name: "boolean",
        canonical: boolean::canonical,
        same: boolean::same,
        refusal: Some(&Problem::NotABoolean),
        shape: " ?([tT][rR]ue|[fF]alse|0|1) ?",
    },
    Kind {
        name: "date",
        canonical: |raw| date::canonical(raw, &[]),
        same: |a, b| date::same(a, b, &[]),
        refusal: Some(&Problem::NotADate),
        shape: " ?(0000|0001|2023|2024)-[01]?[0-9]-[0-3]?[0-9]",
    },
    Kind {
        name: "timestamp",
        canonical: timestamp::canonical,
        same: timestamp::same,
        refusal: Some(&Problem::NotATimestamp),
        shape: "(0001|2024|9999)-(01|12|06)-(01|30|31)[Tt ][012][0-9]:59:(59|60|00)(\\.[05]{1,11})?([zZ]|[+-]0[01]:00)",
    },
];

/// Arbitrary text, and as often text that has a chance of being of the kind.
fn texts(kind: Kind) -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), string_regex(kind.shape).expect("a regular expression")]
}

fn kinds() -> impl Strategy<Value = (Kind, String, String)> {
    (0..KINDS.len()).prop_flat_map(|kind| (Just(KINDS[kind]), texts(KINDS[kind]), texts(KINDS[kind])))
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

fn canonical(kind: Kind, raw: &str) -> Canonical {
    owned((kind.canonical)(raw))
}

fn owned(canonical: Result<Cow<'_, str>, Problem>) -> Canonical {
    canonical.map(Cow::into_owned)
}

/// The rows of a kind.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Spellings {
    /// A text, its canonical form if it has one, and why.
    forms: Vec<(String, Option<String>, String)>,
    /// Two texts that are not the same, and why.
    apart: Vec<(String, String, String)>,
}

fn spellings() -> Vec<(Kind, Spellings)> {
    let table = include_str!("../data/spellings.json");
    let table: BTreeMap<String, Spellings> = serde_json::from_str(table).expect("rows by kind");
    let kind = |name: &str| *KINDS.iter().find(|kind| kind.name == name).unwrap_or_else(|| panic!("no kind {name}"));
    table.into_iter().map(|(name, spellings)| (kind(&name), spellings)).collect()
}

#[test]
fn each_text_of_the_table_has_the_form_that_its_row_says() {
    for (kind, Spellings { forms, .. }) in spellings() {
        for (raw, expected, why) in &forms {
            let expected = expected.clone().ok_or_else(|| kind.refusal.cloned().expect("a kind that refuses texts"));
            assert_eq!(canonical(kind, raw), expected, "{kind:?}: {why}");
            let Ok(form) = expected else { continue };
            assert!(matches!((kind.canonical)(&form), Ok(Cow::Borrowed(_))), "{kind:?}: {form:?} is built anew");
        }
    }
}

/// Every two of the table, so that a short cut of `same` meets every long way.
#[test]
fn two_texts_of_the_table_are_the_same_when_their_rows_say_the_same_form() {
    for (kind, Spellings { forms, apart }) in spellings() {
        for (a, left, why) in &forms {
            for (b, right, _) in &forms {
                assert_eq!((kind.same)(a, b), left.is_some() && left == right, "{kind:?}: {a:?}, {b:?}: {why}");
            }
        }
        for (a, b, why) in &apart {
            assert!(!(kind.same)(a, b), "{kind:?}: {why}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn canonical_is_idempotent_and_then_borrowed((kind, raw, _) in kinds()) {
        if let Ok(once) = canonical(kind, &raw) {
            let twice = (kind.canonical)(&once);
            prop_assert!(matches!(&twice, Ok(Cow::Borrowed(twice)) if *twice == once), "{:?}", twice);
            prop_assert!((kind.same)(&raw, &once));
        }
    }

    #[test]
    fn same_is_equality_of_valid_canonical_forms((kind, a, b) in kinds()) {
        let (left, right) = (canonical(kind, &a), canonical(kind, &b));
        prop_assert_eq!((kind.same)(&a, &b), left.is_ok() && left == right);
        prop_assert_eq!((kind.same)(&a, &a), left.is_ok());
    }

    /// The paths for ASCII are the paths for all text.
    #[test]
    fn ascii_is_text(kind in 0..KINDS.len(), a in "[ \t\u{B}aA,'`-]{0,5}", b in "[ \t\u{B}aA,'`-]{0,5}") {
        let kind = KINDS[kind];
        let (left, right) = (canonical(kind, &a), canonical(kind, &b));
        prop_assert_eq!((kind.same)(&a, &b), left.is_ok() && left == right);
    }

    #[test]
    fn what_is_invisible_around_a_text_does_not_count((kind, raw, _) in kinds()) {
        let padded = format!("\u{200E} \u{A0}{raw}\t\u{FEFF}");
        prop_assert_eq!(canonical(kind, &padded), canonical(kind, &raw));
    }

    #[test]
    fn blank_text_is_empty_in_every_kind(kind in 0..KINDS.len(), raw in "[ \t\n\u{A0}\u{3000}\u{200B}\u{AD}\u{FEFF}]{0,6}") {
        prop_assert_eq!(canonical(KINDS[kind], &raw), Ok(String::new()));
    }

    /// Composed and decomposed text is one text.
    #[test]
    fn canonically_equivalent_texts_are_the_same(kind in 0..3_usize, raw in texts(KINDS[2])) {
        use unicode_normalization::UnicodeNormalization;
        let decomposed: String = raw.nfd().collect();
        prop_assert_eq!(canonical(KINDS[kind], &decomposed), canonical(KINDS[kind], &raw));
    }

    #[test]
    fn a_format_that_is_none_reads_nothing(format in "[%YmdbFyHQ:é -]{0,8}|\\PC*", raw in "[0-9-]{1,10}|\\PC*") {
        let declared = date::check_format(&format);
        let read = owned(date::canonical(&raw, &[format]));
        if declared == Err(date::DateFormatError::Unsupported) {
            prop_assert!(read.is_err() || read == Ok(String::new()));
        }
    }

    /// Every day reads back in every declared format.
    #[test]
    fn every_day_is_read_in_every_format(days in 0..3_652_059_i32) {
        let day = chrono::NaiveDate::from_num_days_from_ce_opt(days + 1).expect("a day of the years 1 to 9999");
        let formats = ["%Y-%m-%d", "%d/%m/%Y", "%A, %e %B %Y", "%Y%m%d", "%a %b %d %Y"].map(str::to_owned);
        for format in formats {
            let raw = day.format(&format).to_string();
            let iso = day.format("%Y-%m-%d").to_string();
            prop_assert_eq!(owned(date::canonical(&raw, &[format])), Ok(iso));
        }
    }

    /// Whole numbers that fit are the numbers they name.
    #[test]
    fn integers_are_read_as_numbers(number in any::<i128>(), zeros in 0..3_usize) {
        let sign = if number < 0 { "-" } else { "" };
        let raw = format!("{sign}{}{}", "0".repeat(zeros), number.unsigned_abs());
        prop_assert_eq!(owned(integer::canonical(&raw)), Ok(number.to_string()));
        prop_assert_eq!(owned(decimal::canonical(&raw)), Ok(number.to_string()));
    }

    /// Moving the point and the exponent together changes nothing.
    #[test]
    fn decimals_are_equal_in_every_notation(number in any::<u64>(), scale in 0..30_usize, more in 0..5_usize) {
        let shifted = format!("{number}{}e-{}", "0".repeat(more), scale + more);
        let padded = format!("{number:031}");
        let plain = format!("{}.{}", &padded[..31 - scale], &padded[31 - scale..]);
        let plain = plain.trim_end_matches('.');
        prop_assert!(decimal::same(&shifted, plain), "{} {}", shifted, plain);
        let longer = format!("{plain}1");
        prop_assert!(!decimal::same(&shifted, &longer));
    }

    /// An instant is the instant chrono reads.
    #[test]
    fn instants_agree_with_chrono(seconds in -62_135_596_800_i64..253_402_300_800, nanos in 0..1_000_000_000_u32, offset in -86_399..86_400_i32) {
        let at = chrono::DateTime::from_timestamp(seconds, nanos).expect("a time of the years 1 to 9999");
        let zone = chrono::FixedOffset::east_opt(offset / 60 * 60).expect("less than a day");
        let raw = at.with_timezone(&zone).to_rfc3339();
        if raw.len() >= 20 && raw.starts_with(|c: char| c.is_ascii_digit()) && !raw.starts_with("0000") {
            prop_assert_eq!(timestamp::parse(&raw), Some(at), "{}", raw);
        }
    }
}
