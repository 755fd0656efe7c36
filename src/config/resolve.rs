//! References to values: variables of the process, and the sandbox's ready line.

use std::collections::BTreeMap;

use crate::model::environment::SECRET_LENGTH_MIN;
use crate::model::{Environment, MailboxSettings, Target, Template};

/// An environment with every reference followed.
pub struct Resolved {
    pub target: Target,
    /// Name and value of each secret, for the vault.
    pub secrets: BTreeMap<String, String>,
    pub basic_auth: Option<(String, String)>,
    pub mailbox: ResolvedMailbox,
    pub webdriver_url: Option<String>,
}

/// How to read the mailbox.
pub enum ResolvedMailbox {
    SesS3 {
        bucket: String,
        prefix: String,
        region: String,
        endpoint: Option<String>,
        credentials: Option<(String, String)>,
    },
    Exec {
        command: Vec<String>,
    },
}

struct Resolver<'a> {
    sandbox: Option<&'a BTreeMap<String, String>>,
    variable: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
    secrets: BTreeMap<String, String>,
}

impl Resolver<'_> {
    fn setting(&mut self, template: &Template) -> String {
        let value = |hole: &str| {
            let (source, name) = hole.split_once('.')?;
            match source {
                "env" => (self.variable)(name).filter(|value| !value.is_empty()),
                "sandbox" => self.sandbox.and_then(|values| values.get(name).cloned()),
                _ => None,
            }
        };
        template.text(&value).unwrap_or_else(|hole| {
            let mend = match hole.split_once('.') {
                Some(("env", name)) => format!("The variable {name} is not set: set it where notify-smoke runs."),
                Some(("sandbox", name)) if self.sandbox.is_some() => {
                    format!("The sandbox's ready line has no `{name}`.")
                }
                _ => format!("`{{{{ {hole} }}}}` needs a sandbox, and this environment has none."),
            };
            if !self.problems.contains(&mend) {
                self.problems.push(mend);
            }
            String::new()
        })
    }

    fn secret(&mut self, name: &str, template: &Template) -> String {
        let value = self.setting(template);
        if !value.is_empty() && value.chars().count() < SECRET_LENGTH_MIN {
            self.problems.push(format!(
                "The secret {name} is shorter than {SECRET_LENGTH_MIN} characters: it could not be kept out of reports."
            ));
        }
        self.secrets.insert(name.to_owned(), value.clone());
        value
    }
}

/// Follows every reference. `variable` reads the process's variables.
///
/// # Errors
/// A sentence for each that leads nowhere.
pub fn resolve(
    environment: &Environment,
    sandbox: Option<&BTreeMap<String, String>>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Resolved, Vec<String>> {
    let mut resolver = Resolver { sandbox, variable, problems: Vec::new(), secrets: BTreeMap::new() };
    let base_url = resolver.setting(&environment.base_url);
    let doorless = sandbox.is_some_and(|values| values.get("basic_auth").is_some_and(|on| on == "false"));
    let basic_auth = environment
        .basic_auth
        .as_ref()
        .filter(|_| !doorless)
        .map(|auth| (resolver.setting(&auth.username), resolver.secret("basic-auth.password", &auth.password)));
    let user_email = resolver.setting(&environment.user_email);
    if let Some(password) = &environment.user_password {
        resolver.secret("user.password", password);
    }
    let mailbox = mailbox(&mut resolver, &environment.mailbox);
    let target = Target {
        name: environment.name.clone(),
        base_url: origin(&base_url, &mut resolver.problems),
        user_email,
        email_sender: resolver.setting(&environment.email_sender),
        hosts: environment.hosts.clone(),
        recipients: environment.recipients.clone(),
        windows: environment.windows.clone(),
        poll_ms: environment.poll_ms,
    };
    let webdriver_url = environment.webdriver_url.as_ref().map(|url| resolver.setting(url));
    if resolver.problems.is_empty() {
        Ok(Resolved { target, secrets: resolver.secrets, basic_auth, mailbox, webdriver_url })
    } else {
        Err(resolver.problems)
    }
}

fn mailbox(resolver: &mut Resolver<'_>, settings: &MailboxSettings) -> ResolvedMailbox {
    match settings {
        MailboxSettings::SesS3 { bucket, prefix, region, endpoint, access_key_id, secret_access_key } => {
            let id = access_key_id.as_ref().map(|id| resolver.secret("mailbox.access-key-id", id));
            let secret = secret_access_key.as_ref().map(|secret| resolver.secret("mailbox.secret-access-key", secret));
            if id.is_some() != secret.is_some() {
                resolver
                    .problems
                    .push("`access-key-id` and `secret-access-key` go together: give both, or neither.".to_owned());
            }
            ResolvedMailbox::SesS3 {
                bucket: resolver.setting(bucket),
                prefix: resolver.setting(prefix),
                region: resolver.setting(region),
                endpoint: endpoint.as_ref().map(|endpoint| resolver.setting(endpoint)),
                credentials: id.zip(secret),
            }
        }
        MailboxSettings::Exec { command } => {
            ResolvedMailbox::Exec { command: command.iter().map(|word| resolver.setting(word)).collect() }
        }
    }
}

/// Scheme, host and port of the base URL; it may have no path, no credentials, and no other scheme than HTTP's.
fn origin(base_url: &str, problems: &mut Vec<String>) -> String {
    if base_url.is_empty() {
        return String::new();
    }
    let wrong = match url::Url::parse(base_url) {
        Err(error) => Some(format!("base-url `{base_url}` is no URL: {error}.")),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            Some("base-url must begin with http:// or https://.".to_owned())
        }
        Ok(url) if url.path() != "/" || url.query().is_some() => {
            Some("base-url has a path: leave it out, scenarios add their own.".to_owned())
        }
        Ok(url) if !url.username().is_empty() => {
            Some("base-url has credentials in it: put them under `basic-auth`.".to_owned())
        }
        Ok(url) => return url.origin().ascii_serialization(),
    };
    problems.extend(wrong);
    String::new()
}

/// Values for a plan that is only shown, made before any sandbox runs.
pub fn placeholders(environment: &Environment) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let settings = [&environment.base_url, &environment.user_email, &environment.email_sender];
    for hole in settings.iter().flat_map(|setting| setting.holes()) {
        if let Some(name) = hole.strip_prefix("sandbox.") {
            let value = if name.ends_with("_url") {
                "http://sandbox.localhost".to_owned()
            } else {
                format!("{name}@sandbox.localhost")
            };
            values.insert(name.to_owned(), value);
        }
    }
    values
}
