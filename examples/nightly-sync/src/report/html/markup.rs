//! Markup that is well formed by construction: names of elements and attributes are written in this program, everything
//! else is text, and text never becomes markup.
//!
//! | text | on the page |
//! |---|---|
//! | `<script>` | `&lt;script&gt;` |
//! | `" onload="x` | `&quot; onload=&quot;x`, within an attribute as well |
//! | a control character | `�`, because HTML has none |
//! | a change of the writing direction | as it is, within `<bdi>`, so that it ends with the value |

use std::borrow::Cow;
use std::io::{self, Write};

/// Elements that have no content.
const VOID: [&str; 2] = ["meta", "input"];

/// Writes elements, and keeps in mind which are open.
pub(super) struct Markup<W> {
    out: W,
    open: Vec<&'static str>,
}

/// An attribute and its value.
pub(super) type Attribute<'a> = (&'static str, &'a str);

impl<W: Write> Markup<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, open: Vec::new() }
    }

    /// What stands in this program, as it is.
    pub(super) fn raw(&mut self, text: &'static str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    /// Opens an element; one without content is closed at once.
    pub(super) fn open(&mut self, tag: &'static str, attributes: &[Attribute<'_>]) -> io::Result<()> {
        write!(self.out, "<{tag}")?;
        for (name, value) in attributes {
            write!(self.out, " {name}=\"{}\"", escaped(value))?;
        }
        self.out.write_all(b">")?;
        if !VOID.contains(&tag) {
            self.open.push(tag);
        }
        Ok(())
    }

    /// Closes the element that was opened last.
    pub(super) fn close(&mut self) -> io::Result<()> {
        match self.open.pop() {
            Some(tag) => write!(self.out, "</{tag}>"),
            None => Ok(()),
        }
    }

    /// Closes the element that was opened last, and ends the line.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.close()?;
        self.raw("\n")
    }

    /// A text.
    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(escaped(text).as_bytes())
    }

    /// An element with a text in it.
    pub(super) fn element(&mut self, tag: &'static str, attributes: &[Attribute<'_>], text: &str) -> io::Result<()> {
        self.open(tag, attributes)?;
        self.text(text)?;
        self.close()
    }

    /// The same, and the line ends.
    pub(super) fn line(&mut self, tag: &'static str, attributes: &[Attribute<'_>], text: &str) -> io::Result<()> {
        self.element(tag, attributes, text)?;
        self.raw("\n")
    }

    /// Closes what is open, and hands back where it was written.
    pub(super) fn finish(mut self) -> io::Result<W> {
        while !self.open.is_empty() {
            self.end()?;
        }
        Ok(self.out)
    }
}

/// A text that is nothing else, in an element and in an attribute.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| replaced(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match replaced(c) {
            Some(replaced) => out.push_str(replaced),
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

fn replaced(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        '\n' | '\t' => None,
        c if c.is_control() => Some("\u{fffd}"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_becomes_markup(text in "\\PC*|[<>&\"'/=a-z\u{0}\n]*") {
            let mut page = Markup::new(Vec::new());
            page.open("p", &[("title", &text)]).unwrap();
            page.text(&text).unwrap();
            let page = String::from_utf8(page.finish().unwrap()).unwrap();
            let shown = escaped(&text);
            prop_assert!(!shown.contains(['<', '>', '"', '\'', '\0']));
            prop_assert_eq!(page, format!("<p title=\"{shown}\">{shown}</p>\n"));
            let unescaped = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
                .iter()
                .fold(shown.into_owned(), |text, (name, c)| text.replace(name, c));
            prop_assert_eq!(unescaped, text.replace(|c: char| c.is_control() && c != '\n' && c != '\t', "\u{fffd}"));
        }
    }

    #[test]
    fn what_is_open_is_closed_in_its_order() {
        let mut page = Markup::new(Vec::new());
        page.open("main", &[]).unwrap();
        page.open("input", &[("type", "search")]).unwrap();
        page.open("p", &[]).unwrap();
        assert_eq!(page.finish().unwrap(), b"<main><input type=\"search\"><p></p>\n</main>\n");
    }
}
