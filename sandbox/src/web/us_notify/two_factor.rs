//! `/two-factor-sms` and what hangs on it: the texted code, the other half of signing in.

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Admin;
use super::super::session::Session;
use super::pages::{Field, found, onward, page, sign_in_first, sorry, with_session};
use super::sign_in::Onward;
use crate::fault::{Effect, Site};

const CODE_LENGTH: usize = 6;

#[derive(Deserialize)]
pub(super) struct Filled {
    #[serde(default)]
    sms_code: String,
    #[serde(default)]
    csrf_token: String,
}

pub(super) async fn form(State(admin): State<Admin>, headers: HeaderMap) -> Response {
    let session = Session::of(&admin.world, &headers);
    if session.half.is_none() {
        return found("/sign-in");
    }
    with_session(&admin, &session, form_page(&admin, &session, None))
}

pub(super) async fn submit(
    State(admin): State<Admin>,
    Query(asked): Query<Onward>,
    headers: HeaderMap,
    Form(filled): Form<Filled>,
) -> Response {
    let mut session = Session::of(&admin.world, &headers);
    let Some(email) = session.half.clone() else { return found("/sign-in") };
    if !session.accepts(&admin.world, &filled.csrf_token) {
        return sign_in_first("/two-factor-sms");
    }
    let code = filled.sms_code.trim();
    if let Some(error) = malformed(code) {
        let page = form_page(&admin, &session, Some(error));
        return with_session(&admin, &session, page);
    }
    let Some(answer) = admin.api.post("/user/verify/code", &json!({ "email": email, "secret": code })).await else {
        return sorry(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    if status.is_client_error() {
        let page = form_page(&admin, &session, body["message"].as_str());
        return with_session(&admin, &session, page);
    }
    let Some(number) = body["session"].as_str().filter(|_| status.is_success()) else {
        return sorry(StatusCode::INTERNAL_SERVER_ERROR);
    };
    if body["revalidate"] == true {
        return with_session(&admin, &session, found(&onward("/re-validate-email", asked.next.as_deref())));
    }
    session.half = None;
    // Broken, the session is not kept, and the next page knows nobody.
    if !admin.world.is_on(Site::SignIn, &Effect::Loop) {
        session.user = Some((email, number.to_owned()));
    }
    let next = asked.next.filter(|next| next.starts_with('/') && !next.starts_with("//"));
    with_session(&admin, &session, found(next.as_deref().unwrap_or("/accounts-or-dashboard")))
}

fn malformed(code: &str) -> Option<&'static str> {
    match code.chars().count() {
        0 => Some("Cannot be empty"),
        _ if !code.chars().all(|c| c.is_ascii_digit()) => Some("Numbers only"),
        length if length < CODE_LENGTH => Some("Not enough numbers"),
        length if length > CODE_LENGTH => Some("Too many numbers"),
        _ => None,
    }
}

fn form_page(admin: &Admin, session: &Session, error: Option<&str>) -> Markup {
    let field = Field { name: "sms_code", label: "Text message code", kind: "tel", hint: None, value: "", error };
    let main = html! {
        h1 { "Check your phone" }
        p { "We’ve sent you a text message with a security code." }
        form class="extra-tracking" method="post" autocomplete="off" novalidate {
            (field.markup())
            input type="hidden" name="csrf_token" value=(session.csrf_token(&admin.world));
            button class="usa-button" type="submit" { "Continue" }
        }
        p { a href="/text-not-received" { "Not received a text message?" } }
    };
    page("Check your phone", &main)
}

pub(super) async fn not_received(State(admin): State<Admin>, headers: HeaderMap) -> Response {
    let session = Session::of(&admin.world, &headers);
    if session.half.is_none() {
        return found("/sign-in");
    }
    let main = html! {
        h1 { "Resend security code" }
        p { "Text messages sometimes take a few minutes to be received." }
        p { a class="usa-button" role="button" href="/send-new-code" { "Resend security code" } }
    };
    with_session(&admin, &session, page("Resend security code", &main))
}

pub(super) async fn send_again(State(admin): State<Admin>, headers: HeaderMap) -> Response {
    let session = Session::of(&admin.world, &headers);
    let Some(email) = &session.half else { return found("/sign-in") };
    let sent = admin.api.post("/user/sms-code", &json!({ "email": email })).await;
    if !sent.is_some_and(|answer| answer.status().is_success()) {
        return sorry(StatusCode::INTERNAL_SERVER_ERROR);
    }
    found("/two-factor-sms")
}

pub(super) async fn revalidate(State(admin): State<Admin>, headers: HeaderMap) -> Response {
    let session = Session::of(&admin.world, &headers);
    let main = html! {
        h1 { "Check your email" }
        p { "For security, we need to check that you can still read your email." }
    };
    with_session(&admin, &session, page("Check your email", &main))
}
