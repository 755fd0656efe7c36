//! One look against one expectation.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What one look says of one expectation. When it was met (on time, late) is the fold's to say, not the look's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Check {
    /// It holds.
    Met {
        /// When the thing itself says it arrived, if it does.
        #[serde(skip_serializing_if = "Option::is_none")]
        arrived_at: Option<Timestamp>,
        /// What is wrong all the same.
        #[serde(skip_serializing_if = "Option::is_none")]
        blemish: Option<Blemish>,
        /// The time that was chosen, where that is what was looked at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slot: Option<Timestamp>,
        /// What was seen, in one line.
        seen: String,
        /// What has to be said all the same: something was altered on the way, and the proof is whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// It does not hold, but may yet.
    NotYet {
        why: String,
        /// Something was seen that cannot be told apart from what is expected; then nothing counts as missing.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        in_doubt: bool,
        /// The time that is chosen has come too near meanwhile: another one has to be chosen.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        too_near: bool,
        /// What was seen instead, where that bears on the cause.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead: Option<Instead>,
    },
    /// It does not hold and cannot any more: failed now.
    Never { wrong: Wrong, why: String },
}

impl Check {
    /// Met, and nothing more to say.
    pub fn met(seen: impl Into<String>) -> Self {
        Self::Met { arrived_at: None, blemish: None, slot: None, seen: seen.into(), note: None }
    }

    /// Not yet, without a doubt.
    pub fn not_yet(why: impl Into<String>) -> Self {
        Self::NotYet { why: why.into(), in_doubt: false, too_near: false, instead: None }
    }

    /// Something is here that may be what is expected: nothing counts as missing.
    pub fn in_doubt(why: impl Into<String>, instead: Option<Instead>) -> Self {
        Self::NotYet { why: why.into(), in_doubt: true, too_near: false, instead }
    }

    /// Never.
    pub fn never(wrong: Wrong, why: impl Into<String>) -> Self {
        Self::Never { wrong, why: why.into() }
    }

    /// Whether the expectation holds.
    pub fn is_met(&self) -> bool {
        matches!(self, Self::Met { .. })
    }
}

/// What was seen in place of a message that is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Instead {
    /// One like ours from a number of no environment of ours.
    OtherSender,
    /// One like ours from another environment's number.
    TheirSender,
    /// One from our sender whose words or link cannot be read.
    Unreadable,
}

/// What was seen instead of what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wrong {
    /// The service's page for what went wrong inside.
    ErrorPage,
    /// The browser's own page for an address that does not answer.
    Unreachable,
    /// The browser's own page for a certificate that may not be trusted.
    Untrusted,
    /// The router's page: it has nobody to hand the request to.
    Gateway,
    /// The browser's own page for a machine without a network.
    Offline,
    /// A message at a field, or a banner.
    ErrorMessage,
    /// The page asked something in a dialog, and did not go on.
    Asked,
    /// The browser was led to somebody else's page.
    OtherHost,
    /// Our message, but not as it should be, and nothing on the way makes it so.
    Message,
    /// Our message reads otherwise than it should; something on the way may have altered it.
    Words,
    /// Our message was altered on the way, so that it cannot be said whether it is right.
    Altered,
    /// Somebody else has signed in with the same user: a user has one session.
    SignedOutElsewhere,
    /// The session is over.
    SignedOut,
    /// The password or the code was not taken.
    SignInRefused,
    /// The service is in trial mode and does not send to us.
    Trial,
    /// The smoke user or its service is not set up as the test needs it.
    SetUp,
    /// The service is signed in to in another way than the scenario does.
    OtherSignIn,
    /// A link of our mail does not say when it was made, where the service's files look for it.
    NoLinkTime,
    /// Nothing was scheduled: the page has gone back to "Now".
    NotScheduled,
    /// The job waits for another time than the one that was chosen.
    OtherTime,
    /// The job has begun, though a time was chosen for it.
    SentAtOnce,
}

/// Something that makes a met expectation less than passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Blemish {
    /// The same message came more than once, by provider id.
    Duplicate { count: u32 },
    /// It may be the answer to an earlier request of ours.
    Ambiguous { requests: u32 },
    /// It was asked for a second time, since the first did not come in time; so many of so many came.
    SecondTry { came: u32, asked: u32 },
    /// Somebody else asked for one too, with the same user.
    SomebodyElse,
    /// It has failed checks of the receiving side: others of the kind go to junk.
    Distrusted { checks: Vec<String> },
}
