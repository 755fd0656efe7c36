//! The test number's side: an SMS gateway that speaks the part of Twilio's Messages REST API that lists messages.
//!
//! Written from <https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources>: Basic auth
//! by account and token, filters by `To` and by *day*, whole seconds, newest first, pages.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Json, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fault::{Effect, Site};
use crate::known::USER_MOBILE;
use crate::ledger::Entry;
use crate::{StartError, World, serve};

const TEXTS_MAX: usize = 10_000;
const PAGE_SIZE: usize = 50;
const PAGE_SIZE_MAX: usize = 1_000;

/// One text that arrived at a number.
#[derive(Debug, Clone)]
struct Text {
    sid: String,
    from: String,
    to: String,
    body: String,
    at: Timestamp,
}

/// All texts, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    texts: Arc<Mutex<Vec<Text>>>,
}

impl Texts {
    /// A carrier delivers a text.
    pub(crate) fn arrive(&self, from: String, to: String, body: String, at: Timestamp) {
        let sid = format!("SM{:032x}", rand::rng().random::<u128>());
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if texts.len() < TEXTS_MAX {
            texts.push(Text { sid, from, to, body, at });
        }
    }

    pub(crate) fn clear(&self) {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn matching(&self, wanted: &Filter) -> Vec<Text> {
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.iter().rev().filter(|text| wanted.takes(text)).cloned().collect()
    }
}

/// What a list is asked for. Dates are days: `DateSent>=2026-11-22` means on that day or after it, in UTC.
#[derive(Debug, Default)]
struct Filter {
    to: Option<String>,
    on: Option<String>,
    not_before: Option<String>,
    not_after: Option<String>,
}

impl Filter {
    fn of(query: &BTreeMap<String, String>) -> Self {
        let day = |name: &str| query.get(name).map(|date| date.chars().take(10).collect());
        Self {
            to: query.get("To").cloned(),
            on: day("DateSent"),
            not_before: day("DateSent>"),
            not_after: day("DateSent<"),
        }
    }

    fn takes(&self, text: &Text) -> bool {
        let day = text.at.strftime("%F").to_string();
        self.to.as_ref().is_none_or(|to| *to == text.to)
            && self.on.as_ref().is_none_or(|on| *on == day)
            && self.not_before.as_ref().is_none_or(|first| *first <= day)
            && self.not_after.as_ref().is_none_or(|last| day <= *last)
    }
}

/// Starts the gateway and gives its URL.
pub(crate) async fn start(world: &World) -> Result<String, StartError> {
    let (listener, url) = serve::bind().await?;
    let router = Router::new()
        .route("/2010-04-01/Accounts/{account}/{list}", get(list))
        .route("/carrier/texts", post(carry))
        .with_state(world.clone());
    serve::forever(listener, serve::with_date(router, world.clock.clone()));
    Ok(url)
}

/// A text as a carrier hands it over. Twilio has no such address: here another sandbox's texts come in.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Carried {
    pub from: String,
    pub to: String,
    pub body: String,
}

async fn carry(State(world): State<World>, Json(text): Json<Carried>) -> StatusCode {
    world.texts.arrive(text.from, text.to, text.body, world.clock.now());
    StatusCode::NO_CONTENT
}

async fn list(
    State(world): State<World>,
    Path((account, list)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let secrets = &world.secrets;
    let expected = STANDARD.encode(format!("{}:{}", secrets.sms_gateway_account, secrets.sms_gateway_token));
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given != Some(&format!("Basic {expected}")) {
        return error(StatusCode::UNAUTHORIZED, 20003, "Authenticate");
    }
    if account == secrets.sms_gateway_account && list == "IncomingPhoneNumbers.json" {
        let asked = query.get("PhoneNumber").is_none_or(|number| number == USER_MOBILE);
        let own = json!({ "phone_number": USER_MOBILE, "account_sid": account, "status": "in-use" });
        let numbers = if asked { vec![own] } else { Vec::new() };
        return Json(json!({ "incoming_phone_numbers": numbers, "page": 0, "next_page_uri": null })).into_response();
    }
    if account != secrets.sms_gateway_account || list != "Messages.json" {
        return error(StatusCode::NOT_FOUND, 20404, "The requested resource was not found");
    }
    world.ledger.add(Entry::NumberLooked);
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let size = number("PageSize").unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE_MAX);
    let page = number("Page").unwrap_or(0);
    let late = world.faults.at(Site::Way, "", "number").into_iter().find_map(|effect| match effect {
        Effect::LateList(by) => Some(by),
        _ => None,
    });
    let now = world.clock.now();
    let listed = |text: &Text| late.is_none_or(|by| now.duration_since(text.at).unsigned_abs() >= by);
    let mut texts = world.texts.matching(&Filter::of(&query));
    texts.retain(listed);
    let messages: Vec<Value> = texts.iter().skip(page * size).take(size).map(|text| message(&account, text)).collect();
    let uri = |page: usize| {
        let mut next = url::form_urlencoded::Serializer::new(String::new());
        query.iter().filter(|(name, _)| *name != "Page").for_each(|(name, value)| {
            next.append_pair(name, value);
        });
        format!("/2010-04-01/Accounts/{account}/Messages.json?{}", next.append_pair("Page", &page.to_string()).finish())
    };
    let more = texts.len() > (page + 1) * size;
    Json(json!({
        "messages": messages, "page": page, "page_size": size, "uri": uri(page),
        "next_page_uri": more.then(|| uri(page + 1)),
    }))
    .into_response()
}

fn message(account: &str, text: &Text) -> Value {
    json!({
        "sid": text.sid, "account_sid": account, "from": text.from, "to": text.to, "body": text.body,
        "direction": "inbound", "status": "received", "num_segments": "1",
        "date_sent": text.at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string(),
    })
}

fn error(status: StatusCode, code: u32, message: &str) -> Response {
    (status, Json(json!({ "code": code, "message": message, "status": status.as_u16() }))).into_response()
}
