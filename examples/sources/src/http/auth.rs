//! How a client says who it is.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::client::Client;
use super::{HttpError, Secret};

/// A token is renewed so long before it ends.
const MARGIN: Duration = Duration::from_secs(30);

/// A token whose end nobody states is used for so long.
const UNSTATED: u64 = 300;

/// How a client says who it is.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Auth {
    /// It does not.
    #[default]
    Nobody,
    /// A bearer token (RFC 6750).
    Bearer(Secret),
    /// A name and a password (RFC 7617).
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A key in a header of this name.
    Key {
        /// The header.
        header: String,
        /// The key.
        key: Secret,
    },
    /// Client credentials of OAuth 2 (RFC 6749, section 4.4). The token is asked for when it is needed, and renewed when
    /// it ends or is refused.
    OAuth {
        /// The address that gives tokens.
        token_url: String,
        /// The client's id.
        client_id: String,
        /// The client's secret.
        client_secret: Secret,
        /// What it wants to do, if the source asks for it.
        scope: Option<String>,
    },
}

/// A token, and until when it is good.
#[derive(Default)]
pub(super) struct Token(Mutex<Option<(String, Instant)>>);

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<serde_json::Value>,
}

impl Auth {
    /// The header that says it.
    pub(super) fn header(&self, client: &Client, token: &Token) -> Result<Option<(String, String)>, HttpError> {
        let authorization = |value: String| Ok(Some(("authorization".to_owned(), value)));
        match self {
            Self::Nobody => Ok(None),
            Self::Bearer(secret) => authorization(format!("Bearer {}", secret.read()?)),
            Self::Basic { user, password } => {
                authorization(format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.read()?))))
            }
            Self::Key { header, key } => Ok(Some((header.clone(), key.read()?))),
            Self::OAuth { .. } => authorization(format!("Bearer {}", self.token(client, token)?)),
        }
    }

    /// Whether a refusal may be because a token has ended before its time.
    pub(super) fn renews(&self) -> bool {
        matches!(self, Self::OAuth { .. })
    }

    fn token(&self, client: &Client, token: &Token) -> Result<String, HttpError> {
        let mut held = token.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, until)) = &*held
            && *until > Instant::now()
        {
            return Ok(token.clone());
        }
        let Self::OAuth { token_url, client_id, client_secret, scope } = self else { return Ok(String::new()) };
        let mut form = vec![("grant_type", "client_credentials")];
        if let Some(scope) = scope {
            form.push(("scope", scope));
        }
        // The name and the password are encoded as a form before they are Basic (RFC 6749, section 2.3.1).
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic = STANDARD.encode(format!("{}:{}", encoded(client_id), encoded(&client_secret.read()?)));
        let body = client.post_form(token_url, &form, &format!("Basic {basic}"))?;
        let no_token = || HttpError::NoAnswer { url: token_url.clone(), problem: "its answer has no token".to_owned() };
        let granted: Granted = serde_json::from_slice(&body).map_err(|_| no_token())?;
        let seconds = granted.expires_in.and_then(|it| it.as_u64().or_else(|| it.as_str()?.parse().ok()));
        let good = Duration::from_secs(seconds.unwrap_or(UNSTATED)).saturating_sub(MARGIN);
        // A token of a few seconds is good for one request at least.
        let until = Instant::now() + good.max(Duration::from_secs(1)).min(Duration::from_secs(86_400));
        *held = Some((granted.access_token.clone(), until));
        Ok(granted.access_token)
    }
}

impl Token {
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
