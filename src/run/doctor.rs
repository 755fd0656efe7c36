//! Everything that a run of an environment will need, looked at beside each other and without touching anything.

mod certificate;
mod earlier;
mod machine;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::NotStarted;
use super::going::Going;
use super::held::keeper;
use super::ports::{self, Eyes};
use super::prepare::Prepared;
use super::surroundings::Surroundings;
use crate::aws::{self, AwsSettings};
use crate::browser;
use crate::config::pins::not_pinned;
use crate::config::{Resolved, ResolvedBucket, ResolvedMailbox};
use crate::history::CLOCK_APART_MS;
use crate::model::Lane;
use crate::model::environment::is_loopback;
use crate::port::{Browser as _, Inbox, Which};

/// Each look has so long.
pub const LOOK_LONGEST: Duration = Duration::from_secs(5);
/// A browser takes longer to open on a machine that is busy.
const BROWSER_LONGEST: Duration = Duration::from_secs(30);
/// A clock that is off by more is worth a warning: codes and links live by the service's.
const CLOCK_OFF_MS: i64 = 5_000;

/// How a look ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    Ok,
    /// Nothing tells.
    Unknown,
    /// A run can be made, but something should be looked at.
    Warn,
    /// A run would fail, or could not be judged.
    Fail,
}

impl Finding {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One thing that a run will need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub name: &'static str,
    pub finding: Finding,
    /// What was found, in one line.
    pub said: String,
    /// What to do, where something is to be done.
    pub mend: String,
}

impl Look {
    fn new(name: &'static str, finding: Finding, said: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, finding, said: said.into(), mend: mend.into() }
    }

    fn ok(name: &'static str, said: impl Into<String>) -> Self {
        Self::new(name, Finding::Ok, said, "")
    }
}

/// What was looked at.
#[derive(Debug)]
pub struct Looked {
    pub looks: Vec<Look>,
    /// Addresses and numbers that a run would write to.
    pub people: Vec<String>,
}

/// Looks at everything.
///
/// # Errors
/// [`NotStarted`] when the files do not even say where to look.
pub async fn doctor(prepared: &Prepared) -> Result<Looked, NotStarted> {
    let keeper = keeper()?;
    let world = Surroundings::find(prepared, &Going::default(), &keeper).await?;
    let looks = match world.resolve(prepared) {
        Ok(resolved) => match prepared.plan(&resolved) {
            Ok(plan) => {
                Ok(Looked { looks: Box::pin(look_around(prepared, &resolved, &keeper)).await, people: plan.recipients })
            }
            Err(not_started) => Err(not_started),
        },
        Err(not_started) => Err(not_started),
    };
    world.end().await;
    looks
}

async fn look_around(prepared: &Prepared, resolved: &Resolved, keeper: &crate::process::Keeper) -> Vec<Look> {
    let mut looks = vec![files(prepared), pinned_look(prepared, resolved), proxy_look(resolved)];
    let eyes = match Eyes::open(resolved, "doctor", prepared.alive_within(), keeper).await {
        Ok(eyes) => eyes,
        Err(why) => {
            looks.push(Look::new("ca-file", Finding::Fail, why, "Look at `ca-file` in the environment file."));
            return looks;
        }
    };
    let (browser, service, certificate, identity, mailbox, number) = tokio::join!(
        browser_look(resolved, keeper),
        service_looks(&eyes),
        bounded("certificate", certificate::look(resolved)),
        bounded("aws identity", identity_look(resolved, prepared.service.run_longest_ms)),
        bounded("mailbox", inbox_look("mailbox", eyes.inbox.as_ref())),
        async {
            match &eyes.number {
                None => Look::new("number", Finding::Unknown, "this environment has none", ""),
                Some(number) => bounded("number", inbox_look("number", number.as_ref())).await,
            }
        },
    );
    looks.push(browser);
    looks.extend(service);
    looks.extend([certificate, identity, mailbox, number]);
    looks.push(domain(&resolved.target.user_email, &prepared.service.user_domains));
    looks.extend(machine::looks(&prepared.files.runs()));
    looks.extend(earlier::looks(prepared, &resolved.target.base_url));
    looks
}

/// A look within its limit.
async fn bounded(name: &'static str, look: impl Future<Output = Look>) -> Look {
    tokio::time::timeout(LOOK_LONGEST, look).await.unwrap_or_else(|_| {
        Look::new(name, Finding::Warn, no_answer(), "A run waits longer; look whether it answers at all.")
    })
}

fn no_answer() -> String {
    format!("no answer within {} s", LOOK_LONGEST.as_secs())
}

fn files(prepared: &Prepared) -> Look {
    let count = prepared.scenarios.iter().filter(|scenario| scenario.control.is_none()).count();
    Look::ok("files", format!("in order; {count} scenario(s) of {} would be run", prepared.service.name))
}

/// A browser is only seen to work when it is opened.
async fn browser_look(resolved: &Resolved, keeper: &crate::process::Keeper) -> Look {
    const NAME: &str = "browser";
    let elsewhere = resolved.webdriver_url.is_some();
    let failed = |why: String| Look::new(NAME, Finding::Fail, why, "");
    if !elsewhere && let Err(why) = browser::find().await {
        return failed(why);
    }
    let opens = match ports::browser(resolved, "doctor", keeper) {
        Ok(browser) => tokio::time::timeout(BROWSER_LONGEST, browser.open(Lane::Run, None)).await,
        Err(not_started) => return failed(not_started.said.join(" ")),
    };
    match opens {
        Err(_) => failed(format!("no browser opens within {} s", BROWSER_LONGEST.as_secs())),
        Ok(Err(why)) => failed(why.text),
        Ok(Ok(session)) => {
            // Chromium refuses to run as root with it.
            let bare = !elsewhere && rustix::process::geteuid().is_root();
            let bare = if bare { ", without its own sandbox, since this is root" } else { "" };
            let said = format!("{}{bare}", session.describe());
            session.close().await;
            let mend = if elsewhere { "Lists cannot be given to a browser that is elsewhere." } else { "" };
            Look::new(NAME, Finding::Ok, said, mend)
        }
    }
}

/// Whether another environment's variables would be refused.
fn pinned_look(prepared: &Prepared, resolved: &Resolved) -> Look {
    const NAME: &str = "environment";
    match not_pinned(&prepared.environment) {
        Some((what, mend)) => Look::new(NAME, Finding::Fail, what, mend),
        None => Look::ok(NAME, format!("{} is {}", prepared.environment.name, resolved.target.base_url)),
    }
}

/// Which way requests take.
fn proxy_look(resolved: &Resolved) -> Look {
    const NAME: &str = "proxy";
    let Some(url) = url::Url::parse(&resolved.target.base_url).ok() else { return Look::ok(NAME, "none") };
    match crate::http::Proxy::of(&url) {
        None if is_loopback(&url) => Look::ok(NAME, "none: what is on this machine goes through none"),
        None => Look::ok(NAME, "none: neither HTTPS_PROXY nor HTTP_PROXY speaks of the service"),
        Some(proxy) => match proxy.unusable() {
            Some((why, mend)) => Look::new(NAME, Finding::Fail, format!("{} {why}", proxy.address()), mend),
            None => Look::ok(NAME, format!("{} stands between, for browser, HTTP and AWS alike", proxy.address())),
        },
    }
}

/// Whose keys the mailbox is read with.
async fn identity_look(resolved: &Resolved, longest_ms: u64) -> Look {
    const NAME: &str = "aws identity";
    let settings = match &resolved.mailbox {
        ResolvedMailbox::SesS3(ResolvedBucket { region, endpoint: None, credentials, .. }) => {
            AwsSettings { region: region.clone(), endpoint: None, credentials: credentials.clone() }
        }
        ResolvedMailbox::SesS3(ResolvedBucket { endpoint: Some(_), .. }) => {
            return Look::ok(NAME, "not asked for: the mailbox is on another server than Amazon's");
        }
        ResolvedMailbox::Exec(_) => return Look::ok(NAME, "not needed: the mailbox is behind a program"),
    };
    match aws::identity(&settings).await {
        Ok(identity) => credentials(NAME, &identity, Timestamp::now(), longest_ms),
        Err(why) => {
            let mend = "Look at the AWS variables or the role of this machine.";
            Look::new(NAME, Finding::Fail, format!("AWS does not know us: {why}"), mend)
        }
    }
}

/// Credentials of a session that end before a run can would leave it blind in its middle.
fn credentials(name: &'static str, identity: &aws::Identity, now: Timestamp, longest_ms: u64) -> Look {
    let longest = SignedDuration::from_millis(i64::try_from(longest_ms).unwrap_or(i64::MAX));
    match identity.until.filter(|until| until.duration_since(now) < longest) {
        None => Look::ok(name, identity.arn.clone()),
        Some(until) => {
            let said = format!("{}; its credentials end at {}", identity.arn, until.strftime("%F %H:%M UTC"));
            let mend = format!("A run may take {} min: get fresh ones before it.", longest_ms / 60_000);
            Look::new(name, Finding::Warn, said, mend)
        }
    }
}

/// Address, door, health and clock come with one request.
async fn service_looks(eyes: &Eyes) -> Vec<Look> {
    let Ok(answer) = tokio::time::timeout(LOOK_LONGEST, eyes.probe.look()).await else {
        let mend = "A run waits longer; look whether it can be reached from this machine.";
        return vec![Look::new("service", Finding::Warn, no_answer(), mend)];
    };
    let health = match answer {
        Ok(health) => health,
        Err(failure) => {
            let mend = "Look at `base-url` in the environment file, at DNS, and whether this machine may go there.";
            return vec![Look::new("service", Finding::Fail, failure.text, mend)];
        }
    };
    if health.refused {
        let mend = "Look at `basic-auth` in the environment file and its variables.";
        return vec![Look::new("basic-auth", Finding::Fail, "the service refuses it (HTTP 401)", mend)];
    }
    let part = |name, part: &crate::model::PartHealth| {
        if part.ok {
            Look::ok(name, part.version.clone())
        } else {
            let mend = "A run would fail now. Look at its logs.";
            Look::new(name, Finding::Fail, format!("not well: {}", part.version), mend)
        }
    };
    let clock = match health.clock_offset_ms {
        None => Look::new("clock", Finding::Unknown, "the service sends no Date", ""),
        Some(ms) if ms.abs() > CLOCK_OFF_MS + health.clock_error_ms => {
            let said = format!("this machine's clock and the service's are {} s apart", ms.abs() / 1000);
            Look::new("clock", Finding::Warn, said, "Runs count by the service's; set this machine's all the same.")
        }
        Some(ms) => Look::ok("clock", format!("{} s from the service's, to ± {} ms", ms / 1000, health.clock_error_ms)),
    };
    vec![part("admin", &health.admin), part("api", &health.api), clock]
}

/// Whether an eye opens, and whether anything shows that it can see.
async fn inbox_look(name: &'static str, inbox: &dyn Inbox) -> Look {
    let mark = match inbox.mark().await {
        Ok(mark) => mark,
        Err(failure) => return Look::new(name, Finding::Fail, failure.text, "A run would be inconclusive."),
    };
    let Some(alive) = mark.alive else {
        let mend = "Send something there by hand: until then a missing message proves nothing.";
        return Look::new(
            name,
            Finding::Warn,
            "nothing came of late, so nothing shows that messages are received here at all",
            mend,
        );
    };
    if let Some(ms) = mark.clock_offset_ms.filter(|ms| ms.abs() > CLOCK_APART_MS) {
        let said = format!("{alive}; its clock and this machine's are {} s apart", ms.abs() / 1000);
        return Look::new(
            name,
            Finding::Warn,
            said,
            "Set this machine's clock: certificates and signatures live by it.",
        );
    }
    // To list is one permission and to read another, so one message is read.
    let one = mark.ids.into_iter().next_back().into_iter().collect();
    match inbox.look(Which::Only(&one)).await {
        Ok(_) => Look::ok(name, alive),
        Err(failure) => Look::new(name, Finding::Fail, failure.text, "A run would be inconclusive."),
    }
}

/// Self-registration, and so a smoke user, may need an address of certain domains.
fn domain(email: &str, domains: &[String]) -> Look {
    let host = email.rsplit('@').next().unwrap_or_default().to_lowercase();
    let is_below = |domain: &String| host == domain.trim_start_matches('.') || host.ends_with(domain.as_str());
    if domains.is_empty() || domains.iter().any(is_below) {
        Look::ok("smoke user", email)
    } else {
        let mend = "The service lets only such addresses register; ask whether this user was added by hand.";
        let said = format!("{email} is no {} address", domains.join(" or "));
        Look::new("smoke user", Finding::Warn, said, mend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smoke_user_has_an_address_of_its_service() {
        let domains = [".gov".to_owned(), ".gov.uk".to_owned()];
        for (email, finding) in [
            ("smoke@notify.gov", Finding::Ok),
            ("smoke@Digital.Cabinet-Office.gov.uk", Finding::Ok),
            ("smoke@gov.example.org", Finding::Warn),
            ("smoke@mygov", Finding::Warn),
        ] {
            assert_eq!(domain(email, &domains).finding, finding, "{email}");
        }
        assert_eq!(domain("smoke@example.org", &[]).finding, Finding::Ok, "nothing is said of domains");
    }

    #[test]
    fn credentials_that_end_before_a_run_can_are_told_with_their_hour() {
        let now: Timestamp = "2026-11-27T08:00:00Z".parse().expect("a time");
        let look = |until: Option<&str>| {
            let until = until.map(|until| until.parse().expect("a time"));
            credentials("aws identity", &aws::Identity { arn: "arn:x".to_owned(), until }, now, 6_900_000)
        };
        assert_eq!(look(None).finding, Finding::Ok);
        assert_eq!(look(Some("2026-11-27T10:00:00Z")).finding, Finding::Ok);
        let ends = look(Some("2026-11-27T09:00:00Z"));
        assert_eq!(ends.finding, Finding::Warn);
        assert_eq!(ends.said, "arn:x; its credentials end at 2026-11-27 09:00 UTC");
        assert_eq!(ends.mend, "A run may take 115 min: get fresh ones before it.");
    }
}
