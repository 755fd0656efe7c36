//! One AWS client set-up: region, credentials, endpoint, the project's one TLS provider, and limits on every call.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, Region, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use jiff::Timestamp;

use crate::http::{self, ServerClock};
use crate::model::environment::is_loopback;

const CONNECT: Duration = Duration::from_secs(5);
const OPERATION: Duration = Duration::from_secs(20);

/// Where and as whom AWS is spoken to.
pub struct AwsSettings {
    pub region: String,
    /// An endpoint other than Amazon's.
    pub endpoint: Option<String>,
    /// Id and secret; without them the usual places are looked at (environment, profile, instance).
    pub credentials: Option<(String, String)>,
}

impl Intercept for ServerClock {
    fn name(&self) -> &'static str {
        "ServerClock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").and_then(http::http_date);
        if let Some(date) = date {
            let now = Timestamp::now();
            self.told(date, now, now);
        }
        Ok(())
    }
}

/// An S3 client, and what its server's clock says.
#[derive(Debug, Clone)]
pub struct S3 {
    pub client: aws_sdk_s3::Client,
    pub clock: ServerClock,
}

/// Speaks to S3.
pub async fn s3(settings: &AwsSettings) -> S3 {
    let shared = shared(settings).await;
    let clock = ServerClock::default();
    // Servers other than Amazon's have no host name for each bucket.
    let config = aws_sdk_s3::config::Builder::from(&shared)
        .force_path_style(settings.endpoint.is_some())
        .interceptor(clock.clone())
        .build();
    S3 { client: aws_sdk_s3::Client::from_conf(config), clock }
}

/// As whom AWS is spoken to.
pub struct Identity {
    /// The ARN of the caller.
    pub arn: String,
    /// When its credentials end, where they do and say when.
    pub until: Option<Timestamp>,
}

/// Credentials of a session tell it themselves, or in the variable that tools set beside them.
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>.
async fn expiry(config: &SdkConfig) -> Option<Timestamp> {
    let provider = config.credentials_provider()?;
    let credentials = provider.provide_credentials().await.ok()?;
    let by_provider = credentials.expiry().and_then(|at| Timestamp::try_from(at).ok());
    let by_variable = || std::env::var("AWS_CREDENTIAL_EXPIRATION").ok()?.parse().ok();
    by_provider.or_else(|| credentials.session_token().and_then(|_| by_variable()))
}

/// As whom AWS is spoken to: the ARN of the caller.
///
/// # Errors
/// What AWS said, or why it was not reached.
pub async fn identity(settings: &AwsSettings) -> Result<Identity, String> {
    let config = shared(settings).await;
    let client = aws_sdk_sts::Client::new(&config);
    let said = client.get_caller_identity().send().await.map_err(|error| reason(&error))?;
    let arn = said.arn().map(str::to_owned).ok_or_else(|| "AWS names nobody".to_owned())?;
    Ok(Identity { arn, until: expiry(&config).await })
}

/// What a server said, or the innermost sentence of an SDK error.
pub fn reason<E: std::error::Error + ProvideErrorMetadata>(error: &E) -> String {
    if let Some(code) = error.code() {
        return error.message().map_or_else(|| code.to_owned(), |message| format!("{code}, {message}"));
    }
    let text = DisplayErrorContext(error).to_string();
    text.split(" (").next().unwrap_or_default().chars().take(300).collect()
}

/// On the project's one TLS provider, through the proxy that everything else goes through.
fn http_client(endpoint: Option<&str>) -> aws_sdk_s3::config::SharedHttpClient {
    let is_here = endpoint.and_then(|url| url::Url::parse(url).ok()).is_some_and(|url| is_loopback(&url));
    let proxy = if is_here { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
    aws_smithy_http_client::Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder();
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        builder.proxy_config(proxy.clone()).tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    })
}

async fn shared(settings: &AwsSettings) -> SdkConfig {
    let http = http_client(settings.endpoint.as_deref());
    let limits = TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(OPERATION).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .region(Region::new(settings.region.clone()))
        .retry_config(RetryConfig::standard().with_max_attempts(2))
        .timeout_config(limits);
    if let Some((id, secret)) = &settings.credentials {
        loader = loader.credentials_provider(Credentials::new(id, secret, None, None, "environment file"));
    }
    if let Some(endpoint) = &settings.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}
