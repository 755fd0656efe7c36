//! The sandbox beside a run: started as a child and ended with it, or one that runs already.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::model::environment::SandboxSettings;
use crate::process::{Keeper, Kept};

const READY_LONGEST: Duration = Duration::from_mins(1);

/// A running sandbox.
pub(super) struct Sandbox {
    child: Option<Kept>,
    /// The ready line, each value as text.
    pub(super) values: BTreeMap<String, String>,
}

/// How to start one.
pub(super) struct Start<'a> {
    pub(super) settings: SandboxSettings,
    pub(super) faults: &'a [String],
    pub(super) seed: u64,
    pub(super) basic_auth: bool,
}

impl Sandbox {
    /// Starts one as a child.
    pub(super) async fn start(keeper: &Keeper, start: &Start<'_>) -> Result<Self, String> {
        let program = keeper.program();
        let mut arguments = vec!["sandbox".to_owned(), "--time-scale".to_owned()];
        arguments.push(start.settings.time_scale.to_string());
        arguments.extend(["--slots".to_owned(), format!("{}ms", start.settings.slots_ms)]);
        arguments.extend(["--seed".to_owned(), start.seed.to_string()]);
        for fault in start.faults {
            arguments.extend(["--fault".to_owned(), fault.clone()]);
        }
        if !start.basic_auth {
            arguments.push("--no-basic-auth".to_owned());
        }
        let cannot = |why: String| format!("The sandbox does not start: {why}. Try `notify-smoke sandbox` by hand.");
        let mut child = keeper.start(program, &arguments).map_err(|error| cannot(error.to_string()))?;
        let output = child.output().ok_or_else(|| cannot("it has no output".to_owned()))?;
        let mut lines = BufReader::new(output).lines();
        let line = tokio::time::timeout(READY_LONGEST, lines.next_line()).await;
        let line = match line {
            Ok(Ok(Some(line))) => line,
            Ok(_) => {
                child.end().await;
                return Err(cannot("it ended before it was ready".to_owned()));
            }
            Err(_) => {
                child.end().await;
                return Err(cannot(format!("it is not ready after {} s", READY_LONGEST.as_secs())));
            }
        };
        // A child that cannot start says why on the same line.
        match values(&line) {
            Some(values) => Ok(Self { child: Some(child), values }),
            None => {
                child.end().await;
                Err(line)
            }
        }
    }

    /// Uses the one whose control endpoint is at `url`, and switches faults on there if any are given.
    pub(super) async fn join(url: &str, faults: &[String]) -> Result<Self, String> {
        let cannot =
            |why: String| format!("There is no sandbox at {url}: {why}. Give the control_url of its ready line.");
        let url = url.trim_end_matches('/');
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build()
            .map_err(|error| cannot(error.to_string()))?;
        let answer = http
            .get(format!("{url}/control/ready"))
            .send()
            .await
            .map_err(|_| cannot("it does not answer".to_owned()))?;
        let text = answer.text().await.map_err(|error| cannot(error.to_string()))?;
        let values = values(&text).ok_or_else(|| cannot("it answers with something else".to_owned()))?;
        if !faults.is_empty() {
            let set = http
                .put(format!("{url}/control/faults"))
                .json(faults)
                .send()
                .await
                .map_err(|error| cannot(error.to_string()))?;
            if !set.status().is_success() {
                return Err(set.text().await.unwrap_or_default());
            }
        }
        Ok(Self { child: None, values })
    }

    /// Ends it, if it was started here.
    pub(super) async fn end(self) {
        if let Some(child) = self.child {
            child.end().await;
        }
    }
}

fn values(line: &str) -> Option<BTreeMap<String, String>> {
    let Value::Object(object) = serde_json::from_str(line).ok()? else { return None };
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Some(object.into_iter().map(|(name, value)| (name, text(value))).collect())
}
