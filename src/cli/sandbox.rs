//! `sandbox`: the stand-in service as its own process, until it is told to stop.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::options::Sandbox;
use super::out::{complain, say};
use crate::exit::Exit;
use crate::process::Keeper;

pub(super) async fn run(options: Sandbox) -> Exit {
    let faults = options.faults.iter().map(|text| text.parse::<notify_sandbox::Fault>()).collect::<Result<Vec<_>, _>>();
    let faults = match faults {
        Ok(faults) => faults,
        Err(error) => {
            complain(&error.to_string());
            return Exit::WrongInput;
        }
    };
    let prepared = tempfile::Builder::new()
        .prefix("notify-sandbox-")
        .tempdir()
        .and_then(|folder| Ok((folder, Keeper::of_this_program()?)));
    let (folder, keeper) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            complain(&format!("The sandbox cannot make its folder: {error}."));
            return Exit::NotJudged;
        }
    };
    let folder = folder.keep();
    let options = notify_sandbox::Options {
        basic_auth: !options.no_basic_auth,
        time_scale: options.time_scale,
        slots: Duration::from_millis(options.slots),
        clock: options.clock,
        share: options.share,
        faults,
        seed: options.seed,
        keeper: keeper.prefix(&folder),
        folder: folder.clone(),
    };
    let ready = |ready: &notify_sandbox::Ready| say(&serde_json::to_string(ready).unwrap_or_default());
    let outcome = notify_sandbox::run(options, ready, stopped()).await;
    // The keeper removes it as well; here it is for a sandbox that never got so far.
    let _ = tokio::time::timeout(Duration::from_secs(2), tokio::fs::remove_dir_all(&folder)).await;
    match outcome {
        Ok(()) => Exit::Passed,
        Err(error) => {
            // Whoever waits for the ready line reads this instead.
            say(&error.to_string());
            Exit::NotJudged
        }
    }
}

async fn stopped() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
