//! What stands around a run or a look at its needs: the sandbox, where the environment is one.

use super::NotStarted;
use super::going::Going;
use super::prepare::Prepared;
use crate::config::{Resolved, resolve};
use crate::exit::Exit;
use crate::process::Keeper;

/// What stands around a run: its sandbox, if it has one.
pub(super) struct Surroundings {
    #[cfg(feature = "local")]
    sandbox: Option<super::sandbox::Sandbox>,
}

impl Surroundings {
    #[cfg(feature = "local")]
    pub(super) async fn find(prepared: &Prepared, going: &Going, keeper: &Keeper) -> Result<Self, NotStarted> {
        use super::sandbox::{Sandbox, Start};
        let Some(settings) = prepared.environment.sandbox else {
            return no_sandbox(prepared, going).map(|()| Self { sandbox: None });
        };
        if going.detach && going.sandbox.is_none() {
            return Err(NotStarted::new(
                Exit::WrongInput,
                "The sandbox of this run would end with it: start one with `notify-smoke sandbox`, and give --sandbox URL.",
            ));
        }
        for fault in &going.faults {
            fault
                .parse::<notify_sandbox::Fault>()
                .map_err(|error| NotStarted::new(Exit::WrongInput, error.to_string()))?;
        }
        let found = match &going.sandbox {
            Some(url) => Sandbox::join(url, &going.faults).await,
            None => {
                let basic_auth = !going.no_basic_auth;
                let start = Start { settings, faults: &going.faults, seed: going.seed, basic_auth };
                Sandbox::start(keeper, &start).await
            }
        };
        found.map(|sandbox| Self { sandbox: Some(sandbox) }).map_err(|why| NotStarted::new(Exit::NotJudged, why))
    }

    #[cfg(not(feature = "local"))]
    pub(super) async fn find(prepared: &Prepared, going: &Going, _keeper: &Keeper) -> Result<Self, NotStarted> {
        if prepared.environment.sandbox.is_some() {
            return Err(NotStarted::new(
                Exit::WrongInput,
                "This build has no sandbox: build it with the feature `local`.",
            ));
        }
        no_sandbox(prepared, going).map(|()| Self {})
    }

    pub(super) fn resolve(&self, prepared: &Prepared) -> Result<Resolved, NotStarted> {
        #[cfg(feature = "local")]
        let values = self.sandbox.as_ref().map(|sandbox| &sandbox.values);
        #[cfg(not(feature = "local"))]
        let values = None;
        resolve(&prepared.environment, values, &|name| std::env::var(name).ok())
            .map_err(|problems| prepared.unresolved(&problems))
    }

    #[cfg_attr(
        not(feature = "local"),
        expect(clippy::unused_async, reason = "with a sandbox there is something to wait for")
    )]
    pub(super) async fn end(self) {
        #[cfg(feature = "local")]
        if let Some(sandbox) = self.sandbox {
            sandbox.end().await;
        }
    }
}

fn no_sandbox(prepared: &Prepared, going: &Going) -> Result<(), NotStarted> {
    let asked = !going.faults.is_empty() || going.sandbox.is_some() || going.no_basic_auth;
    if !asked {
        return Ok(());
    }
    let said = format!(
        "{} is no sandbox: --fault, --sandbox and --no-basic-auth are for sandboxes only.",
        prepared.environment.name
    );
    Err(NotStarted::new(Exit::WrongInput, said))
}
