//! Links whose last piece is a secret: found by their shape, kept whole in the vault, told apart by a handle.

use std::collections::BTreeSet;
use std::ops::Range;

use url::Url;

use super::Vault;
use crate::model::{Alteration, Link, LinkShape, MailPart};
use crate::reading::{Original, in_text, original, percent_decoded};

/// Links of a secret shape that one text may hold; a text with more is nobody's reset mail.
const LINKS_MAX: usize = 50;
/// How often a text may be encoded in itself.
const DECODED_MAX: usize = 4;

/// The links of a text.
#[derive(Default)]
pub(super) struct Found {
    pub(super) links: Vec<Shaped>,
    /// Where a link stands that is not written in one piece and in the clear.
    pub(super) hidden: Vec<(Range<usize>, Hidden)>,
    pub(super) altered: BTreeSet<Alteration>,
    /// Who has put links of its own here, which say nothing.
    pub(super) opaque: BTreeSet<&'static str>,
}

/// What stands in the place of a link.
pub(super) enum Hidden {
    /// The link of this place among the text's.
    Link(usize),
    Other(String),
}

impl Found {
    /// Whether one of them was made for this run.
    pub(super) fn carries(&self, token: &str) -> bool {
        self.links.iter().any(|link| link.carries(token))
    }
}

impl Vault {
    /// Keeps every link of a known shape in `text`.
    pub(super) fn learn_links(&mut self, text: &str) {
        for link in self.links_of(text, "").links {
            self.keep_link(&link, MailPart::Text);
        }
    }

    /// The links of a known shape in `text`; nothing of them becomes a secret by that. Where a line is broken inside one, it
    /// goes on as far as it has to for the run's token to stand in it.
    pub(super) fn links_of(&self, text: &str, token: &str) -> Found {
        let mut found = Found::default();
        for link in in_text(text) {
            if found.links.len() == LINKS_MAX {
                break;
            }
            let readings: Vec<_> = link.readings.into_iter().map(|(range, url)| (range, original(&url))).collect();
            let of_run = |at: usize| self.of_shape(&readings[at].1).filter(|link| link.carries(token));
            let first = self.of_shape(&readings[0].1);
            let best = match first {
                Some(link) if readings.len() == 1 || link.carries(token) => Some((0, link)),
                first => (1..readings.len())
                    .find_map(|at| of_run(at).map(|link| (at, link)))
                    .or_else(|| first.map(|link| (0, link))),
            };
            let Some((at, link)) = best else {
                if let (range, Original::Unknown(by)) = &readings[0] {
                    found.opaque.insert(by);
                    // Who opens it is led to what it stands for.
                    found.hidden.push((range.clone(), Hidden::Other(format!("link of {by}"))));
                }
                continue;
            };
            let (range, original) = &readings[at];
            if let Original::Behind(_, by) = original {
                found.altered.insert(Alteration::Rewritten { by: (*by).to_owned() });
            }
            if at > 0 {
                found.altered.insert(Alteration::Broken);
            }
            if at > 0 || matches!(original, Original::Behind(..)) {
                found.hidden.push((range.clone(), Hidden::Link(found.links.len())));
            }
            found.links.push(link);
        }
        found
    }

    /// Whether a secret path still stands somewhere, in whatever encoding, and not a handle behind it.
    pub(super) fn shows_secret_path(&self, text: &str) -> bool {
        in_any_decoding(text, |text| {
            self.shapes.iter().any(|shape| {
                text.match_indices(&shape.path).any(|(at, path)| {
                    let secret = &text[at + path.len()..];
                    !secret.starts_with('⟨') && secret.starts_with(|c: char| c.is_alphanumeric() || "-_.%".contains(c))
                })
            })
        })
    }

    /// Whether a text may have held a secret path before something was done to it: its letters stand in their order.
    pub(super) fn may_have_secret_path(&self, text: &str) -> bool {
        let letters = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        in_any_decoding(text, |text| {
            let folded = letters(text);
            self.shapes.iter().any(|shape| folded.contains(&letters(&shape.path)))
        })
    }

    /// A link whose last piece is a secret, if it is one.
    fn of_shape(&self, original: &Original) -> Option<Shaped> {
        let (Original::Behind(url, _) | Original::Itself(url)) = original else { return None };
        let url = Url::parse(url).ok()?;
        let shape = self.shapes.iter().find(|shape| url.path().starts_with(&shape.path))?;
        let encoded = url.path()[shape.path.len()..].to_owned();
        let next = url.query_pairs().find(|(key, _)| key == "next").map(|(_, value)| value.into_owned());
        let secret = percent_decoded(&encoded);
        (!encoded.is_empty()).then(|| Shaped { shape: shape.clone(), encoded, secret, next, url })
    }

    /// Keeps a link and gives it a handle.
    pub(super) fn keep_link(&mut self, link: &Shaped, part: MailPart) -> Link {
        let token = link.secret();
        let handle = self.handle_of("link", token, link.url.as_str());
        self.hide(token, &format!("⟨{handle}⟩"));
        self.hide(&link.encoded, &format!("⟨{handle}⟩"));
        link.told(handle, part)
    }
}

/// Whether this holds of a text, as it stands there or in what it stands for.
fn in_any_decoding(text: &str, holds: impl Fn(&str) -> bool) -> bool {
    let mut text = text.to_owned();
    for _ in 0..DECODED_MAX {
        if holds(&text) {
            return true;
        }
        let decoded = percent_decoded(&text.replace("&amp;", "&").replace("&#x2F;", "/").replace("&#47;", "/"));
        if decoded == text {
            break;
        }
        text = decoded;
    }
    false
}

/// A link of a known shape.
pub(super) struct Shaped {
    shape: LinkShape,
    /// The secret, as it is written.
    encoded: String,
    secret: String,
    next: Option<String>,
    url: Url,
}

impl Shaped {
    /// What judging may know of it.
    pub(super) fn told(&self, handle: String, part: MailPart) -> Link {
        Link {
            handle,
            part,
            is_cut: false,
            origin: self.url.origin().ascii_serialization(),
            path: self.shape.path.clone(),
            next: self.next.clone(),
            issued_at: self.shape.issued_at.of(&self.secret),
        }
    }

    /// Its last piece, however it is written.
    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    fn carries(&self, token: &str) -> bool {
        !token.is_empty() && self.next.as_deref().is_some_and(|next| next.contains(token))
    }
}
