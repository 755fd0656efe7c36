//! The reset mail: subject, greeting and the two forms of the link as observed, the prose between them our own.

use aws_sdk_ses::types::{Body, Content, Message};

use crate::db::Mail;

/// The mail with this link.
pub(super) fn compose(mail: &Mail, name: &str, link: &str, admin_url: &str) -> Option<Message> {
    let (before_query, query) = link.split_once('?').map_or((link, String::new()), |(l, q)| (l, format!("?{q}")));
    let (prefix, token) = before_query.rsplit_once('/')?;
    let text_link = format!("{prefix}/{}{query}", token.replace('.', "%2E"));
    let text = format!(
        "Hi {name},\n\nSomebody asked for a new password for {to} on {admin_url}.\n\nIf it was not you, there is \
         nothing to do: the old password stays.\n\nTo choose a new one, open this link within the hour:\n\n{text_link}\n",
        to = mail.to
    );
    let html = maud::html! {
        html lang="en" { body {
            p { a href="https://beta.notify.gov" { "U.S. Notify" } }
            p { "Hi " (name) "," }
            p { "Somebody asked for a new password for " (mail.to) "." }
            p { "If it was not you, there is nothing to do: the old password stays." }
            p { "To choose a new one, open this link within the hour:" }
            p { a href=(link) { (link) } }
        } }
    };
    let content = |data: String| Content::builder().data(data).charset("UTF-8").build().ok();
    let body = Body::builder().set_text(content(text)).set_html(content(html.into_string())).build();
    let subject = content("Reset your U.S. Notify password".to_owned());
    Some(Message::builder().set_subject(subject).body(body).build())
}
