//! Who counts as signed in.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::Admin;
use super::super::session::Session;
use super::pages::sorry;

/// Whether a browser is signed in.
pub(super) enum Signed {
    In,
    Out,
    /// It was, until somebody signed in with the same user somewhere else.
    Elsewhere,
}

/// Asks the API, as every page does: a user has one session.
pub(super) async fn signed_in(admin: &Admin, session: &Session) -> Result<Signed, Response> {
    let Some((email, own)) = &session.user else { return Ok(Signed::Out) };
    let failed = || sorry(StatusCode::INTERNAL_SERVER_ERROR);
    let answer = admin.api.post("/user/session", &json!({ "email": email })).await.ok_or_else(failed)?;
    let answer: Value = answer.error_for_status().map_err(|_| failed())?.json().await.map_err(|_| failed())?;
    Ok(if answer["session"].as_str() == Some(own) { Signed::In } else { Signed::Elsewhere })
}
