//! A real `PostgreSQL` as a child.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};
use tokio_postgres::NoTls;

use super::Db;
use crate::known::Secrets;
use crate::{Options, StartError};

const START_MAX: Duration = Duration::from_secs(30);
pub(super) const SUPERUSER: &str = "notify";
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
        let db = Db::new(client);
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
        // The database's user has to be able to walk through, not to look; so through the private folder that this one may lie in.
        let private = folder.parent().filter(|parent| std::env::temp_dir() == **parent && is_private_of_ours(parent));
        for folder in std::iter::once(folder).chain(private) {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711)).map_err(failed)?;
        }
    }
    Ok(())
}

/// Whether it is a folder that a keeper has made, and nobody but its owner can even walk through.
fn is_private_of_ours(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let is_ours = folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("notify-smoke-"));
    is_ours && std::fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o777 == 0o700)
}

fn free_port() -> Result<u16, StartError> {
    let probe = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    probe.map(|address| address.port()).map_err(|error| cannot("postgres", &error.to_string()))
}

fn cannot(program: &str, why: &str) -> StartError {
    StartError(format!("The sandbox cannot start its database: {program}: {why}."))
}
