//! Words whose meaning is known because they were written down with it, not because the crate said so.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tripartite::schema::CustomKind;
use tripartite::value::{Problem, Value};

/// What a word means to its field. Two words are one value iff they mean the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Means {
    Missing,
    Null,
    Is(&'static str),
    /// None of the field's kind; equal only to itself, so its number tells it from others.
    Nonsense(usize),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    pub(crate) raw: Option<Json>,
    pub(crate) means: Means,
}

impl Word {
    pub(crate) fn missing() -> Self {
        Self { raw: None, means: Means::Missing }
    }
}

/// A kind of field with all that is ever said in it.
pub(crate) struct Vocabulary {
    pub(crate) name: &'static str,
    pub(crate) kind: Json,
    /// At least three values, each in at least two spellings where the kind knows more than one.
    pub(crate) values: Vec<(&'static str, Vec<Json>)>,
    pub(crate) nulls: Vec<Json>,
    pub(crate) nonsense: Vec<Json>,
}

impl Vocabulary {
    /// The `spelling`th way to write the `value`th value, counted round.
    pub(crate) fn value(&self, value: usize, spelling: usize) -> Word {
        let (means, spellings) = &self.values[value];
        Word { raw: Some(spellings[spelling % spellings.len()].clone()), means: Means::Is(means) }
    }

    pub(crate) fn null(&self, spelling: usize) -> Word {
        Word { raw: Some(self.nulls[spelling % self.nulls.len()].clone()), means: Means::Null }
    }

    pub(crate) fn nonsense(&self, which: usize) -> Option<Word> {
        let at = which.checked_rem(self.nonsense.len())?;
        Some(Word { raw: Some(self.nonsense[at].clone()), means: Means::Nonsense(at) })
    }

    /// Another spelling of the same.
    pub(crate) fn respell(&self, word: &Word, by: usize) -> Word {
        match word.means {
            Means::Is(means) => {
                let value = self.values.iter().position(|(name, _)| *name == means).unwrap();
                self.value(value, by)
            }
            Means::Null => self.null(by),
            Means::Missing | Means::Nonsense(_) => word.clone(),
        }
    }

    /// Anything a source may say, nonsense and silence included.
    pub(crate) fn any(&'static self) -> BoxedStrategy<Word> {
        let nonsense = self.nonsense.len().min(1) as u32;
        prop_oneof![
            8 => self.sound(),
            1 => Just(Word::missing()),
            nonsense => (0usize..8).prop_map(|which| self.nonsense(which).unwrap_or_else(Word::missing)),
        ]
        .boxed()
    }

    /// A value or null.
    pub(crate) fn sound(&'static self) -> BoxedStrategy<Word> {
        prop_oneof![
            4 => (0..3usize, 0usize..6).prop_map(|(value, spelling)| self.value(value, spelling)),
            1 => (0usize..6).prop_map(|spelling| self.null(spelling)),
        ]
        .boxed()
    }

    /// What a base can hold: only what was accepted, or nothing.
    pub(crate) fn accepted(&'static self) -> BoxedStrategy<Word> {
        prop_oneof![5 => self.sound(), 1 => Just(Word::missing())].boxed()
    }
}

fn scalar(
    name: &'static str,
    kind: Json,
    values: [(&'static str, Vec<Json>); 3],
    nonsense: impl IntoIterator<Item = Json>,
) -> Vocabulary {
    let mut nulls = vec![json!(null), json!(""), json!("  \t")];
    if name == "address" {
        nulls.push(json!(" , ,"));
    }
    Vocabulary { name, kind, values: values.into(), nulls, nonsense: nonsense.into_iter().collect() }
}

/// One vocabulary for every scalar kind there is.
pub(crate) fn scalars() -> &'static [Vocabulary] {
    static ALL: std::sync::OnceLock<Vec<Vocabulary>> = std::sync::OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = texts();
        all.extend(figures());
        all.extend(super::declared::scalars());
        all
    })
}

/// What people write.
fn texts() -> Vec<Vocabulary> {
    vec![
        scalar(
            "text",
            json!({"kind": "text"}),
            [
                ("zoë b", vec![json!("Zoë  B"), json!(" Zoe\u{308}\u{a0}B ")]),
                ("John", vec![json!("John"), json!("John ")]),
                ("john", vec![json!("john"), json!("jo\u{200b}hn")]),
            ],
            [json!(["a", "list"])],
        ),
        scalar(
            "name",
            // The only field of identity, so that it is never asked whether an id was handed on.
            json!({"kind": "name", "identity": true}),
            [
                ("Seán", vec![json!("Seán"), json!("Sea\u{301}n")]),
                ("SEÁN", vec![json!("SEÁN"), json!(" SEÁN")]),
                ("O'Brien", vec![json!("O'Brien"), json!("O’Brien")]),
            ],
            [json!({"first": "Seán"})],
        ),
        scalar(
            "email",
            json!({"kind": "email"}),
            [
                ("sean", vec![json!("sean@example.org"), json!("Sean@Example.ORG"), json!("mailto:SEAN@example.org")]),
                ("s.ean", vec![json!("s.ean@example.org"), json!(" S.Ean@example.org")]),
                ("bücher", vec![json!("info@bücher.example"), json!("INFO@xn--bcher-kva.example")]),
            ],
            [json!("n/a"), json!("sean@localhost"), json!(7)],
        ),
        scalar(
            "phone",
            json!({"kind": "phone", "region": "IE"}),
            [
                ("87", vec![json!("087 123 4567"), json!("+353 (0)87 123 4567"), json!("00353871234567")]),
                ("86", vec![json!("+353861112222"), json!("(086) 111-2222")]),
                ("1", vec![json!("01 677 1234"), json!("+353 1 677 1234")]),
            ],
            [json!("12"), json!("ask Mary")],
        ),
    ]
}

/// What is counted, dated or coded.
fn figures() -> Vec<Vocabulary> {
    vec![
        scalar(
            "date",
            json!({"kind": "date", "formats": ["%Y-%m-%d", "%d/%m/%Y"]}),
            [
                ("leap day", vec![json!("2024-02-29"), json!("29/02/2024"), json!(" 29/2/2024")]),
                ("january", vec![json!("2024-01-05"), json!("05/01/2024")]),
                ("may", vec![json!("2024-05-01"), json!("1/5/2024")]),
            ],
            [json!("2023-02-29"), json!("2024-13-01")],
        ),
        scalar(
            "timestamp",
            json!({"kind": "timestamp"}),
            [
                ("noon", vec![json!("2024-01-05T12:00:00Z"), json!("2024-01-05T13:00:00+01:00")]),
                ("half past", vec![json!("2024-01-05T12:30:00Z"), json!("2024-01-05 12:30:00.000z")]),
                ("one", vec![json!("2024-01-05T13:00:00Z"), json!("2024-01-05T13:00:00-00:00")]),
            ],
            [json!("2024-01-05T12:00:00"), json!("noon")],
        ),
        scalar(
            "integer",
            json!({"kind": "integer"}),
            [
                ("5", vec![json!(5), json!("+05"), json!("5.0"), json!(5.0)]),
                ("6", vec![json!("6"), json!(6)]),
                ("big", vec![json!("18446744073709551616"), json!("+018446744073709551616")]),
            ],
            [json!("5.5"), json!("five")],
        ),
        scalar(
            "decimal",
            json!({"kind": "decimal"}),
            [
                ("1.1", vec![json!("1.10"), json!("11e-1"), json!(1.1)]),
                ("0.1", vec![json!("0.1"), json!(".10")]),
                ("nearly", vec![json!("0.10000000000000001"), json!("+0.100000000000000010")]),
            ],
            [json!("1,5"), json!("NaN")],
        ),
        scalar(
            "address",
            json!({"kind": "address"}),
            [
                ("main st", vec![json!("12 Main St, Dublin"), json!("12 MAIN ST ,Dublin,")]),
                ("no comma", vec![json!("12 Main St Dublin"), json!("12 main st\nDublin")]),
                ("quay", vec![json!("1 The Quay"), json!("1 the quay")]),
            ],
            [json!([1])],
        ),
        scalar(
            "eircode",
            json!({"kind": "eircode"}),
            [
                ("D02AF30", vec![json!("D02 AF30"), json!("d02af30")]),
                ("A65F4E2", vec![json!("A65F4E2"), json!("a65 f4e2")]),
                ("V94T9PX", vec![json!("V94 T9PX"), json!("v94t9px")]),
            ],
            [json!("no code")],
        ),
    ]
}

pub(crate) fn scalar_named(name: &str) -> &'static Vocabulary {
    scalars().iter().find(|vocabulary| vocabulary.name == name).unwrap()
}

/// The kinds that the table must also hold for, without a third value or white space as null.
pub(crate) fn others() -> Vec<Vocabulary> {
    let mut others = plain();
    others.extend(super::declared::others());
    others
}

fn plain() -> Vec<Vocabulary> {
    let values = |a, x, y| vec![("A", a), ("X", x), ("Y", y)];
    vec![
        Vocabulary {
            name: "list",
            kind: json!({"kind": "list"}),
            values: values(
                vec![json!(["a", 1]), json!(["a ", 1.0])],
                vec![json!([1, "a"])],
                vec![json!([]), json!([])],
            ),
            nulls: vec![json!(null)],
            nonsense: vec![json!("a")],
        },
        Vocabulary {
            name: "set",
            kind: json!({"kind": "set", "of": "email"}),
            values: values(
                vec![json!(["a@b.ie", "c@d.ie"]), json!(["C@D.ie", "a@b.ie", "A@B.ie"])],
                vec![json!(["a@b.ie"]), json!(["", "a@b.ie", null])],
                vec![json!(["e@f.ie"]), json!(["E@F.ie", " "])],
            ),
            nulls: vec![json!(null)],
            nonsense: vec![json!(["no address"])],
        },
        Vocabulary {
            name: "record",
            kind: json!({"kind": "record", "fields": {"mail": "email"}, "atomic": true}),
            values: values(
                vec![json!({"mail": "a@b.ie", "n": 1}), json!({"mail": "A@B.ie", "n": 1.0, "no": null})],
                vec![json!({"mail": "a@b.ie"})],
                vec![json!({"mail": "c@d.ie"}), json!({"mail": " C@d.ie"})],
            ),
            nulls: vec![json!(null)],
            nonsense: vec![json!({"mail": "no address"})],
        },
        Vocabulary {
            name: "set, empty is null",
            kind: json!({"kind": "set", "of": "text", "empty_means_null": true}),
            values: values(
                vec![json!(["a"]), json!(["a ", ""])],
                vec![json!(["b"]), json!([null, "b"])],
                vec![json!(["c"])],
            ),
            nulls: vec![json!(null), json!([]), json!([""]), json!([null, " "])],
            nonsense: vec![json!({"a": 1})],
        },
        Vocabulary {
            name: "map, empty is null",
            kind: json!({"kind": "map", "empty_means_null": true}),
            values: values(
                vec![json!({"a": "x"}), json!({"a": " x"})],
                vec![json!({"a": "y"})],
                vec![json!({"a": "z"})],
            ),
            nulls: vec![json!(null), json!({}), json!({"a": null}), json!({"a": " "})],
            nonsense: vec![json!("a"), json!([1])],
        },
        Vocabulary {
            name: "boolean",
            kind: json!({"kind": "boolean"}),
            // There are only two, so the table's rows that need three are left out.
            values: vec![("true", vec![json!(true), json!("TRUE")]), ("false", vec![json!(false), json!("0")])],
            nulls: vec![json!(null), json!("")],
            nonsense: vec![json!("yes")],
        },
    ]
}

/// Irish postcodes, as a host's own kind.
pub(crate) struct Eircode;

impl CustomKind for Eircode {
    fn canonical(&self, raw: &Value) -> Result<String, Problem> {
        let text = raw.as_text().unwrap_or_default();
        let code: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        let fits = code.len() == 7 && code.is_ascii();
        fits.then_some(code).ok_or_else(|| Problem::Custom("is not an Eircode".into()))
    }
}

pub(crate) fn eircode() -> Arc<dyn CustomKind> {
    Arc::new(Eircode)
}
