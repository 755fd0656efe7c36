//! The certificate that the service shows: whether it is trusted, and how long it is good for.

use jiff::{SignedDuration, Timestamp};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{Finding, LOOK_LONGEST, Look};
use crate::config::Resolved;
use crate::http;

const NAME: &str = "certificate";
/// With fewer days left, somebody should see to it.
const DAYS_MIN: i64 = 14;

/// Looks at it with a request of its own.
pub(super) async fn look(resolved: &Resolved) -> Look {
    if !resolved.target.base_url.starts_with("https:") {
        return Look::ok(NAME, "none needed: the service is on this machine");
    }
    let client = match http::client(LOOK_LONGEST, resolved.ca_file.as_deref()) {
        Ok(client) => client,
        Err(why) => return Look::new(NAME, Finding::Fail, why, ""),
    };
    let answer = match client.head(format!("{}/_status?simple=1", resolved.target.base_url)).send().await {
        Ok(answer) => answer,
        Err(error) => {
            return match http::certificate_trouble(&error) {
                Some(why) => Look::new(
                    NAME,
                    Finding::Fail,
                    format!("not trusted: {why}"),
                    "Have it renewed; for an authority of your own, name its PEM file as `ca-file`.",
                ),
                None => Look::new(NAME, Finding::Unknown, "the service could not be reached", ""),
            };
        }
    };
    let info = answer.extensions().get::<reqwest::tls::TlsInfo>();
    let expiry = info.and_then(reqwest::tls::TlsInfo::peer_certificate).and_then(expiry);
    match expiry {
        None => Look::new(NAME, Finding::Unknown, "trusted; its last day could not be read", ""),
        Some(expiry) => judged(expiry, Timestamp::now()),
    }
}

fn expiry(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

fn judged(expiry: Timestamp, now: Timestamp) -> Look {
    let days = expiry.duration_since(now).as_hours() / 24;
    let said = format!("trusted, good for {days} days more (until {})", expiry.strftime("%F"));
    if expiry.duration_since(now) < SignedDuration::from_hours(24 * DAYS_MIN) {
        Look::new(NAME, Finding::Warn, said, "Have it renewed.")
    } else {
        Look::ok(NAME, said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fortnight_before_its_end_it_is_a_warning() {
        let now: Timestamp = "2026-11-22T00:00:00Z".parse().expect("a time");
        let in_days = |days: i64| judged(now + SignedDuration::from_hours(24 * days), now);
        assert_eq!(in_days(13).finding, Finding::Warn);
        assert_eq!(in_days(14).finding, Finding::Ok);
        assert_eq!(in_days(90).said, "trusted, good for 90 days more (until 2027-02-20)");
    }
}
