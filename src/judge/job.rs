//! The page of a job, read where its rows do not come in time.

use super::Context;
use super::page::trouble;
use crate::model::{Check, Snapshot, Wrong};

pub(super) fn judge(page: &Snapshot, context: &Context<'_>) -> Check {
    // A lane has one browser for all its jobs: what another one's page says is not ours to judge.
    let elsewhere = context.address.is_some_and(|address| address != page.address());
    match trouble(page, context.plan) {
        Some(Check::Never { wrong: Wrong::ErrorPage, .. }) if elsewhere => {}
        Some(check) => return check,
        None => {}
    }
    if elsewhere {
        return Check::not_yet("the browser shows the page of something else");
    }
    let reading = page.job(&context.plan.sentences);
    let rows = reading.rows.len();
    if reading.waits {
        Check::not_yet("the job's page still says that its time has not come")
    } else if reading.done {
        Check::met(format!("the job is done, {rows} message(s) were made"))
    } else if reading.begun {
        Check::met(format!("the job has begun, {rows} message(s) were made"))
    } else {
        Check::not_yet("this page says nothing of a job")
    }
}
