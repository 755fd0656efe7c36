//! The parts of AWS that the service uses, spoken over their own protocols.

pub(crate) mod s3;
pub(crate) mod ses;
pub(crate) mod sns;

use aws_credential_types::Credentials;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// The region that the stand-ins answer for.
pub(crate) const REGION: &str = "us-west-2";

/// The service's credentials at the stand-ins.
pub(crate) fn credentials(secrets: &crate::ready::Secrets) -> Credentials {
    Credentials::new(&secrets.s3_access_key_id, &secrets.s3_secret_access_key, None, None, "sandbox")
}

/// The HTTP client of all AWS clients here, with the project's one TLS provider.
pub(crate) fn http_client() -> aws_sdk_ses::config::SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}
