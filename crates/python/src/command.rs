//! The door to the `testmonx` command.

use pyo3::prelude::*;

use crate::invocation::Installation;

/// Runs the `testmonx` command with `arguments`, the program's name first, for the interpreter
/// that finds packages as `installation` says; returns the exit status.
#[pyfunction]
pub(crate) fn run_command(
    py: Python<'_>,
    arguments: Vec<String>,
    installation: Installation,
) -> u8 {
    let installation = installation.into();
    py.detach(|| testmonx_cli::run(&arguments, &installation))
}
