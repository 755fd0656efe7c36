//! Parses, runs, exits.

use std::process::ExitCode;

fn main() -> ExitCode {
    notify_smoke::cli::main()
}
