//! The check page: the preview of a good file with the choice of a time, or what is wrong with a bad one; and the press
//! that makes a job of it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use axum::extract::{Multipart, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::SignedDuration;
use jiff::civil::DateTime;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::super::Admin;
use super::super::session::Session;
use super::bad_file::{Trouble, trouble};
use super::pages::{found, not_found_page, sorry, with_session};
use super::service::{member, path_of, service_page};
use super::templates::{one, preview};
use super::times::{categories, choices};
use super::upload::upload_form;
use crate::aws::s3::Part;
use crate::db::{SMOKE_SERVICE_ID, Template, filled};
use crate::fault::{Effect, Site};
use crate::recipients::File;

const ROWS_SHOWN: usize = 50;

pub(super) async fn check(
    State(admin): State<Admin>,
    Path((service, id, upload)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let session = member(&admin, &service, &path_of(&format!("/{id}/check/{upload}")), &headers).await?;
    Checked::of(&admin, &id, &upload).await?.answer(&admin, &session, &upload).await
}

/// An uploaded file beside its template.
struct Checked {
    template: Template,
    file_name: String,
    csv: String,
}

impl Checked {
    async fn of(admin: &Admin, template: &str, upload: &str) -> Result<Self, Response> {
        let failed = || sorry(StatusCode::INTERNAL_SERVER_ERROR);
        // Once there is a job, the preview is gone.
        let job = admin.api.get(&format!("/service/{SMOKE_SERVICE_ID}/job/{upload}")).await.ok_or_else(failed)?;
        if job.status().is_success() {
            let location = path_of(&format!("/send/{template}/csv"));
            return Err((StatusCode::MOVED_PERMANENTLY, [("location", location)]).into_response());
        }
        let template = one(admin, template).await?;
        let uploads = admin.world.store.uploads(Part::Admin);
        let csv = uploads.get(SMOKE_SERVICE_ID, upload).await.map_err(|_| failed())?;
        let metadata = uploads.metadata(SMOKE_SERVICE_ID, upload).await.map_err(|_| failed())?;
        let file_name = metadata.get("original_file_name").cloned().unwrap_or_default();
        Ok(Self { template, file_name, csv })
    }

    async fn answer(self, admin: &Admin, session: &Session, upload: &str) -> Result<Response, Response> {
        let file = match trouble(admin, &self.template, &self.file_name, &self.csv).await? {
            Ok(file) => file,
            Err(trouble) => {
                let page = error_page(admin, session, &self.template, &self.file_name, &trouble);
                return Ok(with_session(admin, session, page));
            }
        };
        let metadata = HashMap::from([
            ("original_file_name".to_owned(), self.file_name.clone()),
            ("notification_count".to_owned(), file.lines.len().to_string()),
            ("template_id".to_owned(), self.template.id.clone()),
            ("valid".to_owned(), "True".to_owned()),
        ]);
        let uploads = admin.world.store.uploads(Part::Admin);
        if uploads.describe(SMOKE_SERVICE_ID, upload, metadata).await.is_err() {
            return Err(sorry(StatusCode::INTERNAL_SERVER_ERROR));
        }
        Ok(with_session(admin, session, self.preview_page(admin, session, upload, &file)))
    }

    fn preview_page(&self, admin: &Admin, session: &Session, upload: &str, file: &File) -> Markup {
        let title = format!("Preview of {}", self.template.name);
        let first: BTreeMap<String, String> = file.rows().into_iter().next().unwrap_or_default();
        let body = filled(&self.template.content, &first);
        let subject = self.template.subject.as_deref().map(|subject| filled(subject, &first));
        let to = file.recipient_of(&first);
        let main = html! {
            h1 id="page-header" { (title) }
            (preview(&self.template, &body, subject.as_deref(), to.as_deref()))
            form class="page-footer" method="post" enctype="multipart/form-data" action=(path_of(&format!("/start-job/{upload}"))) {
                input type="hidden" name="csrf_token" value=(session.csrf_token(&admin.world));
                (times(admin))
                button class="usa-button" type="submit" { (button(file.lines.len(), &self.template)) }
            }
            h2 id="file-preview" { (self.file_name) }
            (table(&self.file_name, file, &[]))
        };
        service_page(&title, &main)
    }
}

/// The radios as the server writes them; the page's script makes a widget of them.
fn times(admin: &Admin) -> Markup {
    let now = admin.world.clock.now();
    let all = choices(now, admin.world.options.slots);
    html! {
        fieldset class="usa-fieldset" id="scheduled_for" {
            legend class="usa-legend" { "When should Notify send these messages?" }
            div class="govuk-radios" data-module="radio-select" data-categories=(categories(now)) data-show-now-as-default="true" {
                div class="govuk-radios__item" {
                    input class="govuk-radios__input" id="scheduled_for-0" name="scheduled_for" type="radio" value="" checked;
                    label class="usa-label govuk-radios__label" for="scheduled_for-0" { "Now" }
                }
                @for (number, choice) in all.iter().enumerate() {
                    div class="govuk-radios__item" {
                        input class="govuk-radios__input" id={ "scheduled_for-" (number + 1) } name="scheduled_for" type="radio" value=(choice.value);
                        label class="usa-label govuk-radios__label" for={ "scheduled_for-" (number + 1) } { (choice.label) }
                    }
                }
            }
        }
    }
}

fn button(count: usize, template: &Template) -> String {
    let (one, many) = if template.kind == "sms" { ("text message", "text messages") } else { ("email", "emails") };
    format!("Send {count} {}", if count == 1 { one } else { many })
}

fn table(name: &str, file: &File, notes: &[(usize, usize, &'static str)]) -> Markup {
    let note = |row: usize, at: usize| notes.iter().find(|(r, c, _)| (*r, *c) == (row, at)).map(|(_, _, note)| *note);
    html! {
        table class="usa-table" {
            caption class="usa-sr-only" { (name) }
            thead { tr {
                th scope="col" { span class="usa-sr-only" { "Row in file" } span aria-hidden="true" { "1" } }
                @for column in &file.columns { th scope="col" class="table-field-heading" { (column) } }
            } }
            tbody {
                @for (number, line) in file.lines.iter().enumerate().take(ROWS_SHOWN) {
                    tr class="table-row" {
                        td class="table-field-index" { span { (number + 2) } }
                        @for (at, cell) in line.iter().enumerate() {
                            td {
                                @if let Some(note) = note(number, at) { span class="table-field-error-label" { (note) } " " }
                                div { (cell) }
                            }
                        }
                    }
                }
            }
        }
        @if file.lines.len() > ROWS_SHOWN { p class="table-show-more-link" { "Only showing the first 50 rows" } }
    }
}

fn error_page(admin: &Admin, session: &Session, template: &Template, name: &str, trouble: &Trouble) -> Markup {
    let main = html! {
        div class="banner-dangerous" role="group" tabindex="-1" {
            h1 class="banner-title" { (trouble.heading) }
            @match &trouble.sentences {
                many if trouble.is_list => { p { "You need to:" } ul { @for item in many { li { (item) } } } }
                sentences => { @for sentence in sentences { p { (sentence) } } }
            }
        }
        (upload_form(admin, session, &template.id, "Upload your file again"))
        @if let Some(file) = &trouble.file { (table(name, file, &trouble.notes)) }
    };
    service_page("Error", &main)
}

pub(super) async fn start_job(
    State(admin): State<Admin>,
    Path((service, upload)): Path<(String, String)>,
    headers: HeaderMap,
    mut form: Multipart,
) -> Result<Response, Response> {
    let path = path_of(&format!("/start-job/{upload}"));
    let session = member(&admin, &service, &path, &headers).await?;
    let (mut scheduled_for, mut csrf_token) = (String::new(), String::new());
    while let Ok(Some(field)) = form.next_field().await {
        match field.name() {
            Some("scheduled_for") => scheduled_for = field.text().await.unwrap_or_default(),
            Some("csrf_token") => csrf_token = field.text().await.unwrap_or_default(),
            _ => {}
        }
    }
    if !session.accepts(&admin.world, &csrf_token) {
        return Err(sorry(StatusCode::BAD_REQUEST));
    }
    let job_page = path_of(&format!("/jobs/{upload}"));
    let known = admin.api.get(&format!("/service/{SMOKE_SERVICE_ID}/job/{upload}")).await;
    if known.is_some_and(|answer| answer.status().is_success()) {
        return Ok(found(&job_page));
    }
    let Some((user, _)) = session.user.clone() else { return Err(not_found_page(None)) };
    let scheduled_for = match scheduled_for.as_str() {
        "" => Value::Null,
        _ if admin.world.is_on(Site::Admin, &Effect::SendsNow) => Value::Null,
        chosen if admin.world.is_on(Site::Admin, &Effect::OtherTime) => {
            json!(a_slot_later(chosen, admin.world.options.slots))
        }
        chosen => json!(chosen),
    };
    let wanted = json!({ "id": upload, "created_by": user, "scheduled_for": scheduled_for });
    let made = admin.api.post(&format!("/service/{SMOKE_SERVICE_ID}/job"), &wanted).await;
    // A time in the past, or one that is no time, ends on the error page.
    if !made.is_some_and(|answer| answer.status().is_success()) {
        return Err(sorry(StatusCode::INTERNAL_SERVER_ERROR));
    }
    Ok(with_session(&admin, &session, found(&job_page)))
}

/// The time after the one that was chosen.
fn a_slot_later(chosen: &str, slots: Duration) -> String {
    let later = |time: DateTime| time.checked_add(SignedDuration::try_from(slots).unwrap_or_default());
    let time: Option<DateTime> = chosen.parse().ok().and_then(|time| later(time).ok());
    time.map_or_else(|| chosen.to_owned(), |time| time.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}
