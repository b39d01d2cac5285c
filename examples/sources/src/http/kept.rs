//! Answers that are kept, so that one that has not changed need not be sent again (RFC 9110, section 13).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use url::Url;

use super::HttpError;
use super::client::Answer;

/// The folder of kept answers. Each file has a line that says what it is, and the body.
pub(super) struct Shelf(PathBuf);

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: u8,
    url: String,
    length: usize,
    links: Vec<String>,
    headers: Vec<(String, String)>,
}

/// An answer that was kept.
pub(super) struct Kept {
    head: Head,
    body: Vec<u8>,
}

impl Shelf {
    pub(super) fn of(folder: &Path) -> Result<Self, HttpError> {
        let problem = |error| HttpError::Setting(format!("the folder {} for answers: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(problem)?;
        Ok(Self(folder.to_owned()))
    }

    fn path(&self, url: &Url) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        url.as_str().hash(&mut hasher);
        self.0.join(format!("{:016x}.answer", hasher.finish()))
    }

    /// What is kept of an address. A file that was not written whole, or is of another address, is none.
    pub(super) fn get(&self, url: &Url) -> Option<Kept> {
        let mut bytes = std::fs::read(self.path(url)).ok()?;
        let end = memchr::memchr(b'\n', &bytes)?;
        let head: Head = serde_json::from_slice(&bytes[..end]).ok()?;
        let body = bytes.split_off(end + 1);
        (head.format == 1 && head.url == url.as_str() && head.length == body.len()).then_some(Kept { head, body })
    }

    pub(super) fn put(&self, answer: &Answer) -> Result<(), HttpError> {
        if answer.header("etag").is_none() && answer.header("last-modified").is_none() {
            return Ok(());
        }
        let head = Head {
            format: 1,
            url: answer.url.to_string(),
            length: answer.body.len(),
            links: answer.links.clone(),
            headers: answer.headers.clone(),
        };
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
            serde_json::to_writer(&mut file, &head)?;
            file.write_all(b"\n")?;
            file.write_all(&answer.body)?;
            file.persist(self.path(&answer.url))?;
            Ok::<(), std::io::Error>(())
        };
        write()
            .map_err(|error| HttpError::Setting(format!("an answer cannot be kept in {}: {error}", self.0.display())))
    }
}

impl Kept {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// What is asked of the source: whether it is still so.
    pub(super) fn conditions(&self) -> Vec<(&'static str, &str)> {
        let of = |name, header| Some((name, self.header(header)?));
        [of("if-none-match", "etag"), of("if-modified-since", "last-modified")].into_iter().flatten().collect()
    }

    pub(super) fn answer(self, url: Url) -> Answer {
        Answer { url, links: self.head.links, headers: self.head.headers, body: self.body }
    }
}
