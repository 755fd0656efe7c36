//! The control endpoint: for tests and for `--fault` alone. The engine of the harness never comes here.

use axum::extract::{Json, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Router, response::Json as JsonAnswer};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::ready::Ready;
use crate::{Fault, StartError, World, serve};

/// The endpoint's port, taken before it is served so that the ready line can name it.
pub(crate) struct Control {
    listener: TcpListener,
    pub url: String,
}

#[derive(Clone)]
struct Shared {
    world: World,
    ready: Ready,
}

impl Control {
    pub(crate) async fn bind() -> Result<Self, StartError> {
        let (listener, url) = serve::bind().await?;
        Ok(Self { listener, url })
    }

    pub(crate) fn serve(self, world: World, ready: Ready) {
        let router = Router::new()
            .route("/control/ready", get(async |State(shared): State<Shared>| JsonAnswer(shared.ready)))
            .route(
                "/control/ledger",
                get(async |State(shared): State<Shared>| JsonAnswer(shared.world.ledger.entries())),
            )
            .route("/control/faults", put(set_faults))
            .route("/control/clock", put(set_clock))
            .route("/control/template", put(edit_template))
            .route("/control/service", put(change_service))
            .route("/control/reset", post(reset))
            .with_state(Shared { world, ready });
        serve::forever(self.listener, router);
    }
}

async fn set_faults(State(shared): State<Shared>, Json(texts): Json<Vec<String>>) -> Response {
    match texts.iter().map(|text| text.parse::<Fault>()).collect::<Result<Vec<_>, _>>() {
        Ok(faults) => {
            shared.world.faults.set(faults);
            shared.world.moments.forget_deploy();
            shared.world.edit_template_if_asked().await;
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

/// A time of day, or how far ahead of the machine's clock; the time wins.
#[derive(Deserialize)]
struct NewClock {
    time: Option<Timestamp>,
    #[serde(default)]
    offset_ms: i64,
}

async fn set_clock(State(shared): State<Shared>, Json(clock): Json<NewClock>) -> StatusCode {
    match clock.time {
        Some(time) => shared.world.clock.set(time),
        None => shared.world.clock.set_offset_ms(clock.offset_ms),
    }
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct EditedTemplate {
    name: String,
    content: String,
}

async fn edit_template(State(shared): State<Shared>, Json(edited): Json<EditedTemplate>) -> StatusCode {
    match shared.world.db.edit_template(&edited.name, &edited.content).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Whether the service is in trial mode.
#[derive(Deserialize)]
struct ChangedService {
    restricted: bool,
}

async fn change_service(State(shared): State<Shared>, Json(changed): Json<ChangedService>) -> StatusCode {
    match shared.world.db.restrict(changed.restricted).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn reset(State(shared): State<Shared>) -> Response {
    shared.world.faults.set(Vec::new());
    shared.world.clock.set_offset_ms(0);
    shared.world.queues.clear();
    shared.world.texts.clear();
    shared.world.text_came_lately();
    shared.world.ledger.clear();
    shared.world.moments.forget();
    match shared.world.db.reset().await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
