//! An SES endpoint: takes `SendEmail`, composes the MIME message, and stores it in the mailbox bucket as a receipt
//! rule of the receiving account would.
//!
//! Protocol: <https://docs.aws.amazon.com/ses/latest/APIReference/API_SendEmail.html> (Query API, form in, XML out).

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use mail_builder::MessageBuilder;
use rand::Rng as _;

use super::{REGION, s3};
use crate::fault::{Disturbance, Effect, Site};
use crate::ledger::Entry;
use crate::way::{Alteration, Letter, STRANGER};
use crate::{StartError, World, serve};

/// Starts the endpoint and gives its URL.
pub(crate) async fn start(world: &World) -> Result<String, StartError> {
    let (listener, url) = serve::bind().await?;
    serve::forever(listener, Router::new().route("/", post(send_email)).with_state(world.clone()));
    Ok(url)
}

async fn send_email(
    State(world): State<World>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    // The SDK names an attempt and keeps the name through its own retries.
    let attempt = headers.get("amz-sdk-invocation-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let moments = world.moments.reached(world.clock.now());
    let Disturbance { delay, status } = world.faults.disturbance(Site::Ses, attempt, moments);
    if let Some(status) = status {
        world.ledger.add(Entry::MailRefused { status });
        return refusal(status, "ServiceUnavailable", "Service is currently unavailable");
    }
    let field = |name: &str| form.get(name).map(String::as_str);
    if field("Action") != Some("SendEmail") {
        return refusal(400, "InvalidAction", "Only SendEmail is here");
    }
    let (Some(from), Some(to)) = (field("Source"), field("Destination.ToAddresses.member.1")) else {
        return refusal(400, "InvalidParameterValue", "Missing final '@domain'");
    };
    let delays: Vec<Duration> = std::iter::once(delay)
        // Asked once, sent twice: the second sending has an id of its own.
        .chain(world.faults.at(Site::Ses, attempt, moments).into_iter().filter_map(|effect| match effect {
            Effect::Again(after) => Some(delay + after),
            _ => None,
        }))
        .collect();
    let message_id = message_id();
    for (copy, delay) in delays.into_iter().enumerate() {
        let message_id = if copy == 0 { message_id.clone() } else { self::message_id() };
        let Some(parcel) = compose(&world, message_id, from, to, &field) else {
            return refusal(500, "InternalFailure", "Cannot compose");
        };
        tokio::spawn(deliver(world.clone(), delay, parcel));
    }
    let (to, subject) = (to.to_owned(), field("Message.Subject.Data").unwrap_or_default().to_owned());
    world.ledger.add(Entry::MailAccepted { message_id: message_id.clone(), to, subject });
    let xml = format!(
        "<SendEmailResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><SendEmailResult><MessageId>{message_id}\
         </MessageId></SendEmailResult><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></SendEmailResponse>",
        crate::known::uuid()
    );
    ([(header::CONTENT_TYPE, "text/xml")], xml).into_response()
}

/// The mail that a request asks for, under this id.
fn compose<'f>(
    world: &World,
    message_id: String,
    from: &str,
    to: &str,
    field: &impl Fn(&str) -> Option<&'f str>,
) -> Option<Parcel> {
    let html = field("Message.Body.Html.Data").map(str::to_owned);
    let mut letter = Letter {
        from: from.to_owned(),
        to: Some(to.to_owned()),
        subject: field("Message.Subject.Data").unwrap_or_default().to_owned(),
        text: field("Message.Body.Text.Data").unwrap_or_default().to_owned(),
        html,
        ..Letter::default()
    };
    let subject = letter.subject.clone();
    let (mut is_unreadable, mut beside) = (false, Vec::new());
    for how in world.mail_alterations(&message_id) {
        letter = letter.altered(how);
        match how {
            Alteration::Unreadable => is_unreadable = true,
            Alteration::Neighbour | Alteration::Stranger => beside.push(how),
            _ => {}
        }
    }
    let id = format!("{message_id}@{REGION}.amazonses.com");
    let mime = written(&letter, &id, world.clock.now().as_second())?;
    Some(Parcel { message_id, to: to.to_owned(), subject, mime, is_unreadable, beside })
}

/// As MIME.
fn written(letter: &Letter, id: &str, date: i64) -> Option<Vec<u8>> {
    let (from_name, from_address) = split_address(&letter.from);
    let mut mail = MessageBuilder::new();
    for (name, value) in &letter.received {
        mail = mail.header(*name, mail_builder::headers::raw::Raw::new(value.as_str()));
    }
    mail = mail
        .from((from_name, from_address))
        .subject(letter.subject.as_str())
        .message_id(id)
        .date(date)
        .header("X-SES-Outgoing", mail_builder::headers::raw::Raw::new("2023.08.25-127.0.0.1"))
        .text_body(letter.text.as_str());
    mail = match &letter.to {
        Some(to) => mail.to(to.as_str()),
        None => mail.header("To", mail_builder::headers::raw::Raw::new("undisclosed-recipients:;")),
    };
    if let Some(html) = &letter.html {
        mail = mail.html_body(html.as_str());
    }
    if let Some(inside) = &letter.inside {
        mail = mail.attachment("message/rfc822", "original.eml", written(inside, &format!("inside-{id}"), date)?);
    }
    mail.write_to_vec().ok()
}

/// A mail on its way.
struct Parcel {
    message_id: String,
    to: String,
    subject: String,
    mime: Vec<u8>,
    /// Nobody may read its object.
    is_unreadable: bool,
    /// What comes to the mailbox with it.
    beside: Vec<Alteration>,
}

async fn deliver(world: World, delay: Duration, parcel: Parcel) {
    let Parcel { message_id, to, subject, mime, is_unreadable, beside } = parcel;
    tokio::time::sleep(delay).await;
    if world.is_on(Site::Ses, &Effect::Bounced) {
        return tell(&world, "Bounce", &message_id).await;
    }
    // Receipt rules name their objects at random, so the order of names says nothing about the order of arrival.
    let key = crate::known::random_text(40).to_lowercase();
    let came = world.clock.now();
    let late = world.faults.at(Site::Way, "", "mailbox").into_iter().find_map(|effect| match effect {
        Effect::LateList(by) => Some(by),
        _ => None,
    });
    tokio::time::sleep(late.unwrap_or_default()).await;
    let stored = if (world.clock.is_moved() || late.is_some()) && world.outside.shared.is_none() {
        s3::put_at(&world.store.mailbox_folder, &key, &mime, came).map_err(|error| error.to_string())
    } else if is_unreadable {
        s3::put_encrypted(&world.outside.mailbox, &key, mime).await
    } else {
        s3::put(&world.outside.mailbox, &key, mime).await
    };
    for what in beside {
        let key = format!("{key}{what:?}").to_lowercase();
        // Whether it comes is nothing to our own mail.
        let _ = match what {
            Alteration::Neighbour => s3::put_encrypted(&world.outside.mailbox, &key, b"x".to_vec()).await,
            _ => s3::put(&world.outside.mailbox, &key, STRANGER.to_vec()).await,
        };
    }
    if stored.is_err() {
        return;
    }
    world.ledger.add(Entry::MailDelivered { message_id: message_id.clone(), to, subject, key });
    tell(&world, "Delivery", &message_id).await;
}

/// SES tells its SNS topic, which tells the API's public address.
async fn tell(world: &World, what: &str, message_id: &str) {
    if !world.is_on(Site::Receipts, &Effect::Off) {
        let receipt = serde_json::json!({ "notificationType": what, "mail": { "messageId": message_id } });
        world.receipts.tell(&receipt).await;
    }
}

pub(super) fn refusal(status: u16, code: &str, message: &str) -> Response {
    let xml = format!(
        "<ErrorResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
        crate::known::uuid()
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
    format!("0101{:012x}-{}-000000", rand::rng().random_range(0..1_u64 << 48), crate::known::uuid())
}
