//! Telling others: bounded tries, and nothing of it changes a verdict.

mod slack;
mod status;

pub use slack::{Message, Slack};
pub use status::{Status, Statuses};

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode};

use crate::http;
use crate::reading::one_line;

/// One try takes no longer.
const TRY_LONGEST: Duration = Duration::from_secs(10);
const TRIES_MAX: u32 = 3;
/// Between tries, where the other side does not say for how long.
const PAUSE: Duration = Duration::from_secs(1);
/// Whoever asks for a longer pause is not told.
const PAUSE_LONGEST: Duration = Duration::from_secs(10);
/// So much of an answer is said.
const SAID_MAX: usize = 200;

/// Why it could not be told, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold(pub String);

/// The page of the job that this program runs in, where it runs in GitHub Actions.
pub fn job_page() -> Option<String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (server, repository) = variable("GITHUB_SERVER_URL").zip(variable("GITHUB_REPOSITORY"))?;
    Some(format!("{server}/{repository}/actions/runs/{}", variable("GITHUB_RUN_ID")?))
}

/// A text of so many characters at the most.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// Sends a request until it is taken, three times at the most. `whom` is who is told; the address may be a secret.
///
/// # Errors
/// [`Untold`].
async fn send(whom: &str, request: &(dyn Fn() -> RequestBuilder + Sync)) -> Result<(), Untold> {
    let mut why = String::new();
    for number in 1..=TRIES_MAX {
        let pause = match request().timeout(TRY_LONGEST).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => {
                let status = answer.status();
                let after = answer.headers().get("retry-after").and_then(|after| after.to_str().ok());
                let after = after.and_then(|after| after.parse().ok()).map(Duration::from_secs);
                let body = http::body(answer).await.unwrap_or_default();
                let said: String = String::from_utf8_lossy(&body).chars().take(SAID_MAX).collect();
                why = format!("{whom} answered {}: {}", status.as_u16(), one_line(&said));
                if status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error() {
                    break;
                }
                after.unwrap_or(PAUSE)
            }
            Err(error) => {
                // Its own words would show the address.
                let what = if error.is_timeout() {
                    "did not answer in time"
                } else if error.is_connect() {
                    "cannot be reached"
                } else {
                    "broke the connection off"
                };
                why = format!("{whom} {what}");
                PAUSE
            }
        };
        if pause > PAUSE_LONGEST {
            why = format!("{why}; it wants {} s of rest", pause.as_secs());
            break;
        }
        if number < TRIES_MAX {
            tokio::time::sleep(pause).await;
        }
    }
    Err(Untold(why))
}
