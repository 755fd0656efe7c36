//! The command line: one file for each subcommand, and the only place that prints.

use std::path::Path;

mod actions;
mod check;
mod completions;
mod doctor;
mod explain;
mod gate;
mod keeper;
mod mark;
mod occasion;
mod options;
mod out;
mod pin;
mod plan;
mod report;
mod resume;
#[cfg(feature = "local")]
mod sandbox;
mod schema;
mod screen;
mod smoke;
mod status;
mod sweep;

use std::process::ExitCode;

use clap::Parser as _;
use options::{Command, Options};

/// Parses, runs, and says how it ended.
pub fn main() -> ExitCode {
    // What this program and its children write is nobody else's business on a machine that others use.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    // A crash leaves no memory on the disk, with a password or a session in it. A limit that cannot be lowered leaves the
    // platform's own, which is no reason not to run.
    let _ = rustix::process::setrlimit(
        rustix::process::Resource::Core,
        rustix::process::Rlimit { current: Some(0), maximum: Some(0) },
    );
    actions::mind_the_public();
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            // A build machine reads lines as commands, and an option's value may have lines in it.
            if error.use_stderr() && actions::wrong_options(&error.to_string()) {
                out::complain(&error.to_string());
                return ExitCode::from(code);
            }
            // Nowhere to print is no reason to fail differently.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    // The keeper is no part of a run: it has no runtime, so that nothing of it can hang.
    if let Command::Keeper(arguments) = options.command {
        return keeper::run(arguments);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            out::complain(&format!("The program cannot start its runtime: {error}."));
            return crate::exit::Exit::NotJudged.into();
        }
    };
    // Several crates could bring a TLS provider; a second installation fails and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exit = runtime.block_on(run(options.command, &options.root));
    // What still waits on a blocking thread must not hold the end up.
    runtime.shutdown_background();
    exit
}

async fn run(command: Command, root: &Path) -> ExitCode {
    match command {
        Command::Smoke(arguments) => Box::pin(smoke::smoke(arguments, root)).await.into(),
        Command::Resume(arguments) => Box::pin(resume::resume(arguments, root)).await.into(),
        Command::Plan(arguments) => plan::run(&arguments, root).into(),
        Command::Check(arguments) => check::run(&arguments, root).into(),
        Command::Pin(arguments) => pin::run(&arguments, root).into(),
        Command::Report(arguments) => report::run(&arguments, root).into(),
        Command::Gate(arguments) => gate::run(arguments, root).await.into(),
        Command::Mark(arguments) => mark::run(arguments, root).await.into(),
        Command::Sweep => sweep::run().into(),
        Command::Explain(arguments) => explain::run(&arguments, root).into(),
        Command::Schema(arguments) => schema::run(&arguments).into(),
        Command::Doctor(arguments) => Box::pin(doctor::run(arguments, root)).await.into(),
        Command::Completions(arguments) => completions::run(&arguments).into(),
        #[cfg(feature = "local")]
        Command::Sandbox(arguments) => sandbox::run(arguments).await.into(),
        Command::Keeper(arguments) => keeper::run(arguments),
    }
}
