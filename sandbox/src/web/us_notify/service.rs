//! The frame of a service's pages, and who may see them.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};

use super::super::Admin;
use super::super::session::Session;
use super::pages::{not_found_page, page, sign_in_first, sorry};
use super::signed::{Signed, signed_in};
use crate::db::{SMOKE_SERVICE_ID, SMOKE_SERVICE_NAME};

/// The session of somebody who may see a page of this service, or the answer for anybody else.
pub(super) async fn member(admin: &Admin, service: &str, path: &str, headers: &HeaderMap) -> Result<Session, Response> {
    let session = Session::of(&admin.world, headers);
    let signed = signed_in(admin, &session).await?;
    turned_away(&signed, service, path).map_or(Ok(session), Err)
}

/// The same, as far as the admin app's cache knows it: users and templates lie there for days, and are taken out when they
/// change.
pub(super) async fn known_member(
    admin: &Admin,
    service: &str,
    path: &str,
    headers: &HeaderMap,
) -> Result<Session, Response> {
    let session = Session::of(&admin.world, headers);
    let Some((email, own)) = &session.user else { return Err(sign_in_first(path)) };
    let current = admin.world.db.current_session(email).await;
    let current = current.map_err(|_| sorry(StatusCode::INTERNAL_SERVER_ERROR))?;
    let signed = if current.as_deref() == Some(own) { Signed::In } else { Signed::Elsewhere };
    turned_away(&signed, service, path).map_or(Ok(session), Err)
}

/// What is answered to somebody who may not see a page of this service.
fn turned_away(signed: &Signed, service: &str, path: &str) -> Option<Response> {
    match signed {
        Signed::In if service == SMOKE_SERVICE_ID => None,
        Signed::In => Some(not_found_page(None)),
        Signed::Out | Signed::Elsewhere => Some(sign_in_first(path)),
    }
}

/// The path below a service.
pub(super) fn path_of(rest: &str) -> String {
    format!("/services/{SMOKE_SERVICE_ID}{rest}")
}

/// A page of the service. `title` stands before the service's name.
pub(super) fn service_page(title: &str, main: &Markup) -> Markup {
    let framed = html! {
        div class="service" {
            div class="navigation-service" { (SMOKE_SERVICE_NAME) " " a class="usa-link" href="/accounts" { "Switch service" } }
            nav class="nav" {
                ul class="usa-sidenav" {
                    @for (name, rest) in [("Dashboard", ""), ("Send messages", "/templates"), ("Team members", "/users"),
                        ("Usage", "/usage"), ("Settings", "/service-settings")] {
                        li class="usa-sidenav__item" { a href=(path_of(rest)) { (name) } }
                    }
                }
                p { "Messages Left Across Services" }
                p { "5000" }
                p { a href="/sign-out" { "Sign out" } }
            }
            div class="service-main" { (main) }
        }
    };
    page(&format!("{title} – {SMOKE_SERVICE_NAME}"), &framed)
}
