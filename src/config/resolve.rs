//! References to values: variables of the process, and the sandbox's ready line.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::pins::contradictions;
use super::resolved::{
    Resolved, ResolvedAnnounce, ResolvedBucket, ResolvedMailbox, ResolvedNumber, ResolvedProgram, Unresolved,
};
use super::values::{ValueKind, wrong};
use crate::model::environment::{Announce, Bucket, Program, SECRET_LENGTH_MIN, is_loopback, is_secret_name};
use crate::model::{
    Environment, MailboxSettings, MessageKind, MessageTemplate, NumberSettings, Target, TargetTemplate, Template,
};

struct Resolver<'a> {
    sandbox: Option<&'a BTreeMap<String, String>>,
    variable: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<Unresolved>,
    secrets: BTreeMap<String, String>,
}

fn unresolved(word: &str, what: impl Into<String>, mend: &str) -> Unresolved {
    Unresolved { word: word.to_owned(), what: what.into(), mend: mend.to_owned() }
}

impl Resolver<'_> {
    fn setting(&mut self, template: &Template) -> String {
        self.setting_of(ValueKind::Word, template)
    }

    /// A value of this kind. A sandbox knows its own; what a plan that is only shown has in their place is none.
    fn setting_of(&mut self, kind: ValueKind, template: &Template) -> String {
        let value = self.filled(template);
        let holes: Vec<&str> = template.holes().collect();
        if value.is_empty() || holes.iter().any(|hole| hole.starts_with("sandbox.")) {
            return value;
        }
        if let Some((what, mend)) = wrong(kind, &value) {
            let variable = holes.iter().find_map(|hole| hole.strip_prefix("env."));
            // The value itself may be a secret.
            let (word, named) = match variable {
                Some(name) => (format!("env.{name}"), format!("the variable {name} {what}")),
                None => (value.clone(), format!("`{value}` {what}")),
            };
            let problem = unresolved(&word, named, mend);
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        value
    }

    fn filled(&mut self, template: &Template) -> String {
        let value = |hole: &str| {
            let (source, name) = hole.split_once('.')?;
            match source {
                "env" => (self.variable)(name).filter(|value| !value.is_empty()),
                "sandbox" => self.sandbox.and_then(|values| values.get(name).cloned()),
                _ => None,
            }
        };
        template.text(&value).unwrap_or_else(|hole| {
            let problem = match hole.split_once('.') {
                Some(("env", name)) => {
                    unresolved(&hole, format!("the variable {name} is not set"), "Set it where notify-smoke runs.")
                }
                Some(("sandbox", name)) if self.sandbox.is_some() => unresolved(
                    &hole,
                    format!("the sandbox's ready line has no `{name}`"),
                    "Use one of the names that it has.",
                ),
                _ => unresolved(
                    &hole,
                    format!("`{hole}` needs a sandbox"),
                    "Add `sandbox:` to this environment, or use `env.`.",
                ),
            };
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
            String::new()
        })
    }

    /// A program, and what it gets: arguments are seen by everybody on the machine.
    fn program(&mut self, program: &Program) -> ResolvedProgram {
        let mut variables = Vec::new();
        for name in &program.variables {
            match (self.variable)(name).filter(|value| !value.is_empty()) {
                Some(value) => {
                    if is_secret_name(name) && value.chars().count() >= SECRET_LENGTH_MIN {
                        self.secrets.insert(format!("env.{name}"), value.clone());
                    }
                    variables.push((name.clone(), value));
                }
                None => self.problems.push(unresolved(
                    name,
                    format!("the variable {name} is not set"),
                    "Set it where notify-smoke runs, or take it out of `env`.",
                )),
            }
        }
        ResolvedProgram { command: program.command.iter().map(|word| self.setting(word)).collect(), variables }
    }

    /// Whatever the variable of a secret is called, its value is no argument.
    fn shows_no_secret(&mut self, program: &ResolvedProgram) {
        let shown = |(_, value): &(&String, &String)| {
            value.chars().count() > SECRET_LENGTH_MIN
                && program.command.iter().any(|word| word.contains(value.as_str()))
        };
        if let Some((name, _)) = self.secrets.iter().find(shown) {
            let what =
                format!("the secret {name} stands in a program's arguments, which everybody on the machine can read");
            self.problems.push(unresolved(
                "kind: exec",
                what,
                "Name its variable under `env:`; the program reads it itself.",
            ));
        }
    }

    fn secret(&mut self, name: &str, template: &Template) -> String {
        let value = self.setting(template);
        if !value.is_empty() && value.chars().count() < SECRET_LENGTH_MIN {
            let word = name.rsplit('.').next().unwrap_or(name);
            let what = format!("the secret {name} is shorter than {SECRET_LENGTH_MIN} characters");
            self.problems.push(unresolved(word, what, "Use a longer one: it could not be kept out of reports."));
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
) -> Result<Resolved, Vec<Unresolved>> {
    let mut resolver = Resolver { sandbox, variable, problems: Vec::new(), secrets: BTreeMap::new() };
    let base_url = resolver.setting(&environment.base_url);
    let doorless = sandbox.is_some_and(|values| values.get("basic_auth").is_some_and(|on| on == "false"));
    let basic_auth = environment
        .basic_auth
        .as_ref()
        .filter(|_| !doorless)
        .map(|auth| (resolver.setting(&auth.username), resolver.secret("basic-auth.password", &auth.password)));
    let user_email = resolver.setting_of(ValueKind::Email, &environment.user_email);
    let user_second_email =
        environment.user_second_email.as_ref().map(|email| resolver.setting_of(ValueKind::Email, email));
    if let Some(password) = &environment.user_password {
        resolver.secret("user.password", password);
    }
    let mailbox = mailbox(&mut resolver, &environment.mailbox);
    let store = environment.store.as_ref().map(|settings| bucket(&mut resolver, "store", settings));
    let announce = announce(&mut resolver, &environment.announce);
    let number = environment.number.as_ref().map(|settings| number(&mut resolver, settings));
    let target = Target {
        user_mobile: environment
            .user_mobile
            .as_ref()
            .map(|mobile| resolver.setting_of(ValueKind::Number, mobile))
            .unwrap_or_default(),
        sms_sender: environment
            .sms_sender
            .as_ref()
            .map(|sender| resolver.setting_of(ValueKind::Sender, sender))
            .unwrap_or_default(),
        name: environment.name.clone(),
        base_url: origin(&base_url, &mut resolver.problems),
        user_email,
        user_second_email,
        email_sender: resolver.setting_of(ValueKind::Email, &environment.email_sender),
        hosts: environment.hosts.clone(),
        recipients: environment.recipients.clone(),
        windows: environment.windows.clone(),
        templates: templates(&mut resolver, environment),
        lead_ms: environment.lead_ms,
        poll_ms: environment.poll_ms,
        known: environment.known.clone(),
        sandbox: environment.sandbox.is_some(),
        places: places(&mailbox, store.as_ref(), number.as_ref()),
    };
    resolver.problems.extend(contradictions(environment, &target));
    programs(&mailbox, number.as_ref()).for_each(|program| resolver.shows_no_secret(program));
    let webdriver_url = environment.webdriver_url.as_ref().map(|url| resolver.secret("webdriver-url", url));
    let ca_file = environment.ca_file.as_ref().map(|file| PathBuf::from(resolver.setting(file)));
    if resolver.problems.is_empty() {
        Ok(Resolved {
            target,
            secrets: resolver.secrets,
            basic_auth,
            mailbox,
            store,
            announce,
            number,
            webdriver_url,
            ca_file,
        })
    } else {
        Err(resolver.problems)
    }
}

/// A webhook is called by whoever knows its address.
fn announce(resolver: &mut Resolver<'_>, settings: &Announce) -> ResolvedAnnounce {
    let mut webhook = |name: &str, template: &Option<Template>| {
        let address = resolver.secret(&format!("announce.slack.{name}"), template.as_ref()?);
        let url = url::Url::parse(&address).ok();
        if !address.is_empty() && !url.is_some_and(|url| url.scheme() == "https" || is_loopback(&url)) {
            let what = format!("the webhook {name} is no address that begins with https://");
            resolver.problems.push(unresolved(name, what, "Copy it whole from Slack's page of the app."));
        }
        Some(address)
    };
    let (team, alerts) = (webhook("team", &settings.team), webhook("alerts", &settings.alerts));
    ResolvedAnnounce { team, alerts, pages: settings.pages }
}

/// Whatever runs as a program.
fn programs<'r>(
    mailbox: &'r ResolvedMailbox,
    number: Option<&'r ResolvedNumber>,
) -> impl Iterator<Item = &'r ResolvedProgram> {
    let mailbox = if let ResolvedMailbox::Exec(program) = mailbox { Some(program) } else { None };
    let number = if let Some(ResolvedNumber::Exec(program)) = number { Some(program) } else { None };
    mailbox.into_iter().chain(number)
}

/// What names a bucket or an account of ours.
fn places(mailbox: &ResolvedMailbox, store: Option<&ResolvedBucket>, number: Option<&ResolvedNumber>) -> Vec<String> {
    let bucket = if let ResolvedMailbox::SesS3(at) = mailbox { Some(&at.bucket) } else { None };
    let account = if let Some(ResolvedNumber::Twilio { account, .. }) = number { Some(account) } else { None };
    bucket.into_iter().chain(store.map(|at| &at.bucket)).chain(account).cloned().collect()
}

/// Follows the references of the store alone.
///
/// # Errors
/// A sentence for each that leads nowhere.
pub fn resolve_store(
    environment: &Environment,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<ResolvedBucket>, Vec<Unresolved>> {
    let mut resolver = Resolver { sandbox: None, variable, problems: Vec::new(), secrets: BTreeMap::new() };
    let store = environment.store.as_ref().map(|settings| bucket(&mut resolver, "store", settings));
    if resolver.problems.is_empty() { Ok(store) } else { Err(resolver.problems) }
}

fn templates(resolver: &mut Resolver<'_>, environment: &Environment) -> BTreeMap<MessageKind, TargetTemplate> {
    let known = |(kind, template): (&MessageKind, &MessageTemplate)| {
        let sender = template.sender.as_ref().map(|sender| resolver.setting_of(ValueKind::Email, sender));
        let known = TargetTemplate {
            name: resolver.setting(&template.name),
            sender: sender.unwrap_or_default(),
            subject: template.subject.clone(),
            brand: template.brand.clone(),
            footer: template.footer.clone(),
            text: template.text.clone(),
        };
        (*kind, known)
    };
    environment.templates.iter().map(known).collect()
}

fn number(resolver: &mut Resolver<'_>, settings: &NumberSettings) -> ResolvedNumber {
    match settings {
        NumberSettings::Twilio { account, token, endpoint } => ResolvedNumber::Twilio {
            account: resolver.setting(account),
            token: resolver.secret("number.token", token),
            endpoint: endpoint.as_ref().map(|endpoint| resolver.setting_of(ValueKind::Url, endpoint)),
        },
        NumberSettings::Exec(program) => ResolvedNumber::Exec(resolver.program(program)),
    }
}

fn mailbox(resolver: &mut Resolver<'_>, settings: &MailboxSettings) -> ResolvedMailbox {
    match settings {
        MailboxSettings::SesS3(settings) => ResolvedMailbox::SesS3(bucket(resolver, "mailbox", settings)),
        MailboxSettings::Exec(program) => ResolvedMailbox::Exec(resolver.program(program)),
    }
}

fn bucket(resolver: &mut Resolver<'_>, of: &str, settings: &Bucket) -> ResolvedBucket {
    let Bucket { bucket, prefix, region, endpoint, access_key_id, secret_access_key } = settings;
    let id = access_key_id.as_ref().map(|id| resolver.secret(&format!("{of}.access-key-id"), id));
    let secret = secret_access_key.as_ref().map(|secret| resolver.secret(&format!("{of}.secret-access-key"), secret));
    if id.is_some() != secret.is_some() {
        let what = "`access-key-id` and `secret-access-key` go together";
        resolver.problems.push(unresolved(of, what, "Give both, or neither."));
    }
    ResolvedBucket {
        bucket: resolver.setting(bucket),
        prefix: resolver.setting(prefix),
        region: resolver.setting(region),
        endpoint: endpoint.as_ref().map(|endpoint| resolver.setting_of(ValueKind::Url, endpoint)),
        credentials: id.zip(secret),
    }
}

/// Scheme, host and port of the base URL; it may have no path, no credentials, and no other scheme than HTTP's.
fn origin(base_url: &str, problems: &mut Vec<Unresolved>) -> String {
    if base_url.is_empty() {
        return String::new();
    }
    let (what, mend) = match url::Url::parse(base_url) {
        Err(error) => (format!("base-url is no URL: {error}"), "Write https://HOST."),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            ("base-url is no web address".to_owned(), "Begin it with https://.")
        }
        Ok(url) if url.path() != "/" || url.query().is_some() => {
            ("base-url has a path".to_owned(), "Leave it out; scenarios add their own.")
        }
        Ok(url) if !url.username().is_empty() => {
            ("base-url has credentials in it".to_owned(), "Put them under `basic-auth`.")
        }
        Ok(url) if url.scheme() == "http" && !is_loopback(&url) => {
            ("base-url is plain HTTP".to_owned(), "Use https://: passwords would go over the network in clear.")
        }
        Ok(url) => return url.origin().ascii_serialization(),
    };
    problems.push(unresolved("base-url", what, mend));
    String::new()
}

/// Values for a plan that is only shown, made before any sandbox runs.
pub fn placeholders(environment: &Environment) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let settings = [&environment.base_url, &environment.user_email, &environment.email_sender];
    let numbers =
        [&environment.user_second_email, &environment.user_mobile, &environment.sms_sender].into_iter().flatten();
    let templates =
        environment.templates.values().flat_map(|template| [Some(&template.name), template.sender.as_ref()]);
    for hole in settings.into_iter().chain(numbers).chain(templates.flatten()).flat_map(Template::holes) {
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
