//! Which proxy a request goes through: one policy for browser, HTTP, S3 and STS, by the usual variables (`HTTPS_PROXY`,
//! `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, in capitals or small letters). Loopback never goes through one.

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use crate::model::environment::is_loopback;

/// A proxy that stands between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Scheme, host and port.
    pub url: Url,
    /// Name and password, where the variable holds them.
    pub credentials: Option<(String, String)>,
}

impl Proxy {
    /// The proxy for this address, if there is one.
    pub fn of(address: &Url) -> Option<Self> {
        if is_loopback(address) {
            return None;
        }
        let intercept = Matcher::from_env().intercept(&address.as_str().parse().ok()?)?;
        let url = Url::parse(&intercept.uri().to_string()).ok()?;
        let of_url = intercept.raw_auth().map(|(name, password)| (name.to_owned(), password.to_owned()));
        let by_header = || intercept.basic_auth().map(|_| (String::new(), String::new()));
        Some(Self { url, credentials: of_url.or_else(by_header) })
    }

    /// Why not everything that we ask can go through it, and what would mend that.
    pub fn unusable(&self) -> Option<(&'static str, &'static str)> {
        if self.credentials.is_some() {
            // Chromium asks for them in a dialog of its own.
            let why = "asks for a name and a password, and the browser has nobody to type them";
            return Some((why, "Use one without, or add the service's host to NO_PROXY."));
        }
        // The AWS SDK's client knows no other kind: mailbox and browser would go two ways.
        let why = "speaks SOCKS, which the AWS client cannot";
        let is_http = matches!(self.url.scheme(), "http" | "https");
        (!is_http).then_some((why, "Name an HTTP proxy in HTTPS_PROXY, or add the service's host to NO_PROXY."))
    }

    /// Scheme, host and port, for people and for a browser.
    pub fn address(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{host}{port}", self.url.scheme())
    }
}
