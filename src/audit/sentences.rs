//! Reasons whose sentences can be read again: an audit and a report store the sentence, and it says all that the reason has.

use crate::id::{ExternalId, LocalId};

/// What a sentence names.
pub(crate) trait Named: Sized {
    fn said(&self) -> String;
    fn read(text: &str) -> Option<Self>;
    /// An invented one.
    fn example() -> Self;
}

impl Named for String {
    fn said(&self) -> String {
        self.clone()
    }

    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn example() -> Self {
        "e-mail".to_owned()
    }
}

impl Named for Vec<String> {
    fn said(&self) -> String {
        self.join(", ")
    }

    fn read(text: &str) -> Option<Self> {
        Some(text.split(", ").map(str::to_owned).collect())
    }

    fn example() -> Self {
        ["phone", "town"].map(str::to_owned).to_vec()
    }
}

macro_rules! named_ids {
    ($($id:ty: $example:literal),+) => {
        $(impl Named for $id {
            fn said(&self) -> String {
                self.to_string()
            }

            fn read(text: &str) -> Option<Self> {
                Self::new(text).ok()
            }

            fn example() -> Self {
                Self::new($example).expect("a short text is an id")
            }
        })+
    };
}

named_ids!(ExternalId: "F-7", LocalId: "12");

/// The parts of a text that stand where a template has names in braces, by these names. A name ends where the text of the
/// template goes on for the first time.
pub(crate) fn parts<'t>(template: &'t str, text: &'t str) -> Option<Vec<(&'t str, &'t str)>> {
    let mut pieces = template.split('{');
    let (mut rest, mut found) = (text.strip_prefix(pieces.next()?)?, Vec::new());
    for piece in pieces {
        let (name, after) = piece.split_once('}')?;
        let end = if after.is_empty() { rest.len() } else { rest.find(after)? };
        let (part, tail) = rest.split_at(end);
        found.push((name, part));
        rest = tail.strip_prefix(after)?;
    }
    rest.is_empty().then_some(found)
}

/// An enum of reasons, each with its sentence. A name in braces is the field of that name.
macro_rules! sentences {
    (
        $(#[$doc:meta])*
        pub enum $reason:ident {
            $($(#[$about:meta])* $name:ident $({ $($(#[$what:meta])* $field:ident: $kind:ty),+ })? => $text:literal;)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $reason {
            $($(#[$about])* $name $({ $($(#[$what])* $field: $kind),+ })?,)+
        }

        impl $reason {
            /// The reason of a stored sentence; `None` for one that is none of these, as of a version before or after.
            pub fn read(sentence: &str) -> Option<Self> {
                $(if let Some(_parts) = $crate::audit::parts($text, sentence) {
                    let _part = |name: &str| _parts.iter().find(|(known, _)| *known == name).map(|(_, part)| *part);
                    return Some(Self::$name $({
                        $($field: $crate::audit::Named::read(_part(stringify!($field))?)?),+
                    })?);
                })+
                None
            }

            /// One of each, with invented names: for the test of a catalogue that says them in other words.
            pub fn one_of_each() -> Vec<Self> {
                vec![$(Self::$name $({ $($field: $crate::audit::Named::example()),+ })?),+]
            }

            /// The sentence, made once.
            pub(crate) fn said(&self) -> String {
                match self {
                    $(Self::$name $({ $($field),+ })? => {
                        $($(let $field = $crate::audit::Named::said($field);)+)?
                        format!($text)
                    })+
                }
            }
        }

        impl std::fmt::Display for $reason {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.said())
            }
        }
    };
}

pub(crate) use sentences;
