//! What a service calls its parts: reports speak its language, and scripts read the same ids for all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Component;

/// The names of parts that are products in one service and others in the next.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Parts {
    /// By role: what `parts` of service.yaml says.
    pub names: BTreeMap<String, String>,
    /// How many providers share the texts, by chance; 0 where that is not said.
    #[serde(skip_serializing_if = "super::is_zero")]
    pub text_providers: u32,
}

impl Parts {
    /// What they are in any service.
    pub fn in_general() -> Self {
        let names = [("files", "the bucket"), ("mail", "the mail provider"), ("text", "the text provider")];
        Self { names: names.map(|(role, name)| (role.to_owned(), name.to_owned())).into(), text_providers: 0 }
    }

    /// Whether nothing is said, as in journals of the first format.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Its name, as in a sentence.
    pub fn name(&self, part: Component) -> String {
        match part.role() {
            Some(role) => self.names.get(role).cloned().unwrap_or_else(|| part.name().to_uppercase()),
            None => part.name().to_owned(),
        }
    }

    /// The word for it before a colon and in lists: its name, if that is one word, or else its role.
    pub fn word(&self, part: Component) -> String {
        match (part.role(), self.name(part)) {
            (Some(role), name) if name.contains(char::is_whitespace) => role.to_owned(),
            (_, name) => name.to_lowercase(),
        }
    }

    /// A sentence of the table of causes, with the service's names in it.
    pub fn said(&self, sentence: &str) -> String {
        // What befalls one text of several befell one of the providers that share them.
        let one = self.name(Component::Text);
        let one = if self.shares_texts() { format!("one of the providers, {one},") } else { one };
        let mut text = sentence.replace("{one-text}", &one);
        for part in [Component::Files, Component::Mail, Component::Text] {
            let role = part.role().unwrap_or_default();
            text = text.replace(&format!("{{{role}}}"), &self.name(part));
        }
        text
    }

    /// Whether several providers share the texts: one that is broken then loses or delays some of them, and not all.
    pub fn shares_texts(&self) -> bool {
        self.text_providers > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_called_as_its_service_calls_it() {
        let names = [("text", "MMG or Firetext"), ("mail", "SES")];
        let parts =
            Parts { names: names.map(|(role, name)| (role.to_owned(), name.to_owned())).into(), text_providers: 2 };
        assert_eq!(
            [Component::Text, Component::Mail, Component::Worker].map(|part| parts.word(part)),
            ["text", "ses", "worker"]
        );
        assert_eq!(
            parts.said("{text} did not deliver the text, {mail} did"),
            "MMG or Firetext did not deliver the text, SES did"
        );
        let lost = "{one-text} did not deliver one text";
        assert_eq!(parts.said(lost), "one of the providers, MMG or Firetext, did not deliver one text");
        assert_eq!(Parts { text_providers: 1, ..parts }.said(lost), "MMG or Firetext did not deliver one text");
        assert_eq!(Parts::default().word(Component::Text), Component::Text.name(), "as before there were names");
    }
}
