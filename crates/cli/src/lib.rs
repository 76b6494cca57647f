//! The `testmonx` command.

mod arguments;
mod status;

use std::ffi::OsString;

use clap::Parser;

use testmonx_engine::Installation;

use arguments::{Arguments, Command};

/// Runs the command with `arguments`, the program's name first, on a project whose packages are found as
/// `installation` says; returns the exit status: 0 if it
/// did what it was asked, 1 if it could not, 2 for wrong arguments.
#[must_use]
pub fn run(arguments: &[String], installation: &Installation) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments.iter().map(OsString::from)) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version come this way too; a closed pipe is nobody's fault.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    match arguments.command {
        Command::Status(options) => status::run(&options, installation),
    }
}
