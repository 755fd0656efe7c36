//! Looks at the service that need no browser: `/_status` of the admin app, which carries the API's.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::{Client, StatusCode};
use serde_json::Value;

use crate::http;
use crate::model::health::NOT_MENTIONED;
use crate::model::{FailureKind, Health, PartHealth, PortFailure};
use crate::port::Probe;

const LONGEST: Duration = Duration::from_secs(10);
const BODY_MAX: usize = 200;

/// The health page.
pub struct HealthProbe {
    http: Client,
    url: String,
    basic_auth: Option<(String, String)>,
    user_agent: String,
}

impl HealthProbe {
    /// The health page of the service at `base_url`.
    pub fn new(http: Client, base_url: &str, basic_auth: Option<(String, String)>, user_agent: &str) -> Self {
        Self { http, url: format!("{base_url}/_status"), basic_auth, user_agent: user_agent.to_owned() }
    }
}

#[async_trait]
impl Probe for HealthProbe {
    async fn look(&self) -> Result<Health, PortFailure> {
        let mut request = self.http.get(&self.url).header("user-agent", &self.user_agent).timeout(LONGEST);
        if let Some((username, password)) = &self.basic_auth {
            request = request.basic_auth(username, Some(password));
        }
        let sent = Timestamp::now();
        let answer = request.send().await.map_err(|error| unreached(&self.url, &error))?;
        let answered = Timestamp::now();
        let status = answer.status();
        let date = http::date(&answer);
        // Whatever is no small JSON object tells no version.
        let body = http::body(answer).await.unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Ok(Health {
            admin: admin(status, &body),
            api: api(status, &body),
            clock_offset_ms: date.map(|date| http::clock_offset_ms(date, sent, answered)),
            clock_error_ms: 500 + answered.duration_since(sent).as_millis().try_into().unwrap_or(i64::MAX / 2) / 2 + 1,
            date,
            refused: status == StatusCode::UNAUTHORIZED,
        })
    }
}

fn unreached(url: &str, error: &reqwest::Error) -> PortFailure {
    if let Some(why) = http::certificate_trouble(error) {
        return PortFailure::new(FailureKind::Tls, format!("{url} shows a certificate that is not trusted: {why}"));
    }
    let what = if error.is_timeout() {
        "does not answer in time"
    } else if error.is_connect() {
        "cannot be reached"
    } else {
        "answers with something that is no HTTP"
    };
    PortFailure::new(FailureKind::Unreachable, format!("{url} {what}"))
}

fn admin(status: StatusCode, body: &Value) -> PartHealth {
    // The admin app answers 500 with JSON of its own when the API does not answer it: then it is well itself. Whatever else
    // stands in its place, a page of somebody else or a page for maintenance, says nothing of it.
    let code = status.as_u16();
    if body.get("status").is_none() {
        return PartHealth { ok: false, version: format!("HTTP {code}, which is not its JSON") };
    }
    PartHealth { ok: true, version: version(body).unwrap_or_else(|| format!("HTTP {code}")) }
}

fn api(status: StatusCode, body: &Value) -> PartHealth {
    let own = body.get("api");
    match own.and_then(version) {
        Some(version) => PartHealth { ok: status.is_success(), version },
        None => {
            let message = body.get("message").and_then(Value::as_str).unwrap_or(NOT_MENTIONED);
            let version = message.chars().take(BODY_MAX).collect();
            let answers = body.get("status").is_some();
            PartHealth { ok: status.is_success() && own.is_none() && answers, version }
        }
    }
}

fn version(body: &Value) -> Option<String> {
    let field = |name| body.get(name).and_then(Value::as_str);
    let text = [field("git_commit"), field("build_time"), field("db_version")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    (!text.is_empty()).then(|| text.chars().take(BODY_MAX).collect())
}
