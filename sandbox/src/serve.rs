//! Listening on loopback: one small server per part, each on a port of its own that the machine chooses.

use std::future::IntoFuture as _;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use tokio::net::TcpListener;

use crate::StartError;
use crate::clock::Clock;

/// A free port on loopback.
pub(crate) async fn bind() -> Result<(TcpListener, String), StartError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| cannot_listen(&error))?;
    let port = listener.local_addr().map_err(|error| cannot_listen(&error))?.port();
    Ok((listener, format!("http://localhost:{port}")))
}

fn cannot_listen(error: &std::io::Error) -> StartError {
    StartError(format!("The sandbox cannot listen on 127.0.0.1: {error}. Look whether loopback is up."))
}

/// Serves `router` for as long as the process lives.
pub(crate) fn forever(listener: TcpListener, router: Router) {
    tokio::spawn(axum::serve(listener, router).into_future());
}

/// Answers carry the service's clock, not the machine's.
pub(crate) fn with_date(router: Router, clock: Clock) -> Router {
    router.layer(middleware::from_fn_with_state(clock, date))
}

async fn date(State(clock): State<Clock>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&clock.http_date()) {
        response.headers_mut().insert(header::DATE, value);
    }
    response
}
