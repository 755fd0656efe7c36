//! Known issues that are kept elsewhere, and read anew by each run: what is known today need not be in the commit that is tested.

use std::io::Read as _;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::known_issues;
use crate::http;
use crate::model::KnownIssue;
use crate::model::environment::is_loopback;
use crate::reading::one_line;
use crate::yaml::Source;

const ASK_LONGEST: Duration = Duration::from_secs(10);
/// A list of known issues is short.
const BYTES_MAX: u64 = 1 << 20;

/// What counts as known by a file, or by what is at an address.
///
/// # Errors
/// One sentence: then none of it counts.
pub async fn known(at: &str) -> Result<Vec<KnownIssue>, String> {
    let bytes = if at.starts_with("https://") || at.starts_with("http://") { fetched(at).await? } else { read(at)? };
    let text = String::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?;
    let source = Source { name: one_line(at), text };
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    known_issues(&source, today).map_err(|problems| {
        problems.first().map(|problem| format!("{}. {}", problem.what, problem.mend)).unwrap_or_default()
    })
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > BYTES_MAX {
        Err("it is longer than any list of known issues".to_owned())
    } else {
        Ok(bytes)
    }
}

async fn fetched(address: &str) -> Result<Vec<u8>, String> {
    let url = url::Url::parse(address).map_err(|error| error.to_string())?;
    if url.scheme() != "https" && !is_loopback(&url) {
        return Err("its address does not begin with https://".to_owned());
    }
    let answer = http::client(ASK_LONGEST, None)?.get(url).send().await;
    let answer = answer.map_err(|error| {
        if error.is_timeout() { "it did not answer in time".to_owned() } else { "it cannot be reached".to_owned() }
    })?;
    if !answer.status().is_success() {
        return Err(format!("its address answered {}", answer.status().as_u16()));
    }
    http::body(answer).await.map_err(|_| "it broke off".to_owned())
}
