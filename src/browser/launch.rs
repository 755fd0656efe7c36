//! Starting a session: a driver under a keeper, a fenced browser, Basic auth primed.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cookie::{Cookie, CookieBuilder, SameSite};
use fantoccini::wd::{TimeoutConfiguration, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::find::{Found, find};
use super::session::ChromiumSession;
use crate::model::{FailureKind, Lane, PortFailure};
use crate::port::{Browser, Jar, Session};
use crate::process::{Keeper, Kept, plain_variables};

/// `WebDriver`'s own limit for a page; its default is 300 s.
const PAGE_LOAD: Duration = Duration::from_secs(30);
const SCRIPT: Duration = Duration::from_secs(10);
const START_LONGEST: Duration = Duration::from_secs(30);
/// A browser that does not start says so soon.
const LAST_LINE_LONGEST: Duration = Duration::from_secs(5);
/// It works on two small files.
const CERTUTIL_LONGEST: Duration = Duration::from_secs(5);

/// What a session is opened with.
#[derive(Clone)]
pub struct Settings {
    /// Scheme, host and port of the service.
    pub base_url: String,
    /// Hosts that the browser can reach; every other name does not resolve.
    pub hosts: Vec<String>,
    /// The proxy between, without credentials: scheme, host and port.
    pub proxy: Option<url::Url>,
    pub basic_auth: Option<(String, String)>,
    /// Goes into the User-Agent, so that the service's logs name the run.
    pub run: String,
    /// A `WebDriver` elsewhere, instead of one on this machine.
    pub webdriver_url: Option<String>,
    /// Authorities (PEM) that are trusted besides the usual ones.
    pub ca_file: Option<PathBuf>,
    pub keeper: Keeper,
}

/// Opens sessions of headless Chromium.
pub struct Chromium {
    settings: Settings,
}

impl Chromium {
    /// With these settings.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    async fn connect(&self) -> Result<(Client, Option<Kept>, String), String> {
        match &self.settings.webdriver_url {
            Some(url) => {
                let client = self.client(url, None).await?;
                // The address may carry credentials; host and port are enough to know which it was.
                let parsed = url::Url::parse(url).ok();
                let host = parsed.as_ref().and_then(url::Url::host_str).unwrap_or("elsewhere");
                let port = parsed.as_ref().and_then(url::Url::port_or_known_default).unwrap_or(0);
                Ok((client, None, format!("WebDriver at {host}:{port}")))
            }
            None => {
                let found = find().await?;
                let (driver, url) = self.start_driver(&found).await?;
                match self.client(&url, Some(&found)).await {
                    Ok(client) => Ok((client, Some(driver), found.versions)),
                    Err(why) => {
                        driver.end().await;
                        let said = self.last_line(&found).await.map(|line| format!(" It says: “{line}”."));
                        Err(format!("{why}{}", said.unwrap_or_default()))
                    }
                }
            }
        }
    }

    /// What a browser says that does not start: the driver keeps it to itself, so it is started once more without one.
    async fn last_line(&self, found: &Found) -> Option<String> {
        let mut arguments = self.arguments();
        arguments.extend(["--dump-dom", "about:blank"].map(str::to_owned));
        let mut browser = self.settings.keeper.with_own_home().start(&found.browser, &arguments).ok()?;
        let ended = tokio::time::timeout(LAST_LINE_LONGEST, async {
            while !browser.has_ended() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        // One that stays open says nothing of why the other did not.
        let line = ended.await.ok().and_then(|()| browser.last_line());
        browser.end().await;
        line
    }

    /// Starts a driver on a free port and waits until it says which.
    async fn start_driver(&self, found: &Found) -> Result<(Kept, String), String> {
        let cannot =
            |why: String| format!("{} does not start: {why}. Look whether it runs by hand.", found.driver.display());
        let arguments = vec!["--port=0".to_owned()];
        let ca_file = self.settings.ca_file.as_deref();
        let started = self.settings.keeper.with_own_home().start_with(&found.driver, |home| {
            ca_file.map_or(Ok(()), |file| trust(home, file))?;
            Ok(arguments)
        });
        let mut driver = started.map_err(|error| match error.kind() {
            // It speaks for itself: the driver was not even tried.
            std::io::ErrorKind::Other => error.to_string(),
            _ => cannot(error.to_string()),
        })?;
        let output = driver.output().ok_or_else(|| cannot("it has no output".to_owned()))?;
        let mut lines = BufReader::new(output).lines();
        let port = tokio::time::timeout(START_LONGEST, async {
            while let Ok(Some(line)) = lines.next_line().await {
                let port = line
                    .split("started successfully on port ")
                    .nth(1)
                    .map(|rest| rest.trim_end_matches('.').to_owned());
                if port.is_some() {
                    return port;
                }
            }
            None
        });
        match port.await {
            Ok(Some(port)) => {
                // The driver blocks once nobody reads what it says.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                Ok((driver, format!("http://127.0.0.1:{port}")))
            }
            Ok(None) | Err(_) => {
                driver.end().await;
                Err(cannot("it does not say its port".to_owned()))
            }
        }
    }

    async fn client(&self, url: &str, found: Option<&Found>) -> Result<Client, String> {
        let mut capabilities = serde_json::Map::new();
        let mut options = json!({ "args": self.arguments() });
        if let Some(found) = found {
            options["binary"] = json!(found.browser);
        }
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        capabilities.insert("unhandledPromptBehavior".to_owned(), Value::from("dismiss"));
        let mut builder = ClientBuilder::new(hyper_connector());
        let connecting = builder.capabilities(capabilities).connect(url);
        let client = tokio::time::timeout(START_LONGEST, connecting)
            .await
            .map_err(|_| format!("The browser did not start within {} s.", START_LONGEST.as_secs()))?
            .map_err(|error| format!("The browser does not start: {}.", one_line(&error.to_string())))?;
        // Without it a dialog would be dismissed by the driver, which is what happens where this is not Chromium.
        let _ = tokio::time::timeout(SCRIPT, client.issue_cmd(OnEachDocument(DIALOGS))).await;
        let limits = TimeoutConfiguration::new(Some(SCRIPT), Some(PAGE_LOAD), Some(Duration::ZERO));
        client.update_timeouts(limits).await.map_err(|error| format!("The driver refuses limits: {error}."))?;
        Ok(client)
    }

    fn arguments(&self) -> Vec<String> {
        let proxy = self.settings.proxy.as_ref();
        let proxy_host = proxy.and_then(url::Url::host_str).map(str::to_owned);
        let reached = self.settings.hosts.iter().chain(&proxy_host);
        let fence: Vec<String> = reached.map(|host| format!("EXCLUDE {host}")).collect();
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--disable-extensions",
            "--disable-default-apps",
            "--no-default-browser-check",
            "--password-store=basic",
            "--window-size=1280,1600",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--host-resolver-rules=MAP * ~NOTFOUND , {}", fence.join(" , ")));
        // Chromium would read the same variables by rules of its own.
        arguments.push(match proxy {
            Some(url) => format!("--proxy-pac-url={}", fenced(url, &self.settings.hosts)),
            None => "--no-proxy-server".to_owned(),
        });
        arguments.push(format!("--user-agent=notify-smoke/{} (run {})", env!("CARGO_PKG_VERSION"), self.settings.run));
        if rustix::process::geteuid().is_root() {
            // Chromium's sandbox refuses to run as root; containers on build machines usually do.
            arguments.push("--no-sandbox".to_owned());
        }
        arguments
    }

    /// Basic auth: one visit with credentials, a blank page, then clean URLs. Credentials would otherwise stay in the
    /// page's own address and break its `fetch()`.
    async fn prime(&self, client: &Client) -> Option<()> {
        let (username, password) = self.settings.basic_auth.as_ref()?;
        let mut url = url::Url::parse(&format!("{}/_status", self.settings.base_url)).ok()?;
        url.set_username(username).ok()?;
        url.set_password(Some(password)).ok()?;
        // The error may hold the address with the credentials in it, so it is not passed on.
        client.goto(url.as_str()).await.ok()?;
        client.goto("about:blank").await.ok()
    }
}

impl Chromium {
    /// Gives a new browser the cookies of one that was closed; only a page of the service may hold them.
    async fn go_on(&self, client: &Client, jar: &Jar) -> Option<()> {
        client.goto(&format!("{}/_status?simple=1", self.settings.base_url)).await.ok()?;
        let url = url::Url::parse(&self.settings.base_url).ok()?;
        for kept in &jar.0 {
            let cookie = Cookie::build((kept.name.clone(), kept.value.clone()))
                .domain(url.host_str()?.to_owned())
                .path(kept.path.clone())
                .secure(kept.secure)
                .http_only(kept.http_only);
            let same_site = match kept.same_site.as_deref() {
                Some("Strict") => Some(SameSite::Strict),
                Some("Lax") => Some(SameSite::Lax),
                Some("None") => Some(SameSite::None),
                Some(_) | None => None,
            };
            let cookie = same_site.into_iter().fold(cookie, CookieBuilder::same_site);
            client.add_cookie(cookie.build()).await.ok()?;
        }
        Some(())
    }
}

const DIALOGS: &str = include_str!("dialogs.js");

/// Has Chromium run a script in each document before the page's own.
/// Source: <https://chromedevtools.github.io/devtools-protocol/tot/Page/#method-addScriptToEvaluateOnNewDocument>, by the
/// driver's own command for the protocol.
#[derive(Debug)]
struct OnEachDocument(&'static str);

impl WebDriverCompatibleCommand for OnEachDocument {
    fn endpoint(&self, base_url: &url::Url, session_id: Option<&str>) -> Result<url::Url, url::ParseError> {
        base_url.join(&format!("session/{}/goog/cdp/execute", session_id.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        let body = json!({ "cmd": "Page.addScriptToEvaluateOnNewDocument", "params": { "source": self.0 } });
        (Method::POST, Some(body.to_string()))
    }
}

/// The way to these hosts through a proxy, and to nobody else: what goes through a proxy is resolved there, where the fence of
/// names does not reach.
/// Source: <https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/Proxy_servers_and_tunneling/Proxy_Auto-Configuration_PAC_file>.
fn fenced(proxy: &url::Url, hosts: &[String]) -> String {
    let port = proxy.port_or_known_default().unwrap_or(80);
    let place = format!("{}:{port}", proxy.host_str().unwrap_or_default());
    let way = match proxy.scheme() {
        "https" => format!("HTTPS {place}"),
        _ => format!("PROXY {place}"),
    };
    let script = format!(
        "function FindProxyForURL(url, host) {{ return {}.indexOf(host) >= 0 ? {} : 'PROXY 127.0.0.1:1'; }}",
        json!(hosts),
        json!(way)
    );
    format!("data:application/x-ns-proxy-autoconfig;base64,{}", STANDARD.encode(script))
}

/// Chromium trusts what stands in the NSS database of its home.
/// Source: <https://chromium.googlesource.com/chromium/src/+/main/docs/linux/cert_management.md>.
fn trust(home: &Path, ca_file: &Path) -> std::io::Result<()> {
    let database = home.join(".pki/nssdb");
    std::fs::create_dir_all(&database)?;
    let place = format!("sql:{}", database.display());
    let file = ca_file.display().to_string();
    for words in [
        &["-d", &place, "-N", "--empty-password"][..],
        &["-d", &place, "-A", "-n", "ca-file", "-t", "C,,", "-i", &file],
    ] {
        let started = std::process::Command::new("certutil")
            .env_clear()
            .envs(plain_variables())
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut certutil = started.map_err(|error| {
            let mend = "Debian: apt-get install libnss3-tools";
            std::io::Error::other(format!("The browser's ca-file needs certutil ({mend}): {error}."))
        })?;
        let begun = std::time::Instant::now();
        let status = loop {
            match certutil.try_wait()? {
                Some(status) => break status,
                None if begun.elapsed() > CERTUTIL_LONGEST => {
                    let _ = certutil.kill();
                    break certutil.wait()?;
                }
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        if !status.success() {
            return Err(std::io::Error::other(format!("certutil does not take {file}. Look at it with openssl x509.")));
        }
    }
    Ok(())
}

fn hyper_connector() -> hyper_util::client::legacy::connect::HttpConnector {
    hyper_util::client::legacy::connect::HttpConnector::new()
}

/// The first line of an error, without its stack.
pub(super) fn one_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}

#[async_trait]
impl Browser for Chromium {
    async fn open(&self, _lane: Lane, jar: Option<&Jar>) -> Result<Box<dyn Session>, PortFailure> {
        let (client, driver, versions) =
            self.connect().await.map_err(|why| PortFailure::new(FailureKind::Harness, why))?;
        let session = ChromiumSession::new(client, driver, versions, &self.settings.base_url, &self.settings.hosts);
        // An address that does not answer is the service's failure; the first real visit will find and say so.
        let _ = tokio::time::timeout(PAGE_LOAD, self.prime(session.client())).await;
        if let Some(jar) = jar {
            // Without its cookies the browser would land on the sign-in page, as if the service had ended the session.
            let given = tokio::time::timeout(PAGE_LOAD, self.go_on(session.client(), jar)).await;
            if !matches!(given, Ok(Some(()))) {
                Box::new(session).close().await;
                let why = "the new browser did not take the cookies of the one before it";
                return Err(PortFailure::new(FailureKind::Harness, why));
            }
        }
        Ok(Box::new(session))
    }
}
