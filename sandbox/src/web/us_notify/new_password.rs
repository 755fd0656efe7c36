//! `/new-password/<token>`: what the link in the reset mail opens.

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::super::Admin;
use super::super::session::Session;
use super::pages::{Field, found, not_found_page, page, sign_in_first, sorry, with_session};
use crate::api::signer;
use crate::ledger::Entry;
use crate::token::TokenError;

/// Links in mails are good for an hour.
const LINK_LIFETIME_S: i64 = 3600;
const EXPIRED: &str = "The link in the email we sent you has expired. Enter your email address to resend.";
const USED: &str = "The link in the email has already been used";
const TAMPERED: &str = "There’s something wrong with the link you’ve used.";
/// A short list stands for the long one of the real service.
const TOO_COMMON: [&str; 4] = ["password", "password1", "12345678", "qwertyuiop"];

#[derive(Deserialize)]
pub(super) struct Filled {
    #[serde(default)]
    new_password: String,
    #[serde(default)]
    csrf_token: String,
}

/// Whose link it is, or the answer for a link that is no good.
async fn owner(admin: &Admin, headers: &HeaderMap, token: &str) -> Result<String, Response> {
    let flashed = |text: &str, location: &str| {
        let mut session = Session::of(&admin.world, headers);
        session.flash(text);
        with_session(admin, &session, found(location))
    };
    let opened = match signer(&admin.world).open(token, admin.world.clock.now(), LINK_LIFETIME_S) {
        Ok(opened) => opened,
        Err(TokenError::Expired) => return Err(flashed(EXPIRED, "/forgot-password")),
        Err(TokenError::Tampered) => return Err(not_found_page(Some(TAMPERED))),
    };
    let broken = || not_found_page(Some(TAMPERED));
    let data: serde_json::Value =
        opened.payload.as_str().and_then(|text| serde_json::from_str(text).ok()).ok_or_else(broken)?;
    let email = data["email"].as_str().ok_or_else(broken)?.to_owned();
    let failed = || sorry(StatusCode::INTERNAL_SERVER_ERROR);
    let answer = admin.api.post("/user/password-changed-at", &json!({ "email": email })).await.ok_or_else(failed)?;
    let answer: serde_json::Value =
        answer.error_for_status().map_err(|_| failed())?.json().await.map_err(|_| failed())?;
    let changed_at = answer["password_changed_at"].as_f64();
    if changed_at.is_some_and(|changed_at| changed_at > opened.issued_at.as_duration().as_secs_f64()) {
        // The home page shows no flashes, so this one surfaces on a later page.
        return Err(flashed(USED, "/"));
    }
    Ok(email)
}

pub(super) async fn form(State(admin): State<Admin>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let email = match owner(&admin, &headers, &token).await {
        Ok(email) => email,
        Err(response) => return response,
    };
    let noted = admin.api.post("/user/email-access-validated", &json!({ "email": email })).await;
    if !noted.is_some_and(|answer| answer.status().is_success()) {
        return sorry(StatusCode::INTERNAL_SERVER_ERROR);
    }
    admin.world.ledger.add(Entry::LinkOpened);
    let session = Session::of(&admin.world, &headers);
    with_session(&admin, &session, form_page(&admin, &session, None))
}

pub(super) async fn submit(
    State(admin): State<Admin>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(filled): Form<Filled>,
) -> Response {
    let session = Session::of(&admin.world, &headers);
    if !session.accepts(&admin.world, &filled.csrf_token) {
        return sign_in_first(&format!("/new-password/{token}"));
    }
    if let Err(response) = owner(&admin, &headers, &token).await {
        return response;
    }
    let error = if filled.new_password.chars().count() < 8 {
        "Must be at least 8 characters"
    } else if TOO_COMMON.contains(&filled.new_password.to_lowercase().as_str()) {
        "Choose a password that’s harder to guess"
    } else {
        // The real service asks for a texted code before it saves; without that there is nothing to go on to.
        return sorry(StatusCode::NOT_IMPLEMENTED);
    };
    with_session(&admin, &session, form_page(&admin, &session, Some(error)))
}

fn form_page(admin: &Admin, session: &Session, error: Option<&str>) -> Markup {
    let hint = Some("At least 8 characters");
    let field = Field { name: "new_password", label: "Password", kind: "password", hint, value: "", error };
    let main = html! {
        h1 { "Create a new password" }
        p { "You can now create a new password for your account." }
        form method="post" autocomplete="off" novalidate {
            (field.markup())
            input type="hidden" name="csrf_token" value=(session.csrf_token(&admin.world));
            button class="usa-button" type="submit" { "Continue" }
        }
    };
    page("Create a new password", &main)
}
