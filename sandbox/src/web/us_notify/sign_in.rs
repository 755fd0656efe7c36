//! `/sign-in` and `/sign-out`: the password, half of signing in.

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::super::Admin;
use super::super::session::Session;
use super::pages::{Field, banner, found, onward, page, sign_in_first, sorry, with_session};
use super::signed::{Signed, signed_in};
use crate::fault::{Effect, Site};

const ELSEWHERE: &str = "We signed you out because you logged in to Notify on another device.";
const IDLE: &str = "We signed you out because you have not used Notify for a while.";
/// One sentence for a wrong password, an unknown user, a locked one and an inactive one.
const INCORRECT: &str = "The email address or password you entered is incorrect.";

#[derive(Deserialize)]
pub(super) struct Onward {
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Filled {
    #[serde(default)]
    email_address: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    csrf_token: String,
}

#[derive(Default)]
struct Wrong<'a> {
    email: &'a str,
    email_error: Option<&'a str>,
    password_error: Option<&'a str>,
    incorrect: bool,
}

pub(super) async fn form(State(admin): State<Admin>, Query(onward): Query<Onward>, headers: HeaderMap) -> Response {
    let mut session = Session::of(&admin.world, &headers);
    if admin.world.is_on(Site::SignIn, &Effect::OtherWay) {
        return with_session(&admin, &session, other_way());
    }
    let why = match signed_in(&admin, &session).await {
        Ok(Signed::In) => return found("/accounts-or-dashboard"),
        Ok(Signed::Elsewhere) => ELSEWHERE,
        Ok(Signed::Out) => IDLE,
        Err(response) => return response,
    };
    let again = onward.next.is_some().then_some(why);
    let flash = session.take_flash();
    let page = form_page(&admin, &session, again, flash.as_deref(), &Wrong::default());
    with_session(&admin, &session, page)
}

pub(super) async fn submit(
    State(admin): State<Admin>,
    Query(asked): Query<Onward>,
    headers: HeaderMap,
    Form(filled): Form<Filled>,
) -> Response {
    let mut session = Session::of(&admin.world, &headers);
    if !session.accepts(&admin.world, &filled.csrf_token) {
        return sign_in_first("/sign-in");
    }
    let email = filled.email_address.trim();
    let mut wrong = Wrong { email, ..Wrong::default() };
    wrong.email_error = email.is_empty().then_some("Cannot be empty");
    wrong.password_error = filled.password.is_empty().then_some("Enter your password");
    if wrong.email_error.is_none() && wrong.password_error.is_none() {
        let asked_for = json!({ "email": email, "secret": filled.password });
        match admin.api.post("/user/verify/password", &asked_for).await {
            Some(answer) if answer.status().is_success() => {
                let sent = admin.api.post("/user/sms-code", &json!({ "email": email })).await;
                if !sent.is_some_and(|answer| answer.status().is_success()) {
                    return sorry(StatusCode::INTERNAL_SERVER_ERROR);
                }
                session.half = Some(email.to_owned());
                return with_session(&admin, &session, found(&onward("/two-factor-sms", asked.next.as_deref())));
            }
            Some(answer) if answer.status().is_client_error() => wrong.incorrect = true,
            Some(_) | None => return sorry(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
    let page = form_page(&admin, &session, asked.next.is_some().then_some(IDLE), None, &wrong);
    with_session(&admin, &session, page)
}

/// As US Notify signs people in today: through a service of another host, which asks for the password.
fn other_way() -> Markup {
    let main = html! {
        h1 { "Sign in" }
        p { "Use your account at Login.gov." }
        a class="usa-button" href="https://secure.login.example/authorize" { "Sign in with Login.gov" }
    };
    page("Sign in", &main)
}

pub(super) async fn sign_out(State(admin): State<Admin>, headers: HeaderMap) -> Response {
    let mut session = Session::of(&admin.world, &headers);
    if let Some((email, _)) = session.user.take() {
        let ended = admin.api.post("/user/sign-out", &json!({ "email": email })).await;
        if !ended.is_some_and(|answer| answer.status().is_success()) {
            return sorry(StatusCode::INTERNAL_SERVER_ERROR);
        }
    }
    with_session(&admin, &session, found("/"))
}

fn form_page(admin: &Admin, session: &Session, again: Option<&str>, flash: Option<&str>, wrong: &Wrong<'_>) -> Markup {
    let title = if again.is_some() { "You need to sign in again" } else { "Sign in" };
    let email = Field {
        name: "email_address",
        label: "Email address",
        kind: "email",
        hint: None,
        value: wrong.email,
        error: wrong.email_error,
    };
    let password = Field {
        name: "password",
        label: "Password",
        kind: "password",
        hint: None,
        value: "",
        error: wrong.password_error,
    };
    let main = html! {
        (banner(flash))
        @if wrong.incorrect {
            div class="banner-dangerous" role="alert" { (INCORRECT) " " a href="/forgot-password" { "Forgot your password?" } }
        }
        h1 { (title) }
        @if let Some(again) = again { p { (again) } }
        form method="post" autocomplete="on" novalidate {
            (email.markup())
            (password.markup())
            input type="hidden" name="csrf_token" value=(session.csrf_token(&admin.world));
            button class="usa-button" type="submit" { "Continue" }
        }
        p { a href="/forgot-password" { "Forgot your password?" } }
    };
    page(title, &main)
}
