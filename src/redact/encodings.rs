//! The forms in which a secret could turn up in a text.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The value itself and its encodings, without doubles.
pub(super) fn all(value: &str) -> Vec<String> {
    let mut forms = vec![
        value.to_owned(),
        percent(value, false),
        percent(value, true),
        lower_hex(&percent(value, false)),
        lower_hex(&percent(value, true)),
        url::form_urlencoded::byte_serialize(value.as_bytes()).collect(),
        value.replace('.', "%2E"),
        value.replace('.', "%2e"),
        STANDARD.encode(value),
        STANDARD_NO_PAD.encode(value),
        URL_SAFE_NO_PAD.encode(value),
        html(value, "&#39;"),
        html(value, "&#x27;"),
        html(value, "'"),
        quoted_printable(value),
        json(value),
    ];
    forms.sort();
    forms.dedup();
    forms
}

/// Every byte but letters, digits and (unless `strict`) `-._~` as `%XX`.
fn percent(value: &str, strict: bool) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || (!strict && b"-._~".contains(&byte)) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The same with `%2e` for `%2E`; letters that are not encoded keep their case.
fn lower_hex(encoded: &str) -> String {
    let mut pieces = encoded.split('%');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_at_checked(2).unwrap_or((piece, ""));
        out.push('%');
        out.push_str(&code.to_lowercase());
        out.push_str(rest);
    }
    out
}

fn html(value: &str, quote: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', quote)
}

/// RFC 2045, without soft line breaks: texts are judged after decoding, so a broken form cannot reach us.
fn quoted_printable(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        if (b' '..=b'~').contains(&byte) && byte != b'=' {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("={byte:02X}"));
        }
    }
    out
}

fn json(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"")
}
