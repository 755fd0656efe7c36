//! The frame of every page, and the pages without a form of their own.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::super::Admin;
use super::super::session::Session;
use crate::fault::Effect;

/// A whole page. `title` stands before " – Notify.gov".
pub(super) fn page(title: &str, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – Notify.gov" }
                link rel="stylesheet" href="/static/style.css";
                link rel="icon" href="data:,";
                script defer src="/static/javascripts/all.js" {}
            }
            body {
                a class="skip" href="#main-content" { "Skip to main content" }
                p class="official" { "A stand-in for tests, not a website of the United States government" }
                header class="site" { a href="/" { "Notify.gov" } }
                main id="main-content" { (main) }
                footer { "Loopback only. Nothing that is sent here leaves this machine." }
            }
        }
    }
}

/// What stands before a service may ask first whether a person is there. Not one of the service's pages.
pub(crate) fn challenge() -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { title { "Just a moment" } }
            body { h1 { "Checking that you are human" } p { "This takes a few seconds." } }
        }
    };
    (StatusCode::FORBIDDEN, page).into_response()
}

/// What something else than the service's pages puts beside them.
pub(in crate::web) fn beside(effect: &Effect) -> Option<&'static str> {
    Some(match effect {
        Effect::Banner => {
            "<section class=\"banner-dangerous\"><div><h2>Planned work on Sunday</h2><p>Texts may come late before noon.</p></div></section>"
        }
        Effect::Alert => "<script>setTimeout(() => alert('You will be signed out soon'), 150)</script>",
        Effect::Confirm => {
            "<script>document.forms[0]?.addEventListener('submit', (event) => { if (!confirm('Shall it be sent now?')) { event.preventDefault(); } })</script>"
        }
        _ => return None,
    })
}

/// A page with the session's cookie renewed.
pub(super) fn with_session(admin: &Admin, session: &Session, page: impl IntoResponse) -> Response {
    let mut response = page.into_response();
    if let Some(cookie) = session.set_cookie(&admin.world) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// The red banner, where there is something to say.
pub(super) fn banner(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { div class="banner-dangerous" role="alert" { (text) } } }
}

/// One input with its label, hint and error message.
pub(super) struct Field<'a> {
    pub name: &'a str,
    pub label: &'a str,
    pub kind: &'a str,
    pub hint: Option<&'a str>,
    pub value: &'a str,
    pub error: Option<&'a str>,
}

impl Field<'_> {
    pub(super) fn markup(&self) -> Markup {
        let (hint_id, error_id) = (format!("{}-hint", self.name), format!("{}-error", self.name));
        let described = match (self.hint, self.error) {
            (_, Some(_)) => Some(&error_id),
            (Some(_), None) => Some(&hint_id),
            (None, None) => None,
        };
        html! {
            label for=(self.name) { (self.label) }
            @if let Some(hint) = self.hint { div class="usa-hint" id=(hint_id) { (hint) } }
            @if let Some(error) = self.error {
                span class="usa-error-message" id=(error_id) { span class="usa-sr-only" { "Error: " } (error) }
            }
            input class="usa-input" id=(self.name) name=(self.name) type=(self.kind) value=(self.value)
                aria-describedby=[described] aria-invalid=[self.error.map(|_| "true")];
        }
    }
}

/// A path with `next` carried on, where there is one.
pub(super) fn onward(path: &str, next: Option<&str>) -> String {
    match next {
        Some(next) => {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            format!("{path}?{query}")
        }
        None => path.to_owned(),
    }
}

/// The answer to a form whose CSRF token is missing or wrong while nobody is signed in: "please sign in".
pub(super) fn sign_in_first(path: &str) -> Response {
    found(&onward("/sign-in", Some(path)))
}

/// 302, as Flask's `redirect` answers; the framework's own helper says 303.
pub(super) fn found(location: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location.to_owned())]).into_response()
}

/// The page for everything that went wrong inside.
pub(in crate::web) fn sorry(status: StatusCode) -> Response {
    let main = html! {
        h1 { "Sorry, there’s a problem with Notify.gov" }
        p { "Try again later." }
        p { "If it goes on, write to " a href="mailto:notify-support@gsa.gov" { "notify-support@gsa.gov" } "." }
    };
    (status, page("Sorry, there’s a problem with the service", &main)).into_response()
}

/// "Page not found", with a banner where a link from a mail was broken.
pub(super) fn not_found_page(text: Option<&str>) -> Response {
    let main = html! {
        (banner(text))
        h1 { "Page not found" }
        p { "Check the address, or start again from the first page." }
    };
    (StatusCode::NOT_FOUND, page("Page not found", &main)).into_response()
}

pub(super) async fn not_found() -> Response {
    not_found_page(None)
}

pub(super) async fn home() -> Markup {
    let main = html! {
        h1 { "Reach people where they are" }
        p { "Send texts and e-mails from your agency." }
        p { a href="/sign-in" { "Sign in" } }
    };
    page("Notify.gov", &main)
}
