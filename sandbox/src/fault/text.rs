//! Faults as they are written, and every kind of them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{Effect, Fault, Site, Trigger};
use crate::way::{Alteration, OF_MAILS, OF_TEXTS};

/// Every site with its effects, as they are written.
pub const KINDS: [(&str, &str); 91] = [
    ("edge", "502"),
    ("edge", "challenge"),
    ("admin", "500"),
    ("admin", "slow:7s"),
    ("admin", "no-script"),
    ("admin", "now-checked"),
    ("admin", "other-time"),
    ("admin", "sends-now"),
    ("api", "down"),
    ("api", "503"),
    ("api", "slow:3s"),
    ("reset", "accepted-not-sent"),
    ("reset", "other-host"),
    ("reset", "only-earlier"),
    ("reset", "twice"),
    ("sign-in", "loop"),
    ("sign-in", "other-way"),
    ("ses", "down"),
    ("ses", "slow:5s"),
    ("ses", "fail:503"),
    ("ses", "sandbox"),
    ("ses", "tls"),
    ("ses", "bounced"),
    ("ses", "again:100ms"),
    ("sns", "down"),
    ("sns", "slow:5s"),
    ("sns", "fail:500"),
    ("sns", "sandbox"),
    ("sns", "tls"),
    ("sns", "again:100ms"),
    ("sns", "quota"),
    ("sns", "opted-out"),
    ("code", "lost:1"),
    ("code", "limited"),
    ("code", "elsewhere"),
    ("code", "old-first:1s"),
    ("sender", "other"),
    ("worker", "stopped"),
    ("worker", "old"),
    ("worker", "stale"),
    ("s3", "down"),
    ("scheduler", "stopped"),
    ("scheduler", "late:1"),
    ("scheduler", "at-once"),
    ("queue", "down"),
    ("queue", "deaf"),
    ("queue", "busy:300"),
    ("row", "lost:1"),
    ("row", "twice"),
    ("row", "redelivered:1"),
    ("row", "again:3s"),
    ("row", "swapped"),
    ("row", "wrong-personalisation"),
    ("receipts", "off"),
    ("deploy", "rolling:8s"),
    ("deploy", "mixed"),
    ("template", "edited"),
    ("admin", "banner"),
    ("admin", "alert"),
    ("admin", "confirm"),
    ("way", "late-list:5s"),
    ("way", "banner"),
    ("way", "footer"),
    ("way", "preface"),
    ("way", "goes-on"),
    ("way", "invisible"),
    ("way", "wrap"),
    ("way", "safe-links"),
    ("way", "url-defense"),
    ("way", "opaque-links"),
    ("way", "inside"),
    ("way", "text-lost"),
    ("way", "html-lost"),
    ("way", "html-blank"),
    ("way", "blank"),
    ("way", "unfilled"),
    ("way", "no-button"),
    ("way", "no-recipient"),
    ("way", "other-recipient"),
    ("way", "distrust"),
    ("way", "subject-mark"),
    ("way", "subject-control"),
    ("way", "unreadable"),
    ("way", "neighbour"),
    ("way", "stranger"),
    ("way", "text-blank"),
    ("way", "text-masked"),
    ("way", "text-spaces"),
    ("way", "text-added"),
    ("way", "code-spaced"),
    ("way", "text-split"),
];

/// Why a text is no fault: what is wrong and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultError(pub String);

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FaultError {}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let wrong = |what: &str| {
            FaultError(format!(
                "`{text}` is no fault: {what}. Write site=effect[:argument][@trigger], such as ses=down, ses=slow:6s, \
                 ses=fail:503@1st, api=down, worker=stopped, reset=accepted-not-sent, admin=500@forgot-password."
            ))
        };
        let (site, rest) = text.split_once('=').ok_or_else(|| wrong("it has no `=`"))?;
        let (effect, trigger) = rest.split_once('@').map_or((rest, None), |(effect, trigger)| (effect, Some(trigger)));
        let (effect, argument) = effect.split_once(':').map_or((effect, None), |(name, arg)| (name, Some(arg)));
        let site = site_of(site).ok_or_else(|| wrong(&format!("the sites are {SITES}")))?;
        let first = |effect, count: &str| {
            let count = count_of(count).ok_or_else(|| wrong("a count is 1 or more"))?;
            Ok(Self { site, effect, trigger: Trigger::First(count) })
        };
        match (site, effect, argument) {
            // `code=lost:1` is the first code; what is asked for after it comes.
            (Site::Code | Site::Row, "lost", Some(count)) if trigger.is_none() => return first(Effect::Lost, count),
            (Site::Row, "redelivered", Some(count)) if trigger.is_none() => return first(Effect::Redelivered, count),
            _ => {}
        }
        let effect = effect_of(site, effect, argument).map_err(wrong)?;
        let trigger = parse_trigger(trigger).ok_or_else(|| wrong("no such trigger"))?;
        let lasts = match &trigger {
            Trigger::Always => true,
            Trigger::Page(moment) => MOMENTS.contains(&moment.as_str()),
            Trigger::First(_) | Trigger::PageFirst(..) | Trigger::Percent(_) => false,
        };
        if effect.is_lasting() && !lasts {
            return Err(wrong("this effect is on from a moment on (@dashboard, @job, @slot) or from the start"));
        }
        Ok(Self { site, effect, trigger })
    }
}

const SITES: &str = "admin, api, code, deploy, edge, queue, receipts, reset, row, s3, scheduler, sender, ses, sign-in, \
                     sns, template, way and worker";

/// Since when an effect can be on: the dashboard was shown, a job was made, its time has come.
const MOMENTS: [&str; 3] = ["dashboard", "job", "slot"];

fn site_of(name: &str) -> Option<Site> {
    Some(match name {
        "edge" => Site::Edge,
        "admin" => Site::Admin,
        "api" => Site::Api,
        "reset" => Site::Reset,
        "sign-in" => Site::SignIn,
        "ses" => Site::Ses,
        "sns" => Site::Sns,
        "code" => Site::Code,
        "sender" => Site::Sender,
        "worker" => Site::Worker,
        "s3" => Site::S3,
        "scheduler" => Site::Scheduler,
        "queue" => Site::Queue,
        "row" => Site::Row,
        "receipts" => Site::Receipts,
        "deploy" => Site::Deploy,
        "template" => Site::Template,
        "way" => Site::Way,
        _ => return None,
    })
}

fn status_of(text: &str) -> Option<u16> {
    text.parse::<u16>().ok().filter(|code| (400..600).contains(code))
}

fn count_of(text: &str) -> Option<u32> {
    text.parse::<u32>().ok().filter(|count| *count > 0)
}

/// An effect without its trigger; otherwise what is wrong with it.
fn effect_of(site: Site, effect: &str, argument: Option<&str>) -> Result<Effect, &'static str> {
    let time = |text: &str| parse_duration(text).ok_or("a time is a number with ms, s or m");
    let count = |text: &str| count_of(text).ok_or("a count is 1 or more");
    Ok(match (site, effect, argument) {
        (Site::Api | Site::Ses | Site::Sns | Site::S3 | Site::Queue, "down", None) => Effect::Down,
        (Site::Api | Site::Ses | Site::Sns | Site::Admin, "slow", Some(delay)) => Effect::Slow(time(delay)?),
        (Site::Ses | Site::Sns, "fail", Some(code)) => Effect::Status(status_of(code).ok_or("a status is 400 to 599")?),
        (Site::Ses | Site::Sns, "sandbox", None) => Effect::InSandbox,
        (Site::Ses | Site::Sns, "tls", None) => Effect::NoTls,
        (Site::Ses | Site::Sns | Site::Row, "again", Some(after)) => Effect::Again(time(after)?),
        (Site::Ses, "bounced", None) => Effect::Bounced,
        (Site::Sns, "quota", None) => Effect::OverQuota,
        (Site::Sns, "opted-out", None) => Effect::OptedOut,
        (Site::Edge, "challenge", None) => Effect::Challenge,
        (Site::Admin, "banner", None) => Effect::Banner,
        (Site::Admin, "alert", None) => Effect::Alert,
        (Site::Admin, "confirm", None) => Effect::Confirm,
        (Site::Admin, "no-script", None) => Effect::NoScript,
        (Site::Admin, "now-checked", None) => Effect::NowChecked,
        (Site::Admin, "other-time", None) => Effect::OtherTime,
        (Site::Admin, "sends-now", None) => Effect::SendsNow,
        (Site::Worker, "stale", None) => Effect::Stale,
        (Site::Way, "late-list", Some(by)) => Effect::LateList(time(by)?),
        (Site::Way, name, None) => {
            let of = |known: &[(&str, Alteration)]| known.iter().find(|(known, _)| *known == name).map(|(_, how)| *how);
            let altered = of(&OF_MAILS).map(Effect::Altered).or_else(|| of(&OF_TEXTS).map(Effect::AlteredText));
            altered.ok_or("this site has no such effect")?
        }
        (Site::Admin | Site::Api | Site::Edge, code, None) => {
            Effect::Status(status_of(code).ok_or("this site has no such effect")?)
        }
        (Site::Worker | Site::Scheduler, "stopped", None) => Effect::Stopped,
        (Site::Worker, "old", None) => Effect::Old,
        (Site::Scheduler, "late", Some(ticks)) => Effect::LateBy(count(ticks)?),
        (Site::Scheduler, "at-once", None) => Effect::AtOnce,
        (Site::Queue, "deaf", None) => Effect::Deaf,
        (Site::Queue, "busy", Some(rows)) => Effect::Busy(count(rows)?),
        (Site::Row, "swapped", None) => Effect::Swapped,
        (Site::Row, "wrong-personalisation", None) => Effect::WrongPersonalisation,
        (Site::Receipts, "off", None) => Effect::Off,
        (Site::Sender, "other", None) => Effect::Other,
        (Site::Code | Site::Row, "lost", None) => Effect::Lost,
        (Site::Code, "limited", None) => Effect::Limited,
        (Site::Code, "elsewhere", None) => Effect::Elsewhere,
        (Site::Code, "old-first", Some(after)) => Effect::OldFirst(time(after)?),
        (Site::SignIn, "loop", None) => Effect::Loop,
        (Site::SignIn, "other-way", None) => Effect::OtherWay,
        (Site::Reset, "accepted-not-sent", None) => Effect::AcceptedNotSent,
        (Site::Reset, "other-host", None) => Effect::OtherHost,
        (Site::Reset, "only-earlier", None) => Effect::OnlyEarlier,
        (Site::Reset | Site::Row, "twice", None) => Effect::Twice,
        (Site::Template, "edited", None) => Effect::Edited,
        (Site::Deploy, "mixed", None) => Effect::Mixed,
        (Site::Deploy, "rolling", Some(gone)) => Effect::Rolling(time(gone)?),
        _ => return Err("this site has no such effect"),
    })
}

fn parse_trigger(text: Option<&str>) -> Option<Trigger> {
    let Some(text) = text else { return Some(Trigger::Always) };
    if let Some((page, first)) = text.split_once('@') {
        return match (parse_trigger(Some(page))?, parse_trigger(Some(first))?) {
            (Trigger::Page(page), Trigger::First(count)) => Some(Trigger::PageFirst(page, count)),
            _ => None,
        };
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) && !text.ends_with('%') {
        let count = ["st", "nd", "rd", "th"].iter().find_map(|end| text.strip_suffix(end))?;
        return count.parse().ok().filter(|count| *count > 0).map(Trigger::First);
    }
    if let Some(percent) = text.strip_suffix('%') {
        return percent.parse().ok().filter(|percent| *percent <= 100).map(Trigger::Percent);
    }
    (!text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        .then(|| Trigger::Page(text.to_owned()))
}

fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    match &text[digits..] {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number * 60)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_from_its_text() {
        let fault = |text: &str| text.parse::<Fault>().expect(text);
        assert_eq!(fault("ses=down"), Fault { site: Site::Ses, effect: Effect::Down, trigger: Trigger::Always });
        assert_eq!(fault("ses=slow:90s").effect, Effect::Slow(Duration::from_secs(90)));
        assert_eq!(fault("ses=fail:503@1st").trigger, Trigger::First(1));
        assert_eq!(fault("admin=500@forgot-password").trigger, Trigger::Page("forgot-password".to_owned()));
        for wrong in [
            "ses",
            "ses=",
            "moon=down",
            "ses=fail:200",
            "worker=down",
            "ses=down@",
            "ses=slow:6",
            "code=redelivered:1",
            "ses=bounced@1st",
            "admin=500@1st@sign-in",
        ] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }

    /// What can be written is what is listed, in both directions.
    #[test]
    fn every_kind_of_fault_is_listed() {
        let FaultError(said) = "moon=down".parse::<Fault>().expect_err("no site");
        let sites = said.split("the sites are ").nth(1).and_then(|rest| rest.split(". ").next()).expect("the sites");
        let words = KINDS.map(|(_, effect)| effect);
        let name = |effect: &str| {
            let word = effect.split(':').next().unwrap_or(effect);
            if word.parse::<u16>().is_ok() { "status".to_owned() } else { word.to_owned() }
        };
        for site in sites.split([',', ' ']).filter(|word| !word.is_empty() && *word != "and") {
            for effect in words {
                let can_be_written = format!("{site}={effect}").parse::<Fault>().is_ok();
                let listed = KINDS.iter().any(|(of, known)| *of == site && name(known) == name(effect));
                assert_eq!(can_be_written, listed, "{site}={effect}");
            }
        }
    }
}
