//! Adapters against real servers: the keeper with real processes, the lease with real locks, the mailbox with the
//! sandbox's S3 server, the health page of the sandbox.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use notify_smoke::aws::{AwsSettings, S3, s3};
use notify_smoke::guard::{FileLease, NoLease};
use notify_smoke::inbox::{SesS3Inbox, TwilioInbox};
use notify_smoke::model::Health;
use notify_smoke::port::{Inbox as _, Probe as _, Which};
use notify_smoke::probe::HealthProbe;
use notify_smoke::process::Keeper;

use crate::support::{Sandbox, processes_with, program, wait_until};

/// How lately something must have come for a mailbox to be alive: eight days, as the scenarios for US Notify have it.
pub const WEEK: Duration = Duration::from_hours(8 * 24);

pub fn runtime() -> tokio::runtime::Runtime {
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn client() -> reqwest::Client {
    notify_smoke::http::client(Duration::from_secs(10), None).expect("a client")
}

/// The sandbox's mailbox: a client, its bucket and its prefix.
pub async fn bucket(sandbox: &Sandbox) -> (S3, String, String) {
    let value = |name: &str| sandbox.ready[name].clone();
    let settings = AwsSettings {
        region: value("s3_region"),
        endpoint: Some(value("s3_url")),
        credentials: Some((value("s3_access_key_id"), value("s3_secret_access_key"))),
    };
    (s3(&settings).await, value("mailbox_bucket"), value("mailbox_prefix"))
}

pub fn refusal<T>(result: Result<T, notify_smoke::model::PortFailure>) -> notify_smoke::model::PortFailure {
    match result {
        Err(failure) => failure,
        Ok(_) => panic!("it was not refused"),
    }
}

/// A shell that starts a child in a session of its own and waits.
const FAMILY: &str = "setsid sleep 321 & sleep 321 & wait";

#[test]
fn a_keeper_ends_everybody_when_its_owner_is_gone_however_it_went() {
    let folder = tempfile::tempdir().expect("a folder").keep();
    let mark = format!("family-{}", std::process::id());
    let mut keeper = Command::new(program())
        .args(["keeper", "--folder", &folder.display().to_string(), "--", "sh", "-c", FAMILY])
        .env("LC_NOTIFY_SMOKE_TEST_MARK", &mark)
        .stdin(Stdio::piped())
        .spawn()
        .expect("a keeper");
    assert!(wait_until(Duration::from_secs(5), || (processes_with(&mark).len() >= 4).then_some(())).is_some());
    drop(keeper.stdin.take());
    let gone = wait_until(Duration::from_secs(2), || processes_with(&mark).is_empty().then_some(()));
    assert!(gone.is_some(), "{:#?}", processes_with(&mark));
    keeper.wait().expect("an end");
    assert!(!Path::new(&folder).exists(), "the folder is left");
}

#[test]
fn a_keeper_gives_its_childs_exit_code() {
    let mut command = Command::new(program());
    command.args(["keeper", "--", "sh", "-c", "exit 7"]).stdin(Stdio::piped());
    let mut keeper = command.spawn().expect("a keeper");
    // Closed before the child has ended, standard input would ask for the end itself.
    let owner = keeper.stdin.take();
    assert_eq!(keeper.wait().expect("an end").code(), Some(7));
    drop(owner);
    let mut missing = Command::new(program())
        .args(["keeper", "--", "/nonexistent"])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a keeper");
    let mut said = String::new();
    missing.stderr.take().expect("stderr").read_to_string(&mut said).expect("text");
    assert_eq!(missing.wait().expect("an end").code(), Some(127));
    assert!(said.starts_with("The keeper cannot start /nonexistent: "), "{said}");
}

#[test]
fn a_lease_is_held_by_one_and_says_by_whom() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("runs/one.lease");
    runtime().block_on(async {
        let keeper = Keeper::at(&program());
        let first = FileLease::take(&path, "run one", &keeper).expect("a lease");
        match FileLease::take(&path, "run two", &keeper) {
            Err(NoLease::Held(holder)) => assert_eq!(holder, "run one"),
            Err(NoLease::Failed(why)) => panic!("{why}"),
            Ok(_) => panic!("two hold it"),
        }
        first.give_back().await;
        assert!(!path.exists());
        FileLease::take(&path, "run two", &keeper).expect("free again").give_back().await;
    });
}

#[test]
fn the_mailbox_is_marked_looked_at_and_refuses_what_it_cannot_read() {
    let sandbox = Sandbox::start(&[]);
    runtime().block_on(async {
        let (s3, bucket, prefix) = bucket(&sandbox).await;
        let inbox = SesS3Inbox::new(s3.clone(), bucket.clone(), prefix.clone(), WEEK);
        let mark = inbox.mark().await.expect("a mark");
        assert!(mark.clock_offset_ms.is_some_and(|ms| ms.abs() < 2_000), "its server tells its time");
        assert!(
            mark.alive.is_some_and(|alive| alive.contains("holds 1 object(s)")),
            "SES's own note shows that it can write"
        );
        let put = |name: &'static str, body: &'static str| {
            s3.client.put_object().bucket(&bucket).key(format!("{prefix}{name}")).body(body.as_bytes().to_vec().into())
        };
        let mail = "From: a@b.gov\r\nTo: c@d.gov\r\nSubject: S\r\nMessage-ID: <m1>\r\n\r\nbody\r\n";
        put("new", mail).send().await.expect("stored");
        let known = mark.ids.into_iter().collect();
        let seen = inbox.look(Which::NotIn(&known)).await.expect("a look").messages;
        assert_eq!(
            seen.iter().map(|mail| (mail.subject.as_str(), mail.provider_id.as_str())).collect::<Vec<_>>(),
            [("S", "m1")]
        );
        let again = [seen[0].id.clone()].into_iter().collect();
        assert_eq!(inbox.look(Which::Only(&again)).await.expect("a look").messages.len(), 1);
        put("encrypted", "xxxx").metadata("x-amz-key-v2", "k").send().await.expect("stored");
        let seen = inbox.look(Which::NotIn(&known)).await.expect("a look");
        assert_eq!(seen.messages.len(), 1, "a neighbour that cannot be read blinds nobody");
        let unreadable = seen.unreadable.join(" ");
        assert!(unreadable.contains("take the encryption option out of the receipt rule's S3 action"), "{unreadable}");
        let at_once = SesS3Inbox::new(s3.clone(), bucket, prefix.clone(), Duration::ZERO);
        let mark = at_once.mark().await.expect("a mark");
        assert!(!mark.ids.is_empty() && mark.alive.is_none(), "what came long ago shows nothing");
        let wrong = SesS3Inbox::new(s3, "no-such-bucket".to_owned(), prefix, WEEK);
        let failure = refusal(wrong.mark().await);
        assert!(
            failure.text.starts_with("the mailbox s3://no-such-bucket/inbound/ cannot be listed: "),
            "{}",
            failure.text
        );
    });
}

#[test]
fn the_test_number_is_marked_looked_at_and_must_be_the_accounts_own() {
    let sandbox = Sandbox::start(&[]);
    let value = |name: &str| sandbox.ready[name].clone();
    let number_alive = |mobile: &str, token: &str, within: Duration| {
        let (endpoint, account) = (Some(value("sms_gateway_url")), value("sms_gateway_account"));
        TwilioInbox::new(client(), endpoint, account, token.to_owned(), mobile.to_owned(), within)
    };
    let number = |mobile: &str, token: &str| number_alive(mobile, token, WEEK);
    runtime().block_on(async {
        let own = number(&value("user_mobile"), &value("sms_gateway_token"));
        let mark = own.mark().await.expect("a mark");
        assert!(mark.ids.len() == 1 && mark.alive.is_some_and(|alive| alive.contains("got its newest text at")));
        let body = format!("{{\"email\":\"{}\"}}", value("user_email"));
        crate::support::http("POST", &format!("{}/user/sms-code", value("api_url")), &body);
        let known = mark.ids.into_iter().collect();
        let arrived = wait_until(Duration::from_secs(5), || (!sandbox.codes().is_empty()).then_some(()));
        assert!(arrived.is_some(), "no text");
        let seen = own.look(Which::NotIn(&known)).await.expect("a look").messages;
        assert_eq!(seen.len(), 1);
        assert_eq!((&seen[0].from, &seen[0].to), (&value("sms_sender"), &vec![value("user_mobile")]));
        assert!(seen[0].provider_id.starts_with("SM") && seen[0].arrived_at.is_some());
        let stale = number_alive(&value("user_mobile"), &value("sms_gateway_token"), Duration::ZERO)
            .mark()
            .await
            .expect("a mark");
        assert!(!stale.ids.is_empty() && stale.alive.is_none(), "what came long ago shows nothing");
        let stranger = number("+12025550199", &value("sms_gateway_token"));
        assert!(stranger.mark().await.expect("a mark").alive.is_none(), "not this account's number");
        let refused = refusal(number(&value("user_mobile"), "wrong token").mark().await);
        assert!(refused.text.contains("Twilio refuses account and token"), "{}", refused.text);
    });
}

/// The health page as soon as it is as wanted; a process comes and goes in a moment of its own.
async fn status_when(probe: &HealthProbe, wanted: impl Fn(&Health) -> bool) -> Health {
    for _ in 0..50 {
        let health = probe.look().await.expect("an answer");
        if wanted(&health) {
            return health;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the health page never came to say so");
}

#[test]
fn the_health_page_tells_parts_versions_and_time() {
    let sandbox = Sandbox::start(&[]);
    let auth = Some((sandbox.ready["basic_auth_username"].clone(), sandbox.ready["basic_auth_password"].clone()));
    runtime().block_on(async {
        let probe = HealthProbe::new(client(), &sandbox.ready["admin_url"], auth, "test");
        let health = probe.look().await.expect("an answer");
        assert!(health.admin.ok && health.api.ok && !health.refused);
        assert!(health.clock_offset_ms.is_some_and(|offset| offset.abs() <= 1_000), "{health:?}");
        crate::support::http("PUT", &format!("{}/control/clock", sandbox.control_url()), "{\"offset_ms\":3600000}");
        let ahead = probe.look().await.expect("an answer");
        assert!(ahead.clock_offset_ms.is_some_and(|offset| (offset - 3_600_000).abs() <= 1_000), "{ahead:?}");
        sandbox.faults(&["api=down"]);
        let down = status_when(&probe, |health| !health.api.ok).await;
        assert!(down.admin.ok && down.api.version == "Request failed", "{down:?}");
        sandbox.faults(&[]);
        let up = status_when(&probe, |health| health.api.ok).await;
        assert!(up.admin.ok, "{up:?}");
        let stranger = HealthProbe::new(client(), &sandbox.ready["admin_url"], None, "test");
        assert!(stranger.look().await.expect("an answer").refused);
    });
}
