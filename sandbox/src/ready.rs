//! The ready line: every address and credential that an environment file names as `{{ sandbox.… }}`.

use serde::Serialize;

use crate::World;
use crate::db::Postgres;
use crate::known::{
    BASIC_AUTH_USERNAME, EMAIL_DOMAIN, NOTIFY_EMAIL_FROM, SECOND_EMAIL, SERVICE_EMAIL_FROM, USER_EMAIL, USER_MOBILE,
};

/// What the sandbox says once, on one line of JSON, when it can be used.
#[derive(Debug, Clone, Serialize)]
pub struct Ready {
    pub admin_url: String,
    pub api_url: String,
    pub control_url: String,
    pub database_url: String,
    pub basic_auth: bool,
    pub basic_auth_username: String,
    pub basic_auth_password: String,
    pub user_email: String,
    /// Of another member of the same service; its mails lie in the same mailbox.
    pub user_second_email: String,
    pub user_password: String,
    pub email_sender: String,
    /// Where mails of the smoke user's own service come from.
    pub service_email_sender: String,
    pub user_mobile: String,
    pub sms_sender: String,
    pub sms_gateway_url: String,
    pub sms_gateway_account: String,
    pub sms_gateway_token: String,
    pub s3_url: String,
    pub s3_region: String,
    pub s3_access_key_id: String,
    pub s3_secret_access_key: String,
    pub mailbox_bucket: String,
    pub mailbox_prefix: String,
    /// The mailbox bucket as a folder of files, for `exec` mailboxes.
    pub mailbox_folder: String,
}

impl Ready {
    pub(crate) fn new(
        world: &World,
        postgres: &Postgres,
        admin_url: &str,
        api_url: &str,
        control_url: &str,
        gateway_url: &str,
    ) -> Self {
        let secrets = &world.secrets;
        // Mailbox and phone may be another sandbox's.
        let shared = |name: &str, own: &str| {
            let theirs = world.outside.shared.as_ref().and_then(|ready| ready.get(name)?.as_str());
            theirs.unwrap_or(own).to_owned()
        };
        Self {
            admin_url: admin_url.to_owned(),
            api_url: api_url.to_owned(),
            control_url: control_url.to_owned(),
            database_url: postgres.url(secrets),
            basic_auth: world.options.basic_auth,
            basic_auth_username: BASIC_AUTH_USERNAME.to_owned(),
            basic_auth_password: secrets.basic_auth_password.clone(),
            user_email: USER_EMAIL.to_owned(),
            user_second_email: SECOND_EMAIL.to_owned(),
            user_password: secrets.user_password.clone(),
            email_sender: format!("{NOTIFY_EMAIL_FROM}@{EMAIL_DOMAIN}"),
            service_email_sender: format!("{SERVICE_EMAIL_FROM}@{EMAIL_DOMAIN}"),
            user_mobile: USER_MOBILE.to_owned(),
            sms_sender: world.sms_sender().to_owned(),
            sms_gateway_url: shared("sms_gateway_url", gateway_url),
            sms_gateway_account: shared("sms_gateway_account", &secrets.sms_gateway_account),
            sms_gateway_token: shared("sms_gateway_token", &secrets.sms_gateway_token),
            s3_url: shared("s3_url", &world.store.url),
            s3_region: crate::aws::REGION.to_owned(),
            s3_access_key_id: shared("s3_access_key_id", &secrets.s3_access_key_id),
            s3_secret_access_key: shared("s3_secret_access_key", &secrets.s3_secret_access_key),
            mailbox_bucket: crate::aws::s3::MAILBOX_BUCKET.to_owned(),
            mailbox_prefix: crate::aws::s3::MAILBOX_PREFIX.to_owned(),
            mailbox_folder: shared("mailbox_folder", &world.store.mailbox_folder.display().to_string()),
        }
    }
}
