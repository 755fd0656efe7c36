//! Commit statuses. Source: <https://docs.github.com/en/rest/commits/statuses#create-a-commit-status>.

use reqwest::Client;
use serde_json::json;

use super::{TRY_LONGEST, Untold, cut, send};
use crate::http;
use crate::model::outcome::State;

/// GitHub takes so many characters of a description.
const DESCRIPTION_MAX: usize = 140;

/// Where statuses are set: one commit of one repository.
pub struct Statuses {
    client: Client,
    url: String,
    token: String,
}

/// One status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub state: State,
    /// One for each profile of each environment.
    pub context: String,
    pub description: String,
    /// Where more of it stands; empty where nothing does.
    pub target_url: String,
}

impl Statuses {
    /// At `commit` of `repository`, such as `GSA/notifications-api`; `api` is where GitHub's API is.
    ///
    /// # Errors
    /// [`Untold`] where the names are none, or no client can be made.
    pub fn at(api: &str, repository: &str, commit: &str, token: &str) -> Result<Self, Untold> {
        if !is_repository(repository) || commit.is_empty() || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Untold("the repository or the commit has no name that GitHub would give".to_owned()));
        }
        let client = http::client(TRY_LONGEST, None).map_err(Untold)?;
        let url = format!("{}/repos/{repository}/statuses/{commit}", api.trim_end_matches('/'));
        Ok(Self { client, url, token: token.to_owned() })
    }

    /// Sets a status in the place of the one before it.
    ///
    /// # Errors
    /// [`Untold`].
    pub async fn set(&self, status: &Status) -> Result<(), Untold> {
        let mut body = json!({
            "state": status.state.name(),
            "context": status.context,
            "description": cut(&status.description, DESCRIPTION_MAX),
        });
        if !status.target_url.is_empty() {
            body["target_url"] = status.target_url.clone().into();
        }
        let request = || {
            self.client
                .post(&self.url)
                .bearer_auth(&self.token)
                .header("accept", "application/vnd.github+json")
                .header("x-github-api-version", "2022-11-28")
                .header("user-agent", concat!("notify-smoke/", env!("CARGO_PKG_VERSION")))
                .header("content-type", "application/json")
                .body(body.to_string())
        };
        send("GitHub", &request).await
    }
}

/// Owner and name, of which neither leads anywhere else.
fn is_repository(repository: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with('.')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    repository.split_once('/').is_some_and(|(owner, name)| is_name(owner) && is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        assert!(is_repository("GSA/notifications-api"));
        for repository in ["GSA", "a/../b", "a/b/c", "a/.b", "/b", "a/", "a/b c"] {
            assert!(!is_repository(repository), "{repository}");
        }
        for commit in ["", "../x", "8c2bd29/../.."] {
            assert!(Statuses::at("https://api.example", "a/b", commit, "t").is_err(), "{commit:?}");
        }
        assert_eq!(cut(&"x".repeat(200), DESCRIPTION_MAX).chars().count(), 140);
    }
}
