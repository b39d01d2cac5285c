//! Addresses: which nodes, which namespace, as whom, and how their identity is checked.
//!
//! | a part of `etcds://club:secret@a,b:2379,c/north?cacert=ca.pem` | meaning |
//! |---|---|
//! | `etcd:` | without TLS, as within one machine or a private network |
//! | `etcds:` | with TLS: the feature `tls` |
//! | `club:secret@` | the user, as etcd's `user add` has made it; a `%` stands before the two digits of a special byte |
//! | `a,b:2379,c` | the nodes, all of them; a port that is not said is 2379 |
//! | `/north` | the namespace; without it `tripartite`. Hosts that share a cluster have one each |
//! | `?cacert=FILE` | the authority that has signed the certificates of the nodes, as PEM; without it, those that the system trusts |
//! | `&cert=FILE&key=FILE` | the certificate of the client, and its key |

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

/// The namespace of an address that names none.
pub const NAMESPACE: &str = "tripartite";

/// A cluster, as a text names it. `Debug` and `Display` show no password.
///
/// ```
/// use tripartite_etcd::address::Address;
/// let address: Address = "etcd://club:s%40fe@a,b:2380,[::1]/north".parse()?;
/// assert_eq!(address.nodes(), ["a:2379", "b:2380", "[::1]:2379"]);
/// assert_eq!(address.namespace(), "north");
/// assert_eq!(address.to_string(), "etcd://club@a:2379,b:2380,[::1]:2379/north");
/// assert!("etcd://".parse::<Address>().is_err()); // no node
/// # Ok::<(), tripartite_etcd::address::AddressError>(())
/// ```
#[derive(Clone)]
pub struct Address {
    nodes: Vec<String>,
    namespace: String,
    pub(crate) login: Option<Login>,
    pub(crate) tls: Option<Tls>,
}

/// Who uses the cluster.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) password: String,
}

/// The files of a connection with TLS.
#[derive(Debug, Clone, Default)]
#[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "an address that asks for TLS is refused"))]
pub(crate) struct Tls {
    pub(crate) authority: Option<PathBuf>,
    pub(crate) certificate: Option<(PathBuf, PathBuf)>,
}

/// Why a text is no address of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It begins otherwise.
    #[error("an address of a cluster begins with `etcd://`, or with `etcds://` for TLS")]
    Scheme,
    /// It names no node, or an empty one.
    #[error("an address of a cluster names its nodes, with commas between them: `etcd://a,b,c`")]
    Nodes,
    /// What stands before the `@` cannot be read.
    #[error("the user and the password of an address are UTF-8, with a colon between them")]
    Login,
    /// The namespace has other characters.
    #[error("the namespace `{0}` has characters other than ASCII letters, digits and - _ .")]
    Namespace(String),
    /// What stands behind the `?` is not known.
    #[error("`{0}` is no option of an address: there are `cacert`, `cert` and `key`")]
    Option(String),
    /// A certificate without its key, or a key without its certificate.
    #[error("`cert` and `key` of an address belong together")]
    Key,
    /// Files of TLS without TLS.
    #[error("`cacert`, `cert` and `key` are for `etcds://`")]
    Plain,
}

impl Address {
    /// The nodes, each with its port.
    ///
    /// [`Address`] has an example.
    pub fn nodes(&self) -> &[String] {
        &self.nodes
    }

    /// The namespace: what all keys begin with.
    ///
    /// [`Address`] has an example.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The same cluster in another namespace.
    ///
    /// ```
    /// use tripartite_etcd::address::Address;
    /// let address: Address = "etcd://a".parse()?;
    /// assert_eq!(address.clone().in_namespace("north")?.namespace(), "north");
    /// assert!(address.in_namespace("north/1").is_err()); // `north` has keys that begin so
    /// # Ok::<(), tripartite_etcd::address::AddressError>(())
    /// ```
    ///
    /// # Errors
    /// [`AddressError::Namespace`].
    pub fn in_namespace(self, namespace: &str) -> Result<Self, AddressError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if namespace.is_empty() || !namespace.chars().all(is_plain) {
            return Err(AddressError::Namespace(namespace.to_owned()));
        }
        Ok(Self { namespace: namespace.to_owned(), ..self })
    }

    /// The same cluster, as a user with a password, for example one that stands in the environment.
    ///
    /// ```
    /// use tripartite_etcd::address::Address;
    /// let address: Address = "etcd://a".parse()?;
    /// let shown = format!("{:?}", address.as_user("club", "secret"));
    /// assert!(shown.contains("club") && !shown.contains("secret"));
    /// # Ok::<(), tripartite_etcd::address::AddressError>(())
    /// ```
    #[must_use]
    pub fn as_user(self, name: &str, password: &str) -> Self {
        Self { login: Some(Login { name: name.to_owned(), password: password.to_owned() }), ..self }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = text.split_once("://").ok_or(AddressError::Scheme)?;
        let is_secure = match scheme {
            "etcd" => false,
            "etcds" => true,
            _ => return Err(AddressError::Scheme),
        };
        let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (rest, namespace) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, nodes) = match rest.rsplit_once('@') {
            Some((login, nodes)) => (Some(read_login(login)?), nodes),
            None => (None, rest),
        };
        let nodes = nodes.split(',').map(with_port).collect::<Result<_, _>>()?;
        let tls = read_options(options)?;
        let tls = match (is_secure, tls) {
            (true, tls) => Some(tls.unwrap_or_default()),
            (false, None) => None,
            (false, Some(_)) => return Err(AddressError::Plain),
        };
        let namespace = if namespace.is_empty() { NAMESPACE } else { namespace };
        Self { nodes, namespace: String::new(), login, tls }.in_namespace(namespace)
    }
}

fn with_port(node: &str) -> Result<String, AddressError> {
    let host = node.rsplit_once(']').map_or(node, |(_, behind)| behind);
    match (node, host.rsplit_once(':')) {
        ("", _) | (_, Some(("", _))) if !node.starts_with('[') => Err(AddressError::Nodes),
        (_, Some((_, port))) if port.parse::<u16>().is_err() => Err(AddressError::Nodes),
        (_, Some(_)) => Ok(node.to_owned()),
        (_, None) => Ok(format!("{node}:2379")),
    }
}

fn read_login(text: &str) -> Result<Login, AddressError> {
    let (name, password) = text.split_once(':').unwrap_or((text, ""));
    let decoded = |text| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| AddressError::Login);
    let (name, password) = (decoded(name)?, decoded(password)?);
    if name.is_empty() { Err(AddressError::Login) } else { Ok(Login { name, password }) }
}

fn read_options(text: &str) -> Result<Option<Tls>, AddressError> {
    let (mut authority, mut certificate, mut key) = (None, None, None);
    for option in text.split('&').filter(|option| !option.is_empty()) {
        let unknown = || AddressError::Option(option.to_owned());
        let (name, value) = option.split_once('=').ok_or_else(unknown)?;
        let path = percent_decode_str(value).decode_utf8().map_err(|_| unknown())?;
        let place = match name {
            "cacert" => &mut authority,
            "cert" => &mut certificate,
            "key" => &mut key,
            _ => return Err(AddressError::Option(name.to_owned())),
        };
        *place = Some(PathBuf::from(path.as_ref()));
    }
    let certificate = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err(AddressError::Key),
    };
    let is_said = authority.is_some() || certificate.is_some();
    Ok(is_said.then_some(Tls { authority, certificate }))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls.is_some() { "etcds" } else { "etcd" };
        let user = self.login.as_ref().map(|login| format!("{}@", login.name)).unwrap_or_default();
        write!(f, "{scheme}://{user}{}/{}", self.nodes.join(","), self.namespace)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_says_something_else_is_refused() {
        let cases = [
            ("postgres://a", AddressError::Scheme),
            ("a:2379", AddressError::Scheme),
            ("etcd://", AddressError::Nodes),
            ("etcd://a,,b", AddressError::Nodes),
            ("etcd://:2379", AddressError::Nodes),
            ("etcd://a:port", AddressError::Nodes),
            ("etcd://:secret@a", AddressError::Login),
            ("etcd://%ff@a", AddressError::Login),
            ("etcd://a/b/c", AddressError::Namespace("b/c".into())),
            ("etcds://a?cert=c.pem", AddressError::Key),
            ("etcds://a?ca=c.pem", AddressError::Option("ca".into())),
            ("etcd://a?cacert=c.pem", AddressError::Plain),
        ];
        for (text, promised) in cases {
            assert_eq!(text.parse::<Address>().err(), Some(promised), "{text}");
        }
    }

    #[test]
    fn a_password_may_have_any_character_and_is_never_shown() {
        let address: Address = "etcd://club:p%40ss%3Aw@a/north".parse().unwrap();
        assert_eq!(address.login.as_ref().map(|login| login.password.as_str()), Some("p@ss:w"));
        assert!(!format!("{address} {address:?}").contains("p@ss"));
        assert!(!address.to_string().contains("p%40ss"));
    }
}
