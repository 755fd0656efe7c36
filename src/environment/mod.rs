//! Tree to environment: every problem, each with its place. Secrets stay references.

mod announce;
pub mod keys;

use std::collections::BTreeMap;

use crate::model::environment::{
    BasicAuth, Bucket, Environment, Keep, MailboxSettings, MessageTemplate, NumberSettings, Pinned, Program,
    SandboxSettings, WindowOverride, is_secret_name,
};
use crate::model::{KnownIssue, MessageKind, Part, Template, Window};
use crate::yaml::{Fields, Kind, Node, Problem, Reader, Source, did_you_mean, parse, quoted};

/// Time between two looks at a mailbox, unless the environment says otherwise.
const POLL_MS: u64 = 1_000;
const POLL_MS_MIN: u64 = 50;
/// The real service has whole hours.
const SLOTS_MS: u64 = 3_600_000;
/// How the holes of an environment file begin, and what they are.
pub const SOURCES: [(&str, &str); 2] =
    [("env.", "a variable of the process that runs notify-smoke"), ("sandbox.", "a value of the sandbox's ready line")];

/// The services that there are, with the windows of those that could be read.
pub type Services = BTreeMap<String, Option<BTreeMap<String, Window>>>;

/// Reads one environment file.
///
/// # Errors
/// All its problems.
pub fn environment(name: &str, source: &Source, services: &Services) -> Result<Environment, Vec<Problem>> {
    let tree = parse(source).map_err(|problem| vec![problem])?;
    let mut reader = Reader::new(source);
    let read = read(name, &mut reader, &tree, services);
    match read {
        Some(environment) if reader.problems.is_empty() => Ok(environment),
        _ => Err(reader.problems),
    }
}

fn read(name: &str, reader: &mut Reader<'_>, tree: &Node, services: &Services) -> Option<Environment> {
    let mut fields = reader.fields(tree, "an environment");
    let service = fields.need(reader, "service").and_then(|node| {
        let known: Vec<&str> = services.keys().map(String::as_str).collect();
        reader.known(node, "service", &known, "scenarios/ has")
    });
    let service_windows = service.as_deref().and_then(|service| services.get(service)).and_then(Option::as_ref);
    let base_url = fields.need(reader, "base-url").and_then(|node| setting(reader, node));
    let basic_auth = fields.take("basic-auth").map(|node| basic_auth(reader, node));
    let user = fields.need(reader, "user").and_then(|node| {
        let mut fields = reader.fields(node, "`user`");
        let email = fields.need(reader, "email").and_then(|node| setting(reader, node));
        let second = fields.take("second-email").and_then(|node| setting(reader, node));
        let password = fields.take("password").map(|node| secret(reader, node));
        let mobile = fields.take("mobile").and_then(|node| setting(reader, node));
        fields.finish(reader);
        Some((email?, second, password, mobile))
    });
    let email_sender = fields.need(reader, "email-sender").and_then(|node| setting(reader, node));
    let mailbox = fields.need(reader, "mailbox").and_then(|node| mailbox(reader, node));
    let store = fields.take("store").and_then(|node| store(reader, node));
    let keep = fields.take("keep").map(|node| keep(reader, node)).unwrap_or_default();
    let announce = fields.take("announce").map(|node| announce::announce(reader, node)).unwrap_or_default();
    let sms_sender = fields.take("sms-sender").and_then(|node| setting(reader, node));
    let number = fields.take("number").and_then(|node| number(reader, node));
    let hosts = words(reader, fields.take("hosts"), "`hosts`");
    let recipients = words(reader, fields.take("recipients"), "`recipients`");
    let windows = fields.take("windows").map(|node| windows(reader, node, service_windows)).unwrap_or_default();
    let templates = fields.take("templates").map(|node| templates(reader, node)).unwrap_or_default();
    let lead_ms = fields.take("lead").and_then(|node| reader.duration_ms(node, "`lead`"));
    let poll_ms = fields.take("poll").and_then(|node| reader.duration_ms(node, "`poll`")).unwrap_or(POLL_MS);
    let webdriver_url = fields.take("webdriver-url").and_then(|node| setting(reader, node));
    let ca_file = fields.take("ca-file").and_then(|node| setting(reader, node));
    let pinned = fields.take("pinned").map(|node| pinned(reader, node)).unwrap_or_default();
    let known = fields.take("known").map(|node| known(reader, node)).unwrap_or_default();
    let sandbox = fields.take("sandbox").map(|node| sandbox(reader, node));
    fields.finish(reader);
    let (user_email, user_second_email, user_password, user_mobile) = user?;
    Some(Environment {
        name: name.to_owned(),
        service: service?,
        base_url: base_url?,
        basic_auth: basic_auth.flatten(),
        user_email,
        user_second_email,
        user_password: user_password.flatten(),
        email_sender: email_sender?,
        user_mobile,
        sms_sender,
        number,
        mailbox: mailbox?,
        store,
        keep,
        announce,
        hosts,
        recipients,
        windows,
        templates,
        lead_ms,
        poll_ms: poll_ms.max(POLL_MS_MIN),
        sandbox,
        webdriver_url,
        ca_file,
        known,
        pinned,
    })
}

fn basic_auth(reader: &mut Reader<'_>, node: &Node) -> Option<BasicAuth> {
    let mut fields = reader.fields(node, "`basic-auth`");
    let username = fields.need(reader, "username").and_then(|node| setting(reader, node));
    let password = fields.need(reader, "password").and_then(|node| secret(reader, node));
    fields.finish(reader);
    Some(BasicAuth { username: username?, password: password? })
}

fn sandbox(reader: &mut Reader<'_>, node: &Node) -> SandboxSettings {
    let mut fields = reader.fields(node, "`sandbox`");
    let scale = fields.need(reader, "time-scale").and_then(|node| reader.number(node, "`time-scale`"));
    let slots = fields.take("slots").and_then(|node| reader.duration_ms(node, "`slots`"));
    fields.finish(reader);
    SandboxSettings { time_scale: scale.unwrap_or(1).max(1), slots_ms: slots.unwrap_or(SLOTS_MS) }
}

fn pinned(reader: &mut Reader<'_>, node: &Node) -> Pinned {
    let mut fields = reader.fields(node, "`pinned`");
    let mut word = |reader: &mut Reader<'_>, key| {
        fields.take(key).and_then(|node| reader.text(node, "a value")).map(str::to_owned)
    };
    let pinned = Pinned {
        host: word(reader, "host"),
        email_sender: word(reader, "email-sender"),
        sms_sender: word(reader, "sms-sender"),
        template_sender: word(reader, "template-sender"),
    };
    fields.finish(reader);
    pinned
}

fn mailbox(reader: &mut Reader<'_>, node: &Node) -> Option<MailboxSettings> {
    let mut fields = reader.fields(node, "a mailbox");
    let kind_node = fields.need(reader, "kind")?;
    let kind = reader.known(kind_node, "kind of mailbox", &["ses_s3", "exec"], "The kinds are")?;
    let settings = match kind.as_str() {
        "ses_s3" => bucket(reader, &mut fields).map(MailboxSettings::SesS3),
        "exec" => program(reader, &mut fields).map(MailboxSettings::Exec),
        _ => unreachable!("only the kinds that are known get here"),
    };
    fields.finish(reader);
    settings
}

fn keep(reader: &mut Reader<'_>, node: &Node) -> Keep {
    let mut fields = reader.fields(node, "`keep`");
    let mut count = |reader: &mut Reader<'_>, key| fields.take(key).and_then(|node| reader.number(node, key));
    let (days, mib) = (count(reader, "days"), count(reader, "mib"));
    fields.finish(reader);
    Keep { days: days.unwrap_or(Keep::default().days), mib: mib.map_or(Keep::default().mib, u64::from) }
}

/// `file`, or a bucket.
fn store(reader: &mut Reader<'_>, node: &Node) -> Option<Bucket> {
    if matches!(&node.kind, Kind::Scalar(text) if text == "file") {
        return None;
    }
    let mut fields = reader.fields(node, "a store");
    let kind = fields.need(reader, "kind")?;
    reader.known(kind, "kind of store", &["s3"], "Write `store: file`, or a kind of")?;
    let settings = bucket(reader, &mut fields);
    fields.finish(reader);
    settings
}

fn bucket(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<Bucket> {
    let bucket = fields.need(reader, "bucket").and_then(|node| setting(reader, node));
    let prefix = fields.take("prefix").and_then(|node| setting(reader, node));
    let region = fields.need(reader, "region").and_then(|node| setting(reader, node));
    let endpoint = fields.take("endpoint").and_then(|node| setting(reader, node));
    let access_key_id = fields.take("access-key-id").and_then(|node| secret(reader, node));
    let secret_access_key = fields.take("secret-access-key").and_then(|node| secret(reader, node));
    let (bucket, region, prefix) = (bucket?, region?, prefix.unwrap_or_default());
    Some(Bucket { bucket, prefix, region, endpoint, access_key_id, secret_access_key })
}

fn program(reader: &mut Reader<'_>, fields: &mut Fields<'_>) -> Option<Program> {
    let command = fields.need(reader, "command")?;
    let items = reader.list(command, "`command`");
    if items.is_empty() {
        reader.problem(command.mark, "an empty command", "Write the program and its arguments as a list.");
    }
    let command = items.iter().filter_map(|item| argument(reader, item)).collect();
    let variables = words(reader, fields.take("env"), "`env`");
    Some(Program { command, variables })
}

/// One of a program's arguments, which everybody on the machine can read.
fn argument(reader: &mut Reader<'_>, node: &Node) -> Option<Template> {
    let argument = setting(reader, node)?;
    let secret = argument.holes().find_map(|hole| hole.strip_prefix("env.").filter(|name| is_secret_name(name)));
    if let Some(name) = secret {
        let mend = format!("Use `env: [{name}]`: the program reads the variable itself.");
        reader.problem(node.mark, format!("the secret {name} in a program's arguments"), &mend);
    }
    Some(argument)
}

fn number(reader: &mut Reader<'_>, node: &Node) -> Option<NumberSettings> {
    let mut fields = reader.fields(node, "a number");
    let kind_node = fields.need(reader, "kind")?;
    let kind = reader.known(kind_node, "kind of number", &["twilio", "exec"], "The kinds are")?;
    let settings = if kind == "exec" {
        program(reader, &mut fields).map(NumberSettings::Exec)
    } else {
        let account = fields.need(reader, "account").and_then(|node| setting(reader, node));
        let token = fields.need(reader, "token").and_then(|node| secret(reader, node));
        let endpoint = fields.take("endpoint").and_then(|node| setting(reader, node));
        account.zip(token).map(|(account, token)| NumberSettings::Twilio { account, token, endpoint })
    };
    fields.finish(reader);
    settings
}

fn windows(
    reader: &mut Reader<'_>,
    node: &Node,
    known: Option<&BTreeMap<String, Window>>,
) -> BTreeMap<String, WindowOverride> {
    let mut all = BTreeMap::new();
    for entry in reader.fields(node, "`windows`").rest() {
        let mut fields = reader.fields(&entry.value, "a window");
        let mut time =
            |reader: &mut Reader<'_>, key| fields.take(key).and_then(|node| reader.duration_ms(node, "a limit"));
        let window = WindowOverride {
            not_before_ms: time(reader, "not-before"),
            on_time_ms: time(reader, "on-time"),
            late_ms: time(reader, "late"),
            settle_ms: time(reader, "settle"),
            second_try_ms: time(reader, "second-try"),
            while_moving_ms: time(reader, "while-moving"),
            standstill_ms: time(reader, "standstill"),
        };
        fields.finish(reader);
        if let Some(known) = known {
            match known.get(&entry.key).map(|base| window.applied_to(*base)) {
                Some(Window { on_time_ms, late_ms, not_before_ms, .. }) => {
                    if late_ms < on_time_ms || on_time_ms < not_before_ms {
                        let mend = "With the service's own limits it must be not-before ≤ on-time ≤ late.";
                        reader.problem(entry.key_mark, format!("window `{}` cannot hold", entry.key), mend);
                    }
                }
                None => {
                    let names: Vec<&str> = known.keys().map(String::as_str).collect();
                    let near = did_you_mean(&entry.key, &names);
                    let mend = format!("service.yaml knows {}.{near}", quoted(&names));
                    reader.problem(entry.key_mark, format!("unknown window `{}`", entry.key), mend);
                }
            }
        }
        all.insert(entry.key.clone(), window);
    }
    all
}

/// By kind: `email` and `sms`.
fn templates(reader: &mut Reader<'_>, node: &Node) -> BTreeMap<MessageKind, MessageTemplate> {
    let mut all = BTreeMap::new();
    let mut fields = reader.fields(node, "`templates`");
    for (key, kind) in [("email", MessageKind::Email), ("sms", MessageKind::Sms)] {
        let Some(node) = fields.take(key) else { continue };
        let mut fields = reader.fields(node, "a template");
        let name = fields.need(reader, "name").and_then(|node| setting(reader, node));
        let sender = fields.take("sender").and_then(|node| setting(reader, node));
        let mut text = |reader: &mut Reader<'_>, key| {
            fields.take(key).and_then(|node| reader.text(node, "a text").map(|text| text.trim().to_owned()))
        };
        let (subject, body) = (text(reader, "subject"), text(reader, "text"));
        let (brand, footer) = (text(reader, "brand"), text(reader, "footer"));
        fields.finish(reader);
        if body.is_none() || (kind == MessageKind::Email && (sender.is_none() || subject.is_none())) {
            let mend =
                "Add `text`, and for mails `subject` and `sender`: without them a wrong message could not be told.";
            reader.problem(node.mark, "a template without what its messages say", mend);
        }
        if let (Some(name), Some(text)) = (name, body) {
            let subject = subject.unwrap_or_default();
            all.insert(kind, MessageTemplate { name, sender, subject, text, brand, footer });
        }
    }
    fields.finish(reader);
    all
}

/// Known issues from a file of their own.
///
/// # Errors
/// All its problems.
pub fn known_list(source: &Source) -> Result<Vec<KnownIssue>, Vec<Problem>> {
    let tree = parse(source).map_err(|problem| vec![problem])?;
    let mut reader = Reader::new(source);
    let issues = known(&mut reader, &tree);
    if reader.problems.is_empty() { Ok(issues) } else { Err(reader.problems) }
}

fn known(reader: &mut Reader<'_>, node: &Node) -> Vec<KnownIssue> {
    let mut issues = Vec::new();
    for item in reader.list(node, "`known`") {
        let mut fields = reader.fields(item, "a known issue");
        let mut text = |reader: &mut Reader<'_>, key| {
            fields.need(reader, key).and_then(|node| reader.text(node, "a text").map(str::to_owned))
        };
        let (cause, reference, reason) = (text(reader, "cause"), text(reader, "reference"), text(reader, "reason"));
        let until = fields.need(reader, "until").and_then(|node| {
            let date = reader.text(node, "a day")?.parse().ok();
            if date.is_none() {
                reader.problem(node.mark, "`until` is no day", "Write it as 2026-12-31.");
            }
            date
        });
        fields.finish(reader);
        if let (Some(cause), Some(reference), Some(reason), Some(until)) = (cause, reference, reason, until) {
            issues.push(KnownIssue { cause, reference, reason, until });
        }
    }
    issues
}

fn words(reader: &mut Reader<'_>, node: Option<&Node>, what: &str) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    reader.list(node, what).iter().filter_map(|item| reader.text(item, "an item").map(str::to_owned)).collect()
}

/// A text whose holes name a source.
fn setting(reader: &mut Reader<'_>, node: &Node) -> Option<Template> {
    let text = reader.text(node, "a setting")?;
    let Ok(template) = Template::parse(text) else {
        reader.problem(node.mark, "a `{{` without its `}}`", "Close it, or leave the braces out.");
        return None;
    };
    for hole in template.holes() {
        if !SOURCES.iter().any(|(prefix, _)| hole.strip_prefix(prefix).is_some_and(|name| !name.is_empty())) {
            let mend = "A hole is `{{ env.NAME }}` or, for a sandbox, `{{ sandbox.name }}`.";
            reader.problem(reader.mark_of(node, hole), format!("nothing is called `{hole}` here"), mend);
        }
    }
    Some(template)
}

/// A setting that must not be written out in the file.
fn secret(reader: &mut Reader<'_>, node: &Node) -> Option<Template> {
    let template = setting(reader, node)?;
    if template.0.iter().any(|part| matches!(part, Part::Text(_))) || template.0.is_empty() {
        let mend = "Write `{{ env.NAME }}` and set NAME where the program runs, never in a file.";
        reader.problem(node.mark, "a secret stands in the file", mend);
    }
    Some(template)
}
