//! A short text on the stack, so that reading a number or a date needs no heap.

/// Text of at most `N` bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Short<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Default for Short<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Short<N> {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    /// All of the characters, or `None` if there is no room.
    pub(super) fn collect(chars: impl IntoIterator<Item = char>) -> Option<Self> {
        let mut short = Self::new();
        for c in chars {
            short.push(c)?;
        }
        Some(short)
    }

    #[must_use]
    pub(super) fn push(&mut self, c: char) -> Option<()> {
        let room = self.bytes.get_mut(self.len..self.len + c.len_utf8())?;
        self.len += c.encode_utf8(room).len();
        Some(())
    }

    #[cfg(any(test, feature = "phone"))]
    #[must_use]
    pub(super) fn push_str(&mut self, text: &str) -> Option<()> {
        let room = self.bytes.get_mut(self.len..self.len + text.len())?;
        room.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Some(())
    }

    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[..self.len]).expect("only whole characters were pushed")
    }
}

#[cfg(test)]
mod tests {
    use super::Short;

    #[test]
    fn whole_characters_or_none() {
        let mut short = Short::<4>::new();
        assert!(short.push('a').is_some() && short.push('é').is_some());
        assert!(short.push('é').is_none(), "one byte is left");
        assert!(short.push_str("bc").is_none() && short.push_str("b").is_some());
        assert_eq!(short.as_str(), "aéb");
        assert!(Short::<2>::collect("abc".chars()).is_none());
    }
}
