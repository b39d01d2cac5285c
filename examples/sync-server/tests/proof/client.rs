//! A client: signs, sends, reads what is answered.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tripartite::registry::Secret;
use tripartite::webhook::{MessageId, SigningSecret, Standard};

use crate::bench::TOKEN;

/// One connection to a server, on which request after request is sent.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answered {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A request to send.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// How long an answer is waited for.
    pub(crate) fn wait(&self, span: Duration) {
        self.stream.get_ref().set_read_timeout(Some(span)).unwrap();
    }

    pub(crate) fn get(&mut self, path: &str) -> io::Result<Answered> {
        self.write(format!("GET {path} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {TOKEN}\r\n\r\n").as_bytes())?;
        self.answered()
    }

    pub(crate) fn post(&mut self, sent: &Sent) -> io::Result<Answered> {
        let mut bytes = format!("POST {} HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n", sent.path, sent.body.len())
            .into_bytes();
        for (name, value) in &sent.headers {
            bytes.extend(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(&sent.body);
        self.write(&bytes)?;
        self.answered()
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    pub(crate) fn answered(&mut self) -> io::Result<Answered> {
        let line = self.line()?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("no status"))?;
        let (mut headers, mut length) = (Vec::new(), 0);
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(": ") else { break };
            if name == "content-length" {
                length = value.parse().map_err(io::Error::other)?;
            }
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Answered { status, headers, body: String::from_utf8(body).map_err(io::Error::other)? })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

pub(crate) fn standard(secret: &str) -> Standard {
    Standard::new([SigningSecret::new(&Secret::new(secret)).unwrap()]).unwrap()
}

/// A signed request, from so many seconds ago.
pub(crate) fn signed(standard: &Standard, key: &str, id: &str, ago: i64, body: &[u8]) -> Sent {
    let at: DateTime<Utc> = nightly_sync::app::now() - TimeDelta::seconds(ago);
    let headers = standard.sign(&MessageId::new(id).unwrap(), at, body);
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Sent { path: format!("/webhooks/{key}"), headers, body: body.to_vec() }
}

/// The body of one event.
pub(crate) fn event(kind: &str, member: &str) -> Vec<u8> {
    serde_json::json!({"type": kind, "data": {"id": member}}).to_string().into_bytes()
}
