//! One behaviour of the service in the words of its users.

use serde::{Deserialize, Serialize};

use super::{Component, MessageKind, Template};

/// One scenario file.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The file's stem.
    pub id: String,
    pub name: String,
    /// What the run book says, word for word.
    pub runbook: String,
    /// The scenario whose browser session this one goes on in.
    pub after: Option<String>,
    /// It is run only to tell what is broken, when this has happened; it has no verdict of its own.
    pub control: Option<Control>,
    pub steps: Vec<Step>,
}

/// What has to happen before a control is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// A scheduled job was not picked up: does the worker work at all?
    MissedSchedule,
    /// An earlier run's job is old enough: what has the service been told of its messages?
    LookBack {
        /// The earlier run.
        run: String,
        /// Its scenario.
        scenario: String,
        /// How many messages its list makes; nothing in older journals.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows: Option<u32>,
    },
}

/// One step of a scenario file.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a scenario has a dozen steps")]
pub enum Step {
    Act(Act),
    Expect(Expect),
}

/// Something to do. `Visit`, `Fill` and `Schedule` only prepare and may be repeated; the others are done once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Go to a path of the service, or to a link that was captured.
    Visit(Template),
    /// Type into the fields with these labels, replacing what is there.
    Fill(Vec<(String, Template)>),
    /// Press the button with this text.
    Press(String),
    /// Follow the link with this text.
    Follow(Template),
    /// Give the file input with this label a list of recipients.
    Attach(Attachment),
    /// Choose the soonest time that is far enough away.
    Schedule,
}

/// A list of recipients that is made for the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The label of the file input.
    pub field: String,
    /// The file's name, which the service refuses a second time on one day.
    pub file: Template,
    /// Which of the environment's templates the rows are for.
    pub template: MessageKind,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Template>>,
}

impl Act {
    /// Whether doing it twice could cause something twice.
    pub fn is_once(&self) -> bool {
        match self {
            Self::Visit(_) | Self::Fill(_) | Self::Schedule => false,
            Self::Press(_) | Self::Follow(_) | Self::Attach(_) => true,
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
            Self::Follow(link) => write!(f, "follow {link}"),
            Self::Attach(attachment) => write!(f, "attach {} ({} rows)", attachment.file, attachment.rows.len()),
            Self::Schedule => write!(f, "schedule for the soonest time"),
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
    /// The name of a road of `service.yaml`.
    pub road: Option<String>,
    /// What is not as the test needs it where this does not hold: then nothing was tested.
    pub assumes: Option<Component>,
    /// What is done once when it is not met in time.
    pub second_try: Vec<Act>,
}

/// What is expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    Page(PageExpectation),
    Email(EmailExpectation),
    Text(TextExpectation),
    /// The messages of a list's rows.
    Rows(RowsExpectation),
    /// The page of a job; it is met once it says that the job has begun.
    Job,
}

impl Expectation {
    /// Whether a mailbox or a number is looked at, not a page.
    pub fn is_message(&self) -> bool {
        match self {
            Self::Page(_) | Self::Job => false,
            Self::Email(_) | Self::Text(_) | Self::Rows(_) => true,
        }
    }

    /// Whether it is looked at once more at the end: a second copy must not come.
    pub fn must_stay(&self) -> bool {
        match self {
            Self::Page(_) | Self::Job => false,
            Self::Email(_) | Self::Text(_) => true,
            Self::Rows(rows) => rows.need == RowsNeeded::All,
        }
    }

    /// Whether its messages come to the test number.
    pub fn is_of_number(&self) -> bool {
        match self {
            Self::Page(_) | Self::Job | Self::Email(_) => false,
            Self::Text(_) => true,
            Self::Rows(rows) => rows.kind == MessageKind::Sms,
        }
    }
}

/// The messages of a list's rows, as they must arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsExpectation {
    pub need: RowsNeeded,
    pub kind: MessageKind,
    /// To whom all rows go, or the first of them.
    pub to: Template,
    /// To whom each row goes, where they do not all go to one: only then a row that went to another's address is seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub each: Vec<Template>,
    pub from: String,
    /// Of each row, for mails.
    pub subjects: Vec<Template>,
    /// The text of each row.
    pub texts: Vec<Template>,
    /// What the service puts above what the template says, in HTML mails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<Template>,
    /// What the service puts below what the template says, in mails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<Template>,
}

/// How many rows must be here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowsNeeded {
    /// One: the job was picked up.
    First,
    /// Every one, exactly once.
    All,
}

/// What a page must show; all of it at once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PageExpectation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading: Option<Template>,
    /// A form field with this label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub button: Option<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Template>,
    /// Text that a reader sees somewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Template>,
    /// A table that holds these rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub table: Vec<Vec<Template>>,
    /// What it must show of the time that was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<SlotShown>,
}

/// What a page must show of the time that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotShown {
    /// Its radio is checked, and far enough away.
    Checked,
    /// Its words stand on the page.
    Named,
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
    /// The address of the page, which is no secret.
    Page,
}

impl Capture {
    /// The path of the link, if it is one.
    pub fn path(&self) -> Option<&str> {
        match &self.of {
            Captured::Path(path) => Some(path),
            Captured::Digits(_) | Captured::Page => None,
        }
    }
}

impl std::fmt::Display for Expectation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // The heading alone names a page; what else must be on it is said where it is missing.
            Self::Page(PageExpectation { time: Some(SlotShown::Checked), .. }) => write!(f, "the time is chosen"),
            Self::Page(PageExpectation { heading: Some(heading), .. }) => write!(f, "page “{heading}”"),
            Self::Page(page) if !page.table.is_empty() => {
                write!(f, "page with the file's {} rows", page.table.len() - 1)
            }
            Self::Page(page) => {
                let words = [&page.field, &page.button, &page.link, &page.text];
                let said: Vec<String> = words.into_iter().flatten().map(|word| format!("“{word}”")).collect();
                write!(f, "page with {}", said.join(" and "))
            }
            Self::Email(email) => write!(f, "{} mail to {}, “{}”", email.exactly, email.to, email.subject),
            Self::Text(text) => write!(f, "{} text to {}, “{}”", text.exactly, text.to, text.text),
            Self::Rows(rows) => {
                let what = if rows.kind == MessageKind::Sms { "texts" } else { "mails" };
                match rows.need {
                    RowsNeeded::First => write!(f, "the job is picked up: the first of its {what}, or its page"),
                    RowsNeeded::All if rows.each.is_empty() => {
                        write!(f, "{} {what} to {}, each once and right", rows.texts.len(), rows.to)
                    }
                    RowsNeeded::All => {
                        write!(f, "{} {what}, each once and right at its own address", rows.texts.len())
                    }
                }
            }
            Self::Job => write!(f, "the job's page says that it has begun"),
        }
    }
}
