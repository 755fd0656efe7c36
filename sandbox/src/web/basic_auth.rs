//! HTTP Basic auth before every page, static files too, as in all three real environments. Only the platform's
//! health check (`/_status?simple`, `/_status?elb`) is let through.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Admin;
use crate::known::BASIC_AUTH_USERNAME;

pub(super) async fn guard(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let uri = request.uri();
    let health_check = uri.path() == "/_status"
        && uri.query().is_some_and(|query| query.starts_with("simple") || query.starts_with("elb"));
    let expected = format!("{BASIC_AUTH_USERNAME}:{}", admin.world.secrets.basic_auth_password);
    let expected = format!("Basic {}", STANDARD.encode(expected));
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if !admin.world.options.basic_auth || health_check || given == Some(&expected) {
        return next.run(request).await;
    }
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"\"")], "").into_response()
}
