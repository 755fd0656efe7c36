//! An S3 server over a folder, with two buckets: the one that an SES receipt rule stores incoming mail in, and the one
//! of uploaded files. The parts of the service say who they are in the User-Agent, as clients with an app name do.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{AppName, BehaviorVersion, Region};
use aws_sdk_s3::types::{MetadataDirective, ServerSideEncryption};
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;

use super::{REGION, http_client};
use crate::fault::{Disturbance, Faults, Site};
use crate::known::Secrets;
use crate::ledger::{Entry, Ledger};
use crate::{Options, StartError, serve};

pub(crate) const MAILBOX_BUCKET: &str = "notify-smoke-mailbox";
pub(crate) const MAILBOX_PREFIX: &str = "inbound/";
const UPLOADS_BUCKET: &str = "notify-api-csv-upload-bucket-sandbox";
/// What SES itself writes once when a receipt rule with an S3 action is made.
/// Source: <https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-s3.html>.
const SETUP_NOTIFICATION: &str = "AMAZON_SES_SETUP_NOTIFICATION";

/// Who asks the bucket of uploads: faults tell them apart.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    /// The admin app, while a file is uploaded and previewed.
    Admin,
    /// The API, when a job is made.
    Api,
    /// The worker, when a job runs.
    Worker,
}

impl Part {
    fn app_name(self) -> &'static str {
        match self {
            Self::Admin => "notify-admin",
            Self::Api => "notify-api",
            Self::Worker => "notify-worker",
        }
    }

    /// The word behind the `@` of a fault, for a request with this User-Agent.
    fn moment(user_agent: &str) -> &'static str {
        if user_agent.contains("app/notify-admin") {
            "upload"
        } else if user_agent.contains("app/notify-api") {
            "start-job"
        } else if user_agent.contains("app/notify-worker") {
            "process"
        } else {
            "elsewhere"
        }
    }
}

/// The running S3 server.
pub(crate) struct Store {
    pub url: String,
    pub mailbox: Client,
    pub mailbox_folder: PathBuf,
    access: (String, String),
    /// As boto does: five tries before an error.
    retries: aws_sdk_s3::config::retry::RetryConfig,
}

pub(crate) async fn start(
    options: &Options,
    secrets: &Secrets,
    faults: &Faults,
    ledger: &Ledger,
) -> Result<Store, StartError> {
    let cannot = |why: String| StartError(format!("The sandbox cannot start its S3 server: {why}."));
    let root = options.folder.join("s3");
    std::fs::create_dir_all(&root).map_err(|error| cannot(error.to_string()))?;
    let (listener, url) = serve::bind().await?;
    let files = s3s_fs::FileSystem::new(&root).map_err(|error| cannot(format!("{error:?}")))?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(&*secrets.s3_access_key_id, &*secrets.s3_secret_access_key));
    serve_noted(listener, service.build(), faults.clone(), ledger.clone());
    let access = (secrets.s3_access_key_id.clone(), secrets.s3_secret_access_key.clone());
    let mailbox = client(&url, &access, None, None);
    for bucket in [MAILBOX_BUCKET, UPLOADS_BUCKET] {
        let made = mailbox.create_bucket().bucket(bucket).send().await;
        made.map_err(|error| cannot(format!("{:?}", error.into_service_error())))?;
    }
    let note = "This message is sent by Amazon SES to show that it may write into this bucket.\r\n";
    put(&mailbox, SETUP_NOTIFICATION, note.as_bytes().to_vec()).await.map_err(cannot)?;
    let mailbox_folder = root.join(MAILBOX_BUCKET).join(MAILBOX_PREFIX);
    Ok(Store { url, mailbox, mailbox_folder, access, retries: super::retries(options) })
}

/// Serves S3 and notes who looks into the mailbox; faults at the site `s3` concern the uploads alone.
fn serve_noted(listener: tokio::net::TcpListener, service: s3s::service::S3Service, faults: Faults, ledger: Ledger) {
    let answer = async move |request: Request| {
        let agent = request.headers().get("x-amz-user-agent").or(request.headers().get("user-agent"));
        let moment = Part::moment(agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default());
        let of_uploads = request.uri().path().trim_start_matches('/').starts_with(UPLOADS_BUCKET);
        // The sandbox itself only writes there.
        let of_mailbox = request.uri().path().trim_start_matches('/').starts_with(MAILBOX_BUCKET);
        if of_mailbox && request.method() == Method::GET {
            ledger.add(Entry::MailboxLooked);
        }
        // Who makes the buckets is no part of the service.
        if of_uploads && moment != "elsewhere" {
            let Disturbance { delay, status } = faults.disturbance(Site::S3, "", moment);
            tokio::time::sleep(delay).await;
            if let Some(status) = status {
                return refusal(status);
            }
        }
        match service.call(request.map(s3s::Body::http_body_unsync)).await {
            Ok(response) => response.map(axum::body::Body::new),
            Err(_) => refusal(500),
        }
    };
    serve::forever(listener, axum::Router::new().fallback(answer));
}

fn refusal(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let xml = "<Error><Code>ServiceUnavailable</Code><Message>Reduce your request rate.</Message></Error>";
    (status, [("content-type", "application/xml")], xml).into_response()
}

fn client(
    url: &str,
    (id, secret): &(String, String),
    part: Option<Part>,
    retries: Option<aws_sdk_s3::config::retry::RetryConfig>,
) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(aws_credential_types::Credentials::new(id, secret, None, None, "sandbox"))
        .http_client(http_client())
        .endpoint_url(url)
        .force_path_style(true)
        .sleep_impl(super::sleep());
    let config = match part.and_then(|part| AppName::new(part.app_name()).ok()) {
        Some(name) => config.app_name(name),
        None => config,
    };
    let config = match retries {
        Some(retries) => config.retry_config(retries),
        None => config,
    };
    Client::from_conf(config.build())
}

/// The client of a mailbox bucket at another S3 server.
pub(crate) fn mailbox_elsewhere(url: &str, access: &(String, String)) -> Client {
    client(url, access, None, None)
}

/// Stores an incoming mail under `name`, as a receipt rule does.
pub(crate) async fn put(client: &Client, name: &str, body: Vec<u8>) -> Result<(), String> {
    let key = format!("{MAILBOX_PREFIX}{name}");
    let stored = client.put_object().bucket(MAILBOX_BUCKET).key(key).body(body.into()).send().await;
    stored.map(|_| ()).map_err(|error| format!("{:?}", error.into_service_error()))
}

/// Stores one that was encrypted before it came, as a receipt rule can have it: nobody without the key can read it.
pub(crate) async fn put_encrypted(client: &Client, name: &str, body: Vec<u8>) -> Result<(), String> {
    let key = format!("{MAILBOX_PREFIX}{name}");
    let request = client.put_object().bucket(MAILBOX_BUCKET).key(key).metadata("x-amz-key-v2", "k").body(body.into());
    request.send().await.map(|_| ()).map_err(|error| format!("{:?}", error.into_service_error()))
}

/// Stores an incoming mail as of this time: where the service's clock was moved, the bucket's must agree with it. The file
/// comes to its place with its time, so that nobody sees it with another one.
pub(crate) fn put_at(folder: &Path, name: &str, body: &[u8], time: Timestamp) -> std::io::Result<()> {
    let aside = folder.with_extension("coming").join(name);
    std::fs::create_dir_all(folder.with_extension("coming"))?;
    std::fs::write(&aside, body)?;
    let file = std::fs::File::options().write(true).open(&aside)?;
    file.set_modified(SystemTime::from(time))?;
    std::fs::rename(&aside, folder.join(name))
}

/// The bucket of uploaded files, as one part of the service uses it.
#[derive(Debug, Clone)]
pub(crate) struct Uploads {
    client: Client,
}

/// Any failure of the bucket; what it was stands in no page.
#[derive(Debug)]
pub(crate) struct Unavailable;

impl Store {
    /// The uploads for one part.
    pub(crate) fn uploads(&self, part: Part) -> Uploads {
        Uploads { client: client(&self.url, &self.access, Some(part), Some(self.retries.clone())) }
    }
}

impl Uploads {
    /// `service-<service id>-notify/<upload id>.csv`, as in the real bucket.
    fn key(service: &str, upload: &str) -> String {
        format!("service-{service}-notify/{upload}.csv")
    }

    /// Stores a file.
    pub(crate) async fn put(&self, service: &str, upload: &str, csv: String) -> Result<(), Unavailable> {
        let request = self.client.put_object().bucket(UPLOADS_BUCKET).key(Self::key(service, upload));
        let request = request
            .content_type("binary/octet-stream")
            .server_side_encryption(ServerSideEncryption::Aes256)
            .body(csv.into_bytes().into());
        request.send().await.map(|_| ()).map_err(|_| Unavailable)
    }

    /// Gives a file other metadata: it is copied onto itself.
    pub(crate) async fn describe(
        &self,
        service: &str,
        upload: &str,
        metadata: HashMap<String, String>,
    ) -> Result<(), Unavailable> {
        let key = Self::key(service, upload);
        let request = self.client.copy_object().bucket(UPLOADS_BUCKET).copy_source(format!("{UPLOADS_BUCKET}/{key}"));
        let request = request
            .key(key)
            .metadata_directive(MetadataDirective::Replace)
            .server_side_encryption(ServerSideEncryption::Aes256)
            .set_metadata(Some(metadata));
        request.send().await.map(|_| ()).map_err(|_| Unavailable)
    }

    /// A file's metadata.
    pub(crate) async fn metadata(&self, service: &str, upload: &str) -> Result<HashMap<String, String>, Unavailable> {
        let request = self.client.head_object().bucket(UPLOADS_BUCKET).key(Self::key(service, upload));
        let head = request.send().await.map_err(|_| Unavailable)?;
        Ok(head.metadata.unwrap_or_default())
    }

    /// A file.
    pub(crate) async fn get(&self, service: &str, upload: &str) -> Result<String, Unavailable> {
        let request = self.client.get_object().bucket(UPLOADS_BUCKET).key(Self::key(service, upload));
        let object = request.send().await.map_err(|_| Unavailable)?;
        let body = object.body.collect().await.map_err(|_| Unavailable)?;
        String::from_utf8(body.into_bytes().to_vec()).map_err(|_| Unavailable)
    }
}
