//! The parts of AWS that the service uses, spoken over their own protocols.

pub(crate) mod s3;
pub(crate) mod ses;
pub(crate) mod sns;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_ses::config::retry::RetryConfig;
use aws_sdk_ses::config::{AsyncSleep, SharedAsyncSleep, Sleep as Sleeping};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::Options;

/// The region that the stand-ins answer for.
pub(crate) const REGION: &str = "us-west-2";

/// boto tries five times in about eight seconds.
const ATTEMPTS: u32 = 5;
const BACKOFF: Duration = Duration::from_secs(1);
const BACKOFF_MAX: Duration = Duration::from_secs(4);

/// How the service's clients try again.
pub(crate) fn retries(options: &Options) -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(options.scaled(BACKOFF))
        .with_max_backoff(options.scaled(BACKOFF_MAX))
}

/// The service's credentials at the stand-ins.
pub(crate) fn credentials(secrets: &crate::known::Secrets) -> Credentials {
    Credentials::new(&secrets.s3_access_key_id, &secrets.s3_secret_access_key, None, None, "sandbox")
}

/// The HTTP client of all AWS clients here, with the project's one TLS provider.
pub(crate) fn http_client() -> aws_sdk_ses::config::SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// The SDK's sleep, by the runtime's clock.
pub(crate) fn sleep() -> SharedAsyncSleep {
    SharedAsyncSleep::new(Sleep)
}

#[derive(Debug)]
struct Sleep;

impl AsyncSleep for Sleep {
    fn sleep(&self, duration: Duration) -> Sleeping {
        Sleeping::new(tokio::time::sleep(duration))
    }
}
