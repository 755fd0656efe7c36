//! Signed, timed tokens in the format of `itsdangerous.URLSafeTimedSerializer`, as the real service's links carry
//! them: `payload.timestamp.signature`, each base64url, the timestamp big-endian Unix seconds.
//! Source: <https://itsdangerous.palletsprojects.com/en/stable/timed/>.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha1::{Digest as _, Sha1};

/// Makes and reads tokens of one secret key and salt.
pub(crate) struct Signer {
    key: Vec<u8>,
}

/// Why a token is not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TokenError {
    Tampered,
    Expired,
}

/// What a token holds, and when it was made.
#[derive(Debug)]
pub(crate) struct Opened {
    pub payload: serde_json::Value,
    pub issued_at: Timestamp,
}

impl Signer {
    pub(crate) fn new(secret: &str, salt: &str) -> Self {
        // `django-concat`, the library's default way to derive the key.
        let mut digest = Sha1::new();
        digest.update(salt.as_bytes());
        digest.update(b"signer");
        digest.update(secret.as_bytes());
        Self { key: digest.finalize().to_vec() }
    }

    fn mac(&self, text: &str) -> Hmac<Sha1> {
        // HMAC takes keys of every length, so this cannot fail; an empty key would sign nothing that we accept.
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.key).unwrap_or_else(|_| unreachable!("any length fits"));
        mac.update(text.as_bytes());
        mac
    }

    pub(crate) fn sign(&self, payload: &serde_json::Value, now: Timestamp) -> String {
        let seconds = now.as_second().to_be_bytes();
        let start = seconds.iter().position(|byte| *byte != 0).unwrap_or(seconds.len());
        let body =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(payload.to_string()), URL_SAFE_NO_PAD.encode(&seconds[start..]));
        let signature = URL_SAFE_NO_PAD.encode(self.mac(&body).finalize().into_bytes());
        format!("{body}.{signature}")
    }

    pub(crate) fn open(&self, token: &str, now: Timestamp, lifetime_s: i64) -> Result<Opened, TokenError> {
        let (body, signature) = token.rsplit_once('.').ok_or(TokenError::Tampered)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Tampered)?;
        self.mac(body).verify_slice(&signature).map_err(|_| TokenError::Tampered)?;
        let (payload, seconds) = body.rsplit_once('.').ok_or(TokenError::Tampered)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Tampered);
        let payload = serde_json::from_slice(&decode(payload)?).map_err(|_| TokenError::Tampered)?;
        let seconds = decode(seconds)?.iter().fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte));
        let issued_at = Timestamp::from_second(seconds).map_err(|_| TokenError::Tampered)?;
        if now.as_second() - seconds > lifetime_s {
            return Err(TokenError::Expired);
        }
        Ok(Opened { payload, issued_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_open_until_they_expire_or_are_touched() {
        let signer = Signer::new("key", "salt");
        let made = Timestamp::from_second(1_692_950_400).expect("a time");
        let token = signer.sign(&serde_json::json!("x"), made);
        // What itsdangerous 2.2.0 makes of `URLSafeTimedSerializer("key", "salt").dumps("x")` at that second.
        assert_eq!(token, "Ingi.ZOhfgA.GP6z-k2FJPCxMtO9CrsvRz1MoAk");
        let later = |seconds: i32| Timestamp::from_second(1_692_950_400 + i64::from(seconds)).expect("a time");
        assert_eq!(signer.open(&token, later(3600), 3600).expect("still good").issued_at, made);
        assert_eq!(signer.open(&token, later(3601), 3600).err(), Some(TokenError::Expired));
        assert_eq!(signer.open(&token.replace("Ingi", "InKi"), later(0), 3600).err(), Some(TokenError::Tampered));
        assert_eq!(signer.open("garbage", later(0), 3600).err(), Some(TokenError::Tampered));
    }
}
