//! Templates, and the way from one to the upload of a list.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, PreEscaped, html};

use super::super::Admin;
use super::pages::{found, not_found_page, sorry, with_session};
use super::service::{known_member, member, path_of, service_page};
use crate::db::{SMOKE_SERVICE_ID, SMOKE_SERVICE_NAME, Template};

/// The service's templates, as the API gives them.
pub(super) async fn all(admin: &Admin) -> Result<Vec<Template>, Response> {
    let failed = || sorry(StatusCode::INTERNAL_SERVER_ERROR);
    let answer = admin.api.get(&format!("/service/{SMOKE_SERVICE_ID}/template")).await.ok_or_else(failed)?;
    answer.error_for_status().map_err(|_| failed())?.json().await.map_err(|_| failed())
}

/// The template of this id, or the answer for one that is not there.
pub(super) async fn one(admin: &Admin, id: &str) -> Result<Template, Response> {
    all(admin).await?.into_iter().find(|template| template.id == id).ok_or_else(|| not_found_page(None))
}

/// The same, from the admin app's cache.
pub(super) async fn known(admin: &Admin, id: &str) -> Result<Template, Response> {
    let found = admin.world.db.template(id).await.map_err(|_| sorry(StatusCode::INTERNAL_SERVER_ERROR))?;
    found.ok_or_else(|| not_found_page(None))
}

/// "phone numbers" or "email addresses".
pub(super) fn recipients(template: &Template) -> &'static str {
    if template.kind == "sms" { "phone numbers" } else { "email addresses" }
}

pub(super) async fn choose(
    State(admin): State<Admin>,
    Path(service): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let session = member(&admin, &service, &path_of("/templates"), &headers).await?;
    let templates = all(&admin).await?;
    let main = html! {
        h1 id="page-header" { span class="folder-heading-template" { "Templates" } }
        p { "Every message starts with a template. To send, choose or create a template." }
        nav id="template-list" {
            ul {
                @for template in &templates {
                    li class="template-list-item" {
                        a class="usa-link usa-template-list-template" href=(path_of(&format!("/templates/{}", template.id))) {
                            span class="live-search-relevant" { (template.name) }
                        }
                        p class="template-list-item-hint" {
                            @if template.kind == "sms" { "Text message template" } @else { "Email template" }
                        }
                    }
                }
            }
        }
    };
    Ok(with_session(&admin, &session, service_page("Templates", &main)))
}

pub(super) async fn show(
    State(admin): State<Admin>,
    Path((service, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let session = known_member(&admin, &service, &path_of(&format!("/templates/{id}")), &headers).await?;
    let template = known(&admin, &id).await?;
    let main = html! {
        h1 { "Review your message" }
        h1 id="page-header" {
            a class="usa-link" href=(path_of("/templates")) title="Templates" { "Templates" } " "
            span class="folder-heading-template" { (template.name) }
        }
        div class="template-container" { (preview(&template, &template.content, template.subject.as_deref(), None)) }
        a class="usa-button" href=(path_of(&format!("/send/{id}/set-sender"))) {
            "Prepare to send" span class="usa-sr-only" { " a message using this template" }
        }
    };
    Ok(with_session(&admin, &session, service_page(&format!("{} – Templates", template.name), &main)))
}

/// With one sender there is nothing to choose.
pub(super) async fn set_sender(Path((_, id)): Path<(String, String)>) -> Response {
    found(&path_of(&format!("/send/{id}/one-off/step-0")))
}

pub(super) async fn one_off(
    State(admin): State<Admin>,
    Path((service, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let session = member(&admin, &service, &path_of(&format!("/send/{id}/one-off/step-0")), &headers).await?;
    let template = one(&admin, &id).await?;
    let is_sms = template.kind == "sms";
    let title = format!("Send ‘{}’", template.name);
    let main = html! {
        h1 { (title) }
        (preview(&template, &template.content, template.subject.as_deref(), None))
        form class="send-one-off-form" method="post" autocomplete="off" novalidate {
            label class="usa-label" for="placeholder_value" { @if is_sms { "phone number" } @else { "email address" } }
            input class="usa-input" id="placeholder_value" name="placeholder_value" type=(if is_sms { "tel" } else { "email" });
            a class="usa-link" href=(path_of(&format!("/send/{id}/csv"))) { "Upload a list of " (recipients(&template)) }
            input type="hidden" name="csrf_token" value=(session.csrf_token(&admin.world));
            button class="usa-button" type="submit" { "Continue" }
        }
    };
    Ok(with_session(&admin, &session, service_page(&title, &main)))
}

/// A message as its reader will see it; what is still in double brackets is marked.
pub(super) fn preview(template: &Template, body: &str, subject: Option<&str>, to: Option<&str>) -> Markup {
    let is_sms = template.kind == "sms";
    let unknown = if is_sms { "phone number" } else { "email address" };
    let to = html! { @match to { Some(to) => (to), None => span class="placeholder-no-brackets" { (unknown) } } };
    if is_sms {
        return html! {
            p class="sms-message-recipient" { "To: " (to) }
            div class="sms-message-wrapper" { (SMOKE_SERVICE_NAME) ": " (marked(body)) }
        };
    }
    html! {
        div class="email-message" {
            table class="email-message-meta" { tbody {
                tr { th scope="row" { "From" } td { (SMOKE_SERVICE_NAME) } }
                tr { th scope="row" { "To" } td { (to) } }
                tr class="email-message-meta" { th scope="row" { "Subject" } td { (marked(subject.unwrap_or_default())) } }
            } }
            div class="email-message-body" { @for text in body.split("\n\n") { p { (marked(text)) } } }
        }
    }
}

fn marked(text: &str) -> Markup {
    let escaped = html! { (text) }.into_string();
    PreEscaped(escaped.replace("((", "<span class='placeholder'>((").replace("))", "))</span>"))
}
