//! What runs share, and the lease that one of them has on it.

use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::NotStarted;
use super::going::Going;
use super::ports::s3_of;
use super::prepare::Prepared;
use crate::config::{Files, Resolved, ResolvedBucket, ResolvedMailbox, ResolvedNumber};
use crate::exit::Exit;
use crate::guard::{Alone, Leases};
use crate::model::environment::host_of;
use crate::port::{Clock, Lease, Objects, Taken};
use crate::process::Owner;
use crate::reading::one_line;
use crate::store::{BucketObjects, FolderObjects};

/// So many digits of a digest name a lease: no two of one team's are the same.
const DIGITS: usize = 32;

/// The lease on what a run shares with others; on nothing, where the sandbox is its own.
pub(super) fn lease(
    (prepared, going, resolved): (&Prepared, &Going, &Resolved),
    bucket: Option<&Arc<dyn Objects>>,
    (run, goes_on): (&str, bool),
    clock: Arc<dyn Clock>,
) -> Arc<dyn Lease> {
    if prepared.environment.sandbox.is_some() && going.sandbox.is_none() {
        return Arc::new(Alone);
    }
    let holder = holder(run, &prepared.environment.name);
    // The nearest one first: of runs on this machine it needs no network to know.
    let mut stores: Vec<Arc<dyn Objects>> = vec![Arc::new(FolderObjects::beside(&prepared.files.runs()))];
    stores.extend(bucket.cloned());
    // Of the run, and not of its process: what one has left, another one goes on with.
    let leases = Leases::new(stores, keys(resolved), holder, Owner::this(), run.to_owned(), clock);
    Arc::new(if goes_on { leases.had_before() } else { leases })
}

/// The lease on a run itself, among all machines.
pub(super) fn of_run(
    environment: &str,
    bucket: &Arc<dyn Objects>,
    run: &str,
    nonce: String,
    clock: Arc<dyn Clock>,
) -> Leases {
    let keys = vec![key("run", &[environment, run])];
    Leases::new(vec![bucket.clone()], keys, holder(run, environment), Owner::this(), nonce, clock)
}

fn holder(run: &str, environment: &str) -> String {
    let now = Timestamp::now().strftime("%F %H:%M:%S UTC");
    format!("run {run} on {environment}, process {}, since {now}", std::process::id())
}

/// Where runs of an environment leave word for each other: what every machine shares, or what lies beside the runs of this folder.
pub(super) fn objects(files: &Files, bucket: Option<&Arc<dyn Objects>>) -> Arc<dyn Objects> {
    bucket.cloned().unwrap_or_else(|| Arc::new(FolderObjects::beside(&files.runs())))
}

/// What every machine shares, where the environment names it.
pub(super) async fn bucket(store: Option<&ResolvedBucket>) -> Option<Arc<dyn Objects>> {
    let at = store?;
    Some(Arc::new(BucketObjects::new(s3_of(at).await, at.bucket.clone(), &at.prefix)))
}

/// Takes it before the run begins. Whoever waits is told for whom.
///
/// # Errors
/// [`NotStarted`] where somebody else has it for longer than is to be waited.
pub(super) async fn take(
    lease: &dyn Lease,
    prepared: &Prepared,
    going: &Going,
    clock: &dyn Clock,
    tell: fn(&str),
) -> Result<Had, NotStarted> {
    let begun = clock.elapsed_ms();
    let mut taken = lease.take(0).await;
    let mut before = None;
    if let (Taken::Held { by, left_ms }, true) = (&taken, going.wait_ms > 0) {
        tell(&format!(
            "Another run works with the same user, number or mailbox: {}. This one waits for it, for {} s at the most.",
            who(by, *left_ms),
            going.wait_ms.div_ceil(1_000)
        ));
        before = Some(by.clone());
        taken = lease.take(going.wait_ms).await;
    }
    match taken {
        Taken::Ours { behind, unasked, .. } => {
            let behind = behind.or(before);
            let waited_ms = if behind.is_some() { clock.elapsed_ms().saturating_sub(begun) } else { 0 };
            Ok(Had { waited_ms, behind, unasked })
        }
        Taken::Held { by, left_ms } => Err(NotStarted::new(
            Exit::Refused,
            format!(
                "Another run works with the user, number or mailbox of {}: {}. Wait for it, or add --wait 5m.",
                prepared.environment.name,
                who(&by, left_ms)
            ),
        )),
    }
}

/// Who has a lease, and for how long at the most. What stands in one is anybody's who writes into the store.
pub(super) fn who(by: &str, left_ms: u64) -> String {
    one_line(&format!("{by}, at the most for {} s more", left_ms.div_ceil(1_000)))
}

/// What there is to tell of a lease.
pub(super) struct Had {
    pub(super) waited_ms: u64,
    pub(super) behind: Option<String>,
    pub(super) unasked: Option<String>,
}

/// The user of a service; a number with the sender whose codes come to it; a mailbox with the domain whose mails do. Two
/// environments that share number and mailbox have senders of their own, and need not wait for each other.
fn keys(resolved: &Resolved) -> Vec<String> {
    let target = &resolved.target;
    let host = host_of(&target.base_url).unwrap_or_default();
    let mut keys = vec![key("user", &[&host, &target.user_email.to_lowercase()])];
    if let Some(number) = &resolved.number {
        let gateway = match number {
            ResolvedNumber::Twilio { endpoint, .. } => endpoint.clone().unwrap_or_default(),
            ResolvedNumber::Exec(_) => String::new(),
        };
        keys.push(key("number", &[&gateway, &target.user_mobile, &target.sms_sender]));
    }
    let (place, prefix) = match &resolved.mailbox {
        ResolvedMailbox::SesS3(ResolvedBucket { bucket, prefix, endpoint, .. }) => {
            (format!("{}/{bucket}", endpoint.clone().unwrap_or_default()), prefix.clone())
        }
        ResolvedMailbox::Exec(_) => (target.user_email.to_lowercase(), String::new()),
    };
    let domain = target.email_sender.rsplit('@').next().unwrap_or_default().to_lowercase();
    keys.push(key("mailbox", &[&place, &prefix, &domain]));
    keys
}

/// Names of people are nobody's business in a bucket's listing.
fn key(kind: &str, parts: &[&str]) -> String {
    let digest = format!("{:x}", Sha256::digest(parts.join("\n")));
    format!("leases/{kind}/{}", &digest[..DIGITS])
}
