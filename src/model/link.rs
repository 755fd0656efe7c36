//! Links in Notify's own mails, and where in their secret the time stands at which they were made.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The shape of links in Notify's own mails; the last piece of the path is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkShape {
    /// The path before the secret, such as `/new-password/`.
    pub path: String,
    pub issued_at: IssuedAt,
    /// How long it can be opened, in milliseconds.
    pub lifetime_ms: u64,
}

/// How a token tells when it was made: some of its bytes, once it is decoded from base64url, are seconds since 1970, the most
/// significant one first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct IssuedAt {
    /// What cuts the token into pieces, and which of them is meant, counted from its end: 1 is the last one.
    pub piece: Option<(char, usize)>,
    /// The first of the bytes, counted from 0, and how many; without it all of them.
    pub bytes: Option<(usize, usize)>,
}

/// The ways that have a name.
/// Sources: <https://itsdangerous.palletsprojects.com/en/stable/timed/> (`payload.time.signature`) and
/// <https://github.com/fernet/spec/blob/master/Spec.md> (a byte of version, eight of time).
pub const NAMED: [(&str, IssuedAt); 2] = [
    ("itsdangerous", IssuedAt { piece: Some(('.', 2)), bytes: None }),
    ("fernet", IssuedAt { piece: None, bytes: Some((1, 8)) }),
];

/// As many bytes as seconds since 1970 can have.
pub const BYTES_MAX: usize = 8;

/// What libraries write is padded by some of them, and not by others.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl IssuedAt {
    /// The way of this name.
    pub fn named(name: &str) -> Option<Self> {
        NAMED.iter().find(|(known, _)| *known == name).map(|(_, way)| way.clone())
    }

    /// When this token says that it was made; nothing where it says no time.
    pub fn of(&self, token: &str) -> Option<Timestamp> {
        let text = match self.piece {
            // The piece before its end is bounded by one more cut: what is not cut at all has no such piece.
            Some((cut, from_end)) if from_end > 1 || token.contains(cut) => {
                token.rsplit(cut).nth(from_end.checked_sub(1)?)?
            }
            Some(_) => return None,
            None => token,
        };
        let decoded = BASE64.decode(text).ok()?;
        let bytes = match self.bytes {
            Some((first, count)) => decoded.get(first..first.checked_add(count)?)?,
            None => &decoded,
        };
        if bytes.is_empty() || bytes.len() > BYTES_MAX {
            return None;
        }
        let seconds = bytes.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
    }
}

/// As it stands in files: by its name, or piece by piece.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Named(String),
    Bytes {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        piece: Option<(char, usize)>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<(usize, usize)>,
    },
}

impl From<Written> for IssuedAt {
    fn from(written: Written) -> Self {
        match written {
            // A later version's name: no time is read then, which is said.
            Written::Named(name) => Self::named(&name).unwrap_or(Self { piece: None, bytes: Some((0, 0)) }),
            Written::Bytes { piece, bytes } => Self { piece, bytes },
        }
    }
}

impl From<IssuedAt> for Written {
    fn from(way: IssuedAt) -> Self {
        match NAMED.iter().find(|(_, known)| *known == way) {
            Some((name, _)) => Self::Named((*name).to_owned()),
            None => Self::Bytes { piece: way.piece, bytes: way.bytes },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(name: &str, token: &str) -> Option<i64> {
        IssuedAt::named(name).expect("a way").of(token).map(Timestamp::as_second)
    }

    /// Tokens of the libraries themselves; Fernet's is the one of its specification's `generate.json`.
    #[test]
    fn the_time_is_where_each_library_writes_it() {
        let fernet =
            "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
        assert_eq!(seconds("fernet", fernet), Some(499_162_800));
        assert_eq!(seconds("fernet", fernet.trim_end_matches('=')), Some(499_162_800));
        assert_eq!(seconds("itsdangerous", "Ingi.ZOhfgA.GP6z-k2FJPCxMtO9CrsvRz1MoAk"), Some(1_692_950_400));
        for (name, token) in
            [("fernet", "gAAA"), ("fernet", "not base64!"), ("itsdangerous", fernet), ("itsdangerous", "ZOhfgA")]
        {
            assert_eq!(seconds(name, token), None, "{name}: {token}");
        }
    }

    #[test]
    fn a_third_service_has_its_time_elsewhere() {
        let way = IssuedAt { piece: Some(('~', 1)), bytes: Some((2, 4)) };
        assert_eq!(way.of("x~AABk6F-A_w").map(Timestamp::as_second), Some(1_692_950_400));
        assert_eq!(way.of("AABk6F-A_w"), None);
        let text = serde_json::to_string(&way).expect("JSON");
        assert_eq!(serde_json::from_str::<IssuedAt>(&text).expect("a way"), way);
        let named = serde_json::to_string(&NAMED[0].1).expect("JSON");
        assert_eq!(named, "\"itsdangerous\"", "as in journals of the first format");
    }
}
