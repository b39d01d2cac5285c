//! One request after the other: limits, redirects, credentials, what is kept of earlier answers.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use ureq::Agent;
use ureq::http::{HeaderMap, Response};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use url::Url;

use super::auth::Token;
use super::kept::{Kept, Shelf};
use super::{Auth, HttpError};

/// So many times an answer may point elsewhere.
const REDIRECTS: usize = 5;

/// How a source is asked.
///
/// ```
/// use std::time::Duration;
/// use tripartite_sources::http::{Asking, Auth, Secret};
/// let asking = Asking::default()
///     .auth(Auth::Bearer(Secret::env("CLUB_TOKEN")))
///     .per_second(5.0)
///     .time_out(Duration::from_secs(20));
/// ```
#[derive(Debug, Clone)]
pub struct Asking {
    auth: Auth,
    time_out: Duration,
    limit: u64,
    per_second: Option<f64>,
    patience: Duration,
    authority: Option<PathBuf>,
    kept_in: Option<PathBuf>,
    headers: Vec<(String, String)>,
}

impl Default for Asking {
    /// Nobody in particular, 60 s for an answer, 64 MiB a page, as fast as it goes, and no wait for a source that is asked too
    /// often.
    fn default() -> Self {
        Self {
            auth: Auth::Nobody,
            time_out: Duration::from_secs(60),
            limit: 64 << 20,
            per_second: None,
            patience: Duration::ZERO,
            authority: None,
            kept_in: None,
            headers: Vec::new(),
        }
    }
}

impl Asking {
    /// Who asks.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// How long a whole answer may take, and, of this, a connection at most 10 s.
    #[must_use]
    pub fn time_out(mut self, time_out: Duration) -> Self {
        self.time_out = time_out;
        self
    }

    /// How many bytes a page may have, unpacked.
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// How many requests a second are sent at most.
    #[must_use]
    pub fn per_second(mut self, requests: f64) -> Self {
        self.per_second = Some(requests);
        self
    }

    /// How long one page is waited for in all while the source answers 429 or 503: as long as it asks to, or 1, 2, 4, ... seconds
    /// if it does not say. A source that asks for more fails at once, to be tried again after that time. The next try then begins
    /// with the first page, so a source of many pages that says 429 now and then needs some patience.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// A file of certificates (PEM): servers are believed if one of these says who they are, and nobody else.
    #[must_use]
    pub fn authority(mut self, pem: impl Into<PathBuf>) -> Self {
        self.authority = Some(pem.into());
        self
    }

    /// A folder in which answers are kept that have an entity tag or a date. The next time the source is asked whether they
    /// have changed, and one that has not need not be sent. The folder holds what the records hold.
    #[must_use]
    pub fn kept_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.kept_in = Some(folder.into());
        self
    }

    /// A header for each request, such as `Accept`.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(super) fn has_accept(&self) -> bool {
        self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("accept"))
    }
}

/// Sends requests.
pub(crate) struct Client {
    agent: Agent,
    asking: Asking,
    token: Token,
    last: Mutex<Option<Instant>>,
    shelf: Option<Shelf>,
}

/// An answer with status 200.
pub(crate) struct Answer {
    pub(super) url: Url,
    pub(super) links: Vec<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl Client {
    pub(crate) fn new(asking: Asking) -> Result<Self, HttpError> {
        let mut tls = TlsConfig::builder();
        if let Some(path) = &asking.authority {
            tls = tls.root_certs(authority(path)?);
        }
        let time_out = asking.time_out;
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(time_out.min(Duration::from_secs(10))))
            .timeout_global(Some(time_out))
            .user_agent(concat!("tripartite-sources/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build())
            .build()
            .new_agent();
        let shelf = asking.kept_in.as_ref().map(|folder| Shelf::of(folder)).transpose()?;
        Ok(Self { agent, asking, token: Token::default(), last: Mutex::default(), shelf })
    }

    /// The answer of an address, within its origin, as soon as the source gives one.
    pub(crate) fn get(&self, url: &Url) -> Result<Answer, HttpError> {
        let (mut left, mut pause) = (self.asking.patience, Duration::from_secs(1));
        loop {
            let refused = match self.once(url) {
                Err(refused) => refused,
                answer => return answer,
            };
            let asked = match &refused {
                HttpError::Status { is_limit: true, after, .. } => after.unwrap_or(pause),
                HttpError::Status { status: 503, after: Some(after), .. } => *after,
                _ => return Err(refused),
            };
            // A source may ask for no time at all, again and again.
            let wait = asked.max(Duration::from_millis(100));
            let Some(rest) = left.checked_sub(wait) else { return Err(refused) };
            std::thread::sleep(wait);
            (left, pause) = (rest, pause * 2);
        }
    }

    fn once(&self, url: &Url) -> Result<Answer, HttpError> {
        let mut at = url.clone();
        let mut renewed = false;
        for _ in 0..=REDIRECTS {
            let kept = self.shelf.as_ref().and_then(|shelf| shelf.get(&at));
            let response = self.send(&at, kept.as_ref())?;
            let status = response.status().as_u16();
            match status {
                200 => return self.read(at, response),
                304 => {
                    if let Some(kept) = kept {
                        return Ok(kept.answer(at));
                    }
                    return Err(refused(&at, status, response.headers()));
                }
                301 | 302 | 303 | 307 | 308 => {
                    let to = text(response.headers(), "location");
                    let to = to.and_then(|to| at.join(to).ok());
                    at = within(url, to.ok_or_else(|| refused(&at, status, response.headers()))?)?;
                }
                401 if self.asking.auth.renews() && !renewed => {
                    renewed = true;
                    self.token.forget();
                }
                _ => return Err(refused(&at, status, response.headers())),
            }
        }
        Err(HttpError::NoAnswer { url: shown(url), problem: "it points elsewhere again and again".to_owned() })
    }

    fn send(&self, url: &Url, kept: Option<&Kept>) -> Result<Response<ureq::Body>, HttpError> {
        let mut request = self.agent.get(url.as_str());
        if !self.asking.has_accept() {
            request = request.header("accept", "application/json, */*;q=0.5");
        }
        for (name, value) in &self.asking.headers {
            request = request.header(name, value);
        }
        if let Some((name, value)) = self.asking.auth.header(self, &self.token)? {
            request = request.header(name, value);
        }
        for (name, value) in kept.into_iter().flat_map(Kept::conditions) {
            request = request.header(name, value);
        }
        self.wait();
        request.call().map_err(|error| no_answer(url, &error))
    }

    fn read(&self, url: Url, mut response: Response<ureq::Body>) -> Result<Answer, HttpError> {
        let limit = self.asking.limit;
        let mut body = Vec::new();
        // One byte more than the limit tells a body that fits exactly from one that does not.
        let read = response.body_mut().with_config().limit(limit + 1).reader().take(limit + 1).read_to_end(&mut body);
        let cut_off = |error: std::io::Error| HttpError::NoAnswer {
            url: shown(&url),
            problem: format!("its answer is cut off after {} bytes: {error}", body.len()),
        };
        if body.len() as u64 > limit {
            return Err(HttpError::TooLarge { url: shown(&url), limit });
        }
        read.map_err(cut_off)?;
        let headers = response.headers();
        let links = headers.get_all("link").iter().filter_map(|link| Some(link.to_str().ok()?.to_owned())).collect();
        let pair = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let answer = Answer { url, links, headers: headers.iter().filter_map(pair).collect(), body };
        if let Some(shelf) = &self.shelf {
            shelf.put(&answer)?;
        }
        Ok(answer)
    }

    pub(super) fn post_form(
        &self,
        url: &str,
        form: &[(&str, &str)],
        authorization: &str,
    ) -> Result<Vec<u8>, HttpError> {
        let at = address(url)?;
        self.wait();
        let request = self.agent.post(url).header("authorization", authorization).header("accept", "application/json");
        let sent = request.send_form(form.iter().copied());
        let mut response = sent.map_err(|error| no_answer(&at, &error))?;
        let status = response.status().as_u16();
        if status != 200 {
            // A wrong client is refused with 400, too (RFC 6749, section 5.2).
            let status = if status == 400 { 401 } else { status };
            return Err(refused(&at, status, response.headers()));
        }
        response.body_mut().with_config().limit(1 << 20).read_to_vec().map_err(|error| no_answer(&at, &error))
    }

    /// Waits until the next request may be sent.
    fn wait(&self) {
        let Some(per_second) = self.asking.per_second.filter(|it| *it > 0.0) else { return };
        let gap = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::ZERO);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = *last {
            std::thread::sleep(gap.saturating_sub(last.elapsed()));
        }
        *last = Some(Instant::now());
    }
}

fn authority(path: &Path) -> Result<RootCerts, HttpError> {
    let problem = |problem: String| HttpError::Setting(format!("the certificates in {}: {problem}", path.display()));
    let pem = std::fs::read(path).map_err(|error| problem(error.to_string()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| problem(error.to_string()))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() { Err(problem("there are none".to_owned())) } else { Ok(certificates.into()) }
}

/// An address of a source.
pub(crate) fn address(text: &str) -> Result<Url, HttpError> {
    let url = Url::parse(text).map_err(|error| HttpError::Setting(format!("the address of the source: {error}")))?;
    match url.scheme() {
        "http" | "https" if url.username().is_empty() && url.password().is_none() => Ok(url),
        "http" | "https" => Err(HttpError::Setting("an address has no password; state it as a secret".to_owned())),
        other => Err(HttpError::Setting(format!("the address of the source begins with `{other}`, not with https"))),
    }
}

/// An address of the same origin, or an error: another one gets no credential.
pub(super) fn within(of: &Url, to: Url) -> Result<Url, HttpError> {
    if of.origin() == to.origin() {
        return Ok(to);
    }
    Err(HttpError::Origin { url: shown(of), to: to.origin().ascii_serialization() })
}

/// An address as messages show it: a query may have a key or a person in it.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

fn no_answer(url: &Url, error: &ureq::Error) -> HttpError {
    let problem = match error {
        ureq::Error::Timeout(_) => "it takes too long".to_owned(),
        ureq::Error::HostNotFound => "there is no such host".to_owned(),
        error => error.to_string(),
    };
    HttpError::NoAnswer { url: shown(url), problem }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn refused(url: &Url, status: u16, headers: &HeaderMap) -> HttpError {
    let number = |name: &str| text(headers, name)?.trim().parse::<u64>().ok();
    let is_spent = ["x-ratelimit-remaining", "ratelimit-remaining"].into_iter().any(|name| number(name) == Some(0));
    let is_limit = status == 429 || status == 403 && is_spent;
    HttpError::Status { url: shown(url), status, after: wait_of(headers, is_limit), is_limit }
}

/// How long the source asks to wait: by `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3), or by when its
/// limit starts anew.
fn wait_of(headers: &HeaderMap, is_limit: bool) -> Option<Duration> {
    let until = |at: SystemTime| at.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO);
    if let Some(stated) = text(headers, "retry-after") {
        let seconds = stated.trim().parse().ok().map(Duration::from_secs);
        return seconds.or_else(|| httpdate::parse_http_date(stated).ok().map(until));
    }
    let reset = ["ratelimit-reset", "x-ratelimit-reset"].into_iter().filter(|_| is_limit);
    let reset: u64 = reset.filter_map(|name| text(headers, name)?.trim().parse().ok()).next()?;
    // Some state a span, others a point in time, in seconds since 1970.
    const AGES: u64 = 1_000_000_000;
    let is_span = reset < AGES;
    Some(if is_span { Duration::from_secs(reset) } else { until(SystemTime::UNIX_EPOCH + Duration::from_secs(reset)) })
}
