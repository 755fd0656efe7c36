//! What was known of earlier runs when a run began: a failing report tells what is different since it last passed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Expectation, MessageKind, Plan, StepKind, Template, Verdict};

/// Earlier runs, as far as they are kept where this one was made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Since {
    /// The newest run of this environment that passed with the same scenarios.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<LastPassed>,
    /// Codes that our runs have asked for and not used, and that still live.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub codes_unused: u32,
    /// Messages of the last run that came once more after it had ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<LateCopy>,
    /// Runs of this environment that nobody works on any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<LeftRun>,
    /// The newest run of every other environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Elsewhere>,
}

/// A run that passed, and what can be compared with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastPassed {
    pub run: String,
    /// When it was over.
    pub at: Timestamp,
    /// Name of a thing, and how it was then.
    pub facets: BTreeMap<String, String>,
}

/// A run that nobody works on any more, and that had not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftRun {
    pub run: String,
    /// For when its job was scheduled, by the service's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_due: Option<Timestamp>,
    /// It was ended by the run that found it.
    pub ended: bool,
}

/// Messages of an earlier run that came once more after it had ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateCopy {
    pub run: String,
    /// The scenario that had asked for them.
    pub scenario: String,
    /// They are of a list; otherwise it is the service's own mail.
    pub of_list: bool,
    pub kind: MessageKind,
    pub count: u32,
}

/// How another environment did last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    pub environment: String,
    pub verdict: Verdict,
    pub at: Timestamp,
}

impl std::fmt::Display for LateCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match (self.of_list, self.kind) {
            (false, _) => "mail(s) with its link",
            (true, MessageKind::Email) => "mail(s) of its list",
            (true, MessageKind::Sms) => "text(s) of its list",
        };
        write!(f, "{} more {what} came after the end", self.count)
    }
}

impl Plan {
    /// Whether the service is on this machine: a sandbox, or something that somebody works at.
    pub fn is_local(&self) -> bool {
        self.base_url.starts_with("http://")
    }

    /// What of a plan may differ from one run to the next.
    pub fn facets(&self) -> BTreeMap<String, String> {
        let mut facets = BTreeMap::new();
        let mut add = |name: &str, value: String| {
            if !value.is_empty() {
                facets.insert(name.to_owned(), value);
            }
        };
        // A sandbox has another port each time.
        if !self.is_local() {
            add("address", self.base_url.clone());
        }
        add("mail sender", self.email_sender.clone());
        add("text sender", self.sms_sender.clone());
        // One for each scenario: another run may have had more of them.
        for step in &self.steps {
            if let StepKind::Expect { expect: Expectation::Page(page), assumes: Some(_), .. } = &step.kind {
                let text = page.text.as_ref().map(Template::to_string).unwrap_or_default();
                add(&format!("template of {}", self.scenario_of(step.id).id), text);
            }
        }
        facets
    }
}
