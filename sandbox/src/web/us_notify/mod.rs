//! The pages of US Notify as of 25 August 2023, as far as the smoke tests go. Titles, headings, labels, field names
//! and messages are facts; style and longer prose are our own.

mod dashboard;
mod forgot_password;
mod new_password;
pub(super) mod pages;
mod sign_in;
mod status;
mod two_factor;

use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::Routes;

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
        .route("/_status", get(status::status))
        .route("/forgot-password", get(forgot_password::form).post(forgot_password::submit))
        .route("/new-password/{token}", get(new_password::form).post(new_password::submit))
        .route("/static/style.css", get(style))
        .fallback(pages::not_found)
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css"))
}
