//! Every cause, defined once, with the signs that it cites; reports and docs are projections of this table.

use super::evidence::Sign;
use crate::model::Component;

/// Something that can be wrong, as seen from outside.
#[derive(Debug, PartialEq, Eq)]
pub struct Cause {
    /// A word for scripts; never changes its meaning.
    pub id: &'static str,
    pub component: Component,
    pub title: &'static str,
    /// The one look that would tell it from its neighbours.
    pub decides: &'static str,
    /// What speaks for it, if it was seen.
    pub(super) cites: &'static [Sign],
}

macro_rules! causes {
    ($($name:ident = $id:literal, $component:ident, $title:literal, $decides:literal, [$($sign:ident),*];)*) => {
        $(pub(super) static $name: Cause = Cause {
            id: $id,
            component: Component::$component,
            title: $title,
            decides: $decides,
            cites: &[$(Sign::$sign),*],
        };)*
        /// All causes.
        pub static CAUSES: &[&Cause] = &[$(&$name),*];
    };
}

causes! {
    SES_SILENT = "ses-silent", Ses,
        "SES did not deliver the mail",
        "SES's sending statistics for the minute: rejects, or no sending at all",
        [Accepted, Absent, MailboxAlive, WorkerProven];
    WORKER_SILENT = "worker-silent", Worker,
        "the worker did not send it",
        "whether the worker runs, and whether notify-internal-tasks grows (llen)",
        [Accepted, Absent, ApiWell];
    API_CLAIMED = "api-claimed", Api,
        "the page claimed success and nothing arrived: the API may have queued nothing",
        "whether the API logged POST /user/reset-password with 204 and made a notification",
        [Accepted, Absent];
    ACCOUNT_UNKNOWN = "account-unknown", Account,
        "the smoke user does not exist or is not active there (the page is the same)",
        "sign in as the smoke user by hand",
        [Accepted, Absent];
    SES_SLOW = "ses-slow", Ses,
        "SES took the mail late, or only at the second try",
        "the notification's sent_at: late means that sending failed first",
        [Late, WorkerProven];
    WORKER_SLOW = "worker-slow", Worker,
        "the worker came to it late, or its first try failed",
        "the worker's log for \"Retry in 300s\"",
        [Late];
    SNS_SILENT = "sns-silent", Sns,
        "SNS did not deliver the text, or not from this environment's number",
        "SNS's delivery logs for the minute, and the account's spending limit",
        [Accepted, Absent, MailboxAlive, WorkerProven];
    TEXT_LOST = "text-lost", Number,
        "the carrier lost this one text, as happens now and then",
        "run again: a second text that is missing too speaks for SNS",
        [Absent, MailboxAlive];
    SNS_SLOW = "sns-slow", Sns,
        "SNS took the text late, or only at the second try",
        "the notification's sent_at: late means that sending failed first",
        [Late, WorkerProven];
    WORKER_BOTH = "worker-both-silent", Worker,
        "the worker sends nothing: mail and text are both missing",
        "whether the worker runs, and whether notify-internal-tasks grows (llen)",
        [Accepted, Absent, BothAbsent];
    CODE_AMBIGUOUS = "code-ambiguous", Harness,
        "the code may be the answer to an earlier run's request",
        "run again when no earlier code is live any more",
        [Met];
    SENT_TWICE = "worker-twice", Worker,
        "the service sent it twice",
        "whether there are two notifications, or one with two sendings",
        [Duplicate];
    SES_TWICE = "ses-twice", Ses,
        "the provider was asked once and sent twice",
        "the number of SendEmail calls in the minute",
        [Duplicate];
    SNS_TWICE = "sns-twice", Sns,
        "the provider was asked once and sent twice",
        "the number of Publish calls in the minute",
        [Duplicate];
    WRONG_MAIL = "wrong-mail", Api,
        "our mail came, but with another sender, subject or host",
        "ADMIN_BASE_URL and the Notify service's email_from in that deployment",
        [Wrong];
    API_DOWN = "api-down", Api,
        "the API (or its database) does not answer",
        "the API's own /_status",
        [ErrorPage, ApiUnwell];
    API_ERROR = "api-error", Api,
        "the API refused what the admin app asked for",
        "the API's log for the minute and the run id",
        [ErrorPage, ApiWell];
    ADMIN_ERROR = "admin-error", Admin,
        "the admin app answered with its error page",
        "the admin app's log for the minute and the run id",
        [ErrorPage];
    ADMIN_SLOW = "admin-slow", Admin,
        "the page came late",
        "response times of admin and API in the minute",
        [Late];
    PAGE_LACKS = "page-lacks", Admin,
        "the page does not show what it should",
        "the picture beside the journal",
        [Wrong, Absent, Failed];
    WORDS_CHANGED = "words-changed", Harness,
        "the page's words were changed, and the scenario file was not",
        "the picture beside the journal against the scenario file",
        [Wrong, Absent, Failed];
    UNREACHABLE = "unreachable", Edge,
        "the address does not answer",
        "DNS, the router and the route of the app",
        [Unreachable];
    MAILBOX_BLIND = "mailbox-blind", Mailbox,
        "the mailbox could not be seen, so a missing mail says nothing",
        "list the mailbox by hand with the same credentials",
        [MailboxBlind];
    DEPLOYED = "deployed", Deploy,
        "another version came in the middle of the run",
        "run again now that the deploy is over",
        [Deployed, ErrorPage, Absent];
    HARNESS = "harness", Harness,
        "the harness could not look, or was stopped",
        "run again; `notify-smoke report` shows where it stopped",
        [Failed, Absent];
}
