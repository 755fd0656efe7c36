//! The keys of an environment file: read by the schema, and held against what the lowering asks for by a test.

use crate::yaml::Key;

/// Of the file itself.
pub const ENVIRONMENT: [Key; 22] = [
    Key { name: "service", doc: "The folder under scenarios/ that says what is true of this service." },
    Key { name: "base-url", doc: "Scheme, host and port of the admin UI, without a path." },
    Key { name: "basic-auth", doc: "HTTP Basic auth before the service, where there is one." },
    Key { name: "user", doc: "The smoke user." },
    Key { name: "email-sender", doc: "The address that Notify's own mails come from." },
    Key { name: "mailbox", doc: "How the smoke user's mailbox is read." },
    Key { name: "store", doc: "What runs on every machine share: a bucket, or `file` for those of one folder." },
    Key { name: "keep", doc: "How long runs are kept, on this machine and in the store; 90 days unless said." },
    Key { name: "announce", doc: "Who is told of its runs, besides whoever makes them." },
    Key {
        name: "sms-sender",
        doc: "The number that Notify's own texts come from; it tells one environment's codes from another's.",
    },
    Key { name: "number", doc: "How the smoke user's test number is read." },
    Key { name: "hosts", doc: "Other hosts that a page may be on; the base URL's own always may." },
    Key { name: "recipients", doc: "Other addresses that something may be sent to; the user's own always may." },
    Key { name: "windows", doc: "Limits that differ from the service's, by the window's name." },
    Key { name: "templates", doc: "The service's templates that lists are sent with, as they read on their pages." },
    Key { name: "lead", doc: "How far away a time must be to be chosen, where that differs from the service's." },
    Key { name: "poll", doc: "Time between two looks at a mailbox; 1s unless said." },
    Key { name: "webdriver-url", doc: "A WebDriver that runs elsewhere, instead of a browser on this machine." },
    Key {
        name: "ca-file",
        doc: "A PEM file with certificates of authorities that are trusted besides the usual ones.",
    },
    Key {
        name: "known",
        doc: "Findings that are known and waited for: shown in every report, and no reason to call a run degraded.",
    },
    Key {
        name: "pinned",
        doc: "What the variables must say, so that another environment's are refused; `notify-smoke pin` writes it.",
    },
    Key { name: "sandbox", doc: "This environment is a sandbox that the program starts itself." },
];

/// Under `pinned`.
pub const PINNED: [Key; 4] = [
    Key { name: "host", doc: "Host of the base URL, with its port where that is not the usual one." },
    Key { name: "email-sender", doc: "The address that Notify's own mails come from." },
    Key { name: "sms-sender", doc: "The number that Notify's own texts come from." },
    Key { name: "template-sender", doc: "The address that the mails of the template `email` come from." },
];

/// Under `basic-auth`.
pub const BASIC_AUTH: [Key; 2] = [
    Key { name: "username", doc: "The name that the door asks for." },
    Key { name: "password", doc: "A reference to the password: a secret never stands in the file." },
];

/// Under `user`.
pub const USER: [Key; 4] = [
    Key { name: "email", doc: "The address that the smoke user signs in with and gets mails at." },
    Key {
        name: "second-email",
        doc: "Another member's address at the same mailbox: rows of a list go to both, so that swapped rows are seen.",
    },
    Key { name: "password", doc: "A reference to the password: a secret never stands in the file." },
    Key { name: "mobile", doc: "The test number that its codes are texted to, like +12025550123." },
];

/// Under `mailbox`, of each kind.
pub const MAILBOX: [Key; 9] = [
    Key {
        name: "kind",
        doc: "`ses_s3`: a bucket that an SES receipt rule writes into. `exec`: any program (docs/exec-mailbox.md).",
    },
    Key { name: "bucket", doc: "The bucket's name." },
    Key { name: "prefix", doc: "What the receipt rule puts before each object's name." },
    Key { name: "region", doc: "The bucket's region, such as us-west-2." },
    Key { name: "endpoint", doc: "Only for an S3 server other than Amazon's." },
    Key { name: "access-key-id", doc: "A reference to the key's id; without it the usual AWS places are looked at." },
    Key { name: "secret-access-key", doc: "A reference to the key; goes with `access-key-id`." },
    Key { name: "command", doc: "The program and its arguments, none of which is a secret." },
    Key { name: "env", doc: "Variables that the program gets, by name; it gets no others but plain ones." },
];

/// Under `store`.
pub const STORE: [Key; 7] = [
    Key { name: "kind", doc: "`s3`: a bucket that keeps conditions on writes, as Amazon's do." },
    Key { name: "bucket", doc: "The bucket's name; a mailbox's may be the same one." },
    Key { name: "prefix", doc: "What stands before each object's name, such as notify-smoke/." },
    Key { name: "region", doc: "The bucket's region, such as us-west-2." },
    Key { name: "endpoint", doc: "Only for an S3 server other than Amazon's." },
    Key { name: "access-key-id", doc: "A reference to the key's id; without it the usual AWS places are looked at." },
    Key { name: "secret-access-key", doc: "A reference to the key; goes with `access-key-id`." },
];

/// Under `announce`.
pub const ANNOUNCE: [Key; 2] = [
    Key { name: "slack", doc: "Incoming webhooks of Slack's." },
    Key { name: "pages", doc: "`always`: failures go to `alerts` too; `never` unless said." },
];

/// Under `slack`.
pub const SLACK: [Key; 2] = [
    Key { name: "team", doc: "A reference to the team's webhook: its address is a secret." },
    Key { name: "alerts", doc: "A reference to the webhook of what somebody may be woken for." },
];

/// Under `keep`.
pub const KEEP: [Key; 2] = [
    Key {
        name: "days",
        doc: "Runs that are older go, unless they still wait or are to be looked back at; 90 unless said.",
    },
    Key { name: "mib", doc: "So many mebibytes of run folders stay, the newest 20 in any case; 2048 unless said." },
];

/// Under `number`, of each kind.
pub const NUMBER: [Key; 6] = [
    Key { name: "kind", doc: "`twilio`: a number at Twilio. `exec`: any program (docs/exec-mailbox.md)." },
    Key { name: "account", doc: "The account's SID." },
    Key { name: "token", doc: "A reference to the account's token: a secret never stands in the file." },
    Key { name: "endpoint", doc: "Only for a server other than Twilio's." },
    Key { name: "command", doc: "The program and its arguments, none of which is a secret." },
    Key { name: "env", doc: "Variables that the program gets, by name; it gets no others but plain ones." },
];

/// Of a window that differs from the service's.
pub const WINDOW: [Key; 7] = [
    Key { name: "not-before", doc: "What comes sooner is too early to be true." },
    Key { name: "on-time", doc: "Up to here: passed." },
    Key { name: "late", doc: "Up to here: degraded; then it is judged." },
    Key { name: "settle", doc: "How long afterwards a second copy is watched for." },
    Key { name: "second-try", doc: "When it is asked for once more, where the page offers that." },
    Key { name: "while-moving", doc: "Up to here, the end is put off while the job's page moves." },
    Key { name: "standstill", doc: "A job's page that shows nothing new for so long stands still." },
];

/// Under `templates`: `email`, `sms`.
pub const TEMPLATE: [Key; 6] = [
    Key { name: "name", doc: "The template's name, as its link reads." },
    Key { name: "sender", doc: "The address that its mails come from." },
    Key { name: "subject", doc: "Its subject, with ((name)) where a row's value goes." },
    Key { name: "text", doc: "Its text, with ((name)) where a row's value goes." },
    Key { name: "brand", doc: "What the service puts above the text of each HTML mail, where that has a digit in it." },
    Key { name: "footer", doc: "What the service puts below the text of each mail, if it does." },
];

/// Of an entry under `known`.
pub const KNOWN: [Key; 4] = [
    Key { name: "cause", doc: "The id of a cause, as reports have it; `notify-smoke explain` lists them." },
    Key { name: "reference", doc: "Where it is written down, such as the address of an issue." },
    Key { name: "reason", doc: "Why it is waited for." },
    Key { name: "until", doc: "The last day on which it counts as known, such as 2026-12-31; at most 90 days ahead." },
];

/// Under `sandbox`.
pub const SANDBOX: [Key; 2] = [
    Key { name: "time-scale", doc: "How many times shorter the service's own waits are." },
    Key {
        name: "slots",
        doc: "How far apart the times are that a job can be scheduled for; 1h as in the real service unless said.",
    },
];
