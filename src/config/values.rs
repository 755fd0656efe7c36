//! What a value must look like before anything is touched with it: a blank or a line break at the end of a variable is not
//! seen by whoever set it, and would be typed into a page.

/// What kind of value a setting has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    /// Whatever is no control character, without white space at its ends.
    Word,
    /// An address and nothing beside it.
    Email,
    /// A telephone number in the form of E.164.
    Number,
    /// A number, or what stands in its place: a short code, or a name of a carrier's.
    Sender,
    /// A web address.
    Url,
}

/// What is wrong with a value, and how it is mended.
pub(super) fn wrong(kind: ValueKind, value: &str) -> Option<(&'static str, &'static str)> {
    if value.trim() != value {
        return Some(("has white space at an end", "Take it away: a line break is easily stored with a secret."));
    }
    if value.chars().any(char::is_control) {
        return Some(("has a line break or another control character in it", "Write it in one line."));
    }
    match kind {
        ValueKind::Word => None,
        ValueKind::Email => (!is_email(value)).then_some((
            "is no plain e-mail address",
            "Write NAME@HOST, without a name before it or brackets around it.",
        )),
        ValueKind::Number => (!is_number(value)).then_some((
            "is no telephone number in the form of E.164",
            "Write + and the country's code, digits only: +12025550123.",
        )),
        ValueKind::Sender => (!is_number(value) && !is_short_code(value) && !is_name(value)).then_some((
            "is no sender of texts",
            "Write its number as +12025550123, a short code, or the name that texts show.",
        )),
        ValueKind::Url => {
            let is_url =
                url::Url::parse(value).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            (!is_url).then_some(("is no web address", "Write https://HOST, with a port where it needs one."))
        }
    }
}

fn is_email(value: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c);
    value.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && name.chars().all(plain)
            && host.contains(|c: char| c.is_alphanumeric())
            && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
    })
}

/// Source: ITU-T E.164: at most 15 digits.
fn is_number(value: &str) -> bool {
    // Some services and providers write it without its plus: with its country it has eleven digits at least, as no national number.
    let (digits, least) = value.strip_prefix('+').map_or((value, 11), |digits| (digits, 7));
    (least..=15).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit()) && !digits.starts_with('0')
}

fn is_short_code(value: &str) -> bool {
    (3..=8).contains(&value.len()) && value.bytes().all(|c| c.is_ascii_digit())
}

/// Source: GSM 03.40: an alphanumeric sender has at most 11 characters, and a letter among them.
fn is_name(value: &str) -> bool {
    (1..=11).contains(&value.len())
        && value.bytes().all(|c| c.is_ascii_alphanumeric() || b" .-_&".contains(&c))
        && value.bytes().any(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ValueKind::{Email, Number, Sender, Url, Word};

    #[test]
    fn values_are_what_they_are_for() {
        let right = [
            (Word, "correct horse"),
            (Email, "smoke+x@notify.gov"),
            (Email, "a@localhost"),
            (Number, "+12025550123"),
            (Number, "447700900601"),
            (Sender, "+18556438890"),
            (Sender, "39642"),
            (Sender, "GOVUK"),
            (Url, "http://127.0.0.1:8080/x"),
        ];
        for (kind, value) in right {
            assert_eq!(wrong(kind, value), None, "{kind:?} {value}");
        }
        let not = [
            (Word, "x\n"),
            (Word, " x"),
            (Word, "a\nb"),
            (Word, "a\u{0}b"),
            (Email, "US Notify <a@b.gov>"),
            (Email, "a@b.gov,c@d.gov"),
            (Email, "a.b.gov"),
            (Email, "@b.gov"),
            (Email, "a@"),
            (Email, "a b@c.gov"),
            (Number, "(202) 555-0123"),
            (Number, "2025550123"),
            (Number, "07700900601"),
            (Number, "+1 202 555 0123"),
            (Number, "+0202555012"),
            (Number, "+1202555012345678"),
            (Sender, "(855) 643-8890"),
            (Sender, "a very long name"),
            (Sender, "18556438890123456"),
            (Url, "notify.gov"),
            (Url, "ftp://x/"),
        ];
        for (kind, value) in not {
            assert!(wrong(kind, value).is_some(), "{kind:?} {value:?}");
        }
    }
}
