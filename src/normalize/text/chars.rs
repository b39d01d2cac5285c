//! The rules of free text as iterators, so that comparing two texts builds neither canonical form.

use unicode_normalization::{IsNormalized, Recompositions, UnicodeNormalization, is_nfc_quick};

use super::is_ignored;

/// The canonical characters of a text, one by one.
pub(in crate::normalize) struct Chars<'a>(Form<Collapsed<Seen<'a>>>);

impl<'a> Chars<'a> {
    pub(in crate::normalize) fn new(raw: &'a str) -> Self {
        Self(Form::of(raw, || Collapsed::new(Seen(raw.chars()))))
    }
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        self.0.next()
    }
}

/// Characters in Normalization Form C: as they come where that is known to be enough, else composed.
pub(in crate::normalize) enum Form<I: Iterator<Item = char>> {
    Composed(I),
    Composing(Recompositions<I>),
}

impl<I: Iterator<Item = char>> Form<I> {
    /// `chars` gives the characters of `raw` after all other rules, from the start at each call.
    pub(in crate::normalize) fn of(raw: &str, chars: impl Fn() -> I) -> Self {
        if is_below_combining(raw) || is_nfc_quick(chars()) == IsNormalized::Yes {
            Self::Composed(chars())
        } else {
            Self::Composing(chars().nfc())
        }
    }
}

impl<I: Iterator<Item = char>> Iterator for Form<I> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self {
            Self::Composed(chars) => chars.next(),
            Self::Composing(chars) => chars.next(),
        }
    }
}

/// Whether every character is below U+0300, where nothing composes: the first byte of U+0300 is 0xCC.
fn is_below_combining(raw: &str) -> bool {
    raw.bytes().all(|byte| byte < 0xCC)
}

/// The characters of a text that are not ignored.
pub(in crate::normalize) struct Seen<'a>(pub(in crate::normalize) std::str::Chars<'a>);

impl Iterator for Seen<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        self.0.find(|&c| c.is_ascii() || !is_ignored(c))
    }
}

/// Runs of white space as one space, none at the ends.
pub(in crate::normalize) struct Collapsed<I> {
    chars: I,
    held: Option<char>,
    started: bool,
}

impl<I> Collapsed<I> {
    pub(in crate::normalize) fn new(chars: I) -> Self {
        Self { chars, held: None, started: false }
    }
}

impl<I: Iterator<Item = char>> Iterator for Collapsed<I> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if let Some(held) = self.held.take() {
            return Some(held);
        }
        let mut c = self.chars.next()?;
        if !c.is_whitespace() {
            self.started = true;
            return Some(c);
        }
        while c.is_whitespace() {
            c = self.chars.next()?;
        }
        if !self.started {
            self.started = true;
            return Some(c);
        }
        self.held = Some(c);
        Some(' ')
    }
}
