//! E-mail addresses: one mailbox, however it was typed.
//!
//! This module needs the feature `idn`.
//!
//! Source systems hold the same mailbox as `Sean@Example.org` and `sean@example.org`, with a zero-width space from a
//! web page or `mailto:` in front, and with a domain in its own script or in its ASCII form.
//!
//! Canonical is the whole address in lower case, the domain in ASCII. [RFC 5321] lets a server tell the case of
//! mailboxes apart; none that people use does, and a record that differs only in case is not an edit.
//!
//! What is read, after white space and characters ignored as in [`text`](super::text) are trimmed:
//!
//! * an optional `mailto:`, in which case nothing may be percent-encoded ([RFC 6068]);
//! * the mailbox, at most 64 octets: words of letters, digits, ``!#$%&'*+-/=?^_`{|}~`` and any non-ASCII character
//!   ([RFC 6531]) joined by single dots; or a quoted string, kept as it is written. Lower-cased character by
//!   character as in [`address`](super::address), in Normalization Form C, without ignored characters;
//! * `@`;
//! * the domain: at least two labels of 1 to 63 letters, digits and inner hyphens ([RFC 1035]), the last not a
//!   number. A domain that is not ASCII goes through [UTS #46] (non-transitional, STD3 rules) first.
//!
//! The canonical form is at most 254 octets long (RFC 5321, erratum 1690).
//!
//! | raw | canonical |
//! |---|---|
//! | `" Sean@Example.ORG "`, `"mailto:sean@example.org"` | `"sean@example.org"` |
//! | `"info@bücher.example"` | `"info@xn--bcher-kva.example"` |
//! | `"SEÁN@example.ie"` | `"seán@example.ie"` |
//! | `"\"a b\"@example.org"` | itself |
//! | `"sean@localhost"`, `"sean@[192.0.2.1]"`, `"Seán <sean@example.ie>"`, `"a@b@example.org"` | no e-mail address |
//!
//! **Are dots in the mailbox or a `+tag` ignored?** No: that is one provider's rule, and to the next it is another
//! person.
//!
//! **Why are `localhost` and address literals refused, which RFC 5321 allows?** In a person's record they are slips
//! and test data. Invalid is recorded and never written, so nothing is lost by it.
//!
//! [RFC 1035]: https://www.rfc-editor.org/rfc/rfc1035
//! [RFC 5321]: https://www.rfc-editor.org/rfc/rfc5321
//! [RFC 6068]: https://www.rfc-editor.org/rfc/rfc6068
//! [RFC 6531]: https://www.rfc-editor.org/rfc/rfc6531
//! [UTS #46]: https://www.unicode.org/reports/tr46/

use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::address::lower;
use super::text::{Form, Seen, is_ignored, trim};
use crate::value::Problem;

const MAILBOX_OCTETS: usize = 64;
const ADDRESS_OCTETS: usize = 254;
const LABEL_OCTETS: usize = 63;

/// The address in lower case with its domain in ASCII; `""` for blank text.
///
/// # Errors
///
/// [`Problem::NotAnEmail`] for text that is not exactly one address.
///
/// ```
/// use tripartite::{normalize::email::canonical, value::Problem};
///
/// assert_eq!(
///     canonical(" Info@BÜCHER.example").as_deref(),
///     Ok("info@xn--bcher-kva.example")
/// );
/// assert_eq!(canonical("a.b+c@example.org").as_deref(), Ok("a.b+c@example.org"));
/// // Two addresses are not an address.
/// assert_eq!(canonical("a@example.org, b@example.org"), Err(Problem::NotAnEmail));
/// ```
pub fn canonical(raw: &str) -> Result<Cow<'_, str>, Problem> {
    Ok(match Address::read(raw)? {
        None => Cow::Borrowed(""),
        Some(address) if address.chars().eq(raw.chars()) => Cow::Borrowed(raw),
        Some(address) => Cow::Owned(address.chars().collect()),
    })
}

/// Whether both texts are the same address, or both blank.
///
/// ```
/// use tripartite::normalize::email::same;
///
/// assert!(same("Sean@Example.org", "mailto:sean@example.ORG"));
/// assert!(!same("sean@example.org", "s.ean@example.org"));
/// assert!(!same("n/a", "n/a"), "what is no address equals nothing");
/// ```
pub fn same(a: &str, b: &str) -> bool {
    same_at_a_glance(a.as_bytes(), b.as_bytes()).unwrap_or_else(|| is_same(a, b))
}

/// [`same`], of the bytes of two texts, where both are as most addresses are.
pub(crate) fn same_at_a_glance(a: &[u8], b: &[u8]) -> Option<bool> {
    let (a, b) = (a.trim_ascii(), b.trim_ascii());
    match a.eq_ignore_ascii_case(b) {
        true => is_plain(a).then_some(true),
        false => (is_plain(a) && is_plain(b)).then_some(false),
    }
}

/// Whether the bytes of a text are an address, where it is as most are.
pub(crate) fn is_at_a_glance(raw: &[u8]) -> bool {
    is_plain(raw.trim_ascii())
}

fn is_same(a: &str, b: &str) -> bool {
    match (Address::read(a), Address::read(b)) {
        (Ok(Some(a)), Ok(Some(b))) => a.is_same(&b),
        (Ok(None), Ok(None)) => true,
        _ => false,
    }
}

/// Whether this is an address as most are: words of ASCII letters, digits and, before the `@`, what needs no second
/// look, joined by single dots; no word longer than a label of a domain, and the last one of letters alone. A label with
/// a hyphen, or a last one that may be a number, is left to the rule itself.
fn is_plain(address: &[u8]) -> bool {
    // Where the word begins that the scan is in, and whether it has nothing but letters.
    let (mut start, mut letters) = (0, true);
    // Where the mailbox ends, and whether the domain has a dot.
    let (mut mailbox, mut dotted) = (None, false);
    let is_word = |start: usize, end: usize| (1..=LABEL_OCTETS).contains(&(end - start));
    for (at, &byte) in address.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' => letters = false,
            b'.' if is_word(start, at) => (start, letters, dotted) = (at + 1, true, mailbox.is_some()),
            b'@' if is_word(start, at) && mailbox.is_none() => (start, letters, mailbox) = (at + 1, true, Some(at)),
            b'-' | b'_' | b'+' | b'\'' if mailbox.is_none() => {}
            _ => return false,
        }
    }
    let fits = mailbox.is_some_and(|octets| octets <= MAILBOX_OCTETS) && address.len() <= ADDRESS_OCTETS;
    fits && dotted && letters && is_word(start, address.len())
}

struct Address<'a> {
    mailbox: &'a str,
    /// In ASCII; its case may still be as written.
    domain: Cow<'a, str>,
}

impl<'a> Address<'a> {
    fn read(raw: &'a str) -> Result<Option<Self>, Problem> {
        match trim(raw) {
            "" => Ok(None),
            text => Self::parse(text).map(Some).ok_or(Problem::NotAnEmail),
        }
    }

    fn parse(text: &'a str) -> Option<Self> {
        let (mailbox, domain) = without_scheme(text)?.rsplit_once('@')?;
        let address = Self { mailbox, domain: ascii_domain(domain)? };
        let octets = mailbox_octets(mailbox)?;
        let fits = octets <= MAILBOX_OCTETS && octets + 1 + address.domain.len() <= ADDRESS_OCTETS;
        (fits && is_domain(&address.domain)).then_some(address)
    }

    fn is_same(&self, other: &Self) -> bool {
        if self.mailbox.is_ascii() && other.mailbox.is_ascii() {
            let same_domain = self.domain.eq_ignore_ascii_case(&other.domain);
            return same_domain && self.mailbox.eq_ignore_ascii_case(other.mailbox);
        }
        self.chars().eq(other.chars())
    }

    fn chars(&self) -> impl Iterator<Item = char> {
        let domain = self.domain.bytes().map(|byte| char::from(byte.to_ascii_lowercase()));
        mailbox_chars(self.mailbox).chain(['@']).chain(domain)
    }
}

/// The address of a `mailto:` link, or the text itself.
fn without_scheme(text: &str) -> Option<&str> {
    match text.split_at_checked("mailto:".len()) {
        Some((scheme, address)) if scheme.eq_ignore_ascii_case("mailto:") => {
            (!address.contains('%')).then_some(address)
        }
        _ => Some(text),
    }
}

fn mailbox_chars(mailbox: &str) -> impl Iterator<Item = char> {
    Form::of(mailbox, || lower(Seen(mailbox.chars())))
}

/// The length of a mailbox in its canonical form, `None` if it is not one.
fn mailbox_octets(mailbox: &str) -> Option<usize> {
    if mailbox.is_ascii() {
        let valid = if mailbox.starts_with('"') { is_quoted(mailbox.chars()) } else { is_dotted(mailbox.chars()) };
        return valid.then_some(mailbox.len());
    }
    let valid = match mailbox_chars(mailbox).next()? {
        '"' => is_quoted(mailbox_chars(mailbox)),
        _ => is_dotted(mailbox_chars(mailbox)),
    };
    valid.then(|| mailbox_chars(mailbox).map(char::len_utf8).sum())
}

/// Words of `atext` joined by single dots.
fn is_dotted(chars: impl Iterator<Item = char>) -> bool {
    let mut after_dot = true;
    for c in chars {
        let dot = c == '.';
        if dot && after_dot || !dot && !is_word_char(c) {
            return false;
        }
        after_dot = dot;
    }
    !after_dot
}

fn is_word_char(c: char) -> bool {
    match c {
        '!' | '#'..='\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^'..='`' | '{'..='~' => true,
        _ if c.is_ascii() => c.is_ascii_alphanumeric(),
        _ => !c.is_whitespace() && !c.is_control(),
    }
}

/// A quotation mark, printable characters with `\` before each quotation mark and backslash, a quotation mark.
fn is_quoted(chars: impl Iterator<Item = char>) -> bool {
    let mut chars = chars.skip(1);
    while let Some(c) = chars.next() {
        let content = match c {
            '"' => return chars.next().is_none(),
            '\\' => chars.next().filter(char::is_ascii),
            _ => Some(c),
        };
        if !content.is_some_and(|c| c == ' ' || !c.is_whitespace() && !c.is_control()) {
            return false;
        }
    }
    false
}

/// The domain in ASCII. A joiner may carry meaning in a domain, so it is left to UTS #46, unlike the other ignored
/// characters.
fn ascii_domain(domain: &str) -> Option<Cow<'_, str>> {
    if domain.is_ascii() {
        return Some(Cow::Borrowed(domain));
    }
    let seen: String = domain.chars().filter(|&c| !is_ignored(c) || matches!(c, '\u{200C}' | '\u{200D}')).collect();
    let ascii = Uts46::new().to_ascii(seen.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify);
    ascii.ok().map(|ascii| Cow::Owned(ascii.into_owned()))
}

fn is_domain(domain: &str) -> bool {
    let last = domain.rsplit_once('.').map_or("", |(_, last)| last);
    domain.split('.').all(is_label) && last.bytes().any(|byte| !byte.is_ascii_digit())
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_OCTETS).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn lengths_are_those_of_rfc_5321() {
        let domain = |length: usize| format!("{}.example", vec!["a".repeat(61); 4].join(".")).split_off(255 - length);
        for (mailbox, domain, valid, why) in [
            (64, "example.org".into(), true, "64 octets of mailbox"),
            (65, "example.org".into(), false, "65 octets of mailbox"),
            (1, format!("{}.org", "a".repeat(63)), true, "63 octets of label"),
            (1, format!("{}.org", "a".repeat(64)), false, "64 octets of label"),
            (9, domain(244), true, "254 octets in all"),
            (10, domain(244), false, "255 octets in all"),
        ] {
            let raw = format!("{}@{domain}", "m".repeat(mailbox));
            assert_eq!(canonical(&raw).is_ok(), valid, "{why}");
        }
        assert!(canonical(&format!("{}@example.org", "é".repeat(33))).is_err(), "octets, not characters");
    }
}
