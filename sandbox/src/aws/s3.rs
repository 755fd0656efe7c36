//! An S3 server over a folder, with the bucket that an SES receipt rule stores incoming mail in.

use std::path::PathBuf;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;

use super::{REGION, credentials, http_client};
use crate::{StartError, World, serve};

pub(crate) const MAILBOX_BUCKET: &str = "notify-smoke-mailbox";
pub(crate) const MAILBOX_PREFIX: &str = "inbound/";
/// What SES itself writes once when a receipt rule with an S3 action is made.
/// Source: <https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-s3.html>.
const SETUP_NOTIFICATION: &str = "AMAZON_SES_SETUP_NOTIFICATION";

/// The running S3 server.
pub(crate) struct Store {
    pub url: String,
    pub client: Client,
    pub mailbox_folder: PathBuf,
}

pub(crate) async fn start(world: &World) -> Result<Store, StartError> {
    let cannot = |why: String| StartError(format!("The sandbox cannot start its S3 server: {why}."));
    let root = world.options.folder.join("s3");
    std::fs::create_dir_all(&root).map_err(|error| cannot(error.to_string()))?;
    let (listener, url) = serve::bind().await?;
    let files = s3s_fs::FileSystem::new(&root).map_err(|error| cannot(format!("{error:?}")))?;
    let mut service = S3ServiceBuilder::new(files);
    let secrets = &world.secrets;
    service.set_auth(SimpleAuth::from_single(&*secrets.s3_access_key_id, &*secrets.s3_secret_access_key));
    let service = service.build();
    tokio::spawn(async move {
        let server = auto::Builder::new(TokioExecutor::new());
        while let Ok((socket, _)) = listener.accept().await {
            let connection = server.serve_connection(TokioIo::new(socket), service.clone()).into_owned();
            tokio::spawn(async move {
                // A client that hangs up is no concern of the server's.
                let _ = connection.await;
            });
        }
    });
    let client = client(world, &url);
    let made = client.create_bucket().bucket(MAILBOX_BUCKET).send().await;
    made.map_err(|error| cannot(format!("{:?}", error.into_service_error())))?;
    let note = "This message is sent by Amazon SES to show that it may write into this bucket.\r\n";
    put(&client, SETUP_NOTIFICATION, note.as_bytes().to_vec()).await.map_err(cannot)?;
    Ok(Store { url, client, mailbox_folder: root.join(MAILBOX_BUCKET).join(MAILBOX_PREFIX) })
}

fn client(world: &World, url: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(credentials(&world.secrets))
        .http_client(http_client())
        .endpoint_url(url)
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}

/// Stores an incoming mail under `name`, as a receipt rule does.
pub(crate) async fn put(client: &Client, name: &str, body: Vec<u8>) -> Result<(), String> {
    let key = format!("{MAILBOX_PREFIX}{name}");
    let stored = client.put_object().bucket(MAILBOX_BUCKET).key(key).body(body.into()).send().await;
    stored.map(|_| ()).map_err(|error| format!("{:?}", error.into_service_error()))
}
