//! One behaviour of the service in the words of its users.

use serde::{Deserialize, Serialize};

use super::{Component, Template};

/// One scenario file.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The file's stem.
    pub id: String,
    pub name: String,
    /// What the run book says, word for word.
    pub runbook: String,
    pub steps: Vec<Step>,
}

/// One step of a scenario file.
#[derive(Debug, Clone)]
pub enum Step {
    Act(Act),
    Expect(Expect),
}

/// Something to do. `Visit` and `Fill` only prepare and may be repeated; `Press` is done once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Go to a path of the service, or to a link that was captured.
    Visit(Template),
    /// Type into the fields with these labels, replacing what is there.
    Fill(Vec<(String, Template)>),
    /// Press the button with this text.
    Press(String),
}

impl Act {
    /// Whether doing it twice could cause something twice.
    pub fn is_once(&self) -> bool {
        match self {
            Self::Visit(_) | Self::Fill(_) => false,
            Self::Press(_) => true,
        }
    }
}

impl std::fmt::Display for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Visit(path) => write!(f, "visit {path}"),
            Self::Fill(fields) => {
                let labels: Vec<&str> = fields.iter().map(|(label, _)| label.as_str()).collect();
                write!(f, "fill {}", labels.join(", "))
            }
            Self::Press(button) => write!(f, "press {button}"),
        }
    }
}

/// Something to see.
#[derive(Debug, Clone)]
pub struct Expect {
    pub what: Expectation,
    /// The name of a window of `service.yaml`.
    pub within: Option<String>,
    pub capture: Option<Capture>,
    pub proves: Vec<Component>,
}

/// What is expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    Page(PageExpectation),
    Email(EmailExpectation),
    Text(TextExpectation),
}

impl Expectation {
    /// Whether a mailbox or a number is looked at, not a page.
    pub fn is_message(&self) -> bool {
        match self {
            Self::Page(_) => false,
            Self::Email(_) | Self::Text(_) => true,
        }
    }
}

/// What a page must show; all of it at once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PageExpectation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    /// A form field with this label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub button: Option<String>,
    /// Text that a reader sees somewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// The mail that must arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailExpectation {
    pub to: Template,
    /// `*` stands for any text; case does not matter.
    pub subject: Template,
    /// How many, by provider id.
    pub exactly: u32,
}

/// The text message that must arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextExpectation {
    pub to: Template,
    /// `*` stands for any text; case does not matter.
    pub text: String,
    /// How many, by provider id.
    pub exactly: u32,
}

/// What is taken out of what was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// The name under which later steps use it.
    pub name: String,
    #[serde(flatten)]
    pub of: Captured,
}

/// What kind of thing is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Captured {
    /// The link whose path begins with this.
    Path(String),
    /// The code of so many digits.
    Digits(u32),
}

impl Capture {
    /// The path of the link, if it is one.
    pub fn path(&self) -> Option<&str> {
        match &self.of {
            Captured::Path(path) => Some(path),
            Captured::Digits(_) => None,
        }
    }
}

impl std::fmt::Display for Expectation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // The heading alone names a page; what else must be on it is said where it is missing.
            Self::Page(PageExpectation { heading: Some(heading), .. }) => write!(f, "page “{heading}”"),
            Self::Page(page) => {
                let words = [&page.field, &page.button, &page.text];
                let said: Vec<String> = words.into_iter().flatten().map(|word| format!("“{word}”")).collect();
                write!(f, "page with {}", said.join(" and "))
            }
            Self::Email(email) => write!(f, "{} mail to {}, “{}”", email.exactly, email.to, email.subject),
            Self::Text(text) => write!(f, "{} text to {}, “{}”", text.exactly, text.to, text.text),
        }
    }
}
