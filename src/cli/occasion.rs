//! Why a run is made: options, and what follows from them.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};

use crate::model::deploy::is_part;
use crate::model::occasion::COMMIT_LENGTH_MIN;
use crate::model::{Because, Occasion};

/// Why a run is made, and what is known of the service.
#[derive(Debug, Clone, Args)]
pub(super) struct OccasionOptions {
    /// Why the run is made
    #[arg(long, value_enum, default_value = "hand")]
    pub because: BecauseOption,
    /// Parts that were deployed, such as `api,admin`
    #[arg(long, value_name = "PARTS", value_delimiter = ',', value_parser = part)]
    pub deployed: Vec<String>,
    /// The commit that was deployed; those parts of `--deployed` that tell their commit have to answer as it
    #[arg(long, value_name = "SHA", value_parser = commit)]
    pub commit: Option<String>,
    /// The commit that a part, `api` or `admin`, has to answer as on `/_status`; anything else is a failure of the deploy
    #[arg(long, value_name = "PART=SHA", value_parser = expected)]
    pub expect: Vec<(String, String)>,
    /// Read known issues from this file or address too, a list as under `known:`; where it cannot be read, none of them counts
    #[arg(long, value_name = "FILE|URL")]
    pub known: Option<String>,
    /// Leave the service alone so long before anything else; 120s after a deploy or restage
    #[arg(long, value_name = "TIME", value_parser = patience)]
    pub settle: Option<u64>,
}

/// `--because`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum BecauseOption {
    Deploy,
    Restage,
    Schedule,
    OnCall,
    Hand,
}

impl BecauseOption {
    /// The same in the words of the model.
    pub(super) fn because(self) -> Because {
        match self {
            Self::Deploy => Because::Deploy,
            Self::Restage => Because::Restage,
            Self::Schedule => Because::Schedule,
            Self::OnCall => Because::OnCall,
            Self::Hand => Because::Hand,
        }
    }
}

/// Parts whose commit `/_status` tells.
const TELLING: [&str; 2] = ["api", "admin"];
/// After a deploy or restage, in milliseconds: what replaces worker and scheduler comes so long after web.
const SETTLE_MS: u64 = 120_000;

impl OccasionOptions {
    /// The same in the words of the model.
    pub(super) fn occasion(&self) -> Occasion {
        let because = self.because.because();
        let told = |commit: &String| {
            let parts = self.deployed.iter().filter(|part| TELLING.contains(&part.as_str()));
            parts.map(|part| (part.clone(), commit.clone())).collect::<Vec<_>>()
        };
        let mut expected: BTreeMap<String, String> = self.commit.iter().flat_map(told).collect();
        expected.extend(self.expect.iter().cloned());
        Occasion {
            because,
            deployed: self.deployed.clone(),
            commit: self.commit.clone(),
            expected,
            ..Occasion::default()
        }
    }

    /// The same before a run that is made once more, since a deploy has crossed the first one.
    pub(super) fn settle_again_ms(&self) -> u64 {
        self.settle.unwrap_or(SETTLE_MS)
    }

    pub(super) fn settle_ms(&self) -> u64 {
        self.settle.unwrap_or(if self.occasion().because.replaces() { SETTLE_MS } else { 0 })
    }
}

fn part(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty() && is_part(text);
    if is_name { Ok(text.to_owned()) } else { Err("write a name such as api".to_owned()) }
}

pub(super) fn commit(text: &str) -> Result<String, String> {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && (COMMIT_LENGTH_MIN..=64).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err(format!("write the commit as git does, {COMMIT_LENGTH_MIN} hexadecimal digits or more"))
    }
}

fn expected(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((part, sha)) if TELLING.contains(&part) => Ok((part.to_owned(), commit(sha)?)),
        _ => Err("write api=SHA or admin=SHA".to_owned()),
    }
}

/// A time; nothing at all is one too.
pub(super) fn patience(text: &str) -> Result<u64, String> {
    let wrong = || "write a whole number with ms, s, m or h: 2m; 0s waits for nobody".to_owned();
    crate::yaml::duration_ms(text).ok_or_else(wrong)
}
