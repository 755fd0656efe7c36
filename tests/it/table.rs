//! The table *fault → verdict → cause*: each row with the fact or incident that it comes from. What is expected was written
//! by hand: sets are compared for equality, and each names the candidate that comes first. `docs/faults.md` is made from it (`BLESS=1` writes the page, never a row).
//!
//! Each row has a test with the real browser (`faults/table.rs`); all of them are played in memory too (`sim/table.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use notify_smoke::config::Files;
use notify_smoke::diagnose::{CAUSES, Cause};

use crate::faults::{CSV, LOGIN, RESET, TEXTS};
use crate::occasions;
use crate::support::root;

/// When the verdict of a scenario is known.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// As soon as it is seen.
    Seen,
    /// When this window has closed, or its on-time limit has passed.
    Window(&'static str),
    /// When its on-time limit has passed: then the job's page is read, and says that nothing will come.
    OnTime(&'static str),
}

use When::{OnTime, Seen, Window};

/// What is expected of one scenario.
pub struct Expected {
    pub scenario: &'static str,
    pub verdict: &'static str,
    /// The ids of all its candidates; the first one is the one that has to be told first.
    pub causes: &'static [&'static str],
    when: When,
}

/// What is said of a scenario: its verdict, the candidate that comes first, and all of them.
pub type Said = (String, Option<String>, BTreeSet<String>);

const fn is(scenario: &'static str, verdict: &'static str, causes: &'static [&'static str], when: When) -> Expected {
    Expected { scenario, verdict, causes, when }
}

/// One fault.
pub struct Row {
    pub name: &'static str,
    pub fault: &'static str,
    /// What is run; scenarios that are not mentioned in `expected` have to pass.
    pub run: &'static [&'static str],
    pub expected: &'static [Expected],
    /// The fact, field note or incident that says what has to be seen.
    from: &'static str,
}

impl Row {
    /// What is expected of a scenario of its run.
    pub fn of(&self, scenario: &str) -> Said {
        let expected = self.expected.iter().find(|expected| expected.scenario == scenario);
        expected.map_or_else(|| said_of("passed", &[]), |of| said_of(of.verdict, of.causes))
    }
}

/// A verdict with its candidates, likeliest first.
pub fn said_of(verdict: &str, causes: &[&str]) -> Said {
    let named = |id: &&str| (*id).to_owned();
    (verdict.to_owned(), causes.first().map(named), causes.iter().map(named).collect())
}

/// The row of this name.
pub fn row(name: &str) -> &'static Row {
    ROWS.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no row {name}"))
}

const TWO: &[&str] = &[RESET, LOGIN];
const THREE: &[&str] = &[RESET, LOGIN, CSV];
const RESET_ALONE: &[&str] = &[RESET];
const LOGIN_ALONE: &[&str] = &[LOGIN];
const LIST: &[&str] = &[LOGIN, CSV];
const NOW: &[&str] = &[LOGIN, "csv-now"];
const NOW_TOO: &[&str] = &[RESET, LOGIN, "csv-now"];
const BY_TEXT: &[&str] = &[LOGIN, TEXTS];

/// A text is missing, and the worker works: SNS, the number, or five live codes; all look the same from outside.
const TEXT_SILENT: &[&str] = &["sns-silent", "codes-limited", "number-deaf"];
const TEXT_SILENT_ALONE: &[&str] = &["sns-silent", "worker-silent", "codes-limited", "number-deaf"];
/// A text like ours came from another environment's number: it is theirs and ours is missing, or ours has a wrong sender.
const ANOTHER_SENDER: &[&str] = &["sns-silent", "codes-limited", "sender-other"];
const MAIL_SILENT: &[&str] = &["ses-silent", "api-claimed", "mailbox-deaf"];
const MAIL_SILENT_ALONE: &[&str] = &["ses-silent", "worker-silent", "api-claimed", "account-unknown", "mailbox-deaf"];
/// Mail and text are missing: what they share comes before two things at once.
const MAIL_OF_BOTH: &[&str] = &["worker-both-silent", "ses-silent", "api-claimed", "mailbox-deaf"];
const TEXT_OF_BOTH: &[&str] = &["worker-both-silent", "sns-silent", "codes-limited", "number-deaf"];
/// One message was late, and another was quick on the way that they share: one fork of the worker may be sick all the same.
const SES_LATE: &[&str] = &["ses-slow", "worker-slow"];
const SNS_LATE: &[&str] = &["sns-slow", "worker-slow"];

/// Pages that need the API are late, and others are quick.
const API_LATE: &[&str] = &["api-slow", "admin-slow"];
/// Pages that queue something are error pages, and others are well.
const QUEUES: &[&str] = &["broker-down", "cache-down", "admin-error", "api-error"];

/// Rows with a test for each; those behind `full` are run by `script/test --full` only.
macro_rules! rows {
    ($($name:ident $(($full:ident))? { $fault:literal, $run:ident, [$($expected:expr),* $(,)?], $from:literal })*) => {
        /// All rows.
        pub const ROWS: &[Row] = &[$(Row { name: stringify!($name), fault: $fault, run: $run, expected: &[$($expected),*], from: $from }),*];
        $(rows!(@test $name $(($full))?);)*
    };
    (@test $name:ident) => {
        #[test]
        fn $name() {
            crate::faults::table::check(row(stringify!($name)));
        }
    };
    (@test $name:ident (full)) => {
        #[test]
        #[ignore = "a row of the table: script/test --full"]
        fn $name() {
            crate::faults::table::check(row(stringify!($name)));
        }
    };
}

// Mail and text go through one worker. When the text comes, neither the worker nor the account is to blame for a mail
// that does not; when both are missing, it is the worker.
rows! {
    router_without_an_app { "edge=502@forgot-password", TWO, [is(RESET, "failed", &["router", "no-instance"], Seen)], "incident 24; cloud.gov's router answers so without an instance" }
    router_without_an_app_at_all (full) { "edge=503", TWO, [is(RESET, "failed", &["router", "no-instance"], Seen), is(LOGIN, "failed", &["router", "no-instance"], Seen)], "incident 24" }
    router_in_the_middle_of_the_sign_in (full) { "edge=502@two-factor-sms", TWO, [is(LOGIN, "failed", &["router", "no-instance"], Seen)], "incident 24" }
    a_page_that_asks_for_a_person (full) { "edge=challenge@forgot-password", TWO, [is(RESET, "failed", &["edge-page", "page-lacks"], Window("page"))], "issue 5, an edge challenge page" }
    admin_error_on_the_reset { "admin=500@forgot-password", TWO, [is(RESET, "failed", &["admin-error"], Seen)], "US Notify 2.1: its error page" }
    admin_error_on_the_sign_in (full) { "admin=500@sign-in", TWO, [is(LOGIN, "failed", &["admin-error"], Seen)], "incident 16" }
    admin_error_on_the_code (full) { "admin=500@two-factor-sms", TWO, [is(LOGIN, "failed", &["admin-error", "api-error"], Seen)], "incident 16" }
    admin_error_behind_the_link (full) { "admin=500@new-password", TWO, [is(RESET, "failed", &["admin-error", "api-error"], Seen)], "US Notify 2.1: its error page" }
    admin_slow (full) { "admin=slow:7s@forgot-password", TWO, [is(RESET, "degraded", &["admin-slow"], Window("page"))], "US Notify 5: it answers in less than a second" }
    api_down { "api=down", TWO, [is(RESET, "failed", &["api-down"], Seen), is(LOGIN, "failed", &["api-down"], Seen)], "US Notify 2.1 and 4: the error page, and /_status" }
    api_unwell (full) { "api=503", TWO, [is(RESET, "failed", &["api-down"], Seen), is(LOGIN, "failed", &["api-down"], Seen)], "incident 24" }
    reset_accepted_and_not_sent { "reset=accepted-not-sent", TWO, [is(RESET, "failed", MAIL_SILENT, Window("email-internal"))], "incident 1" }
    a_link_to_another_host (full) { "reset=other-host", TWO, [is(RESET, "failed", &["wrong-mail"], Seen)], "issue 5: link to another host" }
    reset_sent_twice (full) { "reset=twice", TWO, [is(RESET, "degraded", &["worker-twice", "ses-twice"], Window("email-internal"))], "incident 8" }
    ses_down (full) { "ses=down", TWO, [is(RESET, "failed", MAIL_SILENT, Window("email-internal"))], "US Notify 5; incident 14" }
    ses_slow (full) { "ses=slow:5s", TWO, [is(RESET, "degraded", SES_LATE, Window("email-internal"))], "incident 28: mail delayed" }
    ses_too_slow (full) { "ses=slow:13s", TWO, [is(RESET, "failed", MAIL_SILENT, Window("email-internal"))], "incident 28: mail delayed" }
    ses_fails_once { "ses=fail:503@1st", TWO, [is(RESET, "degraded", SES_LATE, Window("email-internal"))], "US Notify 5: retry after 300 s" }
    ses_fails (full) { "ses=fail:503", TWO, [is(RESET, "failed", MAIL_SILENT, Window("email-internal"))], "incident 14" }
    sns_down { "sns=down", TWO, [is(LOGIN, "failed", TEXT_SILENT, Window("sms-code"))], "US Notify 5; incident 18" }
    sns_fails (full) { "sns=fail:500", TWO, [is(LOGIN, "failed", TEXT_SILENT, Window("sms-code"))], "incident 18" }
    sns_slow (full) { "sns=slow:5s", TWO, [is(LOGIN, "degraded", SNS_LATE, Window("sms-code"))], "incident 28: texts delayed, then both arrive" }
    sns_fails_once (full) { "sns=fail:500@1st", TWO, [is(LOGIN, "degraded", SNS_LATE, Window("sms-code"))], "incident 20" }
    one_code_lost { "code=lost:1", TWO, [is(LOGIN, "degraded", &["sns-once", "text-lost"], Window("sms-code"))], "field notes: a carrier loses a text now and then" }
    two_codes_lost (full) { "code=lost:2", TWO, [is(LOGIN, "failed", TEXT_SILENT, Window("sms-code"))], "field notes: two in a row are no chance" }
    another_sender { "sender=other", TWO, [is(LOGIN, "failed", ANOTHER_SENDER, Window("sms-code"))], "incident 11" }
    worker_stopped { "worker=stopped", TWO, [is(RESET, "failed", MAIL_OF_BOTH, Window("email-internal")), is(LOGIN, "failed", TEXT_OF_BOTH, Window("sms-code"))], "incident 13" }
    queue_deaf (full) { "queue=deaf", TWO, [is(RESET, "failed", MAIL_OF_BOTH, Window("email-internal")), is(LOGIN, "failed", TEXT_OF_BOTH, Window("sms-code"))], "incidents 2 and 26" }
    queue_busy { "queue=busy:300", THREE, [is(CSV, "degraded", &["queue-busy"], Window("job-rows-email"))], "incident 17" }
    bucket_does_not_take_the_file (full) { "s3=down@upload", THREE, [is(CSV, "failed", &["s3-upload", "admin-error"], Seen)], "incident 12: S3 (admin)" }
    worker_cannot_read_the_file { "s3=down@process", THREE, [is(CSV, "failed", &["s3-job", "worker-stood"], Window("job-rows-email"))], "incident 12: S3 (worker)" }
    scheduler_stopped { "scheduler=stopped", THREE, [is(CSV, "failed", &["scheduler-missed"], Window("job-pickup"))], "incident 3" }
    scheduler_a_tick_late { "scheduler=late:1", THREE, [is(CSV, "degraded", &["scheduler-late"], Window("job-pickup"))], "incident 4" }
    scheduler_two_ticks_late (full) { "scheduler=late:2", THREE, [is(CSV, "failed", &["scheduler-missed"], Window("job-pickup"))], "incident 4" }
    worker_stops_at_the_job { "worker=stopped@job", THREE, [is(CSV, "failed", &["worker-missed", "scheduler-missed"], Window("job-pickup"))], "incident 13" }
    worker_stops_at_a_job_sent_now (full) { "worker=stopped@job", NOW, [is("csv-now", "failed", &["s3-job", "worker-stood"], Window("job-now-pickup"))], "incident 13" }
    a_row_lost { "row=lost:1", THREE, [is(CSV, "failed", &["worker-lost-row"], Window("job-rows-email"))], "incident 15" }
    a_row_twice (full) { "row=twice@1st", THREE, [is(CSV, "degraded", &["row-twice"], Window("job-rows-email"))], "incident 8" }
    a_row_with_other_words { "row=wrong-personalisation", THREE, [is(CSV, "failed", &["wrong-row", "mail-altered"], Seen)], "incident 10; issue 12: the mailbox is named beside the worker" }

    // Alone, a scenario has no other message to tell the worker from the provider.
    ses_down_alone (full) { "ses=down", RESET_ALONE, [is(RESET, "failed", MAIL_SILENT_ALONE, Window("email-internal"))], "field notes: the page is the same for an unknown user" }
    worker_stopped_alone (full) { "worker=stopped", RESET_ALONE, [is(RESET, "failed", MAIL_SILENT_ALONE, Window("email-internal"))], "incident 13" }
    queue_deaf_alone (full) { "queue=deaf", RESET_ALONE, [is(RESET, "failed", MAIL_SILENT_ALONE, Window("email-internal"))], "incident 2" }
    accepted_alone (full) { "reset=accepted-not-sent", RESET_ALONE, [is(RESET, "failed", MAIL_SILENT_ALONE, Window("email-internal"))], "incident 1" }
    ses_slow_alone (full) { "ses=slow:5s", RESET_ALONE, [is(RESET, "degraded", SES_LATE, Window("email-internal"))], "incident 28: mail delayed" }
    ses_fails_once_alone (full) { "ses=fail:503@1st", RESET_ALONE, [is(RESET, "degraded", SES_LATE, Window("email-internal"))], "US Notify 5: retry after 300 s" }
    sns_down_alone (full) { "sns=down", LOGIN_ALONE, [is(LOGIN, "failed", TEXT_SILENT_ALONE, Window("sms-code"))], "incident 18" }
    worker_stopped_at_the_login_alone (full) { "worker=stopped", LOGIN_ALONE, [is(LOGIN, "failed", TEXT_SILENT_ALONE, Window("sms-code"))], "incident 13" }
    queue_deaf_at_the_login_alone (full) { "queue=deaf", LOGIN_ALONE, [is(LOGIN, "failed", TEXT_SILENT_ALONE, Window("sms-code"))], "incident 2: no verification codes on staging" }
    sns_slow_alone (full) { "sns=slow:5s", LOGIN_ALONE, [is(LOGIN, "degraded", SNS_LATE, Window("sms-code"))], "incident 28: texts delayed, then both arrive" }
    one_code_lost_alone (full) { "code=lost:1", LOGIN_ALONE, [is(LOGIN, "degraded", &["sns-once", "text-lost"], Window("sms-code"))], "field notes: a carrier loses a text now and then" }

    // Sent now, the scheduler has no part in it.
    bucket_does_not_take_a_file_sent_now (full) { "s3=down@upload", NOW, [is("csv-now", "failed", &["s3-upload", "admin-error"], Seen)], "incident 12: S3 (admin)" }
    worker_cannot_read_a_file_sent_now (full) { "s3=down@process", NOW, [is("csv-now", "failed", &["s3-job", "worker-stood"], Window("job-now-pickup"))], "incident 12: S3 (worker)" }
    a_row_lost_now (full) { "row=lost:1", NOW, [is("csv-now", "failed", &["worker-lost-row"], Window("job-rows-email"))], "incident 15" }
    a_row_twice_now (full) { "row=twice@1st", NOW, [is("csv-now", "degraded", &["row-twice"], Window("job-rows-email"))], "incident 8" }
    rows_that_are_swapped { "row=swapped", THREE, [is(CSV, "failed", &["wrong-row"], Seen)], "issue 11: each row of a list at the other's address" }
    rows_that_are_swapped_now (full) { "row=swapped", NOW, [is("csv-now", "failed", &["wrong-row"], Seen)], "issue 11: each row of a list at the other's address" }
    a_row_with_other_words_now (full) { "row=wrong-personalisation", NOW, [is("csv-now", "failed", &["wrong-row", "mail-altered"], Seen)], "incident 10; issue 12: the mailbox is named beside the worker" }
    ses_refuses_one_row_once { "ses=fail:503@1st", NOW, [is("csv-now", "degraded", &["ses-slow", "worker-slow"], Window("job-rows-email"))], "US Notify 8: what came late was sent" }
    ses_down_now (full) { "ses=down", NOW, [is("csv-now", "failed", &["ses-unsent", "worker-unsent", "mailbox-deaf"], Window("job-now-pickup"))], "incident 14" }
    ses_down_at_a_scheduled_list (full) { "ses=down", LIST, [is(CSV, "failed", &["ses-unsent", "worker-unsent", "mailbox-deaf"], Window("job-rows-email"))], "incident 14" }

    // What one scenario is kept from by another is not verified, and that one's to explain.
    router_behind_the_sign_in (full) { "edge=502@services", LIST, [is(LOGIN, "failed", &["router", "no-instance"], Seen), is(CSV, "not-verified", &[], Seen)], "incident 24" }
    admin_error_behind_the_sign_in (full) { "admin=500@services", LIST, [is(LOGIN, "failed", &["admin-error", "api-error"], Seen), is(CSV, "not-verified", &[], Seen)], "incident 16" }
    router_behind_the_link (full) { "edge=504@new-password", TWO, [is(RESET, "failed", &["router", "no-instance"], Seen)], "incident 24" }
    a_page_that_asks_for_a_person_everywhere (full) { "edge=challenge", TWO, [is(RESET, "failed", &["edge-page", "page-lacks"], Window("page")), is(LOGIN, "failed", &["edge-page", "page-lacks"], Window("page"))], "issue 5, an edge challenge page" }

    // What providers do to one environment alone, and its deploys.
    ses_account_in_its_sandbox (full) { "ses=sandbox", TWO, [is(RESET, "failed", MAIL_SILENT, Window("email-internal"))], "issue 5: SES account in its sandbox" }
    ses_cannot_be_reached (full) { "ses=tls", TWO, [is(RESET, "failed", MAIL_SILENT, Window("email-internal"))], "incident 14: TLS to AWS" }
    ses_bounces (full) { "ses=bounced", TWO, [is(RESET, "failed", MAIL_SILENT, Window("email-internal"))], "US Notify 5: permanent-failure" }
    ses_sends_twice (full) { "ses=again:100ms", TWO, [is(RESET, "degraded", &["worker-twice", "ses-twice"], Window("email-internal"))], "issue 5: provider accepts and sends twice" }
    ses_bounces_rows { "ses=bounced", NOW, [is("csv-now", "failed", &["ses-bounced", "mailbox-refuses"], OnTime("job-now-pickup"))], "US Notify 5: permanent-failure on the job's page" }
    ses_sends_rows_twice (full) { "ses=again:100ms", NOW, [is("csv-now", "degraded", &["ses-twice"], Window("job-rows-email"))], "issue 5: provider accepts and sends twice" }
    sns_sends_twice (full) { "sns=again:100ms", TWO, [is(LOGIN, "degraded", &["worker-twice", "sns-twice"], Window("sms-code"))], "issue 5: provider accepts and sends twice" }
    sns_account_in_its_sandbox (full) { "sns=sandbox", TWO, [is(LOGIN, "failed", TEXT_SILENT, Window("sms-code"))], "issue 5: SNS account in its sandbox" }
    sns_cannot_be_reached (full) { "sns=tls", TWO, [is(LOGIN, "failed", TEXT_SILENT, Window("sms-code"))], "incident 14: TLS to AWS" }
    sns_quota_used_up (full) { "sns=quota", TWO, [is(LOGIN, "failed", TEXT_SILENT, Window("sms-code"))], "incident 18" }
    number_opted_out (full) { "sns=opted-out", TWO, [is(LOGIN, "failed", TEXT_SILENT, Window("sms-code"))], "incident 19" }
    all_texts_lost (full) { "code=lost@100%", TWO, [is(LOGIN, "failed", TEXT_SILENT, Window("sms-code"))], "issue 5: a share of texts lost" }
    five_codes_live (full) { "code=limited", TWO, [is(LOGIN, "failed", TEXT_SILENT, Window("sms-code"))], "incident 21: 204, and no code" }
    an_old_code_comes_first { "code=old-first:1s", TWO, [], "issue 11: an old code that is over comes first, the right one after it" }
    only_an_old_code_comes (full) { "code=old-first:60m", TWO, [is(LOGIN, "errored", &["sign-in-refused"], Window("sms-code"))], "issue 11: an old code that is over comes first, the right one after it" }
    code_of_another_environment (full) { "code=elsewhere", TWO, [is(LOGIN, "failed", ANOTHER_SENDER, Window("sms-code"))], "field notes: another environment counts as ours" }
    mail_of_an_earlier_request (full) { "reset=only-earlier", TWO, [is(RESET, "failed", &["ses-silent", "api-claimed"], Window("email-internal"))], "field notes: a late mail of an earlier request counts as ours" }
    a_deploy_across_the_slot (full) { "deploy=rolling:8s@slot", THREE, [is(CSV, "inconclusive", &["deployed"], Window("job-pickup"))], "issue 5: a deploy across the slot" }
    an_old_version_on_the_worker (full) { "worker=old", THREE, [is(CSV, "failed", &["s3-job", "worker-stood"], Window("job-rows-email"))], "incidents 7 and 28: a task that the worker does not know" }
    an_old_version_on_the_worker_now (full) { "worker=old", NOW, [is("csv-now", "failed", &["s3-job", "worker-stood"], Window("job-now-pickup"))], "incidents 7 and 28: a task that the worker does not know" }
    a_row_handed_out_again (full) { "row=redelivered:1", THREE, [is(CSV, "degraded", &["queue-busy"], Window("job-rows-email"))], "incident 13: the worker died with it in hand, 310 s" }
    a_job_sent_before_its_time (full) { "scheduler=at-once", THREE, [is(CSV, "failed", &["sent-at-once", "sent-early"], Seen)], "issue 3: sent before the chosen time" }

    // Outages in the middle of a run, and on the way from admin to API.
    api_lost_after_the_dashboard { "api=down@dashboard", LIST, [is(CSV, "failed", &["api-down"], Seen)], "US Notify 8: the next page is the error page, and /_status answers 500" }
    api_without_a_route { "api=404", TWO, [is(RESET, "failed", &["api-down", "account-unknown"], Window("email-internal")), is(LOGIN, "failed", &["api-down", "sign-in-refused"], Seen)], "US Notify 8: the router's 404 reads as no such user" }
    api_slow (full) { "api=slow:3s", TWO, [is(RESET, "degraded", API_LATE, Window("page")), is(LOGIN, "degraded", API_LATE, Window("page"))], "US Notify 8: pages without a call of the API are quick" }
    api_slow_and_the_cache_warm (full) { "api=slow:3s", NOW, [is(LOGIN, "degraded", &["api-slow"], Window("page")), is("csv-now", "degraded", &["api-slow"], Window("page"))], "US Notify 8: pages out of the admin's cache are quick" }
    reset_endpoint_gone { "reset=accepted-not-sent", THREE, [is(RESET, "failed", &["api-claimed", "ses-silent"], Window("email-internal"))], "US Notify 8: all other mails of the run come" }
    broker_down { "queue=down", TWO, [is(RESET, "failed", QUEUES, Seen), is(LOGIN, "failed", QUEUES, Seen)], "US Notify 8: whatever queues is an error page" }
    bucket_cannot_be_read_at_the_start { "s3=down@start-job", LIST, [is(CSV, "failed", &["admin-error", "api-error", "s3-start"], Seen)], "US Notify 8: the API reads the file's metadata there" }
    a_job_that_makes_nothing { "row=lost", THREE, [is(CSV, "failed", &["worker-stood", "queue-busy"], Window("job-rows-email"))], "US Notify 8: done at once, 0 of 2" }
    a_fork_without_its_database (full) { "worker=stale@1st", RESET_ALONE, [is(RESET, "degraded", SES_LATE, Window("email-internal"))], "US Notify 8: Postgres restarted" }
    ses_sends_again_later (full) { "ses=again:3s", THREE, [is(RESET, "degraded", &["worker-twice", "ses-twice"], Window("email-internal"))], "incident 8: looked for at the end of the run" }
    a_job_for_another_time { "admin=other-time", LIST, [is(CSV, "failed", &["time-not-kept"], Seen)], "US Notify 8: the job's page names the API's time" }
    a_job_sent_at_once (full) { "admin=sends-now", LIST, [is(CSV, "failed", &["sent-at-once", "sent-early"], Seen)], "US Notify 0.6: messages went out at once" }
    a_text_that_is_listed_late (full) { "way=late-list:5s@number", TWO, [is(LOGIN, "degraded", &["number-late"], Window("sms-code"))], "field notes: by its own time it was here" }
    a_mail_that_is_listed_late (full) { "way=late-list:5s@mailbox", TWO, [is(RESET, "degraded", &["mailbox-late"], Window("email-internal"))], "field notes: by its own time it was here" }

    // Lists by text.
    sns_down_at_a_list (full) { "sns=down@job", BY_TEXT, [is(TEXTS, "failed", &["worker-unsent", "sns-unsent", "text-lost"], Window("job-rows-sms"))], "incident 18" }
    number_opts_out_before_a_list (full) { "sns=opted-out@job", BY_TEXT, [is(TEXTS, "failed", &["number-deaf", "sns-refused"], OnTime("job-rows-sms"))], "incident 19: in the failure log" }
    a_row_of_texts_lost (full) { "row=lost:1", BY_TEXT, [is(TEXTS, "failed", &["worker-lost-row"], Window("job-rows-sms"))], "incident 15" }
    a_row_of_texts_twice (full) { "row=twice@1st", BY_TEXT, [is(TEXTS, "degraded", &["row-twice"], Window("job-rows-sms"))], "incident 8" }
    scheduler_stopped_at_a_list_by_text (full) { "scheduler=stopped", BY_TEXT, [is(TEXTS, "failed", &["scheduler-missed"], Window("job-pickup"))], "incident 3" }

    // Pages of the admin app, one after another.
    a_sign_in_that_leads_back { "sign-in=loop", TWO, [is(LOGIN, "failed", &["sign-in-loop"], Seen)], "incident 16: sign-in loop" }
    another_sign_in { "sign-in=other-way", TWO, [is(LOGIN, "errored", &["sign-in-other"], Seen)], "issue 16: US Notify of today signs people in through Login.gov" }
    an_error_page_once { "admin=500@forgot-password@1st", TWO, [is(RESET, "failed", &["admin-error"], Seen)], "incident 24: not tried again until it is green" }
    every_page_slow (full) { "admin=slow:2700ms", TWO, [is(LOGIN, "degraded", &["admin-slow", "api-slow"], Window("page"))], "incident 24: overload; a page behind a redirect takes it twice" }
    a_page_without_its_script (full) { "admin=no-script", LIST, [is(CSV, "failed", &["upload-stuck", "upload-hangs"], Window("upload-preview"))], "incident 9: choosing a file does nothing" }
    admin_error_on_the_templates (full) { "admin=500@templates", LIST, [is(CSV, "failed", &["admin-error", "api-error"], Seen)], "US Notify 2.1: its error page" }
    admin_error_on_the_one_off (full) { "admin=500@one-off", LIST, [is(CSV, "failed", &["admin-error"], Seen)], "US Notify 2.1: its error page" }
    admin_error_on_the_upload (full) { "admin=500@csv", LIST, [is(CSV, "failed", &["admin-error"], Seen)], "US Notify 2.1: its error page" }
    admin_error_on_the_preview (full) { "admin=500@check", LIST, [is(CSV, "failed", &["s3-upload", "admin-error"], Seen)], "incident 12: an empty CSV was a 500" }
    a_time_that_is_not_kept (full) { "admin=now-checked", LIST, [is(CSV, "failed", &["time-not-kept"], Seen)], "US Notify 0.6: Now is what is sent unless something else is checked" }
    admin_error_on_the_start (full) { "admin=500@start-job", LIST, [is(CSV, "failed", &["admin-error", "api-error", "s3-start"], Seen)], "US Notify 2.1: its error page" }
    a_template_that_was_edited (full) { "template=edited", LIST, [is(CSV, "errored", &["template-changed"], Window("page"))], "issue 3: somebody edits the template" }
    // What stands beside a page decides nothing where all that is expected is there.
    a_banner_of_something_else { "admin=banner", NOW_TOO, [], "issue 12: planned maintenance on every page" }
    a_dialog_on_each_page { "admin=alert", NOW_TOO, [], "issue 12: a dialog opens while something is typed" }
    a_page_that_asks_first { "admin=confirm@forgot-password", TWO, [is(RESET, "failed", &["page-asks"], Seen)], "issue 12: the page asks before it takes the form" }

    // What happens between the provider and our eye. What is whole is a proof all the same, and is told in a note.
    way_banner { "way=banner", NOW_TOO, [], "issue 12: a warning above the mail" }
    way_footer (full) { "way=footer", NOW_TOO, [], "issue 12: a virus scanner's words below the mail" }
    way_preface { "way=preface", NOW, [is("csv-now", "inconclusive", &["mail-altered"], Seen)], "issue 12: something stands before the words, and nobody knows what" }
    way_goes_on { "way=goes-on", NOW, [is("csv-now", "failed", &["wrong-row", "mail-altered"], Seen)], "issue 12: a mail that goes on with somebody else's data" }
    way_invisible (full) { "way=invisible", NOW_TOO, [], "issue 12: a byte order mark, blanks that do not break" }
    way_wrap { "way=wrap", NOW_TOO, [], "issue 12: lines are cut at 76 characters" }
    way_safe_links { "way=safe-links", TWO, [], "issue 12: links are rewritten, and say what they were" }
    way_url_defense (full) { "way=url-defense", TWO, [], "issue 12: links are rewritten, and say what they were" }
    way_opaque_links { "way=opaque-links", TWO, [is(RESET, "inconclusive", &["mail-altered"], Window("email-internal"))], "issue 12: links are rewritten, and do not say what they were" }
    way_inside { "way=inside", NOW_TOO, [], "issue 12: each mail comes inside another one" }
    way_text_lost { "way=text-lost", NOW_TOO, [], "issue 12: the text part only says that there is an HTML part" }
    way_html_lost (full) { "way=html-lost", NOW_TOO, [], "issue 12: the HTML part is taken out" }
    way_html_blank { "way=html-blank", NOW_TOO, [is(RESET, "failed", &["wrong-mail", "mail-altered"], Seen), is("csv-now", "failed", &["wrong-row", "mail-altered"], Seen)], "issue 12: the HTML part is empty, and that is what people read" }
    way_blank (full) { "way=blank", NOW_TOO, [is(RESET, "inconclusive", &["mail-altered"], Window("email-internal")), is("csv-now", "inconclusive", &["mail-altered"], Seen)], "issue 12: both parts are empty" }
    way_unfilled { "way=unfilled", NOW_TOO, [is(RESET, "failed", &["wrong-mail"], Seen), is("csv-now", "failed", &["wrong-row"], Seen)], "issue 12: a field of the template that nobody filled" }
    way_no_button (full) { "way=no-button", TWO, [is(RESET, "failed", &["wrong-mail", "mail-altered"], Seen)], "issue 12: a button that has lost its link" }
    way_no_recipient { "way=no-recipient", NOW_TOO, [], "issue 12: undisclosed recipients" }
    way_other_recipient (full) { "way=other-recipient", NOW_TOO, [is(RESET, "failed", &["wrong-mail"], Seen), is("csv-now", "failed", &["wrong-row"], Seen)], "issue 12: our token, and somebody else in To" }
    way_distrust { "way=distrust", NOW_TOO, [is(RESET, "degraded", &["ses-distrusted"], Window("email-internal")), is("csv-now", "degraded", &["ses-distrusted"], Window("job-rows-email"))], "issue 12: the receiving side's checks fail" }
    way_subject_mark (full) { "way=subject-mark", NOW_TOO, [], "issue 12: a mark before the subject" }
    way_subject_control (full) { "way=subject-control", TWO, [is(RESET, "failed", &["wrong-mail"], Seen)], "issue 12: control characters in a subject" }
    way_unreadable { "way=unreadable", TWO, [is(RESET, "inconclusive", &["mailbox-blind"], Window("email-internal"))], "issue 12: our own mail may not be read" }
    way_neighbour { "way=neighbour", NOW_TOO, [], "issue 12: something else in the mailbox may not be read" }
    way_stranger (full) { "way=stranger", NOW_TOO, [], "issue 12: somebody else's broken mail" }
    way_text_blank { "way=text-blank", TWO, [is(LOGIN, "inconclusive", &["text-altered"], Window("sms-code"))], "issue 12: the gateway gives texts without their words" }
    way_text_masked (full) { "way=text-masked", TWO, [is(LOGIN, "inconclusive", &["text-altered"], Window("sms-code"))], "issue 12: the gateway hides digits" }
    way_text_spaces { "way=text-spaces", TWO, [], "issue 12: other white space in a text" }
    way_text_split { "way=text-split", BY_TEXT, [], "issue 12: a carrier hands a text over as two" }
    way_text_added (full) { "way=text-added", BY_TEXT, [], "issue 12: a carrier's words around a text" }
    way_code_spaced (full) { "way=code-spaced", TWO, [], "issue 12: a blank between the digits of a code" }
}

fn cause(id: &str) -> &'static Cause {
    CAUSES.iter().find(|cause| cause.id == id).unwrap_or_else(|| panic!("no cause {id}"))
}

/// A page that says how many faults are known says the right number.
#[test]
fn pages_count_the_rows() {
    for (page, words) in [("README.md", "each of {} faults"), ("docs/faults.md", "{} faults, each run")] {
        let text = std::fs::read_to_string(root().join(page)).expect("a page");
        let words = words.replace("{}", &ROWS.len().to_string());
        assert!(text.contains(&words), "{page} does not say “{words}”");
    }
}

#[test]
fn every_effect_of_the_sandbox_has_a_row() {
    for (site, effect) in notify_sandbox::KINDS {
        let fault = format!("{site}={effect}");
        assert!(fault.parse::<notify_sandbox::Fault>().is_ok(), "{fault} is no fault");
        let effect = effect.split(':').next().expect("a word");
        let starts = |row: &str| row.starts_with(&format!("{site}={effect}"));
        let has_row = ROWS.iter().any(|row| starts(row.fault)) || occasions::ROWS.iter().any(|row| starts(row.fault));
        assert!(has_row || LATER.iter().any(|later| later.fault == fault), "{fault} has no row");
    }
    for row in ROWS {
        assert!(row.fault.parse::<notify_sandbox::Fault>().is_ok(), "{} is no fault", row.fault);
        let site = row.fault.split('=').next().expect("a site");
        assert!(notify_sandbox::KINDS.iter().any(|(known, _)| *known == site), "{site} is not among the kinds");
    }
}

/// What makes a run degraded can be known, and nothing else can.
#[test]
fn what_can_be_known_is_what_degrades() {
    for row in ROWS {
        for expected in row.expected.iter().filter(|expected| expected.verdict == "degraded") {
            for id in expected.causes {
                assert!(cause(id).can_degrade(), "{}: {id}", row.fault);
            }
        }
    }
    for id in ["scheduler-missed", "code-ambiguous", "sent-early", "signed-out-elsewhere", "wrong-row"] {
        assert!(!cause(id).can_degrade(), "{id}");
    }
}

/// A fault that the run itself does not see: the next one looks back, and settles it into the first one's record.
pub struct Later {
    pub fault: &'static str,
    /// The ids of all candidates of the scheduled list, which is degraded then.
    pub causes: &'static [&'static str],
    from: &'static str,
}

/// The faults that only a look back shows; each is run twice.
pub const LATER: &[Later] = &[
    Later { fault: "receipts=off", causes: &["receipts-off"], from: "incidents 5, 6 and 7" },
    Later { fault: "row=again:3s", causes: &["row-twice"], from: "incident 8: the task for missing rows sends again" },
];

/// Delays within the limits: whoever is this slow passes.
pub const HEALED: &[(&str, &str)] = &[
    ("ses=slow:1s", "US Notify 5: normally less than half a second"),
    ("sns=slow:1s", "US Notify 5: normally a second"),
    ("admin=slow:400ms@forgot-password", "US Notify 5: it answers in less than a second"),
    ("admin=slow:400ms@sign-in", "US Notify 5: it answers in less than a second"),
    ("deploy=rolling:3s@job", "issue 5: a deploy that is over before the slot"),
];

/// What looks the same from outside is called the same.
#[test]
fn rows_with_one_set_of_causes_have_one_verdict() {
    let mut known: BTreeMap<(&str, Vec<&str>), (&str, &str)> = BTreeMap::new();
    for row in ROWS {
        for expected in row.expected {
            let mut causes = expected.causes.to_vec();
            causes.sort_unstable();
            let (verdict, fault) = known.entry((expected.scenario, causes)).or_insert((expected.verdict, row.fault));
            assert_eq!(*verdict, expected.verdict, "{fault} and {} name the same causes", row.fault);
        }
    }
}

#[test]
fn the_page_shows_the_table() {
    let page = root().join("docs/faults.md");
    let text = page_of_rows();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&page, &text).expect("a file");
    }
    assert_eq!(text, std::fs::read_to_string(&page).unwrap_or_default(), "BLESS=1 writes it anew");
}

fn page_of_rows() -> String {
    let loaded = Files::new(&root()).load();
    let (windows, parts) = (&loaded.services["us-notify"].windows, &loaded.services["us-notify"].parts);
    let looks = &loaded.runbooks["us-notify"].decides;
    let mut out = String::from(
        "# Faults\n\nWhat the harness says of each fault of the sandbox, with the run book's real limits, likeliest candidate first. Made \
         from\n`tests/it/table.rs`: COUNT faults, each run against real pages, and over twenty seeds in memory; `notify-smoke explain \
         CAUSE` says\nmore of a cause. Scenarios that are not named pass.\n\n| fault | scenario | verdict | candidates | to decide | known after | from |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in ROWS {
        for expected in row.expected {
            let causes: Vec<&Cause> = expected.causes.iter().map(|id| cause(id)).collect();
            let named: Vec<String> =
                causes.iter().map(|cause| format!("{} (`{}`)", cause.component, cause.id)).collect();
            let look = looks.get(causes.first().map_or("", |first| first.id)).map(String::as_str);
            let decides = if causes.len() > 1 { parts.said(look.unwrap_or(causes[0].decides)) } else { String::new() };
            let known = match expected.when {
                Seen => "at once".to_owned(),
                Window(name) | OnTime(name) => {
                    let window = windows[name];
                    let at_once = matches!(expected.when, OnTime(_)) || expected.verdict == "degraded";
                    let ms = if at_once { window.on_time_ms } else { window.late_ms };
                    let after =
                        if ms % 60_000 == 0 { format!("{} min", ms / 60_000) } else { format!("{} s", ms / 1000) };
                    format!("{after} ({name})")
                }
            };
            let _ = writeln!(
                out,
                "| `{}` | {} | {} | {} | {decides} | {known} | {} |",
                row.fault,
                expected.scenario,
                expected.verdict,
                named.join(", "),
                row.from
            );
        }
    }
    out = out.replacen("COUNT", &ROWS.len().to_string(), 1);
    out.push_str(&occasions::page());
    out.push_str("\n## Seen by the next run\n\nThe run itself passes; the next one looks back at its job's page and makes it degraded.\n\n");
    out.push_str("| fault | candidates | from |\n| --- | --- | --- |\n");
    for later in LATER {
        let causes = later.causes.iter().map(|id| cause(id));
        let named: Vec<String> = causes.map(|cause| format!("{} (`{}`)", cause.component, cause.id)).collect();
        let _ = writeln!(out, "| `{}` | {} | {} |", later.fault, named.join(", "), later.from);
    }
    out.push_str("\n## Healed on time\n\nThese change nothing: what they delay comes within its limit.\n\n| fault | from |\n| --- | --- |\n");
    for (fault, from) in HEALED {
        let _ = writeln!(out, "| `{fault}` | {from} |");
    }
    out
}
