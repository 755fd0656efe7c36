//! A real `PostgreSQL` as a child, and the queries that API and worker make.
//!
//! Tables, columns and status words are the observed service's, as far as the pages and queues here need them.

mod sign_in;

pub(crate) use sign_in::CodeAnswer;

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};
use tokio_postgres::{Client, NoTls};

use crate::ready::{EMAIL_DOMAIN, NOTIFY_EMAIL_FROM, Secrets, USER_EMAIL, USER_MOBILE};
use crate::{Options, StartError};

/// The smoke user's own service.
pub(crate) const SMOKE_SERVICE_ID: &str = "5c5c9b1e-2f0a-4a57-9a0e-5d1f5a3c8e21";
const START_MAX: Duration = Duration::from_secs(30);
const SUPERUSER: &str = "notify";
/// The built-in service that Notify's own mails come from.
const NOTIFY_SERVICE_ID: &str = "d6aa2c68-a2d9-4437-ab19-3ae8eb202553";

/// The database server, ended by [`Postgres::stop`] or, if this process dies, by its keeper.
pub(crate) struct Postgres {
    child: Child,
    port: u16,
}

/// The way to the database's own programs, and whose they must be.
struct Programs {
    folder: PathBuf,
    /// `PostgreSQL` refuses to run as root; then it runs as the `postgres` user that Debian's package makes.
    owner: Option<(u32, u32)>,
}

impl Programs {
    fn find() -> Result<Self, StartError> {
        let missing = || {
            StartError(
                "The sandbox needs PostgreSQL and finds no `postgres` program. Install it (Debian: apt-get install \
                 postgresql), or run script/smoke, which does."
                    .to_owned(),
            )
        };
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
        folders.sort();
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let found =
            folders.into_iter().find(|folder| folder.join("postgres").exists() && folder.join("initdb").exists());
        Ok(Self { folder: found.ok_or_else(missing)?, owner: owner()? })
    }

    fn command(&self, program: &str, keeper: &[String]) -> std::process::Command {
        let program = self.folder.join(program);
        let mut command = match keeper.split_first() {
            Some((first, rest)) => {
                let mut command = std::process::Command::new(first);
                command.args(rest);
                if let Some((uid, gid)) = self.owner {
                    command.args(["--uid", &uid.to_string(), "--gid", &gid.to_string()]);
                }
                command.arg("--").arg(program);
                command
            }
            None => {
                let mut command = std::process::Command::new(program);
                if let Some((uid, gid)) = self.owner {
                    command.gid(gid).uid(uid);
                }
                command
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// The user and group that the database must have, if they are not the caller's.
fn owner() -> Result<Option<(u32, u32)>, StartError> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:")).and_then(|ids| ids.split_whitespace().next());
    if uid != Some("0") {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = users.lines().find_map(|line| line.strip_prefix("postgres:")).ok_or_else(|| {
        StartError("PostgreSQL does not run as root, and there is no user `postgres` to run it as.".to_owned())
    })?;
    let mut ids = user.split(':').skip(1).filter_map(|field| field.parse().ok());
    Ok(ids.next().zip(ids.next()))
}

impl Postgres {
    pub(crate) async fn start(options: &Options) -> Result<Self, StartError> {
        let programs = Programs::find()?;
        let data = options.folder.join("postgres");
        prepare_folder(&options.folder, &data, programs.owner)?;
        let mut initdb = programs.command("initdb", &[]);
        initdb.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=trust", "-U", SUPERUSER, "-D"]).arg(&data);
        let made = Command::from(initdb).status().await.map_err(|error| cannot("initdb", &error.to_string()))?;
        if !made.success() {
            return Err(cannot("initdb", &made.to_string()));
        }
        let port = free_port()?;
        let mut server = programs.command("postgres", &options.keeper);
        if !options.keeper.is_empty() {
            // The keeper ends the database when the other end of this pipe is closed, however this process went. It
            // has a group of its own, so that what ends ours does not end it first.
            server.stdin(Stdio::piped()).process_group(0);
        }
        server.arg("-D").arg(&data).args(["-p", &port.to_string(), "-h", "127.0.0.1"]).args([
            "-c",
            "unix_socket_directories=",
            "-c",
            "fsync=off",
            "-c",
            "synchronous_commit=off",
            "-c",
            "full_page_writes=off",
            "-c",
            "max_connections=30",
            "-c",
            "shared_buffers=16MB",
            "-c",
            "dynamic_shared_memory_type=mmap",
        ]);
        let child = Command::from(server)
            .kill_on_drop(options.keeper.is_empty())
            .spawn()
            .map_err(|error| cannot("postgres", &error.to_string()))?;
        Ok(Self { child, port })
    }

    pub(crate) fn url(&self, secrets: &Secrets) -> String {
        format!("postgres://{SUPERUSER}:{}@127.0.0.1:{}/postgres", secrets.database_password, self.port)
    }

    /// Connects, waiting until the server is up, and makes the tables.
    pub(crate) async fn connect(&mut self, secrets: &Secrets) -> Result<Db, StartError> {
        let address = format!("host=127.0.0.1 port={} user={SUPERUSER} dbname=postgres", self.port);
        let begun = Instant::now();
        let client = loop {
            match tokio_postgres::connect(&address, NoTls).await {
                Ok((client, connection)) => {
                    tokio::spawn(connection);
                    break client;
                }
                Err(error) if begun.elapsed() > START_MAX => return Err(cannot("postgres", &error.to_string())),
                Err(_) => {}
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(cannot("postgres", &status.to_string()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let db = Db { client: Arc::new(client) };
        db.migrate(secrets).await.map_err(|error| cannot("postgres", &error.to_string()))?;
        Ok(db)
    }

    /// Ends the server; after `longest` without its help.
    pub(crate) async fn stop(&mut self, longest: Duration) {
        drop(self.child.stdin.take());
        if tokio::time::timeout(longest, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

fn prepare_folder(folder: &Path, data: &Path, owner: Option<(u32, u32)>) -> Result<(), StartError> {
    let failed = |error: std::io::Error| {
        StartError(format!("The sandbox cannot prepare its folder {}: {error}.", folder.display()))
    };
    std::fs::create_dir_all(data).map_err(failed)?;
    if let Some((uid, gid)) = owner {
        use std::os::unix::fs::PermissionsExt as _;
        std::os::unix::fs::chown(data, Some(uid), Some(gid)).map_err(failed)?;
        // The database's user has to be able to walk through, not to look.
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711)).map_err(failed)?;
    }
    Ok(())
}

fn free_port() -> Result<u16, StartError> {
    let probe = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    probe.map(|address| address.port()).map_err(|error| cannot("postgres", &error.to_string()))
}

fn cannot(program: &str, why: &str) -> StartError {
    StartError(format!("The sandbox cannot start its database: {program}: {why}."))
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
        let own =
            "INSERT INTO services (id, name, email_from) VALUES ($1::text::uuid, 'Smoke Service', 'smoke.service')";
        self.client.execute(own, &[&SMOKE_SERVICE_ID]).await?;
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
        self.client
            .batch_execute(
                "DELETE FROM notifications;
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
