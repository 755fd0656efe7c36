//! Slack's incoming webhooks. Source: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>.

use reqwest::Client;
use serde_json::{Value, json};

use super::{TRY_LONGEST, Untold, cut, send};
use crate::http;

/// Slack takes so many characters of a text in a block.
const TEXT_MAX: usize = 2_900;

/// One webhook: one channel.
pub struct Slack {
    client: Client,
    webhook: String,
}

/// What is told: a line that a phone shows, and what stands below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub line: String,
    /// Label and text.
    pub facts: Vec<(&'static str, String)>,
}

impl Slack {
    /// At this webhook, whose address is a secret.
    ///
    /// # Errors
    /// [`Untold`] where no client can be made.
    pub fn at(webhook: &str) -> Result<Self, Untold> {
        let client = http::client(TRY_LONGEST, None).map_err(Untold)?;
        Ok(Self { client, webhook: webhook.to_owned() })
    }

    /// Tells it.
    ///
    /// # Errors
    /// [`Untold`].
    pub async fn tell(&self, message: &Message) -> Result<(), Untold> {
        let body = body(message).to_string();
        let request = || self.client.post(&self.webhook).header("content-type", "application/json").body(body.clone());
        send("Slack", &request).await
    }
}

/// Nothing of it is read as a link, a mention or a style: the texts of blocks are plain, and the line is escaped.
fn body(message: &Message) -> Value {
    let plain = |text: &str| json!({ "type": "plain_text", "text": cut(text, TEXT_MAX), "emoji": false });
    let mut blocks = vec![json!({ "type": "section", "text": plain(&message.line) })];
    for (label, text) in &message.facts {
        blocks.push(json!({ "type": "section", "text": plain(&format!("{label}: {text}")) }));
    }
    json!({
        "text": escaped(&message.line),
        "mrkdwn": false,
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": blocks,
    })
}

/// Source: <https://docs.slack.dev/messaging/formatting-message-text#escaping>.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_somebody_else_calls_anybody() {
        let hostile = "<!channel> <https://evil.example|here> *b* @here & x".to_owned();
        let told = body(&Message { line: hostile.clone(), facts: vec![("Next", hostile.clone())] });
        assert_eq!(told["text"], "&lt;!channel&gt; &lt;https://evil.example|here&gt; *b* @here &amp; x");
        let blocks = told["blocks"].as_array().expect("blocks");
        assert!(blocks.len() == 2 && blocks.iter().all(|block| block["text"]["type"] == "plain_text"), "{told}");
        assert_eq!((&told["mrkdwn"], &told["link_names"]), (&false.into(), &false.into()));
    }
}
