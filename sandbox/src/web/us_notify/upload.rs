//! The upload of a list: the file input sends its form itself when a file is chosen.

use std::collections::HashMap;

use axum::extract::{Multipart, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};

use super::super::Admin;
use super::super::session::Session;
use super::pages::{banner, found, sorry, with_session};
use super::service::{known_member, member, path_of, service_page};
use super::templates::{known, one, preview, recipients};
use crate::aws::s3::Part;
use crate::db::{SMOKE_SERVICE_ID, Template};
use crate::ledger::Entry;
use crate::recipients::recipient_column;

pub(super) const FILE_BYTES_MAX: usize = 10 << 20;
const EXTENSIONS: [&str; 6] = ["csv", "xlsx", "xls", "ods", "xlsm", "tsv"];

fn csv_path(template: &str) -> String {
    path_of(&format!("/send/{template}/csv"))
}

pub(super) async fn form(
    State(admin): State<Admin>,
    Path((service, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let session = known_member(&admin, &service, &csv_path(&id), &headers).await?;
    let template = known(&admin, &id).await?;
    Ok(with_session(&admin, &session, form_page(&admin, &session, &template, None)))
}

/// The form; also on the page of a file that is no good, with another word on its button.
pub(super) fn upload_form(admin: &Admin, session: &Session, template: &str, choose: &str) -> Markup {
    html! {
        form method="post" enctype="multipart/form-data" action=(csv_path(template)) data-module="file-upload" {
            label class="file-upload-label" for="file" { span class="usa-sr-only" { "Add recipients" } }
            input accept=".csv,.xlsx,.xls,.ods,.xlsm,.tsv" class="file-upload-field" id="file" name="file" required type="file";
            label class="file-upload-button usa-button" for="file" { (choose) }
            input type="hidden" name="csrf_token" value=(session.csrf_token(&admin.world));
            button class="usa-button file-upload-submit" type="submit" { "Submit" }
        }
    }
}

fn form_page(admin: &Admin, session: &Session, template: &Template, flash: Option<&str>) -> Markup {
    let title = format!("Upload a list of {}", recipients(template));
    let first = recipient_column(template.kind == "sms");
    let main = html! {
        (banner(flash))
        h1 { (title) }
        div class="page-footer" { (upload_form(admin, session, &template.id, "Choose a file")) }
        h2 { "Your file needs to look like this example" }
        p class="hint" { "Save your file as a CSV, TSV, ODS, or Microsoft Excel spreadsheet" }
        table {
            caption class="usa-sr-only" { "Example" }
            tr { td { (first) } @for name in template.placeholders() { td { (name) } } }
        }
        h2 { "Your file will populate this template (" (template.name) ")" }
        (preview(template, &template.content, template.subject.as_deref(), None))
    };
    service_page(&title, &main)
}

/// What came with the form.
struct Sent {
    name: String,
    bytes: Vec<u8>,
    csrf_token: String,
}

async fn sent(mut form: Multipart) -> Sent {
    let mut sent = Sent { name: String::new(), bytes: Vec::new(), csrf_token: String::new() };
    while let Ok(Some(field)) = form.next_field().await {
        match field.name() {
            Some("file") => {
                sent.name = field.file_name().unwrap_or_default().to_owned();
                sent.bytes = field.bytes().await.map(|bytes| bytes.to_vec()).unwrap_or_default();
            }
            Some("csrf_token") => sent.csrf_token = field.text().await.unwrap_or_default(),
            _ => {}
        }
    }
    sent
}

pub(super) async fn submit(
    State(admin): State<Admin>,
    Path((service, id)): Path<(String, String)>,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Response, Response> {
    let session = member(&admin, &service, &csv_path(&id), &headers).await?;
    let template = one(&admin, &id).await?;
    let sent = sent(form).await;
    if !session.accepts(&admin.world, &sent.csrf_token) {
        return Err(sorry(StatusCode::BAD_REQUEST));
    }
    let csv = match readable(&sent) {
        Ok(csv) => csv,
        Err(flash) => {
            return Ok(with_session(&admin, &session, form_page(&admin, &session, &template, Some(&flash))));
        }
    };
    let upload = crate::known::uuid();
    let uploads = admin.world.store.uploads(Part::Admin);
    let described = HashMap::from([("original_file_name".to_owned(), sent.name.clone())]);
    let stored = match uploads.put(SMOKE_SERVICE_ID, &upload, csv).await {
        Ok(()) => uploads.describe(SMOKE_SERVICE_ID, &upload, described).await,
        Err(error) => Err(error),
    };
    if stored.is_err() {
        return Err(sorry(StatusCode::INTERNAL_SERVER_ERROR));
    }
    admin.world.ledger.add(Entry::Uploaded { upload: upload.clone(), file: sent.name });
    Ok(with_session(&admin, &session, found(&path_of(&format!("/{id}/check/{upload}")))))
}

/// The file as CSV with the line ends that the bucket holds, or what the page says instead. Of spreadsheets only CSV
/// can be read here.
fn readable(sent: &Sent) -> Result<String, String> {
    if sent.name.is_empty() {
        return Err("Please pick a file".to_owned());
    }
    let extension = sent.name.rsplit('.').next().unwrap_or_default().to_lowercase();
    if !sent.name.contains('.') || !EXTENSIONS.contains(&extension.as_str()) {
        return Err(format!("{} is not a spreadsheet that Notify can read", sent.name));
    }
    if sent.bytes.len() > FILE_BYTES_MAX {
        return Err("File must be smaller than 10Mb".to_owned());
    }
    let unreadable = || format!("Could not read {}. Try using a different file format.", sent.name);
    let text = std::str::from_utf8(&sent.bytes).map_err(|_| unreadable())?;
    if text.contains('\0') {
        return Err(unreadable());
    }
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    Ok(text.trim_end_matches('\n').replace('\n', "\r\n"))
}
