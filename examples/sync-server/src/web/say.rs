//! How things are named on all pages.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use nightly_sync::store::Register;
use tripartite::store::WHOLE_RECORD;

use super::text::{Lang, T};
use super::words::Words;

/// The words of a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Say {
    pub(super) lang: Lang,
    /// What the host says in words of its own.
    pub(super) words: &'static Words,
}

impl Say {
    pub(super) fn t(self, text: T) -> &'static str {
        self.words.text(text, self.lang)
    }

    pub(super) fn f(self, text: T, with: &[(&str, &str)]) -> String {
        self.words.fill(text, self.lang, with)
    }

    /// A register by its name.
    pub(super) fn register(self, register: &Register) -> String {
        register.key().map_or_else(|| self.t(T::Unnamed).to_owned(), |_| register.to_string())
    }

    /// A field or group as people read it: `date_of_birth` is `Date of birth`.
    pub(super) fn field(self, name: &str) -> String {
        if name == WHOLE_RECORD {
            return self.t(T::WholeField).to_owned();
        }
        let words = name.replace('_', " ");
        let mut letters = words.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or(words)
    }
}

/// What a form names a register by.
pub(super) fn key(register: &Register) -> String {
    register.key().map(ToString::to_string).unwrap_or_default()
}

/// A point in time, for people and for programs.
pub(super) fn time(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339()) { (told(at)) } }
}

/// A point in time, for people.
pub(super) fn told(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// What a filter names a register by: also the one without a name.
pub(super) fn named(register: &Register) -> String {
    register.key().map_or_else(|| "-".to_owned(), ToString::to_string)
}

/// An address with a query. Nothing that is put into it leads to another server.
pub(super) fn link(path: &str, query: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    for (at, (name, value)) in query.iter().filter(|(_, value)| !value.is_empty()).enumerate() {
        address.push(if at == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => address.push(char::from(byte)),
                byte => address.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    address
}

/// The name of a language, for what is not in the catalogue: what the crate says is English.
pub(super) fn foreign(lang: Lang) -> Option<&'static str> {
    (lang != Lang::En).then_some("en")
}
