//! What both sides of the sandbox know: who its users are, where its messages come from, and secrets of one start.

use rand::Rng;

/// Values made anew at each start. The alphabet makes them unmistakable: none can occur by chance in a report.
#[derive(Debug)]
pub(crate) struct Secrets {
    pub basic_auth_password: String,
    pub user_password: String,
    pub database_password: String,
    pub s3_access_key_id: String,
    pub s3_secret_access_key: String,
    pub sms_gateway_account: String,
    pub sms_gateway_token: String,
    pub signing_key: String,
    pub dangerous_salt: String,
}

impl Secrets {
    pub(crate) fn random() -> Self {
        Self {
            // `&`, `<`, `=`, `%`, `+` and a quote look different in every encoding, which is what a leak test wants.
            basic_auth_password: format!("basic&<{}>=%+", random_text(20)),
            user_password: format!("pass&<{}>=%+'é", random_text(20)),
            database_password: random_text(24),
            s3_access_key_id: format!("AKIA{}", random_text(16).to_uppercase()),
            s3_secret_access_key: random_text(40),
            sms_gateway_account: format!("AC{}", random_text(32).to_lowercase()),
            sms_gateway_token: random_text(32),
            signing_key: random_text(40),
            dangerous_salt: random_text(24),
        }
    }
}

/// `length` letters and digits from the operating system's generator.
pub(crate) fn random_text(length: usize) -> String {
    rand::rng().sample_iter(rand::distr::Alphanumeric).take(length).map(char::from).collect()
}

/// A random UUID of version 4.
pub(crate) fn uuid() -> String {
    let bytes: [u8; 16] = rand::rng().random();
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

pub(crate) const BASIC_AUTH_USERNAME: &str = "curious";
pub(crate) const SECOND_EMAIL: &str = "smoke-second@notify-sandbox.gov";
pub(crate) const USER_EMAIL: &str = "smoke@notify-sandbox.gov";
pub(crate) const USER_MOBILE: &str = "+12025550123";
/// Where texts come from; staging's number in the real deployment file.
pub(crate) const SMS_SENDER: &str = "+18556438890";
/// Where texts of a sandbox come from that shares another one's phone; demo's number there.
pub(crate) const SHARING_SMS_SENDER: &str = "+18337581259";
pub(crate) const EMAIL_DOMAIN: &str = "notify-sandbox.gov";
/// The built-in Notify service's `email_from`.
pub(crate) const NOTIFY_EMAIL_FROM: &str = "testsender";
/// The smoke user's own service's.
pub(crate) const SERVICE_EMAIL_FROM: &str = "smoke.service";
