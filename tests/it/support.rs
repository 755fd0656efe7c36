//! What several tests share: the repository's own files as plans.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use notify_smoke::config::Files;
use notify_smoke::model::environment::WindowOverride;
use notify_smoke::model::{Plan, Target};
use notify_smoke::plan::plan;

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The plan of the password reset as the repository's files have it, against a made-up environment.
pub fn reset_plan(poll_ms: u64, windows: &[(&str, WindowOverride)]) -> Plan {
    let loaded = Files::new(Path::new(&root())).load();
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let target = Target {
        name: "sim".to_owned(),
        base_url: "http://notify.test".to_owned(),
        user_email: "smoke@notify.gov".to_owned(),
        email_sender: "testsender@notify.gov".to_owned(),
        hosts: Vec::new(),
        recipients: Vec::new(),
        windows: windows.iter().map(|(name, window)| ((*name).to_owned(), *window)).collect::<BTreeMap<_, _>>(),
        poll_ms,
    };
    let scenarios: Vec<_> =
        loaded.scenarios["us-notify"].iter().filter(|scenario| scenario.id == "password-reset").cloned().collect();
    plan(&loaded.services["us-notify"], &loaded.runbooks["us-notify"], &scenarios, &target).expect("a plan")
}
