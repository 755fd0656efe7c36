//! Links whose last piece is a secret: found by their shape, kept whole in the vault, told apart by a handle.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use url::Url;

use super::Vault;
use crate::model::{IssuedAt, Link};

/// Links of a secret shape that one text may hold; a text with more is nobody's reset mail.
const LINKS_MAX: usize = 50;

impl Vault {
    /// Keeps every link of a known shape in `text` and tells what judging may know of it.
    pub(super) fn learn_links(&mut self, text: &str) -> Vec<Link> {
        let mut found = Vec::new();
        for candidate in candidates(text) {
            if found.len() == LINKS_MAX {
                break;
            }
            let Ok(url) = Url::parse(&candidate) else { continue };
            let shape = self.shapes.iter().find(|shape| url.path().starts_with(&shape.path)).cloned();
            let Some(shape) = shape else { continue };
            let encoded = url.path()[shape.path.len()..].to_owned();
            if encoded.is_empty() {
                continue;
            }
            let token = percent_decoded(&encoded);
            let handle = self.handle_of("link", &token, url.as_str());
            self.hide(&token, &format!("⟨{handle}⟩"));
            self.hide(&encoded, &format!("⟨{handle}⟩"));
            found.push(Link {
                handle,
                origin: url.origin().ascii_serialization(),
                path: shape.path.clone(),
                next: url.query_pairs().find(|(key, _)| key == "next").map(|(_, value)| value.into_owned()),
                issued_at: match shape.issued_at {
                    IssuedAt::Itsdangerous => itsdangerous_time(&token),
                },
            });
        }
        found
    }
}

/// Everything in `text` that starts like a web address.
fn candidates(text: &str) -> impl Iterator<Item = String> {
    text.match_indices("http").filter_map(|(start, _)| {
        let rest = &text[start..];
        if !rest.starts_with("http://") && !rest.starts_with("https://") {
            return None;
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')' | ']'));
        Some(rest[..end.unwrap_or(rest.len())].replace("&amp;", "&"))
    })
}

pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The time of issue in `payload.timestamp.signature`.
fn itsdangerous_time(token: &str) -> Option<Timestamp> {
    let (body, _signature) = token.rsplit_once('.')?;
    let (_payload, time) = body.rsplit_once('.')?;
    let bytes = URL_SAFE_NO_PAD.decode(time).ok().filter(|bytes| (1..=8).contains(&bytes.len()))?;
    let seconds = bytes.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}
