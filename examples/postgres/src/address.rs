//! Addresses: which server, how its identity is checked, and how long to wait for it.
//!
//! An address is written as for `psql`: `postgres://club@db.example.org/club?sslmode=verify-full`, or
//! `host=/run/postgresql dbname=club`. Beside what the driver reads ([`Config`]), it may say:
//!
//! | | meaning |
//! |---|---|
//! | `sslmode=disable` | no TLS |
//! | none, `sslmode=prefer` | no TLS, as on a socket or within one machine: what nobody checks protects nobody |
//! | `sslmode=require` | TLS; the certificate is not checked, so that whoever stands between can read along, unless `sslrootcert` is given: then as `verify-ca` |
//! | `sslmode=verify-ca` | TLS, and an authority that is trusted has signed the certificate |
//! | `sslmode=verify-full` | the same, and the certificate is of this host: what to use |
//! | `sslrootcert=FILE` | the authority, as PEM; without it, those that the system trusts |
//! | `schema=NAME` | the schema with the tables of tripartite; without it `tripartite` |
//!
//! TLS needs the feature `tls`. Without it an address that asks for it is refused, rather than used without.
//!
//! **How long does it wait?** Ten seconds for a connection, half a minute for an answer of a peer that has vanished, and five
//! minutes for a statement, after which it is tried again: unless the address says otherwise, by `connect_timeout`,
//! `tcp_user_timeout` and `options='-c statement_timeout=…'`. A transaction in which nothing happens for a minute is ended by the
//! server, so that a process that was stopped holds no lock for ever.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};
use tripartite::jobs::Bell;

use crate::jobs::Listener;
use crate::names::SCHEMA;
use crate::pool::{Pool, PoolError};

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long to wait for a peer that no longer answers.
const SILENCE: Duration = Duration::from_secs(30);
/// What a session keeps to, in the words of PostgreSQL, unless the address says otherwise.
const SESSION: [(&str, &str); 2] = [("statement_timeout", "5min"), ("idle_in_transaction_session_timeout", "1min")];

/// A server, as a text names it. `Debug` and `Display` show no password.
///
/// ```
/// use tripartite_postgres::address::Address;
/// let address: Address = "postgres://club:secret@db.example.org/club?schema=north".parse()?;
/// assert_eq!(address.schema(), "north");
/// assert_eq!(address.to_string(), "postgres://club@db.example.org/club?schema=north");
/// assert!("postgres://db.example.org/club?sslmode=always".parse::<Address>().is_err());
/// # Ok::<(), tripartite_postgres::address::AddressError>(())
/// ```
#[derive(Clone)]
pub struct Address {
    config: Config,
    trust: Trust,
    schema: String,
    shown: String,
}

/// How a connection is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// It is not.
    Plain,
    /// By TLS.
    Tls {
        /// What of the certificate is checked.
        check: Check,
        /// The authority, instead of those of the system.
        authority: Option<PathBuf>,
    },
}

/// What of a certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Nothing.
    Nothing,
    /// Who signed it.
    Authority,
    /// Who signed it, and for which host.
    Full,
}

/// A text is no address.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The driver cannot read it.
    #[error(transparent)]
    Driver(PoolError),
    /// A value of an option is none that it has.
    #[error("{option}: expected {expected}, found `{found}`")]
    Option {
        /// The option.
        option: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// It asks for what this program was built without.
    #[error("sslmode={0} needs the feature `tls` of tripartite-postgres, and this program was built without it")]
    NoTls(String),
    /// The authority's certificate cannot be used.
    #[error("sslrootcert: {file}: {problem}")]
    Authority {
        /// The file.
        file: String,
        /// Why.
        problem: String,
    },
}

impl Address {
    /// The schema with the tables of tripartite.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The same with another password; for one that stands in the environment or in a file.
    #[must_use]
    pub fn password(mut self, password: impl AsRef<[u8]>) -> Self {
        self.config.password(password);
        self
    }

    /// Whether it names a password.
    pub fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }

    /// The same without a limit to how long a statement takes: for a migration.
    #[must_use]
    pub fn patient(mut self) -> Self {
        let options = format!("{} -c statement_timeout=0", self.config.get_options().unwrap_or_default());
        self.config.options(options.trim());
        self
    }

    /// Connections to it, on a runtime. None is opened yet.
    ///
    /// # Errors
    /// [`AddressError`], when it asks for TLS and there is none, or its authority cannot be read.
    pub fn pool(&self, runtime: &Handle) -> Result<Pool, AddressError> {
        match &self.trust {
            Trust::Plain => Ok(Pool::plain(runtime, self.config.clone())),
            #[cfg(feature = "tls")]
            Trust::Tls { check, authority } => {
                crate::tls::pool(runtime, self.config.clone(), *check, authority.as_deref())
            }
            #[cfg(not(feature = "tls"))]
            Trust::Tls { check, .. } => Err(AddressError::NoTls(check.name().to_owned())),
        }
    }
}

impl Address {
    /// Rings a bell whenever a job begins to wait in its schema, by a connection of its own: see [`Listener`].
    ///
    /// # Errors
    /// As [`pool`](Self::pool).
    pub fn listener(&self, runtime: &Handle, bell: Arc<Bell>) -> Result<Listener, AddressError> {
        match &self.trust {
            Trust::Plain => Ok(Listener::with(runtime, self.config.clone(), NoTls, &self.schema, bell)),
            #[cfg(feature = "tls")]
            Trust::Tls { check, authority } => {
                let tls = crate::tls::connect(*check, authority.as_deref())?;
                Ok(Listener::with(runtime, self.config.clone(), tls, &self.schema, bell))
            }
            #[cfg(not(feature = "tls"))]
            Trust::Tls { check, .. } => Err(AddressError::NoTls(check.name().to_owned())),
        }
    }
}

#[cfg(not(feature = "tls"))]
impl Check {
    fn name(self) -> &'static str {
        match self {
            Self::Nothing => "require",
            Self::Authority => "verify-ca",
            Self::Full => "verify-full",
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.shown).finish()
    }
}

/// Without the password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let Parts { rest, mode, authority, schema, shown } = Parts::of(text);
        let mut config: Config = rest.parse().map_err(|error| AddressError::Driver(PoolError::Address(error)))?;
        let check = match mode.as_deref() {
            None | Some("disable" | "allow" | "prefer") => None,
            Some("require") if authority.is_none() => Some(Check::Nothing),
            Some("require" | "verify-ca") => Some(Check::Authority),
            Some("verify-full") => Some(Check::Full),
            Some(other) => {
                let expected = "disable, prefer, require, verify-ca or verify-full";
                return Err(AddressError::Option { option: "sslmode", expected, found: other.to_owned() });
            }
        };
        let trust = match check {
            Some(check) => Trust::Tls { check, authority: authority.map(PathBuf::from) },
            None => Trust::Plain,
        };
        config.ssl_mode(if trust == Trust::Plain { SslMode::Disable } else { SslMode::Require });
        patience(&mut config);
        Ok(Self { config, trust, schema: schema.unwrap_or_else(|| SCHEMA.to_owned()), shown })
    }
}

/// What is waited for, and how long, where the address does not say.
fn patience(config: &mut Config) {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    if config.get_application_name().is_none() {
        config.application_name("tripartite");
    }
    let said = config.get_options().unwrap_or_default().to_owned();
    let unsaid = SESSION.iter().filter(|(name, _)| !said.contains(name));
    let options = unsaid.fold(said.clone(), |options, (name, value)| format!("{options} -c {name}={value}"));
    config.options(options.trim());
}

/// An address, without what the driver cannot read.
struct Parts {
    rest: String,
    mode: Option<String>,
    authority: Option<String>,
    schema: Option<String>,
    shown: String,
}

impl Parts {
    fn of(text: &str) -> Self {
        let mut parts = Self { rest: String::new(), mode: None, authority: None, schema: None, shown: String::new() };
        match text.split_once("://") {
            Some((scheme, rest)) => parts.url(scheme, rest),
            None => parts.pairs(text),
        }
        parts
    }

    /// Takes an option of its own, and says whether it is one.
    fn take(&mut self, name: &str, value: &str) -> bool {
        let place = match name {
            "sslmode" => &mut self.mode,
            "sslrootcert" => &mut self.authority,
            "schema" => &mut self.schema,
            _ => return false,
        };
        *place = Some(value.to_owned());
        true
    }

    fn url(&mut self, scheme: &str, rest: &str) {
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (mut kept, mut shown) = (Vec::new(), Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if name != "password" {
                shown.push(pair);
            }
            if !self.take(name, &decoded(value)) {
                kept.push(pair);
            }
        }
        let after = |pairs: &[&str]| if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        self.rest = format!("{scheme}://{place}{}", after(&kept));
        let end = place.find('/').unwrap_or(place.len());
        let public = match place[..end].rfind('@') {
            Some(at) => format!("{}{}", place[..at].split(':').next().unwrap_or_default(), &place[at..]),
            None => place.to_owned(),
        };
        self.shown = format!("{scheme}://{public}{}", after(&shown));
    }

    fn pairs(&mut self, text: &str) {
        let (mut kept, mut shown) = (Vec::new(), Vec::new());
        for pair in words(text) {
            let (name, value) = pair.split_once('=').unwrap_or((&pair, ""));
            if name != "password" {
                shown.push(pair.clone());
            }
            if !self.take(name, value.trim_matches('\'')) {
                kept.push(pair.clone());
            }
        }
        (self.rest, self.shown) = (kept.join(" "), shown.join(" "));
    }
}

/// The words of a text, each with what stands between its quotes.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted, mut is_escaped) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        if c.is_whitespace() && !is_quoted && !is_escaped {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            continue;
        }
        is_quoted ^= c == '\'' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        word.push(c);
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// A text in which bytes may be written as `%` and two digits.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn no_form_of_an_address_shows_a_password() {
        for (text, shown) in [
            ("postgres://club:p@ss@db/club", "postgres://club@db/club"),
            ("postgres://club@db/club?password=secret", "postgres://club@db/club"),
            ("postgresql:///club?host=/run/pg&password=s&user=a", "postgresql:///club?host=/run/pg&user=a"),
            ("host=db password='se cret' user=club", "host=db user=club"),
        ] {
            let address = address(text);
            assert_eq!(address.to_string(), shown);
            let debug = format!("{address:?}");
            let tells = ["p@ss", "secret", "se cret", "password"].iter().any(|secret| debug.contains(secret));
            assert!(address.has_password() && !tells, "{debug}");
        }
    }

    #[test]
    fn what_is_checked_is_what_the_address_says() {
        let tls = |check, authority: Option<&str>| Trust::Tls { check, authority: authority.map(PathBuf::from) };
        for (text, trust) in [
            ("postgres://db/club", Trust::Plain),
            ("host=db sslmode=disable", Trust::Plain),
            ("postgres://db/club?sslmode=require", tls(Check::Nothing, None)),
            ("postgres://db/club?sslmode=require&sslrootcert=/a%20b.pem", tls(Check::Authority, Some("/a b.pem"))),
            ("host=db sslmode=verify-ca sslrootcert='/a b.pem'", tls(Check::Authority, Some("/a b.pem"))),
            ("postgres://db/club?sslmode=verify-full", tls(Check::Full, None)),
        ] {
            let address = address(text);
            assert_eq!(address.trust, trust, "{text}");
            let mode = if trust == Trust::Plain { SslMode::Disable } else { SslMode::Require };
            assert_eq!(address.config.get_ssl_mode(), mode, "{text}: never without what was asked for");
        }
    }

    #[test]
    fn a_statement_ends_after_five_minutes_unless_the_address_says_otherwise() {
        let options = |text: &str| address(text).config.get_options().unwrap_or_default().to_owned();
        assert!(options("host=db").contains("-c statement_timeout=5min"));
        let said = options("host=db options='-c statement_timeout=7s'");
        assert!(said.contains("statement_timeout=7s") && !said.contains("5min"), "{said}");
        let last = address("host=db").patient();
        assert!(last.config.get_options().is_some_and(|options| options.ends_with("-c statement_timeout=0")));
    }
}
