//! An SNS endpoint: takes `Publish` to a phone number and hands the text to the carrier.
//!
//! Protocol: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html> (Query API, form in, XML out).

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::ses::{refusal, uuid};
use crate::fault::{Effect, Site};
use crate::ledger::Entry;
use crate::{StartError, World, serve};

/// The attribute that says which number a text comes from.
const ORIGINATION: &str = "AWS.MM.SMS.OriginationNumber";

/// Starts the endpoint and gives its URL.
pub(crate) async fn start(world: &World) -> Result<String, StartError> {
    let (listener, url) = serve::bind().await?;
    serve::forever(listener, Router::new().route("/", post(publish)).with_state(world.clone()));
    Ok(url)
}

async fn publish(
    State(world): State<World>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let attempt = headers.get("amz-sdk-invocation-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let mut delay = Duration::ZERO;
    for effect in world.faults.at(Site::Sns, attempt, "") {
        let status = match effect {
            Effect::Down => 503,
            Effect::Status(status) => status,
            Effect::Slow(by) => {
                delay = by;
                continue;
            }
            _ => continue,
        };
        world.ledger.add(Entry::TextRefused { status });
        return refusal(status, "InternalError", "An internal error has occurred");
    }
    let field = |name: &str| form.get(name).map(String::as_str);
    let (Some("Publish"), Some(to), Some(body)) = (field("Action"), field("PhoneNumber"), field("Message")) else {
        return refusal(400, "InvalidParameter", "Only Publish to a PhoneNumber is here");
    };
    let from = attribute(&form, ORIGINATION).unwrap_or_default();
    let message_id = uuid();
    world.ledger.add(Entry::TextAccepted { message_id: message_id.clone(), to: to.to_owned() });
    let lost = world.faults.at(Site::Code, attempt, "").contains(&Effect::Lost);
    let (texts, clock) = (world.texts.clone(), world.clock.clone());
    let (to, body) = (to.to_owned(), body.to_owned());
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        if !lost {
            texts.arrive(from, to, body, clock.now());
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
