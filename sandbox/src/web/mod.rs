//! The admin app: Basic auth at the door, a signed session cookie, CSRF, and the pages.

mod basic_auth;
mod session;
mod us_notify;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};

use crate::fault::{Disturbance, Effect, Site};
use crate::ledger::Entry;
use crate::{StartError, World, serve};

/// What every page needs.
#[derive(Clone)]
pub(crate) struct Admin {
    pub world: World,
    pub url: Arc<str>,
    pub api: ApiClient,
}

/// The admin app's client of the API.
#[derive(Clone)]
pub(crate) struct ApiClient {
    http: reqwest::Client,
    base: Arc<str>,
}

impl ApiClient {
    /// The API's answer to a POST, or nothing when it cannot be reached.
    pub(crate) async fn post(&self, path: &str, body: &serde_json::Value) -> Option<reqwest::Response> {
        self.http.post(format!("{}{path}", self.base)).json(body).send().await.ok()
    }

    /// The API's answer to a GET, or nothing when it cannot be reached.
    pub(crate) async fn get(&self, path: &str) -> Option<reqwest::Response> {
        self.http.get(format!("{}{path}", self.base)).send().await.ok()
    }
}

/// Starts the admin app and gives its URL.
pub(crate) async fn start(world: &World, api_url: &str) -> Result<String, StartError> {
    let (listener, url) = serve::bind().await?;
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(std::time::Duration::from_secs(30))
        .build()
        .map_err(|error| StartError(format!("The sandbox cannot make an HTTP client: {error}.")))?;
    let admin = Admin { world: world.clone(), url: url.as_str().into(), api: ApiClient { http, base: api_url.into() } };
    let router = us_notify::routes()
        .layer(middleware::from_fn_with_state(admin.clone(), faults))
        .layer(middleware::from_fn_with_state(admin.clone(), basic_auth::guard))
        .layer(middleware::from_fn_with_state(admin.clone(), edge))
        .layer(middleware::from_fn_with_state(admin.clone(), note))
        .with_state(admin);
    serve::forever(listener, serve::with_date(router, world.clock.clone()));
    Ok(url)
}

async fn note(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let method = request.method().to_string();
    let path = request.uri().path().to_owned();
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let user_agent = agent.unwrap_or_default().to_owned();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    if !path.starts_with("/static/") {
        admin.world.ledger.add(Entry::Page { method, path, status, user_agent });
    }
    response
}

/// cloud.gov's router, and whatever else stands before the app: it answers by itself where it is told to.
/// Source: <https://docs.cloudfoundry.org/adminguide/troubleshooting_slow_requests.html>, gorouter's own answers.
async fn edge(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    // Each request is tried once.
    let attempt = crate::known::uuid();
    let challenged = admin.world.faults.at(Site::Edge, &attempt, &path).contains(&Effect::Challenge);
    match admin.world.faults.disturbance(Site::Edge, &attempt, &path).status {
        Some(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            let words = format!("{status}: Registered endpoint failed to handle the request.\n");
            (status, [("x-cf-routererror", "endpoint_failure")], words).into_response()
        }
        None if challenged => us_notify::pages::challenge(),
        None => next.run(request).await,
    }
}

async fn faults(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    // Each request is tried once.
    let attempt = crate::known::uuid();
    let Disturbance { delay, status } = admin.world.faults.disturbance(Site::Admin, &attempt, request.uri().path());
    tokio::time::sleep(delay).await;
    let path = request.uri().path().to_owned();
    let response = match status {
        Some(_) => us_notify::pages::sorry(StatusCode::INTERNAL_SERVER_ERROR),
        None => next.run(request).await,
    };
    let effects = admin.world.faults.at(Site::Admin, &attempt, &path);
    match effects.iter().find_map(us_notify::pages::beside) {
        Some(snippet) => with_snippet(response, snippet).await,
        None => response,
    }
}

/// A page with something more at its end; whatever is no page stays as it is.
async fn with_snippet(response: Response, snippet: &str) -> Response {
    const PAGE_MAX: usize = 1 << 20;
    let (mut parts, body) = response.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("text/html")) {
        return Response::from_parts(parts, body);
    }
    let Ok(page) = axum::body::to_bytes(body, PAGE_MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let page = String::from_utf8_lossy(&page).replacen("</body>", &format!("{snippet}</body>"), 1);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, page.into())
}

/// The routes of a Notify's admin app.
pub(crate) type Routes = Router<Admin>;
