//! Where somebody lands who has signed in, and who counts as signed in.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::html;
use serde_json::{Value, json};

use super::super::Admin;
use super::super::session::Session;
use super::pages::{found, sign_in_first, sorry, with_session};
use super::service::{member, service_page};
use crate::db::SMOKE_SERVICE_ID;

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

pub(super) async fn landing(State(admin): State<Admin>, headers: HeaderMap) -> Response {
    let session = Session::of(&admin.world, &headers);
    match signed_in(&admin, &session).await {
        // The smoke user has one service and no organisation.
        Ok(Signed::In) => found(&format!("/services/{SMOKE_SERVICE_ID}")),
        Ok(Signed::Out | Signed::Elsewhere) => sign_in_first("/accounts-or-dashboard"),
        Err(response) => response,
    }
}

pub(super) async fn dashboard(
    State(admin): State<Admin>,
    Path(service): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let session = member(&admin, &service, &format!("/services/{service}"), &headers).await?;
    let main = html! {
        h1 class="usa-sr-only" { "Dashboard" }
        h2 { "In the last seven days" }
        p { "There is nothing to show here." }
    };
    let page = with_session(&admin, &session, service_page("Dashboard", &main));
    admin.world.moments.dashboard();
    Ok(page)
}
