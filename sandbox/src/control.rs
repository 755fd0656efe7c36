//! The control endpoint: for tests and for `--fault` alone. The engine of the harness never comes here.

use axum::extract::{Json, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Router, response::Json as JsonAnswer};
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
            .route("/control/reset", post(reset))
            .with_state(Shared { world, ready });
        serve::forever(self.listener, router);
    }
}

async fn set_faults(State(shared): State<Shared>, Json(texts): Json<Vec<String>>) -> Response {
    match texts.iter().map(|text| text.parse::<Fault>()).collect::<Result<Vec<_>, _>>() {
        Ok(faults) => {
            shared.world.faults.set(faults);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

#[derive(Deserialize)]
struct ClockOffset {
    offset_ms: i64,
}

async fn set_clock(State(shared): State<Shared>, Json(clock): Json<ClockOffset>) -> StatusCode {
    shared.world.clock.set_offset_ms(clock.offset_ms);
    StatusCode::NO_CONTENT
}

async fn reset(State(shared): State<Shared>) -> Response {
    shared.world.faults.set(Vec::new());
    shared.world.clock.set_offset_ms(0);
    shared.world.queues.clear();
    shared.world.texts.clear();
    shared.world.ledger.clear();
    match shared.world.db.reset().await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
