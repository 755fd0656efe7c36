//! The API's part of signing in: password, texted code, the one session of a user.

use axum::extract::{Json, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use rand::Rng as _;
use serde::Deserialize;
use serde_json::json;

use super::{ByEmail, broker_is_away, internal_error};
use crate::World;
use crate::db::CodeAnswer;
use crate::fault::{Effect, Site};
use crate::ledger::Entry;
use crate::worker::{INTERNAL, Task};

/// The routes that the admin app uses while somebody signs in.
pub(super) fn routes() -> axum::Router<World> {
    axum::Router::new()
        .route("/user/verify/password", post(password))
        .route("/user/sms-code", post(send_code))
        .route("/user/verify/code", post(code))
        .route("/user/session", post(session))
        .route("/user/sign-out", post(sign_out))
}

#[derive(Deserialize)]
struct WithSecret {
    email: String,
    secret: String,
}

async fn password(State(world): State<World>, Json(request): Json<WithSecret>) -> Response {
    match world.db.password_is_right(&request.email, &request.secret).await {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => (StatusCode::BAD_REQUEST, Json(json!({ "result": "error" }))).into_response(),
        Err(_) => internal_error(500),
    }
}

async fn send_code(State(world): State<World>, Json(request): Json<ByEmail>) -> Response {
    if world.is_on(Site::Code, &Effect::Limited) {
        world.ledger.add(Entry::CodeRequested { email: request.email, made: false });
        return StatusCode::NO_CONTENT.into_response();
    }
    let code = format!("{:06}", rand::rng().random_range(0..1_000_000));
    let Ok(number) = world.db.keep_code(&request.email, &code, world.clock.now()).await else {
        return internal_error(500);
    };
    world.ledger.add(Entry::CodeRequested { email: request.email, made: number.is_some() });
    // The code stays live, and no text leaves.
    if let Some(error) = broker_is_away(&world).await {
        return error;
    }
    // With five live codes nothing is sent, and the answer is the same.
    if let Some(number) = number {
        let body = format!("{code} is your U.S. Notify authentication code");
        match world.db.create_notification("sms", &number).await {
            Ok(notification) => world.queues.put(INTERNAL, Task::DeliverCode { notification, body }),
            Err(_) => return internal_error(500),
        }
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn code(State(world): State<World>, Json(request): Json<WithSecret>) -> Response {
    match world.db.try_code(&request.email, &request.secret, world.clock.now()).await {
        Ok(CodeAnswer::Good { session, revalidate }) => {
            world.ledger.add(Entry::SignedIn { email: request.email });
            Json(json!({ "session": session, "revalidate": revalidate })).into_response()
        }
        Ok(CodeAnswer::Expired) => {
            (StatusCode::BAD_REQUEST, Json(json!({ "message": "Code has expired" }))).into_response()
        }
        Ok(CodeAnswer::NotFound) => {
            (StatusCode::NOT_FOUND, Json(json!({ "message": "Code not found" }))).into_response()
        }
        Err(_) => internal_error(500),
    }
}

async fn session(State(world): State<World>, Json(request): Json<ByEmail>) -> Response {
    match world.db.current_session(&request.email).await {
        Ok(session) => Json(json!({ "session": session })).into_response(),
        Err(_) => internal_error(500),
    }
}

async fn sign_out(State(world): State<World>, Json(request): Json<ByEmail>) -> Response {
    match world.db.sign_out(&request.email).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(_) => internal_error(500),
    }
}
