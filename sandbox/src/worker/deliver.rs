//! Handing messages over to SES and SNS. Each function says whether there is nothing left to do.

use std::time::Duration;

use aws_sdk_ses::types::{Body, Content, Destination, Message};
use aws_sdk_sns::types::MessageAttributeValue;

use super::{CHECK_SMS, Providers, Task, reset_mail};
use crate::World;
use crate::db::Mail;
use crate::fault::{Effect, Site};

/// The number of another environment.
pub(crate) const OTHER_SENDER: &str = "+18337581259";
/// The log of what was texted is looked at this long after.
const CHECK_AFTER: Duration = Duration::from_mins(5);

pub(super) async fn reset(world: &World, providers: &Providers, id: &str, name: &str, link: &str) -> bool {
    let mail = match world.db.mail_to_send(id).await {
        Ok(Some(mail)) => mail,
        Ok(None) => return true,
        Err(_) => return false,
    };
    let Some(message) = reset_mail::compose(&mail, name, link, &providers.admin_url) else { return false };
    send_mail(world, providers, id, &mail, message).await
}

pub(super) async fn code(world: &World, providers: &Providers, id: &str, body: &str) -> bool {
    match world.db.text_to_send(id).await {
        Ok(Some(to)) => send_text(world, providers, id, &to, body).await,
        Ok(None) => true,
        Err(_) => false,
    }
}

pub(super) async fn row(world: &World, providers: &Providers, id: &str) -> bool {
    let row = match world.db.row_to_send(id).await {
        Ok(Some(row)) => row,
        Ok(None) => return true,
        Err(_) => return false,
    };
    if row.kind == "sms" {
        return send_text(world, providers, id, &row.to, &row.body).await;
    }
    let content = |data: &str| Content::builder().data(data).charset("UTF-8").build().ok();
    let paragraphs: Vec<&str> = row.body.split("\n\n").collect();
    let html = maud::html! { html lang="en" { body { @for text in paragraphs { p { (text) } } } } };
    let body = Body::builder().set_text(content(&row.body)).set_html(content(&html.into_string())).build();
    let message = Message::builder().set_subject(content(&row.subject)).body(body).build();
    let mail = Mail { to: row.to, from_name: row.from_name, from_address: row.from_address };
    send_mail(world, providers, id, &mail, message).await
}

async fn send_mail(world: &World, providers: &Providers, id: &str, mail: &Mail, message: Message) -> bool {
    if world.is_on(Site::Ses, &Effect::NoTls) {
        return false;
    }
    let sent = providers
        .ses
        .send_email()
        .source(format!("\"{}\" <{}>", mail.from_name, mail.from_address))
        .destination(Destination::builder().to_addresses(&mail.to).build())
        .message(message)
        .send()
        .await;
    match sent {
        Ok(answer) => world.db.mail_sent(id, answer.message_id()).await.is_ok(),
        Err(_) => false,
    }
}

async fn send_text(world: &World, providers: &Providers, id: &str, to: &str, body: &str) -> bool {
    if world.is_on(Site::Sns, &Effect::NoTls) {
        return false;
    }
    let other = world.is_on(Site::Sender, &Effect::Other);
    let from = if other { OTHER_SENDER } else { world.sms_sender() };
    let text = |value: &str| MessageAttributeValue::builder().data_type("String").string_value(value).build().ok();
    let (Some(kind), Some(from)) = (text("Transactional"), text(from)) else { return false };
    let sent = providers
        .sns
        .publish()
        .phone_number(to)
        .message(body)
        .message_attributes("AWS.SNS.SMS.SMSType", kind)
        .message_attributes("AWS.MM.SMS.OriginationNumber", from)
        .send()
        .await;
    if sent.is_err() || world.db.text_sent(id).await.is_err() {
        return false;
    }
    let check = Task::CheckText { notification: id.to_owned() };
    world.queues.put_later(CHECK_SMS, check, world.options.scaled(CHECK_AFTER), 0);
    true
}
