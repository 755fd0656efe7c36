//! Where somebody lands who has signed in, and who counts as signed in.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use maud::html;

use super::super::Admin;
use super::super::session::Session;
use super::pages::{found, sign_in_first, with_session};
use super::service::{member, service_page};
use super::signed::{Signed, signed_in};
use crate::db::SMOKE_SERVICE_ID;

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
