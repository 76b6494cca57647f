//! What the command can be asked.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Run only the pytest tests that a change can affect.
#[derive(Debug, Parser)]
#[command(name = "testmonx", version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say which tests would run now and why, without importing the project
    Status(StatusOptions),
}

/// The options of `testmonx status`.
#[derive(Debug, Args)]
pub(crate) struct StatusOptions {
    /// The project's rootdir [default: the nearest directory above that has a store]
    #[arg(long)]
    pub(crate) rootdir: Option<PathBuf>,
    /// The store [default: `TESTMON_DATAFILE`, else .testmondata in the rootdir]
    #[arg(long)]
    pub(crate) datafile: Option<PathBuf>,
    /// Name each test with its reason, not only each file
    #[arg(short, long)]
    pub(crate) verbose: bool,
}
