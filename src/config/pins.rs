//! What an environment is known by from outside: its host and its senders. Variables alone may be another environment's,
//! so they must say what the file says literally; all of it is public.

use super::resolved::Unresolved;
use crate::model::environment::host_of;
use crate::model::{Environment, MessageKind, Target, Template};

/// One value that an environment is known by.
struct Known<'a> {
    /// Its key under `pinned:`.
    key: &'static str,
    /// As the environment's file says it.
    setting: &'a Template,
    pinned: Option<&'a str>,
}

fn all(environment: &Environment) -> Vec<Known<'_>> {
    if environment.sandbox.is_some() {
        return Vec::new();
    }
    let pinned = &environment.pinned;
    let of_mails = environment.templates.get(&MessageKind::Email).and_then(|template| template.sender.as_ref());
    let known = [
        ("host", Some(&environment.base_url), &pinned.host),
        ("email-sender", Some(&environment.email_sender), &pinned.email_sender),
        ("sms-sender", environment.sms_sender.as_ref(), &pinned.sms_sender),
        ("template-sender", of_mails, &pinned.template_sender),
    ];
    let given = known
        .into_iter()
        .map(|(key, setting, pinned)| Some(Known { key, setting: setting?, pinned: pinned.as_deref() }));
    given.flatten().collect()
}

/// What stands in the environment's file as a variable alone. Empty: it is pinned.
pub fn missing(environment: &Environment) -> Vec<&'static str> {
    let unpinned = |known: &Known<'_>| known.pinned.is_none() && known.setting.holes().next().is_some();
    all(environment).iter().filter(|known| unpinned(known)).map(|known| known.key).collect()
}

/// What is said of an environment that is not pinned, and what mends it.
pub fn not_pinned(environment: &Environment) -> Option<(String, String)> {
    let missing = missing(environment);
    let (last, others) = missing.split_last()?;
    let keys = if others.is_empty() { (*last).to_owned() } else { format!("{} and {last}", others.join(", ")) };
    let (name, verb) = (&environment.name, if others.is_empty() { "comes" } else { "come" });
    let what = format!("{keys} {verb} from variables alone, so another environment's variables would make this {name}");
    let mend = format!("Run `notify-smoke pin {name}` where its variables are set, and commit what it writes.");
    Some((what, mend))
}

/// The host that an environment's file names, where it names one.
pub fn named_host(environment: &Environment) -> Option<String> {
    if environment.sandbox.is_some() {
        return None;
    }
    let literal = environment.base_url.holes().next().is_none();
    let of_url = || host_of(&environment.base_url.to_string()).filter(|_| literal);
    environment.pinned.host.clone().or_else(of_url)
}

fn said<'t>(key: &str, target: &'t Target) -> Option<std::borrow::Cow<'t, str>> {
    let words = match key {
        "host" => return host_of(&target.base_url).map(Into::into),
        "email-sender" => &target.email_sender,
        "sms-sender" => &target.sms_sender,
        _ => &target.templates.get(&MessageKind::Email)?.sender,
    };
    (!words.is_empty()).then(|| words.as_str().into())
}

/// Where the variables say something else than the file.
pub(super) fn contradictions(environment: &Environment, target: &Target) -> Vec<Unresolved> {
    let differs = |known: &Known<'_>| {
        let (pinned, said) = (known.pinned?, said(known.key, target)?);
        let variable = known.setting.holes().find_map(|hole| hole.strip_prefix("env."));
        let who = variable.map_or_else(|| known.setting.to_string(), |name| format!("the variable {name}"));
        let what = format!("{who} says {said}, and {} is pinned to {pinned}", environment.name);
        let mend = "Set this environment's own variables. If it has really moved, mend `pinned:`.".to_owned();
        (!pinned.eq_ignore_ascii_case(&said)).then(|| Unresolved { word: format!("{}:", known.key), what, mend })
    };
    all(environment).iter().filter_map(differs).collect()
}

/// The lines that pin what is missing, as they are to stand under `pinned:`.
pub fn lines(environment: &Environment, target: &Target) -> Vec<String> {
    let line = |key: &'static str| said(key, target).map(|words| format!("  {key}: \"{words}\""));
    missing(environment).into_iter().filter_map(line).collect()
}
