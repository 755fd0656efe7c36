//! The pages of US Notify as of 25 August 2023, as far as the smoke tests go. Titles, headings, labels, field names
//! and messages are facts; style and longer prose are our own.

mod forgot_password;
mod new_password;
pub(super) mod pages;
mod status;

use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::Routes;

/// All routes of the admin app.
pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/", get(pages::home))
        .route("/sign-in", get(pages::sign_in))
        .route("/_status", get(status::status))
        .route("/forgot-password", get(forgot_password::form).post(forgot_password::submit))
        .route("/new-password/{token}", get(new_password::form).post(new_password::submit))
        .route("/static/style.css", get(style))
        .fallback(pages::not_found)
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css"))
}
