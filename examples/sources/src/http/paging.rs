//! How a listing is spread over answers, and which address has the next page.

use url::Url;

use super::HttpError;
use super::client::{Answer, within};

/// How a listing is spread over answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Paging {
    /// It is one answer, of any form that a file may have.
    Whole,
    /// Pages have numbers. The end is an empty page, or the stated total.
    Pages {
        /// The parameter with the number.
        number: String,
        /// The number of the first page: 1, or 0.
        first: u64,
        /// The parameter with the number of records on a page, and that number.
        size: Option<(String, u64)>,
    },
    /// Pages begin behind so many records. The end is an empty page, or the stated total.
    Offset {
        /// The parameter with the place of the first record.
        offset: String,
        /// The place of the very first record: 0, or 1.
        first: u64,
        /// The parameter with the number of records on a page, and that number.
        size: Option<(String, u64)>,
    },
    /// Each answer has a token for the next page. The end is an answer without one.
    Cursor {
        /// The parameter that takes the token.
        parameter: String,
        /// Where the answer has it.
        from: Where,
    },
    /// Each answer has the address of the next page. The end is an answer without one.
    Next(Where),
    /// The header `Link` with `rel="next"` (RFC 8288). The end is an answer without one.
    Link,
}

/// Where an answer says something about the listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// In its body, at this JSON pointer.
    Body(String),
    /// In this header.
    Header(String),
}

impl Where {
    /// What stands there, if it is a text that is not empty, or a number.
    pub(super) fn find(&self, answer: &Answer) -> Option<String> {
        let text = match self {
            Self::Header(name) => answer.header(name)?.trim().to_owned(),
            Self::Body(pointer) => {
                let body: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
                match body.pointer(pointer)? {
                    serde_json::Value::String(text) => text.clone(),
                    serde_json::Value::Number(number) => number.to_string(),
                    _ => return None,
                }
            }
        };
        (!text.is_empty()).then_some(text)
    }
}

impl Paging {
    /// The address of the first page.
    pub(super) fn first(&self, url: &Url) -> Url {
        let (parameter, first, size) = match self {
            Self::Pages { number, first, size } => (number, first, size),
            Self::Offset { offset, first, size } => (offset, first, size),
            _ => return url.clone(),
        };
        let mut url = with(url, parameter, &first.to_string());
        if let Some((parameter, size)) = size {
            url = with(&url, parameter, &size.to_string());
        }
        url
    }

    /// Whether a record that leaves or comes while pages are turned moves all behind it to other pages.
    pub(super) fn counts_rows(&self) -> bool {
        matches!(self, Self::Pages { .. } | Self::Offset { .. })
    }

    /// The address of the page behind this one; none at the end.
    pub(super) fn next(&self, answer: &Answer, page: u64, listed: u64) -> Result<Option<Url>, HttpError> {
        let at = &answer.url;
        let join = |to: Option<String>| match to {
            None => Ok(None),
            Some(to) => {
                let to =
                    at.join(&to).map_err(|_| HttpError::Setting("the address of the next page is none".to_owned()))?;
                within(at, to).map(Some)
            }
        };
        match self {
            Self::Whole => Ok(None),
            Self::Pages { number, first, .. } => Ok(Some(with(at, number, &(first + page).to_string()))),
            Self::Offset { offset, first, .. } => Ok(Some(with(at, offset, &(first + listed).to_string()))),
            Self::Cursor { parameter, from } => Ok(from.find(answer).map(|token| with(at, parameter, &token))),
            Self::Next(from) => join(from.find(answer)),
            Self::Link => join(answer.links.iter().find_map(|link| next_link(link))),
        }
    }
}

/// The address with this parameter, in its place if it has it already.
fn with(url: &Url, parameter: &str, value: &str) -> Url {
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != parameter)
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let mut url = url.clone();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair(parameter, value);
    url
}

/// The target of `rel="next"` in a header `Link` (RFC 8288, section 3). One header may have several links.
fn next_link(header: &str) -> Option<String> {
    let mut rest = header;
    loop {
        let begin = rest.find('<')?;
        let (target, behind) = rest[begin + 1..].split_once('>')?;
        // Parameters go to the comma before the next target; a comma inside quotes is part of one.
        let mut in_quotes = false;
        let end = behind.char_indices().find(|(_, char)| {
            in_quotes ^= *char == '"';
            *char == ',' && !in_quotes
        });
        let (parameters, after) = behind.split_at(end.map_or(behind.len(), |(at, _)| at));
        let is_next = parameters.split(';').any(|parameter| {
            let Some((name, value)) = parameter.split_once('=') else { return false };
            let mut words = value.trim().trim_matches('"').split_ascii_whitespace();
            name.trim().eq_ignore_ascii_case("rel") && words.any(|word| word.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(target.to_owned());
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        for (header, next) in [
            ("<https://x.example/?p=2>; rel=\"next\"", Some("https://x.example/?p=2")),
            ("<?p=1>; rel=prev, <?p=3>;title=\"a, b\"; REL=\"last Next\"", Some("?p=3")),
            ("<?a=1,2>; rel=\"prev next\"", Some("?a=1,2")),
            ("<?p=9>; rel=\"last\"", None),
            ("<?p=9>; rev=\"next\"", None),
            ("no link", None),
            ("<unclosed; rel=next", None),
        ] {
            assert_eq!(next_link(header).as_deref(), next, "{header}");
        }
    }

    #[test]
    fn a_parameter_takes_the_place_of_the_one_before() {
        let url = Url::parse("https://x.example/a?page=1&q=a%26b").unwrap();
        assert_eq!(with(&url, "page", "2").as_str(), "https://x.example/a?q=a%26b&page=2");
    }
}
