//! Signs: what can be seen around a step that went wrong, each with its words for somebody who has no run before him.

macro_rules! signs {
    ($($name:ident = $doc:literal;)*) => {
        /// What can be seen around a step that went wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Sign {
            $(#[doc = $doc] $name,)*
        }

        impl Sign {
            /// What was seen.
            pub(super) fn doc(self) -> &'static str {
                match self {
                    $(Self::$name => $doc,)*
                }
            }
        }
    };
}

signs! {
    Accepted = "the service did as expected until then";
    Absent = "it was missing up to the end of its window";
    Late = "it came, but not on time";
    ErrorPage = "the service showed its error page";
    Wrong = "something else was seen than what was expected";
    WrongMessage = "our message came, and is not as it should be";
    PageAbsent = "the page did not show what was expected up to the end of its window";
    ComesAndGoes = "the message was there, and is gone";
    Duplicate = "it came more than once, by the provider's ids";
    Unreachable = "the browser could not open the page";
    Untrusted = "the browser does not trust the certificate";
    Gateway = "the router answered with 502, 503 or 504";
    Denied = "the page came with 403 or 429, and does not show what it should";
    Stopped = "somebody stopped the run";
    Failed = "the harness could not do or see it";
    Attached = "a list had been given to the page before";
    PartCame = "some of the rows came";
    ListedLate = "by its own time it was here on time, and the mailbox or number listed it late";
    ClockApart = "this machine's clock is more than a minute off";
    MailboxAlive = "the mailbox or number was shown to receive at all";
    Asked = "the page asked something in a dialog";
    WrongWords = "our message reads otherwise than it should";
    Altered = "our message is not as it was sent";
    Unreadable = "a message of our sender is here in which nothing can be read";
    Distrusted = "the receiving side's checks of the message failed";
    MachineBusy = "most of the time something on this machine waited for a processor";
    MailboxBlind = "the mailbox or number could not be looked at";
    ApiWell = "/_status says that the API is well";
    CodesKept = "runs of ours have left as many codes unused as the service keeps of a user";
    ApiUnwell = "/_status says that the API is not well";
    Deployed = "something was deployed while the run went on";
    Met = "it was seen, and cannot be told from something else";
    WorkerProven = "another message of the same run came on time, through the same worker";
    OthersCame = "other messages of the same run came through the same provider";
    BothAbsent = "the other message of the same run is missing too";
    AskedTwice = "it was asked for twice";
    OneLost = "it was asked for twice, and one of the two came";
    AllCame = "it was asked for twice, and both came";
    OtherSender = "a message like ours came from another sender";
    TheirSender = "it came from the number of another environment";
    JobWaits = "the job's page says that its time has not come";
    NoRowMade = "the job has begun, and no message was made of its rows";
    DoneEmpty = "the job is done, and no message was made of its rows";
    RowNotMade = "fewer messages were made than the list has rows";
    RowsMade = "as many messages were made as the list has rows";
    TooManyRows = "more messages were made than the list has rows";
    GivenUp = "the job's page says of a message that it is not tried again";
    Undelivered = "the job's page says that the provider could not deliver a message";
    Gone = "the job has no page any more";
    NotScheduled = "the page has gone back to Now after a time was chosen";
    OtherTime = "the job's page names another time than the one that was chosen";
    SentAtOnce = "the job's page says that it has begun, though a time was chosen for it";
    Unmoved = "the browser still shows the page on which the list was chosen";
    HeartbeatCame = "a mail that was asked for afterwards came at once";
    HeartbeatMissing = "a mail that was asked for afterwards did not come either";
    MadeLater = "a later run found more messages on the job's page than the list has rows";
    Untold = "a later run found messages that are not shown as delivered";
    SignedOutElsewhere = "the service says that somebody else has signed in with the same user";
    SignedOut = "the service says that the session is over";
    LoginRefused = "the service did not take the password or the code";
    Trial = "the service says that it is in trial mode";
    SetUp = "the service asked for something that a smoke user is not asked for";
    OtherSignIn = "the page to sign in asks for no password, and offers another way";
    NoLinkTime = "the link in our mail says no time where it is looked for";
}
