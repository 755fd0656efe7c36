//! The page of one job: what is scheduled, how far it is, what became of each row. Its parts are also what the page's
//! script asks for again and again.

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Json, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::super::Admin;
use super::super::session::Session;
use super::pages::{found, not_found_page, sorry, with_session};
use super::service::{member, path_of, service_page};
use super::times::{on_day, relative};
use crate::db::{Job, Row, SMOKE_SERVICE_ID, Template};

/// A job with its rows, as the API gives it.
#[derive(Deserialize)]
struct Known {
    job: Job,
    rows: Vec<Row>,
    template: Option<Template>,
}

async fn known(admin: &Admin, id: &str) -> Result<Known, Response> {
    let failed = || sorry(StatusCode::INTERNAL_SERVER_ERROR);
    let answer = admin.api.get(&format!("/service/{SMOKE_SERVICE_ID}/job/{id}")).await.ok_or_else(failed)?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Err(not_found_page(None));
    }
    answer.error_for_status().map_err(|_| failed())?.json().await.map_err(|_| failed())
}

pub(super) async fn page(
    State(admin): State<Admin>,
    Path((service, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let path = path_of(&format!("/jobs/{id}"));
    let session = member(&admin, &service, &path, &headers).await?;
    if let Some(id) = id.strip_suffix(".json") {
        return news(&admin, &session, id).await;
    }
    let known = known(&admin, &id).await?;
    // A cancelled job has no page.
    if known.job.status == "cancelled" {
        return Err(not_found_page(None));
    }
    let resource = format!("{path}.json?status=");
    let block = |key: &str, part: Markup| {
        html! { div data-module="update-content" data-resource=(resource) data-key=(key) data-form="" { (part) } }
    };
    let main = html! {
        h1 id="page-header" { (known.job.original_file_name) }
        (block("status", status(&known)))
        (block("counts", counts(&known)))
        (block("notifications", notifications(&admin, &session, &known)))
    };
    Ok(with_session(&admin, &session, service_page(&known.job.original_file_name, &main)))
}

async fn news(admin: &Admin, session: &Session, id: &str) -> Result<Response, Response> {
    let known = known(admin, id).await?;
    let parts = json!({
        "status": status(&known).into_string(),
        "counts": counts(&known).into_string(),
        "notifications": notifications(admin, session, &known).into_string(),
    });
    Ok(Json(parts).into_response())
}

fn status(known: &Known) -> Markup {
    let job = &known.job;
    let (word, time) = match (job.scheduled_for, job.processing_started) {
        (Some(_), None) => ("Uploaded", job.created_at),
        (Some(_), Some(started)) => ("Sent", started),
        (None, _) => ("Sent", job.created_at),
    };
    html! {
        div class="ajax-block-container" { p class="bottom-gutter" { (word) " by " (job.created_by) " on " (on_day(time)) } }
    }
}

fn counts(known: &Known) -> Markup {
    let delivered = known.rows.iter().filter(|row| matches!(row.status.as_str(), "delivered" | "sent")).count();
    let failed = known.rows.iter().filter(|row| row.status == "failed" || row.status.ends_with("-failure")).count();
    let total = usize::try_from(known.job.notification_count).unwrap_or(0);
    let is_sms = known.template.as_ref().is_some_and(|template| template.kind == "sms");
    let one = if is_sms { "text message" } else { "email" };
    let noun = |count: usize| if count == 1 { one.to_owned() } else { format!("{one}s") };
    // The real page takes the messages of a job that is done and has none for deleted: its one count is bare.
    let is_empty = known.job.status == "finished" && known.rows.is_empty();
    let pending =
        if known.job.status == "scheduled" { 0 } else { total.saturating_sub(delivered).saturating_sub(failed) };
    html! {
        div class="ajax-block-container" {
            ul class="pill" {
                @for (label, count) in [("total", total), ("pending", pending), ("delivered", delivered), ("failed", failed)] {
                    li class="pill-item__container" {
                        a class="pill-item usa-link" {
                            span class="big-number-smaller" { span class="big-number-number" { (count) } }
                            div class="pill-item__label" {
                                (label) @if label != "pending" || !is_empty { " " (noun(count)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn notifications(admin: &Admin, session: &Session, known: &Known) -> Markup {
    let job = &known.job;
    if let (Some(slot), "scheduled") = (job.scheduled_for, job.status.as_str()) {
        let name = known.template.as_ref().map_or("", |template| template.name.as_str());
        let link = path_of(&format!("/templates/{}/version/1", job.template_id));
        return html! {
            div class="ajax-block-container" {
                p { "Sending " a class="usa-link" href=(link) { (name) } " " (relative(slot, admin.world.clock.now())) }
                form method="post" autocomplete="off" novalidate {
                    input type="hidden" name="csrf_token" value=(session.csrf_token(&admin.world));
                    button class="usa-button" type="submit" { "Cancel sending" }
                }
            }
        };
    }
    let made = known.rows.len();
    let wanted = usize::try_from(job.notification_count).unwrap_or(0).max(1);
    let processing = job.status != "finished" || made < wanted;
    // The real page reckons with 99 of 100, rounded.
    let percent = (made * 99 + wanted / 2) / wanted;
    html! {
        div class="ajax-block-container" {
            @if processing { p class="bottom-gutter hint" { "Report is " (percent) "% complete…" } }
            @else {
                p { a class="usa-link" download href=(path_of(&format!("/jobs/{}.csv", job.id))) { "Download this report (" abbr { "CSV" } ")" } " "
                    span id="time-left" { "Data available for 7 days" } }
            }
            table {
                thead class="table-field-headings" { tr { th { span { "Recipient" } } th { span { "Status" } } } }
                tbody {
                    @if known.rows.is_empty() { tr { td class="table-empty-message" colspan="10" { "No messages to show yet…" } } }
                    @for row in &known.rows {
                        tr class="table-row" {
                            th class="table-field" { a class="usa-link" { (row.to) } p class="file-list-hint" { (row.text) } }
                            td { (word(row, known.template.as_ref())) }
                        }
                    }
                }
            }
        }
    }
}

fn word(row: &Row, template: Option<&Template>) -> Markup {
    let is_sms = template.is_some_and(|template| template.kind == "sms");
    let word = match (row.status.as_str(), is_sms) {
        ("created" | "sending" | "pending", _) => {
            return html! { span { "Sending" p class="status-hint" { " since " (on_day(row.at)) } } };
        }
        ("delivered", _) => "Delivered",
        ("technical-failure", _) => "Technical failure",
        ("permanent-failure", true) => "Not delivered",
        ("permanent-failure", false) => "Email address does not exist",
        ("temporary-failure", true) => "Phone not accepting messages right now",
        ("temporary-failure", false) => "Inbox not accepting messages right now",
        _ => "Failed",
    };
    html! { span { (word) p class="status-hint" { (on_day(row.at)) } } }
}

#[derive(Deserialize)]
pub(super) struct Pressed {
    #[serde(default)]
    csrf_token: String,
}

/// "Cancel sending": back to the dashboard; after the time has come, not found.
pub(super) async fn cancel(
    State(admin): State<Admin>,
    Path((service, id)): Path<(String, String)>,
    headers: HeaderMap,
    Form(pressed): Form<Pressed>,
) -> Result<Response, Response> {
    let session = member(&admin, &service, &path_of(&format!("/jobs/{id}")), &headers).await?;
    if !session.accepts(&admin.world, &pressed.csrf_token) {
        return Err(sorry(StatusCode::BAD_REQUEST));
    }
    let path = format!("/service/{SMOKE_SERVICE_ID}/job/{id}/cancel");
    match admin.api.post(&path, &json!({})).await {
        Some(answer) if answer.status().is_success() => Ok(with_session(&admin, &session, found(&path_of("")))),
        Some(answer) if answer.status() == StatusCode::NOT_FOUND => Err(not_found_page(None)),
        Some(_) | None => Err(sorry(StatusCode::INTERNAL_SERVER_ERROR)),
    }
}
