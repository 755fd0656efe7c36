//! Adapters for a resolved environment: the one place where each kind of mailbox and number becomes a client.

use std::sync::Arc;
use std::time::Duration;

use super::NotStarted;
use crate::browser::{Chromium, Settings, find};
use crate::config::{Resolved, ResolvedBucket, ResolvedMailbox, ResolvedNumber, ResolvedProgram};
use crate::engine::Ports;
use crate::exit::Exit;
use crate::inbox::{ExecInbox, SesS3Inbox, TwilioInbox};
use crate::model::Plan;
use crate::port::{Clock, Deploys, Inbox, Lease, Probe};
use crate::probe::HealthProbe;
use crate::process::Keeper;
use crate::redact::Vault;
use crate::{aws, http};

/// No look over HTTP may take longer; each adapter has a shorter limit of its own.
const REQUEST_LONGEST: Duration = Duration::from_secs(30);

/// Secrets that are read from the usual places, and stand in no file of ours.
const BY_VARIABLE: [&str; 3] = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"];

/// A shorter value is a stand-in such as `test`, which may be a word of a page.
const KEY_LENGTH_MIN: usize = 16;

/// The vault with every secret of the environment in it.
pub(super) fn vault(resolved: &Resolved, plan: &Plan) -> Vault {
    let mut vault =
        Vault::new(plan.links.clone(), plan.code_length).knowing(plan.senders_and_recipients(), plan.awaited_texts());
    for (name, value) in &resolved.secrets {
        vault.keep(name, value);
    }
    for (name, value) in std::env::vars_os() {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
        if BY_VARIABLE.contains(&name) && value.len() >= KEY_LENGTH_MIN {
            vault.keep(name, value);
        }
    }
    if let Some((username, password)) = &resolved.basic_auth {
        vault.keep("basic-auth", &format!("{username}:{password}"));
    }
    vault
}

/// Everything that a run needs at its rim.
///
/// # Errors
/// [`NotStarted`] where a browser is missing, or a client cannot be made.
pub(super) async fn ports(
    resolved: &Resolved,
    run: &str,
    alive_within: Duration,
    keeper: &Keeper,
    clock: Arc<dyn Clock>,
    (lease, deploys): (Arc<dyn Lease>, Arc<dyn Deploys>),
) -> Result<Ports, NotStarted> {
    let cannot = |why: String| NotStarted::new(Exit::NotJudged, why);
    if resolved.webdriver_url.is_none() {
        find().await.map_err(cannot)?;
    }
    let browser = browser(resolved, run, keeper)?;
    let eyes = Eyes::open(resolved, run, alive_within, keeper).await.map_err(cannot)?;
    Ok(Ports {
        browser: Arc::new(browser),
        number: eyes.number,
        inbox: eyes.inbox,
        probe: eyes.probe,
        clock,
        lease,
        deploys,
    })
}

/// What opens browsers for a run.
///
/// # Errors
/// [`NotStarted`] for a proxy that they cannot use.
pub(super) fn browser(resolved: &Resolved, run: &str, keeper: &Keeper) -> Result<Chromium, NotStarted> {
    let target = &resolved.target;
    let mut hosts = target.hosts.clone();
    hosts.extend(url::Url::parse(&target.base_url).ok().and_then(|url| url.host_str().map(str::to_owned)));
    Ok(Chromium::new(Settings {
        proxy: browsers_proxy(&target.base_url)?,
        base_url: target.base_url.clone(),
        hosts,
        basic_auth: resolved.basic_auth.clone(),
        run: run.to_owned(),
        webdriver_url: resolved.webdriver_url.clone(),
        ca_file: resolved.ca_file.clone(),
        keeper: keeper.clone(),
    }))
}

/// The proxy that the browser goes through to the service.
///
/// # Errors
/// [`NotStarted`] for one that it cannot use.
pub(super) fn browsers_proxy(base_url: &str) -> Result<Option<url::Url>, NotStarted> {
    let Some(proxy) = url::Url::parse(base_url).ok().and_then(|url| http::Proxy::of(&url)) else { return Ok(None) };
    if let Some((why, mend)) = proxy.unusable() {
        let said = format!("The proxy {} {why}. {mend}", proxy.address());
        return Err(NotStarted::new(Exit::WrongInput, said));
    }
    Ok(Some(proxy.url))
}

/// How a bucket is spoken to.
pub(super) async fn s3_of(bucket: &ResolvedBucket) -> aws::S3 {
    let ResolvedBucket { region, endpoint, credentials, .. } = bucket.clone();
    aws::s3(&aws::AwsSettings { region, endpoint, credentials }).await
}

/// What looks without touching anything.
pub(super) struct Eyes {
    pub(super) probe: Arc<dyn Probe>,
    pub(super) inbox: Arc<dyn Inbox>,
    pub(super) number: Option<Arc<dyn Inbox>>,
}

impl Eyes {
    /// One for each thing that the environment has.
    ///
    /// # Errors
    /// One sentence: the ca-file cannot be used, or no client can be made.
    pub(super) async fn open(
        resolved: &Resolved,
        run: &str,
        alive_within: Duration,
        keeper: &Keeper,
    ) -> Result<Self, String> {
        let target = &resolved.target;
        let agent = format!("notify-smoke/{} (run {run})", env!("CARGO_PKG_VERSION"));
        let service = http::client(REQUEST_LONGEST, resolved.ca_file.as_deref())?;
        let probe = HealthProbe::new(service, &target.base_url, resolved.basic_auth.clone(), &agent);
        let exec = |program: &ResolvedProgram, addresses: Vec<String>| -> Arc<dyn Inbox> {
            let keeper = keeper.with_variables(&program.variables);
            Arc::new(ExecInbox::new(&keeper, program.command.clone(), addresses))
        };
        let inbox: Arc<dyn Inbox> = match &resolved.mailbox {
            ResolvedMailbox::SesS3(at) => {
                let s3 = s3_of(at).await;
                Arc::new(SesS3Inbox::new(s3, at.bucket.clone(), at.prefix.clone(), alive_within))
            }
            ResolvedMailbox::Exec(program) => {
                exec(program, std::iter::once(&target.user_email).chain(&target.user_second_email).cloned().collect())
            }
        };
        let number: Option<Arc<dyn Inbox>> = match &resolved.number {
            None => None,
            Some(ResolvedNumber::Twilio { account, token, endpoint }) => {
                let client = http::client(REQUEST_LONGEST, None)?;
                let mobile = target.user_mobile.clone();
                let (endpoint, account, token) = (endpoint.clone(), account.clone(), token.clone());
                Some(Arc::new(TwilioInbox::new(client, endpoint, account, token, mobile, alive_within)))
            }
            Some(ResolvedNumber::Exec(program)) => Some(exec(program, vec![target.user_mobile.clone()])),
        };
        Ok(Self { probe: Arc::new(probe), inbox, number })
    }
}
