//! How a cause breaks something: which part's, in what scope, and what that looks like. One table; the reasoning over roads
//! reads nothing else of a cause. A cause without a row here is one that a page says outright.

use super::causes as c;
use super::causes::Cause;
use super::sign::Sign;

/// How much of a part is sick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// The part, in every lane that one process of it serves.
    Whole,
    /// One lane of it: a queue, an endpoint, a sender.
    Lane,
    /// One fork, instance or message. What others show says nothing of it.
    Once,
}

/// What something that went wrong looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Symptom {
    Never,
    Late,
    /// Late only in the eye's own list: by its own time it came on time.
    ListedLate,
    /// It was asked for twice, and one of the two came.
    OneLost,
    Twice,
    Wrong,
    ErrorPage,
    Gateway,
    Unreachable,
    Untrusted,
    Denied,
    /// The page is there, and does not show what it should.
    Lacks,
    /// The service did not take what it was given.
    Refused,
}

/// What it happened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Thing {
    Page,
    Mail,
    Text,
    /// A scheduled job is taken up.
    Pickup,
    /// The rows of a list: mails, or texts.
    MailRows,
    TextRows,
}

/// How far a job got, as far as its page or its rows tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    Unknown,
    /// Its time has not come, says its page.
    Waits,
    /// Begun, and nothing is made of it.
    Begun,
    /// Done, and nothing was made of it.
    DoneEmpty,
    /// Fewer messages than rows.
    Some,
    All,
    TooMany,
}

/// One way in which a cause makes one of these things look like that.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) cause: &'static Cause,
    /// What is broken, under one name wherever it shows: whoever sends neither mails nor rows is one thing.
    pub(super) group: &'static str,
    pub(super) scope: Scope,
    pub(super) makes: &'static [Symptom],
    pub(super) of: &'static [Thing],
    /// How far a job may have got; empty where that does not matter.
    pub(super) at: &'static [Reach],
    /// What must have been seen, and what must not.
    pub(super) needs: &'static [Sign],
    pub(super) unless: &'static [Sign],
    /// What shows the part itself to be sick, and not only what comes from it.
    pub(super) shown_by: Option<Sign>,
    /// Which of its part's stages on a road is meant, counted from the road's end.
    pub(super) from_end: usize,
}

const fn way(
    cause: &'static Cause,
    group: &'static str,
    scope: Scope,
    makes: &'static [Symptom],
    of: &'static [Thing],
) -> Way {
    Way { cause, group, scope, makes, of, at: &[], needs: &[], unless: &[], shown_by: None, from_end: 0 }
}

impl Way {
    const fn at(mut self, at: &'static [Reach]) -> Self {
        self.at = at;
        self
    }

    const fn needs(mut self, needs: &'static [Sign]) -> Self {
        self.needs = needs;
        self
    }

    const fn unless(mut self, unless: &'static [Sign]) -> Self {
        self.unless = unless;
        self
    }

    /// The stage before the last one of its part: where a worker makes messages, before it sends them.
    const fn before_last(mut self) -> Self {
        self.from_end = 1;
        self
    }

    const fn shown_by(mut self, sign: Sign) -> Self {
        self.shown_by = Some(sign);
        self
    }
}

use Reach::{All, Begun, DoneEmpty, TooMany, Unknown, Waits};
use Scope::{Lane, Once, Whole};
use Symptom::{
    Denied, ErrorPage, Gateway, Lacks, Late, ListedLate, Never, OneLost, Refused, Twice, Unreachable, Untrusted, Wrong,
};
use Thing::{Mail, MailRows, Page, Pickup, Text, TextRows};

const ROWS: &[Thing] = &[MailRows, TextRows];

/// All ways, each cause's beside each other.
pub(super) static WAYS: &[Way] = &[
    // Pages.
    way(&c::UNREACHABLE, "edge", Whole, &[Unreachable], &[Page]),
    way(&c::CERTIFICATE, "certificate", Whole, &[Untrusted], &[Page]),
    way(&c::CLOCK_APART, "clock", Whole, &[Untrusted], &[Page]).needs(&[Sign::ClockApart]),
    way(&c::ROUTER, "router", Whole, &[Gateway], &[Page]),
    way(&c::NO_INSTANCE, "instances", Whole, &[Gateway], &[Page]),
    way(&c::EDGE_PAGE, "edge-page", Whole, &[Denied], &[Page]),
    way(&c::PAGE_LACKS, "page", Lane, &[Denied, Lacks], &[Page]),
    way(&c::WORDS_CHANGED, "words", Lane, &[Lacks], &[Page]),
    way(&c::API_DOWN, "api", Whole, &[ErrorPage, Refused], &[Page]).needs(&[Sign::ApiUnwell]).shown_by(Sign::ApiUnwell),
    way(&c::API_DOWN, "api", Whole, &[Never], &[Mail, Text, Pickup, MailRows, TextRows])
        .needs(&[Sign::ApiUnwell])
        .shown_by(Sign::ApiUnwell),
    way(&c::BROKER_DOWN, "broker", Whole, &[ErrorPage], &[Page]),
    way(&c::CACHE_DOWN, "cache", Whole, &[ErrorPage], &[Page]),
    way(&c::FILES_UPLOAD, "s3-upload", Lane, &[ErrorPage], &[Page]).needs(&[Sign::Attached]),
    way(&c::FILES_START, "s3-start", Lane, &[ErrorPage], &[Page]).unless(&[Sign::Attached]),
    way(&c::ADMIN_ERROR, "admin-page", Lane, &[ErrorPage], &[Page]),
    way(&c::API_ERROR, "api-page", Lane, &[ErrorPage], &[Page]),
    way(&c::ADMIN_SLOW, "admin-late", Whole, &[Late], &[Page]),
    way(&c::ADMIN_SLOW, "admin-page-late", Lane, &[Late], &[Page]),
    way(&c::API_SLOW, "api-late", Whole, &[Late], &[Page]),
    way(&c::API_SLOW, "api-page-late", Lane, &[Late], &[Page]),
    way(&c::SIGN_IN_REFUSED, "user", Whole, &[Refused], &[Page]),
    // Notify's own mails and texts.
    way(&c::MAIL_SILENT, "ses", Whole, &[Never], &[Mail]),
    way(&c::TEXT_SILENT, "sns", Whole, &[Never], &[Text]),
    way(&c::SENDER_OTHER, "sender", Lane, &[Never], &[Text]).needs(&[Sign::OtherSender]),
    way(&c::WORKER_SILENT, "worker", Whole, &[Never], &[Mail, Text]).unless(&[Sign::BothAbsent]),
    way(&c::WORKER_BOTH, "worker", Whole, &[Never], &[Mail, Text]).needs(&[Sign::BothAbsent]),
    way(&c::API_CLAIMED, "api-claims", Lane, &[Never], &[Mail]),
    way(&c::ACCOUNT_UNKNOWN, "user", Whole, &[Never], &[Mail]),
    way(&c::CODES_LIMITED, "codes", Lane, &[Never], &[Text]).shown_by(Sign::CodesKept),
    way(&c::TEXT_LOST, "text", Once, &[Never], &[Text]).unless(&[Sign::AskedTwice, Sign::OtherSender]),
    way(&c::MAIL_SILENT, "ses-one", Once, &[Never], &[Mail]),
    way(&c::MAIL_SLOW, "ses-late", Whole, &[Late], &[Mail]),
    way(&c::MAIL_SLOW, "ses-one-late", Once, &[Late], &[Mail]),
    way(&c::TEXT_SLOW, "sns-late", Whole, &[Late], &[Text]),
    way(&c::TEXT_SLOW, "sns-one-late", Once, &[Late], &[Text]),
    way(&c::WORKER_SLOW, "worker-late", Whole, &[Late], &[Mail, Text]),
    way(&c::WORKER_SLOW, "worker-fork", Once, &[Late], &[Mail, Text]),
    way(&c::TEXT_ONCE_LOST, "sns-once", Once, &[OneLost], &[Text]),
    way(&c::TEXT_LOST, "text", Once, &[OneLost], &[Text]),
    way(&c::MAIL_ALTERED, "mail-altered", Once, &[Wrong], &[Mail, Pickup, MailRows]).needs(&[Sign::WrongWords]),
    way(&c::TEXT_ALTERED, "text-altered", Once, &[Wrong], &[Pickup, TextRows]).needs(&[Sign::WrongWords]),
    way(&c::WRONG_MAIL, "mail", Once, &[Wrong], &[Mail]),
    // The eyes.
    way(&c::MAILBOX_DEAF, "mailbox", Whole, &[Never], &[Mail]),
    way(&c::MAILBOX_DEAF, "mailbox", Whole, &[Never], &[MailRows]).at(&[Unknown, All]),
    way(&c::NUMBER_DEAF, "number", Whole, &[Never], &[Text]),
    way(&c::NUMBER_DEAF, "number", Whole, &[Never], &[TextRows]).at(&[Unknown, All]),
    way(&c::MAILBOX_LATE, "mailbox-late", Whole, &[ListedLate], &[Mail, Pickup, MailRows]),
    way(&c::NUMBER_LATE, "number-late", Whole, &[ListedLate], &[Text, Pickup, TextRows]),
    // What comes more than once.
    way(&c::SENT_TWICE, "worker-twice", Once, &[Twice], &[Mail, Text]),
    way(&c::SENT_TWICE, "worker-twice", Once, &[Twice], ROWS).at(&[Unknown]),
    way(&c::MAIL_TWICE, "ses-twice", Once, &[Twice], &[Mail]),
    way(&c::MAIL_TWICE, "ses-twice", Once, &[Twice], &[MailRows]).at(&[Unknown, All]),
    way(&c::TEXT_TWICE, "sns-twice", Once, &[Twice], &[Text]),
    way(&c::TEXT_TWICE, "sns-twice", Once, &[Twice], &[TextRows]).at(&[Unknown, All]),
    way(&c::ROW_TWICE, "row-twice", Once, &[Twice], ROWS).at(&[TooMany]).before_last(),
    // Jobs and their rows.
    way(&c::SCHEDULER_MISSED, "scheduler", Whole, &[Never], &[Pickup]),
    way(&c::SCHEDULER_LATE, "scheduler-late", Whole, &[Late], &[Pickup]),
    way(&c::WORKER_MISSED, "worker", Whole, &[Never], &[Pickup]).at(&[Unknown, Waits]),
    way(&c::FILES_JOB, "s3-read", Lane, &[Never], &[Pickup]).at(&[Unknown]),
    way(&c::FILES_JOB, "s3-read", Lane, &[Never], ROWS).at(&[Unknown, Begun]).unless(&[Sign::PartCame]),
    way(&c::WORKER_STOOD, "worker-make", Lane, &[Never], ROWS).at(&[Begun, DoneEmpty]).before_last(),
    way(&c::QUEUE_BUSY, "queue", Lane, &[Never], ROWS).at(&[DoneEmpty]).before_last(),
    way(&c::WORKER_LOST_ROW, "row-lost", Once, &[Never], ROWS).at(&[Reach::Some]).before_last(),
    way(&c::WORKER_LOST_ROW, "row-lost", Once, &[Never], ROWS).at(&[Unknown]).needs(&[Sign::PartCame]).before_last(),
    way(&c::MAIL_UNSENT, "ses", Whole, &[Never], &[MailRows]).at(&[Unknown, All]),
    way(&c::TEXT_UNSENT, "sns", Whole, &[Never], &[TextRows]).at(&[Unknown, All]),
    way(&c::WORKER_UNSENT, "worker-send", Lane, &[Never], ROWS).at(&[Unknown, All]),
    // One of several was lost after it was made: what sent the others did not send this one.
    way(&c::MAIL_UNSENT, "ses-one", Once, &[Never], &[MailRows]).at(&[All]).needs(&[Sign::PartCame]),
    way(&c::WORKER_UNSENT, "worker-one", Once, &[Never], ROWS).at(&[All]).needs(&[Sign::PartCame]),
    way(&c::MAILBOX_DEAF, "mailbox-one", Once, &[Never], &[MailRows]).at(&[All]).needs(&[Sign::PartCame]),
    // What came was sent.
    way(&c::WORKER_SLOW, "worker-send-late", Lane, &[Late], ROWS).at(&[Unknown, All]),
    way(&c::MAIL_SLOW, "ses-late", Whole, &[Late], &[MailRows]).at(&[Unknown, All]),
    way(&c::TEXT_SLOW, "sns-late", Whole, &[Late], &[TextRows]).at(&[Unknown, All]),
    way(&c::TEXT_LOST, "text", Once, &[Never], &[TextRows]).at(&[Unknown, All]),
    way(&c::QUEUE_BUSY, "queue", Lane, &[Late], ROWS).at(&[Begun, DoneEmpty, Reach::Some]).before_last(),
    way(&c::QUEUE_BUSY, "queue", Lane, &[Late], &[Pickup]).at(&[Unknown]).before_last(),
    way(&c::QUEUE_BUSY, "row-late", Once, &[Late], ROWS).at(&[Begun, DoneEmpty, Reach::Some]),
    way(&c::WRONG_ROW, "row-wrong", Once, &[Wrong], &[Pickup, MailRows, TextRows]).before_last(),
];
