//! The API behind the admin pages. Only the admin app and the platform's health check talk to it.

mod jobs;
mod sign_in;

use std::time::Duration;

use axum::extract::{Json, Query, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, extract::Request};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

use crate::fault::{Effect, Site};
use crate::ledger::Entry;
use crate::token::Signer;
use crate::worker::{INTERNAL, Task};
use crate::{StartError, World, serve};

/// How often it is looked whether the API is to be down.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How long the API tries to reach its broker.
const BROKER_TRIES: Duration = Duration::from_millis(6_500);
const GIT_COMMIT: &str = "fa2f0a820220";
const BUILD_TIME: &str = "2023-08-25:14:02:11";
const DB_VERSION: &str = "0398_agreements_table";

/// Starts the API and gives its URL.
pub(crate) async fn start(world: &World) -> Result<String, StartError> {
    let (listener, url) = serve::bind().await?;
    let router = Router::new()
        .route("/", get(status))
        .route("/_status", get(status).post(status))
        .route("/user/reset-password", post(reset_password))
        .route("/user/password-changed-at", post(password_changed_at))
        .route("/user/email-access-validated", post(email_access_validated))
        .merge(sign_in::routes())
        .merge(jobs::routes())
        .layer(middleware::from_fn_with_state(world.clone(), faults))
        .with_state(world.clone());
    let router = serve::with_date(router, world.clock.clone());
    tokio::spawn(supervise(world.clone(), listener, router));
    Ok(url)
}

/// Serves while the API is up; while it is down its port is closed, as after a crash.
async fn supervise(world: World, listener: TcpListener, router: Router) {
    let Ok(address) = listener.local_addr() else { return };
    let mut listener = Some(listener);
    loop {
        if world.is_on(Site::Api, &Effect::Down) {
            listener = None;
            tokio::time::sleep(LOOK_AGAIN).await;
            continue;
        }
        let Some(socket) = listener.take() else {
            match TcpListener::bind(address).await {
                Ok(bound) => listener = Some(bound),
                Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
            continue;
        };
        // A moment of the run can take it down, of which nobody tells: it is looked often.
        let down = async {
            while !world.is_on(Site::Api, &Effect::Down) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::select! {
            _ = async { axum::serve(socket, router.clone()).await } => return,
            () = down => {}
        }
    }
}

async fn faults(State(world): State<World>, request: Request, next: Next) -> Response {
    for effect in world.faults.at(Site::Api, &crate::known::uuid(), request.uri().path()) {
        match effect {
            Effect::Status(status) => return internal_error(status),
            Effect::Slow(by) => tokio::time::sleep(by).await,
            _ => {}
        }
    }
    next.run(request).await
}

/// With the broker away, whatever queues something ends in an error, after the client's own tries.
async fn broker_is_away(world: &World) -> Option<Response> {
    if !world.is_on(Site::Queue, &Effect::Down) {
        return None;
    }
    tokio::time::sleep(world.options.scaled(BROKER_TRIES)).await;
    Some(internal_error(500))
}

fn internal_error(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(json!({ "result": "error", "message": "Internal server error" }))).into_response()
}

#[derive(Deserialize)]
struct Simple {
    simple: Option<String>,
}

async fn status(State(world): State<World>, Query(query): Query<Simple>) -> Response {
    if query.simple.is_some() {
        return Json(json!({ "status": "ok" })).into_response();
    }
    if !world.db.is_up().await {
        return internal_error(500);
    }
    let body = json!({
        "status": "ok", "git_commit": GIT_COMMIT, "build_time": BUILD_TIME, "db_version": DB_VERSION,
    });
    Json(body).into_response()
}

#[derive(Deserialize)]
struct ResetRequest {
    email: String,
    next: Option<String>,
    admin_base_url: String,
}

async fn reset_password(State(world): State<World>, Json(request): Json<ResetRequest>) -> Response {
    let note = |accepted| {
        let (email, next) = (request.email.clone(), request.next.clone());
        world.ledger.add(Entry::ResetRequested { email, next, accepted });
    };
    let effects = world.faults.at(Site::Reset, "", "");
    if effects.contains(&Effect::AcceptedNotSent) {
        note(true);
        return StatusCode::NO_CONTENT.into_response();
    }
    let name = match world.db.user_name(&request.email).await {
        Ok(Some(name)) => name,
        Ok(None) => {
            note(false);
            return (StatusCode::NOT_FOUND, Json(json!({ "result": "error", "message": "No result found" })))
                .into_response();
        }
        Err(_) => return internal_error(500),
    };
    if let Some(error) = broker_is_away(&world).await {
        return error;
    }
    let times = if effects.contains(&Effect::Twice) { 2 } else { 1 };
    let host = if effects.contains(&Effect::OtherHost) { "http://127.0.0.2:1" } else { &request.admin_base_url };
    // An earlier request went to the same user, with another `next`.
    let earlier = ResetRequest {
        email: request.email.clone(),
        next: Some("/accounts?run=another".to_owned()),
        admin_base_url: request.admin_base_url.clone(),
    };
    let sent = if effects.contains(&Effect::OnlyEarlier) { &earlier } else { &request };
    for _ in 0..times {
        let link = reset_link(&world, sent, host);
        match world.db.create_notification("email", &request.email).await {
            Ok(notification) => {
                world.queues.put(INTERNAL, Task::DeliverReset { notification, name: name.clone(), link });
            }
            Err(_) => return internal_error(500),
        }
    }
    note(true);
    StatusCode::NO_CONTENT.into_response()
}

fn reset_link(world: &World, request: &ResetRequest, host: &str) -> String {
    let now = world.clock.now();
    let payload = json!(json!({ "email": request.email, "created_at": now.to_string() }).to_string());
    let token = signer(world).sign(&payload, now);
    let mut link = format!("{host}/new-password/{token}");
    if let Some(next) = &request.next {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        link = format!("{link}?{query}");
    }
    world.ledger.add(Entry::LinkMade { link: link.clone(), token });
    link
}

/// The signer of links in mails; admin and API share key and salt.
pub(crate) fn signer(world: &World) -> Signer {
    Signer::new(&world.secrets.signing_key, &world.secrets.dangerous_salt)
}

#[derive(Deserialize)]
struct ByEmail {
    email: String,
}

async fn password_changed_at(State(world): State<World>, Json(request): Json<ByEmail>) -> Response {
    match world.db.password_changed_at(&request.email).await {
        Ok(at) => Json(json!({ "password_changed_at": at })).into_response(),
        Err(_) => internal_error(500),
    }
}

async fn email_access_validated(State(world): State<World>, Json(request): Json<ByEmail>) -> Response {
    match world.db.email_access_validated(&request.email).await {
        Ok(()) => Json(json!({})).into_response(),
        Err(_) => internal_error(500),
    }
}
