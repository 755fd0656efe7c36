//! A browser and a driver of the same major version on this machine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use crate::process::plain_variables;

/// What was found.
#[derive(Debug, Clone)]
pub struct Found {
    pub browser: PathBuf,
    pub driver: PathBuf,
    /// Both versions, for reports.
    pub versions: String,
}

const BROWSERS: [&str; 4] = ["chromium", "google-chrome", "google-chrome-stable", "chrome"];
const DRIVER: &str = "chromedriver";
const VERSION_LONGEST: Duration = Duration::from_secs(10);

/// Looks in `$CHROMEWEBDRIVER` (GitHub's runners set it) and in `PATH`.
///
/// # Errors
/// One sentence: what is missing or does not fit, and what to do.
pub async fn find() -> Result<Found, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::var_os("CHROMEWEBDRIVER").map(PathBuf::from).into_iter().collect();
    folders.extend(std::env::split_paths(&path));
    let all =
        |name: &str| folders.iter().map(|folder| folder.join(name)).filter(|file| file.is_file()).collect::<Vec<_>>();
    let browsers: Vec<PathBuf> = BROWSERS.iter().flat_map(|name| all(name)).collect();
    let drivers = all(DRIVER);
    if browsers.is_empty() {
        let mend = "Install one (Debian: apt-get install chromium chromium-driver).";
        return Err(format!("There is no Chromium or Chrome in PATH. {mend}"));
    }
    if drivers.is_empty() {
        let mend = "Install the one of your browser's version (Debian: apt-get install chromium-driver).";
        return Err(format!("There is no chromedriver in $CHROMEWEBDRIVER or PATH. {mend}"));
    }
    let mut seen = Vec::new();
    for driver in &drivers {
        let driver_says = version(driver).await?;
        for browser in &browsers {
            let browser_says = version(browser).await?;
            if major(&browser_says).is_some() && major(&browser_says) == major(&driver_says) {
                let versions = format!("{}, {}", short(&browser_says), short(&driver_says));
                return Ok(Found { browser: browser.clone(), driver: driver.clone(), versions });
            }
            seen.push(format!("{} is “{browser_says}”, {} is “{driver_says}”", browser.display(), driver.display()));
        }
    }
    let seen = seen.join("; ");
    Err(format!(
        "Browser and driver are of different versions: {seen}. Install the driver of the browser's major version."
    ))
}

async fn version(program: &Path) -> Result<String, String> {
    let mut command = Command::new(program);
    command.env_clear().envs(plain_variables());
    command.arg("--version").stdin(std::process::Stdio::null()).stderr(std::process::Stdio::null()).kill_on_drop(true);
    let said = tokio::time::timeout(VERSION_LONGEST, command.output()).await;
    let wrong = |why: String| format!("{} --version {why}. Look whether it runs by hand.", program.display());
    let output =
        said.map_err(|_| wrong("does not answer".to_owned()))?.map_err(|error| wrong(format!("fails: {error}")))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The first number of a version line.
fn major(line: &str) -> Option<u32> {
    let digits = line.find(|c: char| c.is_ascii_digit())?;
    line[digits..].split('.').next()?.parse().ok()
}

/// `Chromium 156.0.8078.79`, without what a distribution adds.
fn short(line: &str) -> String {
    line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_real_lines() {
        assert_eq!(major("Chromium 156.0.8078.79 built on Debian GNU/Linux 12 (bookworm)"), Some(156));
        assert_eq!(major("ChromeDriver 156.0.8078.79 (abc)"), Some(156));
        assert_eq!(major("Google Chrome"), None);
        assert_eq!(short("ChromeDriver 156.0.8078.79 (abc)"), "ChromeDriver 156.0.8078.79");
    }
}
