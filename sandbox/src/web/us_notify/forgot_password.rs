//! `/forgot-password`: the form, and "Check your email" for whoever asks, known or not.

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::super::Admin;
use super::super::session::Session;
use super::pages::{Field, banner, page, sign_in_first, sorry, with_session};

#[derive(Deserialize)]
pub(super) struct Asked {
    next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Filled {
    #[serde(default)]
    email_address: String,
    #[serde(default)]
    csrf_token: String,
}

pub(super) async fn form(State(admin): State<Admin>, headers: HeaderMap) -> Response {
    let mut session = Session::of(&admin.world, &headers);
    let flash = session.take_flash();
    let page = form_page(&admin, &session, flash.as_deref(), "", None);
    with_session(&admin, &session, page)
}

pub(super) async fn submit(
    State(admin): State<Admin>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    Form(filled): Form<Filled>,
) -> Response {
    let session = Session::of(&admin.world, &headers);
    if !session.accepts(&admin.world, &filled.csrf_token) {
        return sign_in_first("/forgot-password");
    }
    let email = filled.email_address.trim();
    if let Some(error) = wrong_address(email) {
        let page = form_page(&admin, &session, None, email, Some(error));
        return with_session(&admin, &session, page);
    }
    let request = json!({ "email": email, "next": asked.next, "admin_base_url": &*admin.url });
    let Some(answer) = admin.api.post("/user/reset-password", &request).await else {
        return sorry(StatusCode::INTERNAL_SERVER_ERROR);
    };
    // An unknown address gets the same page, so that nobody can find out who has an account.
    if !answer.status().is_success() && answer.status() != StatusCode::NOT_FOUND {
        return sorry(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let main = html! {
        h1 { "Check your email" }
        p { "Click the link in the email to reset your password." }
    };
    with_session(&admin, &session, page("Check your email", &main))
}

fn wrong_address(email: &str) -> Option<&'static str> {
    if email.is_empty() {
        return Some("Cannot be empty");
    }
    let valid = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.starts_with('.') && !email.contains(char::is_whitespace)
    });
    (!valid).then_some("Enter a valid email address")
}

fn form_page(admin: &Admin, session: &Session, flash: Option<&str>, email: &str, error: Option<&str>) -> Markup {
    let field = Field { name: "email_address", label: "Email address", kind: "email", hint: None, value: email, error };
    let main = html! {
        (banner(flash))
        h1 { "Forgot your password?" }
        p { "We’ll send you an email to create a new password." }
        form method="post" autocomplete="off" novalidate {
            (field.markup())
            input type="hidden" name="csrf_token" value=(session.csrf_token(&admin.world));
            button class="usa-button" type="submit" { "Send email" }
        }
    };
    page("Forgot your password?", &main)
}
