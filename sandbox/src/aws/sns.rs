//! An SNS endpoint: takes `Publish` to a phone number and hands the text to the carrier.
//!
//! Protocol: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html> (Query API, form in, XML out).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Form, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::ses::refusal;
use crate::fault::{Disturbance, Effect, Site};
use crate::known::uuid;
use crate::ledger::Entry;
use crate::worker::OTHER_SENDER;
use crate::{StartError, World, serve};

/// The attribute that says which number a text comes from.
const ORIGINATION: &str = "AWS.MM.SMS.OriginationNumber";

/// Tries of one text that follow each other this closely are one attempt: the SDK's own, and the worker's second one at
/// once. The next comes 300 s later.
const ONE_ATTEMPT: Duration = Duration::from_mins(2);

#[derive(Clone)]
struct Sns {
    world: World,
    attempts: Attempts,
}

/// Which attempt a try belongs to.
#[derive(Debug, Clone, Default)]
struct Attempts {
    seen: Arc<Mutex<BTreeMap<String, (u32, Instant)>>>,
}

impl Attempts {
    fn name(&self, text: &str, together: Duration) -> String {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (number, last) = seen.entry(text.to_owned()).or_insert((0, now));
        if now.duration_since(*last) > together {
            *number += 1;
        }
        *last = now;
        format!("{number} {text}")
    }
}

/// Starts the endpoint and gives its URL.
pub(crate) async fn start(world: &World) -> Result<String, StartError> {
    let (listener, url) = serve::bind().await?;
    let sns = Sns { world: world.clone(), attempts: Attempts::default() };
    serve::forever(listener, Router::new().route("/", post(publish)).with_state(sns));
    Ok(url)
}

async fn publish(State(sns): State<Sns>, Form(form): Form<BTreeMap<String, String>>) -> Response {
    let field = |name: &str| form.get(name).map(String::as_str);
    let (Some("Publish"), Some(to), Some(body)) = (field("Action"), field("PhoneNumber"), field("Message")) else {
        return refusal(400, "InvalidParameter", "Only Publish to a PhoneNumber is here");
    };
    let attempt = sns.attempts.name(&format!("{to} {body}"), sns.world.options.scaled(ONE_ATTEMPT));
    let world = &sns.world;
    let moments = world.moments.reached(world.clock.now());
    let Disturbance { delay, status } = world.faults.disturbance(Site::Sns, &attempt, moments);
    if let Some(status) = status {
        world.ledger.add(Entry::TextRefused { status });
        return refusal(status, "InternalError", "An internal error has occurred");
    }
    let from = attribute(&form, ORIGINATION).unwrap_or_default();
    let message_id = uuid();
    world.ledger.add(Entry::TextAccepted { message_id: message_id.clone(), to: to.to_owned() });
    let is_code = body.ends_with("authentication code");
    let effects = if is_code { world.faults.at(Site::Code, &attempt, "") } else { Vec::new() };
    let mut lost = effects.contains(&Effect::Lost);
    lost |= [Effect::OverQuota, Effect::OptedOut].iter().any(|effect| world.is_on(Site::Sns, effect));
    let again = world.faults.at(Site::Sns, &attempt, moments).into_iter().find_map(|effect| match effect {
        Effect::Again(after) => Some(after),
        _ => None,
    });
    // Another code than the one that was asked for.
    let another = format!("{}{}", if body.starts_with('1') { "2" } else { "1" }, body.get(1..).unwrap_or_default());
    let old_first = effects.iter().find_map(|effect| match effect {
        Effect::OldFirst(after) => Some((*after, another.clone())),
        _ => None,
    });
    let (from, body) =
        if effects.contains(&Effect::Elsewhere) { (OTHER_SENDER.to_owned(), another) } else { (from, body.to_owned()) };
    let (world, to) = (world.clone(), to.to_owned());
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        if lost {
            return;
        }
        if let Some((after, old)) = old_first {
            world.outside.text(&world, from.clone(), to.clone(), old).await;
            tokio::time::sleep(after).await;
        }
        world.outside.text(&world, from.clone(), to.clone(), body.clone()).await;
        if let Some(after) = again {
            tokio::time::sleep(after).await;
            world.outside.text(&world, from, to, body).await;
        }
    });
    let xml = format!(
        "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>{message_id}\
         </MessageId></PublishResult><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></PublishResponse>",
        uuid()
    );
    ([(header::CONTENT_TYPE, "text/xml")], xml).into_response()
}

/// A message attribute of the Query API: `MessageAttributes.entry.N.Name` with its `Value.StringValue`.
fn attribute(form: &BTreeMap<String, String>, name: &str) -> Option<String> {
    let key = form.iter().find(|(key, value)| key.ends_with(".Name") && *value == name)?.0;
    form.get(&format!("{}.Value.StringValue", key.strip_suffix(".Name")?)).cloned()
}
