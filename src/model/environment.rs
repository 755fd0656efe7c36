//! One deployment of a service, as its file says it: secrets are still references.

use std::collections::BTreeMap;

use super::{KnownIssue, MessageKind, Template, Window};

/// A shorter secret is refused: it would be found in every other word, so it could not be kept out of reports.
pub const SECRET_LENGTH_MIN: usize = 4;

/// One deployment.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The file's stem.
    pub name: String,
    /// Name of the folder under `scenarios/`.
    pub service: String,
    pub base_url: Template,
    pub basic_auth: Option<BasicAuth>,
    pub user_email: Template,
    /// Another address of the same mailbox, of a member of the same service.
    pub user_second_email: Option<Template>,
    pub user_password: Option<Template>,
    /// The address that Notify's own mails come from.
    pub email_sender: Template,
    /// The smoke user's test number.
    pub user_mobile: Option<Template>,
    /// The number that Notify's own texts come from.
    pub sms_sender: Option<Template>,
    pub number: Option<NumberSettings>,
    pub mailbox: MailboxSettings,
    /// What runs on every machine share; without it, only those of one folder share something.
    pub store: Option<Bucket>,
    pub keep: Keep,
    /// Who is told of its runs.
    pub announce: Announce,
    /// Other hosts that a page may be on (the base URL's own host always may).
    pub hosts: Vec<String>,
    /// Other addresses that something may be sent to (the user's own always may).
    pub recipients: Vec<String>,
    /// Windows that differ from the service's.
    pub windows: BTreeMap<String, WindowOverride>,
    /// The service's templates that lists are sent with.
    pub templates: BTreeMap<MessageKind, MessageTemplate>,
    /// How far away a time must be to be chosen, where that differs from the service's.
    pub lead_ms: Option<u64>,
    /// Time between two looks at a mailbox, in milliseconds.
    pub poll_ms: u64,
    /// Present when this environment is a sandbox that the program starts itself.
    pub sandbox: Option<SandboxSettings>,
    /// A `WebDriver` that runs elsewhere, instead of a browser on this machine.
    pub webdriver_url: Option<Template>,
    /// Certificates (PEM) of authorities that are trusted besides the usual ones.
    pub ca_file: Option<Template>,
    /// Findings that are known and waited for.
    pub known: Vec<KnownIssue>,
    /// What the variables must say, where host and senders come from them.
    pub pinned: Pinned,
}

/// What an environment is known by from outside, literally.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pinned {
    /// Host of the base URL, with its port where that is not the usual one.
    pub host: Option<String>,
    pub email_sender: Option<String>,
    pub sms_sender: Option<String>,
    /// The sender of the template for mails.
    pub template_sender: Option<String>,
}

/// A template of the service, as it must read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageTemplate {
    pub name: Template,
    /// Where its messages come from; texts come from the environment's number.
    pub sender: Option<Template>,
    pub subject: String,
    /// With `((name))` where a row's value goes.
    pub text: String,
    /// What the service puts above the text of each HTML mail, where it does: its own name.
    pub brand: Option<String>,
    /// What the service puts below the text of each mail.
    pub footer: Option<String>,
}

/// HTTP Basic auth before the service.
#[derive(Debug, Clone)]
pub struct BasicAuth {
    pub username: Template,
    pub password: Template,
}

/// How the stand-in service is started.
#[derive(Debug, Clone, Copy)]
pub struct SandboxSettings {
    /// How many times shorter the service's own waits are.
    pub time_scale: u32,
    /// How far apart the times are that a job can be scheduled for, in milliseconds.
    pub slots_ms: u64,
}

/// Who is told of runs, besides whoever makes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announce {
    /// An incoming webhook of Slack's for the team: an address that is a secret.
    pub team: Option<Template>,
    /// The same for what somebody may be woken for.
    pub alerts: Option<Template>,
    /// Whether this environment wakes anybody.
    pub pages: bool,
}

/// How long runs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    pub days: u32,
    /// So many mebibytes of folders on one machine; the newest runs stay in any case.
    pub mib: u64,
}

impl Default for Keep {
    fn default() -> Self {
        Self { days: 90, mib: 2_048 }
    }
}

/// A part of an S3 bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    pub bucket: Template,
    pub prefix: Template,
    pub region: Template,
    /// Only for an S3 server other than Amazon's.
    pub endpoint: Option<Template>,
    /// Without these, the usual AWS places are looked at (environment, profile, instance).
    pub access_key_id: Option<Template>,
    pub secret_access_key: Option<Template>,
}

/// How the mailbox of the smoke user is read.
#[derive(Debug, Clone)]
pub enum MailboxSettings {
    /// An S3 bucket that an SES receipt rule writes raw mails into.
    SesS3(Bucket),
    /// Any program that prints messages as JSON Lines.
    Exec(Program),
}

/// How the test number is read.
#[derive(Debug, Clone)]
pub enum NumberSettings {
    /// A number at Twilio, or at anything that speaks its Messages REST API.
    Twilio {
        account: Template,
        token: Template,
        /// Only for a server other than Twilio's.
        endpoint: Option<Template>,
    },
    /// Any program that prints messages as JSON Lines.
    Exec(Program),
}

/// A program of somebody else's that prints messages.
#[derive(Debug, Clone, Default)]
pub struct Program {
    pub command: Vec<Template>,
    /// Names of the variables that it gets besides the plain ones.
    pub variables: Vec<String>,
}

/// What an environment changes in one window; what it leaves out stays the service's.
#[derive(Debug, Clone, Copy, Default)]
pub struct WindowOverride {
    pub not_before_ms: Option<u64>,
    pub on_time_ms: Option<u64>,
    pub late_ms: Option<u64>,
    pub settle_ms: Option<u64>,
    pub second_try_ms: Option<u64>,
    pub while_moving_ms: Option<u64>,
    pub standstill_ms: Option<u64>,
}

impl WindowOverride {
    /// The window with these changes.
    pub fn applied_to(&self, window: Window) -> Window {
        Window {
            not_before_ms: self.not_before_ms.unwrap_or(window.not_before_ms),
            on_time_ms: self.on_time_ms.unwrap_or(window.on_time_ms),
            late_ms: self.late_ms.unwrap_or(window.late_ms),
            settle_ms: self.settle_ms.unwrap_or(window.settle_ms),
            from: window.from,
            second_try_ms: self.second_try_ms.or(window.second_try_ms),
            while_moving_ms: self.while_moving_ms.or(window.while_moving_ms),
            standstill_ms: self.standstill_ms.or(window.standstill_ms),
        }
    }
}

/// An environment with every public hole filled: what a plan is made for.
#[derive(Debug, Clone)]
pub struct Target {
    pub name: String,
    /// Scheme, host and port, without a path.
    pub base_url: String,
    pub user_email: String,
    /// Another address of the same mailbox, where there is one.
    pub user_second_email: Option<String>,
    pub email_sender: String,
    /// Empty where the environment has no number.
    pub user_mobile: String,
    pub sms_sender: String,
    pub hosts: Vec<String>,
    pub recipients: Vec<String>,
    pub windows: BTreeMap<String, WindowOverride>,
    pub templates: BTreeMap<MessageKind, TargetTemplate>,
    pub lead_ms: Option<u64>,
    pub poll_ms: u64,
    pub known: Vec<KnownIssue>,
    /// It is a sandbox that the program starts itself.
    pub sandbox: bool,
    /// Names of buckets and accounts.
    pub places: Vec<String>,
}

/// A template with its public holes filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetTemplate {
    pub name: String,
    pub sender: String,
    pub subject: String,
    pub text: String,
    /// What the service puts above the text of each HTML mail, where it does: its own name.
    pub brand: Option<String>,
    /// What the service puts below the text of each mail.
    pub footer: Option<String>,
}

/// Whether a variable of this name holds a secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_uppercase();
    ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH"]
        .iter()
        .any(|part| name.contains(part))
}

/// Host and port of a web address; the port where it is not the usual one.
pub fn host_of(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}{port}", url.host_str()?))
}

/// Whether an address is on this machine.
pub fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
