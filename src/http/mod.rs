//! HTTP for looks that need no browser: one client set-up, and answers that are read up to a limit only.

mod proxy;

pub use proxy::Proxy;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, ClientBuilder, Response};

/// Of an answer's body, no look needs more.
const BODY_BYTES_MAX: usize = 4 << 20;
const CONNECT: Duration = Duration::from_secs(5);

/// Why an answer's body could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoBody {
    /// It is larger than any look needs.
    TooLarge,
    /// The connection broke, or the time was over.
    Broken,
}

/// A client whose requests take at most `longest`, that follows no redirect, and that trusts the authorities in the PEM
/// file `ca_file` besides the usual ones.
///
/// # Errors
/// One sentence: the file cannot be used, or no client can be made.
pub fn client(longest: Duration, ca_file: Option<&Path>) -> Result<Client, String> {
    let mut builder = builder(longest);
    for certificate in ca_file.map(authorities).transpose()?.unwrap_or_default() {
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| format!("No HTTP client can be made: {error}."))
}

fn builder(longest: Duration) -> ClientBuilder {
    Client::builder()
        .timeout(longest)
        .connect_timeout(CONNECT.min(longest))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .proxy(reqwest::Proxy::custom(through))
        .tls_info(true)
}

/// The proxy for an address, with its credentials, as the client takes it.
fn through(address: &url::Url) -> Option<url::Url> {
    let Proxy { mut url, credentials } = Proxy::of(address)?;
    if let Some((name, password)) = credentials {
        url.set_username(&name).ok()?;
        url.set_password(Some(&password)).ok()?;
    }
    Some(url)
}

fn authorities(file: &Path) -> Result<Vec<reqwest::Certificate>, String> {
    let wrong = |why: String| format!("The ca-file {} cannot be used: {why}.", file.display());
    let pem = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    let found = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| wrong(error.to_string()))?;
    if found.is_empty() { Err(wrong("it holds no certificate in PEM form".to_owned())) } else { Ok(found) }
}

/// The body of an answer.
///
/// # Errors
/// [`NoBody`].
pub async fn body(mut answer: Response) -> Result<Vec<u8>, NoBody> {
    let mut bytes = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > BODY_BYTES_MAX => return Err(NoBody::TooLarge),
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return Ok(bytes),
            Err(_) => return Err(NoBody::Broken),
        }
    }
}

/// What the server's clock said when it answered: its `Date` header, which has whole seconds.
pub fn date(answer: &Response) -> Option<Timestamp> {
    // An answer that a cache kept tells of another time. Source: RFC 9111, 5.1.
    if answer.headers().get("age").is_some_and(|age| age != "0") {
        return None;
    }
    answer.headers().get("date").and_then(|date| date.to_str().ok()).and_then(http_date)
}

/// A time as HTTP writes it.
pub fn http_date(text: &str) -> Option<Timestamp> {
    Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp())
}

/// How far a server's clock is ahead of this machine's, in milliseconds, as its last answer told; its copies share it.
#[derive(Debug, Clone, Default)]
pub struct ServerClock(Arc<Mutex<Option<i64>>>);

impl ServerClock {
    /// An answer to what was sent at one time came at another, with this `Date`.
    pub fn told(&self, date: Timestamp, sent: Timestamp, answered: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock_offset_ms(date, sent, answered));
    }

    /// Nothing before the first answer.
    pub fn offset_ms(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now, by that clock; by this machine's before the first answer.
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.offset_ms().unwrap_or(0));
        Timestamp::now().saturating_add(ahead).unwrap_or(Timestamp::MAX)
    }
}

/// How far a server's clock is ahead of this machine's, in milliseconds. Its `Date` has whole seconds, cut off: on average it
/// is half a second behind.
pub fn clock_offset_ms(date: Timestamp, sent: Timestamp, answered: Timestamp) -> i64 {
    let middle = sent.as_millisecond().midpoint(answered.as_millisecond());
    date.as_millisecond() + 500 - middle
}

/// What an error says of the server's certificate, if that is what it is about.
pub fn certificate_trouble(error: &reqwest::Error) -> Option<String> {
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    let mut last = None;
    // Error chains are short; a longer one is a circle.
    for _ in 0..16 {
        let Some(inner) = cause else { break };
        last = Some(inner.to_string()).filter(|text| text.contains("certificate")).or(last);
        cause = inner.source();
    }
    last
}
