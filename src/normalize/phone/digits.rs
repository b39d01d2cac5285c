//! What the number and its extension are told by.

/// A number needs as many digits before letters or an extension may follow.
pub(super) const LEAD: usize = 3;

pub(super) fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// Punctuation behind a number says nothing, but for the sign that closes an extension.
pub(super) fn trim_end(text: &str) -> &str {
    text.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '#')
}
