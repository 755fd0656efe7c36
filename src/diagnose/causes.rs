//! Every cause, defined once, with the signs that it cites; reports and docs are projections of this table.

use std::collections::BTreeMap;

use super::sign::Sign;
use crate::model::{Component, EyeLevel};

/// Something that can be wrong, as seen from outside.
#[derive(Debug, PartialEq, Eq)]
pub struct Cause {
    /// A word for scripts; never changes its meaning.
    pub id: &'static str,
    pub component: Component,
    pub title: &'static str,
    /// The one look that would tell it from its neighbours.
    pub decides: &'static str,
    /// From how near that look is taken.
    pub decided_from: EyeLevel,
    /// What speaks for it, if it was seen.
    pub(super) cites: &'static [Sign],
}

impl Cause {
    /// What a run book says to do: for it, or else for its component.
    pub fn step_in<'b>(&self, runbook: &'b BTreeMap<String, String>) -> Option<&'b str> {
        runbook.get(self.id).or_else(|| runbook.get(self.component.name())).map(String::as_str)
    }

    /// What speaks for it, in words.
    pub fn signs(&self) -> Vec<&'static str> {
        self.cites.iter().map(|sign| sign.doc()).collect()
    }
}

macro_rules! causes {
    ($($name:ident = $id:literal, $component:ident, $level:ident, $title:literal, $decides:literal, [$($sign:ident),*];)*) => {
        $(pub(super) static $name: Cause = Cause {
            id: $id,
            component: Component::$component,
            decided_from: EyeLevel::$level,
            title: $title,
            decides: $decides,
            cites: &[$(Sign::$sign),*],
        };)*
        /// All causes.
        pub static CAUSES: &[&Cause] = &[$(&$name),*];
    };
}

causes! {
    MAIL_SILENT = "ses-silent", Mail, Providers,
        "{mail} did not deliver the mail",
        "{mail}'s sending statistics for the minute: rejects, or no sending at all",
        [Accepted, Absent, OthersCame, MailboxAlive, WorkerProven];
    WORKER_SILENT = "worker-silent", Worker, Platform,
        "the worker did not send it",
        "whether the worker runs, and whether its queue grows",
        [Accepted, Absent, ApiWell];
    API_CLAIMED = "api-claimed", Api, Platform,
        "the page claimed success and nothing arrived: the API may have queued nothing",
        "whether the API logged the request with success and made a notification",
        [Accepted, Absent];
    ACCOUNT_UNKNOWN = "account-unknown", Account, Outside,
        "the smoke user does not exist or is not active there (the page is the same)",
        "sign in as the smoke user by hand",
        [Accepted, Absent];
    MAIL_SLOW = "ses-slow", Mail, Stores,
        "{mail} took the mail late, or only at the second try",
        "the notification's sent_at: late means that sending failed first",
        [Late, WorkerProven, RowsMade];
    WORKER_SLOW = "worker-slow", Worker, Platform,
        "the worker came to it late, or its first try failed",
        "the worker's log for a first try that failed",
        [Late, RowsMade];
    TEXT_SILENT = "sns-silent", Text, Providers,
        "{text} did not deliver the text, or not from this environment's number",
        "{text}'s delivery log for the minute, and the account's limits",
        [Accepted, Absent, MailboxAlive, WorkerProven];
    NUMBER_DEAF = "number-deaf", Number, Providers,
        "the number gets no texts: opted out, blocked, or not ours any more",
        "whether another text came to this number since, and {text}'s list of numbers that want none",
        [Absent, MailboxAlive, Undelivered];
    CODES_LIMITED = "codes-limited", Account, Platform,
        "the user has five unused codes: the service sends no more, and its page is the same",
        "whether the API's log says that this user has too many codes; after their lifetime they are used up",
        [Accepted, CodesKept, Absent];
    TEXT_LOST = "text-lost", Number, Outside,
        "the carrier lost this one text, as happens now and then",
        "run again: a second text that is missing too speaks for {text}",
        [Absent, OneLost, MailboxAlive];
    TEXT_SLOW = "sns-slow", Text, Stores,
        "{one-text} took the text late, or only at the second try",
        "the notification's sent_at: late means that sending failed first",
        [Late, AllCame, WorkerProven, RowsMade];
    WORKER_BOTH = "worker-both-silent", Worker, Platform,
        "the worker sends nothing: mail and text are both missing",
        "whether the worker runs, and whether its queue grows",
        [Accepted, Absent, BothAbsent];
    CODE_AMBIGUOUS = "code-ambiguous", Harness, Outside,
        "the code may be the answer to an earlier run's request",
        "run again when no earlier code is live any more",
        [Met];
    SENT_TWICE = "worker-twice", Worker, Stores,
        "the service sent it twice",
        "whether there are two notifications, or one with two sendings",
        [Duplicate];
    MAIL_TWICE = "ses-twice", Mail, Providers,
        "the provider was asked once and sent twice",
        "how often {mail} was asked in the minute",
        [Duplicate];
    TEXT_TWICE = "sns-twice", Text, Providers,
        "the provider was asked once and sent twice",
        "how often {text} was asked in the minute",
        [Duplicate];
    WRONG_MAIL = "wrong-mail", Api, Platform,
        "our mail came, but with another sender, subject or host",
        "the address of the admin app and the sender that the deployment is configured with",
        [Wrong];
    API_DOWN = "api-down", Api, Platform,
        "the API (or its database) does not answer",
        "the API's own /_status",
        [ErrorPage, ApiUnwell];
    API_ERROR = "api-error", Api, Platform,
        "the API refused what the admin app asked for",
        "the API's log for the minute and the run id",
        [ErrorPage, ApiWell];
    ADMIN_ERROR = "admin-error", Admin, Platform,
        "the admin app answered with its error page",
        "the admin app's log for the minute and the run id",
        [ErrorPage];
    API_SLOW = "api-slow", Api, Platform,
        "the API answers late: pages that do not need it came on time",
        "response times of the API in the minute, and the load of its database",
        [Late, ApiWell];
    BROKER_DOWN = "broker-down", Broker, Stores,
        "the broker takes no tasks: whatever queues something ends on the error page",
        "whether the broker answers the API, and the API's log for a connection error",
        [ErrorPage, ApiWell, Accepted];
    CACHE_DOWN = "cache-down", Cache, Stores,
        "the cache does not answer, and the pages that need it fail",
        "whether the cache answers admin and API, and their logs for a connection error",
        [ErrorPage, ApiWell, Accepted];
    ADMIN_SLOW = "admin-slow", Admin, Platform,
        "the page came late",
        "response times of admin and API in the minute",
        [Late];
    SENDER_OTHER = "sender-other", Text, Providers,
        "a text came, but not from this environment's number",
        "the Notify service's default sender for texts in that deployment",
        [Accepted, Absent, MailboxAlive, WorkerProven];
    TEXT_ONCE_LOST = "sns-once", Text, Providers,
        "{one-text} did not deliver one text; the second one came",
        "{text}'s delivery log for the minute",
        [OneLost, MailboxAlive, WorkerProven];
    FILES_UPLOAD = "s3-upload", Files, Platform,
        "the bucket did not take the file",
        "the admin app's log for the minute, and its access to the bucket of lists",
        [Accepted, ErrorPage, ApiWell];
    FILES_START = "s3-start", Files, Platform,
        "the API could not read from the bucket what the list is",
        "the API's log for the request that makes the job in that minute",
        [Accepted, ErrorPage, ApiWell];
    FILES_JOB = "s3-job", Files, Platform,
        "the worker could not read the file from the bucket",
        "the worker's log for process-job in the minute of the slot",
        [Absent, NoRowMade];
    WORKER_STOOD = "worker-stood", Worker, Stores,
        "the worker began with the job and made nothing of it",
        "whether the queues of jobs and rows grow",
        [Absent, NoRowMade, DoneEmpty];
    WORKER_LOST_ROW = "worker-lost-row", Worker, Platform,
        "the worker read the file and lost a row of it",
        "the worker's log for the tasks that save this job's rows",
        [Absent, RowNotMade];
    WORKER_UNSENT = "worker-unsent", Worker, Stores,
        "the worker made the messages and did not send them",
        "whether the queues of mails and texts to be sent grow",
        [Absent, RowsMade];
    MAIL_UNSENT = "ses-unsent", Mail, Providers,
        "the worker made the mails, and {mail} did not deliver them",
        "{mail}'s sending statistics for the minutes after the job began",
        [Absent, RowsMade];
    TEXT_UNSENT = "sns-unsent", Text, Providers,
        "the worker made the texts, and {text} did not deliver them",
        "{text}'s delivery log for the minutes after the job began",
        [Absent, RowsMade];
    QUEUE_BUSY = "queue-busy", Worker, Stores,
        "the worker came to our rows late: its queues are busy, or it is slow",
        "how long the queue of rows is, and whose jobs run at this hour",
        [Late, NoRowMade, RowNotMade, DoneEmpty];
    WRONG_ROW = "wrong-row", Worker, Stores,
        "a row went out with other words, or to another recipient, than its list says",
        "the notification of that row, and what the last deploy changed in personalisation",
        [Wrong];
    ROW_TWICE = "row-twice", Worker, Stores,
        "the worker made a row twice",
        "the notifications of this job: more than the list has rows",
        [Duplicate, TooManyRows, MadeLater];
    SCHEDULER_MISSED = "scheduler-missed", Scheduler, Platform,
        "the scheduler did not pick the job up",
        "whether the scheduler process runs, and its log at the slot",
        [Absent, JobWaits, HeartbeatCame];
    SCHEDULER_LATE = "scheduler-late", Scheduler, Platform,
        "the scheduler picked the job up a tick late",
        "the scheduler's log at the slot and at the tick after it",
        [Late, JobWaits];
    WORKER_MISSED = "worker-missed", Worker, Platform,
        "the worker does not run what the scheduler asks for",
        "whether the worker of scheduled tasks runs, and whether its queue grows",
        [Absent, JobWaits, HeartbeatMissing];
    SENT_EARLY = "sent-early", Scheduler, Stores,
        "the job was sent before the time that was chosen for it",
        "scheduled_for of the job",
        [Late, Accepted];
    SENT_AT_ONCE = "sent-at-once", Admin, Stores,
        "the list was sent at once, though a time was chosen for it",
        "the picture beside the journal, and scheduled_for of the job",
        [Late, SentAtOnce, Accepted];
    TIME_NOT_KEPT = "time-not-kept", Admin, Outside,
        "the service does not keep the time that is chosen",
        "choose a time on that page by hand: is its script served, and free of errors; what does the job's page name?",
        [NotScheduled, OtherTime];
    UPLOAD_STUCK = "upload-stuck", Admin, Outside,
        "the list was chosen and the page did not send it: its script does not run",
        "the browser's console on that page: is its script served, and free of errors?",
        [Absent, Unmoved];
    UPLOAD_HANGS = "upload-hangs", Admin, Platform,
        "the page sent the list, and no answer came",
        "the admin app's log for the POST of the list in that minute",
        [Absent, Unmoved];
    MAIL_BOUNCED = "ses-bounced", Mail, Providers,
        "{mail} says that there is no such mailbox: it bounced, or is on {mail}'s suppression list",
        "{mail}'s suppression list, and the bounce in its notifications",
        [Undelivered];
    MAILBOX_REFUSES = "mailbox-refuses", Mailbox, Outside,
        "the mailbox's own side refused the mail",
        "send a mail to the mailbox from elsewhere",
        [Undelivered];
    TEXT_REFUSED = "sns-refused", Text, Providers,
        "{text} says that the text was not delivered",
        "{text}'s delivery log for the minute: the carrier's own words",
        [Undelivered];
    WORKER_GAVE_UP = "worker-gave-up", Worker, Platform,
        "the worker has given the message up: {mail} or {text} refused it, or no try was left",
        "the worker's log for this notification",
        [GivenUp];
    JOB_CANCELLED = "job-cancelled", Account, Stores,
        "somebody cancelled the job, or the service does not know it any more",
        "the status of the job in the API",
        [Gone];
    SIGN_IN_LOOP = "sign-in-loop", Admin, Platform,
        "signing in leads back to where it began: the session is not kept",
        "what the last deploy changed in cookies, session and sign-in settings",
        [Accepted, SignedOut];
    SIGNED_OUT_ELSEWHERE = "signed-out-elsewhere", Account, Outside,
        "somebody else signed in with the same user, and a user has one session",
        "who else uses this user; give the smoke test a user of its own",
        [Wrong, Met, Accepted];
    SIGNED_OUT = "signed-out", Account, Platform,
        "the session ended in the middle of the run",
        "the admin app's log for the minute and the run id",
        [Wrong, Accepted];
    SIGN_IN_REFUSED = "sign-in-refused", Account, Outside,
        "the service did not take our password or code; the page is the same for a locked user",
        "sign in as the smoke user by hand",
        [Wrong, Accepted];
    TRIAL = "trial", Account, Outside,
        "the service is in trial mode and does not send to this recipient",
        "whether the recipient is exactly a team member's address or number",
        [Wrong];
    RECEIPTS_OFF = "receipts-off", Receipts, Providers,
        "the messages came, and the service was not told so",
        "what tells the service of deliveries: its subscriptions for mails, the providers' calls for texts",
        [Untold];
    SET_UP = "account-set-up", Account, Outside,
        "the smoke user or its service is not set up as the test needs it: one service, one sender, mail read within 90 days",
        "sign in as the smoke user by hand and look at the page that the harness met",
        [Wrong, Accepted];
    SIGN_IN_OTHER = "sign-in-other", Harness, Outside,
        "this service's sign-in is not the one described: its page asks for no password",
        "the same page by hand: who signs people in there, and since when",
        [Wrong, Accepted];
    NO_LINK_TIME = "link-time", Harness, Outside,
        "the link in our mail does not say when it was made: look at `issued-at` in service.yaml",
        "how the service signs its links: where in the secret the time of issue stands",
        [Wrong, Accepted];
    TEMPLATE_CHANGED = "template-changed", Template, Outside,
        "the template does not read as the environment file says",
        "the template's page against `templates` in the environment file",
        [Wrong, Absent];
    PAGE_LACKS = "page-lacks", Admin, Outside,
        "the page does not show what it should",
        "the picture beside the journal",
        [Wrong, Absent, Failed];
    PAGE_ASKS = "page-asks", Admin, Outside,
        "the page asks something in a dialog before it goes on",
        "the same page by hand: what asks, and since which deploy",
        [Asked];
    WORDS_CHANGED = "words-changed", Harness, Outside,
        "the page's words were changed, and the scenario file was not",
        "the picture beside the journal against the scenario file",
        [Wrong, Absent, Failed];
    UNREACHABLE = "unreachable", Edge, Outside,
        "the address does not answer",
        "DNS, the router and the route of the app",
        [Unreachable];
    CERTIFICATE = "certificate", Edge, Outside,
        "the certificate that the service shows may not be trusted",
        "`notify-smoke doctor ENV`: its last day, its names, who signed it",
        [Untrusted];
    ROUTER = "router", Edge, Platform,
        "the router has no way to the admin app",
        "the app's route and the router's log for the run id",
        [Gateway];
    NO_INSTANCE = "no-instance", Admin, Platform,
        "no instance of the admin app answers the router, or it cannot serve",
        "the app's instances and their crashes",
        [Gateway, Accepted];
    EDGE_PAGE = "edge-page", Edge, Platform,
        "something before the service may have answered in its place: a challenge, a block, a limit",
        "the picture beside the journal, and the edge's log for the run id",
        [Denied, Absent];
    MAILBOX_DEAF = "mailbox-deaf", Mailbox, Outside,
        "the mailbox gets no mail any more: its address, receipt rule or storage",
        "send a mail to the mailbox from elsewhere",
        [Absent, MailboxAlive];
    MAILBOX_LATE = "mailbox-late", Mailbox, Outside,
        "the mailbox lists late what came on time",
        "the mail's own time of arrival against the moment in which it was listed",
        [ListedLate];
    NUMBER_LATE = "number-late", Number, Outside,
        "the number's gateway lists late what came on time",
        "the text's own time against the moment in which it was listed",
        [ListedLate];
    MAILBOX_UNSTEADY = "mailbox-unsteady", Mailbox, Outside,
        "the mailbox shows a mail in one look, and not in the next",
        "list the mailbox by hand, twice",
        [ComesAndGoes];
    NUMBER_UNSTEADY = "number-unsteady", Number, Outside,
        "the number's gateway shows a text in one look, and not in the next",
        "list the number's messages by hand, twice",
        [ComesAndGoes];
    CLOCK_APART = "clock-apart", Harness, Outside,
        "this machine's clock is wrong, so what it trusts and signs may be refused",
        "`notify-smoke doctor ENV`: whose clock is how far apart",
        [ClockApart];
    MAIL_ALTERED = "mail-altered", Mailbox, Outside,
        "something between {mail} and the mailbox alters what is sent",
        "the same mail in a mailbox without that gateway, or its source as the first server got it",
        [Unreadable, Altered, WrongWords];
    TEXT_ALTERED = "text-altered", Number, Outside,
        "something between the carrier and the number's gateway blanks or alters what is sent",
        "the same text on a telephone, and the gateway's settings for redaction",
        [Unreadable, Altered, WrongWords];
    MAIL_DISTRUSTED = "ses-distrusted", Mail, Providers,
        "mails come, and the receiving side's checks fail: others of the kind go to junk",
        "the sender domain's SPF, DKIM and DMARC records, and its identity at {mail}",
        [Distrusted];
    MACHINE_BUSY = "machine-busy", Harness, Outside,
        "this machine had no processor to give, so what a page took cannot be told from what the service took",
        "what else runs here (`/proc/pressure/cpu`), and the same run where nothing else does",
        [MachineBusy];
    MAILBOX_BLIND = "mailbox-blind", Mailbox, Outside,
        "the mailbox could not be seen, so a missing mail says nothing",
        "list the mailbox by hand with the same credentials",
        [MailboxBlind];
    NUMBER_BLIND = "number-blind", Number, Outside,
        "the test number could not be read, so a missing text says nothing",
        "list the number's messages by hand with the same credentials",
        [MailboxBlind];
    DEPLOYED = "deployed", Deploy, Platform,
        "another version came in the middle of the run",
        "run again now that the deploy is over",
        [Deployed, ErrorPage, Absent];
    WRONG_BUILD = "wrong-build", Deploy, Platform,
        "another version answers than was deployed",
        "which version each instance runs, on the platform",
        [Absent];
    STOPPED = "stopped", Harness, Outside,
        "the run was stopped before this was looked at",
        "go on with the run, or run it again",
        [Stopped];
    HARNESS = "harness", Harness, Outside,
        "the harness could not look, or was stopped",
        "run again; `notify-smoke report` shows where it stopped",
        [Failed, Absent];
}
