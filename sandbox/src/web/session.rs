//! The signed session cookie and the CSRF token that is bound to it.

use axum::http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};

use crate::World;
use crate::known::random_text;
use crate::token::Signer;

const COOKIE: &str = "notify_admin_session";
/// 20 hours, renewed with each page.
const LIFETIME_S: i64 = 20 * 60 * 60;

/// What the cookie carries: readable by its owner, but signed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Session {
    csrf: String,
    /// Who has given the right password, and not yet the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) half: Option<String>,
    /// Who is signed in, and in which session of the API's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<(String, String)>,
    /// Said on the next page that shows such things.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flash: Option<String>,
}

impl Session {
    /// The session of a request, or a new one.
    pub(super) fn of(world: &World, headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let token = cookies.flat_map(|line| line.split(';')).find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == COOKIE).then(|| value.to_owned())
        });
        let opened =
            token.and_then(|token| signer(world, "cookie-session").open(&token, world.clock.now(), LIFETIME_S).ok());
        opened
            .and_then(|opened| serde_json::from_value(opened.payload).ok())
            .unwrap_or_else(|| Self { csrf: random_text(40), ..Self::default() })
    }

    /// Keeps a sentence for the next page that shows such things.
    pub(super) fn flash(&mut self, text: &str) {
        self.flash = Some(text.to_owned());
    }

    /// The sentence that was kept, once.
    pub(super) fn take_flash(&mut self) -> Option<String> {
        self.flash.take()
    }

    /// The header that gives the session to the browser.
    pub(super) fn set_cookie(&self, world: &World) -> Option<HeaderValue> {
        let payload = serde_json::to_value(self).ok()?;
        let token = signer(world, "cookie-session").sign(&payload, world.clock.now());
        HeaderValue::from_str(&format!(
            "{COOKIE}={token}; Max-Age={LIFETIME_S}; Secure; HttpOnly; Path=/; SameSite=Lax"
        ))
        .ok()
    }

    /// The hidden field of a form.
    pub(super) fn csrf_token(&self, world: &World) -> String {
        let payload = serde_json::Value::String(self.csrf.clone());
        signer(world, "wtf-csrf-token").sign(&payload, world.clock.now())
    }

    /// Whether a form that came back was made for this session.
    pub(super) fn accepts(&self, world: &World, csrf_token: &str) -> bool {
        let opened = signer(world, "wtf-csrf-token").open(csrf_token, world.clock.now(), LIFETIME_S);
        opened.is_ok_and(|opened| opened.payload.as_str() == Some(&self.csrf))
    }
}

fn signer(world: &World, salt: &str) -> Signer {
    Signer::new(&world.secrets.signing_key, salt)
}
