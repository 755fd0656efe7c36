//! What mail gateways and carriers write into a message, and what is left of a text part by programs that show HTML only.
//! Words as they were seen in public reports.

use super::plain;

/// Words of banners and footers, as [`plain`] gives them in small letters.
const ADDITIONS: [&str; 40] = [
    "[external",
    "external email",
    "external sender",
    "external message",
    "external:",
    "outside of the organization",
    "outside of your organization",
    "outside the organization",
    "outside your organization",
    "outside of the organisation",
    "outside of your organisation",
    "outside the organisation",
    "outside your organisation",
    "originated from outside",
    "originated outside",
    "came from outside",
    "don't often get email from",
    "do not click links",
    "do not click on links",
    "do not open links",
    "this sender is unverified",
    "could not verify the identity of the sender",
    "this message is from an external",
    "this message was sent from outside",
    "zjqcmqryfpfptbanner",
    "checked for viruses",
    "scanned for viruses",
    "virus-free",
    "scanned by",
    "email has been scanned",
    "by avast",
    "mailscanner",
    "email is confidential",
    "may contain confidential",
    "confidentiality notice",
    "not the intended recipient",
    "intended solely for",
    "to unsubscribe from this group",
    "unsubscribe from this list",
    "sent from your twilio trial account",
];

/// Words of a text part that stands for an HTML part.
const PLACEHOLDERS: [&str; 9] = [
    "does not show html",
    "does not support html",
    "doesn't support html",
    "cannot display html",
    "can't display html",
    "html version",
    "html format",
    "view this email in",
    "view this message in",
];

/// Whether a piece of a message reads like what is added on the way.
pub fn is_addition(text: &str) -> bool {
    let text = plain(text).to_lowercase();
    // No gateway speaks to anybody by name.
    !text.starts_with("dear ") && (ADDITIONS.iter().any(|words| text.contains(words)) || is_rule(&text))
}

/// Words and signs that gateways put in the place of what they hide.
const MASKS: [&str; 8] = ["***", "•••", "xxxx", "####", "____", "redacted", "[removed", "[hidden"];

/// Whether something in a text is hidden.
pub fn is_masked(text: &str) -> bool {
    let text = plain(text).to_lowercase();
    MASKS.iter().any(|mask| text.contains(mask))
}

/// Whether a text part says only that there is an HTML part.
pub fn is_placeholder(text: &str) -> bool {
    let text = plain(text).to_lowercase();
    text.chars().count() < 300 && PLACEHOLDERS.iter().any(|words| text.contains(words))
}

/// A line between a message and what was added to it.
fn is_rule(text: &str) -> bool {
    text.len() >= 2 && text.chars().all(|c| matches!(c, '-' | '_' | '=' | '*' | ' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banners_and_footers_are_known_and_data_of_somebody_else_is_not() {
        let added = [
            "CAUTION: This email originated from outside of the organization. Do not click links or open attachments",
            "[EXTERNAL]",
            "You don’t often get email from n@x.gov. Learn why this is important",
            "This email has been checked for viruses by Avast antivirus software.",
            "-- \n________",
            "Sent from your Twilio trial account - ",
        ];
        let not = [
            "Dear Mrs Jones, your appointment is on 3 May at 10:30.",
            "This is row two of smoke test x.",
            "",
            "US Notify",
        ];
        assert!(added.iter().all(|text| is_addition(text)));
        assert!(!not.iter().any(|text| is_addition(text)));
        assert!(is_placeholder("Your mail program does not show HTML."));
        assert!(!is_placeholder("This is row one."));
    }
}
