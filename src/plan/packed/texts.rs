//! The texts of packed ops (rules, reasons, field names), each kept once and known by its number.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The most texts that are kept. An op with another text is kept unpacked.
const MOST: usize = 4096;

#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    all: Vec<Arc<str>>,
    numbers: BTreeMap<Arc<str>, u32>,
}

impl Texts {
    /// The number of a text, which is added if it is new and there is room.
    pub(super) fn number(&mut self, text: &str) -> Option<u32> {
        if let Some(number) = self.numbers.get(text) {
            return Some(*number);
        }
        let number = u32::try_from(self.all.len()).ok().filter(|_| self.all.len() < MOST)?;
        let text: Arc<str> = text.into();
        self.all.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        Some(number)
    }

    pub(super) fn text(&self, number: u64) -> Option<&str> {
        self.all.get(usize::try_from(number).ok()?).map(AsRef::as_ref)
    }
}
