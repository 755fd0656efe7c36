//! The database, and the queries that API and worker make.
//!
//! Tables, columns and status words are the observed service's, as far as the pages and queues here need them.

mod jobs;
mod postgres;
mod sign_in;

pub(crate) use jobs::{Job, NewJob, Row, Template, filled, same_column};
pub(crate) use postgres::Postgres;
pub(crate) use sign_in::CodeAnswer;

use std::sync::Arc;

use jiff::Timestamp;
use postgres::SUPERUSER;
use tokio_postgres::Client;

use crate::known::{
    EMAIL_DOMAIN, NOTIFY_EMAIL_FROM, SECOND_EMAIL, SERVICE_EMAIL_FROM, Secrets, USER_EMAIL, USER_MOBILE,
};

/// The smoke user's own service.
pub(crate) const SMOKE_SERVICE_ID: &str = "5c5c9b1e-2f0a-4a57-9a0e-5d1f5a3c8e21";
pub(crate) const SMOKE_SERVICE_NAME: &str = "Smoke Service";
/// The built-in service that Notify's own mails come from.
const NOTIFY_SERVICE_ID: &str = "d6aa2c68-a2d9-4437-ab19-3ae8eb202553";
/// The smoke user's templates: name, kind, subject, text.
const TEMPLATES: [(&str, &str, &str, Option<&str>, &str); 2] = [
    (
        "0b9c6a52-6c2f-4a0e-9d0b-0d6f3f0a51e1",
        "Smoke test by email",
        "email",
        Some("Smoke test ((run))"),
        "This is row ((row)) of smoke test ((run)).\n\nNobody needs to do anything.",
    ),
    (
        "0b9c6a52-6c2f-4a0e-9d0b-0d6f3f0a51e2",
        "Smoke test by text",
        "sms",
        None,
        "This is row ((row)) of smoke test ((run)).",
    ),
];

/// The time of the service's clock as the database takes it.
fn seconds(clock: Timestamp) -> f64 {
    clock.as_duration().as_secs_f64()
}

/// The connection of API and worker.
#[derive(Clone)]
pub(crate) struct Db {
    client: Arc<Client>,
}

/// What a queued mail needs.
#[derive(Debug)]
pub(crate) struct Mail {
    pub to: String,
    pub from_name: String,
    pub from_address: String,
}

type Query<T> = Result<T, tokio_postgres::Error>;

impl Db {
    fn new(client: Client) -> Self {
        Self { client: Arc::new(client) }
    }

    async fn migrate(&self, secrets: &Secrets) -> Query<()> {
        self.client.batch_execute(include_str!("schema.sql")).await?;
        let password = &secrets.database_password;
        // The password is letters and digits; a DDL statement takes no parameters.
        self.client.batch_execute(&format!("ALTER ROLE {SUPERUSER} PASSWORD '{password}'")).await?;
        let seeded = "
            INSERT INTO services (id, name, email_from) VALUES ($1::text::uuid, 'US Notify', $2);";
        self.client.execute(seeded, &[&NOTIFY_SERVICE_ID, &NOTIFY_EMAIL_FROM]).await?;
        let user = "
            INSERT INTO users (id, name, email_address, mobile_number, state, _password)
            VALUES (gen_random_uuid(), 'Smoke Test', $1, $2, 'active', crypt($3::text, gen_salt('bf', 10)))";
        self.client.execute(user, &[&USER_EMAIL, &USER_MOBILE, &secrets.user_password]).await?;
        let member = "
            INSERT INTO users (id, name, email_address, mobile_number, state, _password)
            VALUES (gen_random_uuid(), 'Second Member', $1, '+12025550177', 'active', crypt($2::text, gen_salt('bf', 10)))";
        self.client.execute(member, &[&SECOND_EMAIL, &secrets.user_password]).await?;
        let own = "INSERT INTO services (id, name, email_from) VALUES ($1::text::uuid, $2, $3)";
        self.client.execute(own, &[&SMOKE_SERVICE_ID, &SMOKE_SERVICE_NAME, &SERVICE_EMAIL_FROM]).await?;
        let template = "
            INSERT INTO templates (id, service_id, name, template_type, subject, content)
            VALUES ($1::text::uuid, $2::text::uuid, $3, $4, $5, $6)";
        for (id, name, kind, subject, content) in TEMPLATES {
            self.client.execute(template, &[&id, &SMOKE_SERVICE_ID, &name, &kind, &subject, &content]).await?;
        }
        Ok(())
    }

    /// The name of the active user with this address.
    pub(crate) async fn user_name(&self, email: &str) -> Query<Option<String>> {
        let query = "SELECT name FROM users WHERE lower(email_address) = lower($1) AND state = 'active'";
        Ok(self.client.query_opt(query, &[&email]).await?.map(|row| row.get(0)))
    }

    /// When the user's password was last changed, in Unix seconds.
    pub(crate) async fn password_changed_at(&self, email: &str) -> Query<Option<f64>> {
        let query = "
            SELECT extract(epoch FROM password_changed_at)::float8 FROM users
            WHERE lower(email_address) = lower($1)";
        Ok(self.client.query_opt(query, &[&email]).await?.and_then(|row| row.get(0)))
    }

    /// Opening a link from a mail shows that its reader can read that mailbox.
    pub(crate) async fn email_access_validated(&self, email: &str) -> Query<()> {
        let update = "UPDATE users SET email_access_validated_at = now() AT TIME ZONE 'utc' WHERE lower(email_address) = lower($1)";
        self.client.execute(update, &[&email]).await.map(|_| ())
    }

    /// A new notification of Notify's own ("email" or "sms"), "created". Gives its id.
    pub(crate) async fn create_notification(&self, kind: &str, to: &str) -> Query<String> {
        let insert = r#"
            INSERT INTO notifications (id, service_id, notification_type, "to", normalised_to, notification_status)
            VALUES (gen_random_uuid(), $1::text::uuid, $3, $2::text, lower($2::text), 'created') RETURNING id::text"#;
        Ok(self.client.query_one(insert, &[&NOTIFY_SERVICE_ID, &to, &kind]).await?.get(0))
    }

    /// Where a text that is still to be sent goes to.
    pub(crate) async fn text_to_send(&self, notification: &str) -> Query<Option<String>> {
        let query = r#"SELECT "to" FROM notifications WHERE id = $1::text::uuid AND notification_status = 'created'"#;
        Ok(self.client.query_opt(query, &[&notification]).await?.map(|row| row.get(0)))
    }

    /// SNS has taken the text over; a text keeps no message id.
    pub(crate) async fn text_sent(&self, notification: &str) -> Query<()> {
        let update = "
            UPDATE notifications SET notification_status = 'sending', sent_at = now() AT TIME ZONE 'utc',
                sent_by = 'sns', billable_units = 1
            WHERE id = $1::text::uuid";
        self.client.execute(update, &[&notification]).await.map(|_| ())
    }

    /// The mail of a notification that is still to be sent.
    pub(crate) async fn mail_to_send(&self, notification: &str) -> Query<Option<Mail>> {
        let query = r#"
            SELECT n."to", s.name, s.email_from FROM notifications n JOIN services s ON s.id = n.service_id
            WHERE n.id = $1::text::uuid AND n.notification_status = 'created'"#;
        Ok(self.client.query_opt(query, &[&notification]).await?.map(|row| Mail {
            to: row.get(0),
            from_name: row.get(1),
            from_address: format!("{}@{EMAIL_DOMAIN}", row.get::<_, String>(2)),
        }))
    }

    /// The provider has taken the mail over, under this id.
    pub(crate) async fn mail_sent(&self, notification: &str, reference: &str) -> Query<()> {
        let update = "
            UPDATE notifications SET notification_status = 'sending', sent_at = now() AT TIME ZONE 'utc', sent_by = 'ses', reference = $2
            WHERE id = $1::text::uuid";
        self.client.execute(update, &[&notification, &reference]).await.map(|_| ())
    }

    /// All tries are used up.
    pub(crate) async fn given_up(&self, notification: &str) -> Query<()> {
        let update = "
            UPDATE notifications SET notification_status = 'technical-failure', updated_at = now() AT TIME ZONE 'utc'
            WHERE id = $1::text::uuid";
        self.client.execute(update, &[&notification]).await.map(|_| ())
    }

    /// Back to how it was after the start.
    pub(crate) async fn reset(&self) -> Query<()> {
        for (id, _, _, _, content) in TEMPLATES {
            let update = "UPDATE templates SET content = $2, version = 1 WHERE id = $1::text::uuid AND content <> $2";
            self.client.execute(update, &[&id, &content]).await?;
        }
        self.client
            .batch_execute(
                "DELETE FROM notifications;
                 DELETE FROM jobs;
                 DELETE FROM verify_codes;
                 UPDATE users SET password_changed_at = NULL, failed_login_count = 0, current_session_id = NULL, email_access_validated_at = now() AT TIME ZONE 'utc'",
            )
            .await
    }

    /// Whether the database answers.
    pub(crate) async fn is_up(&self) -> bool {
        self.client.simple_query("SELECT 1").await.is_ok()
    }
}
