//! `keeper`: see `process`.

use std::process::ExitCode;

use super::options::Keeper;
use crate::process::{KeeperArguments, keep};

pub(super) fn run(options: Keeper) -> ExitCode {
    let user = options.uid.zip(options.gid);
    keep(&KeeperArguments { folder: options.folder, lease: options.lease, user, command: options.command })
}
