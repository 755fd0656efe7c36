//! An SES endpoint: takes `SendEmail`, composes the MIME message, and stores it in the mailbox bucket as a receipt
//! rule of the receiving account would.
//!
//! Protocol: <https://docs.aws.amazon.com/ses/latest/APIReference/API_SendEmail.html> (Query API, form in, XML out).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use mail_builder::MessageBuilder;
use rand::Rng as _;

use super::{REGION, s3};
use crate::fault::{Effect, Site};
use crate::ledger::Entry;
use crate::{StartError, World, serve};

#[derive(Clone)]
struct Ses {
    world: World,
    mailbox: Arc<aws_sdk_s3::Client>,
}

/// Starts the endpoint and gives its URL.
pub(crate) async fn start(world: &World, store: &s3::Store) -> Result<String, StartError> {
    let (listener, url) = serve::bind().await?;
    let ses = Ses { world: world.clone(), mailbox: Arc::new(store.client.clone()) };
    serve::forever(listener, Router::new().route("/", post(send_email)).with_state(ses));
    Ok(url)
}

async fn send_email(
    State(ses): State<Ses>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    // The SDK names an attempt and keeps the name through its own retries.
    let attempt = headers.get("amz-sdk-invocation-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let mut delay = Duration::ZERO;
    for effect in ses.world.faults.at(Site::Ses, attempt, "") {
        let status = match effect {
            Effect::Down => 503,
            Effect::Status(status) => status,
            Effect::Slow(by) => {
                delay = by;
                continue;
            }
            Effect::Stopped
            | Effect::AcceptedNotSent
            | Effect::OtherHost
            | Effect::Twice
            | Effect::Lost
            | Effect::Other => continue,
        };
        ses.world.ledger.add(Entry::MailRefused { status });
        return refusal(status, "ServiceUnavailable", "Service is currently unavailable");
    }
    let field = |name: &str| form.get(name).map(String::as_str);
    if field("Action") != Some("SendEmail") {
        return refusal(400, "InvalidAction", "Only SendEmail is here");
    }
    let (Some(from), Some(to)) = (field("Source"), field("Destination.ToAddresses.member.1")) else {
        return refusal(400, "InvalidParameterValue", "Missing final '@domain'");
    };
    let message_id = message_id();
    let (from_name, from_address) = split_address(from);
    let mail = MessageBuilder::new()
        .from((from_name, from_address))
        .to(to)
        .subject(field("Message.Subject.Data").unwrap_or_default())
        .message_id(format!("{message_id}@{REGION}.amazonses.com"))
        .date(ses.world.clock.now().as_second())
        .header("X-SES-Outgoing", mail_builder::headers::raw::Raw::new("2023.08.25-127.0.0.1"))
        .text_body(field("Message.Body.Text.Data").unwrap_or_default())
        .html_body(field("Message.Body.Html.Data").unwrap_or_default());
    let Ok(mime) = mail.write_to_vec() else { return refusal(500, "InternalFailure", "Cannot compose") };
    ses.world.ledger.add(Entry::MailAccepted { message_id: message_id.clone(), to: to.to_owned() });
    tokio::spawn(deliver(ses.clone(), delay, message_id.clone(), to.to_owned(), mime));
    let xml = format!(
        "<SendEmailResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><SendEmailResult><MessageId>{message_id}\
         </MessageId></SendEmailResult><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></SendEmailResponse>",
        uuid()
    );
    ([(header::CONTENT_TYPE, "text/xml")], xml).into_response()
}

async fn deliver(ses: Ses, delay: Duration, message_id: String, to: String, mime: Vec<u8>) {
    tokio::time::sleep(delay).await;
    // Receipt rules name their objects at random, so the order of names says nothing about the order of arrival.
    let key = crate::ready::random_text(40).to_lowercase();
    if s3::put(&ses.mailbox, &key, mime).await.is_ok() {
        ses.world.ledger.add(Entry::MailDelivered { message_id, to, key });
    }
}

pub(super) fn refusal(status: u16, code: &str, message: &str) -> Response {
    let xml = format!(
        "<ErrorResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
        uuid()
    );
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "text/xml")], xml).into_response()
}

/// `"US Notify" <a@b>` in its two parts.
fn split_address(text: &str) -> (String, String) {
    match text.split_once('<') {
        Some((name, address)) => {
            (name.trim().trim_matches('"').to_owned(), address.trim_end_matches(['>', ' ']).to_owned())
        }
        None => (String::new(), text.to_owned()),
    }
}

/// An id in the shape of SES's: `0100018a…-uuid-000000`.
fn message_id() -> String {
    format!("0101{:012x}-{}-000000", rand::rng().random_range(0..1_u64 << 48), uuid())
}

pub(super) fn uuid() -> String {
    let bytes: [u8; 16] = rand::rng().random();
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}
