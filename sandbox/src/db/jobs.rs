//! Templates, jobs and the messages of their rows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row as SqlRow;

use super::{Db, EMAIL_DOMAIN, Query, SMOKE_SERVICE_ID, seconds};

/// A template of the smoke user's service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Template {
    pub id: String,
    pub name: String,
    /// "email" or "sms".
    pub kind: String,
    pub subject: Option<String>,
    pub content: String,
    pub version: i32,
}

impl Template {
    /// The names between double brackets, in order, each once.
    pub(crate) fn placeholders(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for text in [self.subject.as_deref().unwrap_or_default(), &self.content] {
            for piece in text.split("((").skip(1) {
                let name = piece.split("))").next().unwrap_or_default();
                if !names.iter().any(|known| same_column(known, name)) {
                    names.push(name.to_owned());
                }
            }
        }
        names
    }
}

/// Column names are compared without case, spaces, dashes and underscores.
pub(crate) fn same_column(one: &str, two: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace([' ', '_', '-'], "");
    plain(one) == plain(two)
}

/// A text with its placeholders filled.
pub(crate) fn filled(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut pieces = text.split("((");
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (name, rest) = piece.split_once("))").unwrap_or((piece, ""));
        let value = values.iter().find(|(known, _)| same_column(known, name));
        out.push_str(value.map_or("", |(_, value)| value));
        out.push_str(rest);
    }
    out
}

/// A job that is to be made.
#[derive(Debug, Deserialize)]
pub(crate) struct NewJob {
    pub id: String,
    pub created_by: String,
    pub scheduled_for: Option<String>,
}

/// A job. Times are Unix seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub id: String,
    pub original_file_name: String,
    pub template_id: String,
    pub notification_count: i32,
    pub created_by: String,
    pub created_at: f64,
    pub scheduled_for: Option<f64>,
    pub processing_started: Option<f64>,
    pub processing_finished: Option<f64>,
    pub status: String,
}

const JOB: &str = "
    SELECT j.id::text, j.original_file_name, j.template_id::text, j.notification_count, u.name,
        extract(epoch FROM j.created_at)::float8, extract(epoch FROM j.scheduled_for)::float8,
        extract(epoch FROM j.processing_started)::float8, extract(epoch FROM j.processing_finished)::float8, j.job_status
    FROM jobs j JOIN users u ON u.id = j.created_by_id";

fn job(row: &SqlRow) -> Job {
    Job {
        id: row.get(0),
        original_file_name: row.get(1),
        template_id: row.get(2),
        notification_count: row.get(3),
        created_by: row.get(4),
        created_at: row.get(5),
        scheduled_for: row.get(6),
        processing_started: row.get(7),
        processing_finished: row.get(8),
        status: row.get(9),
    }
}

/// A row of a job as its page shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    pub to: String,
    pub text: String,
    pub status: String,
    /// Unix seconds.
    pub at: f64,
}

/// What a queued row needs.
#[derive(Debug)]
pub(crate) struct RowMessage {
    pub to: String,
    pub kind: String,
    pub subject: String,
    pub body: String,
    pub from_name: String,
    pub from_address: String,
}

fn template(row: &SqlRow) -> Template {
    Template {
        id: row.get(0),
        name: row.get(1),
        kind: row.get(2),
        subject: row.get(3),
        content: row.get(4),
        version: row.get(5),
    }
}

fn values(text: &str) -> BTreeMap<String, String> {
    serde_json::from_str(text).unwrap_or_default()
}

impl Db {
    /// The service's templates, by name.
    pub(crate) async fn templates(&self) -> Query<Vec<Template>> {
        let query = "
            SELECT id::text, name, template_type, subject, content, version FROM templates
            WHERE service_id = $1::text::uuid ORDER BY name";
        Ok(self.client.query(query, &[&SMOKE_SERVICE_ID]).await?.iter().map(template).collect())
    }

    /// The template of this id.
    pub(crate) async fn template(&self, id: &str) -> Query<Option<Template>> {
        Ok(self.templates().await?.into_iter().find(|template| template.id == id))
    }

    /// Somebody edits a template.
    pub(crate) async fn edit_template(&self, name: &str, content: &str) -> Query<()> {
        let update = "UPDATE templates SET content = $2, version = version + 1 WHERE name = $1";
        self.client.execute(update, &[&name, &content]).await.map(|_| ())
    }

    /// Whether the service may only send to its own team, and how many messages a day.
    pub(crate) async fn limits(&self) -> Query<(bool, i64)> {
        let query = "SELECT restricted, message_limit FROM services WHERE id = $1::text::uuid";
        let row = self.client.query_one(query, &[&SMOKE_SERVICE_ID]).await?;
        Ok((row.get(0), row.get(1)))
    }

    /// Puts the service into trial mode, or takes it out.
    pub(crate) async fn restrict(&self, restricted: bool) -> Query<()> {
        let update = "UPDATE services SET restricted = $2 WHERE id = $1::text::uuid";
        self.client.execute(update, &[&SMOKE_SERVICE_ID, &restricted]).await.map(|_| ())
    }

    /// Whether this is an address or number of somebody in the team.
    pub(crate) async fn is_team_member(&self, recipient: &str) -> Query<bool> {
        let query = "SELECT 1 FROM users WHERE lower(email_address) = lower($1) OR mobile_number = $1";
        Ok(self.client.query_opt(query, &[&recipient]).await?.is_some())
    }

    /// Whether a file of this name was sent with this version of the template on this day of the service's clock.
    pub(crate) async fn sent_today(&self, template: &Template, file: &str, now: Timestamp) -> Query<bool> {
        let query = "
            SELECT 1 FROM jobs WHERE template_id = $1::text::uuid AND template_version = $2 AND original_file_name = $3
                AND job_status <> 'cancelled' AND date_trunc('day', created_at) = date_trunc('day', to_timestamp($4) AT TIME ZONE 'utc')";
        let found = self.client.query_opt(query, &[&template.id, &template.version, &file, &seconds(now)]).await?;
        Ok(found.is_some())
    }

    /// Keeps a new job, once; whether it is new.
    pub(crate) async fn create_job(
        &self,
        new: &NewJob,
        template: &Template,
        file: &str,
        count: i32,
        scheduled_for: Option<Timestamp>,
        now: Timestamp,
    ) -> Query<bool> {
        let insert = "
            INSERT INTO jobs (id, original_file_name, service_id, template_id, template_version, notification_count,
                created_by_id, created_at, scheduled_for, job_status)
            SELECT $1::text::uuid, $2, $3::text::uuid, $4::text::uuid, $5, $6, u.id, to_timestamp($7) AT TIME ZONE 'utc',
                to_timestamp($8) AT TIME ZONE 'utc', CASE WHEN $8::float8 IS NULL THEN 'pending' ELSE 'scheduled' END
            FROM users u WHERE lower(u.email_address) = lower($9)
            ON CONFLICT (id) DO NOTHING";
        let slot = scheduled_for.map(seconds);
        let made = self
            .client
            .execute(
                insert,
                &[
                    &new.id,
                    &file,
                    &SMOKE_SERVICE_ID,
                    &template.id,
                    &template.version,
                    &count,
                    &seconds(now),
                    &slot,
                    &new.created_by,
                ],
            )
            .await?;
        Ok(made == 1)
    }

    /// The job of this id.
    pub(crate) async fn job(&self, id: &str) -> Query<Option<Job>> {
        let query = format!("{JOB} WHERE j.id::text = $1");
        Ok(self.client.query_opt(&query, &[&id]).await?.as_ref().map(job))
    }

    /// Cancels a job whose time has not come; whether it could.
    pub(crate) async fn cancel_job(&self, id: &str, now: Timestamp) -> Query<bool> {
        let update = "
            UPDATE jobs SET job_status = 'cancelled' WHERE id::text = $1 AND job_status = 'scheduled'
                AND scheduled_for > to_timestamp($2) AT TIME ZONE 'utc'";
        Ok(self.client.execute(update, &[&id, &seconds(now)]).await? == 1)
    }

    /// Takes every scheduled job whose time lies before `time`: strictly before, as the real task asks.
    pub(crate) async fn take_scheduled(&self, time: Timestamp) -> Query<Vec<String>> {
        let update = "
            UPDATE jobs SET job_status = 'pending' WHERE job_status = 'scheduled'
                AND scheduled_for < to_timestamp($1) AT TIME ZONE 'utc' RETURNING id::text";
        Ok(self.client.query(update, &[&seconds(time)]).await?.iter().map(|row| row.get(0)).collect())
    }

    /// Begins a pending job; nothing for any other.
    pub(crate) async fn start_job(&self, id: &str, now: Timestamp) -> Query<Option<Job>> {
        let update = "
            UPDATE jobs SET job_status = 'in progress', processing_started = to_timestamp($2) AT TIME ZONE 'utc'
            WHERE id::text = $1 AND job_status = 'pending'";
        if self.client.execute(update, &[&id, &seconds(now)]).await? == 0 {
            return Ok(None);
        }
        self.job(id).await
    }

    /// All rows are queued.
    pub(crate) async fn finish_job(&self, id: &str, now: Timestamp) -> Query<()> {
        let update = "
            UPDATE jobs SET job_status = 'finished', processing_finished = to_timestamp($2) AT TIME ZONE 'utc'
            WHERE id::text = $1";
        self.client.execute(update, &[&id, &seconds(now)]).await.map(|_| ())
    }

    /// A new notification for a row of a job. Gives its id.
    pub(crate) async fn save_row(
        &self,
        job: &Job,
        number: i32,
        to: &str,
        values: &BTreeMap<String, String>,
        now: Timestamp,
    ) -> Query<String> {
        let insert = r#"
            INSERT INTO notifications (id, service_id, job_id, job_row_number, template_id, template_version,
                notification_type, "to", normalised_to, _personalisation, notification_status, created_at)
            SELECT gen_random_uuid(), $1::text::uuid, $2::text::uuid, $3, t.id, t.version, t.template_type, $4::text,
                lower($4::text), $5, 'created', to_timestamp($6) AT TIME ZONE 'utc'
            FROM templates t WHERE t.id::text = $7 RETURNING id::text"#;
        let values = serde_json::to_string(values).unwrap_or_default();
        let row = self
            .client
            .query_one(insert, &[&SMOKE_SERVICE_ID, &job.id, &number, &to, &values, &seconds(now), &job.template_id])
            .await?;
        Ok(row.get(0))
    }

    /// The message of a row that is still to be sent.
    pub(crate) async fn row_to_send(&self, notification: &str) -> Query<Option<RowMessage>> {
        let query = r#"
            SELECT n."to", t.template_type, t.subject, t.content, n._personalisation, s.name, s.email_from, s.prefix_sms
            FROM notifications n JOIN templates t ON t.id = n.template_id JOIN services s ON s.id = n.service_id
            WHERE n.id = $1::text::uuid AND n.notification_status = 'created'"#;
        let Some(row) = self.client.query_opt(query, &[&notification]).await? else { return Ok(None) };
        let values = values(row.get::<_, Option<&str>>(4).unwrap_or_default());
        let (kind, service): (String, String) = (row.get(1), row.get(5));
        let body = filled(row.get(3), &values);
        let prefixed = kind == "sms" && row.get::<_, bool>(7);
        Ok(Some(RowMessage {
            to: row.get(0),
            kind,
            subject: filled(row.get::<_, Option<&str>>(2).unwrap_or_default(), &values),
            body: if prefixed { format!("{service}: {body}") } else { body },
            from_name: service,
            from_address: format!("{}@{EMAIL_DOMAIN}", row.get::<_, String>(6)),
        }))
    }

    /// The rows of a job, newest last.
    pub(crate) async fn rows(&self, job: &str) -> Query<Vec<Row>> {
        let query = r#"
            SELECT n."to", t.content, n._personalisation, n.notification_status, extract(epoch FROM n.created_at)::float8
            FROM notifications n JOIN templates t ON t.id = n.template_id WHERE n.job_id::text = $1
            ORDER BY n.job_row_number, n.created_at"#;
        let found = self.client.query(query, &[&job]).await?;
        let shown = |row: &SqlRow| Row {
            to: row.get(0),
            text: filled(row.get(1), &values(row.get::<_, Option<&str>>(2).unwrap_or_default())),
            status: row.get(3),
            at: row.get(4),
        };
        Ok(found.iter().map(shown).collect())
    }

    /// SES has told that a mail was delivered, or that it bounced for good, by the provider's id.
    /// Whether a mail of this id is known: SES may be quicker than whoever asked it.
    pub(crate) async fn mail_told(&self, reference: &str, delivered: bool) -> Query<bool> {
        let update = "
            UPDATE notifications SET updated_at = now() AT TIME ZONE 'utc',
                notification_status = CASE WHEN notification_status = 'sending' THEN $2 ELSE notification_status END
            WHERE reference = $1";
        let status = if delivered { "delivered" } else { "permanent-failure" };
        Ok(self.client.execute(update, &[&reference, &status]).await? > 0)
    }

    /// The look into the logs has found a text, among those that were delivered or those that were not; the recipient is
    /// overwritten, as the real service does.
    pub(crate) async fn text_told(&self, notification: &str, delivered: bool) -> Query<()> {
        let update = r#"
            UPDATE notifications SET notification_status = $2, "to" = '1', normalised_to = '1'
            WHERE id = $1::text::uuid AND notification_status = 'sending'"#;
        let status = if delivered { "delivered" } else { "failed" };
        self.client.execute(update, &[&notification, &status]).await.map(|_| ())
    }
}
