//! Secrets that are known by how they look, whoever has made them and wherever they stand: signed tokens, encrypted ones, and
//! headers that carry credentials.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What stands in their place.
const HIDDEN: &str = "⟨hidden⟩";

/// `payload.time.signature`, as itsdangerous writes it, and JSON Web Tokens: dots may be encoded.
/// Source: <https://itsdangerous.palletsprojects.com/en/stable/timed/>, <https://www.rfc-editor.org/rfc/rfc7519>.
static SIGNED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"[A-Za-z0-9_-]{12,}(?:\.|%(?:25)*2[eE]|&#46;)[A-Za-z0-9_-]{5,}(?:\.|%(?:25)*2[eE]|&#46;)[A-Za-z0-9_-]{20,}",
    )
    .ok()
});

/// The same where lines were joined: then sentences have dots between them too, and only the time tells. Four bytes of seconds,
/// from 2022 to 2039.
static TIMED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9_-]{12,}\.([Y-Za-g][A-Za-z0-9_-]{5})\.[A-Za-z0-9_-]{27,}").ok());

/// Source: <https://github.com/fernet/spec/blob/master/Spec.md>: a version byte of 0x80 and a time before the year 2106.
static FERNET: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"gAAAA[A-Za-z0-9_-]{40,}={0,2}").ok());

/// Headers and fields whose value is a credential.
static HEADERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(proxy-authorization|authorization|set-cookie|cookie|x-api-key)[ \t]*[:=][ \t]*\S[^\r\n]*").ok()
});

/// A text without secrets of a known look.
pub(super) fn hidden(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    if let Some(signed) = SIGNED.as_ref() {
        text = replaced(text, signed, &|found| {
            let whole = &found[0];
            if is_mixed(whole) { HIDDEN.to_owned() } else { whole.to_owned() }
        });
    }
    if let Some(fernet) = FERNET.as_ref() {
        text = replaced(text, fernet, &|_| HIDDEN.to_owned());
    }
    if let Some(headers) = HEADERS.as_ref() {
        text = replaced(text, headers, &|found| format!("{}: {HIDDEN}", &found[1]));
    }
    text
}

/// Whether a text without its blanks has a secret of a known look.
pub(super) fn is_shown(text: &str) -> bool {
    let is_time = |time: &str| time.chars().any(|c| !c.is_ascii_lowercase());
    let timed = TIMED.as_ref().is_some_and(|timed| timed.captures_iter(text).any(|found| is_time(&found[1])));
    timed || FERNET.as_ref().is_some_and(|fernet| fernet.is_match(text))
}

fn replaced<'t>(text: Cow<'t, str>, regex: &Regex, by: &dyn Fn(&Captures<'_>) -> String) -> Cow<'t, str> {
    match regex.replace_all(&text, by) {
        Cow::Borrowed(_) => text,
        Cow::Owned(new) => Cow::Owned(new),
    }
}

/// Host names and file names have dots too, and are not written in letters of both sizes with digits among them.
fn is_mixed(text: &str) -> bool {
    let last = text.rsplit(['.', '%', ';']).next().unwrap_or(text);
    let has = |kind: fn(&char) -> bool| last.chars().any(|c| kind(&c));
    has(char::is_ascii_digit) && has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_look_and_words_are_none() {
        let secrets = [
            "IntcImNyZWF0ZWRfYXRcIjpc.awjRvg.tQuZA-CZV8JHP-ssAmgUznzLA1M",
            "IntcImNyZWF0ZWRfYXRcIjpc%2EawjRvg%2EtQuZA-CZV8JHP-ssAmgUznzLA1M",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
            "gAAAAABnRkq3oCkQ0s8bC5ZqzGJx1nYQp0V9v7m6tYq1L2b3c4d5e6f7g8h9i0jk==",
        ];
        for secret in secrets {
            assert_eq!(hidden(&format!("see {secret} there")), "see ⟨hidden⟩ there", "{secret}");
        }
        assert!(is_shown(secrets[0]) && is_shown(secrets[3]));
        assert!(!is_shown("Donotopenlinksunlessyouknowthesender.Thanks.Rowoneoftoken0000000000000011.Nobodyneeds"));
        assert_eq!(
            hidden("GET /\r\nAuthorization: Basic YTpi\r\nHost: x"),
            "GET /\r\nAuthorization: ⟨hidden⟩\r\nHost: x"
        );
        assert_eq!(hidden("Set-Cookie: session=abc; Path=/"), "Set-Cookie: ⟨hidden⟩");
        for words in [
            "notifications-admin.app.very-long-part-of-a-host-name",
            "email-smtp.us-gov-west-1.amazonaws.com",
            "smoke-now-qfzkvyyt.csv, 2 rows",
            "This is row one. Nobody needs it.",
            "cookies are used here",
        ] {
            assert_eq!(hidden(words), words);
        }
    }
}
