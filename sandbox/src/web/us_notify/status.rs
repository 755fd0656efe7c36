//! `/_status`: what the platform's health check and curious people ask.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Admin;

const GIT_COMMIT: &str = "68f6145ca5f0";
/// After a deploy.
const DEPLOYED_COMMIT: &str = "aaee82f0ed04";
const BUILD_TIME: &str = "2023-08-25T13:40:52";

#[derive(Deserialize)]
pub(super) struct Kind {
    simple: Option<String>,
    elb: Option<String>,
}

pub(super) async fn status(State(admin): State<Admin>, Query(kind): Query<Kind>) -> Response {
    if kind.simple.is_some() || kind.elb.is_some() {
        return Json(json!({ "status": "ok" })).into_response();
    }
    let broken = |message: &str| {
        (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "status": "error", "message": message }))).into_response()
    };
    let Some(answer) = admin.api.get("/_status").await else { return broken("Request failed") };
    if !answer.status().is_success() {
        return broken("Internal server error");
    }
    let Ok(api) = answer.json::<Value>().await else { return broken("Internal server error") };
    let deployed = admin.world.deploy().is_some() || admin.world.answers_as_the_new_one();
    let git_commit = if deployed { DEPLOYED_COMMIT } else { GIT_COMMIT };
    Json(json!({ "status": "ok", "api": api, "git_commit": git_commit, "build_time": BUILD_TIME })).into_response()
}
