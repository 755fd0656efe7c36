//! The pages of US Notify as of 25 August 2023, as far as the smoke tests go. Titles, headings, labels, field names
//! and messages are facts; style and longer prose are our own.

mod bad_file;
mod check;
mod dashboard;
mod forgot_password;
mod job;
mod new_password;
pub(super) mod pages;
mod service;
mod sign_in;
mod signed;
mod status;
mod templates;
mod times;
mod two_factor;
mod upload;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::{Admin, Routes};
use crate::fault::{Effect, Site};

/// All routes of the admin app.
pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/", get(pages::home))
        .route("/sign-in", get(sign_in::form).post(sign_in::submit))
        .route("/sign-out", get(sign_in::sign_out))
        .route("/two-factor-sms", get(two_factor::form).post(two_factor::submit))
        .route("/text-not-received", get(two_factor::not_received))
        .route("/send-new-code", get(two_factor::send_again))
        .route("/re-validate-email", get(two_factor::revalidate))
        .route("/accounts-or-dashboard", get(dashboard::landing))
        .route("/services/{service}", get(dashboard::dashboard))
        .merge(sending())
        .route("/_status", get(status::status))
        .route("/forgot-password", get(forgot_password::form).post(forgot_password::submit))
        .route("/new-password/{token}", get(new_password::form).post(new_password::submit))
        .route("/static/style.css", get(style))
        .route("/static/javascripts/all.js", get(script))
        .fallback(pages::not_found)
}

/// From a template to a job.
fn sending() -> Routes {
    let limit = DefaultBodyLimit::max(upload::FILE_BYTES_MAX + (1 << 20));
    Routes::new()
        .route("/services/{service}/templates", get(templates::choose))
        .route("/services/{service}/templates/{template}", get(templates::show))
        .route("/services/{service}/send/{template}/set-sender", get(templates::set_sender))
        .route("/services/{service}/send/{template}/one-off/step-0", get(templates::one_off))
        .route("/services/{service}/send/{template}/csv", get(upload::form).post(upload::submit).layer(limit))
        .route("/services/{service}/{template}/check/{upload}", get(check::check))
        .route("/services/{service}/start-job/{upload}", post(check::start_job))
        .route("/services/{service}/jobs/{job}", get(job::page).post(job::cancel))
}

/// With this behind it the script lets nobody choose a time.
const NOW_CHECKED: &str = "
for (const box of document.querySelectorAll('[data-module=radio-select]')) {
  const name = box.querySelector('input').name;
  document.addEventListener('mouseup', () => {
    const now = document.getElementById(`${name}-0`);
    if (box.querySelector('.radio-select__button--reset') && now) now.checked = true;
  });
}
";

async fn script(State(admin): State<Admin>) -> Response {
    if admin.world.is_on(Site::Admin, &Effect::NoScript) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let broken = admin.world.is_on(Site::Admin, &Effect::NowChecked);
    let script = format!("{}{}", include_str!("all.js"), if broken { NOW_CHECKED } else { "" });
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], script).into_response()
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css"))
}
