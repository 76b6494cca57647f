//! The door to the `testmonx` command.

use pyo3::prelude::*;

/// Runs the `testmonx` command with `arguments`, the program's name first; returns the exit status.
#[pyfunction]
pub(crate) fn run_command(py: Python<'_>, arguments: Vec<String>) -> u8 {
    py.detach(|| testmonx_cli::run(&arguments))
}
